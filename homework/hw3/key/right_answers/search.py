"""Right answers to search."""

from autograder.judge.banks import RightAnswer

SEARCH_ANSWERS = (
    RightAnswer(
        "a stable argsort",
        """
def search(query, postings, doc_lengths, products_df, k=10):
    scores = np.asarray(bm25(query, postings, doc_lengths))
    best = np.argsort(-scores, kind="stable")[:k]
    results = products_df.iloc[best].copy()
    results["bm25_score"] = scores[best]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    RightAnswer(
        "pandas: a new table, sorted stably",
        """
def search(query, postings, doc_lengths, products_df, k=10):
    results = products_df.reset_index(drop=True).assign(bm25_score=list(bm25(query, postings, doc_lengths)))
    results = results.sort_values("bm25_score", ascending=False, kind="stable").head(k)
    results.insert(0, "rank", range(1, len(results) + 1))
    return results
""",
    ),
    RightAnswer(
        "sorted, with the row as the second key, and only the columns asked for",
        """
def search(query, postings, doc_lengths, products_df, k=10):
    scores = [float(score) for score in bm25(query, postings, doc_lengths)]
    best = sorted(range(len(scores)), key=lambda row: (-scores[row], row))[:k]
    ids = products_df["product_id"].tolist()
    rows = [(ids[row], scores[row], rank) for rank, row in enumerate(best, start=1)]
    return pd.DataFrame(rows, columns=["product_id", "bm25_score", "rank"])
""",
    ),
    RightAnswer(
        "a heap, in float32",
        """
import heapq
def search(query, postings, doc_lengths, products_df, k=10):
    scores = np.asarray(bm25(query, postings, doc_lengths), dtype=np.float32)
    best = heapq.nlargest(k, range(len(scores)), key=lambda row: (scores[row], -row))
    results = products_df.take(best).copy()
    results["bm25_score"] = scores[best]
    results["rank"] = list(range(1, len(best) + 1))
    return results
""",
    ),
    RightAnswer(
        "lexsort by score, then by row",
        """
def search(query, postings, doc_lengths, products_df, k=10):
    scores = np.asarray(bm25(query, postings, doc_lengths))
    order = np.lexsort((np.arange(len(scores)), -scores))[:min(k, len(scores))]
    results = products_df.copy().iloc[order]
    return results.assign(bm25_score=scores[order], rank=range(1, 1 + len(order)))
""",
    ),
)
