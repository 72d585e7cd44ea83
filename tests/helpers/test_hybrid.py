import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import hybrid
from helpers.bm25 import build_index, search_bm25
from helpers.hybrid import fuse_scores, hybrid_search, normalize_scores
from helpers.similarity import batch_cosine_similarity

many_scores = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30)


@given(many_scores)
def test_normalised_scores_span_0_to_1_in_the_same_order(scores):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        normalized = normalize_scores(scores)
    scores = np.array(scores)
    assert normalized.dtype == np.float64 and normalized.shape == scores.shape
    if scores.min() == scores.max():
        assert (normalized == 0).all()
    else:
        assert normalized.min() == 0 and normalized.max() == 1
        assert (np.diff(normalized[np.argsort(scores)]) >= 0).all()


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=30), st.integers(1, 50), st.integers(-500, 500))
def test_scale_and_offset_of_the_scores_do_not_matter(scores, scale, offset):
    scores = np.array(scores, dtype=np.float64)
    np.testing.assert_allclose(normalize_scores(scores * scale + offset), normalize_scores(scores), atol=1e-12)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], []),
        ([3.0], [0.0]),
        ([0, 0, 0], [0, 0, 0]),
        ([-1, 1, 0], [0, 1, 0.5]),
        ([-1.7e308, 1.7e308, 0], [0, 1, 0.5]),
        ([0.0, 5e-324], [0, 1]),
        (pd.Series([1, 3], index=[8, 9]), [0, 1]),
        (np.array([1, 2], dtype=np.float32), [0, 1]),
    ],
)
def test_normalised_scores(scores, expected):
    assert normalize_scores(scores).tolist() == expected


def test_normalising_leaves_the_scores_as_they_were():
    scores = np.array([1.0, 2.0])
    normalize_scores(scores)[:] = 9
    assert scores.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_cannot_be_normalised(bad):
    with pytest.raises(ValueError, match="scores hold NaN or infinite values"):
        normalize_scores([0.0, bad, 1.0])


@pytest.mark.parametrize(("scores", "shape"), [(np.eye(2), r"\(2, 2\)"), (3.0, r"\(\)")])
def test_only_a_vector_can_be_normalised(scores, shape):
    with pytest.raises(ValueError, match=f"one-dimensional, one score per product; got shape {shape}"):
        normalize_scores(scores)


def test_alpha_is_the_weight_of_the_semantic_score():
    semantic, bm25 = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert fuse_scores(semantic, bm25, 0.25).tolist() == [0.25, 0.75]
    assert fuse_scores(semantic, bm25, 0).tolist() == bm25.tolist()
    assert fuse_scores(semantic, bm25, 1).tolist() == semantic.tolist()


@pytest.fixture
def shop(monkeypatch):
    """Four products; the query is a sofa in words and a settee in meaning."""
    products = pd.DataFrame({"product_id": [7, 8, 9, 10], "product_name": ["sofa", "sofa bed cover", "settee", "lamp"]})
    embeddings = np.array([[0.8, 0.6], [0.2, 0.9], [1.0, 0.0], [-1.0, 0.1]], dtype=np.float32)
    query = np.array([1.0, 0.0], dtype=np.float32)
    monkeypatch.setattr(hybrid, "get_embedding_local", lambda text: query)
    return *build_index(products["product_name"]), products, embeddings, query


def test_a_search_mixes_both_scores_over_all_products(shop):
    index, doc_lengths, products, embeddings, query = shop
    results = hybrid_search("sofa", index, embeddings, products, doc_lengths, alpha=0.5, k=3)
    assert list(results.columns) == [
        "product_id",
        "product_name",
        "bm25_score",
        "semantic_score",
        "hybrid_score",
        "rank",
    ]
    assert results["product_id"].tolist() == [7, 8, 9] and results["rank"].tolist() == [1, 2, 3]
    semantic = normalize_scores(batch_cosine_similarity(query, embeddings))
    assert results["semantic_score"].tolist() == semantic[:3].tolist()
    assert results["bm25_score"].iloc[0] == 1 and results["bm25_score"].iloc[2] == 0
    mixed = 0.5 * results["semantic_score"] + 0.5 * results["bm25_score"]
    assert results["hybrid_score"].tolist() == mixed.tolist()


def test_the_ends_of_alpha_are_the_two_searches(shop):
    index, doc_lengths, products, embeddings, _ = shop
    lexical = hybrid_search("sofa", index, embeddings, products, doc_lengths, alpha=0)
    assert lexical["product_id"].tolist() == search_bm25("sofa", index, products, doc_lengths)["product_id"].tolist()
    semantic = hybrid_search("sofa", index, embeddings, products, doc_lengths, alpha=1)
    assert semantic["product_id"].tolist() == [9, 7, 8, 10]


@pytest.mark.parametrize("alpha", [-0.1, 1.1, np.nan])
def test_alpha_must_lie_between_0_and_1(shop, alpha):
    index, doc_lengths, products, embeddings, _ = shop
    with pytest.raises(ValueError, match=r"alpha must lie between 0 \(BM25 alone\) and 1 \(semantic alone\), got"):
        hybrid_search("sofa", index, embeddings, products, doc_lengths, alpha=alpha)


def test_lengths_that_differ_are_named(shop):
    index, doc_lengths, products, embeddings, _ = shop
    message = r"differ in length \(products_df 4, product_embeddings 3, doc_lengths 4\)"
    with pytest.raises(ValueError, match=message):
        hybrid_search("sofa", index, embeddings[:3], products, doc_lengths)
    with pytest.raises(ValueError, match=r"products_df 3, product_embeddings 4"):
        hybrid_search("sofa", index, embeddings, products[:3], doc_lengths)


def test_k_must_be_at_least_1(shop):
    index, doc_lengths, products, embeddings, _ = shop
    with pytest.raises(ValueError, match="k must be a whole number of at least 1"):
        hybrid_search("sofa", index, embeddings, products, doc_lengths, k=0)
