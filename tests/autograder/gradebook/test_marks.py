"""The gradebook lies inside the course folder, whatever the folder is called."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from autograder.course.folder import Course
from autograder.gradebook import marks
from tests.conftest import REPOSITORY


def test_the_gradebook_is_inside_the_course_folder(tmp_path):
    name = "Kürs #1? 100% %41%2F a+b=c&d"
    root = tmp_path / name
    homework = root / "homework" / "hw4"
    homework.mkdir(parents=True)
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    shutil.copy(REPOSITORY / "homework" / "hw4" / "hw4.ipynb", homework)
    course = Course(root)
    marks.register(course, "hw4")
    assert marks.is_registered(course, "hw4")
    assert [path.name for path in tmp_path.iterdir()] == [name], "nothing beside the folder"
    made = [path.relative_to(root).as_posix() for path in root.rglob("*.db*")]
    assert made == ["build/gradebook.db"]
    with closing(sqlite3.connect(root / "build" / "gradebook.db")) as book:
        assert book.execute("SELECT name FROM assignment").fetchall() == [("hw4",)]

    (root / "build" / "gradebook.db").write_bytes(b"no database" * 999)
    with pytest.raises(marks.GradebookError, match="damaged"):
        marks.check(course)
