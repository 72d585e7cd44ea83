"""Questions on searching: semantic and hybrid, probed on small made-up catalogues and on the whole sample."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from autograder.judge.question import (
    UNROUNDED,
    Answer,
    Check,
    Exchange,
    Made,
    Named,
    Probe,
    Question,
    as_frame,
    each,
    rounded,
)
from autograder.judge.ties import TOLERANCE, first_wrong_row
from helpers import build_index, score_bm25

from .expected import cosines, min_max
from .misconceptions.hybrid import HYBRID_MISTAKES
from .misconceptions.semantic import SEMANTIC_MISTAKES
from .right_answers.hybrid import HYBRID_ANSWERS
from .right_answers.semantic import SEMANTIC_ANSWERS
from .shop import DEFAULT_ALPHA, K, Shop
from .vectors import BATCH_COSINE, COSINE, NORMALIZE

SAMPLE_QUERIES, A_FEW = 30, 5
SEMANTIC_COLUMNS = ("product_id", "similarity", "rank")
HYBRID_COLUMNS = ("product_id", "bm25_score", "semantic_score", "hybrid_score", "rank")


@dataclass(frozen=True)
class Right:
    """What the judge knows of a search probe: each product's right scores, and how many rows are asked."""

    ids: list[int]
    scores: dict[str, np.ndarray]
    ranked_by: str
    k: int

    @property
    def rows(self) -> int:
        return min(self.k, len(self.ids))


@dataclass(frozen=True)
class Catalogue:
    """A small small for one probe: real names under fresh ids, in fresh rows, with made-up embeddings."""

    query: str
    query_embedding: np.ndarray
    products: pd.DataFrame
    embeddings: np.ndarray


