"""A lecture's exercises: each check is one sentence, and one line says whether it holds.

An exercise is for practice, so nothing stops where an answer is empty or wrong: the notebook runs on to its end.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd


def check_that(sentence: str, call: Callable[[], Any], expected: Any, tolerance: float = 1e-6) -> None:
    """Print whether ``call()`` gives what the sentence says.

    Parameters
    ----------
    sentence : str
        What a right answer does, such as "two names contain both words".
    call : callable without arguments
        Such as ``lambda: match_all(["red", "sofa"], postings)``.
    expected
        A number, text, list, dict, set, array or DataFrame. Numbers within it may differ by `tolerance`. A DataFrame
        is compared column by column, whatever its index; an answer may have more columns.

    Examples
    --------
    >>> check_that("two and two make four", lambda: 2 + 2, 4)
    ✓ two and two make four
    >>> check_that("two and two make four", lambda: 2 * 3, 4)
    ✗ two and two make four: got 6, expected 4
    >>> check_that("two and two make four", lambda: ..., 4)
    ○ still to be written: two and two make four
    """
    try:
        got = call()
    except Exception as error:
        print(f"✗ {sentence}: stopped with {type(error).__name__}: {error}")
        return
    if got is None or got is Ellipsis:
        print(f"○ still to be written: {sentence}")
    elif _alike(got, expected, tolerance):
        print(f"✓ {sentence}")
    else:
        print(f"✗ {sentence}: got {_shown(got)}, expected {_shown(expected)}")


def _alike(got: Any, expected: Any, tolerance: float) -> bool:
    """Equal, where numbers may differ a little and an array, a Series or a tuple is as good as a list."""
    if isinstance(expected, pd.DataFrame):
        return isinstance(got, pd.DataFrame) and _same_table(got, expected, tolerance)
    got, expected = _plain(got), _plain(expected)
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and got.keys() == expected.keys()
            and all(_alike(got[key], value, tolerance) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(got, list)
            and len(got) == len(expected)
            and all(_alike(one, other, tolerance) for one, other in zip(got, expected))
        )
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        return isinstance(got, (int, float)) and not isinstance(got, bool) and abs(got - expected) <= tolerance
    return type(got) is type(expected) and bool(got == expected)


def _same_table(got: pd.DataFrame, expected: pd.DataFrame, tolerance: float) -> bool:
    if len(got) != len(expected) or not set(expected.columns) <= set(got.columns):
        return False
    columns = ((got[name].reset_index(drop=True), expected[name].reset_index(drop=True)) for name in expected.columns)
    return all(
        np.allclose(one, other, rtol=0, atol=tolerance, equal_nan=True)
        if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(other)
        else one.astype(object).where(one.notna(), None).tolist()
        == other.astype(object).where(other.notna(), None).tolist()
        for one, other in columns
    )


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic) or (hasattr(value, "tolist") and hasattr(value, "shape")):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    if isinstance(value, pd.DataFrame):
        return f"a table of {len(value)} rows with {', '.join(map(str, value.columns[-3:]))}"
    text = repr(_plain(value)).replace("\n", " ")
    return text if len(text) <= 90 else f"{text[:89]}…"
