"""The data set in use as homework 4's judge sees it: the sample, the right scores for it, the reference values."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from autograder.judge.shop import SampleShop
from autograder.judge.ties import recall_range
from helpers import (
    batch_embed_local,
    evaluate_search,
    get_embedding_local,
    load_homework_data,
    product_text,
    score_bm25,
)

from .expected import cosines, min_max

ALPHAS = [round(step / 10, 1) for step in range(11)]
K = 10
DEFAULT_ALPHA = 0.5


class Shop(SampleShop):
    """The sample with the right scores."""

    def set_up(self, only: tuple[int, ...] = ()) -> dict[str, Any]:
        """As in kernel.py, without building anything again; the tables are those of this shop."""
        return dict(vars(self.data.for_queries(only) if only else self.data))

    def notebook(self) -> dict[str, Any]:
        """The names that the notebook's set-up cell leaves, for answers to run with; tables and arrays are copies."""
        return {
            "np": np,
            "pd": pd,
            "ALPHAS": list(ALPHAS),
            "batch_embed_local": batch_embed_local,
            "evaluate_search": evaluate_search,
            "get_embedding_local": get_embedding_local,
            "product_text": product_text,
            "score_bm25": score_bm25,
            **vars(self.data.copied()),
        }

    @cached_property
    def query_texts(self) -> list[str]:
        return self.data.queries["query"].tolist()

    @cached_property
    def product_texts(self) -> list[str]:
        return product_text(self.data.products).tolist()

    @cached_property
    def query_embeddings(self) -> np.ndarray:
        """(queries, d) float32."""
        return batch_embed_local(self.query_texts, show_progress=False)

    @cached_property
    def position(self) -> dict[int | str, int]:
        """product_id -> row in the sample."""
        return {product_id: i for i, product_id in enumerate(self.data.products["product_id"].tolist())}

    @cached_property
    def semantic_scores(self) -> np.ndarray:
        """(queries, products) cosine of each query with each product."""
        return cosines(self.query_embeddings, self.data.product_embeddings)

    @cached_property
    def bm25_scores(self) -> np.ndarray:
        """(queries, products) BM25 of each query for each product's text."""
        n = len(self.data.products)
        return np.stack([score_bm25(q, self.data.index, n, self.data.doc_lengths) for q in self.query_texts])

    @cached_property
    def relevant(self) -> np.ndarray:
        """(queries, products) bool: judged Exact or Partial."""
        return self._judged(1)

    def _judged(self, least_grade: int) -> np.ndarray:
        """(queries, products) bool: judged to be of this grade or a higher one."""
        mask = np.zeros((len(self.query_texts), len(self.position)), dtype=bool)
        row = {query_id: i for i, query_id in enumerate(self.data.queries["query_id"].tolist())}
        good = self.data.labels[self.data.labels["grade"] >= least_grade]
        for query_id, product_id in zip(good["query_id"].tolist(), good["product_id"].tolist()):
            if query_id in row and product_id in self.position:
                mask[row[query_id], self.position[product_id]] = True
        return mask

    @cached_property
    def normalized(self) -> tuple[np.ndarray, np.ndarray]:
        """BM25 and semantic scores, each row min-max normalised over all products."""
        bm25, semantic = (
            np.apply_along_axis(min_max, 1, scores) for scores in (self.bm25_scores, self.semantic_scores)
        )
        return bm25, semantic

    def rows_of(self, half: pd.DataFrame) -> np.ndarray:
        """The rows of `queries` that stand in one of its halves."""
        return np.flatnonzero(self.data.queries["query_id"].isin(half["query_id"]))

    def hybrid_scores(self, alpha: float) -> np.ndarray:
        """(queries, products) alpha * semantic + (1 - alpha) * BM25."""
        bm25, semantic = self.normalized
        return alpha * semantic + (1 - alpha) * bm25

    @cached_property
    def recalls(self) -> np.ndarray:
        """(alphas, queries, 2): the least and the greatest Recall@10 of each query at each of ALPHAS."""
        return self._recalls(self.relevant, K)

    @cached_property
    def slips(self) -> list[np.ndarray]:
        """(alphas, queries) each: Recall@5, that of Exact products alone, and that of all judged ones."""
        asked = ((self.relevant, K // 2), (self._judged(2), K), (self._judged(0), K))
        return [self._recalls(mask, k)[..., 0] for mask, k in asked]

    def _recalls(self, relevant: np.ndarray, k: int) -> np.ndarray:
        ranges = [
            [recall_range(scores, good, k) for scores, good in zip(self.hybrid_scores(alpha), relevant)]
            for alpha in ALPHAS
        ]
        return np.array(ranges).reshape(len(ALPHAS), len(relevant), 2)


def open_shop(data_folder: Path | None = None) -> Shop:
    """The shop on the data set in use, or on that of a folder; its queries' embeddings are in the cache afterwards,
    where the students' kernels read them."""
    shop = Shop(load_homework_data(data_folder))
    batch_embed_local(shop.query_texts, show_progress=False)
    return shop


def measure_reference(shop: Shop) -> dict[str, Any]:
    """What the right solution measures on this data set, as JSON values.

    For BM25, semantic and hybrid search the least and the greatest Recall@10 of each query that breaking
    ties differently allows, and the same for the mean over the queries; at each alpha, for the mean over either half.
    """

    def ranges(scores):
        pairs = [recall_range(s, r, K) for s, r in zip(scores, shop.relevant)]
        return np.array(pairs).T

    def both(scores):
        least, most = ranges(scores)
        return {
            "least": least.tolist(),
            "most": most.tolist(),
            "mean_least": float(least.mean()),
            "mean_most": float(most.mean()),
        }

    chosen, reported = (shop.rows_of(half) for half in (shop.data.choose_queries, shop.data.report_queries))
    tables: dict[str, list] = {"choose": [], "report": []}
    for alpha in ALPHAS:
        least, most = ranges(shop.hybrid_scores(alpha))
        for name, rows in (("choose", chosen), ("report", reported)):
            tables[name].append({"alpha": alpha, "least": _mean(least[rows]), "most": _mean(most[rows])})
    return {
        "fingerprint": shop.fingerprint,
        "products": len(shop.data.products),
        "query_id": shop.data.queries["query_id"].tolist(),
        "bm25": both(shop.bm25_scores),
        "semantic": both(shop.semantic_scores),
        "hybrid": both(shop.hybrid_scores(DEFAULT_ALPHA)),
        **tables,
    }


def _mean(recalls: np.ndarray) -> float:
    return float(recalls.mean()) if len(recalls) else 0.0
