"""The visible checks of a homework: each compares one thing and, where it differs, says so in one sentence.

What a check looks at is given as a function without arguments, so that an answer which stops with an error gets a
sentence too. The sentences have the voice of the grader's own: what was asked, what came, what was expected, a hint.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

PASSED = "Visible checks passed; hidden ones run when your work is graded."


class CheckFailed(AssertionError):
    """A visible check that did not hold. A notebook shows its one sentence instead of a traceback."""

    def _render_traceback_(self):
        return [f"Not yet: {self}"]


def result(what: str, call: Callable[[], Any], hint: str) -> Any:
    """What `call` returns; CheckFailed with a sentence where it raises."""
    try:
        return call()
    except NotImplementedError:
        raise CheckFailed(f"{what.split('(')[0]} is still to be written.") from None
    except NameError as error:
        raise CheckFailed(
            f"{error.name} is not defined; hint: run the cells above, and check how the name is written."
        ) from None
    except Exception as error:
        raise CheckFailed(
            f"{what} stopped with {type(error).__name__}: {error}; hint: {hint} "
            "Call it in a cell of your own to see where."
        ) from None


def expect(what: str, holds: Callable[[], bool], got: str, expected: str, hint: str) -> None:
    """CheckFailed with one sentence unless `holds()`."""
    if not result(what, holds, hint):
        raise CheckFailed(f"{what} gave {got}, expected {expected}; hint: {hint}")


def expect_number(what: str, call: Callable[[], Any], expected: float, hint: str, tolerance: float = 1e-6) -> None:
    """`call()` is one plain number within `tolerance` of `expected`."""
    got = result(what, call, hint)
    if not isinstance(got, (int, float, np.number)) or isinstance(got, bool):
        raise CheckFailed(
            f"{what} gave {_shown(got)}, expected {expected:.4g}; hint: "
            f"{_return_hint(got) or 'it should be one plain number.'}"
        )
    if not abs(got - expected) <= tolerance:
        raise CheckFailed(f"{what} gave {_shown(got)}, expected {expected:.4g}; hint: {hint}")


def expect_array(what: str, call: Callable[[], Any], expected, hint: str, tolerance: float = 1e-6) -> None:
    """`call()` has the shape of `expected`, an array of any shape, and its values within `tolerance`."""
    got, expected = result(what, call, hint), np.asarray(expected, dtype=float)
    try:
        array = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        array = None
    if array is None or array.shape != expected.shape:
        raise CheckFailed(
            f"{what} gave {_shown(got)}, expected {_shown(expected)}; hint: "
            f"{_return_hint(got) or f'the shape should be {expected.shape}.'}"
        )
    if not np.all(np.abs(array - expected) <= tolerance):
        raise CheckFailed(f"{what} gave {_shown(got)}, expected {_shown(expected)}; hint: {hint}")


def expect_columns(what: str, call: Callable[[], Any], columns: list[str], hint: str) -> Any:
    """`call()` is a DataFrame that has all `columns`; it is returned."""
    got = result(what, call, hint)
    found = list(getattr(got, "columns", []))
    absent = [column for column in columns if column not in found]
    if absent:
        shown = f"a DataFrame without {', '.join(absent)}" if found else _shown(got)
        raise CheckFailed(
            f"{what} gave {shown}, expected a DataFrame with {', '.join(columns)}; hint: {_return_hint(got) or hint}"
        )
    return got


def _return_hint(got) -> str | None:
    return "is there a return at the end of your function?" if got is None else None


def _shown(value) -> str:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return f"an array that holds {value}"
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"an array of shape {value.shape}"
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, separator=", ").replace("\n", "")
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 80 else f"a {type(value).__name__}"
