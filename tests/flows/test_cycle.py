"""The whole cycle on a small catalogue: release, a class hands in, grade, feedback, report; then nbgrader's own way."""

import json
import shutil

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands.demo import make_class, make_course
from autograder.commands.grade import find_submissions, grade_all, results_json
from autograder.commands.release import ReleaseRefused, release
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook
from autograder.gradebook import marks
from autograder.gradebook.results import load_results
from autograder.pages.report import write_report
from tests.support.hw4 import JUDGED, POINTS, QUESTIONS

EQUAL = next(check.points for q in QUESTIONS for check in q.checks if (q.id, check.id) == ("normalize", "equal"))
SCORES = {
    "ada": JUDGED,
    "blaise": 0,
    "carl": JUDGED - POINTS["cosine"] - POINTS["recall"],
    "dorothy": JUDGED - POINTS["semantic"] - POINTS["hybrid"] - EQUAL,
}


@pytest.fixture(scope="module")
def first_course(small_homework, tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("course"), small_homework.folder.parents[1])


@pytest.fixture(scope="module")
def proofs(first_course, small_homework):
    return release(first_course, small_homework, first_course.build / "student-edition")


@pytest.fixture(scope="module")
def results(first_course, proofs, small_homework):
    handed = find_submissions(make_class(first_course, small_homework), "hw4")
    return grade_all(first_course, small_homework, handed, seed=11, jobs=2)


@pytest.fixture
def course(first_course, tmp_path_factory):
    """The course as it was released and graded, for one test alone, which may change it."""
    root = tmp_path_factory.mktemp("own") / "course"
    shutil.copytree(first_course.root, root, symlinks=True)
    return Course(root)


def test_release_proves_before_it_writes(course, proofs):
    assert [p.what for p in proofs] == [
        "the reference solution earns full marks",
        "the blank notebook earns nothing",
        "no solution, hidden test or part of the answer key leaks",
    ]
    edition = course.build / "student-edition"
    assert {p.name for p in edition.iterdir()} >= {
        "helpers",
        "homework",
        "environment.yml",
        "pyproject.toml",
        "README.md",
    }
    assert {p.name for p in (edition / "requirements").iterdir()} == {"install.py", "students.txt"}
    assert not (edition / "autograder").exists()
    for folder in (edition / "homework" / "hw4", course.build / "release" / "hw4"):
        assert sorted(path.name for path in folder.iterdir()) == ["checks.py", "hw4.ipynb"]
    notebook = read_notebook(edition / "homework" / "hw4" / "hw4.ipynb")
    text = "\n".join(cell.source for cell in notebook.cells)
    assert text.count("raise NotImplementedError()") == len(QUESTIONS) - 1 and text.count("YOUR ANSWER HERE") == 1
    assert "SOLUTION" not in text and "autograder" not in text and "Mark scheme" not in text
    assert all(not cell.get("outputs") for cell in notebook.cells)


def test_release_refuses_a_solution_that_loses_marks(course, small_homework, tmp_path):
    broken = make_course(tmp_path / "course", small_homework.folder.parents[1])
    path = broken.source("hw4")
    path.write_text(path.read_text().replace("return float(np.dot(a, b) / lengths)", "return float(np.dot(a, b))"))
    with pytest.raises(ReleaseRefused, match=f"earns 0 of {POINTS['cosine']} on cosine"):
        release(broken, small_homework, tmp_path / "edition")
    assert not (tmp_path / "edition").exists() and not (broken.build / "release").exists()


def test_release_refuses_a_leak(course, small_homework, tmp_path):
    leaky = make_course(tmp_path / "course", small_homework.folder.parents[1])
    (leaky.root / "lectures" / "notes.md").write_text(
        "lengths = np.linalg.norm(a) * np.linalg.norm(b)\n"
        "if lengths == 0:\n  return 0.0\nreturn float(np.dot(a, b) / lengths)"
    )
    with pytest.raises(ReleaseRefused, match=r"notes.md holds the solution of cell answer_cosine"):
        release(leaky, small_homework, tmp_path / "edition")
    assert list(tmp_path.glob("*edition*")) == []


def test_every_student_gets_the_mark_of_their_work(results):
    assert {r.student: r.score for r in results if r.status == "graded"} == SCORES
    broken = results[-1]
    assert (broken.student, broken.status) == ("emmy", "failed") and "valid JSON" in broken.reason


