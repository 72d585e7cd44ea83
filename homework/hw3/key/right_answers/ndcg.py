"""Right answers to nDCG."""

from autograder.judge.banks import RightAnswer

NDCG_ANSWERS = (
    RightAnswer(
        "a sum over the places",
        """
def ndcg_at_k(retrieved_ids, grades, k=10):
    def dcg(gains):
        return sum(gain / np.log2(place + 1) for place, gain in enumerate(gains[:k], start=1))
    seen, gains = set(), []
    for i in retrieved_ids:
        gains.append(0 if i in seen else grades.get(i, 0))
        seen.add(i)
    best = dcg(sorted(grades.values(), reverse=True))
    return float(dcg(gains) / best) if best > 0 else 0.0
""",
    ),
    RightAnswer(
        "arrays",
        """
def ndcg_at_k(retrieved_ids, grades, k=10):
    left = dict(grades)
    gains = np.array([left.pop(i, 0) for i in list(retrieved_ids)[:k]], dtype=float)
    ideal = np.sort(np.array(list(grades.values()), dtype=float))[::-1][:k]
    discounts = 1 / np.log2(np.arange(2, k + 2))
    best = ideal @ discounts[:len(ideal)]
    return gains @ discounts[:len(gains)] / best if best else 0
""",
    ),
    RightAnswer(
        "natural logarithms, whose base divides out, in float32",
        """
def ndcg_at_k(retrieved_ids, grades, k=10):
    values = [grades.get(i, 0) * (i not in retrieved_ids[:n]) for n, i in enumerate(retrieved_ids[:k])]
    best = sorted(grades.values())[::-1][:k]
    discounted = lambda xs: sum((np.float32(x) / np.log(np.float32(n)) for n, x in enumerate(xs, 2)), np.float32(0))
    return discounted(values) / discounted(best) if any(best) else np.float32(0)
""",
    ),
    RightAnswer(
        "pandas",
        """
def ndcg_at_k(retrieved_ids, grades, k=10):
    found = pd.Series(list(retrieved_ids)[:k], dtype=object)
    gains = found.map(grades).fillna(0).astype(float).where(~found.duplicated(), 0)
    best = pd.Series(grades, dtype=float).sort_values(ascending=False).head(k)
    if best.sum() == 0:
        return 0.0
    weigh = lambda column: float((column.to_numpy() / np.log2(np.arange(len(column)) + 2)).sum())
    return weigh(gains) / weigh(best)
""",
    ),
    RightAnswer(
        "a recursion over the places",
        """
import math
def ndcg_at_k(retrieved_ids, grades, k=10):
    def dcg(ids, place, seen):
        if not ids or place > k:
            return 0.0
        gain = 0 if ids[0] in seen else grades.get(ids[0], 0)
        return gain / math.log2(place + 1) + dcg(ids[1:], place + 1, seen | {ids[0]})
    best = dcg(sorted(grades, key=grades.get, reverse=True), 1, frozenset())
    return dcg(list(retrieved_ids), 1, frozenset()) / best if best else 0.0
""",
    ),
)
