"""From scores to a ranking: every search of the course picks its top rows here."""

from numbers import Integral

import numpy as np
import pandas as pd


def check_k(k: int) -> int:
    """Return `k` as an int; ValueError unless it is a whole number of at least 1."""
    if isinstance(k, (bool, np.bool_)) or not isinstance(k, Integral) or k < 1:
        raise ValueError(f"k must be a whole number of at least 1, got {k!r}.")
    return int(k)


def top_k(scores, k: int) -> np.ndarray:
    """Positions of the `k` highest scores, best first; equal scores in order of position.

    The same as ``np.argsort(-scores, kind="stable")[:k]``, without sorting what is not asked for.

    Parameters
    ----------
    scores : array of shape (n,)
    k : int
        At least 1; more than n gives all n positions.

    Returns
    -------
    int array of shape (min(k, n),)

    Raises
    ------
    ValueError
        If `scores` is not one-dimensional or holds NaN, or if `k` is not a whole number of at least 1.

    Examples
    --------
    >>> top_k([0.1, 0.9, 0.5, 0.9], k=3).tolist()
    [1, 3, 2]
    """
    k = check_k(k)
    scores = np.asarray(scores)
    if scores.ndim != 1:
        raise ValueError(f"scores must be one-dimensional, one score per row; got shape {scores.shape}.")
    if scores.dtype.kind != "f":
        scores = scores.astype(np.float64)
    if len(scores) and np.isnan(scores.max()):
        raise ValueError(f"scores hold {np.isnan(scores).sum()} NaN; a ranking needs a number for every row.")
    if k >= len(scores):
        return np.argsort(-scores, kind="stable")
    bound = reached_by(scores, k)
    best = np.flatnonzero(scores > bound)
    if len(best) < k:
        best = np.concatenate([best, np.flatnonzero(scores == bound)[: k - len(best)]])
    return best[np.argsort(-scores[best], kind="stable")[:k]]


def reached_by(scores: np.ndarray, k: int) -> float:
    """A score that at least `k` of the scores reach: the k-th highest, or a little less.

    The scores, of which there must be more than `k`, are dealt out to groups and the best of each group is
    taken. Those are scores too, so the k-th highest of all is no lower than the k-th highest of these.
    """
    per_group = max(1, len(scores) // (32 * k))
    groups = len(scores) // per_group
    best_of_groups = scores[: groups * per_group].reshape(per_group, groups).max(axis=0)
    best_of_groups.partition(groups - k)
    return best_of_groups[groups - k]


def top_k_of_candidates(
    rows: np.ndarray, scores: np.ndarray, n: int, k: int, repeated: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """`top_k` of n scores of which only some are given, all of them above 0: the positions, and the scores there.

    Parameters
    ----------
    rows : int array of shape (m,)
        Positions among which the `k` best of the scores above 0 are, in any order.
    scores : float array of shape (m,)
    n, k : int
        Where fewer than `k` positions below n are given, the others have the score 0.
    repeated : bool
        Whether a position may stand among `rows` more than once, with the same score.

    Returns
    -------
    positions : int array of shape (min(k, n),)
        Best first; equal scores, among them the zeros, in order of position.
    scores : float array of shape (min(k, n),)

    Examples
    --------
    >>> positions, scores = top_k_of_candidates(np.array([5, 1]), np.array([0.5, 0.9]), n=6, k=4)
    >>> positions.tolist(), scores.tolist()
    ([1, 5, 0, 2], [0.9, 0.5, 0.0, 0.0])
    """
    order = np.lexsort((rows, -scores))
    if repeated:
        ordered = rows[order]  # the same positions lie beside each other
        order = order[np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(order)]]
    rows, scores = rows[order[:k]], scores[order[:k]]
    missing = min(k, n) - len(rows)
    if missing:
        zeros = np.setdiff1d(np.arange(min(k, n)), rows)[:missing]
        rows, scores = np.concatenate([rows, zeros]), np.concatenate([scores, np.zeros(missing)])
    return rows, scores


def top_rows(products_df: pd.DataFrame, scores, k: int, **columns) -> pd.DataFrame:
    """The `k` rows of `products_df` with the highest `scores`, as a copy, best first.

    Parameters
    ----------
    products_df : DataFrame of n rows
    scores : array of shape (n,)
    k : int
    **columns : arrays of shape (n,)
        Further columns of the result, given for all n rows.

    Returns
    -------
    DataFrame
        The original columns and index labels, then `columns`, then ``rank`` (1, 2, ...).
    """
    top = top_k(scores, k)
    return take_rows(products_df, top, **{name: np.asarray(values)[top] for name, values in columns.items()})


def take_rows(products_df: pd.DataFrame, rows: np.ndarray, **columns) -> pd.DataFrame:
    """A copy of `rows` (positions, best first), with further `columns` of the same length and ``rank``."""
    table = products_df.take(rows)
    for name, values in columns.items():
        table[name] = values
    table["rank"] = np.arange(1, len(rows) + 1)
    return table


def check_same_length(**counts: int) -> None:
    """ValueError that names both numbers unless all `counts` are equal."""
    if len(set(counts.values())) > 1:
        lengths = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        raise ValueError(
            f"the inputs differ in length ({lengths}): they must describe the same products, in the same order."
        )
