"""A course in which a class of four has handed in, and quick stand-ins for their runs."""

import shutil

import nbformat
import pytest

from autograder.commands.demo import make_course
from autograder.commands.edition import drafted, put_in_place
from autograder.commands.grade import find_submissions, grade_all
from autograder.course.folder import Course
from autograder.course.notebooks import naming_data, read_notebook, released_form, with_answers
from autograder.gradebook import marks
from autograder.judge import submission as grading
from helpers.homework_data import describe_homework_data
from tests.support.runs import CLASS, Runs


@pytest.fixture(scope="module")
def template(small_homework, tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("template"), small_homework.folder.parents[1])
    marks.register(course, "hw4")
    return course


@pytest.fixture(scope="module")
def edition(template, small_homework, tmp_path_factory):
    """The student edition of that course: what a release writes once its proofs hold."""
    folder = tmp_path_factory.mktemp("student") / "edition"
    released = released_form(read_notebook(template.source("hw4")))
    named = naming_data(released, describe_homework_data(small_homework.data_folder))
    with drafted(template, "hw4", named, folder) as draft:
        put_in_place(draft, folder, "hw4")
    return folder


@pytest.fixture(scope="module")
def stubs(template):
    return {
        c.metadata.nbgrader.grade_id.removeprefix("answer_"): c.source
        for c in released_form(read_notebook(template.source("hw4"))).cells
        if c.metadata.nbgrader.grade_id.startswith("answer_")
    }


@pytest.fixture
def course(template, stubs, tmp_path):
    """A course in which four students have handed in: right on the question cosine, else blank."""
    shutil.copytree(template.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    source = read_notebook(course.source("hw4"))
    right = with_answers(source, {q: text for q, text in stubs.items() if q != "cosine"})
    for student in CLASS:
        course.submitted("hw4", student).parent.mkdir(parents=True)
        nbformat.write(right, course.submitted("hw4", student))
    return course


@pytest.fixture
def runs(answered, monkeypatch, tmp_path):
    stand_in = Runs(answered(), tmp_path / "runs")
    monkeypatch.setattr(grading, "run_notebook", stand_in)
    return stand_in


@pytest.fixture
def grade(course, small_homework):
    def run(**options):
        handed = find_submissions(course.build / "submitted", "hw4")
        return grade_all(course, small_homework, handed, **{"seed": 5, "regrade": False} | options)

    return run
