"""What right answers look like, in float64: the judge's own arithmetic.

Kept apart from `helpers`, whose functions of the same name may be withheld in the process that judges
(the instructor's own Jupyter), and tested against them.
"""

import numpy as np

# Float noise of an honest answer: float32 cosines of 384 numbers differ by about 1e-7 from float64 ones,
# and min-max normalisation divides that noise by the range of the scores, which is seldom below 0.1.
TOLERANCE = 1e-5


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


def recall_range(scores: np.ndarray, relevant: np.ndarray, k: int, tolerance: float = TOLERANCE) -> tuple[float, float]:
    """The least and the greatest Recall@k that a right ranking by `scores` can have.

    scores: (n,); relevant: (n,) bool. Documents within `tolerance` of the k-th score may stand on either side
    of the cut, because float noise or a tie decides; all others are fixed.
    """
    total = int(relevant.sum())
    if total == 0:
        return 0.0, 0.0
    k = min(k, len(scores))
    cut = np.partition(scores, len(scores) - k)[len(scores) - k]
    above = scores > cut + tolerance
    near = np.abs(scores - cut) <= tolerance
    slots = k - int(above.sum())
    sure = int((above & relevant).sum())
    near_relevant, near_all = int((near & relevant).sum()), int(near.sum())
    least = sure + max(0, slots - (near_all - near_relevant))
    most = sure + min(slots, near_relevant)
    return least / total, most / total


def first_wrong_row(positions: list[int], scores: np.ndarray, tolerance: float = TOLERANCE) -> int | None:
    """Row (from 0) at which a ranking by descending `scores` first goes wrong, None where it is right.

    positions: the documents in the order returned. Any order among equal scores is right.
    """
    best = np.sort(scores)[::-1][: len(positions)]
    seen = set()
    for row, position in enumerate(positions):
        if row >= len(best) or position in seen or abs(scores[position] - best[row]) > tolerance:
            return row
        seen.add(position)
    return None
