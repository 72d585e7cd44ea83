"""BM25: all queries in one call

480 queries over 42,994 names, the top 10 of each. Times are for all 480 queries.
"""

from functools import partial

from benchmarks import data, harness, peers, plain
from helpers import build_index, score_bm25_batch
from helpers.bm25 import top_bm25_batch


def _everything():
    names = data.product_names()
    return names, data.queries(), len(names), *build_index(names)


def _peak_of_engine(name):
    def prepare():
        engine = peers.BM25[name](data.product_names())
        return lambda: engine.search_all(data.queries())

    return prepare


def _plain_all(queries, index, n, doc_lengths):
    return [plain.top_k(plain.score_bm25(query, index, n, doc_lengths)).tolist() for query in queries]


def _plain_index():
    names = data.product_names()
    index, doc_lengths = plain.build_index(names)
    return index, len(names), doc_lengths


def _peak(search_all):
    def prepare():
        _, queries, n, index, doc_lengths = _everything()
        index.weights(doc_lengths)
        return lambda: search_all(queries, index, n, doc_lengths)

    return prepare


ENGINES = "bm25s (numpy)", "bm25s (numba)"
PEAKS = {
    "plain": lambda: partial(_plain_all, data.queries(), *_plain_index()),
    "helpers (top_bm25_batch)": _peak(top_bm25_batch),
    "helpers (score_bm25_batch), all scores": _peak(score_bm25_batch),
    "bm25s (numpy)": _peak_of_engine("bm25s (numpy)"),
}


def claims():
    names, queries, n, index, doc_lengths = _everything()
    plain_index, _ = plain.build_index(names)
    expected = _plain_all(queries, plain_index, n, doc_lengths)
    some = queries[::4]
    agreement = peers.agreement(top_bm25_batch(queries, index, n, doc_lengths)[0], expected)
    ways = [
        harness.Way("plain", lambda: _plain_all(some, plain_index, n, doc_lengths), len(some) / len(queries)),
        harness.Way(
            "helpers (top_bm25_batch)",
            lambda: top_bm25_batch(queries, index, n, doc_lengths),
            same=agreement,
        ),
        harness.Way("helpers (score_bm25_batch), all scores", lambda: score_bm25_batch(queries, index, n, doc_lengths)),
    ]
    engines, skipped = harness.available({name: partial(peers.BM25[name], names) for name in ENGINES})
    for name, engine in engines.items():
        asked = some if name == "bm25s (numpy)" else queries
        ways.append(
            harness.Way(
                name,
                partial(engine.search_all, asked),
                len(asked) / len(queries),
                same=peers.agreement(engine.search_all(queries), expected),
            )
        )
    yield harness.Claim(
        "BM25, 480 queries in one call, 42,994 names",
        ways,
        unit="ms",
        rounds=7,
        skipped=skipped,
        targets={"helpers (top_bm25_batch)": 150},
        verdicts=[harness.same_results("BM25, 480 queries in one call", agreement)],
    )


if __name__ == "__main__":
    harness.main()
