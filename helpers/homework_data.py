"""The objects that a homework's set-up gives to the student, built the same way everywhere."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.bm25 import BM25Index, build_index
from helpers.catalogue import (
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
    products in the sample; index, doc_lengths: BM25 on product_name, doc_lengths (n,); product_embeddings:
    (n, 384) float32 of product name and class.
    """

    products: pd.DataFrame
    queries: pd.DataFrame
    labels: pd.DataFrame
    index: BM25Index
    doc_lengths: np.ndarray
    product_embeddings: np.ndarray


def load_homework_data(data_dir=None, n: int = 5000) -> HomeworkData:
    """The homework's sample (at most n products, random_state 42) of the data set in use, indexed and embedded.

    The work is done once in a process for the same files; each call returns tables and arrays of its own.
    """
    folder = folder_in_use(data_dir)
    files = tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.glob("*.csv")))
    data = _prepared(folder, files, n)
    return replace(
        data,
        products=data.products.copy(),
        queries=data.queries.copy(),
        labels=data.labels.copy(),
        doc_lengths=data.doc_lengths.copy(),
        product_embeddings=data.product_embeddings.copy(),
    )


@lru_cache(maxsize=1)
def _prepared(folder: Path, files: tuple, n: int) -> HomeworkData:
    """`files`: names, times and sizes of the files in `folder`, which tell when it has to be done again."""
    products, queries, labels = sample_catalogue(
        load_wands_products(folder), load_wands_queries(folder), load_wands_labels(folder), n=n
    )
    index, doc_lengths = build_index(products["product_name"])
    product_embeddings = batch_embed_local(product_text(products))
    return HomeworkData(products, queries, labels, index, doc_lengths, product_embeddings)
