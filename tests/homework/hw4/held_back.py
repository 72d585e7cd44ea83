"""Wrong answers that no misconception explains: none of them may be given a name."""

_MIX = "alpha * semantic + (1 - alpha) * bm25"
_RANK = "np.arange(1, len(results) + 1)"
_BEST = "np.argsort(-similarities)[:k]"


def _semantic(best: str = _BEST, similarity: str = "similarities[best]", rank: str = _RANK) -> str:
    return f"""
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    best = {best}
    results = products_df.iloc[best].copy()
    results["similarity"] = {similarity}
    results["rank"] = {rank}
    return results
"""


def _hybrid(mix: str = _MIX, column: str = "hybrid[best]", rank: str = _RANK) -> str:
    return f"""
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = normalize_scores(score_bm25(query, index, len(products_df), doc_lengths))
    semantic = normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
    hybrid = {mix}
    best = np.argsort(-hybrid, kind="stable")[:k]
    results = products_df.iloc[best].copy()
    results["bm25_score"], results["semantic_score"] = bm25[best], semantic[best]
    results["hybrid_score"] = {column}
    results["rank"] = {rank}
    return results
"""


def _table(means: str) -> str:
    return f"""
alpha_table = pd.DataFrame({{"alpha": ALPHAS, "mean_recall": {means}}})
best_alpha = float(alpha_table.loc[alpha_table["mean_recall"].idxmax(), "alpha"])
"""


HELD_BACK = {
    "cosine": (
        "def cosine_similarity(a, b): return 0.0",
        "def cosine_similarity(a, b): return 1.0",
        """
def cosine_similarity(a, b):
    n = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.sin(np.dot(a, b) / n)) if n else 0.0
""",
        """
def cosine_similarity(a, b):
    n = np.linalg.norm(a) * np.linalg.norm(b)
    return float((1 + np.dot(a, b) / n) / 2) if n else 0.0
""",
    ),
    "batch_cosine": (
        "def batch_cosine_similarity(q, d): return np.zeros(len(d))",
        "def batch_cosine_similarity(q, d): return np.linalg.norm(d, axis=1)",
        """
def batch_cosine_similarity(q, d):
    n = np.linalg.norm(d, axis=1) * np.linalg.norm(q)
    return np.divide(d @ q, n, out=np.ones(len(d)), where=n > 0)
""",
    ),
    "recall": (
        "def recall_at_k(r, rel, k=10): return 0.0",
        "def recall_at_k(r, rel, k=10): return 1.0",
        """
def recall_at_k(r, rel, k=10):
    return 2 * len(set(r[:k]) & set(rel)) / (min(k, len(r)) + len(rel)) if rel else 0.0
""",
        "def recall_at_k(r, rel, k=10): return len(set(r[:k]) & set(rel)) / max(1, len(rel) - 1)",
        "def recall_at_k(r, rel, k=10): return len(set(r[k:]) & set(rel)) / len(rel) if rel else 0.0",
        "def recall_at_k(r, rel, k=10): return float(bool(r) and r[0] in rel)",
    ),
    "normalize": (
        "def normalize_scores(s): return np.zeros(len(s))",
        "def normalize_scores(s): return np.full(len(s), 0.5)",
        """
def normalize_scores(s):
    s = np.asarray(s, float)
    return 1 / (1 + np.exp(-s)) if np.ptp(s) else s * 0
""",
        """
def normalize_scores(s):
    s = np.asarray(s, float)
    return np.sqrt((s - s.min()) / np.ptp(s)) if np.ptp(s) else s * 0
""",
    ),
    "semantic": (
        _semantic(similarity="similarities[best] ** 2"),
        _semantic(rank="np.arange(len(results), 0, -1)"),
        _semantic(best="np.argsort(-similarities)[1:k + 1]"),
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    results = products_df.head(k).copy()
    results["similarity"] = 1.0
    results["rank"] = range(1, len(results) + 1)
    return results
""",
    ),
    "hybrid": (
        _hybrid(column="hybrid[best].round(2)"),
        _hybrid(column="0.0"),
        _hybrid(column="semantic[best]"),
        _hybrid(mix="bm25"),
        _hybrid().replace("len(products_df)", "len(products)"),
        _hybrid(rank="np.arange(len(results), 0, -1)"),
        _hybrid(mix="alpha ** 2 * semantic + (1 - alpha ** 2) * bm25"),
        _hybrid(mix="alpha * semantic + (1 - alpha) * bm25 ** 2"),
        _hybrid(mix="2 * semantic * bm25 / (semantic + bm25 + 1e-9)"),
    ),
    "best_alpha": (
        _table("[0.4] * 11"),
        _table("[0.0] * 11"),
        _table("[round(0.3 + 0.01 * i, 2) for i in range(11)]"),
        _table("np.linspace(0.357, 0.412, 11)"),
        _table("np.random.default_rng(5).random(11)"),
    ),
}
