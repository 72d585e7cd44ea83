"""Reads evidence that comes from a student's process: data only, every type and size checked.

An answer is one of: Number, Array, Frame, Plain, Nothing, Missing, Failure, Other. No pickle, no eval; a value
that is not exactly as `collector.pack` writes it becomes Other, and Other earns nothing.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_EVIDENCE_BYTES = 32 * 2**20
MAX_ITEMS = 2_000_000
MAX_PLAIN_ITEMS = 200_000  # in one answer, at all depths together
MAX_DEPTH = 6
MAX_TEXT = 10_000  # characters of one text
CELL_NAME = re.compile(r"\([^()]{1,80}, line (\d{1,6})\)$")
DTYPES = {
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
}


@dataclass(frozen=True)
class Number:
    """A finite or non-finite number; `value` is a float (whole numbers below 2**53 keep their value)."""

    value: float


@dataclass(frozen=True)
class Array:
    """An array of numbers; `values` is float64 of the answer's own shape."""

    values: np.ndarray
    dtype: str


@dataclass(frozen=True)
class Frame:
    """A DataFrame's asked columns, each a list of plain values in row order; the names of all, and the row labels."""

    columns: dict
    rows: int
    names: tuple
    index: tuple = ()


@dataclass(frozen=True)
class Plain:
    """Text, or a list, dict or set of plain values: `value` is a str, list, dict or frozenset, and what it holds are
    str, int, float, bool, None and more of these; a tuple or an array in it is a list. Lists of numbers alone are an
    Array. It is a student's text: `question.quoted` makes of it what may be shown."""

    value: Any


@dataclass(frozen=True)
class Nothing:
    """The function returned None."""


@dataclass(frozen=True)
class Failure:
    """The student's code raised."""

    error: str
    message: str


@dataclass(frozen=True)
class Missing:
    """The asked name does not exist in the notebook; `after` is the error that ended its answer cell, if one did."""

    name: str
    after: Failure | None = None


@dataclass(frozen=True)
class Other:
    """Anything that is no answer to any question; `what` says so in words."""

    what: str


Answer = Number | Array | Frame | Plain | Nothing | Missing | Failure | Other


class BadEvidence(ValueError):
    """The evidence as a whole cannot be used; the message says why in words a student may read."""


def read_evidence(text: str, nonce: str, probe_ids: list[str]) -> dict[str, Answer]:
    """Evidence as sent by the kernel -> {probe id: answer}, or BadEvidence.

    The nonce must be the request's, and the ids exactly the probes' in any order, each once.
    """
    if not isinstance(text, str):
        raise BadEvidence("the evidence was not text")
    if len(text) > MAX_EVIDENCE_BYTES:
        raise BadEvidence(f"the answers took {len(text) / 2**20:.0f} MB, more than {MAX_EVIDENCE_BYTES // 2**20} MB")
    try:
        evidence = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadEvidence("the evidence was not valid JSON") from None
    if not isinstance(evidence, dict) or set(evidence) != {"nonce", "answers"}:
        raise BadEvidence("the evidence did not have the agreed form")
    if evidence["nonce"] != nonce:
        raise BadEvidence("the evidence was for another request")
    answers = evidence["answers"]
    if not isinstance(answers, list) or not all(isinstance(a, dict) and set(a) == {"id", "answer"} for a in answers):
        raise BadEvidence("the evidence did not have the agreed form")
    ids = [a["id"] for a in answers]
    if not all(isinstance(i, str) for i in ids) or sorted(ids) != sorted(probe_ids):
        raise BadEvidence("the evidence was for other probes")
    return {a["id"]: read_answer(a["answer"]) for a in answers}


def read_answer(value) -> Answer:
    """One packed answer -> Answer. Never raises: what cannot be read is Other."""
    if value is None:
        return Nothing()
    if isinstance(value, bool):
        return Other("True or False")
    if isinstance(value, (int, float)):
        return Number(_number(value))
    if isinstance(value, str):
        return _plain_answer(value, "text, too long to be an answer")
    if isinstance(value, list):
        if value and all(_is_number(v) for v in value):
            return Array(np.array([_number(v) for v in value], dtype=np.float64), "list")
        return _plain_answer(value, "a list")
    kind = value.get("$")
    try:
        if kind == "float":
            return Number(_non_finite(value))
        if kind == "array":
            array = _array(value)
            return Number(float(array)) if array.ndim == 0 else Array(array, value["dtype"])
        if kind == "frame":
            return _frame(value)
        if kind == "missing":
            return Missing(_text(value["name"]))
        if kind == "error":
            return Failure(_text(value["type"]), _text(value["message"]))
        if kind in ("set", "dict"):
            return _plain_answer(value, f"a {kind}")
        if kind == "other":
            return Other(_text(value["type"]))
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error, OverflowError):
        pass
    return Other("something unreadable")


