"""A homework as the judge sees it: the data set in use, the right scores for it, and the stored reference values."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from autograder.judge.ties import cosines, min_max, recall_range
from helpers import batch_embed_local, dataset_fingerprint, load_homework_data, product_text, score_bm25
from helpers.errors import CourseError
from helpers.homework_data import HomeworkData

ALPHAS = [round(step / 10, 1) for step in range(11)]
K = 10
DEFAULT_ALPHA = 0.5
REFERENCE_FOLDER = Path(__file__).parents[1] / "reference"


class ReferenceMissing(CourseError):
    """No reference values are stored for the data set in use."""


@dataclass
class Homework:
    """The data, the right scores and the reference values of one homework on one data set.

    reference: see `measure_reference`; empty only while it is being measured.
    """

    data: HomeworkData
    reference: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        return dataset_fingerprint(self.data.products, self.data.queries, self.data.labels)

    @cached_property
    def query_texts(self) -> list[str]:
        return self.data.queries["query"].tolist()

    @cached_property
    def query_embeddings(self) -> np.ndarray:
        """(queries, d) float32; computing them also puts them in the cache that the students' kernels read."""
        return batch_embed_local(self.query_texts, show_progress=False)

    @cached_property
    def product_texts(self) -> list[str]:
        return product_text(self.data.products).tolist()

    @cached_property
    def position(self) -> dict[int, int]:
        """product_id -> row in the sample."""
        return {int(p): i for i, p in enumerate(self.data.products["product_id"])}

    @cached_property
    def semantic_scores(self) -> np.ndarray:
        """(queries, products) cosine of each query with each product."""
        return cosines(self.query_embeddings, self.data.product_embeddings)

    @cached_property
    def bm25_scores(self) -> np.ndarray:
        """(queries, products) BM25 of each query for each product name."""
        n = len(self.data.products)
        return np.stack([score_bm25(q, self.data.index, n, self.data.doc_lengths) for q in self.query_texts])

    @cached_property
    def relevant(self) -> np.ndarray:
        """(queries, products) bool: judged Exact or Partial."""
        mask = np.zeros((len(self.query_texts), len(self.position)), dtype=bool)
        row = {int(q): i for i, q in enumerate(self.data.queries["query_id"])}
        good = self.data.labels[self.data.labels["grade"] > 0]
        for query_id, product_id in zip(good["query_id"], good["product_id"]):
            if query_id in row and product_id in self.position:
                mask[row[query_id], self.position[product_id]] = True
        return mask

    @cached_property
    def normalized(self) -> tuple[np.ndarray, np.ndarray]:
        """BM25 and semantic scores, each row min-max normalised over all products."""
        bm25, semantic = (np.apply_along_axis(min_max, 1, s) for s in (self.bm25_scores, self.semantic_scores))
        return bm25, semantic

    def hybrid_scores(self, alpha: float) -> np.ndarray:
        """(queries, products) alpha * semantic + (1 - alpha) * BM25."""
        bm25, semantic = self.normalized
        return alpha * semantic + (1 - alpha) * bm25


def measure_reference(homework: Homework) -> dict[str, Any]:
    """What the right solution measures on this data set, as JSON values.

    For BM25, semantic and hybrid search the least and the greatest Recall@10 of each query that breaking
    ties differently allows, and for every alpha the same for the mean over the queries.
    """

    def ranges(scores):
        pairs = [recall_range(s, r, K) for s, r in zip(scores, homework.relevant)]
        return np.array(pairs).T

    def both(scores):
        least, most = ranges(scores)
        return {
            "least": least.tolist(),
            "most": most.tolist(),
            "mean_least": float(least.mean()),
            "mean_most": float(most.mean()),
        }

    table = []
    for alpha in ALPHAS:
        least, most = ranges(homework.hybrid_scores(alpha))
        table.append({"alpha": alpha, "least": float(least.mean()), "most": float(most.mean())})
    return {
        "fingerprint": homework.fingerprint,
        "products": len(homework.data.products),
        "query_id": homework.data.queries["query_id"].astype(int).tolist(),
        "bm25": both(homework.bm25_scores),
        "semantic": both(homework.semantic_scores),
        "hybrid": both(homework.hybrid_scores(DEFAULT_ALPHA)),
        "alpha_table": table,
    }


def reference_path(assignment: str, fingerprint: str) -> Path:
    """Where the reference values of one data set are kept: the fingerprint is part of the name."""
    return REFERENCE_FOLDER / f"{assignment}-{fingerprint[:12]}.json"


def load_homework(assignment: str = "hw4") -> Homework:
    """The homework on the data set in use, with its stored reference values; ReferenceMissing where there are none."""
    homework = Homework(load_homework_data())
    path = reference_path(assignment, homework.fingerprint)
    try:
        homework.reference = json.loads(path.read_text())
    except FileNotFoundError:
        raise ReferenceMissing(
            f"There are no reference values for this data set ({len(homework.data.products):,} products, "
            f"{len(homework.query_texts)} queries): run `autograder reference {assignment}` once."
        ) from None
    if homework.reference["fingerprint"] != homework.fingerprint:
        raise ReferenceMissing(
            f"The reference values in {path.name} are for other data: run `autograder reference {assignment}` again."
        )
    return homework


def save_reference(assignment: str, homework: Homework) -> Path:
    """Measure and store the reference values; the file appears whole or not at all."""
    homework.reference = measure_reference(homework)
    path = reference_path(assignment, homework.fingerprint)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(homework.reference, indent=1) + "\n")
    draft.replace(path)
    return path
