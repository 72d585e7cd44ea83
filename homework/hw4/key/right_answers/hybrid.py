"""Right answers to hybrid."""

from autograder.judge.banks import RightAnswer

HYBRID_ANSWERS = (
    RightAnswer(
        "as the lecture has it",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = normalize_scores(score_bm25(query, index, len(products_df), doc_lengths))
    semantic = normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
    hybrid = alpha * semantic + (1 - alpha) * bm25
    best = np.argsort(-hybrid, kind="stable")[:k]
    results = products_df.iloc[best].copy()
    results["bm25_score"] = bm25[best]
    results["semantic_score"] = semantic[best]
    results["hybrid_score"] = hybrid[best]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    RightAnswer(
        "pandas all the way",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    results = products_df.copy()
    results["bm25_score"] = np.asarray(normalize_scores(score_bm25(query, index, len(products_df), doc_lengths)))
    results["semantic_score"] = np.asarray(
        normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings)))
    results["hybrid_score"] = results["semantic_score"] * alpha + results["bm25_score"] * (1 - alpha)
    results = results.sort_values(by="hybrid_score", ascending=False).head(k)
    results["rank"] = range(1, 1 + results.shape[0])
    return results
""",
    ),
    RightAnswer(
        "in float32, unstable sort from the end",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = np.asarray(normalize_scores(score_bm25(query, index, len(products_df), doc_lengths)), dtype=np.float32)
    semantic = np.asarray(normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings)),
                          dtype=np.float32)
    mixed = np.float32(alpha) * semantic + np.float32(1 - alpha) * bm25
    order = np.argsort(mixed)[::-1][:k]
    return pd.DataFrame({"product_id": products_df["product_id"].values[order], "bm25_score": bm25[order],
                         "semantic_score": semantic[order], "hybrid_score": mixed[order],
                         "rank": np.arange(len(order)) + 1.0})
""",
    ),
    RightAnswer(
        "built on its own semantic_search, merged by product",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    n = len(products_df)
    both = semantic_search(query, product_embeddings, products_df, k=n)[["product_id", "similarity"]].merge(
        pd.DataFrame({"product_id": products_df["product_id"].to_numpy(),
                      "bm25": score_bm25(query, index, n, doc_lengths)}), on="product_id")
    both["bm25_score"] = np.asarray(normalize_scores(both["bm25"].to_numpy()))
    both["semantic_score"] = np.asarray(normalize_scores(both["similarity"].to_numpy()))
    both["hybrid_score"] = alpha * both["semantic_score"] + (1 - alpha) * both["bm25_score"]
    both = both.nlargest(k, "hybrid_score")
    both["rank"] = range(1, len(both) + 1)
    return both
""",
    ),
    RightAnswer(
        "a loop over the products and sorted()",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = list(normalize_scores(score_bm25(query, index, len(products_df), doc_lengths)))
    semantic = list(normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings)))
    scored = []
    for i, product_id in enumerate(products_df["product_id"]):
        scored.append((alpha * semantic[i] + (1 - alpha) * bm25[i], semantic[i], bm25[i], product_id))
    scored.sort(key=lambda row: row[0], reverse=True)
    table = pd.DataFrame(scored[:k], columns=["hybrid_score", "semantic_score", "bm25_score", "product_id"])
    table["rank"] = table.index + 1
    return table
""",
    ),
)
