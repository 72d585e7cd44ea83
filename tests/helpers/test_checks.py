"""What a student reads when a visible check does not hold: one sentence, also where the code stops with an error."""

import numpy as np
import pandas as pd
import pytest

from helpers.checks import CheckFailed, expect, expect_array, expect_columns, expect_number


def not_written():
    raise NotImplementedError()


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: 1.0, r"f\(1\) gave 1, expected 0.5; hint: halve it\."),
        (lambda: np.float64("nan"), r"gave nan, expected 0.5; hint: halve it\."),
        (lambda: np.array(0.5), r"gave an array that holds 0.5, .* one plain number"),
        (lambda: [0.5], r"gave \[0.5\], .* one plain number"),
        (lambda: True, "gave True, .* one plain number"),
        (lambda: None, "gave None, .* return"),
        (lambda: 1 / 0, r"stopped with ZeroDivisionError: division by zero; hint: halve it\."),
        (not_written, r"^f is still to be written\.$"),
        (lambda: nowhere, "nowhere is not defined"),  # noqa: F821 - that is the point
    ],
)
def test_a_number_that_is_not_right(call, says):
    with pytest.raises(CheckFailed, match=says):
        expect_number("f(1)", call, 0.5, "halve it.")


@pytest.mark.parametrize("number", [0.5, np.float32(0.5), np.float64(0.5 + 1e-9)])
def test_a_number_that_is_right(number):
    expect_number("f(1)", lambda: number, 0.5, "halve it.")


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: [1, 3], r"gave \[1, 3\], expected \[1., 2.\]; hint: count\."),
        (lambda: np.ones((2, 1)), r"the shape should be \(2,\)"),
        (lambda: "ab", r"the shape should be \(2,\)"),
        (lambda: None, "return"),
        (lambda: [1, np.nan], "hint: count"),
        (lambda: np.ones(3) + np.ones(2), "stopped with ValueError"),
    ],
)
def test_an_array_that_is_not_right(call, says):
    with pytest.raises(CheckFailed, match=says):
        expect_array("g()", call, [1, 2], "count.")


@pytest.mark.parametrize("values", [[1, 2], (1.0, 2.0), pd.Series([1, 2]), np.array([1, 2], dtype=np.float32)])
def test_an_array_that_is_right(values):
    expect_array("g()", lambda: values, [1, 2], "count.")


def test_columns():
    frame = pd.DataFrame({"a": [1], "b": [2]})
    assert expect_columns("h()", lambda: frame, ["a"], "add it.") is frame
    with pytest.raises(CheckFailed, match=r"a DataFrame without c, expected a DataFrame with a, c; hint: add it\."):
        expect_columns("h()", lambda: frame, ["a", "c"], "add it.")
    with pytest.raises(CheckFailed, match="gave None"):
        expect_columns("h()", lambda: None, ["a"], "add it.")


def test_a_statement():
    expect("x", lambda: True, "a", "b", "c")
    with pytest.raises(CheckFailed, match="x gave a, expected b; hint: c"):
        expect("x", lambda: False, "a", "b", "c")


def test_a_notebook_shows_the_sentence_and_no_traceback():
    assert CheckFailed("it gave 1.")._render_traceback_() == ["Not yet: it gave 1."]
