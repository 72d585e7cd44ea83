"""nbgrader's gradebook: the assignment in it, marks into it, marks out of it."""

import glob
import logging
import shutil
import warnings
from contextlib import contextmanager
from dataclasses import dataclass

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from sqlalchemy.exc import SAWarning

from autograder import nbgrader_bridge
from autograder.course import Course
from autograder.grading import Graded
from helpers.errors import CourseError


class GradebookError(CourseError):
    """nbgrader could not record something."""


@dataclass(frozen=True)
class Mark:
    """One question's mark as the gradebook holds it; `waiting` where a reader has to mark it by hand."""
    score: float
    max_score: float
    waiting: bool


def register(course: Course, assignment: str) -> None:
    """Write the released notebook to build/release and the assignment into the gradebook (nbgrader's own command)."""
    course.source(assignment)
    with _quiet() as log:
        converter = GenerateAssignment(coursedir=course.directory(assignment=assignment), config=course.config(), log=log)
        converter.force = True
        _start(converter, "release the assignment")


def is_registered(course: Course, assignment: str) -> bool:
    with _open(course) as gradebook:
        try:
            return bool(gradebook.find_assignment(assignment).notebooks)
        except MissingEntry:
            return False


def record(course: Course, assignment: str, student: str, graded: Graded) -> None:
    """Save the verdicts through nbgrader's autograde, which takes them as prepared instead of running again."""
    nbgrader_bridge.prepared[assignment, student] = graded
    try:
        with _quiet() as log:
            directory = course.directory(student=glob.escape(student), assignment=assignment)
            converter = Autograde(coursedir=directory, config=course.config(), log=log)
            converter.force = True
            _start(converter, f"record the marks of {student}")
    finally:
        del nbgrader_bridge.prepared[assignment, student]


def forget(course: Course, assignment: str, student: str) -> None:
    """Take back the automatic marks of an earlier run, so that none stands for a run that failed."""
    shutil.rmtree(course.build / "autograded" / student / assignment, ignore_errors=True)
    with _open(course) as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.auto_score = None
                grade.needs_manual_grade = grade.manual_score is None
        gradebook.db.commit()


def marks(course: Course, assignment: str, student: str) -> dict[str, Mark]:
    """{question id: mark} of one student, by-hand marks included; empty where nothing is recorded."""
    with _open(course) as gradebook:
        try:
            notebook = gradebook.find_submission_notebook(assignment, assignment, student)
        except MissingEntry:
            return {}
        return {grade.name.split("_", 1)[1]: Mark(float(grade.score), float(grade.max_score), bool(grade.needs_manual_grade))
                for grade in notebook.grades}


def write_feedback(course: Course, assignment: str) -> None:
    """nbgrader's feedback pages for every graded student, under build/feedback."""
    with _quiet() as log:
        converter = GenerateFeedback(coursedir=course.directory(assignment=assignment), config=course.config(), log=log)
        converter.force = True
        _start(converter, "write the feedback")


def _open(course: Course) -> Gradebook:
    config = course.config().CourseDirectory
    return Gradebook(config.db_url, config.course_id)


def _start(converter, doing: str) -> None:
    try:
        converter.start()
    except (NbGraderException, SystemExit) as problem:
        reason = converter.log.handlers[0].reason or str(problem)
        raise GradebookError(f"nbgrader could not {doing}: {reason}") from None


class _Reason(logging.Handler):
    """Keeps the exception that nbgrader logged (the last line of its traceback), for one sentence to the user."""
    reason = ""

    def emit(self, record):
        text = record.getMessage().strip()
        if record.levelno >= logging.ERROR and text.startswith("Traceback"):
            self.reason = self.reason or text.splitlines()[-1]


@contextmanager
def _quiet():
    """A logger for nbgrader that keeps errors and prints nothing."""
    log = logging.Logger("autograder.nbgrader", level=logging.INFO)
    log.addHandler(_Reason())
    with warnings.catch_warnings():
        # nbgrader builds its rows in an order that SQLAlchemy 2.1 remarks on, though they are saved right.
        warnings.simplefilter("ignore", SAWarning)
        yield log
