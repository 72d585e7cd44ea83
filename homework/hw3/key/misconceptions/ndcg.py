"""Mistakes in ndcg_at_k."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("ndcg",))
_FIRST = "list(dict.fromkeys(retrieved_ids))"


def _ndcg(
    discount: str = "np.log2(place + 2)",
    gain: str = "grade",
    ideal: str = "sorted(grades.values(), reverse=True)[:k]",
    nothing: str = "0.0",
    result: str = "dcg(gains) / best",
    unjudged: str = "grades.get(i, 0)",
    gains: str = "[({unjudged} if i not in retrieved_ids[:n] else 0) for n, i in enumerate(retrieved_ids[:k])]",
) -> str:
    return f"""
def ndcg_at_k(retrieved_ids, grades, k=10):
    def dcg(values):
        return sum({gain} / {discount} for place, grade in enumerate(values))
    gains = {gains.format(unjudged=unjudged)}
    best = dcg({ideal})
    if best == 0:
        return {nothing}
    return {result}
"""


NDCG_MISTAKES = (
    _Mistake(
        "dcg",
        "It looks like DCG, before it is divided by that of the best ranking",
        "What makes the sums of two queries comparable?",
        _ndcg(result="dcg(gains)"),
    ),
    _Mistake(
        "ideal-of-the-retrieved",
        "It looks as if the ideal ranking held only what was retrieved",
        "A search that misses the best products should pay for it: of which products is the ideal ranking made?",
        _ndcg(ideal="sorted(gains, reverse=True)"),
        also=(_ndcg(ideal="sorted([grades.get(i, 0) for i in retrieved_ids], reverse=True)[:k]"),),
    ),
    _Mistake(
        "exponential-gain",
        "It looks as if the gain was 2 to the power of the grade, minus 1",
        "That is another common gain; the text takes the grade itself.",
        _ndcg(gain="(2 ** grade - 1)"),
    ),
    _Mistake(
        "binary-gain",
        "It looks as if every relevant product gained 1",
        "A product of grade 2 gains twice as much as one of grade 1.",
        _ndcg(gain="(grade > 0)"),
    ),
    _Mistake(
        "exact-only",
        "It looks as if only products of grade 2 gained anything",
        "A product of grade 1 gains too.",
        _ndcg(gain="(grade if grade >= 2 else 0)"),
    ),
    _Mistake(
        "no-discount",
        "It looks as if the places had no part in it",
        "A good product on place 10 is worth less than one on place 1: what is each gain divided by?",
        _ndcg(discount="1"),
    ),
    _Mistake(
        "discount-by-rank",
        "It looks as if each gain was divided by its rank, not by the logarithm",
        "Which function makes the step from rank 1 to 2 large, and that from 9 to 10 small?",
        _ndcg(discount="(place + 1)"),
    ),
    _Mistake(
        "ranks-from-zero",
        "It looks as if ranks were counted from 0 in the discount",
        "The first gain is divided by log2(2), which is 1: what is the rank of the first product?",
        _ndcg(discount="np.log2(max(place, 1) + 1)"),
        also=(_ndcg(discount="max(1, np.log2(place + 1))"),),
    ),
    _Mistake(
        "one-rank-too-many",
        "It looks as if the discount began one place too late",
        "The first gain is divided by log2(2), which is 1.",
        _ndcg(discount="np.log2(place + 3)"),
    ),
    _Mistake(
        "infinite-first",
        "It looks as if the first gain was divided by log2(1), which is 0",
        "Its discount is log2(rank + 1), and the first rank is 1.",
        _ndcg(discount="np.log2(np.float64(place + 1))"),
        also=(
            """
import math
def ndcg_at_k(retrieved_ids, grades, k=10):
    def dcg(values):
        return sum(np.float64(grade) / np.log2(place + 1) for place, grade in enumerate(values))
    gains = [grades.get(i, 0) for i in retrieved_ids[:k]]
    best = dcg(sorted(grades.values(), reverse=True)[:k])
    return 0.0 if best == 0 else dcg(gains) / best
