import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics.pairwise import cosine_similarity as sklearn_cosine

from helpers import similarity
from helpers.ranking import top_k
from helpers.similarity import (
    batch_cosine_similarity,
    cosine_similarity,
    cosine_similarity_matrix,
    semantic_search,
    top_semantic_batch,
)

finite = st.floats(allow_nan=False, allow_infinity=False)
finite32 = st.floats(allow_nan=False, allow_infinity=False, width=32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_agrees_with_scikit_learn(dtype):
    rng = np.random.default_rng(0)
    queries, docs = rng.normal(size=(7, 48)).astype(dtype), rng.normal(size=(101, 48)).astype(dtype)
    docs[5] = 0
    expected = sklearn_cosine(queries.astype(np.float64), docs.astype(np.float64))
    tolerance = 1e-6 if dtype == np.float32 else 1e-14
    matrix = cosine_similarity_matrix(queries, docs)
    assert matrix.dtype == dtype
    np.testing.assert_allclose(matrix, expected, rtol=0, atol=tolerance)
    for query, row in zip(queries, expected):
        batch = batch_cosine_similarity(query, docs)
        assert batch.dtype == dtype
        np.testing.assert_allclose(batch, row, rtol=0, atol=tolerance)
        assert cosine_similarity(query, docs[0]) == pytest.approx(row[0], abs=1e-14)


@given(hnp.arrays(np.float64, (2, 4), elements=finite))
def test_it_is_finite_bounded_and_symmetric_without_warnings(pair):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = cosine_similarity(*pair)
        assert type(value) is float
        assert -1 <= value <= 1
        assert cosine_similarity(pair[1], pair[0]) == value
        assert cosine_similarity(-pair[0], pair[1]) == -value
        assert cosine_similarity(pair[0], pair[0]) == (pytest.approx(1) if pair[0].any() else 0)


@given(hnp.arrays(np.float32, (3, 5), elements=finite32))
def test_batches_are_finite_and_bounded_in_float32_too(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batch = batch_cosine_similarity(rows[0], rows)
        matrix = cosine_similarity_matrix(rows, rows)
    assert (np.abs(batch) <= 1).all() and (np.abs(matrix) <= 1).all()
    np.testing.assert_allclose(matrix[0], batch, rtol=0, atol=1e-6)
    expected = [cosine_similarity(rows[0], row) for row in rows]
    np.testing.assert_allclose(batch, expected, rtol=0, atol=1e-6)


@given(
    hnp.arrays(np.float64, (2, 4), elements=st.floats(-100, 100)),
    st.sampled_from([1e-300, 1e-160, 1e-5, 1.0, 1e100, 1e200]),
)
def test_the_length_of_a_vector_does_not_matter(pair, factor):
    a, b = np.round(pair, 3)
    assert cosine_similarity(a * factor, b) == pytest.approx(cosine_similarity(a, b), abs=1e-9)


@pytest.mark.parametrize("magnitude", [5e-324, 1e-310, 1e-200, 1e200, 1.7e308])
def test_tiny_and_huge_vectors(magnitude):
    a, b = np.array([magnitude, 0.0]), np.array([magnitude, magnitude])
    assert cosine_similarity(a, b) == pytest.approx(np.sqrt(0.5), abs=1e-15)
    assert cosine_similarity(a, [3.0, 3.0]) == pytest.approx(np.sqrt(0.5), abs=1e-15)


def test_a_zero_vector_is_similar_to_nothing():
    assert cosine_similarity([0, 0], [1, 2]) == 0.0
    assert cosine_similarity([0, 0], [0, 0]) == 0.0
    assert batch_cosine_similarity([0.0, 0.0], np.eye(2)).tolist() == [0.0, 0.0]
    assert batch_cosine_similarity([1.0, 0.0], np.zeros((2, 2))).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [5, 37, 1003])
def test_equal_documents_are_equally_similar_wherever_they_stand(n, dtype):
    rng = np.random.default_rng(1)
    docs = rng.normal(size=(n, 384)).astype(dtype)
    copies = [0, 3, n // 2, n - 2, n - 1]
    docs[copies] = docs[0]
    queries = rng.normal(size=(5, 384)).astype(dtype)
    for order in "CF":  # however the array lies in memory
        arranged = np.asarray(docs, order=order)
        assert np.ptp(cosine_similarity_matrix(queries, arranged)[:, copies], axis=1).max() == 0
        assert np.ptp(batch_cosine_similarity(queries[0], arranged)[copies]) == 0


def test_lists_and_integers_become_float64():
    assert batch_cosine_similarity([3, 4], [[3, 4], [4, -3]]).tolist() == [1.0, 0.0]
    assert batch_cosine_similarity(np.array([1, 1], dtype=np.int8), [[100, 100]]).dtype == np.float64
    assert batch_cosine_similarity(np.ones(2, np.float32), np.ones((1, 2))).dtype == np.float64


def test_the_inputs_stay_as_they_were():
    query, docs = np.array([1e200, 0.0]), np.array([[1e-200, 0.0], [0.0, 0.0]])
    copies = query.copy(), docs.copy()
    batch_cosine_similarity(query, docs)
    cosine_similarity_matrix(query[np.newaxis], docs)
    assert (query == copies[0]).all() and (docs == copies[1]).all()


def test_no_documents_have_no_similarities():
    assert batch_cosine_similarity([1.0, 0.0], np.empty((0, 2))).shape == (0,)
    assert cosine_similarity_matrix(np.empty((0, 2)), np.ones((3, 2))).shape == (0, 3)


@pytest.mark.parametrize(
    ("function", "first", "second", "message"),
    [
        (
            cosine_similarity,
            (2,),
            (3,),
            r"a and b must be two vectors of the same length; got shapes \(2,\) and \(3,\)",
        ),
        (cosine_similarity, (2, 2), (2, 2), r"got shapes \(2, 2\) and \(2, 2\)"),
        (
            batch_cosine_similarity,
            (3,),
            (5, 2),
            r"query_emb must have shape \(d,\).* got \(3,\) and \(5, 2\)",
        ),
        (batch_cosine_similarity, (1, 2), (5, 2), r"got \(1, 2\) and \(5, 2\)"),
        (batch_cosine_similarity, (2,), (2,), r"got \(2,\) and \(2,\)"),
        (
            cosine_similarity_matrix,
            (2,),
            (5, 2),
            r"query_embs must have shape \(q, d\).* got \(2,\) and \(5, 2\)",
        ),
        (cosine_similarity_matrix, (4, 3), (5, 2), r"got \(4, 3\) and \(5, 2\)"),
    ],
)
def test_wrong_shapes_are_both_named(function, first, second, message):
    with pytest.raises(ValueError, match=message):
        function(np.ones(first), np.ones(second))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_with_their_row(bad):
    docs = np.ones((4, 2), dtype=np.float32)
    docs[2, 1] = bad
    with pytest.raises(ValueError, match=r"doc_embs holds NaN or infinite values \(first in row 2\)"):
        batch_cosine_similarity(docs[0], docs)
    with pytest.raises(ValueError, match="query_emb holds NaN or infinite values"):
        batch_cosine_similarity(docs[2], docs[:2])
    with pytest.raises(ValueError, match="NaN or infinite"):
        cosine_similarity([1.0, bad], [1.0, 1.0])


def assert_a_batch_is_one_query_at_a_time(queries, docs, k):
    """The same rows in the same order, and the very same similarities."""
    rows, similarities = top_semantic_batch(queries, docs, k)
    assert rows.shape == similarities.shape == (len(queries), min(k, len(docs)))
    for i, query in enumerate(queries):
        one = batch_cosine_similarity(query, docs)
        assert similarities.dtype == one.dtype
        assert rows[i].tolist() == top_k(one, k).tolist()
        assert (similarities[i] == one[rows[i]]).all()


few_numbers = st.sampled_from([-1.0, 0.0, 0.0, 1.0, 1.0, 2.0, 1e-200, 1e200])


@given(
    st.integers(1, 5).flatmap(
        lambda d: st.tuples(
            hnp.arrays(np.float64, st.tuples(st.integers(0, 3), st.just(d)), elements=few_numbers),
            hnp.arrays(np.float64, st.tuples(st.integers(0, 40), st.just(d)), elements=few_numbers),
        )
    ),
    st.integers(1, 50),
)
def test_the_best_of_a_batch_are_those_of_one_query_at_a_time(arrays, k):
    assert_a_batch_is_one_query_at_a_time(*arrays, k)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 10])
