"""How good is a ranking? Recall and nDCG against human judgments.

A judgment gives a (query, product) pair a grade: 2 Exact, 1 Partial, 0 Irrelevant. A product is relevant to a
query if its grade is above 0; a product that nobody judged counts as irrelevant. A pair that was judged twice
counts once, with its higher grade.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from .ids import check_alike
from .measures import calculate_ndcg, calculate_recall, check_columns, group_judgments, relevant_products
from .progress import ProgressBar
from .ranking import check_k, top_k


def evaluate_search(
    search_func: Callable[[str], pd.DataFrame],
    queries_df: pd.DataFrame,
    labels_df: pd.DataFrame,
    k: int = 10,
    verbose: bool = True,
) -> pd.DataFrame:
    """Recall@k of a search function, query by query.

    Parameters
    ----------
    search_func : callable query -> DataFrame with product_id, best first
        Such as ``lambda query: search_bm25(query, index, products, doc_lengths, k=10)``.
    queries_df : DataFrame with query_id and query
    labels_df : DataFrame with query_id, product_id and grade (or label)
        Relevant: grade > 0.
    k : int
        The first k rows of each result count.
    verbose : bool
        Print the mean in one line. Progress is shown either way, if it takes more than 2 seconds; it clears itself.

    Returns
    -------
    DataFrame with query_id, query, recall
        One row per row of `queries_df`; recall is 0.0 for a query without relevant products.

    Raises
    ------
    ValueError
        If a column is missing from one of the tables or from a result, or `k` is not a whole number of at
        least 1.
    TypeError
        If ids that are compared with each other are text on one side and numbers on the other.

    Notes
    -----
    What `search_func` raises is passed on, with a note that says which query it was.
    """
    check_k(k)
    check_columns(queries_df, "queries_df", ["query_id", "query"])
    check_alike("queries_df", queries_df["query_id"], "labels_df", labels_df["query_id"])
    relevant = relevant_products(labels_df)
    rows = list(zip(queries_df["query_id"].tolist(), queries_df["query"].tolist()))
    recalls = []
    for query_id, query in ProgressBar(rows, desc="Searching", unit=" queries"):
        try:
            results = search_func(query)
            check_columns(results, "the result of the search function", ["product_id"])
            recalls.append(calculate_recall(results["product_id"].tolist(), relevant.get(query_id, ()), k))
        except Exception as error:
            error.add_note(f"This happened while searching for query {query_id}: {query!r}.")
            raise
    if verbose:
        print(_summary(recalls, [query_id for query_id, _ in rows if query_id not in relevant], k))
    return queries_df[["query_id", "query"]].assign(recall=np.array(recalls, dtype=np.float64)).reset_index(drop=True)


def evaluate_scores(
    scores, product_ids: Sequence, queries_df: pd.DataFrame, labels_df: pd.DataFrame, k: int = 10
) -> pd.DataFrame:
    """Recall@k and nDCG@k of a whole matrix of scores: the fast way when all scores are there at once.

    Parameters
    ----------
    scores : array of shape (q, n)
        Row i holds the scores of all n products for row i of `queries_df`, as `score_bm25_batch` and
        `cosine_similarity_matrix` give them. Equal scores rank by position, as in every search of the course.
    product_ids : sequence of n ids
    queries_df : DataFrame of q rows with query_id and query
    labels_df : DataFrame with query_id, product_id and grade (or label)
    k : int

    Returns
    -------
    DataFrame with query_id, query, recall, ndcg
        The recall is what `evaluate_search` finds for a search with the same scores.

    Raises
    ------
    ValueError
        If the shape of `scores` does not fit, or a column is missing.
    TypeError
        As for `evaluate_search`.

    Examples
    --------
    >>> queries = pd.DataFrame({"query_id": [0], "query": ["sofa"]})
    >>> labels = pd.DataFrame({"query_id": [0, 0], "product_id": [7, 9], "grade": [2, 1]})
    >>> evaluate_scores([[0.9, 0.8, 0.1]], [7, 8, 9], queries, labels, k=2)["recall"].tolist()
    [0.5]
    """
    scores, ids = np.asarray(scores), np.asarray(product_ids)
    check_matrix(scores, "scores", ids, queries_df)
    rows = [top_k(row, k) for row in scores]
    return evaluate_rankings([ids[top] for top in rows], queries_df, labels_df, k)


def evaluate_rankings(
    rankings: Sequence[Iterable] | np.ndarray, queries_df: pd.DataFrame, labels_df: pd.DataFrame, k: int = 10
) -> pd.DataFrame:
    """Recall@k and nDCG@k of rankings that are there already, one for each query.

    Parameters
    ----------
    rankings : sequence of q sequences of product ids, best first
        Such as ``product_ids[rows]`` with the rows that `top_bm25_batch` or `top_semantic_batch` gives.
    queries_df : DataFrame of q rows with query_id and query
    labels_df : DataFrame with query_id, product_id and grade (or label)
    k : int

    Returns
    -------
    DataFrame with query_id, query, recall, ndcg

    Raises
    ------
    ValueError
        If there is not one ranking per query, a column is missing, or `k` is not a whole number of at least
        1.
    TypeError
        As for `evaluate_search`.

    Examples
    --------
    >>> queries = pd.DataFrame({"query_id": [0], "query": ["sofa"]})
    >>> labels = pd.DataFrame({"query_id": [0, 0], "product_id": [7, 9], "grade": [2, 1]})
    >>> evaluate_rankings([[7, 8]], queries, labels, k=2)["recall"].tolist()
    [0.5]
    """
    check_k(k)
    check_columns(queries_df, "queries_df", ["query_id", "query"])
    if len(rankings) != len(queries_df):
        raise ValueError(
            f"rankings must hold one ranking per query; got {len(rankings):,} for {len(queries_df):,} queries."
        )
    check_alike("queries_df", queries_df["query_id"], "labels_df", labels_df["query_id"])
    judgments = group_judgments(labels_df)
    found = []
    for query_id, ranking in zip(queries_df["query_id"].tolist(), rankings):
        retrieved = ranking.tolist() if isinstance(ranking, np.ndarray) else list(ranking)
        relevance = judgments.get(query_id, {})
        relevant = {product_id for product_id, grade in relevance.items() if grade > 0}
        found.append((calculate_recall(retrieved, relevant, k), calculate_ndcg(retrieved, relevance, k)))
    recall, ndcg = np.array(found, dtype=np.float64).reshape(-1, 2).T
    return queries_df[["query_id", "query"]].assign(recall=recall, ndcg=ndcg).reset_index(drop=True)


def check_matrix(scores: np.ndarray, name: str, product_ids: np.ndarray, queries_df: pd.DataFrame) -> None:
    check_columns(queries_df, "queries_df", ["query_id", "query"])
    if scores.shape != (len(queries_df), len(product_ids)):
        raise ValueError(
            f"{name} must have one row per query and one column per product, shape "
            f"({len(queries_df)}, {len(product_ids)}); got {scores.shape}."
        )


def _summary(recalls: list[float], without_relevant: list, k: int) -> str:
    if not recalls:
        return "There are no queries to evaluate."
    line = f"Mean recall@{k} over {len(recalls):,} queries: {np.mean(recalls):.4f}"
    if without_relevant:
        line += f" ({len(without_relevant):,} of them without a relevant product, counted as 0.0)"
    return line
