"""Rankings with ties and float noise: which orders and which recalls a right ranking can have."""

import numpy as np

# Float noise of an honest answer: float32 cosines of 384 numbers differ by about 1e-7 from float64 ones,
# and min-max normalisation divides that noise by the range of the scores, which is seldom below 0.1.
TOLERANCE = 1e-5


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
