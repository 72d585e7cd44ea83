"""The data set in use as homework 3's judge sees it: the sample, its two fields' scores, the reference values."""

import string
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import Stemmer

from autograder.judge.shop import SampleShop
from helpers import (
    build_index,
    calculate_dcg,
    group_judgments,
    load_homework_data,
    score_bm25_batch,
    top_k,
)

from .expected import as_dicts, dcg_range

WEIGHTS = [round(step / 10, 1) for step in range(1, 10)]
K = 10


class Shop(SampleShop):
    """The sample with the BM25 scores of both fields."""

    @cached_property
    def tuning_queries(self) -> pd.DataFrame:
        return self.data.queries.iloc[::2].reset_index(drop=True)

    @cached_property
    def report_queries(self) -> pd.DataFrame:
        return self.data.queries.iloc[1::2].reset_index(drop=True)

    @cached_property
    def course_names(self) -> tuple[dict, np.ndarray]:
        return as_dicts(self.data.products["product_name"])

    @cached_property
    def course_classes(self) -> tuple[dict, np.ndarray]:
        return as_dicts(self.data.products["product_class"])

    def set_up(self, only: tuple = ()) -> dict[str, Any]:
        """As in kernel.py, without building anything again; the tables are those of this shop."""
        tuning = self.tuning_queries
        if only:
            tuning = tuning[tuning["query_id"].isin(only)].reset_index(drop=True)
        return {
            "products": self.data.products,
            "queries": self.data.queries,
            "labels": self.data.labels,
            "tuning_queries": tuning,
            "report_queries": self.report_queries,
            "course_names": self.course_names,
            "course_classes": self.course_classes,
        }

    def notebook(self) -> dict[str, Any]:
        """The names that the notebook's set-up cell leaves, for answers to run with; tables are copies."""
        tables = {name: value.copy() for name, value in self.set_up().items() if isinstance(value, pd.DataFrame)}
        return {
            "np": np,
            "pd": pd,
            "string": string,
            "stem": Stemmer.Stemmer("english").stemWord,
            "WEIGHTS": list(WEIGHTS),
            **tables,
        }

    @cached_property
    def names(self) -> list[str]:
        return self.data.products["product_name"].astype(str).tolist()

    @cached_property
    def judgments(self) -> dict:
        """query_id -> {product_id: grade}."""
        return group_judgments(self.data.labels)

    @cached_property
    def ideal(self) -> np.ndarray:
        """(queries,) DCG@10 of each query's best ranking."""
        return np.array(
            [
                calculate_dcg(sorted(self.judgments.get(query_id, {}).values(), reverse=True), K)
                for query_id in self.data.queries["query_id"].tolist()
            ]
        )

    @cached_property
    def grades(self) -> np.ndarray:
        """(queries, products) the grade of each product for each query, 0 where nobody judged."""
        position = {product_id: i for i, product_id in enumerate(self.data.products["product_id"].tolist())}
        grades = np.zeros((len(self.data.queries), len(position)))
        for row, query_id in enumerate(self.data.queries["query_id"].tolist()):
            for product_id, grade in self.judgments.get(query_id, {}).items():
                if product_id in position:
                    grades[row, position[product_id]] = grade
        return grades

    @cached_property
    def field_scores(self) -> tuple[np.ndarray, np.ndarray]:
        """BM25 of each query for each product's name and for its class, two arrays (queries, products)."""

        def scores(column: str) -> np.ndarray:
            index, doc_lengths = build_index(self.data.products[column])
            return score_bm25_batch(self.data.queries["query"], index, len(doc_lengths), doc_lengths)

        return scores("product_name"), scores("product_class")

    @cached_property
    def ranges(self) -> np.ndarray:
        """(weights, queries, 2): the least and the greatest nDCG@10 of each query at each of WEIGHTS."""
        names, classes = self.field_scores
        found = np.zeros((len(WEIGHTS), len(self.ideal), 2))
        for i, weight in enumerate(WEIGHTS):
            for row, ideal in enumerate(self.ideal):
                if ideal > 0:
                    scores = weight * names[row] + (1 - weight) * classes[row]
                    found[i, row] = np.array(dcg_range(scores, self.grades[row], K)) / ideal
        return found

    @cached_property
    def slips(self) -> np.ndarray:
        """(slips, weights, queries): what other measures make of the same rankings, ties by row: recall, and nDCG of
        which only grade 2 gains anything."""
        names, classes = self.field_scores
        relevant, exact = self.grades > 0, np.where(self.grades == 2, self.grades, 0)
        judged = [self.judgments.get(i, {}).values() for i in self.data.queries["query_id"].tolist()]
        totals = np.array([sum(grade > 0 for grade in grades) for grades in judged])
        bests = np.array([calculate_dcg([2] * sum(grade == 2 for grade in grades), K) for grades in judged])
        found = np.zeros((2, len(WEIGHTS), len(totals)))
        for i, weight in enumerate(WEIGHTS):
            for row in np.flatnonzero(totals):
                top = top_k(weight * names[row] + (1 - weight) * classes[row], K)
                found[0, i, row] = relevant[row, top].sum() / totals[row]
                if bests[row]:
                    found[1, i, row] = calculate_dcg(exact[row, top], K) / bests[row]
        return found


def open_shop(data_folder: Path | None = None) -> Shop:
    """The shop on the data set in use, or on that of a folder."""
    return Shop(load_homework_data(data_folder))


def measure_reference(shop: Shop) -> dict[str, Any]:
    """What the right solution measures on this data set, as JSON values.

    weight_table: for each weight the least and the greatest mean nDCG@10 over the tuning half that breaking ties
    differently allows; best_weight: the one whose least is greatest. report: the same over the report half, for that
    weight.
    """
    tuning, report = shop.ranges[:, ::2].mean(axis=1), shop.ranges[:, 1::2].mean(axis=1)
    best = int(tuning[:, 0].argmax())
    return {
        "fingerprint": shop.fingerprint,
        "products": len(shop.data.products),
        "query_id": shop.data.queries["query_id"].tolist(),
        "weight_table": [
            {"weight": weight, "least": float(least), "most": float(most)}
            for weight, (least, most) in zip(WEIGHTS, tuning)
        ],
        "best_weight": WEIGHTS[best],
        "report": {"least": float(report[best, 0]), "most": float(report[best, 1])},
    }
