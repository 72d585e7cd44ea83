"""Other search engines behind one face: made from names, asked for the row numbers of the best 10.

All get the tokens of `snowball_tokenize`. Each is imported when it is made; ImportError means: not installed.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from helpers import snowball_tokenize


class RankBM25:
    """rank_bm25: one pass over all documents for each token. BM25Okapi has another idf: another ranking."""

    def __init__(self, names: list[str]):
        from rank_bm25 import BM25Okapi

        self.engine = BM25Okapi([snowball_tokenize(name) for name in names], k1=1.2, b=0.75)

    def search(self, query: str) -> list[int]:
        return np.argsort(-self.engine.get_scores(snowball_tokenize(query)))[:10].tolist()


class BM25S:
    """bm25s with its numpy or its numba backend."""

    backend = "numpy"

    def __init__(self, names: list[str]):
        import bm25s

        self.engine = bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend=self.backend)
        self.engine.index([snowball_tokenize(name) for name in names], show_progress=False)
        began = time.perf_counter()
        self.search("sofa")  # numba compiles here
        self.first_search = time.perf_counter() - began  # seconds

    def search(self, query: str) -> list[int]:
        return self.search_all([query])[0]

    def search_all(self, queries: list[str]) -> list[list[int]]:
        tokens = [[t for t in snowball_tokenize(query) if t in self.engine.vocab_dict] for query in queries]
        found = [i for i, known in enumerate(tokens) if known]
        results: list[list[int]] = [[] for _ in queries]
        if found:
            rows = self.engine.retrieve([tokens[i] for i in found], k=10, show_progress=False, return_as="documents")
            for i, row in zip(found, rows):
                results[i] = row.tolist()
        return results


class BM25SNumba(BM25S):
    """bm25s, compiled."""

    backend = "numba"

    def __init__(self, names: list[str]):
        import numba  # noqa: F401  (bm25s falls back to numpy without it)

        super().__init__(names)


class SearchArray:
    """searcharray: postings in a pandas column."""

    def __init__(self, names: list[str]):
        from searcharray import SearchArray as Array
        from searcharray.similarity import bm25_similarity

        logging.getLogger("searcharray.indexing").setLevel(logging.WARNING)
        self.column = Array.index(pd.Series(names), tokenizer=snowball_tokenize)
        self.similarity = bm25_similarity(k1=1.2, b=0.75)

    def search(self, query: str) -> list[int]:
        scores = np.zeros(len(self.column), dtype=np.float32)
        for token in snowball_tokenize(query):
            scores += self.column.score(token, similarity=self.similarity)
        return np.argsort(-scores, kind="stable")[:10].tolist()


class Tantivy:
    """tantivy: a compiled engine like Lucene; lengths are rounded to one byte, as there."""

    def __init__(self, names: list[str]):
        import tantivy

        fields = tantivy.SchemaBuilder().add_text_field("name", tokenizer_name="whitespace")
        self.engine = tantivy.Index(fields.build())
        writer = self.engine.writer(heap_size=1_000_000_000, num_threads=1)  # all in one segment
        for name in names:
            writer.add_document(tantivy.Document(name=" ".join(snowball_tokenize(name))))
        writer.commit()
        writer.wait_merging_threads()
        self.engine.reload()
        self.searcher = self.engine.searcher()
        self.query, self.schema = tantivy.Query, self.engine.schema
        self.should = tantivy.Occur.Should

    def search(self, query: str) -> list[int]:
        terms = [(self.should, self.query.term_query(self.schema, "name", token)) for token in snowball_tokenize(query)]
        if not terms:
            return []
        hits = self.searcher.search(self.query.boolean_query(terms), limit=10, count=False).hits
        if any(address.segment_ord for _, address in hits):
            raise RuntimeError("tantivy made several segments, so the numbers of its documents are not rows")
        return [address.doc for _, address in hits]


BM25: dict[str, Callable[[list[str]], Any]] = {
    "rank_bm25": RankBM25,
    "bm25s (numpy)": BM25S,
    "bm25s (numba)": BM25SNumba,
    "searcharray": SearchArray,
    "tantivy": Tantivy,
}


class FaissFlat:
    """faiss, every document compared."""

    def __init__(self, docs: np.ndarray):
        import faiss

        self.engine = self.make(faiss, docs.shape[1])
        self.engine.add(_units(docs))

    def make(self, faiss, dimension: int):
        return faiss.IndexFlatIP(dimension)

    def search_all(self, queries: np.ndarray) -> np.ndarray:
        return self.engine.search(_units(queries), 10)[1]


class FaissHNSW(FaissFlat):
    """faiss, a graph of neighbours: finds most of the best, not all."""

    def make(self, faiss, dimension: int):
        return faiss.IndexHNSWFlat(dimension, 32, faiss.METRIC_INNER_PRODUCT)


VECTORS = {"faiss flat": FaissFlat, "faiss HNSW": FaissHNSW}


def _units(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def agreement(found, expected) -> str:
    """ "all" if every ranking is the same, ties included; else which part of the ids is found at all."""
    pairs = [(list(a), list(b)) for a, b in zip(found, expected)]
    shared = np.mean([len({*a} & {*b}) / max(1, len(b)) for a, b in pairs])
    exact = sum(a == b for a, b in pairs)
    return "all" if exact == len(pairs) else f"{shared:.1%} of ids"
