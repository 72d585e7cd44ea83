"""Each picture shows the numbers that it was given, and refuses what does not fit."""

import numpy as np
import pytest

from helpers import fuse_scores, plots, top_k
from helpers.plots import slider
from helpers.plots.mixing import sources


def axes_of(picture):
    return picture.figure.axes[0]


def legend_texts(picture) -> list[str]:
    legends = [axes.get_legend() for axes in picture.figure.axes] + picture.figure.legends
    return [text.get_text() for legend in legends if legend for text in legend.get_texts()]


def test_angles_gives_angle_and_cosine_with_the_first():
    picture = plots.angles({"a": [0.6, 0.8], "b": [6, 2], "c": [-4, 3], "a again": [3, 4]})
    written = [text.get_text() for text in axes_of(picture).texts if text.get_text()]
    assert written == ["a", "b: 35°, cosine 0.82", "c: 90°, cosine 0.00", "a again: 0°, cosine 1.00"]
    assert "b: 35°, cosine 0.82" in picture.description


@pytest.mark.parametrize("seed", range(12))
def test_every_arrow_has_its_angle_at_its_tip_or_in_a_key(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(6, 2)) * rng.choice([0.3, 1, 6])
    picture = plots.angles({f"vector {i}": vector for i, vector in enumerate(vectors)})
    written = {text.get_text() for text in axes_of(picture).texts} | set(legend_texts(picture))
    assert [i for i in range(1, 6) if not any(text.startswith(f"vector {i}: ") for text in written)] == []


def test_an_arc_ends_at_its_arrow():
    lines = axes_of(plots.angles({"a": [1, 0], "b": [0, -1]})).lines
    arc = lines[1].get_xydata()
    np.testing.assert_allclose(arc[[0, -1]] / np.linalg.norm(arc[0]), [[1, 0], [0, -1]], atol=1e-9)


@pytest.mark.parametrize("vectors", [{}, {"a": [1, 2, 3]}, {"a": [1, 2], "b": [0, 0]}])
def test_angles_refuses(vectors):
    with pytest.raises(ValueError, match="two numbers"):
        plots.angles(vectors)


def test_heatmap_writes_every_number_but_those_of_the_diagonal():
    picture = plots.similarity_heatmap([[1, 0.1, 0.9], [0.1, 1, 0.2], [0.9, 0.2, 1]], ["sofa", "lamp", "couch"])
    texts = {(round(x), round(y)): text for text in axes_of(picture).texts for x, y in [text.get_position()]}
    assert {place: text.get_text() for place, text in texts.items()} == {
        (1, 0): "0.10", (2, 0): "0.90", (0, 1): "0.10", (2, 1): "0.20", (0, 2): "0.90", (1, 2): "0.20"
    }  # fmt: skip
    assert [texts[place].get_color() for place in [(1, 0), (2, 0)]] == ["white", "black"]
    assert "similar two are 'sofa' and 'couch' (0.90), the least 'sofa' and 'lamp' (0.10)" in picture.description


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
    picture = plots.embedding_map(embeddings, classes, most=2)
    assert legend_texts(picture) == ["Rugs", "Sofas"]
    assert [n for points in axes_of(picture).collections if (n := len(points.get_offsets()))] == [4, 3]


def test_pins_that_would_cover_each_other_stand_apart():
    embeddings = np.random.default_rng(0).normal(size=(30, 4))
    picture = plots.embedding_map(embeddings, ["Rugs"] * 30, embeddings[[3, 3, 3]], ["one", "two", "three"])
    pins = [text for text in axes_of(picture).texts if text.get_gid() == "pin"]
    places = axes_of(picture).transData.transform([pin.get_position() for pin in pins])
    gaps = [np.linalg.norm(a - b) for i, a in enumerate(places) for b in places[:i]]
    assert [pin.get_text() for pin in pins] == ["1", "2", "3"] and min(gaps) > 16 * picture.figure.dpi / 72
    ends = [line.get_xydata()[0] for line in axes_of(picture).lines if line.get_gid() == "leader"]
    np.testing.assert_allclose(ends, [ends[0]] * 3, err_msg="the lines lead to where the query is")


