"""Mistakes in search."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("search",))


def _search(
    best: str = 'np.argsort(-scores, kind="stable")[:k]',
    rows: str = "products_df.iloc[best].copy()",
    shown: str = "scores[best]",
    rank: str = "np.arange(1, len(results) + 1)",
    scores: str = "bm25(query, postings, doc_lengths)",
    begin: str = "",
) -> str:
    return f"""
def search(query, postings, doc_lengths, products_df, k=10):
    {begin}
    scores = {scores}
    best = {best}
    results = {rows}
    results["bm25_score"] = {shown}
    results["rank"] = {rank}
    return results
"""


SEARCH_MISTAKES = (
    _Mistake(
        "worst-first",
        "It looks as if the worst products came first",
        "argsort sorts upwards: which end of it holds the best?",
        _search("np.argsort(scores)[:k]"),
    ),
    _Mistake(
        "best-last",
        "It looks as if the right products came, the best of them last",
        "Rank 1 is the best.",
        _search('np.argsort(-scores, kind="stable")[:k][::-1]'),
    ),
    _Mistake(
        "labels-for-positions",
        "It looks as if rows were taken by label, not by position",
        "products_df may have any labels: which of loc and iloc counts positions?",
        _search(rows="products_df.loc[products_df.index.sort_values()[best]].copy()"),
        also=(_search(rows="products_df.sort_index().iloc[best].copy()"),),
    ),
    _Mistake(
        "first-scores",
        "It looks as if the first scores of the catalogue stood beside the best products",
        "Each product keeps its own score: by which positions do you pick the scores?",
        _search(shown="scores[:len(results)]"),
    ),
    _Mistake(
        "first-rows",
        "It looks as if the first rows of products_df came back, with the best scores",
        "By which positions do you pick the rows?",
        _search(rows="products_df.iloc[:len(best)].copy()"),
    ),
    _Mistake(
        "matching-only",
        "It looks as if products without a score were left out",
        "The text asks for k rows; where too few products match, others fill the end.",
        _search('[row for row in np.argsort(-scores, kind="stable")[:k] if scores[row] > 0]'),
    ),
    _Mistake(
        "always-ten",
        "It looks as if ten rows came whatever k is",
        "Is there a 10 in your function that should be k?",
        _search('np.argsort(-scores, kind="stable")[:10]'),
    ),
    _Mistake(
        "one-too-many",
        "It looks as if one row too many came back",
        "How many rows does your slice take when k is 1?",
        _search('np.argsort(-scores, kind="stable")[:k + 1]'),
    ),
    _Mistake(
        "one-short",
        "It looks as if one row too few came back",
        "How many rows does your slice take when k is 1?",
        _search('np.argsort(-scores, kind="stable")[:k - 1]'),
    ),
    _Mistake(
        "k-must-fit",
        "It looks as if your function stops where k is larger than the catalogue",
        "Then all products are asked for: partition wants a place that exists.",
        _search("np.argpartition(-scores, k)[:k]; best = best[np.argsort(-scores[best])]"),
    ),
    _Mistake(
        "rank-from-zero",
        "It looks as if ranks began at 0",
        "The best product has rank 1.",
        _search(rank="np.arange(len(results))"),
    ),
    _Mistake(
        "ties-by-last-row",
        "It looks as if of equal scores the last row came first",
        "Turning an ascending order around turns ties around too: what could you sort instead?",
        _search('np.argsort(scores, kind="stable")[::-1][:k]'),
    ),
    _Mistake(
        "ties-by-id",
        "It looks as if equal scores were ordered by product_id",
        "The text wants them in the order of products_df.",
        _search('np.lexsort((products_df["product_id"], -scores))[:k]'),
        also=(
            _search('sorted(range(len(scores)), key=lambda i: (-scores[i], products_df["product_id"].iloc[i]))[:k]'),
        ),
    ),
    _Mistake(
        "ties-by-label",
        "It looks as if equal scores were ordered by the labels of products_df",
        "The text wants them in the order of the rows.",
        _search("np.lexsort((products_df.index, -scores))[:k]"),
    ),
    _Mistake(
        "ties-by-name",
        "It looks as if equal scores were ordered by name",
        "The text wants them in the order of products_df.",
        _search('np.lexsort((products_df["product_name"], -scores))[:k]'),
    ),
    _Mistake(
        "rounded-scores",
        "It looks as if the scores were rounded",
        "Round when you print, not in what other code goes on to use.",
        _search(shown="scores[best].round(2)"),
    ),
    _Mistake(
        "normalised-scores",
        "It looks as if the scores were divided by the best one",
        "The column holds each product's score as bm25 gives it.",
        _search(shown="scores[best] / (scores.max() or 1)"),
    ),
    _Mistake(
        "writes-into-products",
        "Your function writes its columns into the very products_df that it is given",
        "The next search will find them there: work on a copy.",
        _search(begin='products_df["bm25_score"] = bm25(query, postings, doc_lengths)'),
    ),
    _Mistake(
        "sorts-what-it-is-given",
        "Your function sorts the very products_df that it is given",
        "Row i of it then no longer belongs to score i: work on a copy.",
        """
def search(query, postings, doc_lengths, products_df, k=10):
    scores = bm25(query, postings, doc_lengths)
    best = np.argsort(-scores, kind="stable")[:k]
    results = products_df.iloc[best].copy()
    results["bm25_score"] = scores[best]
    results["rank"] = np.arange(1, len(results) + 1)
    products_df.sort_values("product_id", inplace=True)
    return results
""",
    ),
    _Mistake(
        "remembers",
        "It looks as if your function gave an earlier query's result again",
        "A default such as kept={} is made once, not once a call.",
        """
def search(query, postings, doc_lengths, products_df, k=10, kept={}):
    if "first" not in kept:
        scores = bm25(query, postings, doc_lengths)
        best = np.argsort(-scores, kind="stable")[:k]
        kept["first"] = products_df.iloc[best].assign(bm25_score=scores[best], rank=np.arange(1, len(best) + 1))
    return kept["first"]
""",
    ),
)
