"""What holds for every picture: it reads on light and dark, no text covers anything, and its description travels."""

import html
import io
import subprocess
import sys

import matplotlib
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from nbconvert import HTMLExporter
from PIL import Image

from helpers import (
    batch_embed_local,
    build_index,
    cosine_similarity_matrix,
    fuse_scores,
    load_wands_labels,
    load_wands_products,
    load_wands_queries,
    normalize_scores,
    plots,
    product_text,
    sample_catalogue,
    score_bm25_batch,
    top_k,
)
from helpers.measures import group_judgments
from helpers.plots import picture
from helpers.plots.slider import mix_at
from tests.conftest import POOL, REPOSITORY
from tests.support.overlaps import overlaps

LIGHT, DARK = "#ffffff", "#111111"  # the grounds of JupyterLab's themes


def of_a_catalogue(folder) -> dict:
    """Every picture, of a real search in a catalogue; a thousand of its products are enough to make a crowd."""
    whole = load_wands_products(folder), load_wands_queries(folder), load_wands_labels(folder)
    products, queries, labels = sample_catalogue(*whole, n=1000)
    texts = queries["query"].tolist()
    index, doc_lengths = build_index(product_text(products))
    embeddings = batch_embed_local(product_text(products), show_progress=False)
    query_embeddings = batch_embed_local(texts, show_progress=False)
    bm25 = score_bm25_batch(texts, index, len(products), doc_lengths)
    semantic = cosine_similarity_matrix(query_embeddings, embeddings)
    ids, judgments = products["product_id"].to_numpy(), group_judgments(labels)
    judged = [judgments.get(query_id, {}) for query_id in queries["query_id"]]
    found = {
        name: [ids[top_k(row, 10)].tolist() for row in scores] for name, scores in (("BM25", bm25), ("mean", semantic))
    }
    rng = np.random.default_rng(0)
    left, right = rng.integers(len(products), size=(2, 4000))
    classes = products["product_class"].to_numpy()
    cosines, same = (embeddings[left] * embeddings[right]).sum(axis=1), classes[left] == classes[right]
    drawn = {
        "map": plots.embedding_map(embeddings, classes, query_embeddings[:6], texts[:6]),
        "heatmap": plots.similarity_heatmap(semantic[:7][:, rng.integers(len(products), size=7)], texts[:7]),
        "histograms": plots.similarity_histograms({"random pairs": cosines, "pairs of one class": cosines[same]}),
        "grid": plots.recall_grid(
            {f"{text}, {name}": (found[name][i], judged[i]) for i, text in enumerate(texts[:3]) for name in found}
        ),
        "found by": plots.found_by(*found.values(), [[i for i, g in grades.items() if g > 0] for grades in judged]),
    }
    # The query whose ranking a mix changes most.
    changed = [
        np.setdiff1d(*[top_k(fuse_scores(*_normal(s, b), a), 10) for a in (0.5, 1.0)]).size
        for s, b in zip(semantic, bm25)
    ]
    meaning, words = _normal(semantic[np.argmax(changed)], bm25[np.argmax(changed)])
    return drawn | _of_mixes(meaning, words, products["product_name"])


def of_random_data(seed: int) -> dict:
    """Every picture, of data that means nothing: ties, long and equal names, few and many of everything."""
    rng = np.random.default_rng(seed)
    n, q, k = int(rng.integers(3, 400)), int(rng.integers(1, 150)), int(rng.integers(1, 13))
    words = ["velvet", "sofa", "extraordinarily", "long", "Ø", "3-seater", "in", "grey", "with", "storage"]
    names = [" ".join(rng.choice(words, size=rng.integers(1, 9))) for _ in range(max(n, q))]
    embeddings, points = rng.normal(size=(n, 5)), rng.normal(size=(9, 5)) * rng.choice([0.01, 1, 3])
    few = int(rng.integers(2, 12))
    relevant = [rng.choice(n, size=rng.integers(0, n), replace=False).tolist() for _ in range(q)]
    relevant[0] = [0, *relevant[0]]
    rankings = [rng.permutation(n).tolist() for _ in range(q)]
    vectors = rng.normal(size=(int(rng.integers(1, 7)), 2)) * rng.choice([0.3, 1, 6])
    drawn = {
        "angles": plots.angles({f"vector {i}": vector for i, vector in enumerate(vectors)}),
        "map": plots.embedding_map(embeddings, rng.choice(names[:9], size=n), points, names[:9] + ["x"] * (9 - n)),
        "heatmap": plots.similarity_heatmap(rng.uniform(-1, 1, (few, few)), (names * 12)[:few]),
        "histograms": plots.similarity_histograms({name: rng.normal(size=rng.integers(1, 99)) for name in names[:3]}),
        "grid": plots.recall_grid({f"{i} {names[i]}": (rankings[i], relevant[i]) for i in range(min(q, 6))}, k=k),
        "found by": plots.found_by(rankings, rankings[::-1], relevant, k=k),
        "pipeline": plots.pipeline(n if seed % 2 else None, d=int(rng.integers(2, 3000)), k=k),
    }
    digits = int(rng.integers(1, 6))  # few digits make ties
    return drawn | _of_mixes(*np.round(rng.random((2, n)) ** 3, digits), names[:n], k)


def _normal(semantic, bm25):
    return normalize_scores(semantic), normalize_scores(bm25)


