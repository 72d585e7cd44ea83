"""The questions on choosing alpha on one half of the queries, and on reflecting about what the other half says."""

from dataclasses import dataclass, replace

import numpy as np

from autograder.judge.evidence import Answer
from autograder.judge.question import Check, Exchange, Probe, Question, as_dict, as_number
from autograder.judge.sweep import Means, Sweep
from autograder.judge.ties import TOLERANCE

from .halves import telling_queries
from .measures import RECALL
from .misconceptions.best_alpha import BEST_ALPHA_MISTAKES
from .right_answers.best_alpha import BEST_ALPHA_ANSWERS
from .searches import HYBRID, SEMANTIC
from .shop import ALPHAS, Shop
from .vectors import BATCH_COSINE, COSINE, NORMALIZE

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
    """The same looks after the answer cell was run again on a few queries, with the right means for these."""
    choose, report = telling_queries(rng, shop)
    ids = tuple(shop.data.queries["query_id"].iloc[np.sort(np.concatenate([choose, report]))].tolist())
    right = Halves(_means(shop, choose), _means(shop, report))
    return {
        check: [replace(probe, only=ids) for probe in _looks(looks[0].id.rpartition("/")[0], right)]
        for check, looks in probes.items()
    }


def _means(shop: Shop, rows: np.ndarray) -> Means:
    """Over these rows of `queries`; 0 where there are none."""
    return Means(*(shop.recalls[:, rows].mean(axis=1).T if rows.size else np.zeros((2, len(ALPHAS)))))


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
