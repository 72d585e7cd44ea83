"""The questions on choosing alpha and on reflecting about it."""

from dataclasses import replace
from itertools import combinations

import numpy as np

from autograder.judge.question import Check, Probe, Question
from autograder.judge.sweep import Means, Sweep
from autograder.judge.ties import recall_range

from .measures import RECALL
from .misconceptions.best_alpha import BEST_ALPHA_MISTAKES
from .right_answers.best_alpha import BEST_ALPHA_ANSWERS
from .searches import HYBRID, SEMANTIC
from .shop import ALPHAS, K, Shop
from .vectors import BATCH_COSINE, COSINE, NORMALIZE

A_FEW, DRAWS = 12, 200


TABLE = Sweep(
    table="alpha_table",
    parameter="alpha",
    mean="mean_recall",
    best="best_alpha",
    listed="ALPHAS",
    values=ALPHAS,
    asked="the mean Recall@10 of hybrid_search over all rows of queries, with relevant products from labels "
    "(grade > 0)",
    none="Does a query without relevant products count as 0.0?",
)


def _look(check: str):
    def probes(rng, shop):
        rows = shop.reference["alpha_table"] if shop.reference else []
        right = Means(np.array([row["least"] for row in rows]), np.array([row["most"] for row in rows]))
        return TABLE.looks(f"best_alpha/{check}", right)

    return probes


def _on_a_few_queries(rng: np.random.Generator, shop: Shop, probes: dict[str, list[Probe]]):
    """The same looks after the answer cell was run again on a few queries, with the right means for these.

    Among them are, where the sample has such, a query without a relevant product and one whose relevant products are
    not found at some alpha: without these, many mistakes look alike. Of many draws the most telling one is taken.
    """
    ranges, half = _recalls(shop, K), _recalls(shop, K // 2)[:, :, 0]
    least = ranges[:, :, 0]
    relevant = shop.relevant.any(axis=1)
    unlucky, hard = np.flatnonzero(~relevant), np.flatnonzero(relevant & (least.min(axis=0) == 0))
    n = relevant.size
    # Fewer than there are, also in a small sample: else every draw ends with the same query.
    few = min(A_FEW, max(1, n // 2))
    draws = [
        np.unique(
            np.concatenate([rng.choice(n, few, replace=False), rng.permutation(unlucky)[:1], rng.permutation(hard)[:1]])
        )
        for _ in range(DRAWS)
    ]
    rows = max(draws, key=lambda rows: _telling(least[:, rows], half[:, rows]))
    ids = tuple(shop.data.queries["query_id"].iloc[rows].tolist())
    right = Means(*ranges[:, rows].mean(axis=1).T)
    return {check: [replace(probe, only=ids, about=right) for probe in looks] for check, looks in probes.items()}


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
    ]
    apart = min(np.mean(np.abs(one - other) > 1e-3) for one, other in combinations(ways, 2))
    return float(apart), bool(0 < ways[0].argmax() < len(ALPHAS) - 1)


BEST_ALPHA = Question(
    "best_alpha",
    10,
    "Choose the mix by measuring",
    (
        Check("table", 6, "the mean Recall@10 at each alpha", _look("table"), TABLE.wrong_table),
        Check("best", 4, "the alpha with the highest mean", _look("best"), TABLE.wrong_best),
    ),
    builds_on=(COSINE, BATCH_COSINE, RECALL, SEMANTIC, NORMALIZE, HYBRID),
    again=_on_a_few_queries,
    misconceptions=BEST_ALPHA_MISTAKES,
    right_answers=BEST_ALPHA_ANSWERS,
)

REFLECTION = Question("reflection", 5, "Explain what you measured")
