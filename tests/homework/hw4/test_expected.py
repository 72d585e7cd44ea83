"""The key's own arithmetic, against helpers and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity as sklearn_cosine

import helpers
from tests.support.hw4 import module_of_the_key

cosines, min_max, recall = (getattr(module_of_the_key("expected"), name) for name in ("cosines", "min_max", "recall"))


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
