"""The pictures of lecture 3 show the formula's numbers, in words too, and no text in them covers anything."""

import numpy as np
import pytest

from helpers import build_index, plots, score_bm25
from helpers.plots import lexical
from tests.support.overlaps import overlaps


def axes_of(picture):
    return picture.figure.axes[0]


def curve(picture, n):
    return axes_of(picture).lines[n].get_xydata()


def of_random_data(seed: int) -> dict:
    """Every picture: few and many terms, long words, tf of three digits, scores of 0."""
    rng = np.random.default_rng(seed)
    words = ["sofa", "an", "extraordinarily-long-compound-word", "Ø", "3", "ottoman", "with", "velvet"]
    terms = [f"{word}{i or ''}" for i in range(2) for word in words][: int(rng.integers(1, 12))]
    documents = int(rng.integers(1, 9))
    postings = {
        term: {int(d): int(rng.integers(1, 200)) for d in rng.integers(0, 99_999, size=rng.integers(0, documents + 1))}
        for term in terms
    }
    parts = {
        f"{'long name ' * int(rng.integers(1, 6))}{i}": {
            term: float(abs(rng.normal(2, 2)) * rng.integers(0, 2)) for term in terms[: int(rng.integers(0, 6))]
        }
        for i in range(int(rng.integers(1, 7)))
    }
    k1s, bs = sorted(rng.random(int(rng.integers(1, 9))) * 5), sorted(rng.random(int(rng.integers(1, 7))))
    k1s, bs = np.round(k1s, 2).tolist(), np.round(bs, 2).tolist()
    grids = rng.random((2, len(k1s), len(bs)))
    return {
        "postings": plots.postings_lists(postings, terms[:2]),
        "saturation": plots.saturation_curves(np.round(rng.random(int(rng.integers(1, 5))) * 6, 2).tolist()),
        "length": plots.length_curves(np.round(rng.random(int(rng.integers(1, 5))), 2).tolist(), k1=rng.random() * 3),
        "idf": plots.idf_curves(int(rng.integers(2, 100_000))),
        "parts": plots.score_parts(parts),
        "heatmaps": plots.k1_b_heatmaps(k1s, bs, *grids),
    }


def of_the_lecture() -> dict:
    postings = {"velvet": {0: 1, 4: 1}, "sofa": {0: 1, 3: 4, 4: 1}, "with": {2: 3, 4: 1, 5: 1}}
    return {
        "postings": plots.postings_lists(postings, ["velvet", "sofa"]),
        "saturation": plots.saturation_curves(),
        "length": plots.length_curves(),
        "idf": plots.idf_curves(),
        "parts": plots.score_parts({"velvet sofa": {"velvet": 1.4, "sofa": 0.9}, "sofa cover": {"sofa": 1.0}}),
        "heatmaps": plots.k1_b_heatmaps([0.5, 1.2], [0, 0.75], [[0.1, 0.2], [0.4, 0.3]], [[0.2, 0.1], [0.3, 0.5]]),
    }


@pytest.mark.parametrize("seed", range(4))
def test_no_text_covers_anything_on_random_data(seed):
    assert {name: found for name, p in of_random_data(seed).items() if (found := overlaps(p.figure))} == {}


def test_no_text_covers_anything_in_the_lecture():
    assert {name: found for name, p in of_the_lecture().items() if (found := overlaps(p.figure))} == {}


def test_every_picture_says_what_it_shows_and_has_no_ground():
    for name, picture in of_the_lecture().items():
        data, metadata = picture._repr_mimebundle_()
        assert metadata["image/png"]["alt"] == data["text/plain"] == picture.description, name
        assert len(picture.description) > 60 and axes_of(picture).get_facecolor()[3] == 0, name


def test_postings_are_drawn_as_they_lie_in_the_index():
    picture = plots.postings_lists({"sofa": {3: 4, 0: 1}, "desk": {}}, query=["sofa"])
    assert [text.get_text() for text in axes_of(picture).texts][:4] == ["sofa", "", "0 ×1", "3 ×4"]
    assert picture.description.endswith("sofa: 0 (1), 3 (4); desk: none. Read for the query: sofa.")
    with pytest.raises(ValueError, match="at least one term"):
        plots.postings_lists({})


