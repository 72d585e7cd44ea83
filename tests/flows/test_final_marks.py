"""A student's final mark is the same wherever it stands: gradebook, results, terminal, JSON, report, page, export."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands.export import export
from autograder.commands.grade import results_json
from autograder.gradebook import marks
from autograder.gradebook.final import final_mark, final_marks
from autograder.gradebook.results import load_results
from autograder.pages.progress import in_short
from autograder.pages.report import write_report

RULE = "due = 2026-10-09 12:00:00\nzone = 'UTC'\n[late]\npercent_per_day = 2\ndays = 3\n"
LATE = "2026-10-10 18:00:00.000000 UTC"  # the second day has begun


@pytest.fixture
def points(small_homework):
    return {question.id: question.points for question in small_homework.questions}


@pytest.fixture
def by_hand(course):
    """A function: what a reader does in Formgrader."""

    def mark(student, cell, score, waiting=False):
        with marks.opened(course) as book:
            grade = book.find_grade(cell, "hw4", "hw4", student)
            grade.manual_score, grade.needs_manual_grade = score, waiting
            book.db.commit()

    return mark


@pytest.fixture
def due(course):
    def write(text=RULE):
        (course.homework("hw4") / "due.toml").write_text(text)

    return write


def handed_in(course, student, when):
    (course.submitted("hw4", student).parent / "timestamp.txt").write_text(when)


def everywhere(course, homework, student, tmp_path):
    """The final mark as each place shows it; Formgrader once a command has worked out again what lateness costs."""
    result = next(r for r in load_results(course, "hw4") if r.student == student)
    asked = json.loads(results_json("hw4", [result]))["students"][0]
    assert CliRunner().invoke(app, ["feedback", "hw4", "--course", str(course.root)]).exit_code == 0
    page = (course.build / "feedback" / student / "hw4" / "hw4.html").read_text()
    report = write_report(course, homework, [result], tmp_path / "r.html").read_text()
    assert f"{result.score:g} of {result.max_score:g} points" in page
    assert f"<strong>{result.score:g}</strong>" in report
    with marks.opened(course) as book:
        submission = book.find_submission("hw4", student)
        gradebook = submission.score - submission.late_submission_penalty
    assert in_short(result).startswith(f"{result.score:g} of {result.max_score:g} points")
    exported = pd.read_csv(export(course, "hw4", "csv", with_waiting=True).path).set_index("id")
    return {
        gradebook,
        result.score,
        asked["score"],
        final_mark(course, "hw4", student).score,
        exported.loc[student, "hw4"],
    }


def test_late_overridden_and_marked_by_hand(course, runs, grade, by_hand, due, points, small_homework, tmp_path):
    due()
    handed_in(course, "ada", LATE)
    [ada, bob, *_] = grade()
    total = sum(points.values())
    costs = total * 0.02 * 2
    assert (ada.points, ada.penalty, ada.score) == (points["cosine"], costs, points["cosine"] - costs)
    assert (bob.penalty, bob.score) == (0, points["cosine"])
    by_hand("ada", "answer_reflection", 3)
    by_hand("ada", "test_cosine", 7)
    assert everywhere(course, small_homework, "ada", tmp_path) == {3 + 7 - costs}
    mark = final_mark(course, "hw4", "ada")
    assert (mark.overridden, mark.questions["cosine"].automatic) == (("cosine",), points["cosine"])
    assert not mark.questions["reflection"].overridden and "reflection" not in mark.waiting
    assert (mark.days_late, mark.handed_in) == (2, datetime(2026, 10, 10, 18, tzinfo=UTC))
    result = next(r for r in load_results(course, "hw4") if r.student == "ada")
    cosine = next(q for q in result.questions if q.id == "cosine")
    assert cosine.message.startswith(f"Changed by hand: 7 in the place of the grader's {points['cosine']:g}.")
    assert cosine.marked_by_hand and cosine.automatic == points["cosine"]


def test_the_penalty_follows_the_marks_and_the_rule(course, runs, grade, by_hand, due, small_homework, tmp_path):
    """More than it earned it never loses: a mark given later raises the penalty, too."""
    due(RULE.replace("percent_per_day = 2", "percent_per_day = 40"))
    handed_in(course, "ada", LATE)
    grade()
    assert everywhere(course, small_homework, "ada", tmp_path) == {0}
    by_hand("ada", "answer_reflection", 4)
    assert everywhere(course, small_homework, "ada", tmp_path) == {0}
    due(RULE.replace("10-09", "10-11"))
    assert final_mark(course, "hw4", "ada").penalty == 0
    assert everywhere(course, small_homework, "ada", tmp_path) == {final_mark(course, "hw4", "ada").points}


def test_an_extension_and_who_handed_in_nothing(course, runs, grade, due):
    due()
    for student in ("ada", "bob"):
        handed_in(course, student, LATE)
    (course.build / "roster.csv").write_text("id,name,extension hw4\nada,Ada Lovelace,1\neve,Eve Moneypenny,\n")
    grade()
    found = final_marks(course, "hw4")
    assert list(found) == ["ada", "bob", "carl", "dora", "eve"]
    assert (found["ada"].days_late, found["ada"].name, found["ada"].due.day) == (1, "Ada Lovelace", 10)
    assert found["bob"].days_late == 2 and not found["bob"].on_roster
    assert (found["eve"].name, found["eve"].questions, found["eve"].score) == ("Eve Moneypenny", {}, 0)
    with marks.opened(course) as book:
        assert book.find_submission("hw4", "ada").total_seconds_late == 6 * 3600
        assert book.find_assignment("hw4").duedate == datetime(2026, 10, 9, 12)


def test_without_a_rule_of_its_own_the_gradebooks_stands(course, runs, grade, small_homework, tmp_path):
    """Formgrader's due date with nbgrader's own penalty."""
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text() + 'c.LateSubmissionPlugin.penalty_method = "zero"\n')
    with marks.opened(course) as book:
        book.update_or_create_assignment("hw4", duedate="2026-10-09 12:00:00 UTC")
    handed_in(course, "ada", LATE)
    results = grade()
    assert (results[0].score, results[1].score > 0) == (0, True)
    assert everywhere(course, small_homework, "ada", tmp_path) == {0}
    assert final_mark(course, "hw4", "ada").days_late == 2
