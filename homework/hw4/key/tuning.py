"""The questions on choosing alpha on one half of the queries, and on reflecting about what the other half says."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from autograder.judge.evidence import Answer
from autograder.judge.question import Check, Exchange, Probe, Question, as_dict, as_number
from autograder.judge.sweep import Means, Sweep
from autograder.judge.ties import TOLERANCE, recall_range

from .measures import RECALL
from .misconceptions.best_alpha import BEST_ALPHA_MISTAKES
from .right_answers.best_alpha import BEST_ALPHA_ANSWERS
from .searches import HYBRID, SEMANTIC
from .shop import ALPHAS, K, Shop
from .vectors import BATCH_COSINE, COSINE, NORMALIZE

A_FEW, DRAWS, FINALISTS = 10, 200, 40  # queries of either half; draws of them; of these, the best for a table
HELD_OUT = ("bm25", "semantic", "hybrid")


TABLE = Sweep(
    table="alpha_table",
    parameter="alpha",
    mean="mean_recall",
    best="best_alpha",
    listed="ALPHAS",
    values=ALPHAS,
    asked="the mean Recall@10 of hybrid_search over all rows of choose_queries, with relevant products from labels "
    "(grade > 0)",
    none="Does a query without relevant products count as 0.0?",
)


@dataclass(frozen=True)
class Halves:
    """The least and the greatest mean Recall@10 at each of ALPHAS on either half of the queries."""

    choose: Means
    report: Means


def _looks(prefix: str, right: Halves) -> list[Probe]:
    return [*TABLE.looks(prefix, right.choose), Probe(f"{prefix}/2", read="held_out", about=right.report)]


def _look(check: str):
    def probes(rng, shop):
        choose, report = (Means.of(shop.reference.get(half, [])) for half in ("choose", "report"))
        return _looks(f"best_alpha/{check}", Halves(choose, report))

    return probes


def _on_a_few_queries(rng: np.random.Generator, shop: Shop, probes: dict[str, list[Probe]]):
    """The same looks after the answer cell was run again on a few queries, with the right means for these.

    Among those of either half are, where it has such, a query without a relevant product and one whose relevant
    products are not found at some alpha: without these, many mistakes look alike. Of many draws the most telling ones
    are taken: for the table, and of the best of these the one that tells most together with what is reported.
    """
    ranges, half = _recalls(shop, K), _recalls(shop, K // 2)[:, :, 0]
    least = ranges[:, :, 0]
    chosen, reported = (shop.rows_of(part) for part in (shop.data.choose_queries, shop.data.report_queries))
    tables = sorted(_draws(rng, shop, least, chosen), key=lambda rows: _telling(least[:, rows], half[:, rows]))
    reports = _draws(rng, shop, least, reported)
    choose, report = max(
        ((table, rows) for table in tables[: -1 - FINALISTS : -1] for rows in reports),
        key=lambda pair: _tells_halves_apart(ranges, *pair),
    )
    ids = tuple(shop.data.queries["query_id"].iloc[np.sort(np.concatenate([choose, report]))].tolist())
    right = Halves(_means(ranges, choose), _means(ranges, report))
    return {
        check: [replace(probe, only=ids) for probe in _looks(looks[0].id.rpartition("/")[0], right)]
        for check, looks in probes.items()
    }


def _draws(rng: np.random.Generator, shop: Shop, least: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
    """Sets of a few of these rows. Fewer than there are, also in a small sample: else every draw is the same."""
    relevant = shop.relevant[rows].any(axis=1)
    unlucky, hard = rows[~relevant], rows[relevant & (least[:, rows].min(axis=0) == 0)]
    few = min(A_FEW, max(1, rows.size // 2))
    if not rows.size:
        return [rows]
    return [
        np.unique(
            np.concatenate(
                [rng.choice(rows, few, replace=False), rng.permutation(unlucky)[:1], rng.permutation(hard)[:1]]
            )
        )
        for _ in range(DRAWS)
    ]


def _means(ranges: np.ndarray, rows: np.ndarray) -> Means:
    """Of the recalls (alphas, queries, 2), over these rows; 0 where there are none."""
    return Means(*(ranges[:, rows].mean(axis=1).T if rows.size else np.zeros((2, len(ALPHAS)))))


def _tells_halves_apart(ranges: np.ndarray, choose: np.ndarray, report: np.ndarray) -> tuple[int, float]:
    """How well what is reported tells mistakes apart: how many of these would be felt, and the least of their
    differences: the other half, all queries, the ends exchanged, the alpha that is best on this half, and its being the
    worst of the table. Nothing where the best recall is an alpha by chance.
    """
    if not report.size:
        return 0, 0.0
    least = ranges[:, :, 0]
    table, mine = least[:, choose].mean(axis=1), least[:, report].mean(axis=1)
    if np.abs(table.max() - np.array(ALPHAS)).min() < 1e-3:
        return 0, 0.0
    # Where scores are equal, a right ranking may find more: another alpha can be the best then.
    winners = {int(mine.argmax()), int(ranges[:, report, 1].mean(axis=1).argmax())}
    both = least[:, np.concatenate([choose, report])].mean(axis=1)
    best = int(table.argmax())
    read = [0, best, len(ALPHAS) - 1]
    apart = [
        np.abs(table - mine)[read].max(),
        np.abs(both - mine)[read].max(),
        abs(mine[0] - mine[-1]),
        min(abs(table[best] - table[winner]) for winner in winners),
        float(int(table.argmin()) not in winners),
    ]
    return sum(difference > 1e-3 for difference in apart), float(min(apart))


def _recalls(shop: Shop, k: int) -> np.ndarray:
    """(alphas, queries, 2): the least and the greatest Recall@k of each query at each alpha."""
    return np.array(
        [
            [recall_range(scores, good, k) for scores, good in zip(shop.hybrid_scores(alpha), shop.relevant)]
            for alpha in ALPHAS
        ]
    )


def _telling(least: np.ndarray, half: np.ndarray) -> tuple[float, bool]:
    """How well recalls (alphas, rows) tell mistakes apart, those of half the k beside them.

    Returns the least share of alphas at which two ways to make one number of a row differ; then whether the best
    alpha lies at no end, which tells a table upside down.
    """
    ways = [
        least.mean(axis=1),
        half.mean(axis=1),
        least.max(axis=1),
        np.median(least, axis=1),
        least[:, -1],
        np.zeros(len(least)),
        least.mean(axis=1).round(2),
    ]
    apart = min(np.mean(np.abs(one - other) > 1e-3) for one, other in combinations(ways, 2))
    return float(apart), bool(0 < ways[0].argmax() < len(ALPHAS) - 1)


def _wrong_held_out(exchange: Exchange, shop: Shop) -> str | None:
    """`Check.problem` for the three reported means; that of the hybrid is judged at the student's own best_alpha."""
    best, (probe, answer) = as_number(exchange[1][1]), exchange[2]
    reported = _reported(answer)
    if isinstance(reported, str):
        return reported
    if isinstance(best, str):
        return best
    at = {"bm25": 0, "semantic": len(ALPHAS) - 1, "hybrid": int(np.abs(np.array(ALPHAS) - best).argmin())}
    right = probe.about
    for name, i in at.items():
        if not right.least[i] - TOLERANCE <= reported[name] <= right.most[i] + TOLERANCE:
            what = (
                "hybrid_search at your best_alpha" if name == "hybrid" else f"{name} search alone, at alpha={ALPHAS[i]}"
            )
            return (
                f"held_out[{name!r}] is {reported[name]:.4f}, which differs from the reference. It should be the mean "
                f"Recall@10 of {what}, over all rows of report_queries."
            )
    return None


