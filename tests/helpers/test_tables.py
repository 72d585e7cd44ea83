"""Tables show every cell, escaped, and side_by_side marks what is relevant."""

import numpy as np
import pandas as pd

from helpers.tables import Table, side_by_side


def test_text_and_numbers():
    table = Table(pd.DataFrame({"name": ["sofa", None, np.nan], "score": [0.12345, 2.0, np.nan], "n": [1, 2, 3]}))
    assert table.rows == [["sofa", "0.123", "1"], ["", "2.000", "2"], ["", "", "3"]]
    assert repr(table) == "name  score  n\nsofa  0.123  1\n      2.000  2\n             3"
    assert repr(Table(pd.DataFrame({"n": [5, 40], "of": ["a", "b"]}))) == " n  of\n 5  a\n40  b"


def test_an_index_with_a_name_is_a_column_and_any_other_is_not():
    frame = pd.DataFrame({"x": [1]}, index=[7])
    assert Table(frame).columns == ["x"]
    assert Table(frame.rename_axis("rank")).columns == ["rank", "x"]
    assert Table(frame.rename_axis("")).columns == ["", "x"]


def test_html_is_escaped_and_numbers_end_at_the_right():
    page = Table(pd.DataFrame({"a<b": ["<script>"], "n": [12]}), title="x & y")._repr_html_()
    assert "&lt;script&gt;" in page and "a&lt;b" in page and "x &amp; y" in page and "<script>" not in page
    assert page.count("text-align: left") == page.count("text-align: right") == 2


def test_a_table_without_rows_shows_its_columns():
    table = Table(pd.DataFrame({"name": [], "n": []}))
    assert repr(table) == "name  n" and table._repr_html_().count("<th ") == 2


def test_long_text_is_cut():
    assert Table(pd.DataFrame({"x": ["abcdef"]}), widest=4).rows == [["abc…"]]


def test_side_by_side_marks_relevant_products_and_fills_short_lists():
    names = pd.DataFrame({"product_id": [5, 6, 7], "product_name": ["red sofa", np.nan, "lamp"]})
    table = side_by_side("sofa", {"one": lambda query: names, "two": lambda query: names[2:]}, relevant={5}, k=2)
    assert table.title == "query: sofa" and table.columns == ["rank", "one", "two"]
    assert table.rows == [["1", "✓\xa0red sofa", "–\xa0lamp"], ["2", "–\xa0", ""]]


def test_side_by_side_without_judgments_marks_nothing():
    names = pd.DataFrame({"product_id": [5], "product_name": ["red sofa"]})
    assert side_by_side("sofa", {"one": lambda query: names}, k=1).rows == [["1", "red sofa"]]
