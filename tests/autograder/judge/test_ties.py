"""Which orders and recalls a right ranking can have, against plain enumeration."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import helpers
from autograder.judge.ties import first_wrong_row, recall_range


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=6), st.integers(1, 7))
def test_recall_range_is_what_all_right_rankings_span(docs, k):
    scores = np.array([float(score) for score, _ in docs])
    relevant = np.array([good for _, good in docs])
    seen = [
        helpers.calculate_recall(order, np.flatnonzero(relevant), k)
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
