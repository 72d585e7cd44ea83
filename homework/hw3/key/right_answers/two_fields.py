"""Right answers to the search over two fields: any honest way that reaches the reference."""

from autograder.judge.banks import RightAnswer

_TABLE = """
names = build_index(products["product_name"])
classes = build_index(products["product_class"])
grades_of = {i: dict(zip(part["product_id"], part["grade"])) for i, part in labels.groupby("query_id")}
ids = products["product_id"].to_numpy()
means = np.zeros(len(WEIGHTS))
for query_id, query in zip(tuning_queries["query_id"], tuning_queries["query"]):
    in_name, in_class = np.asarray(bm25(query, *names)), np.asarray(bm25(query, *classes))
    for i, weight in enumerate(WEIGHTS):
        order = np.argsort(-(weight * in_name + (1 - weight) * in_class), kind="stable")
        means[i] += ndcg_at_k(ids[order[:10]].tolist(), grades_of.get(query_id, {})) / len(tuning_queries)
weight_table = pd.DataFrame({"weight": WEIGHTS, "mean_ndcg": means})
best_weight = WEIGHTS[int(np.argmax(means))]
"""

TWO_FIELDS_ANSWERS = (
    RightAnswer(
        "the weighted sum",
        """
def two_fields(query, names, classes, products_df, weight, k=10):
    scores = weight * np.asarray(bm25(query, *names)) + (1 - weight) * np.asarray(bm25(query, *classes))
    best = np.argsort(-scores, kind="stable")[:k]
    results = products_df.iloc[best].copy()
    results["score"] = scores[best]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
"""
        + _TABLE,
    ),
    RightAnswer(
        "the slow way: one search after the other, with search's own columns",
        """
def two_fields(query, names, classes, products_df, weight, k=10):
    n = len(products_df)
    plain = products_df.reset_index(drop=True)
    a = search(query, *names, plain, k=n)["bm25_score"].sort_index()
    b = search(query, *classes, plain, k=n)["bm25_score"].sort_index()
    found = plain.assign(score=weight * a + (1 - weight) * b)
    found = found.sort_values("score", ascending=False, kind="stable").head(k)
    return found.assign(rank=range(1, len(found) + 1))
"""
        + _TABLE,
    ),
    RightAnswer(
        "the name's score and a share of the class's, which ranks the same",
        _TABLE
        + """
def two_fields(query, names, classes, products_df, weight, k=10):
    scores = {}
    for factor, (postings, doc_lengths) in ((1.0, names), ((1 - weight) / weight, classes)):
        for row, score in enumerate(bm25(query, postings, doc_lengths)):
            scores[row] = scores.get(row, 0) + factor * score
    best = sorted(scores, key=lambda row: -scores[row])[:k]
    return pd.DataFrame({"product_id": products_df["product_id"].to_numpy()[best], "rank": range(1, len(best) + 1)})
""",
    ),
    RightAnswer(
        "tables in float32, the table last row first, the best weight as a NumPy number",
        """
def two_fields(query, names, classes, products_df, weight, k=10):
    fields = np.array([bm25(query, *names), bm25(query, *classes)], dtype=np.float32)
    scores = np.array([weight, 1 - weight], dtype=np.float32) @ fields
    best = np.argsort(-scores, kind="stable")[:k]
    return products_df.iloc[best].assign(rank=np.arange(len(best)) + 1)
"""
        + _TABLE
        + """
weight_table = weight_table.iloc[::-1]
best_weight = np.float64(weight_table.set_index("weight")["mean_ndcg"].idxmax())
""",
    ),
)
