"""Right answers to semantic."""

from autograder.judge.banks import RightAnswer

SEMANTIC_ANSWERS = (
    RightAnswer(
        "as the lecture has it",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    best = np.argsort(-similarities, kind="stable")[:k]
    results = products_df.iloc[best].copy()
    results["similarity"] = similarities[best]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    RightAnswer(
        "argpartition, then a sort of the few",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = np.asarray(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
    k = min(k, len(similarities))
    few = np.argpartition(-similarities, k - 1)[:k]
    few = few[np.argsort(similarities[few])[::-1]]
    return pd.DataFrame({"rank": range(1, k + 1), "similarity": similarities[few],
                         "product_id": products_df["product_id"].to_numpy()[few]})
""",
    ),
    RightAnswer(
        "heapq over the rows",
        """
import heapq

def semantic_search(query, product_embeddings, products_df, k=10):
    query_emb = get_embedding_local(query)
    similarities = batch_cosine_similarity(query_emb, product_embeddings)
    best = heapq.nlargest(k, zip(similarities, range(len(similarities))))
    rows = [{"product_id": int(products_df["product_id"].iloc[i]), "similarity": float(s), "rank": rank}
            for rank, (s, i) in enumerate(best, start=1)]
    return pd.DataFrame(rows)
""",
    ),
    RightAnswer(
        "pandas: assign, nlargest, another index",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarity = np.asarray(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
    scored = products_df.assign(similarity=similarity)
    top = scored.nlargest(k, "similarity").set_index("product_id", drop=False)
    top["rank"] = top["similarity"].rank(ascending=False, method="first")
    return top
""",
    ),
    RightAnswer(
        "no helper at all, float64, sort_values",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    q = np.asarray(get_embedding_local(query), dtype=np.float64)
    docs = np.asarray(product_embeddings, dtype=np.float64)
    lengths = np.linalg.norm(docs, axis=1)
    similarity = docs @ q / np.where(lengths == 0, 1, lengths) / np.linalg.norm(q)
    found = products_df.reset_index(drop=True)
    found["similarity"] = similarity
    found = found.sort_values("similarity", ascending=False).head(k).reset_index(drop=True)
    found["rank"] = found.index + 1
    return found[["rank", "product_id", "similarity"]]
""",
    ),
)