def _catalogue(rng: np.random.Generator, shop: Shop, n: int) -> Catalogue:
    """n products, about a third of which share a word with the query; the index of the frame is shuffled,
    and the embeddings have varied lengths, so that positions, labels and norms cannot be mixed up unseen."""
    number = int(rng.choice(np.flatnonzero(shop.bm25_scores.max(axis=1) > 0)))
    sharing = np.flatnonzero(shop.bm25_scores[number] > 0)
    chosen = rng.permutation(sharing)[: max(2, n // 3)]
    others = rng.permutation(np.setdiff1d(np.arange(len(shop.data.products)), chosen))[: n - len(chosen)]
    rows = rng.permutation(np.concatenate([chosen, others]))
    products = pd.DataFrame(
        {
            "product_id": rng.choice(900_000, len(rows), replace=False) + 100_000,
            "product_name": shop.data.products["product_name"].fillna("").iloc[rows].tolist(),
            "product_class": shop.data.products["product_class"].fillna("").iloc[rows].tolist(),
        },
        index=rng.permutation(len(rows)) + 3,
    )
    query_embedding = shop.query_embeddings[number].astype(np.float64)
    toward = rng.uniform(-0.2, 0.8, (len(rows), 1)) * query_embedding / np.linalg.norm(query_embedding)
    noise = rng.normal(size=(len(rows), query_embedding.size)) / np.sqrt(query_embedding.size)
    embeddings = ((toward + noise) * rng.uniform(0.3, 4, (len(rows), 1))).astype(np.float32)
    return Catalogue(shop.query_texts[number], query_embedding, products, embeddings)


def _semantic_probe(name: str, i: int, rng, shop, n: int, k: int | None) -> Probe:
    small = _catalogue(rng, shop, n)
    right = Right(
        small.products["product_id"].tolist(),
        {"similarity": cosines(small.query_embedding, small.embeddings)},
        "similarity",
        k or K,
    )
    return Probe(
        f"semantic/{name}/{i}",
        "semantic_search",
        (small.query, small.embeddings, small.products),
        {} if k is None else {"k": k},
        columns=SEMANTIC_COLUMNS,
        about=right,
    )


def _semantic_probes(name: str, *shapes):
    """Probes with (number of products, k) as given; k None leaves the default."""
    return lambda rng, shop: [_semantic_probe(name, i, rng, shop, *shape) for i, shape in enumerate(shapes)]


def _hybrid_probe(name: str, i: int, rng, shop, n: int, k: int | None, alpha: float | None) -> Probe:
    small = _catalogue(rng, shop, n)
    texts = small.products["product_name"].tolist()
    index, doc_lengths = build_index(texts)
    bm25 = min_max(score_bm25(small.query, index, len(texts), doc_lengths))
    semantic = min_max(cosines(small.query_embedding, small.embeddings))
    weight = DEFAULT_ALPHA if alpha is None else alpha
    right = Right(
        small.products["product_id"].tolist(),
        {"bm25_score": bm25, "semantic_score": semantic, "hybrid_score": weight * semantic + (1 - weight) * bm25},
        "hybrid_score",
        k or K,
    )
    kwargs = {name: value for name, value in (("alpha", alpha), ("k", k)) if value is not None}
    return Probe(
        f"hybrid/{name}/{i}",
        "hybrid_search",
        (small.query, Made("index", texts), small.embeddings, small.products, doc_lengths),
        kwargs,
        columns=HYBRID_COLUMNS,
        about=right,
    )


def _hybrid_probes(name: str, *shapes):
    """Probes with (number of products, k, alpha) as given; None leaves the default."""
    return lambda rng, shop: [_hybrid_probe(name, i, rng, shop, *shape) for i, shape in enumerate(shapes)]


def _describe_probe(probe: Probe) -> str:
    alpha = f", alpha={probe.kwargs['alpha']}" if "alpha" in probe.kwargs else ""
    return f"On a catalogue of {len(probe.about.ids)} products with k={probe.about.k}{alpha}"


def _positions(probe: Probe, answer: Answer, *columns: str):
    """The answer's frame and the positions of its products in the probe's catalogue, or a sentence."""
    frame = as_frame(answer, "product_id", *columns)
    if isinstance(frame, str):
        return frame
    position = {product_id: i for i, product_id in enumerate(probe.about.ids)}
    ids = [int(x) if isinstance(x, float) and x.is_integer() else x for x in frame.columns["product_id"]]
    unknown = [x for x in ids if x not in position]
    if unknown:
        return (
            f"{_describe_probe(probe)}, your result holds a product_id that is not in products_df. "
            "Do you use the products_df that is passed in, by position?"
        )
    return frame, [position[x] for x in ids]


def _wrong_order(probe: Probe, answer: Answer) -> str | None:
    """The right products in the right order; the number of rows is judged apart, so only the common part counts."""
    found = _positions(probe, answer)
    if isinstance(found, str):
        return found
    _, positions = found
    right = probe.about
    if not positions:
        return f"{_describe_probe(probe)}, your result has no rows."
    row = first_wrong_row(positions[: right.rows], right.scores[right.ranked_by])
    if row is None:
        return None
    if positions[row] in positions[:row]:
        return f"{_describe_probe(probe)}, row {row + 1} repeats a product that stands higher."
    return (
        f"{_describe_probe(probe)}, row {row + 1} of your result is the wrong product: another one has a "
        f"higher {right.ranked_by.replace('_', ' ')}. Check the scores, the order (best first), and that row i "
        "of the scores belongs to row i of products_df."
    )


def _wrong_columns(*columns: str) -> Callable[[Probe, Answer], str | None]:
    def problem(probe: Probe, answer: Answer) -> str | None:
        found = _positions(probe, answer, *columns)
        if isinstance(found, str):
            return found
        frame, positions = found
        for column in columns:
            right = probe.about.scores[column][positions]
            got = np.array([x if isinstance(x, (int, float)) else np.nan for x in frame.columns[column]], dtype=float)
            wrong = ~(np.abs(got - right) <= TOLERANCE)
            if wrong.any():
                row = int(wrong.argmax())
                shown = "not a number" if np.isnan(got[row]) else f"{got[row]:.4g}"
                hint = (
                    UNROUNDED
                    if rounded(got, right)
                    else "Is each score kept with its own product"
                    + (", and normalised over all products?" if len(columns) > 1 else "?")
                )
                return (
                    f"{_describe_probe(probe)}, column {column} is {shown} in row {row + 1}, "
                    f"which is not that product's score. {hint}"
                )
        return None

    return problem


def _wrong_rows(probe: Probe, answer: Answer) -> str | None:
    frame = as_frame(answer, "rank")
    if isinstance(frame, str):
        return frame
    wanted = probe.about.rows
    if frame.rows != wanted:
        return (
            f"{_describe_probe(probe)}, your result has {frame.rows} rows, but {wanted} "
            f"{'is' if wanted == 1 else 'are'} asked for (k, or all products where there are fewer)."
        )
    if frame.columns["rank"] != list(range(1, wanted + 1)):
        return f"{_describe_probe(probe)}, the rank column should count 1, 2, 3, ... from the best product down."
    return None


def _on_sample(question: str, call: str, *args: str):
    """Probes that search the whole sample as the notebook does, for up to SAMPLE_QUERIES of its queries: others in each
    run, because all of them together take longer than everything else in a run."""

    def probes(rng, shop):
        n = len(shop.query_texts)
        chosen = np.sort(rng.choice(n, min(SAMPLE_QUERIES, n), replace=False))
        return [
            Probe(
                f"{question}/sample/{i}",
                call,
                (shop.query_texts[i], *(Named(a) for a in args)),
                {"k": K},
                columns=("product_id",),
                about=int(i),
            )
            for i in chosen
        ]

    return probes


def _few_of_the_sample(rng: np.random.Generator, shop: Shop, probes: dict[str, list[Probe]]):
    """All probes on small catalogues, and a few of those that search the whole sample."""
    rows = np.sort(rng.choice(len(probes["sample"]), min(A_FEW, len(probes["sample"])), replace=False))
    return probes | {"sample": [probes["sample"][row] for row in rows]}


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
            8,
            "the right products, best first",
            _semantic_probes("order", (12, None), (40, 10), (40, 3), (25, 25)),
            each(_wrong_order),
        ),
        Check(
            "similarity",
            4,
            "each product's own similarity",
            _semantic_probes("similarity", (15, 5), (30, None)),
            each(_wrong_columns("similarity")),
        ),
        Check(
            "rows",
            3,
            "k rows (all, where there are fewer), ranked from 1",
            _semantic_probes("rows", (30, 4), (6, 10), (20, 1), (20, None)),
            each(_wrong_rows),
        ),
        Check(
            "sample",
            5,
            "Recall@10 on the whole sample",
            _on_sample("semantic", "semantic_search", "product_embeddings", "products"),
            _wrong_recall("semantic"),
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
        Check(
            "order",
            8,
            "the right products, best first",
            _hybrid_probes("order", (30, None, None), (40, 10, 0.3), (40, 5, 0.7), (24, 24, 0.6)),
            each(_wrong_order),
        ),
        Check(
            "ends",
            3,
            "alpha=0 is BM25 alone, alpha=1 is semantic search alone",
            _hybrid_probes("ends", (30, 8, 0.0), (30, 8, 1.0)),
            each(_wrong_order),
        ),
        Check(
            "columns",
            3,
            "each product's own three scores",
            _hybrid_probes("columns", (30, 6, 0.4), (30, 30, 0.5)),
            each(_wrong_columns("bm25_score", "semantic_score", "hybrid_score")),
        ),
        Check(
            "rows",
            2,
            "k rows (all, where there are fewer), ranked from 1",
            _hybrid_probes("rows", (30, 4, 0.5), (6, 10, 0.5), (20, None, 0.2)),
            each(_wrong_rows),
        ),
        Check(
            "sample",
            4,
            "Recall@10 on the whole sample",
            _on_sample("hybrid", "hybrid_search", "index", "product_embeddings", "products", "doc_lengths"),
            _wrong_recall("hybrid"),
        ),
    ),
    writes="hybrid_search",
    builds_on=(COSINE, BATCH_COSINE, SEMANTIC, NORMALIZE),
    again=_few_of_the_sample,
    misconceptions=HYBRID_MISTAKES,
    right_answers=HYBRID_ANSWERS,
)