def test_every_lost_question_has_a_sentence(results):
    for result in results:
        for question in result.questions:
            assert question.message.endswith((".", "?")) and len(question.message) > 10


def test_the_gradebook_holds_the_same_marks(course, results):
    for result in results:
        held = marks.marks_of(course, "hw4", result.student)
        if result.status == "graded":
            assert {q: m.score for q, m in held.items()} == {q.id: q.score for q in result.questions}
            assert held["reflection"].waiting == (result.student != "blaise")
        else:
            assert not any(mark.score for mark in held.values())


def test_the_json_has_the_agreed_form(results):
    written = json.loads(results_json("hw4", results))
    assert written["assignment"] == "hw4"
    for student in written["students"]:
        assert {"student", "status", "score", "max_score", "reason", "questions"} <= set(student)
        assert student["max_score"] == 100.0 and len(student["questions"]) == len(QUESTIONS)
        for question in student["questions"]:
            assert {"id", "score", "max_score", "message", "misconception"} <= set(question)


def test_the_submitted_file_is_kept_as_it_was(course, results):
    for handed in find_submissions(course.root / "handed-in", "hw4"):
        assert course.submitted("hw4", handed.student).read_bytes() == handed.path.read_bytes()


def test_feedback_shows_sentences_and_no_secrets(course, results):
    marks.write_feedback(course, "hw4")
    page = (course.build / "feedback" / "carl" / "hw4" / "hw4.html").read_text()
    assert "What do you divide by?" in page and f"0 of {POINTS['recall']} points" in page
    source = "\n".join(c.source for c in read_notebook(course.source("hw4")).cells)
    assert "try_question" in source
    for secret in ("try_question", "autograder.tryout", "BEGIN HIDDEN", "BEGIN SOLUTION", "Mark scheme"):
        assert secret not in page


def test_the_report_shows_everyone_and_a_mark_by_hand_counts(course, results, tmp_path, small_homework):
    with Gradebook(course.config().CourseDirectory.db_url) as book:
        grade = book.find_grade("answer_reflection", "hw4", "hw4", "ada")
        grade.manual_score, grade.needs_manual_grade = 4, False
        book.db.commit()
    loaded = load_results(course, "hw4")
    assert next(r for r in loaded if r.student == "ada").score == 99
    page = write_report(course, small_homework, loaded, tmp_path / "report.html").read_text()
    lost = next(q.message for r in loaded if r.student == "carl" for q in r.questions if q.id == "recall")
    for text in ("ada", "emmy", "not graded", lost):
        assert text in page


def test_a_failed_run_leaves_no_older_mark(course, results, small_homework, tmp_path):
    folder = tmp_path / "again" / "dorothy"
    folder.mkdir(parents=True)
    (folder / "hw4.ipynb").write_text("{}")
    [result] = grade_all(course, small_homework, find_submissions(folder.parent, "hw4"), seed=11)
    assert result.status == "failed"
    assert sum(mark.score for mark in marks.marks_of(course, "hw4", "dorothy").values()) == 0


def test_nbgrader_autograde_gives_the_same_marks(course, results, small_homework, monkeypatch):
    before = marks.marks_of(course, "hw4", "carl")
    shutil.rmtree(course.build / "autograded" / "carl")
    marks.forget(course, "hw4", "carl")
    converter = Autograde(coursedir=course.directory(student="carl", assignment="hw4"), config=course.config())
    converter.start()
    after = marks.marks_of(course, "hw4", "carl")
    assert {q: m.score for q, m in after.items()} == {q: m.score for q, m in before.items()}


def test_the_command_line_grades_and_reports(course, results, small_homework, tmp_path):
    one = tmp_path / "one" / "bea"
    one.mkdir(parents=True)
    nbformat.write(read_notebook(course.root / "handed-in" / "blaise" / "hw4.ipynb"), one / "hw4.ipynb")
    run = CliRunner().invoke(
        app,
        [
            "grade",
            "hw4",
            "--course",
            str(course.root),
            "--submissions",
            str(one.parent),
            "--json",
            str(tmp_path / "out.json"),
        ],
    )
    assert run.exit_code == 0, run.output
    assert json.loads((tmp_path / "out.json").read_text())["students"][0]["student"] == "bea"
    assert "bea, cosine: Not answered yet" in run.output
    run = CliRunner().invoke(app, ["report", "hw4", "--course", str(course.root), "--out", str(tmp_path / "r.html")])
    assert run.exit_code == 0 and (tmp_path / "r.html").is_file()
