"""How good is a ranking? Recall and nDCG against human judgments.

A judgment gives a (query, product) pair a grade: 2 Exact, 1 Partial, 0 Irrelevant. A product is relevant to a
query if its grade is above 0; a product that nobody judged counts as irrelevant. A pair that was judged twice
counts once, with its higher grade.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
import pandas as pd

from .catalogue import GRADES
from .hybrid import check_alpha, fuse_scores, normalize_scores
from .progress import ProgressBar
from .ranking import check_k, top_k


def calculate_recall(retrieved_ids: Iterable, relevant_ids: Iterable, k: int = 10) -> float:
    """Recall@k: which part of the relevant products is among the first k retrieved?

    Parameters
    ----------
    retrieved_ids : iterable of product ids, best first
        The first k count; an id that is repeated among them counts once.
    relevant_ids : iterable of product ids
    k : int

    Returns
    -------
    float
        In [0, 1]; 0.0 if there are no relevant ids.

    Raises
    ------
    ValueError
        If `k` is not a whole number of at least 1.

    Examples
    --------
    >>> calculate_recall([3, 1, 4, 1, 5], relevant_ids={1, 5, 9}, k=4)
    0.3333333333333333
    """
    relevant = relevant_ids if isinstance(relevant_ids, set) else set(relevant_ids)
    retrieved = set(islice(retrieved_ids, check_k(k)))
    return len(retrieved & relevant) / len(relevant) if relevant else 0.0


def calculate_dcg(grades: Iterable[float], k: int = 10) -> float:
    """Discounted cumulative gain of the first k grades: sum of grade / log2(rank + 1).

    Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002), with the discount of
    trec_eval. The gain is the grade itself (linear), not 2^grade - 1, as in trec_eval and ir-measures.

    Parameters
    ----------
    grades : iterable of numbers, in rank order
    k : int

    Returns
    -------
    float

    Examples
    --------
    >>> calculate_dcg([2, 0, 1])
    2.5
    """
    first = np.array(list(islice(grades, check_k(k))), dtype=np.float64)
    return float((first / np.log2(np.arange(len(first)) + 2)).sum())


def calculate_ndcg(retrieved_ids: Iterable, relevance: Mapping, k: int = 10) -> float:
    """nDCG@k: the DCG of a ranking as a part of the best DCG that any ranking could reach.

    Parameters
    ----------
    retrieved_ids : iterable of product ids, best first
        A product that is repeated gains only the first time.
    relevance : mapping of product id -> grade
        All judgments of this query, also of products that were not retrieved: they make the ideal ranking.
        `group_judgments` gives them.
    k : int

    Returns
    -------
    float
        In [0, 1]; 0.0 if no product is relevant.

    Examples
    --------
    >>> calculate_ndcg(["b", "a"], relevance={"a": 2, "b": 0, "c": 0})
    0.6309297535714575
    """
    relevance = dict(relevance)
    ideal = calculate_dcg(sorted(relevance.values(), reverse=True), k)
    return calculate_dcg(_grades_of(retrieved_ids, relevance), k) / ideal if ideal > 0 else 0.0


def group_judgments(labels_df: pd.DataFrame) -> dict:
    """Group the judgments by query, once for all queries.

    Parameters
    ----------
    labels_df : DataFrame with query_id, product_id and grade (or label: Exact, Partial, Irrelevant)

    Returns
    -------
    dict of query_id -> dict of product_id -> grade

    Raises
    ------
    ValueError
        If a column is missing, or a label or grade cannot be read.

    Examples
    --------
    >>> labels = pd.DataFrame({"query_id": [0, 0, 1], "product_id": [7, 8, 7], "grade": [2, 0, 1]})
    >>> group_judgments(labels)
    {0: {7: 2, 8: 0}, 1: {7: 1}}
    """
    _check_columns(labels_df, "labels_df", ["query_id", "product_id"])
    judged = labels_df[["query_id", "product_id"]].assign(grade=_grades(labels_df))
    highest = judged.groupby(["query_id", "product_id"], sort=False)["grade"].max().reset_index()
    judgments: dict = {}
    for query_id, product_id, grade in zip(*(highest[column].tolist() for column in highest)):
        judgments.setdefault(query_id, {})[product_id] = grade
    return judgments


def get_relevance_grades(retrieved_ids: Iterable, query_id, labels_df: pd.DataFrame, k: int | None = None) -> list:
    """The grades of the retrieved products, in rank order: what `calculate_dcg` takes.

    Parameters
    ----------
    retrieved_ids : iterable of product ids, best first
    query_id
        The query they were retrieved for.
    labels_df : DataFrame with query_id, product_id and grade (or label)
    k : int, optional
        Only the first k; default all.

    Returns
    -------
    list of numbers
        0 for products without a judgment, and for a product that appeared higher up already.

    Examples
    --------
    >>> labels = pd.DataFrame({"query_id": [0, 0, 1], "product_id": [7, 8, 9]})
    >>> labels["label"] = ["Partial", "Exact", "Exact"]
    >>> get_relevance_grades([8, 9, 7], 0, labels)
    [2, 0, 1]
    """
    _check_columns(labels_df, "labels_df", ["query_id", "product_id"])
    relevance = group_judgments(labels_df[labels_df["query_id"] == query_id]).get(query_id, {})
    return _grades_of(islice(retrieved_ids, None if k is None else check_k(k)), relevance)


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
        Print the mean in one line (and show progress if it takes more than 2 seconds).

    Returns
    -------
    DataFrame with query_id, query, recall
        One row per row of `queries_df`; recall is 0.0 for a query without relevant products.

    Raises
    ------
    ValueError
        If a column is missing from one of the tables or from a result, or `k` is not a whole number of at
        least 1.

    Notes
    -----
    What `search_func` raises is passed on, with a note that says which query it was.
    """
    check_k(k)
    _check_columns(queries_df, "queries_df", ["query_id", "query"])
    relevant = _relevant_products(labels_df)
    rows = list(zip(queries_df["query_id"].tolist(), queries_df["query"].tolist()))
    recalls = []
    for query_id, query in ProgressBar(rows, desc="Searching", unit=" queries", show=verbose):
        try:
            results = search_func(query)
            _check_columns(results, "the result of the search function", ["product_id"])
        except Exception as error:
            error.add_note(f"This happened while searching for query {query_id}: {query!r}.")
            raise
        recalls.append(calculate_recall(results["product_id"].tolist(), relevant.get(query_id, ()), k))
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

    Examples
    --------
    >>> queries = pd.DataFrame({"query_id": [0], "query": ["sofa"]})
    >>> labels = pd.DataFrame({"query_id": [0, 0], "product_id": [7, 9], "grade": [2, 1]})
    >>> evaluate_scores([[0.9, 0.8, 0.1]], [7, 8, 9], queries, labels, k=2)["recall"].tolist()
    [0.5]
    """
    scores, ids = np.asarray(scores), np.asarray(product_ids)
    _check_matrix(scores, "scores", ids, queries_df)
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

    Examples
    --------
    >>> queries = pd.DataFrame({"query_id": [0], "query": ["sofa"]})
    >>> labels = pd.DataFrame({"query_id": [0, 0], "product_id": [7, 9], "grade": [2, 1]})
    >>> evaluate_rankings([[7, 8]], queries, labels, k=2)["recall"].tolist()
    [0.5]
    """
    check_k(k)
    _check_columns(queries_df, "queries_df", ["query_id", "query"])
    if len(rankings) != len(queries_df):
        raise ValueError(
            f"rankings must hold one ranking per query; got {len(rankings):,} for {len(queries_df):,} queries."
        )
    judgments = group_judgments(labels_df)
    found = []
    for query_id, ranking in zip(queries_df["query_id"].tolist(), rankings):
        retrieved = ranking.tolist() if isinstance(ranking, np.ndarray) else list(ranking)
        relevance = judgments.get(query_id, {})
        relevant = [product_id for product_id, grade in relevance.items() if grade > 0]
        found.append((calculate_recall(retrieved, relevant, k), calculate_ndcg(retrieved, relevance, k)))
    recall, ndcg = np.array(found, dtype=np.float64).reshape(-1, 2).T
    return queries_df[["query_id", "query"]].assign(recall=recall, ndcg=ndcg).reset_index(drop=True)


