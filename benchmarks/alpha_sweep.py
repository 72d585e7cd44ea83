"""Alpha sweep: 21 weights, 480 queries, 10,000 products

From the texts of the queries to the mean recall of every alpha. The index and the products' vectors
(made up) are there beforehand for both ways; the real model embeds the queries.
"""

from functools import partial

import numpy as np

from benchmarks import data, harness, plain
from helpers import (
    batch_embed_local,
    build_index,
    cosine_similarity_matrix,
    get_local_model,
    score_bm25_batch,
    sweep_alpha,
)

N = 10_000
ALPHAS = np.linspace(0, 1, 21)
_SOME_ALPHAS, _SOME_QUERIES, _ROUNDS = ALPHAS[[4, 13]], slice(0, None, 20), 5  # what the plain way does of it


def encode(texts):
    """Embeddings from the model itself, never from the cache: `precision` goes past it."""
    return get_local_model().encode(texts, precision="float32", show_progress_bar=False)


def cached(texts):
    """Embeddings as a notebook gets them that has embedded these texts before."""
    return batch_embed_local(texts, show_progress=False)


def slow(plain_index, doc_lengths, docs, products, queries_df, labels_df, alphas) -> list[float]:
    """The mean recall of each alpha, every search from the very beginning."""
    means = []
    for alpha in alphas:
        recalls = []
        for query_id, text in zip(queries_df["query_id"], queries_df["query"]):
            found = plain.hybrid(text, encode, plain_index, docs, doc_lengths, products, alpha)
            recalls.append(plain.recall(found, query_id, labels_df))
        means.append(np.mean(recalls))
    return means


def fast(indexes, embed, docs, queries_df, labels_df, alphas):
    """The sweep on an index that has not been searched before: `indexes` holds one for each call."""
    index, doc_lengths = indexes.pop()
    texts = queries_df["query"].tolist()
    semantic = cosine_similarity_matrix(embed(texts), docs)
    bm25 = score_bm25_batch(texts, index, N, doc_lengths)
    return sweep_alpha(semantic, bm25, np.arange(N), queries_df, labels_df, alphas)


def claims():
    names, products = data.product_names(N), data.products(N)
    docs, _ = data.embeddings(N)
    queries_df, labels_df = data.judgments(N)
    some = queries_df[_SOME_QUERIES]
    plain_index, doc_lengths = plain.build_index(names)
    indexes = [build_index(names) for _ in range(2 * _ROUNDS + 2)]
    cached(queries_df["query"].tolist())
    encode("a first text")  # loads the model

    plain_way = partial(slow, plain_index, doc_lengths, docs, products, some, labels_df, _SOME_ALPHAS)
    ours = fast(indexes, encode, docs, some, labels_df, _SOME_ALPHAS)["mean_recall"]
    difference = np.abs(ours - plain_way()).max()
    share = len(some) * len(_SOME_ALPHAS) / (len(queries_df) * len(ALPHAS))
    everything = docs, queries_df, labels_df, ALPHAS
    cold, warm = (
        "helpers (sweep_alpha), queries embedded first",
        "helpers (sweep_alpha), queries in the cache",
    )
    yield harness.Claim(
        "The sweep, preparation included",
        [
            harness.Way("plain", plain_way, share),
            harness.Way(cold, partial(fast, indexes, encode, *everything)),
            harness.Way(warm, partial(fast, indexes, cached, *everything)),
        ],
        rounds=_ROUNDS,
        targets={cold: 300},
        note="Largest difference in mean recall where both were computed: "
        f"{difference:.1e} (target: at most 1e-12).",
    )
    yield _parts(indexes.pop(), *everything)


def _parts(built, docs, queries_df, labels_df, alphas) -> harness.Listing:
    """Where the time of the fast way goes."""
    index, doc_lengths = built
    texts, results = queries_df["query"].tolist(), {}

    def part(name, work):
        way = harness.Way(name, lambda: results.update({name: work()}))
        return [name, f"{min(harness.measure(harness.Claim('', [way], rounds=3))[name]):.3f}"]

    def rank():
        scores = results["all cosines"], results["all BM25 scores"]
        return sweep_alpha(*scores, np.arange(N), queries_df, labels_df, alphas)

    rows = [
        part("embedding 480 queries in one batch", lambda: encode(texts)),
        part("all cosines", lambda: cosine_similarity_matrix(cached(texts), docs)),
        part("all BM25 scores", lambda: score_bm25_batch(texts, index, N, doc_lengths)),
        part("normalising, mixing, ranking and recall", rank),
    ]
    return harness.Listing(
        "Where the time of the fast way goes",
        ["part", "best of 3, s"],
        rows,
        "The model's own work on 480 queries is a floor: nothing beside it can lower the time further.",
    )


if __name__ == "__main__":
    harness.main()
