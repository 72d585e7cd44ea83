"""Cosine similarity, and semantic search with it.

The cosine of the angle between two vectors compares their directions and ignores their lengths::

    cos(a, b) = (a . b) / (|a| * |b|)

(Salton & McGill, "Introduction to Modern Information Retrieval", 1983). A zero vector has no direction; its
similarity with everything is 0 here.
"""

import numpy as np
import pandas as pd

from .local_model import get_embedding_local
from .ranking import check_k, check_same_length, reached_by, top_rows

_SIMILARITIES_AT_ONCE = 2**24  # in one matrix product: 64 MB of float32, 390 queries for 43,000 documents
_ROWS_AT_ONCE = 1024  # whose products and norms are computed while they lie in the processor's cache


def cosine_similarity(a, b) -> float:
    """Cosine similarity of two vectors.

    Parameters
    ----------
    a, b : arrays of shape (d,)

    Returns
    -------
    float
        In [-1, 1]; 0.0 if either vector is zero.

    Raises
    ------
    ValueError
        If the shapes differ or are not one-dimensional, or a value is NaN or infinite.

    Examples
    --------
    >>> cosine_similarity([1, 0], [1, 1])
    0.7071067811865475
    >>> cosine_similarity([1, 0], [0, 0])
    0.0
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"a and b must be two vectors of the same length; got shapes {a.shape} and {b.shape}.")
    return float(batch_cosine_similarity(a, b[np.newaxis])[0])


def batch_cosine_similarity(query_emb, doc_embs) -> np.ndarray:
    """Cosine similarity of one query with each of n documents.

    Parameters
    ----------
    query_emb : array of shape (d,)
    doc_embs : array of shape (n, d), or a column of a DataFrame with n vectors of shape (d,)

    Returns
    -------
    array of shape (n,)
        In [-1, 1]; float32 if both inputs are float32, else float64.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a value is NaN or infinite.

    Examples
    --------
    >>> batch_cosine_similarity([1, 0], [[2, 0], [0, 3], [-1, 0], [0, 0]]).tolist()
    [1.0, 0.0, -1.0, 0.0]
    """
    query, docs = _as_floats(query_emb=query_emb, doc_embs=doc_embs)
    if query.ndim != 1 or docs.ndim != 2 or docs.shape[1] != len(query):
        raise ValueError(
            "query_emb must have shape (d,) and doc_embs shape (n, d) with the same d; "
            f"got {query.shape} and {docs.shape}."
        )
    (query,), query_norm = _rows_and_norms(query[np.newaxis], "query_emb")
    dots, squares = np.empty((2, len(docs)), dtype=docs.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for begin in range(0, len(docs), _ROWS_AT_ONCE):
            part = slice(begin, begin + _ROWS_AT_ONCE)
            np.vecdot(docs[part], query, out=dots[part])
            np.vecdot(docs[part], docs[part], out=squares[part])
    scaled, doc_norms = _scaled(docs, squares, "doc_embs")
    if scaled is not docs:
        dots = np.vecdot(scaled, query)
    return _cosines(dots, doc_norms, query_norm)


def cosine_similarity_matrix(query_embs, doc_embs) -> np.ndarray:
    """Cosine similarity of each of q queries with each of n documents, in one matrix product.

    Parameters
    ----------
    query_embs : array of shape (q, d)
    doc_embs : array of shape (n, d)

    Returns
    -------
    array of shape (q, n)
        Row i is ``batch_cosine_similarity(query_embs[i], doc_embs)``, up to rounding in the last digits;
        equal documents are exactly equally similar here too.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a value is NaN or infinite.

    Examples
    --------
    >>> cosine_similarity_matrix([[1, 0], [0, 1]], [[2, 0], [0, 3], [-1, 0]]).tolist()
    [[1.0, 0.0, -1.0], [0.0, 1.0, 0.0]]
    """
    queries, docs = _as_matrices(query_embs, doc_embs)
    docs, doc_norms = _rows_and_norms(docs, "doc_embs")
    queries, query_norms = _rows_and_norms(queries, "query_embs")
    similarities = (queries / query_norms[:, np.newaxis]) @ docs.T
    similarities /= doc_norms
    repeats, originals = _repeated_rows(docs)
    similarities[:, repeats] = similarities[:, originals]  # a matrix product does not round all columns alike
    return np.clip(similarities, -1, 1, out=similarities)


def semantic_search(
    query: str,
    product_embeddings,
    products_df: pd.DataFrame,
    model_name: str = "all-MiniLM-L6-v2",
    k: int = 10,
) -> pd.DataFrame:
    """The `k` products whose embeddings point most nearly in the direction of the query's.

    Parameters
    ----------
    query : str
    product_embeddings : array of shape (n, d), or a column of a DataFrame with n vectors of shape (d,)
        Made by the same model, in the order of `products_df`.
    products_df : DataFrame of n rows
    model_name : str
    k : int
        At least 1; more than n gives all rows.

    Returns
    -------
    DataFrame
        A copy of the best rows with ``similarity`` and ``rank`` (from 1). Equal similarities keep the order
        of the rows.

    Raises
    ------
    ValueError
        If `products_df` and `product_embeddings` differ in length, the dimensions do not fit, or `k` is not a
        whole number of at least 1.
    """
    check_k(k)
    check_same_length(products_df=len(products_df), product_embeddings=len(product_embeddings))
    similarity = batch_cosine_similarity(get_embedding_local(query, model_name=model_name), product_embeddings)
    return top_rows(products_df, similarity, k, similarity=similarity)


def top_semantic_batch(query_embs, doc_embs, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """The `k` documents most similar to each of q queries, without a similarity for every pair.

    A matrix product is fast but rounds: it chooses the documents that can be among the best, with room for
    its rounding errors. Those few are compared again, as `batch_cosine_similarity` does it.

    Parameters
    ----------
    query_embs : array of shape (q, d)
    doc_embs : array of shape (n, d)
    k : int
        At least 1; more than n gives all documents.

    Returns
    -------
    rows : int64 array of shape (q, min(k, n))
        Row numbers of the best documents, best first; equal similarities in order of row number. The rows
        that `semantic_search` gives for each query.
    similarities : array of shape (q, min(k, n))
        To the last bit those of `batch_cosine_similarity`; float32 if both inputs are float32, else float64.

    Raises
    ------
    ValueError
        If the shapes do not fit, a value is NaN or infinite, or `k` is not a whole number of at least 1.

    Examples
    --------
    >>> rows, similarities = top_semantic_batch([[1, 0], [0, 1]], [[2, 0], [0, 3], [4, 0]], k=2)
    >>> rows.tolist(), similarities.tolist()
    ([[0, 2], [1, 0]], [[1.0, 1.0], [1.0, 0.0]])
    """
    k = check_k(k)
    queries, docs = _as_matrices(query_embs, doc_embs)
    safe_docs, doc_norms = _rows_and_norms(docs, "doc_embs")
    safe_queries, query_norms = _rows_and_norms(queries, "query_embs")
    query_units = safe_queries / query_norms[:, np.newaxis]
    # A sum of d products is off by at most d * eps / 2 (Higham, "Accuracy and Stability of Numerical
    # Algorithms", section 3.1). Four such errors meet: of this product and of the exact comparison, each for
    # the k-th best document and for another one. The 8 covers norms and divisions.
    room = 2 * (queries.shape[1] + 8) * np.finfo(docs.dtype).eps
    rows = np.empty((len(queries), min(k, len(docs))), dtype=np.int64)
    similarities = np.empty(rows.shape, dtype=docs.dtype)
    step = max(1, _SIMILARITIES_AT_ONCE // max(1, len(docs)))
    for begin in range(0, len(queries), step):
        block = query_units[begin : begin + step] @ safe_docs.T
        block /= doc_norms
        for i, roughly in enumerate(block, begin):
            lowest = reached_by(roughly, k) - room if k < len(docs) else -np.inf
            good = np.flatnonzero(roughly >= lowest)
            exact = _cosines(np.vecdot(safe_docs[good], safe_queries[i]), doc_norms[good], query_norms[i])
            best = np.argsort(-exact, kind="stable")[: rows.shape[1]]
            rows[i], similarities[i] = good[best], exact[best]
    return rows, similarities


def _as_matrices(query_embs, doc_embs) -> list[np.ndarray]:
    """Queries (q, d) and documents (n, d) in one float type, or a ValueError that names both shapes."""
    queries, docs = _as_floats(query_embs=query_embs, doc_embs=doc_embs)
    if queries.ndim != 2 or docs.ndim != 2 or docs.shape[1] != queries.shape[1]:
        raise ValueError(
            "query_embs must have shape (q, d) and doc_embs shape (n, d) with the same d; "
            f"got {queries.shape} and {docs.shape}."
        )
    return [queries, docs]


def _as_floats(**arrays) -> list[np.ndarray]:
    """The arrays, row after row in memory, in one float type: float32 if all of them are, else float64."""
    given = [_stacked(array, name) for name, array in arrays.items()]
    dtype = np.float32 if all(array.dtype == np.float32 for array in given) else np.float64
    return [np.asarray(array, dtype=dtype, order="C") for array in given]


def _stacked(vectors, name: str) -> np.ndarray:
    """An array of numbers; of a column that holds a vector in each row, the matrix of these vectors."""
    try:
        array = np.asarray(vectors)
    except ValueError:  # rows of different lengths
        array = np.fromiter(vectors, dtype=object)
    if array.dtype.kind in "biuf":
        return array
    rows = [np.asarray(row) for row in (array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array)]
    for number, row in enumerate(rows):
        if row.dtype.kind not in "biuf" or row.shape != rows[0].shape:
            shown = f"numbers of shape {row.shape}" if row.dtype.kind in "biuf" else f"{row.tolist()!r:.40}"
            raise ValueError(
                f"{name} must hold vectors of one length, and row {number} is {shown}: pass an array of numbers, or a "
                "column with a vector in each row."
            )
    return np.stack(rows) if rows else array.astype(np.float64)


def _repeated_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the rows that repeat an earlier row, and the positions of those earlier rows."""
    seen: dict[int, int] = {}
    first = np.array([seen.setdefault(hash(row.tobytes()), i) for i, row in enumerate(rows)], dtype=np.int64)
    repeats = np.flatnonzero(first != np.arange(len(rows)))
    return repeats, first[repeats]


