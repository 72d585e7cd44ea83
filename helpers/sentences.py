"""Sentences on numbers that are not what they should be: the same in the notebook, where a check shows them, and in
the grader's verdicts."""

import numpy as np

UNROUNDED = "That is close, but its last digits are lost: return it unrounded."
HALF_STEP = 0.51  # of the last place kept: as far as rounding can move a number, with float noise


def rounded(got, expected) -> bool:
    """Whether wrong numbers look like the right ones with digits lost: 2 to 4 decimal places kept, or float16.

    got, expected: numbers or arrays of one shape, of the order of 1 (cosines, shares, scores on one scale).
    """
    got, expected = np.asarray(got, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if not np.isfinite(got).all():
        return False
    off = np.abs(got - expected).max()
    kept = [
        np.abs(got - np.round(got, places)).max() < 1e-7 and off <= HALF_STEP * 10.0**-places for places in (2, 3, 4)
    ]
    return bool(any(kept) or (off <= 0.005 and np.array_equal(got, got.astype(np.float16))))


def wrong_number(got, expected: float, hint: str, tolerance: float = 1e-6) -> str | None:
    """ "gave 2, expected 0.5. <hint>" unless `got` is one plain number within `tolerance` of `expected`."""
    if got is None:
        return "gave None. Is there a return at the end of your function?"
    if not isinstance(got, (int, float, np.number)) or isinstance(got, bool):
        return f"gave {shown(got)}, expected {shown(expected)}. It should be one plain number: wrap it in float(...)."
    if abs(got - expected) <= tolerance:
        return None
    if rounded(got, expected):
        hint = UNROUNDED
    return f"gave {shown(got, exactly=shown(got) == shown(expected))}, expected {shown(expected)}. {hint}"


def wrong_array(got, expected, hint: str, tolerance: float = 1e-6) -> str | None:
    """The same for an array, of the shape of `expected`; a list or a Series of numbers counts as one."""
    expected = np.asarray(expected)
    if got is None:
        return "gave None. Is there a return at the end of your function?"
    try:
        array = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        array = None
    if array is None or array.shape != expected.shape:
        return f"gave {shown(got)}, expected {shown(expected)}. The shape should be {expected.shape}."
    if np.all(np.abs(array - expected) <= tolerance):
        return None
    return f"gave {shown(got)}, expected {shown(expected)}. {UNROUNDED if rounded(array, expected) else hint}"


def wrong_texts(got, expected: list[str], hint: str) -> str | None:
    """The same for a list of texts in their order; a tuple, an array or a Series of them counts as one."""
    if got is None:
        return "gave None. Is there a return at the end of your function?"
    if isinstance(got, (str, set, frozenset, dict)) or not hasattr(got, "__len__"):
        return f"gave {shown(got)}, expected {shown(expected)}. It should be a list."
    return None if list(got) == expected else f"gave {shown(list(got))}, expected {shown(expected)}. {hint}"


def shown(value, exactly: bool = False) -> str:
    """A value as a student reads it: short, numbers with four digits, whole ones without a point."""
    if isinstance(value, (bool, np.bool_)) or value is None:
        return str(value)
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return repr(float(value)) if exactly else f"{value:.4g}"
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return f"an array that holds {shown(value[()])}"
    if hasattr(value, "columns") and hasattr(value, "shape"):
        return f"a DataFrame of {value.shape[0]} rows"
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, np.ndarray):
        return _listed(value.tolist()) if value.size <= 8 else f"an array of shape {value.shape}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return _listed(value) if len(value) <= 12 else f"a {type(value).__name__} of {len(value)}"
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 80 else f"a {type(value).__name__}"


def _listed(values) -> str:
    if isinstance(values, (set, frozenset)):
        return f"{{{', '.join(sorted(map(shown, values)))}}}" if values else "set()"
    return f"[{', '.join(_listed(v) if isinstance(v, list) else shown(v) for v in values)}]"
