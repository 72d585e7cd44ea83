"""A homework's notebook and its questions must agree before anything is released."""

import nbformat
import pytest

from autograder.commands.release import check_source
from autograder.course.folder import CourseFolderError
from autograder.course.notebooks import read_notebook
from tests.conftest import REPOSITORY
from tests.support.hw4 import QUESTIONS


@pytest.fixture
def source():
    return read_notebook(REPOSITORY / "homework" / "hw4" / "hw4.ipynb")


def cell_of(notebook, grade_id):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def test_the_homework_and_its_questions_agree(source):
    check_source(source, QUESTIONS)


@pytest.mark.parametrize("needed", ["test_recall", "answer_recall", "answer_reflection"])
def test_a_question_without_its_cell(source, needed):
    source.cells.remove(cell_of(source, needed))
    with pytest.raises(CourseFolderError, match=f"no cell {needed}: add it"):
        check_source(source, QUESTIONS)


@pytest.mark.parametrize("graded", ["test_recall", "answer_reflection"])
def test_points_that_differ_from_the_judges(source, graded):
    cell_of(source, graded).metadata.nbgrader.points += 1
    with pytest.raises(CourseFolderError, match=rf"Cell {graded} says \d+ points, but the judge gives \d+"):
        check_source(source, QUESTIONS)


def test_a_test_cell_that_no_question_knows(source):
    more = nbformat.from_dict(cell_of(source, "test_recall"))
    more.metadata.nbgrader.grade_id = "test_precision"
    source.cells.append(more)
    with pytest.raises(CourseFolderError, match="no question 'precision'"):
        check_source(source, QUESTIONS)
