"""Semantic search: cosine with every document

480 query vectors against 42,994 x 384 float32 (made up, in clusters; every 50th repeats another), top 10.
Times are for all 480 queries. faiss has its index built beforehand; helpers begins with the raw vectors.
"Same results": those of batch_cosine_similarity for one query at a time, order and ties included.
"""

from functools import partial

from benchmarks import data, harness, peers, plain
from helpers import batch_cosine_similarity, cosine_similarity_matrix, top_k
from helpers.similarity import top_semantic_batch


def _plain_all(queries, docs):
    return [plain.top_k(plain.cosine(query, docs)) for query in queries]


def _matrix(queries, docs):
    return [top_k(row, 10) for row in cosine_similarity_matrix(queries, docs)]


def _peak(search_all, count=480):
    def prepare():
        docs, queries = data.embeddings()
        return lambda: search_all(queries[:count], docs)

    return prepare


def _peak_of_engine(name):
    def prepare():
        docs, queries = data.embeddings()
        engine = peers.VECTORS[name](docs)
        return lambda: engine.search_all(queries)

    return prepare


PEAKS = {
    "plain": _peak(_plain_all, 2),
    "helpers (top_semantic_batch)": _peak(top_semantic_batch),
    "helpers (cosine_similarity_matrix), all similarities": _peak(_matrix),
    "faiss flat": _peak_of_engine("faiss flat"),
}


def claims():
    docs, queries = data.embeddings()
    few = queries[::24]
    one_by_one = [top_k(batch_cosine_similarity(query, docs), 10) for query in queries]
    agreement = peers.agreement(top_semantic_batch(queries, docs)[0], one_by_one)
    ways = [
        harness.Way(
            "plain",
            lambda: _plain_all(few, docs),
            len(few) / len(queries),
            same=peers.agreement(_plain_all(few, docs), one_by_one[::24]),
        ),
        harness.Way(
            "helpers, one query at a time",
            lambda: [top_k(batch_cosine_similarity(query, docs), 10) for query in few],
            len(few) / len(queries),
            same="all",
        ),
        harness.Way(
            "helpers (top_semantic_batch)",
            lambda: top_semantic_batch(queries, docs),
            same=agreement,
        ),
        harness.Way(
            "helpers (cosine_similarity_matrix), all similarities",
            lambda: _matrix(queries, docs),
            same=peers.agreement(_matrix(queries, docs), one_by_one),
        ),
    ]
    engines, skipped = harness.available({name: partial(make, docs) for name, make in peers.VECTORS.items()})
    ways += [
        harness.Way(
            name,
            lambda engine=engine: engine.search_all(queries),
            same=peers.agreement(engine.search_all(queries), one_by_one),
        )
        for name, engine in engines.items()
    ]
    yield harness.Claim(
        "Semantic search, 480 queries in one call, 42,994 vectors",
        ways,
        unit="ms",
        skipped=skipped,
        targets={"helpers (top_semantic_batch)": 70},
        verdicts=[harness.same_results("Semantic search, 480 queries in one call", agreement)],
    )
    for n in (10_000, 100_000):
        docs_n, queries_n = data.embeddings(n)
        some = queries_n[::48]
        yield harness.Claim(
            f"The same against {n:,} vectors",
            [
                harness.Way("plain", partial(_plain_all, some, docs_n), len(some) / len(queries_n)),
                harness.Way("helpers (top_semantic_batch)", partial(top_semantic_batch, queries_n, docs_n)),
            ],
            unit="ms",
            rounds=3,
            peaks=False,
            note=f"{docs_n.nbytes / 2**20:,.0f} MB of vectors.",
        )


if __name__ == "__main__":
    harness.main()
