"""Choosing the weight of a hybrid search by measuring."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from .evaluation import check_matrix
from .hybrid import check_alpha, fuse_scores, normalize_scores
from .ids import check_alike
from .measures import calculate_recall, relevant_products
from .ranking import check_k, top_k


def sweep_alpha(
    semantic_scores,
    bm25_scores,
    product_ids: Sequence,
    queries_df: pd.DataFrame,
    labels_df: pd.DataFrame,
    alphas: Iterable[float],
    k: int = 10,
) -> pd.DataFrame:
    """Mean recall@k of hybrid search for each of several weights.

    Scores are computed and normalised once and mixed once per alpha, instead of running every search again.

    Parameters
    ----------
    semantic_scores, bm25_scores : arrays of shape (q, n)
        Raw scores, as `cosine_similarity_matrix` and `score_bm25_batch` give them.
    product_ids : sequence of n ids
    queries_df : DataFrame of q rows with query_id and query
    labels_df : DataFrame with query_id, product_id and grade (or label)
    alphas : iterable of floats in [0, 1]
        Weights of the semantic score.
    k : int

    Returns
    -------
    DataFrame with alpha, mean_recall
        One row per alpha, in the given order.

    Raises
    ------
    ValueError
        If a shape does not fit, a column is missing, an alpha is out of range, or `k` is not a whole number
        of at least 1.
    TypeError
        If ids that are compared with each other are text on one side and numbers on the other.
    """
    k, ids, alphas = check_k(k), np.asarray(product_ids), list(alphas)
    semantic_scores, bm25_scores = np.asarray(semantic_scores), np.asarray(bm25_scores)
    check_matrix(semantic_scores, "semantic_scores", ids, queries_df)
    check_matrix(bm25_scores, "bm25_scores", ids, queries_df)
    check_alike("queries_df", queries_df["query_id"], "labels_df", labels_df["query_id"])
    relevant = relevant_products(labels_df)
    if not len(queries_df):
        raise ValueError("queries_df has no rows, so there is no mean recall.")
    for alpha in alphas:
        check_alpha(alpha)
    recalls = np.empty((len(queries_df), len(alphas)))
    for i, query_id in enumerate(queries_df["query_id"].tolist()):
        semantic, bm25 = normalize_scores(semantic_scores[i]), normalize_scores(bm25_scores[i])
        for j, best in enumerate(_best_of_each_mix(semantic, bm25, alphas, k)):
            recalls[i, j] = calculate_recall(ids[best].tolist(), relevant.get(query_id, ()), k)
    return pd.DataFrame({"alpha": alphas, "mean_recall": recalls.mean(axis=0)})


def _best_of_each_mix(semantic: np.ndarray, bm25: np.ndarray, alphas: list[float], k: int) -> Iterator[np.ndarray]:
    """``top_k(fuse_scores(semantic, bm25, alpha), k)`` for each alpha; both scores lie in [0, 1].

    Take the k best products of one mix. A product with a lower semantic score and a lower BM25 score than all
    of these k (or with no such score, where the lowest of these is 0 too) is beaten by them in every mix, and
    need not be looked at again. "Lower" leaves room for rounding, which must not make a tie of it. Where the
    lowest scores of the k mix to next to nothing it could, and then all products are looked at.
    """
    if len(semantic) <= k:
        yield from (top_k(fuse_scores(semantic, bm25, alpha), k) for alpha in alphas)
        return
    weights = np.array(alphas, dtype=np.float64)
    is_safe = np.ones(len(weights), dtype=bool)
    left, some_semantic, some_bm25 = np.arange(len(semantic)), semantic, bm25
    for alpha in (1.0, 0.5):
        best = top_k(fuse_scores(some_semantic, some_bm25, alpha), k)
        low_semantic, low_bm25 = some_semantic[best].min(), some_bm25[best].min()
        is_safe &= weights * low_semantic + (1 - weights) * low_bm25 > 1e-100
        promising = (some_semantic > low_semantic * (1 - 1e-9)) | (some_bm25 > low_bm25 * (1 - 1e-9))
        promising[best] = True
        left, some_semantic, some_bm25 = left[promising], some_semantic[promising], some_bm25[promising]
    mixes = -(np.outer(weights, some_semantic) + np.outer(1 - weights, some_bm25))  # ascending is best first
    reached = np.partition(mixes, k - 1, axis=1)[:, k - 1 : k]
    good = np.flatnonzero((mixes <= reached).any(axis=0))
    ranked = left[good[np.argsort(mixes[:, good], axis=1, kind="stable")[:, :k]]]
    for alpha, best, safe in zip(alphas, ranked, is_safe.tolist()):
        yield best if safe else top_k(fuse_scores(semantic, bm25, alpha), k)