def _of_mixes(meaning, words, names, k=10) -> dict:
    gain = np.array([0, 0.012, 0.031, 0.022, -0.004])
    return {
        "plane": plots.hybrid_plane(meaning, words, k=k),
        "one plane": plots.hybrid_plane(meaning, words, [0.0], k=k),
        "bump": plots.bump_chart(meaning, words, names, k=k),
        "slider": mix_at(meaning, words, names, 0.35, k=k),
        "gain": plots.alpha_gain(np.linspace(0, 1, 5), gain, gain - 0.02, gain + 0.01),
        "pipeline": plots.pipeline(len(names)),
        "angles": plots.angles({"a": [1.2, 0.3], "b": [0.9, 1.2], "b, half as long": [0.45, 0.6], "c": [-0.3, 1.2]}),
    }


@pytest.fixture(scope="module")
def drawn() -> dict:
    return of_random_data(1)


def test_no_text_covers_anything_on_the_demo_catalogue():
    assert {
        name: found
        for name, p in of_a_catalogue(REPOSITORY / "helpers" / "demo").items()
        if (found := overlaps(p.figure))
    } == {}


@pytest.mark.skipif(not POOL.exists(), reason="needs the real WANDS pool beside the repository")
def test_no_text_covers_anything_on_real_data():
    assert {name: found for name, p in of_a_catalogue(POOL).items() if (found := overlaps(p.figure))} == {}


@pytest.mark.parametrize("seed", range(8))
def test_no_text_covers_anything_on_random_data(seed):
    assert {name: found for name, p in of_random_data(seed).items() if (found := overlaps(p.figure))} == {}


def test_what_covers_something_is_found():
    with picture.drawing(4, 3, "A title") as (figure, (axes,)):
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.scatter([0.5], [0.5])
        axes.text(0.45, 0.48, "on the mark")
        axes.text(0.5, 0.49, "on the text")
        axes.text(0.9, 0.9, "longer than there is room for", in_layout=False)
    found = overlaps(figure)
    assert "'on the mark' covers data" in found and "'on the mark' covers 'on the text'" in found
    assert "'longer than there is room for' is cut off" in found


def test_nothing_is_painted_behind_a_picture(drawn):
    for name, one in drawn.items():
        image = Image.open(io.BytesIO(one.png())).convert("RGBA")
        corners = [image.getpixel((x, y))[3] for x in (0, image.width - 1) for y in (0, image.height - 1)]
        assert corners == [0, 0, 0, 0], name


def contrast(colour: str, ground: str) -> float:
    one, other = sorted(0.05 + picture.luminance(c) for c in (colour, ground))
    return other / one


@pytest.mark.parametrize("ground", [LIGHT, DARK, "#131416"])
def test_ink_and_lines_stand_out_from_light_and_dark(ground):
    assert contrast(picture.INK, ground) > 4
    assert all(contrast(colour, ground) > 2.98 for colour in picture.CYCLE[:4])


# How protanopia, deuteranopia and tritanopia see linear RGB: Machado, Oliveira & Fernandes (2009), severity 1.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_words_meaning_and_both_differ_for_every_eye(blindness):
    def seen(colour):
        rgb = np.array(to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return np.clip(BLINDNESS[blindness] @ linear, 0, 1)

    colours = [seen(colour) for colour in (picture.WORDS, picture.MEANING, picture.GREEN)]
    assert min(np.abs(a - b).max() for a in colours for b in colours if a is not b) > 0.12


def test_nothing_is_told_by_colour_alone():
    looks = list(plots.mixing.SOURCES.values())
    assert len({mark for _, _, mark in looks}) == len(looks) == 4
    assert len(set(picture.CYCLE)) == len(set(picture.MARKERS)) == 7


def test_every_picture_says_what_it_shows(drawn):
    for name, one in drawn.items():
        data, metadata = one._repr_mimebundle_()
        assert data["text/plain"] == one.description == repr(one) and len(one.description) > 40, name
        assert metadata["image/png"]["alt"] == one.description
        assert set(data) == {"text/html", "image/png", "text/plain"}


def test_the_description_survives_export():
    one = plots.similarity_heatmap([[1, 0.5], [0.5, 1]], ['the "sofa" <b>', "couch"])
    data, metadata = one._repr_mimebundle_()
    output = nbformat.v4.new_output("execute_result", data, execution_count=1, metadata=metadata)
    cell = nbformat.v4.new_code_cell("plot", execution_count=1, outputs=[output])
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert page.count("<img") == 1 and f'<img alt="{one.description}"' in html.unescape(page)


def test_the_notebooks_own_style_changes_nothing():
    def draw():
        return plots.alpha_gain([0, 1], [0, 0.1], [0, 0], [0, 0.2]).png()

    plain = draw()
    own = {"figure.facecolor": "black", "text.color": "white", "font.size": 30, "axes.grid": True}
    with matplotlib.rc_context(own):
        before = dict(matplotlib.rcParams)
        assert draw() == plain
        assert dict(matplotlib.rcParams) == before, "and a picture leaves the notebook's style alone"


def test_a_picture_is_a_png_file_the_same_each_time(tmp_path):
    plots.pipeline().save(tmp_path / "pipeline.png")
    assert (tmp_path / "pipeline.png").read_bytes() == plots.pipeline().png()


def test_matplotlib_is_imported_only_to_draw():
    code = (
        "import sys; from helpers import plots; sys.exit(len({'matplotlib', 'ipywidgets', 'torch'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