def _cosines(dots: np.ndarray, doc_norms: np.ndarray, query_norm) -> np.ndarray:
    """The cosines that belong to the dot products (n,) of documents with one query; in place.

    The dot products come from vecdot, which treats every row alike, whereas rows @ vector rounds the last rows
    differently from the others: so equal documents are exactly equally similar, and ties are ties.
    """
    dots /= doc_norms * query_norm
    return np.clip(dots, -1, 1, out=dots)


def _rows_and_norms(rows: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The rows (n, d) and their Euclidean norms (n,), as `_scaled` makes them."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.vecdot(rows, rows)
    return _scaled(rows, squares, name)


def _scaled(rows: np.ndarray, squares: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The rows (n, d) and their Euclidean norms (n,), safe to multiply and to divide by.

    Rows so long or short that their squares would leave the range of floats are scaled first, in a copy, which
    changes no angle. A zero row gets the norm 1, so that its similarity becomes 0 / 1.
    """
    norms = np.sqrt(squares)
    limits = np.finfo(rows.dtype)
    unsafe = ~((norms > limits.tiny**0.25) & (norms < limits.max**0.25))
    if unsafe.any():
        largest = np.abs(rows[unsafe]).max(axis=1, initial=0)
        if not np.isfinite(largest).all():
            bad = np.flatnonzero(unsafe)[~np.isfinite(largest)][0]
            raise ValueError(f"{name} holds NaN or infinite values (first in row {bad}); embed these texts again.")
        largest[largest == 0] = 1
        rows = rows.copy()
        rows[unsafe] /= largest[:, np.newaxis]
        norms[unsafe] = np.linalg.norm(rows[unsafe], axis=1)
        norms[norms == 0] = 1
    return rows, norms
