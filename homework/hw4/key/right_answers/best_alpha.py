"""Right answers to best_alpha."""

from autograder.judge.banks import RightAnswer

BEST_ALPHA_ANSWERS = (
    RightAnswer(
        "scores once a query, eleven mixes",
        """
relevant_of = labels[labels["grade"] > 0].groupby("query_id")["product_id"].agg(set).to_dict()
ids = products["product_id"].to_numpy()

def means(half):
    totals = np.zeros(len(ALPHAS))
    for q in half.itertuples():
        words = normalize_scores(score_bm25(q.query, index, len(products), doc_lengths))
        meaning = normalize_scores(batch_cosine_similarity(get_embedding_local(q.query), product_embeddings))
        for i, alpha in enumerate(ALPHAS):
            top = ids[np.argsort(alpha * meaning + (1 - alpha) * words)[::-1][:10]]
            totals[i] += recall_at_k(list(top), relevant_of.get(q.query_id, set()))
    return totals / max(1, len(half))

alpha_table = pd.DataFrame({"mean_recall": means(choose_queries), "alpha": ALPHAS, "note": ""})
best_alpha = ALPHAS[int(np.argmax(alpha_table["mean_recall"]))]
reported = means(report_queries)
held_out = {"hybrid": reported[ALPHAS.index(best_alpha)], "semantic": reported[-1], "bm25": reported[0]}
""",
    ),
    RightAnswer(
        "own hybrid_search and own recall_at_k",
        """
def mean_recall(alpha, asked):
    recalls = []
    for query_id, query in zip(asked["query_id"], asked["query"]):
        found = hybrid_search(query, index, product_embeddings, products, doc_lengths, alpha=alpha, k=10)
        relevant = set(labels[(labels["query_id"] == query_id) & (labels["grade"] > 0)]["product_id"])
        recalls.append(recall_at_k(found["product_id"].tolist(), relevant, k=10))
    return np.mean(recalls) if recalls else 0.0

alpha_table = pd.DataFrame([{"alpha": alpha, "mean_recall": mean_recall(alpha, choose_queries)} for alpha in ALPHAS])
best_alpha = float(alpha_table.loc[alpha_table["mean_recall"].idxmax(), "alpha"])
held_out = {
    "bm25": mean_recall(0.0, report_queries),
    "semantic": mean_recall(1.0, report_queries),
    "hybrid": mean_recall(best_alpha, report_queries),
}
""",
    ),
    RightAnswer(
        "evaluate_search for each alpha, best first; semantic_search for one end",
        """
def hybrid_at(alpha):
    return lambda query: hybrid_search(query, index, product_embeddings, products, doc_lengths, alpha=alpha)

means = {alpha: evaluate_search(hybrid_at(alpha), choose_queries, labels, verbose=False)["recall"].mean()
         for alpha in ALPHAS}
alpha_table = pd.DataFrame({"alpha": list(means), "mean_recall": list(means.values())})
alpha_table = alpha_table.sort_values("mean_recall", ascending=False)
best_alpha = max(means, key=means.get)
searches = {"bm25": hybrid_at(0), "hybrid": hybrid_at(best_alpha),
            "semantic": lambda query: semantic_search(query, product_embeddings, products)}
held_out = {name: evaluate_search(search, report_queries, labels, verbose=False)["recall"].mean()
            for name, search in searches.items()}
""",
    ),
    RightAnswer(
        "functions of its own, alphas from arange, a Series made a dict",
        """
def recall_for(alpha, half):
    found = []
    for row in range(len(half)):
        query_id, text = half["query_id"].iloc[row], half["query"].iloc[row]
        judged = labels.query("query_id == @query_id and grade >= 1")["product_id"].unique()
        top = hybrid_search(text, index, product_embeddings, products, doc_lengths, alpha, 10)["product_id"]
        found.append(np.isin(judged, top).mean() if len(judged) else 0.0)
    return sum(found) / len(found)

steps = np.arange(0, 1.05, 0.1)
alpha_table = pd.DataFrame({"alpha": steps, "mean_recall": [recall_for(a, choose_queries) for a in steps]},
                           index=list("abcdefghijk"))
best_alpha = np.round(alpha_table["alpha"].iloc[int(np.argmax(alpha_table["mean_recall"]))], 1)
held_out = pd.Series({"bm25": recall_for(0.0, report_queries), "semantic": recall_for(1.0, report_queries),
                      "hybrid": recall_for(best_alpha, report_queries)}).to_dict()
""",
    ),
)
