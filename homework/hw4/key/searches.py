"""Questions on searching: semantic and hybrid, probed on small made-up catalogues and on the whole sample."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from autograder.judge.question import (
    Check,
    Exchange,
    Made,
    Named,
    Probe,
    Question,
    as_frame,
    each,
    near,
)
from autograder.judge.rankings import Right, as_they_were, wrong_columns, wrong_order, wrong_rows, wrong_twins
from autograder.judge.ties import TOLERANCE
from helpers import build_index, product_text, score_bm25, snowball_tokenize

from .expected import cosines, min_max
from .misconceptions.hybrid import HYBRID_MISTAKES
from .misconceptions.semantic import SEMANTIC_MISTAKES
from .right_answers.hybrid import HYBRID_ANSWERS
from .right_answers.semantic import SEMANTIC_ANSWERS
from .shop import DEFAULT_ALPHA, K, Shop
from .vectors import BATCH_COSINE, COSINE, NORMALIZE

SAMPLE_QUERIES, A_FEW, DRAWS = 30, 5, 50
NEARLY = 0.003  # between two cosines, a thousand times what float32 does to them
SHARING = 0.4  # of a catalogue's products have words of the query in their names, unless a probe says otherwise
ALL, ALL_AND_TWINS, BETWEEN, IN_FIVES = "all", "all and twins", "between", "in fives"
TWINS = "products with equal scores are each there, once"
SEMANTIC_COLUMNS = ("product_id", "similarity", "rank")
HYBRID_COLUMNS = ("product_id", "bm25_score", "semantic_score", "hybrid_score", "rank")


@dataclass(frozen=True)
class Query:
    """What a probe searches for, and the stems of its words."""

    text: str
    embedding: np.ndarray
    stems: frozenset[str]


@dataclass(frozen=True)
class Catalogue:
    """A small shop for one probe: real names under fresh ids, with words of the query put into some of them, and
    made-up embeddings. Its rows, by position, are those of `cosines` and of a BM25 index of the products' texts."""

    query: Query
    products: pd.DataFrame
    embeddings: np.ndarray

    @property
    def ids(self) -> list[int]:
        return self.products["product_id"].tolist()

    @property
    def texts(self) -> list[str]:
        return product_text(self.products).tolist()

    @property
    def cosines(self) -> np.ndarray:
        return cosines(self.query.embedding, self.embeddings)


def _query(rng: np.random.Generator, shop: Shop, known: bool) -> Query:
    """A query of several words: one of the sample's (`known`), or a product's text, which no notebook has as a query.

    Product texts are embedded by the set-up, so a kernel needs no model for either.
    """
    texts = shop.query_texts if known else shop.product_texts
    embeddings = shop.query_embeddings if known else shop.data.product_embeddings
    for row in rng.permutation(len(texts)):
        stems = frozenset(snowball_tokenize(texts[row]))
        if len(stems) >= 2 and (known or texts[row] not in shop.query_texts):
            break
    return Query(texts[row], embeddings[row].astype(np.float64), stems)


def _names(rng: np.random.Generator, shop: Shop, query: Query, words: np.ndarray) -> list[str]:
    """Real product names without the query's words, and then with so many of them put in."""
    own = [word for word in query.text.split() if snowball_tokenize(word)]
    names = []
    for row, more in zip(rng.choice(len(shop.data.products), len(words)), words):
        kept = _without(query, str(shop.data.products["product_name"].iloc[row])) or ["item"]
        names.append(" ".join(rng.permutation([*kept, *rng.choice(own, more, replace=more > len(own))])))
    return names


def _without(query: Query, text: str) -> list[str]:
    """The words of a text that are none of the query's."""
    return [word for word in text.split() if query.stems.isdisjoint(snowball_tokenize(word))]


def _words(rng: np.random.Generator, n: int, sharing: float) -> np.ndarray:
    """How many words of the query each of n names gets, where the share `sharing` gets any."""
    with_words = round(sharing * n)
    return rng.permutation([*rng.integers(1, 5, with_words), *[0] * (n - with_words)])