""",
        ),
    ),
    _Mistake(
        "undiscounted-ideal",
        "It looks as if only the ranking was discounted, not the ideal one",
        "Both sums are made the same way.",
        _ndcg(result="dcg(gains) / sum(sorted(grades.values(), reverse=True)[:k])"),
    ),
    _Mistake(
        "ideal-not-sorted",
        "It looks as if the ideal ranking had the judged products in the order in which they came",
        "The best order has the highest grades first.",
        _ndcg(ideal="list(grades.values())[:k]"),
    ),
    _Mistake(
        "ideal-upwards",
        "It looks as if the ideal ranking was sorted upwards",
        "The best order has the highest grades first.",
        _ndcg(ideal="sorted(grades.values())[:k]"),
    ),
    _Mistake(
        "ideal-not-cut",
        "It looks as if the ideal ranking went on beyond k",
        "Ten results are compared with the best ten that there could be.",
        _ndcg(ideal="sorted(grades.values(), reverse=True)"),
    ),
    _Mistake(
        "ranking-not-cut",
        "It looks as if the ranking was read beyond k",
        "Only the first k results count.",
        _ndcg(gains="[({unjudged} if i not in retrieved_ids[:n] else 0) for n, i in enumerate(retrieved_ids)]"),
    ),
    _Mistake(
        "nothing-cut",
        "It looks as if k was not used",
        "Only the first k places count, in the ranking and in the ideal one.",
        _ndcg(
            ideal="sorted(grades.values(), reverse=True)",
            gains="[({unjudged} if i not in retrieved_ids[:n] else 0) for n, i in enumerate(retrieved_ids)]",
        ),
    ),
    _Mistake(
        "always-ten",
        "It looks as if the first ten were taken whatever k is",
        "Is there a 10 in your function that should be k?",
        _ndcg(
            ideal="sorted(grades.values(), reverse=True)[:10]",
            gains="[({unjudged} if i not in retrieved_ids[:n] else 0) for n, i in enumerate(retrieved_ids[:10])]",
        ),
    ),
    _Mistake(
        "recall",
        "It looks like recall, which knows no places and no grades",
        "nDCG asks how high the good products stand.",
        """
def ndcg_at_k(retrieved_ids, grades, k=10):
    relevant = {i for i, grade in grades.items() if grade > 0}
    return len(relevant & set(retrieved_ids[:k])) / len(relevant) if relevant else 0.0
""",
    ),
    _Mistake(
        "precision",
        "It looks like precision, the share of the results that are relevant",
        "nDCG asks how high the good products stand, and how good they are.",
        """
def ndcg_at_k(retrieved_ids, grades, k=10):
    top = list(dict.fromkeys(retrieved_ids[:k]))
    return sum(grades.get(i, 0) > 0 for i in top) / len(top) if top else 0.0
""",
    ),
    _Mistake(
        "nan-for-nothing",
        "Your function gives nan when nothing is relevant",
        "A nan spreads to every mean it enters: what number does the text ask for?",
        _ndcg(nothing="float('nan')"),
    ),
    _Mistake(
        "one-for-nothing",
        "Your function gives 1 when nothing is relevant",
        "Nothing to find could count as all found, but the text decides otherwise: how?",
        _ndcg(nothing="1.0"),
    ),
    _Mistake(
        "stops-for-nothing",
        "Your function divides by zero when nothing is relevant",
        "Read what the text asks for in that case, and decide before you divide.",
        _ndcg(nothing="1 / 0"),
        also=(
            """
import math
def ndcg_at_k(retrieved_ids, grades, k=10):
    gains = [grades.get(i, 0) if i not in retrieved_ids[:n] else 0 for n, i in enumerate(retrieved_ids[:k])]
    best = sorted(grades.values(), reverse=True)[:k]
    discount = lambda values: sum(g / math.log2(p + 2) for p, g in enumerate(values))
    return discount(gains) / discount(best)
""",
        ),
    ),
    _Mistake(
        "unjudged-stops",
        "A product that nobody judged stops your function",
        "Which grade does the text give it? A dict's get has a place for that.",
        _ndcg(unjudged="grades[i]"),
    ),
    _Mistake(
        "unjudged-left-out",
        "It looks as if products that nobody judged were left out, so that the next ones moved up",
        "Such a product gains nothing, and takes up its place.",
        _ndcg(
            gains="[g for g in (({unjudged} if i not in retrieved_ids[:n] else 0) if i in grades else None "
            "for n, i in enumerate(retrieved_ids[:k])) if g is not None]"
        ),
    ),
    _Mistake(
        "doubles-gain",
        "A product that comes twice gains twice",
        "Three copies of one product are still one product found.",
        _ndcg(gains="[{unjudged} for i in retrieved_ids[:k]]"),
    ),
    _Mistake(
        "doubles-removed",
        "It looks as if repeated products were left out, so that the next ones moved up",
        "A product that comes again gains nothing, and takes up its place.",
        _ndcg(gains=f"[{{unjudged}} for i in {_FIRST}[:k]]"),
    ),
    _Mistake(
        "rounded",
        "It looks as if the result was rounded",
        "Round when you print, not in what other code goes on to use.",
        _ndcg(result="round(dcg(gains) / best, 2)"),
    ),
    _Mistake(
        "percent",
        "It looks as if the result was a percentage",
        "The text asks for a number between 0 and 1.",
        _ndcg(result="100 * dcg(gains) / best"),
    ),
    _Mistake(
        "array-result",
        "The value is right, but it comes in a list or an array",
        "The text asks for one plain number: what is the type of what you return?",
        _ndcg(nothing="[0.0]", result="[dcg(gains) / best]"),
    ),
)