def test_the_best_of_a_batch_among_near_and_exact_repeats(dtype, k):
    rng = np.random.default_rng(2)
    docs = rng.normal(size=(1500, 384)).astype(dtype)
    docs[100:140] = docs[:40]  # ties
    docs[200:240] = np.nextafter(docs[:40], dtype(2))  # one rounding step away from a tie
    docs[300:340] = docs[:40] * dtype(1.7)  # the same directions
    docs[400] = 0
    queries = np.vstack([docs[:40] + rng.normal(size=(40, 384)).astype(dtype) / 2, np.zeros((1, 384), dtype)])
    for order in "CF":
        assert_a_batch_is_one_query_at_a_time(queries, np.asarray(docs, order=order), k)


def test_a_batch_is_done_in_parts(monkeypatch):
    rng = np.random.default_rng(3)
    docs, queries = rng.normal(size=(200, 8)).astype(np.float32), rng.normal(size=(7, 8)).astype(np.float32)
    monkeypatch.setattr(similarity, "_SIMILARITIES_AT_ONCE", 500)
    assert_a_batch_is_one_query_at_a_time(queries, docs, 5)


def test_a_batch_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match=r"got \(4, 3\) and \(5, 2\)"):
        top_semantic_batch(np.ones((4, 3)), np.ones((5, 2)))
    with pytest.raises(ValueError, match="k must be a whole number of at least 1, got 0"):
        top_semantic_batch(np.ones((4, 2)), np.ones((5, 2)), k=0)
    with pytest.raises(ValueError, match=r"query_embs holds NaN or infinite values \(first in row 1\)"):
        top_semantic_batch([[1.0, 0.0], [np.nan, 1.0]], np.ones((5, 2)))