def test_map_refuses_lengths_that_do_not_fit():
    with pytest.raises(ValueError, match="3 embeddings, 2 classes, 0 query embeddings, 1 queries"):
        plots.embedding_map(np.ones((3, 4)), ["a", "b"], None, ["couch"])


def test_histograms_say_how_many_and_refuse_nothing(capsys):
    groups = {"random": [0.1, 0.2, 0.3], "same class": [0.5, 0.6], "none": []}
    assert legend_texts(plots.similarity_histograms(groups)) == [
        "random: 3, median 0.20",
        "same class: 2, median 0.55",
    ]
    assert capsys.readouterr().out == "Not drawn, because this catalogue has none: none.\n"
    for nothing in ({}, {"random": []}):
        with pytest.raises(ValueError, match="at least one"):
            plots.similarity_histograms(nothing)


def test_grid_shows_slots_recall_and_ceiling():
    picture = plots.recall_grid({"sofa": ([1, 2, 3], {1: 2, 2: 0, 8: 1, 9: 1}), "set": (iter([5, 6]), {6})}, k=2)
    written = [text.get_text() for text in axes_of(picture).texts]
    assert written == ["✓", "–", "1 of 3: 0.333\n(at most 0.667)", "–", "✓", "1 of 1: 1.000\n(at most 1.000)"]
    assert "sofa: 1 of 3: 0.333 (at most 0.667)" in picture.description


def test_grid_tells_unjudged_from_irrelevant_and_leaves_short_results_open():
    picture = plots.recall_grid({"sofa": ([1, 2], {1: 0, 5: 1}), "nothing relevant": ([], {})}, k=3)
    written = [text.get_text() for text in axes_of(picture).texts if not text.get_text().startswith("0 of")]
    assert written == ["–", "?", "", "", "", ""]
    assert "? without a label" in legend_texts(picture)
    with pytest.raises(ValueError, match="at least one result"):
        plots.recall_grid({})


def test_found_by_counts_products_of_all_queries():
    picture = plots.found_by([[1, 2, 3], [7]], [[2, 9, 1], [8]], [{1, 2, 5, 6}, {7, 8, 9}], k=2)
    assert legend_texts(picture) == [
        "found by both: 1 (14%)",
        "only by BM25: 2 (29%)",
        "only by semantic search: 1 (14%)",
        "by neither: 3 (43%)",
    ]
    assert len(axes_of(picture).patches) == 100
    assert "One search alone can reach 4 of them at most" in picture.description
    with pytest.raises(ValueError, match="got 1, 2 and 1"):
        plots.found_by([[1]], [[1], [2]], [[1]])
    with pytest.raises(ValueError, match="nothing to find"):
        plots.found_by([[1]], [[1]], [[]])


