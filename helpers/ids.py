"""Ids that are compared with each other: numbers with numbers, text with text.

"10" and 10 are never equal in Python, so a search would look as if it had found nothing.
"""

from collections.abc import Iterable
from numbers import Number

import numpy as np
import pandas as pd


def check_alike(name: str, ids: Iterable, other_name: str, other_ids: Iterable) -> None:
    """TypeError, with an example of each, where no id of one could equal any id of the other for its type alone."""
    kinds, others = _kinds(ids), _kinds(other_ids)
    if kinds and others and not kinds.keys() & others.keys():
        (kind, example), (other, other_example) = next(iter(kinds.items())), next(iter(others.items()))
        raise TypeError(
            f"{name} holds {kind}, such as {example!r}, and {other_name} holds {other}, such as {other_example!r}: "
            "they are never equal. Bring both to one type, for example with .astype(str)."
        )


def as_ids(ids: Iterable, name: str) -> Iterable:
    """`ids` itself, or a TypeError that says what to pass instead of a table, a text or a matrix.

    Iterating over a DataFrame gives the names of its columns, which would be taken for ids.
    """
    if isinstance(ids, pd.DataFrame):
        raise TypeError(f"{name} must be product ids, got a DataFrame. Choose a column: results['product_id'].")
    if isinstance(ids, str | bytes) or not isinstance(ids, Iterable):
        raise TypeError(f"{name} must be a list or column of product ids, got {type(ids).__name__}: {ids!r}.")
    if isinstance(ids, np.ndarray) and ids.ndim != 1:
        raise TypeError(f"{name} must be a list or column of product ids, got an array of shape {ids.shape}.")
    return ids


def _kinds(ids: Iterable) -> dict[str, object]:
    """What kinds of id there are, with the first example of each."""
    if isinstance(ids, pd.Series | np.ndarray) and ids.dtype.kind in "iuf":
        return {"numbers": ids[:1].tolist()[0]} if len(ids) else {}
    values = ids.tolist() if isinstance(ids, pd.Series | np.ndarray) else list(ids)
    kinds: dict[str, object] = {}
    for of_type in dict.fromkeys(map(type, values)):  # few types, however many ids
        example = next(value for value in values if type(value) is of_type)
        kinds.setdefault(_kind(example), example)
    return kinds


def _kind(id: object) -> str:
    if isinstance(id, str):
        return "text"
    return "numbers" if isinstance(id, Number | np.generic) else type(id).__name__
