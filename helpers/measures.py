"""Measures of one ranked result list: recall, DCG, nDCG, and the grades that judgments give it.

A judgment gives a (query, product) pair a grade: 2 Exact, 1 Partial, 0 Irrelevant. A product is relevant to a
query if its grade is above 0; a product that nobody judged counts as irrelevant. A pair that was judged twice
counts once, with its higher grade.
"""

from collections.abc import Iterable, Mapping
from itertools import islice

import numpy as np
import pandas as pd

from .catalogue import GRADES
from .ids import as_ids, check_alike
from .ranking import check_k


def calculate_recall(retrieved_ids: Iterable, relevant_ids: Iterable, k: int = 10) -> float:
    """Recall@k: what share of the relevant products is among the first k retrieved?

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
    TypeError
        If one of both is a DataFrame, one text or a matrix, or if one holds text and the other numbers, which are
        never equal: "10" is not 10.

    Examples
    --------
    >>> calculate_recall([3, 1, 4, 1, 5], relevant_ids={1, 5, 9}, k=4)
    0.3333333333333333
    """
    relevant = relevant_ids if isinstance(relevant_ids, set) else set(as_ids(relevant_ids, "relevant_ids"))
    retrieved = set(islice(as_ids(retrieved_ids, "retrieved_ids"), check_k(k)))
    found = len(retrieved & relevant)
    if not found:
        check_alike("retrieved_ids", retrieved, "relevant_ids", relevant)
    return found / len(relevant) if relevant else 0.0


def calculate_dcg(grades: Iterable[float], k: int = 10) -> float:
    """Discounted cumulative gain of the first k grades: sum of grade / log2(rank + 1).

    Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002), with the discount of
    trec_eval. The gain is the grade itself (linear), not 2^grade - 1, and a negative grade gains nothing, as in
    trec_eval and ir-measures.

    Parameters
    ----------
    grades : iterable of numbers, in rank order
    k : int

    Returns
    -------
    float
        At least 0.

    Raises
    ------
    ValueError
        If a grade is NaN or infinite, or `k` is not a whole number of at least 1.

    Examples
    --------
    >>> calculate_dcg([2, 0, 1])
    2.5
    """
    first = np.array(list(islice(grades, check_k(k))), dtype=np.float64)
    if not np.isfinite(first).all():
        raise ValueError("grades hold NaN or infinite values; a grade is a number such as 2, 1 or 0.")
    return float((np.maximum(first, 0) / np.log2(np.arange(len(first)) + 2)).sum())


