"""The judge's own arithmetic, against helpers, scikit-learn and plain enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity as sklearn_cosine

import helpers
from autograder.judge.ties import cosines, first_wrong_row, min_max, recall, recall_range


def test_cosines_agree_with_scikit_learn_and_helpers():
    rng = np.random.default_rng(5)
    query, docs = rng.normal(size=30), rng.normal(size=(40, 30))
    docs[3] = 0
    np.testing.assert_allclose(cosines(query, docs), sklearn_cosine([query], docs)[0], atol=1e-12)
    np.testing.assert_allclose(cosines(query, docs), helpers.batch_cosine_similarity(query, docs), atol=1e-12)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_min_max_agrees_with_helpers(scores):
    np.testing.assert_allclose(min_max(np.array(scores)), helpers.normalize_scores(np.array(scores)), atol=1e-12)


@given(st.lists(st.integers(0, 9), max_size=15), st.sets(st.integers(0, 9)), st.integers(1, 12))
def test_recall_agrees_with_helpers(retrieved, relevant, k):
    assert recall(retrieved, relevant, k) == pytest.approx(helpers.calculate_recall(retrieved, relevant, k))


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=6), st.integers(1, 7))
def test_recall_range_is_what_all_right_rankings_span(docs, k):
    scores = np.array([float(score) for score, _ in docs])
    relevant = np.array([good for _, good in docs])
    seen = [
        recall(order, np.flatnonzero(relevant), k)
        for order in itertools.permutations(range(len(docs)))
        if all(scores[a] >= scores[b] for a, b in itertools.pairwise(order))
    ]
    assert recall_range(scores, relevant, k) == (min(seen), max(seen))


def test_recall_range_forgives_float_noise_at_the_cut_only():
    relevant = np.array([True, False, True])
    assert recall_range(np.array([0.5, 0.5 + 1e-7, 0.2]), relevant, 1) == (0.0, 0.5)
    assert recall_range(np.array([0.5, 0.5 + 1e-3, 0.2]), relevant, 1) == (0.0, 0.0)


def test_a_ranking_is_right_in_any_order_of_ties():
    scores = np.array([0.3, 0.9, 0.3, 0.1])
    assert first_wrong_row([1, 0, 2], scores) is None
    assert first_wrong_row([1, 2, 0], scores) is None
    assert first_wrong_row([1, 2], scores) is None
    assert first_wrong_row([0, 1], scores) == 0
    assert first_wrong_row([1, 3], scores) == 1
    assert first_wrong_row([1, 1], scores) == 1
