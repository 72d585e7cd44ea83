"""A homework that changes after submissions came in, and regrades of one student or one question."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands.demo import make_course
from autograder.commands.grade import find_submissions, grade_all
from autograder.course.folder import Course
from autograder.gradebook import marks
from autograder.gradebook.agreement import HomeworkChanged, changed_since_release
from autograder.gradebook.final import final_marks
from autograder.judge import submission as grading
from autograder.judge.homework import find_homework
from tests.support.processes import nbgrader
from tests.support.small_homework import (
    CUT_POINTS,
    ESSAY_POINTS,
    RECALL_POINTS,
    RIGHT,
    UNCUT,
    make_small_homework,
    notebook_of,
    rewrite,
    run_here,
)


@pytest.fixture(scope="module")
def template(small_homework, sandboxed, tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("template") / "course")
    make_small_homework(course, "hw9")
    marks.register(course, "hw9")
    return course


@pytest.fixture
def course(template, tmp_path, monkeypatch):
    """Ada is right and bo loses a check; a reader has marked both essays and commented on both answers of ada's."""
    monkeypatch.setattr(grading, "run_notebook", run_here)
    shutil.copytree(template.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    for student, recall in (("ada", RIGHT), ("bo", UNCUT)):
        course.submitted("hw9", student).parent.mkdir(parents=True)
        course.submitted("hw9", student).write_bytes(notebook_of(course, "hw9", recall))
    grade(course)
    with marks.opened(course) as book:
        for student in ("ada", "bo"):
            mark = book.find_grade("answer_essay", "hw9", "hw9", student)
            mark.manual_score, mark.needs_manual_grade = 4, False
        for cell in ("answer_essay", "answer_recall"):
            book.find_comment(cell, "hw9", "hw9", "ada").manual_comment = f"On {cell}."
        book.db.commit()
    return course


def grade(course, **options):
    homework = find_homework(course.homework("hw9"))
    return grade_all(course, homework, find_submissions(course.build / "submitted", "hw9"), seed=5, **options)


def command(course, *arguments):
    return CliRunner().invoke(app, [*arguments, "--course", str(course.root)])


def said(course, *arguments):
    """The one sentence with which a command stops."""
    run = command(course, *arguments)
    assert run.exit_code != 0
    return str(run.exception)


def held(course):
    """Everything that the gradebook and the pages of graded work hold."""
    with marks.opened(course) as book:
        rows = [
            (g.student.id, g.name, g.auto_score, g.manual_score, g.needs_manual_grade, g.max_score)
            for s in book.assignment_submissions("hw9")
            for n in s.notebooks
            for g in n.grades
        ]
    return sorted(rows), sorted(p.name for p in (course.build / "autograded").rglob("*"))


def essay_points(course, points):
    rewrite(
        course, "hw9", "hw9.ipynb", r'("grade_id": "answer_essay",\s*"locked": false,\s*"points": )5', rf"\g<1>{points}"
    )
    rewrite(course, "hw9", "key/__init__.py", r'"essay", 5', f'"essay", {points}')
    rewrite(course, "hw9", "checks.py", r'"marked by hand", 5', f'"marked by hand", {points}')


def rename_recall(course):
    rewrite(course, "hw9", "hw9.ipynb", "(answer|test)_recall", r"\1_share")
    rewrite(course, "hw9", "key/recall.py", r'"recall",\n    10', '"share",\n    10')
    rewrite(course, "hw9", "key/recall.py", r'loses=\("recall"', 'loses=("share"')
    rewrite(course, "hw9", "checks.py", r"def recall\(", "def share(")
    rewrite(course, "hw9", "checks.py", r"\[recall", "[share")


@pytest.mark.parametrize(
    ("change", "differences"),
    [
        (lambda c: essay_points(c, 10), ["essay had 5 points and has 10"]),
        (rename_recall, ["share is new", "recall is gone", "cell answer_recall is gone", "cell answer_share is new"]),
    ],
)
def test_a_changed_homework_stops_grading_before_any_mark(course, change, differences):
    before = held(course)
    change(course)
    assert changed_since_release(course, "hw9").differences == differences
    with pytest.raises(HomeworkChanged, match=r"hw9 has changed since it was released .* no mark was touched") as stop:
        grade(course)
    assert differences[0] in str(stop.value) and "\n" not in str(stop.value)
    assert held(course) == before


def test_a_notebook_that_its_key_does_not_fit_stops_grading_too(course):
    before = held(course)
    rewrite(course, "hw9", "key/__init__.py", r'"essay", 5', '"essay", 7')
    rewrite(course, "hw9", "checks.py", r'"marked by hand", 5', '"marked by hand", 7')
    assert "make them equal" in said(course, "grade", "hw9")
    assert held(course) == before


def test_nbgraders_own_command_touches_no_mark_either(course):
    essay_points(course, 10)
    rows, _ = held(course)
    done = nbgrader(course, "autograde", "hw9", "--force")
    assert done.returncode != 0 and "hw9 has changed since it was released" in done.stderr
    assert held(course)[0] == rows


def test_release_says_what_would_be_lost_and_does_nothing(course):
    before = held(course)
    essay_points(course, 10)
    sentence = said(course, "release", "hw9")
    assert sentence.startswith("Not released: 2 students have marks for an older hw9") and "--migrate" in sentence
    assert "would be: 2 marks by hand on essay." in sentence
    assert held(course) == before and not (course.build / "student-edition").exists()


def test_the_migration_keeps_what_still_holds(course):
    """The essay is worth more, so its marks do not hold; comments do, and the automatic marks come again."""
    essay_points(course, 10)
    assert command(course, "release", "hw9", "--migrate").exit_code == 0
    assert not changed_since_release(course, "hw9").differences
    assert list((course.build / "earlier").glob("gradebook-*.db"))
    [ada, bo] = grade(course)
    assert (ada.score, bo.score) == (RECALL_POINTS, RECALL_POINTS - CUT_POINTS)
    assert ada.notes == ["essay: the mark by hand (4) was given out of 5 points; it is kept in build/earlier/hw9/ada."]
    with marks.opened(course) as book:
        assert book.find_comment("answer_essay", "hw9", "hw9", "ada").comment == "On answer_essay."
        grade_of_essay = book.find_grade("answer_essay", "hw9", "hw9", "ada")
        assert grade_of_essay.needs_manual_grade and grade_of_essay.max_score == 10


def test_the_migration_of_a_renamed_question_keeps_the_other_ones(course):
    rename_recall(course)
    assert "1 comments on recall" in said(course, "release", "hw9")
    assert command(course, "release", "hw9", "--migrate").exit_code == 0
    for student in ("ada", "bo"):  # both hand in the new form
        course.submitted("hw9", student).write_bytes(notebook_of(course, "hw9"))
    grade(course)
    for final in final_marks(course, "hw9").values():
        assert final.questions["essay"].score == 4 and not final.questions["essay"].waiting


def test_without_marks_a_changed_homework_is_released_again(template, tmp_path):
    shutil.copytree(template.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    essay_points(course, 10)
    assert "has changed since it was released" in said(course, "grade", "hw9", "--submissions", str(course.root))
    assert command(course, "release", "hw9").exit_code == 0
    assert not changed_since_release(course, "hw9").differences


# --- regrades --------------------------------------------------------------------------------------------


def accept_uncut(course):
    """The key is mended: whoever forgets the cut loses nothing any more."""
    rewrite(course, "hw9", "key/recall.py", r"for k in \(3, 5\)", "for k in (8, 9)")


def test_one_student_is_regraded_with_a_table(course, tmp_path):
    accept_uncut(course)
    run = command(course, "grade", "hw9", "--only", "bo", "--json", str(tmp_path / "marks.json"))
    assert run.exit_code == 0, run.output
    rows = [line.split() for line in run.output.splitlines()]
    assert ["bo", "recall", f"{RECALL_POINTS - CUT_POINTS}", f"{RECALL_POINTS}"] in rows
    assert ["bo", "final", "mark", f"{RECALL_POINTS - CUT_POINTS + 4}", f"{RECALL_POINTS + 4}"] in rows
    [bo] = json.loads((tmp_path / "marks.json").read_text())["students"]
    assert (bo["student"], bo["score"]) == ("bo", RECALL_POINTS + 4)
    assert "No student is called 'eve'" in said(course, "grade", "hw9", "--only", "eve")


def weigh_cut_less(course):
    """The check that bo's answer fails is worth one point less, and the core one more."""
    rewrite(course, "hw9", "key/recall.py", '"cut", 2', '"cut", 1')
    rewrite(course, "hw9", "key/recall.py", '"ordinary", 6', '"ordinary", 7')
    rewrite(
        course, "hw9", "checks.py", r"first k retrieved ids count\",\n(\s+)2", r'first k retrieved ids count",\n\g<1>1'
    )
    rewrite(course, "hw9", "checks.py", r"was found\",\n(\s+)6", r'was found",\n\g<1>7')


def test_one_question_is_regraded_and_all_other_marks_stay(course):
    weigh_cut_less(course)
    assert command(course, "grade", "hw9", "--question", "essay").exit_code == 0
    marked = final_marks(course, "hw9")
    assert marked["bo"].questions["recall"].score == RECALL_POINTS - CUT_POINTS
    run = command(course, "grade", "hw9", "--question", "recall")
    assert run.exit_code == 0, run.output
    marked = final_marks(course, "hw9")
    assert marked["bo"].questions["recall"].score == RECALL_POINTS - 1
    assert marked["bo"].score == RECALL_POINTS - 1 + 4 and marked["ada"].score == RECALL_POINTS + 4
    assert marked["ada"].max_score == RECALL_POINTS + ESSAY_POINTS
    assert "has no question 'hybrid'; it has recall, essay" in said(course, "grade", "hw9", "--question", "hybrid")


def test_what_one_question_left_as_it_was_the_next_grading_brings_up_to_date(course):
    weigh_cut_less(course)
    assert command(course, "grade", "hw9", "--question", "essay").exit_code == 0
    assert command(course, "grade", "hw9").exit_code == 0
    assert final_marks(course, "hw9")["bo"].questions["recall"].score == RECALL_POINTS - 1


def test_one_question_of_a_file_that_is_new_means_all_of_it(course):
    course.submitted("hw9", "bo").write_bytes(notebook_of(course, "hw9", RIGHT, "Because."))
    assert command(course, "grade", "hw9", "--question", "essay", "--only", "bo").exit_code == 0
    assert final_marks(course, "hw9")["bo"].questions["recall"].score == RECALL_POINTS


def test_everybody_on_the_roster_has_a_line(course, tmp_path):
    (course.build / "roster.csv").write_text("id,name\nada,Ada Lovelace\nbo,Bo Meyer\neve,Eve Moneypenny\n")
    run = command(course, "grade", "hw9", "--json", str(tmp_path / "marks.json"))
    assert run.exit_code == 0, run.output
    students = {s["student"]: s for s in json.loads((tmp_path / "marks.json").read_text())["students"]}
    assert {name: s["name"] for name, s in students.items()} == {
        "ada": "Ada Lovelace",
        "bo": "Bo Meyer",
        "eve": "Eve Moneypenny",
    }
    assert (students["eve"]["status"], students["eve"]["reason"]) == ("failed", "Nothing was handed in.")
    assert command(course, "grade", "hw9", "--only", "Ada Lovelace").exit_code == 0
