"""Mistakes in choosing alpha: the answer is a cell that leaves alpha_table, best_alpha and held_out."""

from autograder.judge.banks import Misconception

_RELEVANT = """
relevant_of = labels[labels["grade"] > 0].groupby("query_id")["product_id"].agg(set).to_dict()
"""
_MEASURE = """
def measured(alpha, asked):
    recalls = []
    for query_id, query in zip(asked["query_id"], asked["query"]):
        found = hybrid_search(query, index, product_embeddings, products, doc_lengths, alpha=alpha, k=10)
        recalls.append(recall_at_k(found["product_id"].tolist(), relevant_of.get(query_id, set()), k=10))
    return np.mean(recalls)
"""
_LOOP = """
rows = []
for alpha in ALPHAS:
    rows.append({"alpha": alpha, "mean_recall": measured(alpha, choose_queries)})
alpha_table = pd.DataFrame(rows)
"""
_BEST = """
best_alpha = float(alpha_table.loc[alpha_table["mean_recall"].idxmax(), "alpha"])
"""
_HELD_OUT = """
held_out = {
    "bm25": measured(0.0, report_queries),
    "semantic": measured(1.0, report_queries),
    "hybrid": measured(best_alpha, report_queries),
}
"""
_ALL = _RELEVANT + _MEASURE + _LOOP + _BEST + _HELD_OUT


def _Mistake(id: str, title: str, hint: str, source: str, also: tuple[str, ...] = ()) -> Misconception:
    return Misconception(id, title, hint, source, loses=("best_alpha",), also=also)


