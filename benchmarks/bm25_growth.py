"""BM25: how the cost grows with the catalogue

10,000, 42,994 and a million names; one query at a time and all in one call, and the index built.
"""

import time

from benchmarks import data, harness, plain
from helpers import build_index
from helpers.bm25 import top_bm25, top_bm25_batch

SIZES = [10_000, data.WANDS, 1_000_000]


def claims():
    built = []
    for n in SIZES:
        yield _searches(n, built)
    columns = ["names", "plain, s", "helpers, s", "times as fast", "terms"]
    yield harness.Listing("Building the index", columns, built, "One run each.")


def _searches(n: int, built: list[list[str]]) -> harness.Claim:
    """The searches in n names, once both indexes are built; what that took is a new row of `built`."""
    names, queries = data.product_names(n), data.queries()
    began = time.perf_counter()
    index, doc_lengths = build_index(names)
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    plain_index, _ = plain.build_index(names)
    plain_seconds = time.perf_counter() - began
    ratio = f"{plain_seconds / seconds:.2g}"
    built.append([f"{n:,}", f"{plain_seconds:.2f}", f"{seconds:.2f}", ratio, f"{len(index):,}"])
    few = queries[:: 4 if n < 100_000 else 40]

    def plain_way():
        return [plain.top_k(plain.score_bm25(query, plain_index, n, doc_lengths)) for query in few]

    ways = [
        harness.Way("plain", plain_way, share=len(few) / len(queries)),
        harness.Way("top_bm25, one by one", lambda: [top_bm25(q, index, n, doc_lengths) for q in queries]),
        harness.Way("top_bm25_batch, all at once", lambda: top_bm25_batch(queries, index, n, doc_lengths)),
    ]
    return harness.Claim(
        f"Top 10 of {n:,} names", ways, unit="ms", per=len(queries), rounds=3, note="Times are for one query."
    )


if __name__ == "__main__":
    harness.main()
