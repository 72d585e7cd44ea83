"""The question on vectors that have come apart from their table: misaligned."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from autograder.judge.evidence import Answer
from autograder.judge.question import Check, Exchange, Probe, Question, as_items, each, near
from autograder.judge.rankings import as_they_were

from .misconceptions.misaligned import MISALIGNED_MISTAKES
from .right_answers.misaligned import MISALIGNED_ANSWERS
from .shop import Shop

COLUMNS = ("product_id", "product_name", "product_class")
# How far apart the vectors of one table lie, of length 1: cosines below 0.5, or below 0.995 where a small catalogue
# has too few such products. Between that and what float32 does nothing is asked.
APART, ENOUGH = (1.0, 0.1), 5
NOISE = 1e-5  # in each number, as the text promises
DRAWS = 50
ALIKE = 0.99  # cosine of the nearest texts that are exchanged, at most


def _apart(rng: np.random.Generator, shop: Shop, size: int) -> np.ndarray:
    """About so many rows of the sample, in a random order, no two with vectors that could be taken for one another."""
    vectors = shop.data.product_embeddings
    candidates = rng.permutation(len(vectors))[: 8 * size]
    for apart in APART:
        chosen: list[int] = []
        for row in candidates.tolist():
            if len(chosen) < size and all(np.linalg.norm(vectors[row] - vectors[one]) > apart for one in chosen):
                chosen.append(row)
        if len(chosen) >= ENOUGH:
            break
    return np.array(chosen)


def _probe(
    shop: Shop, name: str, rows: np.ndarray, vectors_of: np.ndarray, index=None, noise: np.ndarray | None = None
) -> Probe:
    """A table of these rows of the sample whose vectors are those of the rows `vectors_of`."""
    products = shop.data.products.reindex(columns=list(COLUMNS)).iloc[rows]
    products = products.reset_index(drop=True) if index is None else products.set_axis(index)
    embeddings = shop.data.product_embeddings[vectors_of].astype(np.float32)
    if noise is not None:
        embeddings = (embeddings + noise).astype(np.float32)
    own = shop.data.product_embeddings[rows]
    wrong = np.flatnonzero(np.linalg.norm(embeddings - own, axis=1) > APART[-1] / 2).tolist()
    return Probe(f"misaligned/{name}", "misaligned_rows", (embeddings, products), about=wrong)


def _exchanged(rng: np.random.Generator, rows: np.ndarray, share: float = 0.3) -> np.ndarray:
    """The rows with some of them, two at least, in a ring: each has the vector of the next one in it."""
    ring = rng.permutation(len(rows))[: max(2, round(share * len(rows)))]
    moved = rows.copy()
    moved[ring] = rows[np.roll(ring, 1)]
    return moved


def _ordinary(rng: np.random.Generator, shop: Shop) -> list[Probe]:
    """Rows exchanged; a stretch moved along by one, as where a row was lost; vectors of products that are not there."""
    rows = _apart(rng, shop, near(rng, 24))
    first, more = _probe(shop, "found/0", rows, _exchanged(rng, rows)), _apart(rng, shop, near(rng, 32))
    start = int(rng.integers(1, max(2, len(more) // 3)))
    end = max(start + 2, len(more) - int(rng.integers(2, 6)))
    moved = more.copy()
    moved[start:end] = np.roll(more[start:end], 1)
    all_rows = _apart(rng, shop, near(rng, 24))
    inside, outside = all_rows[: max(2, len(all_rows) // 2)], all_rows[max(2, len(all_rows) // 2) :]
    foreign = inside.copy()
    vectors = shop.data.product_embeddings
    nearest = (vectors[outside[:3]] @ vectors[inside].T).argmax(axis=1)
    for _ in range(DRAWS):  # none where it is nearest: whether that is seen is asked apart, of texts that are alike
        places = rng.permutation(len(inside))[: len(nearest)]
        if (places != nearest[: len(places)]).all():
            break
    foreign[places] = outside[: len(places)]
    return [first, _probe(shop, "found/1", more, moved), _probe(shop, "found/2", inside, foreign)]


def _alike(rng: np.random.Generator, shop: Shop) -> list[Probe]:
    """Two products with much the same text, exchanged among others; and one of them with the vector of the other, which
    is not in the table."""
    rows = _apart(rng, shop, near(rng, 16))
    vectors = shop.data.product_embeddings
    candidates = rng.permutation(len(vectors))[:600]
    alike = vectors[candidates] @ vectors[candidates].T
    alike[np.triu_indices(len(candidates))] = -1
    alike[alike > ALIKE] = -1
    one, other = (
        candidates[i] for i in np.unravel_index(rng.permutation(np.argsort(alike, axis=None)[-3:])[0], alike.shape)
    )
    rest = [
        row for row in rows if min(np.linalg.norm(vectors[row] - vectors[pair]) for pair in (one, other)) > APART[-1]
    ]
    table = np.array([one, *rest, other])
    moved = table.copy()
    moved[[0, -1]] = table[[-1, 0]]
    return [_probe(shop, "alike/0", table, moved), _probe(shop, "alike/1", table[:-1], moved[:-1])]


def _digits(rng: np.random.Generator, shop: Shop) -> list[Probe]:
    """Every number off by a little, up and down; some rows exchanged as well, and then none."""
    rows = _apart(rng, shop, near(rng, 16))
    noise = NOISE * rng.uniform(0.3, 1, (len(rows), shop.data.product_embeddings.shape[1]))
    noise *= rng.choice([-1, 1], noise.shape)
    return [
        _probe(shop, "digits/0", rows, _exchanged(rng, rows), noise=noise),
        _probe(shop, "digits/1", rows, rows, noise=noise),
    ]


def _fits(rng: np.random.Generator, shop: Shop) -> list[Probe]:
    """Nothing is wrong: all rows fit, and some products stand there twice, with one text.

    One has no class, where there is such a one: its name is its text, so that names alone do not look wrong everywhere.
    """
    rows = _apart(rng, shop, near(rng, 16))
    twice = rng.permutation(np.concatenate([rows, rows[:3]]))
    no_class = np.flatnonzero(shop.data.products["product_class"].isna())
    rows = rng.permutation(np.union1d(rows, rng.permutation(no_class)[:1]))
    return [_probe(shop, "fits/0", rows, rows), _probe(shop, "fits/1", twice, twice)]


def _labels(rng: np.random.Generator, shop: Shop) -> list[Probe]:
    """A table whose labels are no positions; and what table and vectors are afterwards."""
    rows = _apart(rng, shop, near(rng, 16))
    probe = _probe(shop, "positions/0", rows, _exchanged(rng, rows), index=rng.permutation(len(rows)) + 100)
    looks = [
        replace(probe, id=f"misaligned/positions/{i + 1}", argument=i, columns=("product_id", "text")) for i in (0, 1)
    ]
    return [probe, *looks]


def _wrong_labels(exchange: Exchange, shop: Shop) -> str | None:
    return each(_wrong)(exchange[:1], shop) or as_they_were("misaligned_rows")(exchange[1:], shop)


def _wrong(probe: Probe, answer: Answer) -> str | None:
    items = as_items(answer, "a list of positions")
    if isinstance(items, str):
        return items
    n, right = len(probe.args[1]), set(probe.about)
    case = f"In a table of {n} rows, {len(right) or 'none'} of them misaligned,"
    if not all(isinstance(x, (int, float)) and not isinstance(x, bool) and float(x).is_integer() for x in items):
        return f"{case} misaligned_rows gave something else than whole numbers: positions are asked for."
    if len(items) == n and set(items) <= {0, 1} and n > 2:
        return f"{case} misaligned_rows gave {n} values of 0 and 1: positions are asked for, not a mask."
    if unknown := [x for x in items if not 0 <= x < n]:
        return (
            f"{case} misaligned_rows gave {unknown[0]:g}, which is no position: the first row is 0, the last {n - 1}."
        )
    missed, extra = len(right - set(items)), len(set(items) - right)
    if missed or extra:
        return f"{case} misaligned_rows misses {missed} of these and names {extra} that fit."
    return f"{case} misaligned_rows names some more than once." if len(items) > len(right) else None


def _check(id: str, points: float, title: str, probes: Callable, problem: Callable = each(_wrong)) -> Check:
    return Check(id, points, title, probes, problem)


MISALIGNED = Question(
    "misaligned",
    10,
    "Find the vectors that have come apart from their rows",
    (
        _check("found", 5, "vectors exchanged, moved along, or of a product elsewhere", _ordinary),
        _check("alike", 2, "also where two texts are much alike", _alike),
        _check("digits", 1, "a difference in the last digits does not count", _digits),
        _check("fits", 1, "nothing where every row fits, equal texts included", _fits),
        _check(
            "positions", 1, "positions, whatever the labels are; both arguments as they were", _labels, _wrong_labels
        ),
    ),
    writes="misaligned_rows",
    misconceptions=MISALIGNED_MISTAKES,
    right_answers=MISALIGNED_ANSWERS,
)
