"""What right answers look like, in float64: the judge's own arithmetic.

Kept apart from `helpers`, whose functions of the same name may be withheld in the process that judges
(the instructor's own Jupyter), and tested against them.
"""

import numpy as np


def cosines(query: np.ndarray, docs: np.ndarray) -> np.ndarray:
    """Cosine of (d,) with each row of (n, d) -> (n,) float64, or each row of (m, d) -> (m, n); zero vectors give 0."""
    query, docs = np.asarray(query, dtype=np.float64), np.asarray(docs, dtype=np.float64)
    lengths = np.multiply.outer(np.linalg.norm(query, axis=-1), np.linalg.norm(docs, axis=1))
    return np.divide(query @ docs.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def min_max(scores: np.ndarray) -> np.ndarray:
    """(n,) -> (n,) float64 in [0, 1]; all equal gives zeros."""
    scores = np.asarray(scores, dtype=np.float64)
    if scores.size == 0 or scores.max() == scores.min():
        return np.zeros_like(scores)
    return (scores - scores.min()) / (scores.max() - scores.min())


def recall(retrieved, relevant, k: int) -> float:
    """Share of the relevant ids among the first k retrieved; no relevant ids gives 0."""
    relevant = set(relevant)
    return len(set(list(retrieved)[:k]) & relevant) / len(relevant) if relevant else 0.0
