import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.ranking import check_same_length, reached_by, take_rows, top_k, top_k_of_candidates, top_rows

few_values = st.lists(st.sampled_from([-1.0, 0.0, 0.0, 0.5, 1.0]), max_size=400)
any_values = st.lists(st.floats(allow_nan=False), max_size=400)


@given(few_values | any_values, st.integers(1, 500))
def test_it_is_the_start_of_a_full_stable_sort(scores, k):
    scores = np.array(scores, dtype=np.float64)
    assert top_k(scores, k).tolist() == np.argsort(-scores, kind="stable")[:k].tolist()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("k", [1, 10, 1000])
def test_it_is_the_start_of_a_full_stable_sort_of_many_scores(dtype, k):
    rng = np.random.default_rng(0)
    mostly_zero = np.zeros(20_011, dtype=dtype)
    mostly_zero[rng.choice(20_011, 300, replace=False)] = rng.integers(1, 40, 300)
    for scores in (mostly_zero, rng.random(20_011).astype(dtype), np.zeros(20_011, dtype=dtype)):
        assert top_k(scores, k).tolist() == np.argsort(-scores, kind="stable")[:k].tolist()


@given(few_values | any_values, st.integers(1, 500))
def test_at_least_k_scores_reach_the_bound(scores, k):
    scores = np.array(scores, dtype=np.float64)
    if k < len(scores):
        bound = reached_by(scores, k)
        assert (scores >= bound).sum() >= k
        assert bound in scores


@given(
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.25, 0.5, 1.0]), max_size=400),
    st.integers(1, 500),
    st.randoms(),
)
def test_the_scores_above_0_are_enough(scores, k, random):
    scores = np.array(scores, dtype=np.float64)
    given_rows = np.flatnonzero(scores).tolist()
    random.shuffle(given_rows)
    rows = np.array(given_rows, dtype=np.int32)
    best, best_scores = top_k_of_candidates(rows, scores[rows], len(scores), k)
    assert best.tolist() == top_k(scores, k).tolist()
    assert best_scores.tolist() == scores[best].tolist()


def test_equal_scores_keep_the_order_of_the_rows():
    assert top_k([1, 2, 2, 1, 2, 1], k=4).tolist() == [1, 2, 4, 0]


@pytest.mark.parametrize(
    "scores", [np.array([3, 1, 2], dtype=np.uint8), [3, 1, 2], pd.Series([3, 1, 2], index=[7, 8, 9])]
)
def test_it_takes_integers_lists_and_series(scores):
    assert top_k(scores, k=2).tolist() == [0, 2]


def test_no_scores_have_no_top():
    assert top_k([], k=3).tolist() == []


@pytest.mark.parametrize("k", [0, -1, 2.0, 2.5, "3", None, True, np.nan])
def test_k_must_be_a_whole_number_of_at_least_1(k):
    with pytest.raises(ValueError, match="k must be a whole number of at least 1, got"):
        top_k([1, 2, 3], k)


def test_a_numpy_integer_is_a_whole_number():
    assert top_k([1, 2, 3], np.int64(1)).tolist() == [2]


@pytest.mark.parametrize("k", [1, 100])
def test_nan_is_refused(k):
    with pytest.raises(ValueError, match="scores hold 2 NaN"):
        top_k([np.nan, 1.0, np.nan], k)


def test_a_matrix_is_refused():
    with pytest.raises(ValueError, match=r"one-dimensional, one score per row; got shape \(2, 2\)"):
        top_k(np.eye(2), 1)


def test_top_rows_are_a_copy_with_their_index_labels():
    products = pd.DataFrame({"product_id": [7, 8, 9]}, index=["a", "b", "c"])
    best = top_rows(products, [0.1, 0.3, 0.2], k=2, score=[1, 3, 2])
    assert best.index.tolist() == ["b", "c"]
    assert best.to_dict("list") == {"product_id": [8, 9], "score": [3, 2], "rank": [1, 2]}
    best["product_id"] = 0
    assert products["product_id"].tolist() == [7, 8, 9]


def test_taken_rows_may_be_written_into_without_warnings(recwarn):
    products = pd.DataFrame({"product_id": [7, 8, 9], "rank": [3, 3, 3]}, index=["a", "b", "c"])
    best = take_rows(products, np.array([2, 0]), score=np.array([0.5, 0.25]))
    best.loc["c", "score"] = 0.0
    assert best.to_dict("list") == {"product_id": [9, 7], "rank": [1, 2], "score": [0.0, 0.25]}
    assert products["rank"].tolist() == [3, 3, 3]
    assert not recwarn.list


def test_different_lengths_are_named():
    with pytest.raises(
        ValueError,
        match=r"differ in length \(products_df 1,200, doc_lengths 3\): they must describe the same",
    ):
        check_same_length(products_df=1200, doc_lengths=3)
