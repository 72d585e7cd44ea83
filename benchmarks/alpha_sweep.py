"""Alpha sweep: 21 weights, 480 queries, 10,000 products

From the texts of the queries to the mean recall of every alpha. The index and the products' vectors
(made up) are there beforehand for both ways; the real model embeds the queries: the plain way with
sentence-transformers, one by one and again for every alpha, helpers in one batch, here past the cache. That
batch is a floor: nothing beside it can lower the time further.
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


def by_sentence_transformers(texts):
    """Embeddings from the SentenceTransformer itself: `precision` goes past the cache and other engines."""
    return get_local_model().encode(texts, precision="float32", show_progress_bar=False)


def computed(texts):
    """Embeddings as helpers compute them here: by ONNX Runtime where it is installed."""
    return get_local_model().encoder()(texts)


def cached(texts):
    """Embeddings as a notebook gets them that has embedded these texts before."""
    return batch_embed_local(texts, show_progress=False)


def slow(plain_index, doc_lengths, docs, products, queries_df, labels_df, alphas) -> list[float]:
    """The mean recall of each alpha, every search from the very beginning."""
    means = []
    for alpha in alphas:
        recalls = []
        for query_id, text in zip(queries_df["query_id"], queries_df["query"]):
            found = plain.hybrid(text, by_sentence_transformers, plain_index, docs, doc_lengths, products, alpha)
            recalls.append(plain.recall(found, query_id, labels_df))
        means.append(float(np.mean(recalls)))
    return means


def fast(indexes, embed, docs, queries_df, labels_df, alphas):
    """The sweep on an index that has not been searched before: `indexes` holds one for each call."""
    index, doc_lengths = indexes.pop()
    texts = queries_df["query"].tolist()
    semantic = cosine_similarity_matrix(embed(texts), docs)
    bm25 = score_bm25_batch(texts, index, N, doc_lengths)
    return sweep_alpha(semantic, bm25, np.arange(N), queries_df, labels_df, alphas)


def _peak(embed):
    names, (docs, _) = data.product_names(N), data.embeddings(N)
    queries_df, labels_df = data.judgments(N)
    embed(["a first text"])
    return partial(fast, [build_index(names)], embed, docs, queries_df, labels_df, ALPHAS)


TORCH = "helpers (sweep_alpha), queries embedded by sentence-transformers"
ONNX = "helpers (sweep_alpha), queries embedded by ONNX Runtime"
CACHED = "helpers (sweep_alpha), queries in the cache"
PEAKS = {TORCH: partial(_peak, by_sentence_transformers), ONNX: partial(_peak, computed)}


def claims():
    names, products = data.product_names(N), data.products(N)
    docs, _ = data.embeddings(N)
    queries_df, labels_df = data.judgments(N)
    some = queries_df[_SOME_QUERIES]
    plain_index, doc_lengths = plain.build_index(names)
    indexes = [build_index(names) for _ in range(3 * _ROUNDS + 2)]
    cached(queries_df["query"].tolist())
    by_sentence_transformers("a first text")  # loads the model
    computed(["a first text"])

    plain_way = partial(slow, plain_index, doc_lengths, docs, products, some, labels_df, _SOME_ALPHAS)
    ours = fast(indexes, by_sentence_transformers, docs, some, labels_df, _SOME_ALPHAS)["mean_recall"]
    difference = np.abs(ours - plain_way()).max()
    share = len(some) * len(_SOME_ALPHAS) / (len(queries_df) * len(ALPHAS))
    everything = docs, queries_df, labels_df, ALPHAS
    title = "Alpha sweep, preparation included"
    ways = {TORCH: by_sentence_transformers, ONNX: computed, CACHED: cached}
    skipped = {}
    in_use = ONNX if get_local_model().engine == "ONNX Runtime" else TORCH  # what helpers do here
    if in_use != ONNX:
        del ways[ONNX]
        skipped[ONNX] = "onnxruntime is not installed"
    yield harness.Claim(
        title,
        [
            harness.Way("plain", plain_way, share),
            *(harness.Way(name, partial(fast, indexes, embed, *everything)) for name, embed in ways.items()),
        ],
        rounds=_ROUNDS,
        targets={in_use: 300},
        skipped=skipped,
        verdicts=[
            harness.Verdict(
                f"{title}: difference of mean recalls to the plain way's",
                "<= 1e-12",
                f"{difference:.1e}",
                difference <= 1e-12,
            )
        ],
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
        part("embedding 480 queries, sentence-transformers", lambda: by_sentence_transformers(texts)),
        part(f"embedding 480 queries, {get_local_model().engine}", lambda: computed(texts)),
        part("all cosines", lambda: cosine_similarity_matrix(cached(texts), docs)),
        part("all BM25 scores", lambda: score_bm25_batch(texts, index, N, doc_lengths)),
        part("normalising, mixing, ranking and recall", rank),
    ]
    return harness.Listing("Where the time of the fast way goes", ["part", "best of 3, s"], rows)


if __name__ == "__main__":
    harness.main()
