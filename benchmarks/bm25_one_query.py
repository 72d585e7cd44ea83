"""BM25: one query at a time

480 queries over 42,994 names, top 10, each query in a call of its own. "Same results" means: the plain way's
row numbers in the plain way's order, ties included. rank_bm25 has another idf. bm25s and tantivy have the
same formula, but break ties in other ways.
"""

import time

import numpy as np

from benchmarks import data, harness, peers, plain
from helpers import build_index, search_bm25
from helpers.bm25 import top_bm25
from helpers.ranking import take_rows


def claims():
    names, queries, products = data.product_names(), data.queries(), data.products()
    index, doc_lengths = build_index(names)
    plain_index, _ = plain.build_index(names)
    n = len(names)

    def plain_rows(query):
        return plain.top_k(plain.score_bm25(query, plain_index, n, doc_lengths))

    def plain_table(query):
        return plain.table(products, plain.score_bm25(query, plain_index, n, doc_lengths), "bm25_score")

    def our_rows(query):
        return top_bm25(query, index, n, doc_lengths)[0]

    def our_table(query):
        return search_bm25(query, index, products, doc_lengths)

    began = time.perf_counter()
    our_rows(queries[0])
    first_searches = {"helpers (top_bm25)": time.perf_counter() - began}
    expected = [plain_rows(query) for query in queries]
    agreement = peers.agreement(map(our_rows, queries), expected)
    engines, skipped = harness.available({name: lambda make=make: make(names) for name, make in peers.BM25.items()})
    few = queries[::10]
    ways = [
        _way("plain", plain_rows, queries[::4], 1 / 4),
        _way("helpers (top_bm25)", our_rows, queries, 1, agreement),
    ]
    for name, engine in engines.items():
        slow = name in ("rank_bm25", "bm25s (numpy)")
        ways.append(
            _way(
                name,
                engine.search,
                few if slow else queries,
                len(few) / len(queries) if slow else 1,
                peers.agreement(map(engine.search, queries[::10]), expected[::10]),
            )
        )
    yield harness.Claim(
        "BM25, one query at a time, 42,994 names",
        ways,
        unit="ms",
        per=len(queries),
        skipped=skipped,
        targets={"helpers (top_bm25)": 100},
        verdicts=[harness.same_results("BM25, one query at a time", agreement)],
    )
    first_searches |= {name: e.first_search for name, e in engines.items() if hasattr(e, "first_search")}
    yield _first_searches(first_searches)
    yield harness.Claim(
        "BM25, one query at a time, with a table of the products as result",
        [
            _way("plain", plain_table, queries[::4], 1 / 4),
            _way(
                "helpers (search_bm25)",
                our_table,
                queries,
                1,
                peers.agreement([our_table(query)["product_id"] for query in queries], expected),
            ),
        ],
        unit="ms",
        per=len(queries),
        note=_cost_of_a_table(products, len(queries)),
    )


def _way(name, search, queries, share, same=""):
    return harness.Way(name, lambda: [search(query) for query in queries], share, same)


def _first_searches(seconds: dict[str, float]) -> harness.Listing:
    ours = next(iter(seconds.values()))
    verdict = harness.Verdict(
        "BM25, first search after the index was built", "no compile step", f"{ours * 1e3:.0f} ms", ours < 1
    )
    return harness.Listing(
        "The first search after the index was built",
        ["way", "ms"],
        [[name, f"{taken * 1e3:,.0f}"] for name, taken in seconds.items()],
        "helpers computes the weights of all postings then; numba compiles.",
        [verdict],
    )


def _cost_of_a_table(products, count) -> str:
    rows, scores = np.arange(10), np.linspace(1, 0, 10)
    way = harness.Way("table", lambda: [take_rows(products, rows, bm25_score=scores) for _ in range(count)])
    seconds = harness.measure(harness.Claim("", [way], per=count))["table"]
    median = sorted(seconds)[len(seconds) // 2] * 1e3
    return (
        f"Of helpers' time, {median:.2g} ms go into a pandas table of ten rows and 11 columns, as in both ways: "
        "no engine behind it could be faster than that."
    )


if __name__ == "__main__":
    harness.main()
