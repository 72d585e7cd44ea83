"""The question on measuring a search: recall."""

from dataclasses import replace

import numpy as np

from autograder.judge.question import (
    Answer,
    Check,
    Exchange,
    Probe,
    Question,
    as_items,
    as_number,
    each,
    each_plain,
    near,
)
from autograder.judge.ties import TOLERANCE
from helpers.sentences import UNROUNDED, rounded

from .expected import recall
from .misconceptions.recall import RECALL_MISTAKES
from .right_answers.recall import RECALL_ANSWERS
from .shop import Shop

IDS = 10**15


def _probe(name: str, i: int, retrieved, relevant, k: int | None = None, kind: type = set) -> Probe:
    retrieved = [int(x) for x in retrieved]
    relevant = kind(int(x) for x in relevant)
    kwargs = {} if k is None else {"k": k}
    about = {
        "expected": recall(retrieved, relevant, k or 10),
        "k": k or 10,
        "retrieved": retrieved,
        "relevant": set(relevant),
    }
    return Probe(f"recall/{name}/{i}", "recall_at_k", (retrieved, relevant), kwargs, about=about)


def _draw(rng, found: int, missed: int, wrong: int) -> tuple[list, list]:
    """A shuffled result list with `found` relevant ids among `wrong` others, and the relevant ids.

    Out of so many that no two probes share an id by chance: a function that remembers ids gets one mark then.
    """
    ids = rng.choice(IDS, found + missed + wrong, replace=False)
    retrieved = np.concatenate([ids[:found], ids[found + missed :]])
    return list(rng.permutation(retrieved)), list(ids[: found + missed])


def _ordinary(rng, shop):
    """No list is longer than k: what is beyond it is asked about elsewhere."""
    shapes = [(3, 4, 7), (3, 4, 7), (1, 0, 9), (5, near(rng, 16), 5), (2, 1, 8), (0, 3, 10), (10, 5, 0)]
    return [_probe("ordinary", i, *_draw(rng, *shape)) for i, shape in enumerate(shapes)]


def _cuts(rng, shop):
    """Lists longer than k with a relevant id on each side of the cut, and of the tenth place: no slip by one stays
    unseen, and no ten in the place of k."""
    probes = []
    for i, (k, shape) in enumerate(
        [(None, (9, 3, 11)), (5, (6, 2, 8)), (1, (4, 0, 6)), (15, (8, 3, 14)), (20, (3, 2, 4))]
    ):
        retrieved, relevant = _draw(rng, *shape)
        if len(retrieved) > (last := (k or 10) - 1):
            for place, product_id in zip(dict.fromkeys([last, last + 1, 9, 10]), relevant):
                if place < len(retrieved):
                    there = retrieved.index(product_id)
                    retrieved[there], retrieved[place] = retrieved[place], product_id
        probes.append(_probe("cut", i, retrieved, relevant, k=k))
    ids = [int(x) for x in rng.choice(IDS, 8, replace=False)]
    repeated = [x for x in ids[3:] for _ in (0, 1)]  # a repeated id fills two of the first k places
    probes.append(_probe("cut", len(probes), ids[:1] + repeated + ids[1:3], ids[:3]))
    return probes


def _none_relevant(rng, shop):
    retrieved, _ = _draw(rng, 0, 0, 10)
    return [_probe("none", 0, retrieved, []), _probe("none", 1, [], []), _probe("none", 2, retrieved, [], k=3)]


def _doubles(rng, shop):
    retrieved, relevant = _draw(rng, 3, 2, 3)
    return [
        _probe("doubles", 0, [x for x in retrieved for _ in (0, 1)][:10], relevant),
        _probe("doubles", 1, [relevant[0]] * 10, relevant),
    ]


def _kinds(rng, shop):
    """Relevant ids in a list, as they come out of a table's column; none of them; and what the lists are afterwards."""
    probes = [_probe("kinds", i, *_draw(rng, 2, 3, near(rng, 6)), kind=list) for i in range(2)]
    probes.append(_probe("kinds", 2, _draw(rng, 0, 0, 10)[0], [], kind=list))
    for place in (0, 1):
        retrieved, relevant = _draw(rng, 3, 2, near(rng, 6))
        first = retrieved.index(relevant[0])  # among the first k, and others are beyond them: each may be struck out
        retrieved[0], retrieved[first] = retrieved[first], retrieved[0]
        probe = _probe("kinds", 3 + place, retrieved, relevant, k=5, kind=list)
        probes.append(replace(probe, argument=place, about=list(probe.args[place])))
    return probes


def _wrong_kinds(exchange: Exchange, shop: Shop) -> str | None:
    if sentence := each_plain("recall_at_k", _wrong_recall)(exchange[:3], shop):
        return sentence
    for probe, answer in exchange[3:]:
        items = as_items(answer)
        if isinstance(items, str):
            return items
        if items != probe.about:
            name = "relevant_ids" if probe.argument else "retrieved_ids"
            return f"recall_at_k changes the {name} that it is given: leave them as they were, or work on a copy."
    return None


def _wrong_recall(probe: Probe, answer: Answer) -> str | None:
    got = as_number(answer)
    if isinstance(got, str):
        return got
    about = probe.about
    if abs(got - about["expected"]) <= TOLERANCE:
        return None
    found, total = len(set(about["retrieved"]) & about["relevant"]), len(about["relevant"])
    case = (
        f"With {len(about['retrieved'])} retrieved ids that hold {found} of {total} relevant ids, and k={about['k']}, "
        f"recall_at_k gave {got:.4g}."
    )
    if np.isnan(got):
        return f"{case} It should be a number: what do you divide by when nothing is relevant?"
    if rounded(got, about["expected"]):
        return f"{case} {UNROUNDED}"
    if total == 0:
        return f"{case} With no relevant ids it should be 0.0."
    if got > 1:
        repeated = len(set(about["retrieved"])) < len(about["retrieved"])
        return f"{case} Recall never exceeds 1: {'does a repeated id count twice?' if repeated else 'it is a share.'}"
    if len(about["retrieved"]) > about["k"]:
        return f"{case} Do only the first k retrieved ids count?"
    return f"{case} Recall asks: of all that is relevant, what share was found? What do you divide by?"


RECALL = Question(
    "recall",
    10,
    "Measure what a search has found",
    (
        Check("ordinary", 4, "the share of the relevant ids that was found", _ordinary, each(_wrong_recall)),
        Check("cut", 2, "only the first k retrieved ids count", _cuts, each(_wrong_recall)),
        Check("none", 2, "with no relevant ids the recall is 0.0", _none_relevant, each(_wrong_recall)),
        Check("doubles", 1, "an id retrieved twice counts once", _doubles, each(_wrong_recall)),
        Check(
            "kinds",
            1,
            "relevant ids may be a list, nothing is changed, one plain number comes out",
            _kinds,
            _wrong_kinds,
        ),
    ),
    writes="recall_at_k",
    misconceptions=RECALL_MISTAKES,
    right_answers=RECALL_ANSWERS,
)
