"""The question on measuring a ranking: nDCG."""

import numpy as np

from autograder.judge.evidence import Answer
from autograder.judge.question import (
    Check,
    Probe,
    Question,
    as_number,
    each,
    each_plain,
    near,
)
from autograder.judge.ties import TOLERANCE
from helpers import calculate_ndcg
from helpers.sentences import UNROUNDED, rounded

from .misconceptions.ndcg import NDCG_MISTAKES
from .right_answers.ndcg import NDCG_ANSWERS
from .shop import K


def _probe(name: str, i: int, retrieved: list, grades: dict, k: int | None = None) -> Probe:
    return Probe(
        f"ndcg/{name}/{i}",
        "ndcg_at_k",
        (retrieved, grades),
        {} if k is None else {"k": k},
        about={"expected": calculate_ndcg(retrieved, grades, k or K), "k": k or K},
    )


def _judged(rng, counts: tuple[int, int, int]) -> dict[int, int]:
    """So many ids of the grades 2, 1 and 0, in no order."""
    grades = [2] * counts[0] + [1] * counts[1] + [0] * counts[2]
    ids = rng.choice(90_000, len(grades), replace=False)
    return {int(i): int(grade) for i, grade in zip(ids, rng.permutation(grades))}


def _ranked(rng, grades: dict[int, int], n: int) -> list[int]:
    """n of the judged ids in an order that gains something, and less than it could: the best grade comes third at the
    earliest, and the order is not that of the worst ranking."""
    while True:
        ids = [int(i) for i in rng.permutation(list(grades))][:n]
        gains = [grades[i] for i in ids]
        if {1, 2} <= set(gains) and gains[0] != 2 and sorted(gains) != gains and gains[1] != 2:
            return ids


def _ordinary(rng, shop):
    """At most k judged and retrieved: what is beyond k is asked elsewhere. Some that are relevant were not found."""
    shapes = [((2, 3, 4), 6), ((3, 2, 3), 5), ((1, 4, 5), 8), ((2, 2, 6), 7)]
    return [
        _probe("ordinary", i, _ranked(rng, grades := _judged(rng, counts), n), grades)
        for i, (counts, n) in enumerate(shapes)
    ]


def _cuts(rng, shop):
    """More retrieved and more relevant than k, with gains on both sides of each cut and of the tenth place."""
    probes = []
    for i, k in enumerate((None, 5, 1, 15)):
        last = k or K
        while True:
            grades = _judged(rng, (near(rng, 8), near(rng, 10), near(rng, 8)))
            retrieved = [int(x) for x in rng.permutation(list(grades))][: max(last, K) + 4]
            gains = [grades[x] for x in retrieved]
            if min(gains[last - 1], gains[last], gains[9], gains[10]) > 0:
                break
        probes.append(_probe("cut", i, retrieved, grades, k=k))
    return probes


def _none(rng, shop):
    """Nothing relevant: all judged 0, nothing judged; and nothing found."""
    zeros, some = _judged(rng, (0, 0, 8)), _judged(rng, (2, 3, 4))
    return [
        _probe("none", 0, list(zeros)[:6], zeros),
        _probe("none", 1, list(some), {}),
        _probe("none", 2, [], some),
        _probe("none", 3, list(zeros), some, k=3),
    ]


def _unjudged(rng, shop):
    """Ids without a grade take up places and gain nothing."""
    probes = []
    for i in range(2):
        grades = _judged(rng, (2, 3, 3))
        others = [int(x) + 100_000 for x in rng.choice(90_000, 3, replace=False)]
        retrieved = others[:1] + _ranked(rng, grades, 5)
        probes.append(_probe("unjudged", i, retrieved[:3] + others[1:] + retrieved[3:], grades))
    return probes


def _doubles(rng, shop):
    """An id that comes again, right behind itself and further down."""
    grades = _judged(rng, (2, 3, 3))
    a, b, c, *_ = sorted(grades, key=lambda x: -grades[x])
    zero = min(grades, key=lambda x: grades[x])
    return [
        _probe("doubles", 0, [a, a, zero, c, a], grades),
        _probe("doubles", 1, [c, a, c, zero, b], grades),
    ]


def _kinds(rng, shop):
    """Grades of another scale, with halves, and ids that are text."""
    grades = {f"P-{i}": grade for i, grade in enumerate(rng.permutation([3, 1.5, 0.5, 0, 1]).tolist())}
    return [_probe("kinds", 0, [str(x) for x in rng.permutation(list(grades))][:4], grades)]


def _wrong_ndcg(probe: Probe, answer: Answer) -> str | None:
    got = as_number(answer)
    if isinstance(got, str):
        return got
    right, k = probe.about["expected"], probe.about["k"]
    if abs(got - right) <= TOLERANCE:
        return None
    retrieved, grades = probe.args
    gains = [grades.get(i, 0) for i in retrieved]
    case = (
        f"With results whose grades are {gains}, {len(grades)} judged products and k={k}, ndcg_at_k gave {got:.4g}, "
        f"expected {right:.4g}."
    )
    if np.isnan(got):
        return f"{case} What do you divide by when nothing is relevant?"
    if rounded(got, right):
        return f"{case} {UNROUNDED}"
    if len(set(retrieved)) < len(retrieved):
        return f"{case} An id that comes again takes up a place and gains nothing."
    if len(retrieved) > k:
        return f"{case} Do both, the ranking and the ideal one, end after k places?"
    return f"{case} Work out both sums by hand: the ranking's, and that of the best order of all judged products."


NDCG = Question(
    "ndcg",
    15,
    "Measure a ranking by graded judgments",
    (
        Check("ordinary", 6, "the ranking's DCG divided by the best possible DCG", _ordinary, each(_wrong_ndcg)),
        Check("cut", 3, "only the first k count, in the ideal ranking too", _cuts, each(_wrong_ndcg)),
        Check("none", 2, "with nothing relevant it is 0.0", _none, each(_wrong_ndcg)),
        Check("unjudged", 1, "what nobody judged gains nothing", _unjudged, each(_wrong_ndcg)),
        Check("doubles", 2, "an id gains only the first time", _doubles, each(_wrong_ndcg)),
        Check(
            "kinds",
            1,
            "any grades and ids go in, one plain number comes out",
            _kinds,
            each_plain("ndcg_at_k", _wrong_ndcg),
        ),
    ),
    writes="ndcg_at_k",
    misconceptions=NDCG_MISTAKES,
    right_answers=NDCG_ANSWERS,
)
