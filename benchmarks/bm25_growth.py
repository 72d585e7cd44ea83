"""BM25: how the cost grows with the catalogue

10,000, 42,994 and a million names: one query at a time, all in one call, and building the index; tantivy, the fastest
of the other engines, beside them. Times of searches are for one query.
"""

import time
from typing import Any

from benchmarks import data, harness, peers, plain
from helpers import build_index
from helpers.bm25 import top_bm25, top_bm25_batch

SIZES = [10_000, data.WANDS, 1_000_000]


def claims():
    built: list[list[str]] = []
    for n in SIZES:
        yield _searches(n, built)
    columns = ["names", "terms", "plain, s", "helpers, s", "times as fast", "plain, MB", "helpers, MB"]
    yield harness.Listing("Building the index", columns, built, "One run each, with its peak memory.")


def _searches(n: int, built: list[list[str]]) -> harness.Claim:
    """The searches in n names, once both indexes are built; what that took is a new row of `built`."""
    names, queries = data.product_names(n), data.queries()
    (index, doc_lengths), seconds, peak = _built(build_index, names)
    (plain_index, _), plain_seconds, plain_peak = _built(plain.build_index, names)
    numbers = f"{plain_seconds:.2f} {seconds:.2f} {plain_seconds / seconds:.2g} {plain_peak:,.0f} {peak:,.0f}"
    built.append([f"{n:,}", f"{len(index):,}", *numbers.split()])
    engines, skipped = harness.available({"tantivy": lambda: peers.Tantivy(names)})
    few = queries[:: 4 if n < 100_000 else 40]

    def plain_way():
        return [plain.top_k(plain.score_bm25(query, plain_index, n, doc_lengths)).tolist() for query in few]

    ways = [
        harness.Way("plain", plain_way, share=len(few) / len(queries)),
        harness.Way(
            "helpers (top_bm25), one query at a time",
            lambda: [top_bm25(query, index, n, doc_lengths) for query in queries],
        ),
        harness.Way("helpers (top_bm25_batch), all at once", lambda: top_bm25_batch(queries, index, n, doc_lengths)),
        *(harness.Way(f"{name}, one query at a time", _each(engine, queries)) for name, engine in engines.items()),
    ]
    return harness.Claim(f"Top 10 of {n:,} names", ways, unit="ms", per=len(queries), rounds=3, skipped=skipped)


def _each(engine, queries: list[str]):
    return lambda: [engine.search(query) for query in queries]


def _built(build, names: list[str]) -> tuple[Any, float, float]:
    """What build(names) gives, its seconds, and the MB of its peak."""
    build(names[:100])  # what only a first run does, such as loading code, costs the same at every size
    began = time.perf_counter()
    built, peak = harness.growth(lambda: build(names))
    return built, time.perf_counter() - began, peak


if __name__ == "__main__":
    harness.main()
