"""The question on two fields: a search over names and classes, judged by its nDCG@10, and the weight it was given."""

from dataclasses import replace

import numpy as np

from autograder.judge.evidence import Answer
from autograder.judge.question import Check, Exchange, Named, Probe, Question, as_frame, each, near
from autograder.judge.sweep import Means, Sweep
from autograder.judge.ties import TOLERANCE
from helpers import calculate_ndcg

from .drawn import families, products_of
from .expected import as_dicts
from .measures import NDCG
from .misconceptions.two_fields import TWO_FIELDS_MISTAKES
from .right_answers.two_fields import TWO_FIELDS_ANSWERS
from .scores import BM25, IDF, SEARCH
from .shop import WEIGHTS, K, Shop
from .words import POSTINGS, TOKENIZE

A_FEW, DRAWS = 12, 200
TABLE = Sweep(
    table="weight_table",
    parameter="weight",
    mean="mean_ndcg",
    best="best_weight",
    listed="WEIGHTS",
    values=WEIGHTS,
    asked="the mean nDCG@10, over all rows of tuning_queries, of weight * (score of the name) + (1 - weight) * (score "
    "of the class)",
    none="Does a query with nothing relevant count as 0.0?",
)


def _both(rng, shop):
    """Catalogues with the query's words in the names of some products and in the classes of others; most have none."""
    return [_both_probe(rng, i, k) for i, k in enumerate((None, 6, 30))]


def _both_probe(rng: np.random.Generator, i: int, k: int | None) -> Probe:
    words = families(rng, 8)
    asked, others = words[:2], [long for _, long in words[2:]]
    n = near(rng, 18)

    def text(own: bool) -> str:
        chosen = rng.choice(others, 3, replace=False).tolist()
        return " ".join(rng.permutation([*chosen, *([pair[0] for pair in asked] if own else [])]))

    kinds = rng.permutation([1, 1, 2, 2] + [0] * (n - 4))
    names, classes = [text(kind == 1) for kind in kinds], [text(kind == 2) for kind in kinds]
    products = products_of(rng, names, classes)
    ids = products["product_id"].to_numpy()
    return Probe(
        f"two_fields/both/{i}",
        "two_fields",
        (
            " ".join(long for _, long in asked),
            list(as_dicts(names)),
            list(as_dicts(classes)),
            products,
            float(rng.choice(WEIGHTS[2:-2])),
        ),
        {} if k is None else {"k": k},
        columns=("product_id",),
        about={
            "ids": ids.tolist(),
            "name": set(ids[kinds == 1].tolist()),
            "class": set(ids[kinds == 2].tolist()),
            "rows": min(k or K, n),
        },
    )


def _wrong_both(probe: Probe, answer: Answer) -> str | None:
    frame = as_frame(answer, "product_id")
    if isinstance(frame, str):
        return frame
    about, ids = probe.about, frame.columns["product_id"]
    case = f"On a catalogue of {len(about['ids'])} products with k={probe.kwargs.get('k', K)},"
    if len(ids) != about["rows"]:
        return f"{case} two_fields gave {len(ids)} rows; {about['rows']} are asked for."
    if len(set(ids)) < len(ids) or not set(ids) <= set(about["ids"]):
        return f"{case} the result repeats a product or holds one that is not in products_df."
    first = set(ids[:4])
    for field in ("class", "name"):
        if not about[field] <= first:
            return (
                f"{case} a product with both words of the query in its {field} stands behind products that have none. "
                "Does each field count?"
            )
    return None


def _report(rng, shop):
    """Every query of the report half, in capitals, on the sample, with the weight that the tuning half chooses."""
    sample = tuple(map(Named, ("course_names", "course_classes", "products")))
    report, weight = shop.report_queries, shop.reference.get("best_weight", WEIGHTS[-1])
    asked = zip(report["query_id"].tolist(), report["query"].str.upper().tolist())
    return [
        Probe(
            f"two_fields/reaches/{i}",
            "two_fields",
            (query, *sample, weight),
            {"k": K},
            columns=("product_id",),
            about=i,
        )
        for i, query in asked
    ]


def _misses(exchange: Exchange, shop: Shop) -> str | None:
    """The mean nDCG@10 over the report half must reach the reference, less what breaking ties otherwise may cost."""
    found = []
    for probe, answer in exchange:
        frame = as_frame(answer, "product_id")
        if isinstance(frame, str):
            return frame
        found.append(calculate_ndcg(frame.columns["product_id"], shop.judgments.get(probe.about, {}), K))
    mean, wanted = float(np.mean(found)), shop.reference["report"]["least"]
    if mean >= wanted - TOLERANCE:
        return None
    return (
        f"Over the {len(found)} queries of the report half, your two_fields reaches a mean nDCG@{K} of {mean:.4f}; the "
        f"weighted sum reaches {wanted:.4f} with the same weight. Does the weight belong to the name?"
    )


def _look(check: str):
    def probes(rng, shop):
        return TABLE.looks(f"two_fields/{check}", Means.of(shop.reference.get("weight_table", [])))

    return probes


def _on_a_few_queries(rng: np.random.Generator, shop: Shop, probes: dict[str, list[Probe]]):
    """The same after the answer cell was run again on a few of the tuning queries, with the right means for these. Of
    many draws the one is taken on which slips leave the range of what is right at most weights."""
    ranges, slips = shop.ranges[:, ::2], shop.slips[:, :, ::2]
    n = ranges.shape[1]
    few = min(A_FEW, max(1, n // 2))
    draws = [np.sort(rng.choice(n, few, replace=False)) for _ in range(DRAWS)]
    rows = max(draws, key=lambda rows: _telling(ranges[:, rows], slips[:, :, rows]))
    ids = tuple(shop.tuning_queries["query_id"].iloc[rows].tolist())
    right = Means(*ranges[:, rows].mean(axis=1).T)
    return {
        check: [replace(probe, only=ids, about=right if probe.read else probe.about) for probe in asked]
        for check, asked in probes.items()
    }


def _telling(ranges: np.ndarray, slips: np.ndarray) -> list[float]:
    """How well nDCG (weights, rows, 2) and what slips give (slips, weights, rows) tell right from wrong: the shares of
    weights at which each slip is out of range, the least first. One that no data tell apart leaves the others' say."""
    least, most = ranges.mean(axis=1).T
    rows = ranges[:, :, 0]
    found = rows.sum(axis=1) / np.maximum(1, np.count_nonzero(rows, axis=1))
    ways = [*slips.mean(axis=2), rows.mean(axis=1)[::-1], rows.max(axis=1), np.median(rows, axis=1), found, 0 * least]
    return sorted(float(np.mean((way < least - 1e-3) | (way > most + 1e-3))) for way in ways)


TWO_FIELDS = Question(
    "two_fields",
    15,
    "Search names and classes",
    (
        Check("both", 4, "a word counts in the name and in the class", _both, each(_wrong_both)),
        Check("reaches", 5, "mean nDCG@10 on the report half", _report, _misses),
        Check("table", 4, "mean nDCG@10 of each weight on the tuning half", _look("table"), TABLE.wrong_table),
        Check("best", 2, "the weight with the highest mean", _look("best"), TABLE.wrong_best),
    ),
    writes="two_fields",
    builds_on=(TOKENIZE, POSTINGS, IDF, BM25, SEARCH, NDCG),
    again=_on_a_few_queries,
    misconceptions=TWO_FIELDS_MISTAKES,
    right_answers=TWO_FIELDS_ANSWERS,
)