def _levels(rng: np.random.Generator, n: int) -> np.ndarray:
    """Cosines from the best to the worst, no two near each other or near 0, a good third of them negative; one is 0:
    that of an embedding of zeros."""
    levels = np.linspace(0.8, -0.6, n)
    levels += rng.uniform(-0.3, 0.3, n) * 1.4 / n
    levels[np.abs(levels).argmin()] = 0
    return levels


def _in_fives(rng: np.random.Generator, n: int) -> np.ndarray:
    """Cosines, shuffled, in groups of five that lie near each other: another query, if only a little other, mixes up
    each group."""
    steps = np.arange(n) % 5
    return rng.permutation(np.repeat(_levels(rng, -(-n // 5)), 5)[:n] - NEARLY * steps)


def _catalogue(
    rng: np.random.Generator,
    shop: Shop,
    query: Query,
    words: np.ndarray,
    cosines_for: Callable[[np.ndarray], np.ndarray] | None = None,
    twins: bool = False,
    zeros: bool = True,
) -> Catalogue:
    """A product for each of `words`, with so many words of the query in its name.

    The frame's index is in disorder, and embeddings have varied lengths, so that positions, labels and lengths cannot
    be mixed up unseen. cosines_for: gives each product's cosine from the BM25 scores; without it, chance does, and then
    `twins` makes two products equal in every score, in floats too: no word of the query, and an embedding of zeros.
    zeros: whether the product whose cosine is 0 is embedded as zeros. By chance it has no word of the query either,
    where any product has none, so that no search has it among its best: it is felt where all rows are asked for.
    """
    n = len(words)
    by_chance = rng.permutation(_levels(rng, n))
    if twins:
        by_chance[np.abs(by_chance).argsort()[:2]] = 0
    if cosines_for is None and not words.all():
        words = np.where(by_chance == 0, 0, words)
    classes = rng.choice(shop.data.products["product_class"].fillna(""), n)
    products = pd.DataFrame(
        {
            "product_id": rng.choice(900_000, n, replace=False) + 100_000,
            "product_name": _names(rng, shop, query, words),
            "product_class": [" ".join(_without(query, text)) for text in classes],
        },
        index=rng.permutation(n) + 3,
    )
    levels = cosines_for(_bm25(query, products)) if cosines_for else by_chance
    direction = query.embedding / np.linalg.norm(query.embedding)
    across = rng.normal(size=(n, direction.size))
    across -= np.outer(across @ direction, direction)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    embeddings = levels[:, None] * direction + np.sqrt(1 - levels[:, None] ** 2) * across
    embeddings *= np.where((levels == 0) & zeros, 0, rng.uniform(0.3, 4, n))[:, None]
    return Catalogue(query, products, embeddings.astype(np.float32))


def _bm25(query: Query, products: pd.DataFrame) -> np.ndarray:
    index, doc_lengths = build_index(product_text(products).tolist())
    return score_bm25(query.text, index, len(products), doc_lengths)


def _semantic_probe(name: str, i: int, small: Catalogue, k: int | None, argument: int | None = None) -> Probe:
    return Probe(
        f"semantic/{name}/{i}",
        "semantic_search",
        (small.query.text, small.embeddings, small.products),
        {} if k is None else {"k": k},
        columns=SEMANTIC_COLUMNS,
        argument=argument,
        about=Right(small.ids, {"similarity": small.cosines}, "similarity", k or K),
    )


def _semantic_probes(name: str, *shapes, argument: int | None = None):
    """Probes with about so many products, and k, as given; k ALL takes every product, ALL_AND_TWINS makes two of these
    equal, None leaves the default, IN_FIVES too, with cosines near each other."""

    def probes(rng, shop):
        made = []
        for i, ((size, k), query) in enumerate(zip(shapes, _queries(rng, shop))):
            n = near(rng, size)
            levels = (lambda bm25, n=n: _in_fives(rng, n)) if k == IN_FIVES else None
            small = _catalogue(rng, shop, query, _words(rng, n, SHARING), levels, twins=k == ALL_AND_TWINS)
            made.append(_semantic_probe(name, i, small, {ALL: n, ALL_AND_TWINS: n, IN_FIVES: None}.get(k, k), argument))
        return made

    return probes


def _both(*drawn_by: Callable):
    return lambda rng, shop: [probe for probes in drawn_by for probe in probes(rng, shop)]


def _queries(rng: np.random.Generator, shop: Shop) -> Iterator[Query]:
    """One of the sample's queries, then a new one for two catalogues, and so on."""
    while True:
        yield _query(rng, shop, known=True)
        new = _query(rng, shop, known=False)
        yield from (new, new)


def _hybrid_probe(
    name: str, i: int, small: Catalogue, k: int | None, alpha: float | None, argument: int | None = None
) -> Probe:
    bm25, semantic = min_max(_bm25(small.query, small.products)), min_max(small.cosines)
    weight = DEFAULT_ALPHA if alpha is None else alpha
    scores = {
        "bm25_score": bm25,
        "semantic_score": semantic,
        "hybrid_score": weight * semantic + (1 - weight) * bm25,
    }
    return Probe(
        f"hybrid/{name}/{i}",
        "hybrid_search",
        (small.query.text, Made("index", small.texts), small.embeddings, small.products, build_index(small.texts)[1]),
        {name: value for name, value in (("alpha", alpha), ("k", k)) if value is not None},
        columns=HYBRID_COLUMNS,
        argument=argument,
        about=Right(small.ids, scores, "hybrid_score", k or K),
    )


def _hybrid_probes(name: str, *shapes, first: int = 0, argument: int | None = None):
    """Probes with about so many products, k, alpha, and the share of products with words of the query, as given.

    k is as for semantic search. alpha None leaves the default; BETWEEN draws one that is no tenth. first: the first
    probe's number.
    """

    def probes(rng, shop):
        made = []
        for i, ((size, k, alpha, sharing), query) in enumerate(zip(shapes, _queries(rng, shop)), start=first):
            n = near(rng, size)
            small = _catalogue(rng, shop, query, _words(rng, n, sharing), twins=k == ALL_AND_TWINS)
            if alpha == BETWEEN:
                alpha = round(rng.integers(1, 9) / 10 + rng.uniform(0.03, 0.07), 3)
            made.append(_hybrid_probe(name, i, small, n if k in (ALL, ALL_AND_TWINS) else k, alpha, argument))
        return made

    return probes


def _ends(rng: np.random.Generator, shop: Shop) -> list[Probe]:
    """BM25 alone and semantic search alone. No two of the best have one score: what becomes of such is asked apart."""
    for _ in range(DRAWS):
        probes = _hybrid_probes("ends", (30, 8, 0.0, 0.5), (30, 8, 1.0, 0.5))(rng, shop)
        if not any(_twins(probe.about.scores["hybrid_score"], 8 + 1) for probe in probes):
            break
    return probes


def _twins(scores: np.ndarray, k: int) -> bool:
    """Whether two of the `k` best scores are one."""
    best = -np.sort(-scores)[:k]
    return bool((np.diff(best) > -TOLERANCE).any())


def _orders(rng: np.random.Generator, shop: Shop) -> list[Probe]:
    """Hybrid rankings in which both searches have their say."""
    shapes = [(40, 10, 0.3, SHARING), (40, 5, 0.7, SHARING), (24, 12, 0.6, SHARING)]
    return [_in_the_middle(rng, shop), *_hybrid_probes("order", *shapes, first=1)(rng, shop)]


def _in_the_middle(rng: np.random.Generator, shop: Shop) -> Probe:
    """A catalogue whose best ten at alpha 0.5 hold a product that neither search has among its own best 20.

    The products with the highest BM25 scores get the lowest cosines, and as many without a word the highest; those that
    come next on the list of words come next in meaning too. No embedding is zeros, so that a function which stops at
    these can be told from one that stops at any catalogue but the notebook's.
    """
    n, top, middle = near(rng, 56), 24, 6

    def cosines_for(bm25: np.ndarray) -> np.ndarray:
        best, next_best, rest = np.split(np.argsort(-bm25, kind="stable"), [top, top + middle])
        in_meaning = [*rest[:top], *next_best, *rest[top:], *best[::-1]]
        cosines = np.empty(n)
        cosines[in_meaning] = _levels(rng, n)
        return cosines

    for _ in range(DRAWS):
        query = _query(rng, shop, known=True)
        words = rng.permutation([len(query.text.split())] * (top + middle) + [0] * (n - top - middle))
        probe = _hybrid_probe("order", 0, _catalogue(rng, shop, query, words, cosines_for, zeros=False), 10, 0.5)
        bm25, semantic, hybrid = (np.argsort(-probe.about.scores[column]) for column in HYBRID_COLUMNS[1:4])
        if np.setdiff1d(hybrid[:10], [bm25[:20], semantic[:20]]).size:
            break
    return probe


def _on_sample(question: str, call: str, *args: str, **kwargs: float):
    """Probes that search the whole sample as the notebook does, for up to SAMPLE_QUERIES of its queries: others in each
    run, because all of them together take longer than everything else in a run. None has two products with one score
    among its best: what becomes of such is asked apart."""

    def probes(rng, shop):
        scores = shop.semantic_scores if question == "semantic" else shop.hybrid_scores(kwargs["alpha"])
        rows = [row for row, own in enumerate(scores) if not _twins(own, K + 1)] or range(len(scores))
        chosen = _some(rng, shop, rows, SAMPLE_QUERIES)
        return [
            Probe(
                f"{question}/sample/{i}",
                call,
                (shop.query_texts[i], *(Named(a) for a in args)),
                {"k": K, **kwargs},
                columns=("product_id",),
                about=int(i),
            )
            for i in chosen
        ]

    return probes


def _some(rng: np.random.Generator, shop: Shop, rows: Sequence[int], most: int) -> list[int]:
    """At most so many of these queries' rows; where there is one whose words no product has, one such is among them."""
    without_words = [row for row in rows if not shop.bm25_scores[row].any()]
    mixed = [*rng.permutation(without_words)[:1], *rng.permutation(rows)]
    return sorted(list(dict.fromkeys(map(int, mixed)))[:most])


def _few_of_the_sample(rng: np.random.Generator, shop: Shop, probes: dict[str, list[Probe]]):
    """All probes on small catalogues, and a few of those that search the whole sample."""
    few = _some(rng, shop, [probe.about for probe in probes["sample"]], A_FEW)
    return probes | {"sample": [probe for probe in probes["sample"] if probe.about in few]}


def _wrong_recall(method: str):
    """Every query's Recall@10 must lie in the range that the reference values allow."""

    def problem(exchange: Exchange, shop: Shop) -> str | None:
        reference = shop.reference[method]
        rows = np.array([probe.about for probe, _ in exchange])
        recalls = np.zeros(len(exchange))
        for i, (row, (_, answer)) in enumerate(zip(rows, exchange)):
            frame = as_frame(answer, "product_id")
            if isinstance(frame, str):
                return frame
            ids = [x for x in frame.columns["product_id"] if x in shop.position][:K]
            found = shop.relevant[row, sorted({shop.position[x] for x in ids})].sum()
            recalls[i] = found / (shop.relevant[row].sum() or 1)
        least, most = np.array(reference["least"])[rows], np.array(reference["most"])[rows]
        wrong = (recalls < least - 1e-9) | (recalls > most + 1e-9)
        if not wrong.any():
            return None
        return (
            f"Over {len(recalls)} queries of the sample, your mean Recall@{K} is {recalls.mean():.3f}, and for "
            f"{int(wrong.sum())} of them it is not what a right search finds. Search a few of the queries and read "
            "the rows: does each search start from the same products, in the same order?"
        )

    return problem


SEMANTIC = Question(
    "semantic",
    20,
    "Search by meaning",
    (
        Check(
            "order",
            7,
            "the right products, best first",
            _semantic_probes("order", (12, 5), (40, IN_FIVES), (40, 15), (25, 3)),
            each(wrong_order),
        ),
        Check(
            "similarity",
            4,
            "each product's own similarity",
            _semantic_probes("similarity", (15, 5), (30, ALL)),
            each(wrong_columns("similarity")),
        ),
        Check(
            "rows",
            3,
            "k rows (all, where there are fewer), ranked from 1",
            _semantic_probes("rows", (30, 4), (6, 10), (20, 1), (20, None), (30, 15)),
            each(wrong_rows),
        ),
        Check("twins", 1, TWINS, _semantic_probes("twins", (12, ALL_AND_TWINS)), each(wrong_twins)),
        Check(
            "sample",
            4,
            "Recall@10 on the whole sample",
            _on_sample("semantic", "semantic_search", "product_embeddings", "products"),
            _wrong_recall("semantic"),
        ),
        Check(
            "unchanged",
            1,
            "products_df and product_embeddings stay as they were",
            _both(
                _semantic_probes("products", (12, 4), argument=2),
                _semantic_probes("embeddings", (12, 4), argument=1),
            ),
            as_they_were("semantic_search"),
        ),
    ),
    writes="semantic_search",
    builds_on=(COSINE, BATCH_COSINE),
    again=_few_of_the_sample,
    misconceptions=SEMANTIC_MISTAKES,
    right_answers=SEMANTIC_ANSWERS,
)

HYBRID = Question(
    "hybrid",
    20,
    "Let words and meaning vote together",
    (
        Check("order", 7, "the right products, best first", _orders, each(wrong_order)),
        Check(
            "ends",
            3,
            "alpha=0 is BM25 alone, alpha=1 is semantic search alone",
            _ends,
            each(wrong_order),
        ),
        Check(
            "columns",
            3,
            "each product's own three scores",
            _hybrid_probes(
                "columns",
                (20, 6, BETWEEN, SHARING),
                (20, ALL, BETWEEN, SHARING),
                (16, ALL, None, SHARING),
                (16, ALL, 0.0, SHARING),
                (16, ALL, 1.0, SHARING),
                (16, ALL, 0.5, 0.0),
                (16, ALL, 0.5, 1.0),
            ),
            each(wrong_columns("bm25_score", "semantic_score", "hybrid_score")),
        ),
        Check(
            "rows",
            2,
            "k rows (all, where there are fewer), ranked from 1",
            _hybrid_probes(
                "rows",
                (30, 4, 0.5, SHARING),
                (6, 10, 0.5, SHARING),
                (20, None, 0.2, SHARING),
                (30, 15, 0.5, SHARING),
                (20, 18, 0.0, SHARING),
            ),
            each(wrong_rows),
        ),
        Check("twins", 1, TWINS, _hybrid_probes("twins", (12, ALL_AND_TWINS, 0.5, SHARING)), each(wrong_twins)),
        Check(
            "sample",
            3,
            "Recall@10 on the whole sample",
            _on_sample(
                "hybrid", "hybrid_search", "index", "product_embeddings", "products", "doc_lengths", alpha=DEFAULT_ALPHA
            ),
            _wrong_recall("hybrid"),
        ),
        Check(
            "unchanged",
            1,
            "products_df and product_embeddings stay as they were",
            _both(
                _hybrid_probes("products", (12, 4, 0.5, SHARING), argument=3),
                _hybrid_probes("embeddings", (12, 4, 0.5, SHARING), argument=2),
            ),
            as_they_were("hybrid_search"),
        ),
    ),
    writes="hybrid_search",
    builds_on=(COSINE, BATCH_COSINE, SEMANTIC, NORMALIZE),
    again=_few_of_the_sample,
    misconceptions=HYBRID_MISTAKES,
    right_answers=HYBRID_ANSWERS,
)