def sweep_alpha(
    semantic_scores,
    bm25_scores,
    product_ids: Sequence,
    queries_df: pd.DataFrame,
    labels_df: pd.DataFrame,
    alphas: Iterable[float],
    k: int = 10,
) -> pd.DataFrame:
    """Mean recall@k of hybrid search for each of several weights.

    Scores are computed and normalised once and mixed once per alpha, instead of running every search again.

    Parameters
    ----------
    semantic_scores, bm25_scores : arrays of shape (q, n)
        Raw scores, as `cosine_similarity_matrix` and `score_bm25_batch` give them.
    product_ids : sequence of n ids
    queries_df : DataFrame of q rows with query_id and query
    labels_df : DataFrame with query_id, product_id and grade (or label)
    alphas : iterable of floats in [0, 1]
        Weights of the semantic score.
    k : int

    Returns
    -------
    DataFrame with alpha, mean_recall
        One row per alpha, in the given order.

    Raises
    ------
    ValueError
        If a shape does not fit, a column is missing, an alpha is out of range, or `k` is not a whole number
        of at least 1.
    """
    k, ids, alphas = check_k(k), np.asarray(product_ids), list(alphas)
    semantic_scores, bm25_scores = np.asarray(semantic_scores), np.asarray(bm25_scores)
    _check_matrix(semantic_scores, "semantic_scores", ids, queries_df)
    _check_matrix(bm25_scores, "bm25_scores", ids, queries_df)
    relevant = _relevant_products(labels_df)
    if not len(queries_df):
        raise ValueError("queries_df has no rows, so there is no mean recall.")
    for alpha in alphas:
        check_alpha(alpha)
    recalls = np.empty((len(queries_df), len(alphas)))
    for i, query_id in enumerate(queries_df["query_id"].tolist()):
        semantic, bm25 = normalize_scores(semantic_scores[i]), normalize_scores(bm25_scores[i])
        for j, best in enumerate(_best_of_each_mix(semantic, bm25, alphas, k)):
            recalls[i, j] = calculate_recall(ids[best].tolist(), relevant.get(query_id, ()), k)
    return pd.DataFrame({"alpha": alphas, "mean_recall": recalls.mean(axis=0)})


