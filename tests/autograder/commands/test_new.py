"""The skeleton of a homework: it is whole, it can be used as it is, and it never takes the place of anything."""

import nbformat
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands.demo import make_course
from autograder.commands.new import new_homework
from autograder.commands.release import check_source
from autograder.course.notebooks import read_notebook
from autograder.judge.homework import find_homework
from helpers.errors import CourseError


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


def command(course, *arguments):
    return CliRunner().invoke(app, [*arguments, "--course", str(course.root)])


def test_the_skeleton_is_a_homework_of_its_name(course):
    folder = new_homework(course, "hw9")
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "checks.py",
        "hw9.ipynb",
        "kernel.py",
        "key/__init__.py",
        "key/recall.py",
    }
    notebook = read_notebook(course.source("hw9"))
    nbformat.validate(notebook)
    assert notebook.cells[0].source.startswith("# hw9: ") and "NAME" not in nbformat.writes(notebook)
    check_source(notebook, find_homework(folder).questions)
    assert {"hw4", "hw9"} <= set(course.homeworks()) and not list(folder.parent.glob(".*"))


def test_brackets_in_a_folders_name_are_told(tmp_path):
    course = make_course(tmp_path / "course [fall] [bold]")
    assert f"Homework: {course.root}/homework/hw9\n" in command(course, "new", "hw9").output


def test_the_untouched_skeleton_is_released_and_self_tested(course, sandboxed):
    assert command(course, "new", "hw9").exit_code == 0
    for arguments in (("release", "hw9"), ("selftest", "hw9")):
        done = command(course, *arguments)
        assert done.exit_code == 0, done.output


@pytest.mark.parametrize("there", ["a file", "a folder", "a homework", "a link to nowhere"])
def test_nothing_is_overwritten(course, there):
    folder = course.homework("hw9")
    if there == "a file":
        folder.write_text("mine")
    elif there == "a folder":
        folder.mkdir()
    elif there == "a homework":
        new_homework(course, "hw9")
        (folder / "kernel.py").write_text("mine")
    else:
        folder.symlink_to("nowhere")
    before = sorted((str(p), p.read_bytes() if p.is_file() else None) for p in folder.parent.rglob("*"))
    done = CliRunner().invoke(app, ["new", "hw9", "--course", str(course.root)])
    assert isinstance(done.exception, CourseError) and "stays as it is" in str(done.exception)
    assert before == sorted((str(p), p.read_bytes() if p.is_file() else None) for p in folder.parent.rglob("*"))


@pytest.mark.parametrize("name", ["", "../hw9", "hw 9", "9", ".hw9", "hw9/x", "hw*"])
def test_a_name_that_nbgrader_or_a_folder_cannot_have(course, name):
    before = course.homeworks()
    with pytest.raises(CourseError, match="cannot name a homework"):
        new_homework(course, name)
    assert course.homeworks() == before
