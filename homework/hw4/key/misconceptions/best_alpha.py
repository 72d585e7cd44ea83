"""Mistakes in choosing alpha: the answer is a cell that leaves alpha_table and best_alpha."""

from autograder.judge.banks import Misconception

_RELEVANT = """
relevant_of = labels[labels["grade"] > 0].groupby("query_id")["product_id"].agg(set).to_dict()
"""
_LOOP = """
rows = []
for alpha in ALPHAS:
    recalls = []
    for query_id, query in zip(queries["query_id"], queries["query"]):
        found = hybrid_search(query, index, product_embeddings, products, doc_lengths, alpha=alpha, k=10)
        recalls.append(recall_at_k(found["product_id"].tolist(), relevant_of.get(query_id, set()), k=10))
    rows.append({"alpha": alpha, "mean_recall": np.mean(recalls)})
alpha_table = pd.DataFrame(rows)
"""
_BEST = """
best_alpha = float(alpha_table.loc[alpha_table["mean_recall"].idxmax(), "alpha"])
"""


def _Mistake(id: str, title: str, hint: str, source: str, also: tuple[str, ...] = ()) -> Misconception:
    return Misconception(id, title, hint, source, loses=("best_alpha",), also=also)


BEST_ALPHA_MISTAKES = (
    _Mistake(
        "exact-only",
        "It looks as if only products judged Exact counted as relevant",
        "Which grades does the text call relevant?",
        _RELEVANT.replace("> 0", "== 2") + _LOOP + _BEST,
        also=(
            """
good = labels[labels["label"] == "Exact"]
means = []
for a in ALPHAS:
    total = 0
    for row in queries.itertuples():
        top = hybrid_search(row.query, index, product_embeddings, products, doc_lengths, alpha=a)["product_id"]
        total += recall_at_k(list(top), set(good.loc[good["query_id"] == row.query_id, "product_id"]))
    means.append(total / len(queries))
alpha_table = pd.DataFrame({"alpha": ALPHAS, "mean_recall": means})
best_alpha = ALPHAS[int(np.argmax(means))]
""",
        ),
    ),
    _Mistake(
        "all-judged",
        "It looks as if every judged product counted as relevant",
        "People also judged products as irrelevant: which grades does the text call relevant?",
        _RELEVANT.replace('labels[labels["grade"] > 0]', "labels") + _LOOP + _BEST,
    ),
    _Mistake(
        "outside-the-sample",
        "It looks as if products outside the sample counted as relevant",
        "No search can find a product that is not in the sample: which labels belong to it?",
        """
from helpers import load_wands_labels
labels = load_wands_labels()
"""
        + _RELEVANT
        + _LOOP
        + _BEST,
    ),
    _Mistake(
        "lucky-queries",
        "It looks as if queries without a relevant product were left out of the mean",
        "The text says what such a query counts as.",
        _RELEVANT
        + _LOOP.replace(
            '    for query_id, query in zip(queries["query_id"], queries["query"]):\n',
            """\
    for query_id, query in zip(queries["query_id"], queries["query"]):
        if query_id not in relevant_of:
            continue
""",
        )
        + _BEST,
    ),
    _Mistake(
        "found-queries-only",
        "It looks as if queries with recall 0 were left out of the mean",
        "A query that finds nothing is part of the truth.",
        _RELEVANT + _LOOP.replace("np.mean(recalls)", "np.mean([r for r in recalls if r > 0])") + _BEST,
    ),
    _Mistake(
        "best-query",
        "It looks as if each alpha was judged by its best query",
        "mean_recall is over all queries: which function of the recalls is asked for?",
        _RELEVANT + _LOOP.replace("np.mean(recalls)", "np.max(recalls)") + _BEST,
    ),
    _Mistake(
        "median",
        "It looks like the median of the recalls, not their mean",
        "Which function of the recalls is asked for?",
        _RELEVANT + _LOOP.replace("np.mean(recalls)", "np.median(recalls)") + _BEST,
    ),
    _Mistake(
        "sum",
        "It looks like the sum of the recalls, not their mean",
        "What should a mean of numbers between 0 and 1 stay below?",
        _RELEVANT + _LOOP.replace("np.mean(recalls)", "np.sum(recalls)") + _BEST,
    ),
    _Mistake(
        "one-query",
        "It looks as if only the last query was measured",
        "Does your list of recalls start anew where it should, and does the mean see all of it?",
        _RELEVANT + _LOOP.replace("np.mean(recalls)", "recalls[-1]") + _BEST,
    ),
    _Mistake(
        "never-starts-anew",
        "It looks as if the recalls of earlier alphas stayed in the mean",
        "Where is your list of recalls made: once, or once for each alpha?",
        _RELEVANT + _LOOP.replace("    recalls = []\n", "").replace("rows = []", "rows, recalls = [], []") + _BEST,
    ),
    _Mistake(
        "alpha-not-passed",
        "It looks as if every row was measured with the same alpha",
        "Does your search know which alpha it is being measured with?",
        _RELEVANT + _LOOP.replace("alpha=alpha, ", "") + _BEST,
    ),
    _Mistake(
        "alpha-on-the-wrong-side",
        "It looks as if the table stands upside down: alpha weighs BM25",
        "Which search should be left in the row of alpha=0?",
        _RELEVANT + _LOOP.replace("alpha=alpha, ", "alpha=1 - alpha, ") + _BEST,
    ),
    _Mistake(
        "other-k",
        "It looks like Recall@5, not Recall@10",
        "How many results does your search return, and how many of them does the recall look at?",
        _RELEVANT + _LOOP.replace("k=10", "k=5") + _BEST,
    ),
    _Mistake(
        "precision",
        "It looks like the mean precision, not the mean recall",
        "What do you divide the number of relevant results by?",
        _RELEVANT
        + _LOOP.replace(
            'recall_at_k(found["product_id"].tolist(), relevant_of.get(query_id, set()), k=10)',
            'found["product_id"].isin(relevant_of.get(query_id, set())).mean()',
        )
        + _BEST,
    ),
    _Mistake(
        "too-few-alphas",
        "Your table lacks the row of alpha=1.0",
        "np.arange leaves out its end; ALPHAS has eleven values.",
        "alphas = np.arange(0, 1, 0.1)" + _RELEVANT + _LOOP.replace("in ALPHAS", "in alphas") + _BEST,
    ),
    _Mistake(
        "rounded",
        "It looks as if the means were rounded",
        "Round when you print: two alphas may differ in the third decimal only.",
        _RELEVANT + _LOOP.replace("np.mean(recalls)", "round(np.mean(recalls), 2)") + _BEST,
    ),
    _Mistake(
        "worst-alpha",
        "The table is right, but best_alpha is the alpha with the lowest mean",
        "Which end of the column do you look for?",
        _RELEVANT + _LOOP + _BEST.replace("idxmax", "idxmin"),
    ),
    _Mistake(
        "recall-for-alpha",
        "The table is right, but best_alpha is a recall, not an alpha",
        "Which column of the best row is asked for?",
        _RELEVANT
        + _LOOP
        + """
best_alpha = float(alpha_table["mean_recall"].max())
""",
    ),
    _Mistake(
        "row-for-alpha",
        "The table is right, but best_alpha is the number of a row, not an alpha",
        "Row 7 of the table is not alpha 7: which column of the best row is asked for?",
        _RELEVANT
        + _LOOP
        + """
best_alpha = int(alpha_table["mean_recall"].idxmax())
""",
    ),
)