BEST_ALPHA_MISTAKES = (
    _Mistake(
        "chosen-on-all-queries",
        "It looks as if alpha was chosen on all queries",
        "On which half is it chosen, so that the other half can say how good the choice is?",
        _ALL.replace("measured(alpha, choose_queries)", "measured(alpha, queries)"),
        also=(
            """
means = [evaluate_search(lambda q: hybrid_search(q, index, product_embeddings, products, doc_lengths, alpha=a),
                         queries, labels, verbose=False)["recall"].mean() for a in ALPHAS]
alpha_table = pd.DataFrame({"alpha": ALPHAS, "mean_recall": means})
best_alpha = ALPHAS[int(np.argmax(means))]
held_out = {}
for name, a in [("bm25", 0.0), ("semantic", 1.0), ("hybrid", best_alpha)]:
    search = lambda q: hybrid_search(q, index, product_embeddings, products, doc_lengths, alpha=a)
    held_out[name] = evaluate_search(search, report_queries, labels, verbose=False)["recall"].mean()
""",
        ),
    ),
    _Mistake(
        "chosen-on-the-report-half",
        "It looks as if the table was measured on report_queries",
        "Which half is for choosing?",
        _ALL.replace("measured(alpha, choose_queries)", "measured(alpha, report_queries)"),
    ),
    _Mistake(
        "halves-exchanged",
        "It looks as if the halves were exchanged: chosen on report_queries, reported on choose_queries",
        "Which half is for choosing, and which is kept for the report?",
        _ALL.replace("report_queries", "OTHER")
        .replace("choose_queries", "report_queries")
        .replace("OTHER", "choose_queries"),
    ),
    _Mistake(
        "reported-on-the-choosing-half",
        "The table is right, but it looks as if held_out was measured on choose_queries",
        "On these queries best_alpha was picked because it looks good there: which half knows nothing of it?",
        _ALL.replace("report_queries", "choose_queries"),
        also=(
            _RELEVANT
            + _MEASURE
            + _LOOP
            + _BEST
            + """
means = dict(zip(alpha_table["alpha"], alpha_table["mean_recall"]))
held_out = {"bm25": means[0.0], "semantic": means[1.0], "hybrid": means[best_alpha]}
""",
        ),
    ),
    _Mistake(
        "reported-on-all-queries",
        "The table is right, but it looks as if held_out was measured on all queries",
        "Half of these queries chose best_alpha: which half is left for the report?",
        _ALL.replace("report_queries", "queries"),
    ),
    _Mistake(
        "best-by-the-report-half",
        "The table is right, but it looks as if best_alpha was chosen by report_queries",
        "Which column picks the alpha, and on which queries was it measured?",
        _RELEVANT
        + _MEASURE
        + _LOOP
        + """
reported = [measured(alpha, report_queries) for alpha in ALPHAS]
best_alpha = ALPHAS[int(np.argmax(reported))]
held_out = {"bm25": reported[0], "semantic": reported[-1], "hybrid": max(reported)}
""",
    ),
    _Mistake(
        "best-of-the-report-half",
        "best_alpha is right, but held_out reports the hybrid at the alpha that is best on report_queries",
        "An alpha picked on the queries that it is reported on flatters itself: which one did choose_queries pick?",
        _RELEVANT
        + _MEASURE
        + _LOOP
        + _BEST
        + """
reported = [measured(alpha, report_queries) for alpha in ALPHAS]
held_out = {"bm25": reported[0], "semantic": reported[-1], "hybrid": max(reported)}
""",
        also=(
            _ALL
            + """
report_table = pd.DataFrame({"alpha": ALPHAS, "recall": [measured(alpha, report_queries) for alpha in ALPHAS]})
held_out["hybrid"] = measured(report_table.sort_values("recall")["alpha"].iloc[-1], report_queries)
""",
        ),
    ),
    _Mistake(
        "hybrid-at-the-default",
        "best_alpha is right, but held_out reports the hybrid at alpha=0.5",
        "Which alpha does hybrid_search take when you give it none, and which one did choose_queries pick?",
        _ALL.replace("measured(best_alpha,", "measured(0.5,"),
        also=(
            _ALL
            + """
held_out["hybrid"] = evaluate_search(
    lambda q: hybrid_search(q, index, product_embeddings, products, doc_lengths), report_queries, labels, verbose=False
)["recall"].mean()
""",
        ),
    ),
    _Mistake(
        "ends-exchanged",
        "It looks as if bm25 and semantic were exchanged in held_out",
        "At which end of ALPHAS is only BM25 left?",
        _ALL.replace("measured(0.0,", "measured(OTHER,")
        .replace("measured(1.0,", "measured(0.0,")
        .replace("OTHER", "1.0"),
    ),
    _Mistake(
        "held-out-rounded",
        "It looks as if the numbers in held_out were rounded",
        "Round when you print.",
        _ALL
        + """
held_out = {name: round(mean, 2) for name, mean in held_out.items()}
""",
    ),
    _Mistake(
        "exact-only",
        "It looks as if only products judged Exact counted as relevant",
        "Which grades does the text call relevant?",
        _ALL.replace("> 0", "== 2"),
        also=(
            """
good = labels[labels["label"] == "Exact"]
def mean_at(a, half):
    total = 0
    for row in half.itertuples():
        top = hybrid_search(row.query, index, product_embeddings, products, doc_lengths, alpha=a)["product_id"]
        total += recall_at_k(list(top), set(good.loc[good["query_id"] == row.query_id, "product_id"]))
    return total / len(half)
means = [mean_at(a, choose_queries) for a in ALPHAS]
alpha_table = pd.DataFrame({"alpha": ALPHAS, "mean_recall": means})
best_alpha = ALPHAS[int(np.argmax(means))]
held_out = dict(zip(["bm25", "semantic", "hybrid"], [mean_at(a, report_queries) for a in (0, 1, best_alpha)]))
""",
        ),
    ),
    _Mistake(
        "all-judged",
        "It looks as if every judged product counted as relevant",
        "People also judged products as irrelevant: which grades does the text call relevant?",
        _ALL.replace('labels[labels["grade"] > 0]', "labels"),
    ),
    _Mistake(
        "outside-the-sample",
        "It looks as if products outside the sample counted as relevant",
        "No search can find a product that is not in the sample: which labels belong to it?",
        """
from helpers import load_wands_labels
labels = load_wands_labels()
"""
        + _ALL,
    ),
    _Mistake(
        "lucky-queries",
        "It looks as if queries without a relevant product were left out of the mean",
        "The text says what such a query counts as.",
        _ALL.replace(
            '    for query_id, query in zip(asked["query_id"], asked["query"]):\n',
            """\
    for query_id, query in zip(asked["query_id"], asked["query"]):
        if query_id not in relevant_of:
            continue
""",
        ),
    ),
    _Mistake(
        "found-queries-only",
        "It looks as if queries with recall 0 were left out of the mean",
        "A query that finds nothing is part of the truth.",
        _ALL.replace("np.mean(recalls)", "np.mean([r for r in recalls if r > 0])"),
    ),
    _Mistake(
        "best-query",
        "It looks as if each alpha was judged by its best query",
        "mean_recall is over all choose_queries: which function of the recalls is asked for?",
        _ALL.replace("np.mean(recalls)", "np.max(recalls)"),
    ),
    _Mistake(
        "median",
        "It looks like the median of the recalls, not their mean",
        "Which function of the recalls is asked for?",
        _ALL.replace("np.mean(recalls)", "np.median(recalls)"),
    ),
    _Mistake(
        "sum",
        "It looks like the sum of the recalls, not their mean",
        "What should a mean of numbers between 0 and 1 stay below?",
        _ALL.replace("np.mean(recalls)", "np.sum(recalls)"),
    ),
    _Mistake(
        "one-query",
        "It looks as if only the last query was measured",
        "Does your list of recalls start anew where it should, and does the mean see all of it?",
        _ALL.replace("np.mean(recalls)", "recalls[-1]"),
    ),
    _Mistake(
        "never-starts-anew",
        "It looks as if the recalls of earlier alphas stayed in the mean",
        "Where is your list of recalls made: once, or once for each alpha?",
        "recalls = []" + _ALL.replace("    recalls = []\n", ""),
    ),
    _Mistake(
        "alpha-not-passed",
        "It looks as if every row was measured with the same alpha",
        "Does your search know which alpha it is being measured with?",
        _ALL.replace("alpha=alpha, ", ""),
    ),
    _Mistake(
        "alpha-on-the-wrong-side",
        "It looks as if the table stands upside down: alpha weighs BM25",
        "Which search should be left in the row of alpha=0?",
        _ALL.replace("alpha=alpha, ", "alpha=1 - alpha, "),
    ),
    _Mistake(
        "other-k",
        "It looks like Recall@5, not Recall@10",
        "How many results does your search return, and how many of them does the recall look at?",
        _ALL.replace("k=10", "k=5"),
    ),
    _Mistake(
        "precision",
        "It looks like the mean precision, not the mean recall",
        "What do you divide the number of relevant results by?",
        _ALL.replace(
            'recall_at_k(found["product_id"].tolist(), relevant_of.get(query_id, set()), k=10)',
            'found["product_id"].isin(relevant_of.get(query_id, set())).mean()',
        ),
    ),
    _Mistake(
        "too-few-alphas",
        "Your table lacks the row of alpha=1.0",
        "np.arange leaves out its end; ALPHAS has eleven values.",
        "alphas = np.arange(0, 1, 0.1)" + _ALL.replace("in ALPHAS", "in alphas"),
    ),
    _Mistake(
        "rounded",
        "It looks as if the means were rounded",
        "Round when you print: two alphas may differ in the third decimal only.",
        _ALL.replace("np.mean(recalls)", "round(np.mean(recalls), 2)"),
    ),
    _Mistake(
        "worst-alpha",
        "The table is right, but best_alpha is the alpha with the lowest mean",
        "Which end of the column do you look for?",
        _ALL.replace("idxmax", "idxmin"),
    ),
    _Mistake(
        "recall-for-alpha",
        "The table is right, but best_alpha is a recall, not an alpha",
        "Which column of the best row is asked for?",
        _ALL.replace(_BEST, 'best_alpha = float(alpha_table["mean_recall"].max())'),
    ),
    _Mistake(
        "row-for-alpha",
        "The table is right, but best_alpha is the number of a row, not an alpha",
        "Row 7 of the table is not alpha 7: which column of the best row is asked for?",
        _ALL.replace(_BEST, 'best_alpha = int(alpha_table["mean_recall"].idxmax())'),
    ),
    _Mistake(
        "series-for-alpha",
        "The table is right, but best_alpha is a column or an array with one alpha in it",
        "One plain number is asked for: how do you take the only value out of it?",
        _ALL.replace(
            _BEST,
            """
best_alpha = alpha_table[alpha_table["mean_recall"] == alpha_table["mean_recall"].max()]["alpha"].head(1)
""",
        ).replace("measured(best_alpha,", "measured(best_alpha.iloc[0],"),
        also=(
            _ALL.replace(
                _BEST,
                """
best_alpha = alpha_table.sort_values("mean_recall", ascending=False, kind="stable")["alpha"].to_numpy()[:1]
""",
            ).replace("measured(best_alpha,", "measured(best_alpha[0],"),
        ),
    ),
)
