"""The pictures show the numbers they were given, read the same everywhere, and refuse what does not fit."""

import io
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from PIL import Image

from helpers import plots


def axes_of(picture):
    return picture.figure.axes[0]


PICTURES = {
    "angles": lambda: plots.angles({"a": [4, 1], "b": [3, 4], "c": [-1, 4]}),
    "heatmap": lambda: plots.similarity_heatmap([[1, 0.5], [0.5, 1]], ["sofa", "couch"]),
    "map": lambda: plots.embedding_map(
        np.random.default_rng(0).normal(size=(40, 6)), ["Rugs", "Sofas"] * 20, np.ones((1, 6)), ["couch"]
    ),
    "histograms": lambda: plots.similarity_histograms({"random": [0.1, 0.2, 0.3], "same class": [0.5, 0.6]}),
    "scatter": lambda: plots.recall_scatter([0, 0, 1, 0.5], [0, 0, 0.5, 1]),
    "alpha": lambda: plots.alpha_curve([0, 0.5, 1], [0.2, 0.4, 0.3], [0.1, 0.3, 0.2], [0.3, 0.5, 0.4]),
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_every_picture_has_a_white_ground_labels_and_a_description(draw):
    picture = draw()
    image = Image.open(io.BytesIO(picture.png())).convert("RGB")
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert axes_of(picture).get_title(loc="left")
    data, metadata = picture._repr_mimebundle_()
    assert data["text/plain"] == picture.description == repr(picture) and len(picture.description) > 40
    assert metadata["image/png"]["width"] < image.width
    assert set(data) == {"image/png", "text/plain"}


@pytest.mark.parametrize("name", [name for name in PICTURES if name != "heatmap"])
def test_axes_say_what_they_show(name):
    axes = axes_of(PICTURES[name]())
    assert axes.get_xlabel() and axes.get_ylabel()


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_the_notebooks_own_style_changes_nothing(draw):
    plain = draw().png()
    with matplotlib.rc_context(
        {
            "figure.facecolor": "black",
            "text.color": "white",
            "savefig.facecolor": "black",
            "font.size": 30,
            "axes.grid": True,
        }
    ):
        before = dict(matplotlib.rcParams)
        assert draw().png() == plain
        assert dict(matplotlib.rcParams) == before, "and a picture leaves the notebook's style alone"


def test_angles_gives_the_cosine_with_the_first():
    picture = plots.angles({"a": [3, 4], "b": [6, 2], "c": [-4, 3]})
    assert picture.description == "Arrows from the origin. Cosine with a: b 0.82, c 0.00."
    assert [text.get_text() for text in axes_of(picture).texts if text.get_text()] == [
        "a\n(all cosines are with a)",
        "b\ncosine 0.82",
        "c\ncosine 0.00",
    ]


@pytest.mark.parametrize("vectors", [{}, {"a": [1, 2, 3]}, {"a": [1, 2], "b": [0, 0]}])
def test_angles_refuses(vectors):
    with pytest.raises(ValueError, match="two numbers"):
        plots.angles(vectors)


def test_heatmap_writes_every_number_in_a_colour_that_can_be_read():
    picture = plots.similarity_heatmap([[1, 0.1], [0.1, 1]], ["sofa", "lamp"])
    texts = {(round(text.get_position()[0]), round(text.get_position()[1])): text for text in axes_of(picture).texts}
    assert [texts[place].get_text() for place in [(0, 0), (1, 0)]] == ["1.00", "0.10"]
    assert [texts[place].get_color() for place in [(0, 0), (1, 0)]] == ["black", "white"]
    assert "'sofa' and 'lamp' (0.10)" in picture.description


def test_heatmap_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"2 labels need similarities of shape \(2, 2\); got \(2, 3\)"):
        plots.similarity_heatmap(np.ones((2, 3)), ["a", "b"])


def test_principal_axes_are_those_of_scikit_learn():
    decomposition = pytest.importorskip("sklearn.decomposition")
    data = np.random.default_rng(1).normal(size=(50, 8)) * np.arange(1, 9)
    centre, axes, shares = plots.principal_axes(data)
    pca = decomposition.PCA(2).fit(data)
    np.testing.assert_allclose(np.abs(axes), np.abs(pca.components_), atol=1e-10)
    np.testing.assert_allclose(shares, pca.explained_variance_ratio_)
    np.testing.assert_allclose(centre, data.mean(axis=0))
    assert (axes[[0, 1], np.abs(axes).argmax(axis=1)] > 0).all()
    np.testing.assert_allclose(plots.principal_axes(-data)[1], axes, atol=1e-10)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (5,), (0, 5)])
def test_principal_axes_refuse_too_little(shape):
    with pytest.raises(ValueError, match="at least 2 rows and 2 columns"):
        plots.principal_axes(np.ones(shape))


def test_map_shows_the_commonest_classes_and_leaves_out_missing_ones():
    embeddings = np.random.default_rng(0).normal(size=(10, 4))
    classes = ["Rugs"] * 4 + ["Sofas"] * 3 + ["Lamps"] * 2 + [np.nan]
    axes = axes_of(plots.embedding_map(embeddings, classes, most=2))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Rugs", "Sofas"]
    assert [len(points.get_offsets()) for points in axes.collections] == [4, 3]


def test_map_refuses_lengths_that_do_not_fit():
    with pytest.raises(ValueError, match="3 embeddings, 2 classes, 0 query embeddings, 1 queries"):
        plots.embedding_map(np.ones((3, 4)), ["a", "b"], None, ["couch"])


def test_histograms_name_their_medians_and_refuse_nothing():
    axes = axes_of(PICTURES["histograms"]())
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "random (median 0.20)",
        "same class (median 0.55)",
    ]
    for nothing in ({}, {"random": []}):
        with pytest.raises(ValueError, match="at least one"):
            plots.similarity_histograms(nothing)


def test_scatter_makes_coinciding_queries_one_larger_marker():
    picture = plots.recall_scatter([0, 0, 0, 1, 0.5], [0, 0, 0, 0.5, 1])
    markers = axes_of(picture).collections[0]
    sizes = dict(zip(map(tuple, markers.get_offsets().tolist()), markers.get_sizes()))
    assert sizes[0, 0] == 3 * sizes[1, 0.5] == 3 * sizes[0.5, 1]
    assert picture.description.endswith("semantic search finds more for 1, BM25 for 1, equal for 3.")


def test_scatter_survives_zeros_and_refuses_other_shapes():
    plots.recall_scatter([0.0], [0.0]).png()
    for x, y in [([], []), ([1], [1, 0]), ([[1]], [[1]])]:
        with pytest.raises(ValueError, match="one recall per query"):
            plots.recall_scatter(x, y)


def test_alpha_curve_marks_the_best_and_refuses_other_lengths():
    picture = PICTURES["alpha"]()
    star = axes_of(picture).lines[1]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (0.5, 0.4)
    assert "highest 0.400 at 0.50" in picture.description
    with pytest.raises(ValueError, match="same length"):
        plots.alpha_curve([0, 1], [0.1, 0.2], [0, 0], [1])


def test_a_picture_is_a_png_file_the_same_each_time(tmp_path):
    PICTURES["alpha"]().save(tmp_path / "alpha.png")
    assert (tmp_path / "alpha.png").read_bytes() == PICTURES["alpha"]().png()


def test_colours_stay_apart_for_every_marker():
    assert len(set(plots._CYCLE)) == len(set(plots._MARKERS)) == 7


def test_matplotlib_is_imported_only_to_draw():
    code = "import sys; from helpers import plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
