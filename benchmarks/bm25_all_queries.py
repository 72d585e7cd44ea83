"""BM25: all queries in one call

480 queries over 42,994 names, top 10 of each.
"""

from benchmarks import data, harness, peers, plain
from helpers import build_index, score_bm25_batch
from helpers.bm25 import top_bm25_batch


def _everything():
    names = data.product_names()
    return names, data.queries(), len(names), *build_index(names)


def _plain_all(queries, index, n, doc_lengths):
    return [plain.top_k(plain.score_bm25(query, index, n, doc_lengths)) for query in queries]


def _peak(search_all):
    def prepare():
        _, queries, n, index, doc_lengths = _everything()
        index.weights(doc_lengths)
        return lambda: search_all(queries, index, n, doc_lengths)

    return prepare


PEAKS = {
    "helpers (top_bm25_batch)": _peak(top_bm25_batch),
    "helpers (score_bm25_batch), all scores": _peak(score_bm25_batch),
}


def claims():
    names, queries, n, index, doc_lengths = _everything()
    plain_index, _ = plain.build_index(names)
    expected = _plain_all(queries, plain_index, n, doc_lengths)
    some = queries[::4]
    ways = [
        harness.Way("plain", lambda: _plain_all(some, plain_index, n, doc_lengths), len(some) / len(queries)),
        harness.Way(
            "helpers (top_bm25_batch)",
            lambda: top_bm25_batch(queries, index, n, doc_lengths),
            same=peers.agreement(top_bm25_batch(queries, index, n, doc_lengths)[0], expected),
        ),
        harness.Way(
            "helpers (score_bm25_batch), all scores", lambda: score_bm25_batch(queries, index, n, doc_lengths)
        ),
    ]
    makers = {name: peers.BM25[name] for name in ("bm25s (numpy)", "bm25s (numba)")}
    engines, skipped = harness.available(
        {name: lambda make=make: make(names) for name, make in makers.items()}
    )
    ways += [
        harness.Way(
            name,
            lambda engine=engine: engine.search_all(queries),
            same=peers.agreement(engine.search_all(queries), expected),
        )
        for name, engine in engines.items()
    ]
    yield harness.Claim(
        "480 queries over 42,994 names, the top 10 of each",
        ways,
        unit="ms",
        rounds=7,
        skipped=skipped,
        targets={"helpers (top_bm25_batch)": 100},
        note="Times are for all 480 queries.",
    )


if __name__ == "__main__":
    harness.main()