@pytest.mark.parametrize("alpha", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_the_line_of_the_plane_parts_the_first_k_from_the_rest(alpha):
    semantic, bm25 = np.random.default_rng(3).random((2, 200))
    axes = axes_of(plots.hybrid_plane(semantic, bm25, [alpha], k=7))
    (x1, y1), (x2, y2) = axes.lines[0].get_xydata()
    inside = (x2 - x1) * (semantic - y1) - (y2 - y1) * (bm25 - x1)
    above = inside * np.sign((x2 - x1) * (10 - y1) - (y2 - y1) * (10 - x1)) > -1e-9
    best = top_k(fuse_scores(semantic, bm25, alpha), 7)
    assert set(np.flatnonzero(above)) == set(best)


def test_sources_say_which_search_has_a_product_in_its_first_k():
    semantic, bm25 = np.array([0.9, 0.8, 0.1, 0.7, 0.0]), np.array([1.0, 0.0, 0.9, 0.8, 0.0])
    both, words, meaning, none = ("both searches", "BM25 alone", "semantic search alone", "neither: only the mix")
    assert sources(semantic, bm25, 2) == [both, meaning, words, none, none]
    assert sources(semantic, np.zeros(5), 2) == [meaning, meaning, none, none, none], "no word of the query, no rank"


def test_bump_chart_ranks_as_the_hybrid_search_does():
    semantic, bm25 = np.random.default_rng(5).random((2, 60))
    names = [f"product {i}" for i in range(60)]
    picture = plots.bump_chart(semantic, bm25, names, k=6)
    for axes, alpha, place in zip(picture.figure.axes, (0.0, 1.0), (-1, 0)):
        labels = [label.get_text() for label in axes.get_yticklabels()]
        best = top_k(fuse_scores(semantic, bm25, alpha), 6)
        assert [label.split("  ")[1 + place] for label in labels] == [names[i] for i in best]
    marks = [line for line in axes_of(picture).lines if line.get_marker() == "o" and line.get_markersize() == 5]
    for step, alpha in enumerate(np.linspace(0, 1, 11)):
        shown = {round(y) for line in marks for x, y in line.get_xydata() if np.isclose(x, alpha)}
        assert shown == set(range(1, 7)), f"each rank is there once at alpha {alpha}, step {step}"


def test_bump_chart_names_what_only_a_mix_brings():
    picture = plots.bump_chart([1, 0.9, 0.8, 0.0], [0.0, 0.8, 0.9, 1], ["a", "both at half", "half too", "d"], k=1)
    assert {"both at half", "half too"} & set(legend_texts(picture))
    assert "only in between" in picture.description


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"semantic": [0.1]}, "one score per product"),
        ({"bm25": [3.0, 0.1]}, "bm25 must lie between 0 and 1: pass normalize_scores"),
        ({"semantic": [np.nan, 0.1]}, "semantic must lie between 0 and 1"),
        ({"names": ["a"]}, "names"),
        ({"alphas": [0.5]}, "at least two weights"),
        ({"alphas": [0.5, 0.1]}, "rising"),
        ({"alphas": [0.5, 2]}, "alpha must lie between 0"),
        ({"k": 0}, "k must be a whole number"),
    ],
)
def test_bump_chart_refuses(wrong, said):
    right = {"semantic": [0.5, 0.1], "bm25": [0.0, 1.0], "names": ["a", "b"]}
    with pytest.raises(ValueError, match=said):
        plots.bump_chart(**right | wrong)


def test_gain_marks_the_highest_and_says_where_it_is_sure():
    picture = plots.alpha_gain([0, 0.5, 1], [0, 0.04, -0.01], [0, 0.01, -0.03], [0, 0.07, 0.02])
    star = next(line for line in axes_of(picture).lines if line.get_marker() == "*")
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (0.5, 0.04)
    assert "lies above zero at 1 of 3 alphas" in picture.description
    assert "Highest: +0.040 (from +0.010 to +0.070) at alpha 0.50" in picture.description
    with pytest.raises(ValueError, match="same length"):
        plots.alpha_gain([0, 1], [0.1, 0.2], [0, 0], [1])


def test_pipeline_shows_the_sizes():
    texts = [text.get_text() for text in axes_of(plots.pipeline(5977, k=5)).texts]
    assert "embeddings\n5,977 × 384" in texts and "top 5" in texts


class Shell:
    def __init__(self, metadata):
        self.metadata = metadata

    def get_parent(self):
        return {"metadata": self.metadata}


def test_slider_moves_the_ranks_in_a_window_and_is_a_picture_elsewhere(monkeypatch):
    semantic, bm25 = np.random.default_rng(5).random((2, 30))
    names = [f"product {i}" for i in range(30)]
    still = plots.alpha_slider(semantic, bm25, names, k=3)
    assert still.png() == plots.bump_chart(semantic, bm25, names, k=3).png()
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: Shell({}))
    assert isinstance(plots.alpha_slider(semantic, bm25, names, k=3), plots.Picture), "a program runs the notebook"
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: Shell({"cellId": "1"}))
    control, shown = plots.alpha_slider(semantic, bm25, names, k=3).children
    for alpha in (0.5, 0.0, 0.85):
        control.value = alpha
        assert shown.value == slider.mix_at(semantic, bm25, names, alpha, 3).html()
        best = ", ".join(names[i] for i in top_k(fuse_scores(semantic, bm25, alpha), 3))
        assert f"Ranking at alpha {alpha:.2f}: {best}." in shown.value
