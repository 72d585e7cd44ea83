"""Hybrid search: BM25 and embeddings, each on a scale from 0 to 1, mixed with one weight.

Min-max normalisation followed by a convex combination: Bruch, Gai & Ingber, "An Analysis of Fusion Functions
for Hybrid Retrieval" (2023).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .bm25 import score_bm25
from .local_model import get_embedding_local
from .ranking import check_k, check_same_length, top_rows
from .similarity import batch_cosine_similarity


def normalize_scores(scores) -> np.ndarray:
    """Bring scores to [0, 1]: (score - min) / (max - min).

    Parameters
    ----------
    scores : array of shape (n,)

    Returns
    -------
    float64 array of shape (n,)
        The lowest score becomes 0 and the highest 1; all zeros if all scores are equal.

    Raises
    ------
    ValueError
        If `scores` is not one-dimensional or holds NaN or infinite values.

    Examples
    --------
    >>> normalize_scores([2, 4, 3]).tolist()
    [0.0, 1.0, 0.5]
    >>> normalize_scores([5, 5]).tolist()
    [0.0, 0.0]
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 1:
        raise ValueError(f"scores must be one-dimensional, one score per product; got shape {scores.shape}.")
    if not len(scores):
        return scores.copy()
    lowest, highest = float(scores.min()), float(scores.max())
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise ValueError("scores hold NaN or infinite values, which have no place between 0 and 1.")
    if lowest == highest:
        return np.zeros_like(scores)
    if np.isinf(highest - lowest):  # the range of huge scores may not fit in a float; half of it does
        return normalize_scores(scores / 2)
    return (scores - lowest) / (highest - lowest)


def check_alpha(alpha: float) -> None:
    """ValueError unless `alpha` is a weight between 0 and 1."""
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must lie between 0 (BM25 alone) and 1 (semantic alone), got {alpha!r}.")


def fuse_scores(semantic_scores: np.ndarray, bm25_scores: np.ndarray, alpha: float) -> np.ndarray:
    """alpha * semantic + (1 - alpha) * bm25, for scores that are normalised already.

    Parameters
    ----------
    semantic_scores, bm25_scores : arrays of one shape
    alpha : float
        The weight of the semantic scores: 0 is BM25 alone, 1 is semantic alone.

    Raises
    ------
    ValueError
        If `alpha` is not between 0 and 1.

    Examples
    --------
    >>> fuse_scores(np.array([1.0, 0.0]), np.array([0.5, 1.0]), alpha=0.5).tolist()
    [0.75, 0.5]
    """
    check_alpha(alpha)
    return alpha * semantic_scores + (1 - alpha) * bm25_scores


def hybrid_search(
    query: str,
    index: Mapping,
    product_embeddings,
    products_df: pd.DataFrame,
    doc_lengths,
    alpha: float = 0.5,
    k: int = 10,
) -> pd.DataFrame:
    """The `k` products with the highest mix of BM25 and semantic score.

    Both scores are normalised over all n products before they are mixed, so that neither scale outweighs the
    other.

    Parameters
    ----------
    query : str
    index : BM25Index
    product_embeddings : array of shape (n, d), or a column of a DataFrame with n vectors of shape (d,)
        Made by the default local model, in the order of `products_df`.
    products_df : DataFrame of n rows
    doc_lengths : int array of shape (n,)
    alpha : float in [0, 1]
        The weight of the semantic score: 0 is BM25 alone, 1 is semantic alone.
    k : int
        At least 1; more than n gives all rows.

    Returns
    -------
    DataFrame
        A copy of the best rows with ``bm25_score`` and ``semantic_score`` (both normalised), ``hybrid_score``
        and ``rank`` (from 1). Equal hybrid scores keep the order of the rows.

    Raises
    ------
    ValueError
        If the inputs describe different numbers of products, or `alpha` or `k` is out of range.
    """
    check_k(k)
    check_alpha(alpha)
    check_same_length(
        products_df=len(products_df), product_embeddings=len(product_embeddings), doc_lengths=len(doc_lengths)
    )
    bm25 = normalize_scores(score_bm25(query, index, len(products_df), doc_lengths))
    semantic = normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
    hybrid = fuse_scores(semantic, bm25, alpha)
    return top_rows(products_df, hybrid, k, bm25_score=bm25, semantic_score=semantic, hybrid_score=hybrid)