def calculate_ndcg(retrieved_ids: Iterable, relevance: Mapping, k: int = 10) -> float:
    """nDCG@k: the DCG of a ranking divided by the best DCG that any ranking could reach.

    Parameters
    ----------
    retrieved_ids : iterable of product ids, best first
        A product that is repeated gains only the first time.
    relevance : mapping of product id -> grade
        All judgments of this query, also of products that were not retrieved: they make the ideal ranking.
        `group_judgments` gives them. A negative grade counts as 0.
    k : int

    Returns
    -------
    float
        In [0, 1]; 0.0 if no product is relevant.

    Raises
    ------
    ValueError, TypeError
        As for `calculate_dcg` and `calculate_recall`.

    Examples
    --------
    >>> calculate_ndcg(["b", "a"], relevance={"a": 2, "b": 0, "c": 0})
    0.6309297535714575
    """
    retrieved = list(as_ids(retrieved_ids, "retrieved_ids"))
    relevance = relevance if isinstance(relevance, dict) else dict(relevance)
    if relevance.keys().isdisjoint(retrieved):
        check_alike("retrieved_ids", retrieved, "relevance", relevance)
    ideal = calculate_dcg(sorted(relevance.values(), reverse=True), k)
    return calculate_dcg(grades_of(retrieved, relevance), k) / ideal if ideal > 0 else 0.0


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
    check_columns(labels_df, "labels_df", ["query_id", "product_id"])
    judged = _ids(labels_df).assign(grade=_grades(labels_df))
    judged = judged.dropna(subset="product_id")  # without an id it is nobody's grade
    if judged.duplicated(["query_id", "product_id"]).any():
        judged = judged.groupby(["query_id", "product_id"], sort=False)["grade"].max().reset_index()
    return {
        query_id: dict(zip(group["product_id"].tolist(), group["grade"].tolist()))
        for query_id, group in judged.groupby("query_id", sort=False)
    }


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

    Raises
    ------
    ValueError, TypeError
        As for `group_judgments` and `calculate_recall`; `query_id` is compared with the labels' alike.

    Examples
    --------
    >>> labels = pd.DataFrame({"query_id": [0, 0, 1], "product_id": [7, 8, 9]})
    >>> labels["label"] = ["Partial", "Exact", "Exact"]
    >>> get_relevance_grades([8, 9, 7], 0, labels)
    [2, 0, 1]
    """
    check_columns(labels_df, "labels_df", ["query_id", "product_id"])
    retrieved = list(islice(as_ids(retrieved_ids, "retrieved_ids"), None if k is None else check_k(k)))
    check_alike("query_id", [query_id], "labels_df", labels_df["query_id"])
    check_alike("retrieved_ids", retrieved, "labels_df", labels_df["product_id"])
    relevance = group_judgments(labels_df[labels_df["query_id"] == query_id]).get(query_id, {})
    return grades_of(retrieved, relevance)


def grades_of(retrieved_ids: Iterable, relevance: Mapping) -> list:
    """The grades of products in rank order; 0 where nobody judged, and where a product is repeated."""
    seen: set = set()
    grades = []
    for product_id in retrieved_ids:
        grades.append(0 if product_id in seen else relevance.get(product_id, 0))
        seen.add(product_id)
    return grades


def relevant_products(labels_df: pd.DataFrame) -> dict:
    """query_id -> set of relevant product ids, for the queries that have any."""
    check_columns(labels_df, "labels_df", ["query_id", "product_id"])
    relevant = _ids(labels_df)[_grades(labels_df) > 0]
    return {query_id: set(ids.tolist()) for query_id, ids in relevant.groupby("query_id")["product_id"]}


def _ids(labels_df: pd.DataFrame) -> pd.DataFrame:
    """query_id and product_id; of categorical columns the values, because groups go by categories otherwise."""
    return pd.DataFrame({column: _values(labels_df[column]) for column in ("query_id", "product_id")})


def _values(column: pd.Series) -> pd.Series:
    return column.astype(column.cat.categories.dtype) if isinstance(column.dtype, pd.CategoricalDtype) else column


def _grades(labels_df: pd.DataFrame) -> pd.Series:
    if "grade" not in labels_df and "label" not in labels_df:
        raise ValueError(
            f"labels_df needs a column grade (2, 1, 0) or label ({', '.join(GRADES)}); "
            f"it has {list(labels_df.columns)}."
        )
    if "grade" in labels_df:
        source, grades = "grade", pd.to_numeric(_values(labels_df["grade"]), errors="coerce")
    else:
        source, grades = "label", _values(labels_df["label"]).map(GRADES)
    if grades.isna().any():
        unknown = labels_df.loc[grades.isna(), source].tolist()[0]
        raise ValueError(
            f"labels_df has {grades.isna().sum()} rows whose {source} cannot be read, such as "
            f"{unknown!r}; labels are {', '.join(GRADES)} and grades are numbers."
        )
    return grades


def check_columns(table: pd.DataFrame, name: str, needed: list[str]) -> None:
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"{name} must be a DataFrame with {', '.join(needed)}; got {type(table).__name__}.")
    missing = [column for column in needed if column not in table]
    if missing:
        raise ValueError(f"{name} has no column {', '.join(missing)}; it has {list(table.columns)}.")
