"""An exercise's check says in one line whether an answer is right, wrong, or still to be written."""

import numpy as np
import pandas as pd
import pytest

from helpers.exercises import check_that


def said(capsys, call, expected, **options):
    check_that("the answer is right", call, expected, **options)
    return capsys.readouterr().out.removesuffix("\n")


@pytest.mark.parametrize(
    "got, expected",
    [
        (np.float32(0.5), 0.5),
        (1, 1.0),
        (0.1 + 0.2, 0.3),
        (np.array([1, 2]), [1, 2]),
        (pd.Series([0.5, 1.0]), [0.5, 1]),
        ((1, "a"), [1, "a"]),
        ([0, 3], np.array([0, 3])),
        ({"sofa": {0: 1}}, {"sofa": {0: 1}}),
        ({"a": np.int64(2)}, {"a": 2}),
        ({3, 1}, {1, 3}),
        (np.array(2.0), 2),
        ("sofa", "sofa"),
        (np.bool_(True), True),
    ],
)
def test_a_right_answer_gets_a_tick_whatever_it_wears(capsys, got, expected):
    assert said(capsys, lambda: got, expected) == "✓ the answer is right"


@pytest.mark.parametrize(
    "got, expected, shown",
    [
        (0.5, 0.25, "got 0.5, expected 0.25"),
        ([1, 2, 3], [1, 2], "got [1, 2, 3], expected [1, 2]"),
        ("1", 1, "got '1', expected 1"),
        (True, 1, "got True, expected 1"),
        (1, True, "got 1, expected True"),
        (float("nan"), 0.0, "got nan, expected 0.0"),
        ({0: 1}, {0: 1, 2: 1}, "got {0: 1}, expected {0: 1, 2: 1}"),
        ([0, 3], {0, 3}, "got [0, 3], expected {0, 3}"),
        (np.eye(2), [1, 2], "got [[1.0, 0.0], [0.0, 1.0]], expected [1, 2]"),
    ],
)
def test_a_wrong_answer_is_shown_beside_what_was_expected(capsys, got, expected, shown):
    assert said(capsys, lambda: got, expected) == f"✗ the answer is right: {shown}"


@pytest.mark.parametrize("nothing", [None, ...])
def test_an_empty_function_is_no_mistake(capsys, nothing):
    assert said(capsys, lambda: nothing, 1) == "○ still to be written: the answer is right"


def test_an_error_is_named_and_stops_nothing(capsys):
    assert said(capsys, lambda: {}["df"], 1) == "✗ the answer is right: stopped with KeyError: 'df'"


def test_a_long_answer_takes_one_line(capsys):
    line = said(capsys, lambda: list(range(1000)), 0)
    assert "\n" not in line and line.endswith("…, expected 0")


def test_the_tolerance_is_the_checks_own(capsys):
    assert said(capsys, lambda: 0.38, 0.377, tolerance=0.01).startswith("✓")
    assert said(capsys, lambda: 0.38, 0.377, tolerance=0.001).startswith("✗")


PRODUCTS = pd.DataFrame({"name": ["sofa", None], "rating": [4.5, np.nan], "rank": [1, 2]}, index=[7, 3])


@pytest.mark.parametrize(
    "got",
    [
        PRODUCTS,
        PRODUCTS.reset_index(drop=True).assign(more="x"),
        PRODUCTS.assign(rank=[1.0, 2.0], name=["sofa", np.nan]),
    ],
)
def test_a_table_is_compared_by_its_values(capsys, got):
    assert said(capsys, lambda: got, PRODUCTS) == "✓ the answer is right"


@pytest.mark.parametrize(
    "got",
    [
        PRODUCTS[::-1],
        PRODUCTS.head(1),
        PRODUCTS.drop(columns="rank"),
        PRODUCTS.assign(rank=[0, 1]),
        PRODUCTS.assign(name=["sofa", "bed"]),
        PRODUCTS.to_dict("list"),
    ],
)
def test_another_table_is_not_right(capsys, got):
    line = said(capsys, lambda: got, PRODUCTS)
    assert line.startswith("✗") and line.endswith("expected a table of 2 rows with name, rating, rank")