@pytest.fixture
def embedded(monkeypatch):
    """Three products in two dimensions, and a model that knows two queries."""
    vectors = {"couch": [1.0, 0.1], "lamp": [0.0, 1.0]}
    asked = []

    def get_embedding_local(text, model_name="all-MiniLM-L6-v2"):
        asked.append(model_name)
        return np.array(vectors[text], dtype=np.float32)

    monkeypatch.setattr(similarity, "get_embedding_local", get_embedding_local)
    products = pd.DataFrame({"product_id": [7, 8, 9], "product_name": ["sofa", "floor lamp", "settee"]})
    return products, np.array([[2, 0], [0, 3], [4, 0]], dtype=np.float32), asked


def test_a_search_gives_the_best_rows_with_similarity_and_rank(embedded):
    products, embeddings, asked = embedded
    results = semantic_search("couch", embeddings, products, k=2)
    assert list(results.columns) == ["product_id", "product_name", "similarity", "rank"]
    assert results["product_id"].tolist() == [7, 9]  # equally similar: in the order of the rows
    assert results["rank"].tolist() == [1, 2]
    assert results["similarity"].tolist() == pytest.approx([0.995037] * 2, abs=1e-6)
    assert semantic_search("lamp", embeddings, products, k=50)["product_id"].tolist() == [8, 7, 9]
    semantic_search("lamp", embeddings, products, "another-model", 1)
    assert asked == ["all-MiniLM-L6-v2"] * 2 + ["another-model"]


def test_a_search_checks_lengths_and_k_before_it_embeds_anything(embedded):
    products, embeddings, asked = embedded
    with pytest.raises(ValueError, match=r"differ in length \(products_df 3, product_embeddings 2\)"):
        semantic_search("couch", embeddings[:2], products)
    with pytest.raises(ValueError, match="k must be a whole number of at least 1, got 0"):
        semantic_search("couch", embeddings, products, k=0)
    assert asked == []


def test_a_search_with_embeddings_of_another_model_names_both_shapes(embedded):
    products, _, _ = embedded
    with pytest.raises(ValueError, match=r"got \(2,\) and \(3, 5\)"):
        semantic_search("couch", np.ones((3, 5)), products)


# --- a column of vectors ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("kind", [list, tuple, pd.Series, lambda rows: pd.DataFrame({"vector": pd.Series(rows)})])
def test_a_column_with_a_vector_in_each_row_is_a_matrix(dtype, kind):
    docs = np.random.default_rng(3).integers(1, 9, (5, 4)).astype(dtype)
    query = docs[2]
    column = kind(list(docs))
    similar = batch_cosine_similarity(query, column)
    assert similar.dtype == batch_cosine_similarity(query, docs).dtype
    np.testing.assert_array_equal(similar, batch_cosine_similarity(query, docs))
    np.testing.assert_array_equal(cosine_similarity_matrix(docs, column), cosine_similarity_matrix(docs, docs))
    np.testing.assert_array_equal(top_semantic_batch(docs, column, k=2)[0], top_semantic_batch(docs, docs, k=2)[0])


@pytest.mark.parametrize(
    "rows, shown",
    [
        ([[1.0, 2.0], [1.0]], r"row 1 is numbers of shape \(1,\)"),
        (["[0.1, 0.2]", "[0.3, 0.4]"], r"row 0 is '\[0.1, 0.2\]'"),
        ([[1.0, 2.0], None], "row 1 is None"),
        ([[1.0, 2.0], np.nan], r"row 1 is numbers of shape \(\)"),
    ],
)
def test_a_column_without_a_vector_in_each_row_names_the_row(rows, shown):
    for column in (rows, pd.Series(rows)):
        with pytest.raises(ValueError, match=f"doc_embs must hold vectors of one length, and {shown}: pass an array"):
            batch_cosine_similarity([1.0, 2.0], column)
