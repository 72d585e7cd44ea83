"""What a student reads below an answer: properties with a tick or a sentence, from the homework's checks.py."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from helpers.check_results import CHECKS_TYPE, FAILS, GRADING, HOLDS, SKIPPED, Summary
from helpers.checks import CheckFailed, Checks, ChecksMissing, gives, load_checks
from helpers.sentences import wrong_array, wrong_number, wrong_texts

TEXT = '''
import numpy as np
from helpers.checks import gives, prop, says

SET_UP = ("np", "table")

def double(double):
    """Double a number."""
    return [
        prop("a number is doubled", 4, gives(lambda: double(2), 4, "Twice."), gives(lambda: double(k=3), 6, "Twice.")),
        prop("an array too", 3, gives(lambda: double(np.array([1, 2])), lambda: [2, 4], "Each of them.")),
        prop("very large numbers too", 2),
        prop("nothing becomes nothing", 1, says(lambda: None if double(0) == 0 else "Nothing did not stay nothing.")),
    ]

def rows(rows, count, *, table):
    """Count the rows."""
    return [prop("all are counted", 5, gives(lambda: count, lambda: len(table), "Which ones?", what="count"))]

def words():
    """Say what you found."""
    return [prop("marked by hand", 2)]

QUESTIONS = [double, rows, words]
'''


@pytest.fixture
def checks(tmp_path) -> Checks:
    (tmp_path / "checks.py").write_text(TEXT)
    return load_checks("hw9", tmp_path)


def right(k):
    return 2 * k


def test_the_list_is_read_without_calling_anything(checks):
    double, rows, words = checks.questions
    assert (double.id, double.number, double.title, double.points) == ("double", 1, "Double a number", 10)
    assert double.writes == ("double",) and rows.writes == ("rows", "count") and rows.set_up == ("table",)
    assert [p.is_shown for p in double.properties] == [True, True, False, True]
    assert words.by_hand and not double.by_hand
    listed = json.loads(json.dumps(checks.to_json()))
    assert listed["homework"] == "hw9" and listed["questions"][0]["properties"][2] == {
        "title": "very large numbers too",
        "points": 2,
        "shown": False,
    }


def test_a_right_answer_holds_everywhere_and_grading_is_said(checks):
    checked = checks.run("double", [right], {})
    assert [o.state for o in checked.outcomes] == [HOLDS, HOLDS, GRADING, HOLDS]
    assert checked.passed and not checked.empty and checked.sentence is None
    assert "· 2 points  very large numbers too (asked in grading only)" in str(checked)
    bundle = checked._repr_mimebundle_()
    assert "an array too" in bundle["text/html"] and bundle[CHECKS_TYPE]["passed"] is True


def not_written(k):
    raise NotImplementedError


@pytest.mark.parametrize(
    "answer, says",
    [
        (lambda k: 2.5 * k, r"^double\(2\) gave 5, expected 4\. Twice\.$"),
        (lambda k: 4 if k == 2 else 7, r"^double\(k=3\) gave 7, expected 6\. Twice\.$"),
        (lambda k: 4.0 if np.ndim(k) == 0 and k == 2 else 6.0, r"^double\(\[1, 2\]\) gave 6, expected \[2, 4\]"),
        (lambda k: float("nan"), r"gave nan, expected 4"),
        (lambda k: np.array(2 * k), r"gave an array that holds 4, expected 4\. It should be one plain number"),
        (lambda k: [2 * k], r"gave \[4\], expected 4\. It should be one plain number"),
        (lambda k: True, "gave True, expected 4"),
        (lambda k: None, "gave None. Is there a return"),
        (lambda k: 1 / 0, r"^double\(2\) stopped with ZeroDivisionError: division by zero\."),
        (lambda k: {}["a"], r"stopped with KeyError: 'a'\."),
        (lambda k: nowhere, "nowhere is not defined: check how it is written"),  # noqa: F821 - that is the point
        (lambda k: tabel, r"tabel is not defined: do you mean table\?"),  # noqa: F821
        (lambda k: np_, "np_ is not defined"),  # noqa: F821
        (lambda k: count, "count is what you write in question 2: run its answer cell first"),  # noqa: F821
        (not_written, r"^double is still to be written\.$"),
    ],
)
def test_a_wrong_answer_gets_one_sentence(checks, answer, says):
    checked = checks.run("double", [answer], {"table": pd.DataFrame()})
    assert not checked.passed and re.search(says, checked.sentence), checked.sentence


@pytest.mark.parametrize("wrong, right", [(0.667, 2 / 3), (np.array([0.33, 0.67]), [1 / 3, 2 / 3])])
def test_lost_digits_are_named(wrong, right):
    sentence = (wrong_number if np.ndim(right) == 0 else wrong_array)(wrong, right, "Another hint.")
    assert "last digits are lost" in sentence and "Another hint" not in sentence


def test_what_the_set_up_gives_is_asked_for(checks):
    checked = checks.run("rows", [1, 2], {})
    assert checked.sentence == "table is not there: run the set-up cell first."
    namespace = {"__name__": "__main__"}
    exec("def double(k):\n    return np.array(k) * 2", namespace)
    assert checks.run("double", [namespace["double"]], {}).sentence.startswith(
        "np is not there: run the set-up cell first."
    )


def test_a_question_of_variables(checks):
    table = pd.DataFrame({"a": [1, 2]})
    assert checks.run("rows", [[1, 2], 2], {"table": table}).passed
    assert checks.run("rows", [[1], 1], {"table": table}).sentence == "count gave 1, expected 2. Which ones?"


def test_one_reason_is_told_once(checks):
    checked = checks.run("double", [lambda k: nowhere], {})  # noqa: F821
    assert [o.state for o in checked.outcomes] == [FAILS, FAILS, GRADING, FAILS]
    assert str(checked).count("nowhere is not defined") == 1


def test_where_a_function_is_not_written_it_is_said_once(checks):
    checked = checks.run("double", [not_written], {})
    assert [o.state for o in checked.outcomes] == [FAILS, SKIPPED, GRADING, SKIPPED] and checked.empty
    assert str(checked).count("still to be written") == 1


def test_the_sentence_names_the_line_of_the_students_own_code(checks, tmp_path):
    path = tmp_path / "cell.py"
    path.write_text("def double(k):\n    twice = 2 * k\n    return twice / (k - 2)\n")
    namespace = {"__name__": "__main__"}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    assert checks.run("double", [namespace["double"]], {}).sentence.endswith(
        "ZeroDivisionError: division by zero. Line 3 of your cell: return twice / (k - 2)"
    )


def test_the_summary_says_what_passes_what_is_empty_and_how_to_hand_in(checks, capsys):
    checks.run("double", [right], {})
    checks.run("rows", [[1], 1], {"table": pd.DataFrame({"a": [1, 2]})})
    checks.summary()
    said = capsys.readouterr().out
    assert "1. Double a number (10 points): passes the visible checks" in said
    assert "2. Count the rows (5 points): not yet: count gave 1, expected 2." in said
    assert "3. Say what you found (2 points): marked by hand" in said
    assert "python -m helpers check hw9" in said
    checks.run("double", [not_written], {})
    checks.summary()
    assert "(10 points): empty" in capsys.readouterr().out


def test_a_summary_as_html_shows_commands_as_code_and_escapes_the_rest():
    page = Summary("hw<9>", [(1, "a & b", 5, "empty")])._repr_mimebundle_()["text/html"]
    assert "<code>python -m helpers check hw&lt;9&gt;</code>" in page and "a &amp; b" in page and "`" not in page


def test_without_its_file_a_sentence_says_where_it_belongs(tmp_path):
    with pytest.raises(ChecksMissing, match="it belongs beside hw9.ipynb"):
        load_checks("hw9", tmp_path)
    (tmp_path / "checks.py").write_text("QUESTIONS = [\n")
    with pytest.raises(ChecksMissing, match="cannot be used .SyntaxError"):
        load_checks("hw9", tmp_path)


def test_it_is_found_from_the_course_folder_too(tmp_path):
    (tmp_path / "homework" / "hw9").mkdir(parents=True)
    (tmp_path / "homework" / "hw9" / "checks.py").write_text(TEXT)
    assert load_checks("hw9", tmp_path)["rows"].number == 2


def test_a_notebook_shows_the_sentence_of_a_verdict_and_no_traceback():
    assert CheckFailed("it gave 1.")._render_traceback_() == ["Not yet: it gave 1."]


@pytest.mark.parametrize(
    "got, says",
    [
        (["mid", "sofa"], None),
        (("mid", "sofa"), None),
        (np.array(["mid", "sofa"]), None),
        (pd.Series(["mid", "sofa"], index=[4, 1]), None),
        (["sofa", "mid"], "gave ['sofa', 'mid'], expected ['mid', 'sofa']. Order."),
        (["mid"], "gave ['mid'], expected ['mid', 'sofa']. Order."),
        ("mid sofa", "gave 'mid sofa', expected ['mid', 'sofa']. It should be a list."),
        ({"mid", "sofa"}, "gave {'mid', 'sofa'}, expected ['mid', 'sofa']. It should be a list."),
        (7, "gave 7, expected ['mid', 'sofa']. It should be a list."),
        (None, "gave None. Is there a return at the end of your function?"),
    ],
)
def test_a_list_of_texts_is_compared_in_its_order(got, says):
    assert wrong_texts(got, ["mid", "sofa"], "Order.") == says
    assert gives(lambda: got, ["mid", "sofa"], "Order.", what="f()").problem(str) == (says and f"f() {says}")


def test_an_empty_list_of_texts_is_one():
    assert wrong_texts([], [], "Nothing.") is None and gives(list, [], "Nothing.").problem(str) is None
    assert wrong_texts(["none"], [], "Nothing.") == "gave ['none'], expected []. Nothing."