def read_error(ename, evalue) -> Failure:
    """A cell's error output -> Failure, whatever the two are. Where a syntax error names IPython's own name for the
    cell, only the line stays: "'(' was never closed (123.py, line 3)" -> "'(' was never closed (line 3)"."""
    error, message = (_text(value) if isinstance(value, str) else "" for value in (ename, evalue))
    return Failure(error or "an error", CELL_NAME.sub(r"(line \1)", message))


def _plain_answer(value, otherwise: str) -> Plain | Other:
    """A packed text, list, dict or set -> Plain; Other where it holds what is no plain value, or too much of it."""
    try:
        return Plain(_plain(value, MAX_DEPTH, iter(range(MAX_PLAIN_ITEMS))))
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error, OverflowError):
        return Other(otherwise)


def _plain(value, depth: int, allowed: Iterator[int]) -> Any:
    """A packed value as plain Python. depth: how deep it may still go; allowed: yields once for each value that may
    still come."""
    if depth < 0 or next(allowed, None) is None:
        raise ValueError
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ValueError
        return value
    if isinstance(value, (int, float)):
        return value if abs(value) < 2**63 else _number(value)
    if isinstance(value, list):
        return [_plain(v, depth - 1, allowed) for v in value]
    match value["$"]:
        case "float":
            return _non_finite(value)
        case "array":
            array = _array(value)
            if array.size > MAX_PLAIN_ITEMS:
                raise ValueError
            whole = value["dtype"].startswith(("int", "uint"))
            return _plain((array.astype(np.int64) if whole else array).tolist(), depth, allowed)
        case "set":
            return frozenset({_name(v, allowed) for v in value["items"]})
        case "dict":
            return {_name(key, allowed): _plain(v, depth - 1, allowed) for key, v in value["items"]}
    raise ValueError


def _name(value, allowed: Iterator[int]) -> str | int | float | bool | None:
    """A dict's key or a set's member: no collection, so that its hash is Python's own business."""
    if isinstance(value, list):
        raise ValueError
    return _plain(value, 0, allowed)


def _refuse_constant(name):
    raise ValueError(name)


def _is_number(value) -> bool:
    if isinstance(value, dict):
        return value.get("$") == "float" and value.get("value") in ("nan", "inf", "-inf")
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value) -> float:
    if isinstance(value, dict):
        return _non_finite(value)
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _non_finite(value: dict) -> float:
    return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[value["value"]]


def _text(value) -> str:
    """Text that may be shown: one line, printable characters only, bounded."""
    if not isinstance(value, str):
        raise TypeError
    return "".join(c if c.isprintable() else " " for c in value[:300]).strip()


def _array(value: dict) -> np.ndarray:
    dtype, shape = value["dtype"], value["shape"]
    if dtype not in DTYPES or not isinstance(shape, list) or len(shape) > 3:
        raise ValueError
    if not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= MAX_ITEMS for n in shape):
        raise ValueError
    size = math.prod(shape)
    if size > MAX_ITEMS:
        raise ValueError
    raw = base64.b64decode(value["data"], validate=True)
    if len(raw) != size * np.dtype(dtype).itemsize:
        raise ValueError
    return np.frombuffer(raw, dtype=dtype).reshape(shape).astype(np.float64)


def _frame(value: dict) -> Frame:
    rows, names, columns = value["rows"], value["names"], value["columns"]
    if not isinstance(rows, int) or not 0 <= rows <= MAX_ITEMS or not isinstance(columns, dict):
        raise ValueError
    read = {}
    for name, cells in columns.items():
        if not isinstance(cells, list) or len(cells) != rows:
            raise ValueError
        read[name] = [_cell(c) for c in cells]
    labels = value.get("index", [])
    if not isinstance(labels, list) or len(labels) not in (0, rows):
        raise ValueError
    return Frame(read, rows, tuple(_text(n) for n in names), tuple(_cell(label) for label in labels))


def _cell(value):
    """A frame's cell: int, float or text; anything else is None, also an int that no float can hold."""
    if isinstance(value, dict):
        return _non_finite(value) if _is_number(value) else None
    if isinstance(value, int) and (isinstance(value, bool) or abs(value) >= 2**63):
        return None
    return value if isinstance(value, (int, float, str)) else None
