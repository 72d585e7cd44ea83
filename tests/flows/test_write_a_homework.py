"""The homework of docs/write-a-homework.md, made from the page's own texts, is released, graded and self-tested in a
course that also holds homework 4, which has a question of the same id."""

import json
import re
import shutil

import nbformat
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands.demo import make_course
from autograder.commands.grade import find_submissions, grade_all
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook, released_form, solved, with_answers
from autograder.gradebook import marks
from autograder.gradebook.results import load_results
from autograder.judge.homework import HomeworkError, find_homework
from helpers.errors import CourseError
from tests.conftest import REPOSITORY
from tests.support.processes import nbgrader

PAGE = (REPOSITORY / "docs" / "write-a-homework.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The first line of a block says what it is: a file, a part of one, or a cell of the notebook.
FIRST_LINE = re.compile(r"(?:# |<!-- )(?:(from) |cell (\w+) of )?(homework/hw9/\S+)(?: -->)?\n(.*)", re.DOTALL)
CELL = {"grade": False, "locked": True, "schema_version": 3, "solution": False, "task": False}
KINDS = {"average_text": {}, "answer_average": {"locked": False, "solution": True}}
KINDS["test_average"] = {"grade": True, "points": 10}


def blocks():
    """(language, "from" or None, cell or None, path, text) of every file, part and cell on the page, in its order."""
    for language, text in BLOCK.findall(PAGE):
        if language != "sh":
            yield language, *FIRST_LINE.fullmatch(text).groups()


def command(course, *arguments):
    return CliRunner().invoke(app, [*arguments, "--course", str(course.root)])


def write_as_the_page_says(course):
    assert "```sh\nautograder new hw9\n```" in PAGE
    assert command(course, "new", "hw9").exit_code == 0
    path = course.source("hw9")
    notebook = read_notebook(path)
    for language, part, cell, name, text in blocks():
        if cell:
            make = nbformat.v4.new_markdown_cell if language == "markdown" else nbformat.v4.new_code_cell
            notebook.cells.append(
                make(text.rstrip("\n"), metadata={"nbgrader": CELL | KINDS[cell] | {"grade_id": cell}})
            )
        elif not part:
            (course.root / name).write_text(text, encoding="utf-8")
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def course(small_homework, sandboxed, tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("course"), small_homework.folder.parents[1])
    write_as_the_page_says(course)
    return course


@pytest.fixture(scope="module")
def released(course):
    done = command(course, "release", "hw9")
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def mistaken(course):
    """The answer of a student who has the misconception."""
    return find_homework(course.homework("hw9")).questions[0].misconceptions[0].source


@pytest.fixture(scope="module")
def handed_in(course, mistaken):
    source = read_notebook(course.source("hw9"))
    notebooks = {
        "right": solved(source),
        "wrong": with_answers(source, {"recall": mistaken}),
        "blank": released_form(source),
    }
    for student, notebook in notebooks.items():
        course.submitted("hw9", student).parent.mkdir(parents=True)
        nbformat.write(notebook, course.submitted("hw9", student))


def test_the_page_quotes_the_skeleton(course):
    quoted = [(name, text) for _, part, _, name, text in blocks() if part]
    assert {name for name, _ in quoted} == {
        f"homework/hw9/{n}" for n in ("hw9.ipynb", "checks.py", "key/recall.py", "kernel.py")
    }
    for name, text in quoted:
        path = course.root / name
        notebook = path.suffix == ".ipynb"
        written = "\n".join(c.source for c in read_notebook(path).cells) if notebook else path.read_text()
        assert text.strip("\n") in written, name


def test_it_is_released(course, released):
    assert "20 of 20, 0 marked by hand" in released
    edition = course.build / "student-edition"
    for folder in (edition / "homework", course.build / "release"):
        assert sorted(path.name for path in (folder / "hw9").iterdir()) == ["checks.py", "hw9.ipynb"]
    notebook = read_notebook(edition / "homework" / "hw9" / "hw9.ipynb")
    assert sum("raise NotImplementedError()" in cell.source for cell in notebook.cells) == 2


def test_right_wrong_and_blank_are_graded(course, released, handed_in, tmp_path):
    done = command(course, "grade", "hw9", "--json", str(tmp_path / "marks.json"))
    assert done.exit_code == 0, done.output
    students = {s["student"]: s for s in json.loads((tmp_path / "marks.json").read_text())["students"]}
    assert {name: s["score"] for name, s in students.items()} == {"right": 20, "wrong": 10, "blank": 0}
    recall, average = students["wrong"]["questions"]
    assert recall["misconception"] == "over-k" and "divided by k" in recall["message"]
    assert average["score"] == 10 and "the course's own recall_at_k" in average["message"]


def test_the_self_test_finds_nothing_wrong(course):
    done = command(course, "selftest", "hw9", "--no-exploits")
    assert done.exit_code == 0, done.output
    assert "over-k" in done.output and "2 of 2 right answers" in done.output


def test_there_is_nothing_to_measure(course):
    done = command(course, "reference", "hw9")
    assert done.exit_code == 0 and "measures nothing" in done.output
    assert not (course.homework("hw9") / "key" / "reference").exists()


def test_nbgraders_own_command_gives_the_same_marks(course, released, handed_in, tmp_path):
    shutil.copytree(course.root, tmp_path / "course", symlinks=True)
    copy = Course(tmp_path / "course")
    done = nbgrader(copy, "autograde", "hw9", "--force")
    assert done.returncode == 0, done.stderr[-2000:]
    found = {r.student: {q.id: (q.score, q.misconception) for q in r.questions} for r in load_results(copy, "hw9")}
    assert found["right"] == {"recall": (10, None), "average": (10, None)}
    assert found["wrong"] == {"recall": (0, "over-k"), "average": (10, None)}
    assert found["blank"] == {"recall": (0, None), "average": (0, None)}
    assert sum(mark.score for mark in marks.marks_of(copy, "hw9", "wrong").values()) == 10


def test_the_question_of_the_same_id_in_homework_4_is_another_one(
    course, released, handed_in, small_homework, solutions, mistaken, tmp_path
):
    hw4, hw9 = (find_homework(course.homework(name)) for name in ("hw4", "hw9"))
    mine, other = hw9.questions[0], next(q for q in hw4.questions if q.id == "recall")
    assert mine.id == other.id and mine is not other
    answers = {q: "" for q in solutions if q not in ("cosine", "recall")} | {"recall": mistaken}
    path = tmp_path / "wrong" / "hw4.ipynb"
    path.parent.mkdir()
    nbformat.write(with_answers(read_notebook(course.source("hw4")), answers), path)
    [result] = grade_all(course, hw4, find_submissions(tmp_path, "hw4"), seed=3)
    found = {q.id: q for q in result.questions}
    assert (
        found["cosine"].complete
        and found["recall"].max_score == other.points
        and found["recall"].misconception == "over-k"
    )
    assert marks.marks_of(course, "hw4", "wrong")["recall"].max_score == other.points
    grade_all(course, hw9, [h for h in find_submissions(course.build / "submitted", "hw9") if h.student == "wrong"], 3)
    assert marks.marks_of(course, "hw9", "wrong")["recall"].max_score == 10


def test_a_later_release_keeps_the_earlier_homework_in_the_edition(course, released, tmp_path):
    shutil.copytree(course.root, tmp_path / "course", symlinks=True)
    copy = Course(tmp_path / "course")
    edition = copy.build / "student-edition"
    (edition / "homework" / "hw9").rename(edition / "homework" / "hw4")
    assert command(copy, "release", "hw9").exit_code == 0
    assert sorted(path.name for path in (edition / "homework").iterdir()) == ["hw4", "hw9"]


def test_a_stand_in_that_is_missing_is_said_before_anything_runs(course, tmp_path):
    shutil.copytree(course.homework("hw9"), tmp_path / "hw9")
    (tmp_path / "hw9" / "kernel.py").unlink()
    with pytest.raises(HomeworkError, match=r"average builds on recall, which has no stand-in: let stand_ins"):
        find_homework(tmp_path / "hw9")


@pytest.mark.parametrize(
    "old, new, says",
    [
        ("        6,", "        7,", r"gives 10 points of recall .* says 11 "),
        ("only the first k retrieved", "the first k retrieved", r"gives 2 points .* says 2 for 'the first k"),
        ('        prop("with no', '        # prop("with no', r"gives 10 points .* says 8"),
        ("[recall, average]", "[average, recall]", "lists average, recall, and the key asks recall, average"),
        ("QUESTIONS", "ASKED", "cannot be used"),
    ],
)
def test_a_list_that_says_other_than_the_key_is_refused(course, tmp_path, old, new, says):
    shutil.copytree(course.homework("hw9"), tmp_path / "hw9")
    path = tmp_path / "hw9" / "checks.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(CourseError, match=says):
        find_homework(tmp_path / "hw9")


@pytest.mark.parametrize(
    "lie, shown",
    [
        ("open('checks.py', 'w').write('QUESTIONS = [lambda *answers: []]')", "gave 1, expected 0.5"),
        ("check = lambda *answers: print('all is well')", "all is well"),
    ],
)
def test_an_altered_list_or_check_earns_nothing(course, released, handed_in, tmp_path, lie, shown):
    shutil.copytree(course.root, tmp_path / "course", symlinks=True)
    course = Course(tmp_path / "course")
    answer = f"def recall_at_k(*args, **kwargs):\n    return 1.0\n{lie}"
    path = tmp_path / "handed-in" / "sly" / "hw9.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(with_answers(read_notebook(course.source("hw9")), {"recall": answer}), path)
    [result] = grade_all(
        course, find_homework(course.homework("hw9")), find_submissions(tmp_path / "handed-in", "hw9"), 3
    )
    assert result.questions[0].score == 0
    marked = read_notebook(course.build / "autograded" / "sly" / "hw9" / "hw9.ipynb")
    found = [str(cell.outputs) for cell in marked.cells if "check(" in cell.source]
    assert shown in found[0]