def test_curves_are_those_of_score_bm25():
    index, lengths = build_index(["a", "a a a b", "c"] * 2, tokenizer=str.split)
    idf = np.log((6 - 4 + 0.5) / (4 + 0.5) + 1)

    def score(document, k1, b):
        return score_bm25("a", index, 6, lengths, k1=k1, b=b)[document] / idf

    saturation = curve(plots.saturation_curves([2.0]), 1)
    assert np.interp(3, *saturation.T) == pytest.approx(score(1, 2.0, 0), abs=1e-9)
    length = curve(plots.length_curves([0.5], k1=2.0), 1)
    assert np.interp(1 / lengths.mean(), *length.T) == pytest.approx(score(0, 2.0, 0.5), abs=1e-3)


def test_curves_start_at_nothing_meet_at_one_and_flatten():
    for n, k1 in enumerate((0, 0.5, 1.2, 3), start=1):
        x, y = curve(plots.saturation_curves(), n).T
        assert y[0] == 0 and np.interp(1, x, y) == pytest.approx(1) and (np.diff(y) >= 0).all() and y[-1] < k1 + 1.001
    for n in range(1, 5):
        assert np.interp(1, *curve(plots.length_curves(), n).T) == pytest.approx(1, abs=1e-3)


def test_only_the_older_idf_falls_below_0():
    plain, older, lucene = (curve(plots.idf_curves(200), n)[:, 1] for n in (1, 2, 3))
    assert plain.min() >= 0 and lucene.min() > 0 > older.min()
    assert older[0] == pytest.approx(np.log(199.5 / 1.5)) and lucene[0] == pytest.approx(np.log(199.5 / 1.5 + 1))


def test_parts_add_up_to_the_score():
    picture = plots.score_parts({"a": {"x": 2.0, "y": 0.5}, "b": {}})
    bars = [(bar.get_x(), bar.get_width()) for bar in axes_of(picture).patches if bar.get_width()]
    assert bars == [(0, 2), (2, 0.5)]
    assert (
        picture.description
        == "Bars of BM25 scores by term. a: x 2.00 + y 0.50, in all 2.500; b: no term, in all 0.000."
    )
    for wrong in ({}, {"a": {"x": -1.0}}, {"a": {"x": float("nan")}}):
        with pytest.raises(ValueError, match="at least one document, and numbers of at least 0"):
            plots.score_parts(wrong)


def test_heatmaps_frame_what_the_first_half_chose_in_both():
    picture = of_the_lecture()["heatmaps"]
    frames = [[patch.get_xy() for patch in axes.patches if patch.get_gid() == "frame"] for axes in picture.figure.axes]
    assert frames == [[(-0.5, 0.5)], [(-0.5, 0.5), (0.5, 0.5)]]
    assert "k1 = 1.2 and b = 0 are best with 0.400; on the other half they reach 0.300" in picture.description
    same = plots.k1_b_heatmaps([1], [0, 1], [[0, 1]], [[0, 1]])
    assert [len(axes.patches) for axes in same.figure.axes] == [1, 1], "one frame where both halves agree"
    with pytest.raises(ValueError, match=r"2 k1s and a column for each of 1 bs.*\(1, 2\)"):
        plots.k1_b_heatmaps([1, 2], [0], [[0, 1]], [[0, 1]])


@pytest.mark.parametrize(
    "draw, sentence",
    [
        (lambda: plots.saturation_curves([-1]), "k1s must be numbers of at least 0"),
        (lambda: plots.saturation_curves([]), "k1s must be numbers"),
        (lambda: plots.length_curves([1.5]), "bs must be numbers from 0 to 1"),
        (lambda: plots.length_curves([0.5], k1=float("nan")), "k1 must be numbers of at least 0"),
        (lambda: plots.idf_curves(1), "n must be at least 2"),
    ],
)
def test_numbers_out_of_range_are_refused(draw, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw()


def test_sliders_redraw_with_the_same_axes_in_a_window_and_are_pictures_elsewhere(monkeypatch):
    assert plots.k1_slider().png() == plots.saturation_curves().png()
    assert plots.b_slider().png() == plots.length_curves().png()
    monkeypatch.setattr("helpers.plots.slider._has_window", lambda: True)
    for slider, curves in ((plots.k1_slider, lexical.saturation_curves), (plots.b_slider, lexical.length_curves)):
        control, shown = slider().children
        for value in (0.0, 0.5, control.max):
            control.value = value
            assert shown.value == curves([value]).html()
        assert len({axes_of(curves([value])).get_ylim() for value in (0.0, 0.5, control.max)}) == 1
