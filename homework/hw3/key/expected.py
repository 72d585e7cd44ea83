"""What right answers look like: the judge's own arithmetic, where helpers have no function for it."""

import math
from collections.abc import Iterable

import numpy as np

from autograder.judge.ties import TOLERANCE
from helpers import build_index, calculate_dcg


def idf(df: int, n: int) -> float:
    return math.log((n - df + 0.5) / (df + 0.5) + 1)


def as_dicts(texts: Iterable) -> tuple[dict[str, dict[int, int]], np.ndarray]:
    """The index of n texts as the homework has it: {term: {row: tf}}, and doc_lengths of shape (n,)."""
    index, doc_lengths = build_index(texts)
    return {term: index[term] for term in index}, doc_lengths


def dcg_range(scores: np.ndarray, grades: np.ndarray, k: int) -> tuple[float, float]:
    """The least and the greatest DCG@k that a right ranking by `scores` can have.

    scores, grades: (n,). Documents whose scores differ by no more than float noise may stand in any order: within each
    such run the grades are sorted up, and down.
    """
    cut = np.partition(scores, max(0, len(scores) - k))[max(0, len(scores) - k)]
    candidates = np.flatnonzero(scores >= cut - TOLERANCE)
    candidates = candidates[np.argsort(-scores[candidates], kind="stable")]
    run = np.cumsum(np.diff(scores[candidates], prepend=scores[candidates[0]]) < -TOLERANCE)
    least, most = (candidates[np.lexsort((sign * grades[candidates], run))] for sign in (1, -1))
    return calculate_dcg(grades[least], k), calculate_dcg(grades[most], k)


def lost_queries(queries: Iterable[tuple], right: dict, broken: dict, tokenize) -> set:
    """Ids of the (id, text) pairs for which some row is found by `right` and not by `broken`."""

    def found(tokens, postings):
        return {row for token in tokens for row in postings.get(token, ())}

    return {i for i, text in queries if found(tokenize(text), right) - found(tokenize(text), broken)}
