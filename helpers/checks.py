"""The visible checks of a homework: each compares one thing and, where it differs, says so in one sentence."""

import numpy as np

PASSED = "Visible checks passed; hidden ones run when your work is graded."


class CheckFailed(AssertionError):
    """A visible check that did not hold. A notebook shows its one sentence instead of a traceback."""

    def _render_traceback_(self):
        return [f"Not yet: {self}"]


def expect(what: str, holds: bool, got: str, expected: str, hint: str) -> None:
    """Raise CheckFailed with one sentence unless `holds`."""
    if not holds:
        raise CheckFailed(f"{what} gave {got}, expected {expected}; hint: {hint}")


def expect_number(what: str, got, expected: float, hint: str, tolerance: float = 1e-6) -> None:
    """`got` is one number within `tolerance` of `expected`."""
    is_number = isinstance(got, (int, float, np.number)) and not isinstance(got, bool)
    expect(what, is_number and abs(got - expected) <= tolerance, _shown(got), f"{expected:.4g}", hint)


def expect_array(what: str, got, expected, hint: str, tolerance: float = 1e-6) -> None:
    """`got` has the shape of `expected`, an array of any shape, and its values within `tolerance`."""
    expected = np.asarray(expected, dtype=float)
    try:
        array = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    expect(what, array.shape == expected.shape, _shown(got), f"an array of shape {expected.shape}", hint)
    expect(what, bool(np.all(np.abs(array - expected) <= tolerance)), _shown(array), _shown(expected), hint)


def expect_columns(what: str, got, columns, hint: str) -> None:
    """`got` is a DataFrame that has all `columns`."""
    found = list(getattr(got, "columns", []))
    absent = [c for c in columns if c not in found]
    expect(what, not absent, f"columns {found}" if found else _shown(got), f"a DataFrame with {', '.join(columns)}", hint)


def _shown(value) -> str:
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"an array of shape {value.shape}"
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, separator=", ").replace("\n", "")
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 80 else f"a {type(value).__name__}"
