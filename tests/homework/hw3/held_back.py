"""Wrong answers that no misconception explains: none of them may be given a name."""


def _bm25(part: str) -> str:
    return f"""
def bm25(query, postings, doc_lengths, k1=1.2, b=0.75):
    scores, average = np.zeros(len(doc_lengths)), np.mean(doc_lengths)
    for token in tokenize(query):
        for row, tf in postings.get(token, {{}}).items():
            weight, dl = idf(len(postings[token]), len(doc_lengths)), doc_lengths[row]
            scores[row] += {part}
    return scores
"""


def _search(score="scores[best]", rank="np.arange(1, len(best) + 1)", best="np.argsort(-scores)[:k]"):
    return f"""
def search(query, postings, doc_lengths, products_df, k=10):
    scores = np.asarray(bm25(query, postings, doc_lengths))
    best = {best}
    return products_df.iloc[best].assign(bm25_score={score}, rank={rank})
"""


def _fields(scores: str, table: str = "[0.4] * 9", best: str = "0.5") -> str:
    return f"""
def two_fields(query, names, classes, products_df, weight, k=10):
    in_name, in_class = np.asarray(bm25(query, *names)), np.asarray(bm25(query, *classes))
    best = np.argsort(-({scores}), kind="stable")[:k]
    return products_df.iloc[best].assign(rank=np.arange(1, len(best) + 1))
weight_table = pd.DataFrame({{"weight": WEIGHTS, "mean_ndcg": {table}}})
best_weight = {best}
"""


HELD_BACK = {
    "tokenize": (
        "def tokenize(text): return []",
        "def tokenize(text): return ['sofa']",
        "def tokenize(text): return [word[:3] for word in str(text).lower().split()]",
        "def tokenize(text): return list(str(text))",
        "def tokenize(text): return [word[::-1] for word in str(text).split()]",
        "def tokenize(text): return {'sofa': 1}",
    ),
    "postings": (
        "def build_index(texts): return {}, np.zeros(len(texts))",
        "def build_index(texts): return {'sofa': {0: 1}}, [1] * len(texts)",
        "def build_index(texts): return 7",
        "def build_index(texts): return {text: {0: 1} for text in texts}, [1] * len(texts)",
        "def build_index(texts): return {str(t): {i: 2 * i} for i, t in enumerate(texts)}, [3] * len(texts)",
    ),
    "idf": (
        "def idf(df, n): return 1.0",
        "def idf(df, n): return df / n",
        "def idf(df, n): return float(np.sqrt(n / (df + 1)))",
        "def idf(df, n): return float(np.log((n - df + 0.5) / (df + 0.5) + 3))",
    ),
    "bm25": (
        _bm25("weight ** 2 * tf * (k1 + 1) / (tf + k1 * (1 - b + b * dl / average))"),
        _bm25("weight * tf ** 2 * (k1 + 1) / (tf + k1 * (1 - b + b * dl / average))"),
        _bm25("weight * np.sqrt(tf)"),
        _bm25("1.0"),
        _bm25("weight * tf / dl"),
        "def bm25(query, postings, doc_lengths, k1=1.2, b=0.75): return np.zeros(len(doc_lengths))",
        "def bm25(query, postings, doc_lengths, k1=1.2, b=0.75): return np.ones(len(doc_lengths))",
    ),
    "search": (
        _search(score="scores[best] ** 2"),
        _search(score="0.0"),
        _search(rank="np.arange(len(best), 0, -1)"),
        _search(best="np.argsort(-scores)[1:k + 1]"),
        "def search(query, postings, doc_lengths, products_df, k=10): return products_df.head(0)",
    ),
    "ndcg": (
        "def ndcg_at_k(r, grades, k=10): return 0.0",
        "def ndcg_at_k(r, grades, k=10): return 1.0",
        "def ndcg_at_k(r, grades, k=10): return float(np.mean([grades.get(i, 0) for i in r[:k]] or [0]))",
        "def ndcg_at_k(r, grades, k=10): return next((1 / n for n, i in enumerate(r[:k], 1) if grades.get(i, 0)), 0.0)",
        "def ndcg_at_k(r, grades, k=10): return float(bool(r) and grades.get(r[0], 0) == 2)",
    ),
    "two_fields": (
        _fields("in_name ** 2 + in_class", "[0.5] * 9"),
        _fields("weight * in_name + (1 - weight) * in_class"),
        _fields("weight * in_name + (1 - weight) * in_class", "np.linspace(0.3, 0.6, 9)", "0.9"),
        _fields("np.arange(len(in_name))"),
    ),
    "tokenizer_bug": (
        "def losing_queries(queries_df, right, broken): return []",
        "def losing_queries(queries_df, right, broken): return queries_df['query_id'].tolist()",
        "def losing_queries(queries_df, right, broken): return queries_df['query_id'].tolist()[:1]",
        "def losing_queries(queries_df, right, broken): return [q for q in queries_df['query_id'] if len(str(q)) > 3]",
    ),
}
