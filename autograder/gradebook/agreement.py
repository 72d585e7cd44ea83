"""Whether notebook, answer key and gradebook speak of the same homework, and what becomes of marks where it changed."""

import shutil
from dataclasses import dataclass, field
from datetime import datetime

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import is_grade, is_locked, is_solution

from autograder.course.cells import ANSWER, TEST, grade_id, tested_question
from autograder.course.folder import Course, CourseFolderError
from autograder.course.notebooks import read_notebook, released_form
from autograder.course.students import student_id
from autograder.gradebook import marks, readers
from autograder.gradebook.results import drop_result
from autograder.judge.homework import Homework
from autograder.judge.question import Question
from helpers.errors import CourseError


class HomeworkChanged(CourseError):
    """The homework is no longer the one that the gradebook holds marks of."""


@dataclass
class Change:
    """What has changed since the homework was released, in words, and what a migration of the gradebook would lose.

    students: who has marks in the gradebook.
    """

    differences: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    students: list[str] = field(default_factory=list)


def check_source(source: NotebookNode, questions: tuple[Question, ...]) -> None:
    """Every question has its cells, with the same points as the judge gives; CourseFolderError where not."""
    points = {grade_id(cell): cell.metadata.nbgrader.get("points") for cell in source.cells if grade_id(cell)}
    for question in questions:
        cell_id = f"test_{question.id}" if question.checks else f"answer_{question.id}"
        for needed in {cell_id, f"answer_{question.id}"} - set(points):
            raise CourseFolderError(f"The notebook has no cell {needed}: add it, with that nbgrader id.")
        if points[cell_id] != question.points:
            raise CourseFolderError(
                f"Cell {cell_id} says {points[cell_id]} points, but the judge gives "
                f"{question.points:g}: make them equal."
            )
    for cell in source.cells:
        tested = tested_question(cell)
        if tested and tested not in {question.id for question in questions}:
            raise CourseFolderError(f"The judge knows no question {tested!r}: correct the id of cell test_{tested}.")


def require_agreement(course: Course, homework: Homework) -> None:
    """CourseFolderError where notebook and key disagree, HomeworkChanged where the gradebook holds another version of
    the homework; nothing is changed."""
    check_source(read_notebook(course.source(homework.name)), homework.questions)
    change = changed_since_release(course, homework.name)
    if change.differences:
        raise HomeworkChanged(
            f"{homework.name} has changed since it was released ({'; '.join(change.differences)}), so that no mark was "
            f"touched: run `autograder release {homework.name}`, which says what that costs and keeps what still holds."
        )


def changed_since_release(course: Course, assignment: str) -> Change:
    """The homework's notebook beside what the gradebook knows of it; nothing where it knows nothing."""
    file = marks.file_of(course)
    if file and not file.is_file():
        return Change()
    with marks.opened(course) as gradebook:
        try:
            held = gradebook.find_notebook(assignment, assignment)
        except MissingEntry:
            return Change()
        before = {cell.name: float(cell.max_score) for cell in held.grade_cells}
        cells_before = {cell.name for cell in held.source_cells} | {cell.name for cell in held.solution_cells}
        released = released_form(read_notebook(course.source(assignment)))
        now, cells_now = {}, set()
        for cell in released.cells:
            if is_grade(cell):
                now[cell.metadata.nbgrader.grade_id] = float(cell.metadata.nbgrader.points)
            if is_grade(cell) or is_solution(cell) or is_locked(cell):
                cells_now.add(cell.metadata.nbgrader.grade_id)
        moved = {name for name in set(before) & set(now) if before[name] != now[name]}
        change = Change(students=[submission.student_id for submission in held_submissions(gradebook, assignment)])
        change.differences += [f"{_question(name)} is new" for name in now if name not in before]
        change.differences += [f"{_question(name)} is gone" for name in before if name not in now]
        change.differences += [
            f"{_question(n)} had {before[n]:g} points and has {now[n]:g}" for n in before if n in moved
        ]
        others = sorted((cells_before ^ cells_now) - set(before) - set(now))
        change.differences += [f"cell {name} is {'new' if name in cells_now else 'gone'}" for name in others]
        if change.differences:
            change.losses = _losses(gradebook, assignment, set(before) - set(now), moved)
        return change


def migrate(course: Course, assignment: str) -> None:
    """Take the homework's older version, with everybody's marks, out of the gradebook.

    What was given by hand is put aside before (see `readers`), and the next grading puts it back where question, points
    and answer are the same. A gradebook in a file is copied to build/earlier first.
    """
    copy = course.build / "earlier" / f"gradebook-{datetime.now():%Y%m%d-%H%M%S}.db"
    if file := marks.file_of(course):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    with marks.opened(course) as gradebook:
        students = [submission.student_id for submission in held_submissions(gradebook, assignment)]
        for student in students:
            readers.put_aside(course, gradebook, assignment, student)
            gradebook.remove_submission(assignment, student)
    for student in students:
        drop_result(course, assignment, student)
        shutil.rmtree(course.build / "autograded" / student_id(student) / assignment, ignore_errors=True)


def held_submissions(gradebook: Gradebook, assignment: str) -> list:
    try:
        return sorted(gradebook.find_assignment(assignment).submissions, key=lambda one: one.student_id)
    except MissingEntry:
        return []


def _losses(gradebook: Gradebook, assignment: str, gone: set[str], moved: set[str]) -> list[str]:
    """What no longer holds of what readers have given, in words."""
    by_hand: dict[str, int] = {}
    comments: dict[str, int] = {}
    for submission in held_submissions(gradebook, assignment):
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                if grade.name in gone | moved and grade.manual_score is not None:
                    by_hand[grade.name] = by_hand.get(grade.name, 0) + 1
            for comment in notebook.comments:
                question = comment.name.removeprefix(ANSWER)
                if comment.manual_comment and {ANSWER + question, TEST + question} & gone:
                    comments[question] = comments.get(question, 0) + 1
    lost = [f"{number} marks by hand on {_question(name)}" for name, number in sorted(by_hand.items())]
    return lost + [f"{number} comments on {question}" for question, number in sorted(comments.items())]


def _question(cell: str) -> str:
    return cell.removeprefix(TEST).removeprefix(ANSWER)