def _reported(answer: Answer) -> dict[str, float] | str:
    """The three numbers, or a sentence."""
    found = as_dict(answer, "a dict with the keys bm25, semantic and hybrid")
    if isinstance(found, str):
        return found.replace("Your function gave", "held_out is")
    if absent := [name for name in HELD_OUT if name not in found]:
        return f"held_out has no key {absent[0]!r}; it should have bm25, semantic and hybrid."
    for name in HELD_OUT:
        value = found[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
            return f"held_out[{name!r}] should be one plain number, a mean Recall@10."
    return {name: float(found[name]) for name in HELD_OUT}


BEST_ALPHA = Question(
    "best_alpha",
    15,
    "Choose on one half, report on the other",
    (
        Check("table", 6, "the mean Recall@10 at each alpha, on choose_queries", _look("table"), TABLE.wrong_table),
        Check("best", 3, "the alpha with the highest mean", _look("best"), TABLE.wrong_best),
        Check("held_out", 6, "three searches on report_queries", _look("held_out"), _wrong_held_out),
    ),
    builds_on=(COSINE, BATCH_COSINE, RECALL, SEMANTIC, NORMALIZE, HYBRID),
    again=_on_a_few_queries,
    misconceptions=BEST_ALPHA_MISTAKES,
    right_answers=BEST_ALPHA_ANSWERS,
)

REFLECTION = Question("reflection", 5, "Explain what you measured")
