"""The objects that a homework's set-up gives to the student, built the same way everywhere."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.bm25 import BM25Index, build_index
from helpers.catalogue import (
    data_in_use,
    data_set_folder,
    dataset_fingerprint,
    folder_in_use,
    load_wands_labels,
    load_wands_products,
    load_wands_queries,
    product_text,
    sample_catalogue,
)
from helpers.local_model import batch_embed_local


@dataclass(frozen=True)
class HomeworkData:
    """A sample of a catalogue with its BM25 index and its embeddings; row i means the same product everywhere.

    products: (n, 9) DataFrame; queries: those with a judged product in the sample; labels: the judgments of
    products in the sample; index, doc_lengths: BM25 on `product_text`, doc_lengths (n,); product_embeddings:
    (n, 384) float32 of the same text; choose_queries, report_queries: a fixed half of the queries each, drawn with
    random_state 42 (the first has one more where their number is odd), in the order of `queries`.
    """

    products: pd.DataFrame
    queries: pd.DataFrame
    labels: pd.DataFrame
    index: BM25Index
    doc_lengths: np.ndarray
    product_embeddings: np.ndarray
    choose_queries: pd.DataFrame
    report_queries: pd.DataFrame

    def for_queries(self, ids: Collection) -> "HomeworkData":
        """The same with these queries alone, in all three tables; the rest is shared."""
        tables = {name: getattr(self, name) for name in ("queries", "choose_queries", "report_queries")}
        kept = {name: t[t["query_id"].isin(ids)].reset_index(drop=True) for name, t in tables.items()}
        return replace(self, **kept)

    def copied(self) -> "HomeworkData":
        """The same with tables and arrays of its own; the index is shared."""
        own = {name: value.copy() for name, value in vars(self).items() if name != "index"}
        return replace(self, **own)


def load_homework_data(
    data_dir: str | Path | None = None, n: int = 5000, marked_on: Mapping[str, Any] | None = None
) -> HomeworkData:
    """The homework's sample (at most n products, random_state 42) of the data set in use, indexed and embedded.

    The work is done once in a process for the same files; each call returns tables and arrays of its own.

    Parameters
    ----------
    data_dir : folder of the data set; None means the one in use.
    n : int
    marked_on : what `describe_homework_data` gave where the homework was released
        That data set is taken, whichever else is in use, if it is here; else the one in use, and one line says so.
        Without effect where a `data_dir` is given.

    Raises
    ------
    DataError : the data set cannot be read.
    """
    if marked_on is None or data_dir:
        return _load(folder_in_use(data_dir), n)
    own = data_set_folder(marked_on["name"])
    if own is not None:
        data, name = _load(own, n), marked_on["name"]
    else:
        data, name = _load(data_in_use().folder, n), data_in_use().name
    wanted = "{name} ({products:,} products, {queries:,} queries, {labels:,} labels)".format(**marked_on)
    if fingerprint_of(data).startswith(marked_on["fingerprint"]):
        print(f"Data: {wanted}, on which this homework is marked.")
    else:
        advice = (
            "run `python -m helpers download`"
            if marked_on["name"] == "wands" and own is None
            else "set COURSE_DATA_DIR to its folder, if your teachers gave you one"
        )
        print(
            f"Data: this homework is marked on the data set {wanted}, which is not on this machine: {advice}. "
            f"Until then this notebook works on another, {name}, and your figures are not those of your marks."
        )
    return data


def describe_homework_data(data_dir: str | Path | None = None, n: int = 5000) -> dict[str, str | int]:
    """What a released homework says of the data set it is marked on: its name, the numbers of products, queries and
    labels of the homework's sample, and the beginning of their fingerprint (see `dataset_fingerprint`)."""
    used = data_in_use(data_dir)
    data = _load(used.folder, n)
    return {
        "name": used.name,
        "products": len(data.products),
        "queries": len(data.queries),
        "labels": len(data.labels),
        "fingerprint": fingerprint_of(data)[:12],
    }


def fingerprint_of(data: HomeworkData) -> str:
    """That of the sample (see `dataset_fingerprint`)."""
    return dataset_fingerprint(data.products, data.queries, data.labels)


def _load(folder: Path, n: int) -> HomeworkData:
    files = tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.glob("*.csv")))
    return _prepared(folder, files, n).copied()


@lru_cache(maxsize=1)
def _prepared(folder: Path, files: tuple, n: int) -> HomeworkData:
    """`files`: names, times and sizes of the files in `folder`, which tell when it has to be done again."""
    products, queries, labels = sample_catalogue(
        load_wands_products(folder), load_wands_queries(folder), load_wands_labels(folder), n=n
    )
    texts = product_text(products)
    index, doc_lengths = build_index(texts)
    shuffled = queries.sample(frac=1, random_state=42)
    middle = (len(queries) + 1) // 2
    halves = (part.sort_index().reset_index(drop=True) for part in (shuffled[:middle], shuffled[middle:]))
    return HomeworkData(products, queries, labels, index, doc_lengths, batch_embed_local(texts), *halves)
