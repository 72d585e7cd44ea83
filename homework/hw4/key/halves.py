"""A few queries of either half on which the wrong ways to choose alpha, and to report it, come out differently.

A mistake is named by what it leaves in alpha_table, best_alpha and held_out, and these come from real queries and
judgments: on few of them two mistakes may leave the same, or what is right. So queries are drawn until all differ.
"""

import numpy as np

from .shop import ALPHAS, DEFAULT_ALPHA, K, Shop

A_FEW, DRAWS = 10, 300  # queries of either half; draws of them
FELT = 1e-3  # a difference between two recalls, or two alphas
A_FEW_ROWS = 0.25  # of a table: two that differ in no more pass for one
RIGHT = 2  # so many of the ways are right


def telling_queries(rng: np.random.Generator, shop: Shop) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `queries` from either half on which all ways are told apart; where the data hold none, or chance finds
    none, those of DRAWS that tell most of them apart."""
    chosen, reported = (shop.rows_of(half) for half in (shop.data.choose_queries, shop.data.report_queries))
    best, most = (chosen[:0], reported[:0]), -1
    for _ in range(DRAWS):
        drawn = _a_few(rng, shop, chosen), _a_few(rng, shop, reported)
        apart = told_apart(ways(shop, *drawn))
        if apart.sum() > most:
            best, most = drawn, apart.sum()
        if apart.all():
            break
    return best


def _a_few(rng: np.random.Generator, shop: Shop, rows: np.ndarray) -> np.ndarray:
    """A few of these rows: fewer than there are, also in a small sample, else every draw would be the same.

    Among them are, where there is such, a query without a relevant product and one whose relevant products are not
    found at some alpha: without these, many mistakes look alike. None has recalls that depend on how ties are broken,
    if there are enough others: then the same mistake always leaves the same.
    """
    if not rows.size:
        return rows
    few = min(A_FEW, max(1, rows.size // 2))
    least, most = shop.recalls[:, rows, 0], shop.recalls[:, rows, 1]
    settled = rows[(most - least < FELT).all(axis=0)]
    if settled.size >= few:
        rows = settled
    relevant = shop.relevant[rows].any(axis=1)
    unlucky, hard = rows[~relevant], rows[relevant & (shop.recalls[:, rows, 0].min(axis=0) == 0)]
    drawn = rng.choice(rows, few, replace=False)
    return np.unique(np.concatenate([drawn, rng.permutation(unlucky)[:1], rng.permutation(hard)[:1]]))


def ways(shop: Shop, choose: np.ndarray, report: np.ndarray) -> np.ndarray:
    """(ways, 15): what each way leaves on these rows of `queries`: the means of alpha_table, best_alpha, and bm25,
    semantic and hybrid of held_out; -1 for a mean of nothing.

    The first RIGHT are right, with the least and the greatest recalls that breaking ties allows. The others are those
    of the misconceptions that depend on the data; what always differs, such as a table that lacks a row, is left out.
    """
    recalls, both = shop.recalls[..., 0], np.concatenate([choose, report])
    (table, *tables), (means, *others) = _measured(shop, choose), _measured(shop, report)
    best, theirs = int(table.argmax()), int(means.argmax())
    right = _left(table, means)

    def but(places: dict[int, float]) -> np.ndarray:
        other = right.copy()
        other[list(places)] = list(places.values())
        return other

    alpha, bm25, semantic, hybrid = range(len(ALPHAS), len(right))
    return np.stack(
        [
            right,
            _left(_mean(shop.recalls[:, choose, 1]), _mean(shop.recalls[:, report, 1])),
            *map(_left, tables, others),
            _left(_mean(recalls[:, both]), means),
            _left(means, means),
            _left(means, table),
            _left(table, table),
            _left(table, _mean(recalls[:, both])),
            _left(table, means, theirs),
            _left(table, means, int(table.argmin())),
            but({alpha: best}),
            but({alpha: table.max()}),
            but({bm25: means[-1], semantic: means[0]}),
            but({place: round(right[place], 2) for place in (bm25, semantic, hybrid)}),
            but({hybrid: means[theirs]}),
            but({hybrid: means[ALPHAS.index(DEFAULT_ALPHA)]}),
        ]
    )


def _left(table: np.ndarray, means: np.ndarray, best: int | None = None) -> np.ndarray:
    """The table, the best alpha, which is that of row `best` or, by default and where none is higher, of the highest
    mean, and the means at three alphas."""
    if best is None or table[best] > table.max() - FELT:
        best = int(table.argmax())
    return np.array([*table, ALPHAS[best], means[0], means[-1], means[best]])


def _measured(shop: Shop, rows: np.ndarray) -> list[np.ndarray]:
    """(alphas,) each: the mean Recall@10 over these rows, and what is taken for it."""
    recalls = shop.recalls[:, rows, 0]
    mean, found = _mean(recalls), np.count_nonzero(recalls, axis=1)
    relevant = shop.relevant[rows].sum(axis=1)
    none = np.full(len(ALPHAS), -1.0)
    return [
        mean,
        *(_mean(slip[:, rows]) for slip in shop.slips),
        _mean(recalls[:, relevant > 0]),
        np.where(found > 0, recalls.sum(axis=1) / np.maximum(found, 1), -1),
        _mean(recalls * relevant / K),
        recalls.sum(axis=1),
        *((recalls.max(axis=1), np.median(recalls, axis=1), recalls[:, -1]) if rows.size else [none] * 3),
        np.cumsum(mean) / np.arange(1, len(mean) + 1),
        np.full(len(ALPHAS), mean[ALPHAS.index(DEFAULT_ALPHA)]),
        mean[::-1],
        mean.round(2),
    ]


def _mean(recalls: np.ndarray) -> np.ndarray:
    """Of recalls (alphas, queries), over the queries."""
    return recalls.mean(axis=1) if recalls.size else np.full(len(recalls), -1.0)


def told_apart(left: np.ndarray) -> np.ndarray:
    """(pairs,) bool: whether two of the ways, not both right, leave what nobody takes for the same."""
    one, other = np.triu_indices(len(left), 1)
    wrong = other >= RIGHT
    differ = np.abs(left[one[wrong]] - left[other[wrong]]) > FELT
    rows = len(ALPHAS)
    return (differ[:, :rows].mean(axis=1) > A_FEW_ROWS) | differ[:, rows:].any(axis=1)
