"""Alpha sweep: 21 weights, 480 queries, 10,000 products

From the texts of the queries to the mean recall of every alpha, embedding included. The index of the names
and the products' vectors (made up) are there beforehand for both ways; the real model embeds the queries.
"""

import os
import tempfile

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
_SOME_ALPHAS, _SOME_QUERIES = [4, 13], slice(0, None, 20)  # what the plain way does of it


def fast(index_and_lengths, docs, queries_df, labels_df, alphas):
    """The sweep with nothing prepared: an empty embedding cache, an index that has not been searched."""
    index, doc_lengths = index_and_lengths
    texts = queries_df["query"].tolist()
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("COURSE_CACHE_DIR")
        os.environ["COURSE_CACHE_DIR"] = folder
        try:
            vectors = batch_embed_local(texts, show_progress=False)
        finally:
            os.environ.pop("COURSE_CACHE_DIR") if before is None else os.environ.update(
                COURSE_CACHE_DIR=before
            )
    return sweep_alpha(
        cosine_similarity_matrix(vectors, docs),
        score_bm25_batch(texts, index, N, doc_lengths),
        np.arange(N),
        queries_df,
        labels_df,
        alphas,
    )


def claims():
    names, products = data.product_names(N), data.products(N)
    docs, _ = data.embeddings(N)
    queries_df, labels_df = data.judgments(N)
    plain_index, doc_lengths = plain.build_index(names)
    model = get_local_model()._sentence_transformer()  # loaded before the clock starts, for both ways

    def encode(query):
        return model.encode(query, show_progress_bar=False)

    def slow(queries, alphas):
        return [
            np.mean(
                [
                    plain.recall(
                        plain.hybrid(text, encode, plain_index, docs, doc_lengths, products, alpha),
                        query_id,
                        labels_df,
                    )
                    for query_id, text in zip(queries["query_id"], queries["query"])
                ]
            )
            for alpha in alphas
        ]

    def fresh():
        return build_index(names)

    some = queries_df[_SOME_QUERIES]
    means = slow(some, ALPHAS[_SOME_ALPHAS])
    ours = fast(fresh(), docs, some, labels_df, ALPHAS[_SOME_ALPHAS])["mean_recall"]
    difference = np.abs(ours - means).max()
    rounds = 3
    indexes = [fresh() for _ in range(rounds)]  # each round begins with an index that has not been searched
    yield harness.Claim(
        "The sweep, preparation included",
        [
            harness.Way(
                "plain",
                lambda: slow(some, ALPHAS[_SOME_ALPHAS]),
                len(some) * len(_SOME_ALPHAS) / (len(queries_df) * len(ALPHAS)),
            ),
            harness.Way(
                "helpers (sweep_alpha)", lambda: fast(indexes.pop(), docs, queries_df, labels_df, ALPHAS)
            ),
        ],
        rounds=rounds,
        targets={"helpers (sweep_alpha)": 300},
        note="Largest difference in mean recall where both were computed: "
        f"{difference:.1e} (target: at most 1e-12).",
    )
    yield _parts(fresh(), docs, queries_df, labels_df, model)


def _parts(built, docs, queries_df, labels_df, model) -> harness.Listing:
    """Where the time of the fast way goes."""
    index, doc_lengths = built
    texts, results = queries_df["query"].tolist(), {}

    def part(name, work):
        way = harness.Way(name, lambda: results.update({name: work()}))
        return [name, f"{min(harness.measure(harness.Claim('', [way], rounds=3))[name]):.3f}"]

    rows = [
        part("embedding 480 queries in one batch", lambda: model.encode(texts, show_progress_bar=False)),
        part(
            "all cosines",
            lambda: cosine_similarity_matrix(results["embedding 480 queries in one batch"], docs),
        ),
        part("all BM25 scores", lambda: score_bm25_batch(texts, index, N, doc_lengths)),
        part(
            "normalising, mixing, ranking and recall",
            lambda: sweep_alpha(
                results["all cosines"],
                results["all BM25 scores"],
                np.arange(N),
                queries_df,
                labels_df,
                ALPHAS,
            ),
        ),
    ]
    return harness.Listing("Where the time of the fast way goes", ["part", "best of 3, s"], rows)


if __name__ == "__main__":
    harness.main()
