"""Right answers to best_alpha."""

from autograder.judge.banks import RightAnswer

BEST_ALPHA_ANSWERS = (
    RightAnswer(
        "scores once a query, eleven mixes, best first",
        """
relevant_of = labels[labels["grade"] > 0].groupby("query_id")["product_id"].agg(set).to_dict()
ids = products["product_id"].to_numpy()
totals = np.zeros(len(ALPHAS))
for q in queries.itertuples():
    words = normalize_scores(score_bm25(q.query, index, len(products), doc_lengths))
    meaning = normalize_scores(batch_cosine_similarity(get_embedding_local(q.query), product_embeddings))
    for i, alpha in enumerate(ALPHAS):
        top = ids[np.argsort(alpha * meaning + (1 - alpha) * words)[::-1][:10]]
        totals[i] += recall_at_k(list(top), relevant_of.get(q.query_id, set()))
alpha_table = pd.DataFrame({"mean_recall": totals / len(queries), "alpha": ALPHAS, "note": ""}).sort_values(
    "mean_recall", ascending=False)
best_alpha = alpha_table["alpha"].iloc[0]
""",
    ),
    RightAnswer(
        "own hybrid_search and own recall_at_k",
        """
rows = []
for alpha in ALPHAS:
    recalls = []
    for query_id, query in zip(queries["query_id"], queries["query"]):
        found = hybrid_search(query, index, product_embeddings, products, doc_lengths, alpha=alpha, k=10)
        relevant = set(labels[(labels["query_id"] == query_id) & (labels["grade"] > 0)]["product_id"])
        recalls.append(recall_at_k(found["product_id"].tolist(), relevant, k=10))
    rows.append({"alpha": alpha, "mean_recall": np.mean(recalls)})
alpha_table = pd.DataFrame(rows)
best_alpha = float(alpha_table.loc[alpha_table["mean_recall"].idxmax(), "alpha"])
""",
    ),
    RightAnswer(
        "evaluate_search for each alpha",
        """
means = {alpha: evaluate_search(
             lambda query: hybrid_search(query, index, product_embeddings, products, doc_lengths, alpha=alpha),
             queries, labels, verbose=False)["recall"].mean() for alpha in ALPHAS}
alpha_table = pd.DataFrame({"alpha": list(means), "mean_recall": list(means.values())})
best_alpha = max(means, key=means.get)
""",
    ),
    RightAnswer(
        "functions of its own, alphas from arange",
        """
def recall_for(alpha):
    found = []
    for row in range(len(queries)):
        query_id, text = queries["query_id"].iloc[row], queries["query"].iloc[row]
        judged = labels.query("query_id == @query_id and grade >= 1")["product_id"].unique()
        top = hybrid_search(text, index, product_embeddings, products, doc_lengths, alpha, 10)["product_id"]
        found.append(np.isin(judged, top).mean() if len(judged) else 0.0)
    return sum(found) / len(found)

steps = np.arange(0, 1.05, 0.1)
alpha_table = pd.DataFrame({"alpha": steps, "mean_recall": [recall_for(a) for a in steps]}, index=list("abcdefghijk"))
best_alpha = np.round(alpha_table["alpha"].iloc[int(np.argmax(alpha_table["mean_recall"]))], 1)
""",
    ),
)