def _best_of_each_mix(semantic: np.ndarray, bm25: np.ndarray, alphas: list[float], k: int) -> Iterator[np.ndarray]:
    """``top_k(fuse_scores(semantic, bm25, alpha), k)`` for each alpha; both scores lie in [0, 1].

    Take the k best products of one mix. A product with a lower semantic score and a lower BM25 score than all
    of these k (or with no such score, where the lowest of these is 0 too) is beaten by them in every mix, and
    need not be looked at again. "Lower" leaves room for rounding, which must not make a tie of it. Where the
    lowest scores of the k mix to next to nothing it could, and then all products are looked at.
    """
    if len(semantic) <= k:
        yield from (top_k(fuse_scores(semantic, bm25, alpha), k) for alpha in alphas)
        return
    weights = np.array(alphas, dtype=np.float64)
    is_safe = np.ones(len(weights), dtype=bool)
    left, some_semantic, some_bm25 = np.arange(len(semantic)), semantic, bm25
    for alpha in (1.0, 0.5):
        best = top_k(fuse_scores(some_semantic, some_bm25, alpha), k)
        low_semantic, low_bm25 = some_semantic[best].min(), some_bm25[best].min()
        is_safe &= weights * low_semantic + (1 - weights) * low_bm25 > 1e-100
        promising = (some_semantic > low_semantic * (1 - 1e-9)) | (some_bm25 > low_bm25 * (1 - 1e-9))
        promising[best] = True
        left, some_semantic, some_bm25 = left[promising], some_semantic[promising], some_bm25[promising]
    mixes = -(np.outer(weights, some_semantic) + np.outer(1 - weights, some_bm25))  # ascending is best first
    reached = np.partition(mixes, k - 1, axis=1)[:, k - 1 : k]
    good = np.flatnonzero((mixes <= reached).any(axis=0))
    ranked = left[good[np.argsort(mixes[:, good], axis=1, kind="stable")[:, :k]]]
    for alpha, best, safe in zip(alphas, ranked, is_safe.tolist()):
        yield best if safe else top_k(fuse_scores(semantic, bm25, alpha), k)


def _grades_of(retrieved_ids: Iterable, relevance: Mapping) -> list:
    left = dict(relevance)
    return [left.pop(product_id, 0) for product_id in retrieved_ids]


def _relevant_products(labels_df: pd.DataFrame) -> dict:
    """query_id -> set of relevant product ids, for the queries that have any."""
    _check_columns(labels_df, "labels_df", ["query_id", "product_id"])
    relevant = labels_df[_grades(labels_df) > 0]
    return {query_id: set(ids.tolist()) for query_id, ids in relevant.groupby("query_id")["product_id"]}


def _grades(labels_df: pd.DataFrame) -> pd.Series:
    if "grade" not in labels_df and "label" not in labels_df:
        raise ValueError(
            f"labels_df needs a column grade (2, 1, 0) or label ({', '.join(GRADES)}); "
            f"it has {list(labels_df.columns)}."
        )
    if "grade" in labels_df:
        source, grades = "grade", pd.to_numeric(labels_df["grade"], errors="coerce")
    else:
        source, grades = "label", labels_df["label"].map(GRADES)
    if grades.isna().any():
        unknown = labels_df.loc[grades.isna(), source].tolist()[0]
        raise ValueError(
            f"labels_df has {grades.isna().sum()} rows whose {source} cannot be read, such as "
            f"{unknown!r}; labels are {', '.join(GRADES)} and grades are numbers."
        )
    return grades


def _check_columns(table: pd.DataFrame, name: str, needed: list[str]) -> None:
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"{name} must be a DataFrame with {', '.join(needed)}; got {type(table).__name__}.")
    missing = [column for column in needed if column not in table]
    if missing:
        raise ValueError(f"{name} has no column {', '.join(missing)}; it has {list(table.columns)}.")


def _check_matrix(scores: np.ndarray, name: str, product_ids: np.ndarray, queries_df: pd.DataFrame) -> None:
    _check_columns(queries_df, "queries_df", ["query_id", "query"])
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
