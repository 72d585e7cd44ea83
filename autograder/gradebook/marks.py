"""nbgrader's gradebook: the assignment in it, marks into it, marks out of it."""

import errno
import logging
import shutil
import sqlite3
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import (
    Assignment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from sqlalchemy import Select, create_engine, select
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, SAWarning, SQLAlchemyError
from sqlalchemy.pool import NullPool

from autograder.course.cells import TEST
from autograder.course.folder import Course
from autograder.course.students import student_id
from autograder.gradebook import readers
from autograder.judge.submission import Graded
from helpers.errors import CourseError

LOCK_SECONDS = 5


class GradebookError(CourseError):
    """The gradebook cannot be read or written; nothing that depends on it may go on."""


class NotRecorded(CourseError):
    """nbgrader could not do one thing for one student; the gradebook itself is well."""


@dataclass(frozen=True)
class Mark:
    """One question's mark as the gradebook holds it; `waiting` where a reader has to mark it by hand.

    score: what counts. automatic: what the judge gave, None where the judge gives nothing. by_hand: what a reader gave,
    extra credit included, None where nobody did. judged: whether the question is one that the judge marks.
    """

    score: float
    max_score: float
    waiting: bool
    automatic: float | None
    by_hand: float | None = None
    judged: bool = True

    @property
    def overridden(self) -> bool:
        """Whether a reader's mark stands in the place of the judge's."""
        return self.judged and self.by_hand is not None


def check(course: Course) -> None:
    """GradebookError, with what to do, unless the gradebook is absent or can be read and written now."""
    path = file_of(course)
    if path is None:
        with server(course):
            return
    if not path.is_file():
        return
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)) as database:
            [found] = database.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(found)
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
    except sqlite3.Error as problem:
        raise in_words(course, problem) from None


def file_of(course: Course) -> Path | None:
    """The file that is the gradebook, whether it is there or not; None where a server holds it."""
    url = _url(course)
    return course.root / (url.database or "") if url.get_backend_name() == "sqlite" else None


@contextmanager
def server(course: Course) -> Iterator[Connection | None]:
    """A connection to the PostgreSQL server that holds the gradebook, every statement a transaction of its own;
    None where the gradebook is a file. GradebookError where the server does not answer."""
    url = _url(course)
    if url.get_backend_name() == "sqlite":
        yield None
        return
    try:
        connection = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect()
    except ModuleNotFoundError as missing:
        raise GradebookError(
            f"A gradebook in PostgreSQL needs the package {missing.name}: run `pip install -e '.[cluster]'`."
        ) from None
    except (DatabaseError, InterfaceError) as problem:
        raise in_words(course, problem.orig or problem) from None
    with connection:
        yield connection


def register(course: Course, assignment: str) -> None:
    """Write the released notebook to build/release and the assignment into the gradebook (nbgrader's own command)."""
    course.source(assignment)
    check(course)
    with _quiet() as log:
        directory = course.directory(assignment=assignment)
        converter = GenerateAssignment(coursedir=directory, config=course.config(), log=log)
        converter.force = True
        _start(course, converter, "release the assignment")


def is_registered(course: Course, assignment: str) -> bool:
    with opened(course) as gradebook:
        try:
            return bool(gradebook.find_assignment(assignment).notebooks)
        except MissingEntry:
            return False


def record(course: Course, assignment: str, student: str, graded: Graded) -> None:
    """Save the verdicts through nbgrader's autograde, which finds them on its converter instead of running again.

    `graded.notes` then tells of each mark or comment by hand that was given for an answer that has changed. Raises
    GradebookError where the gradebook is in trouble, NotRecorded where only this student's record failed.
    """
    name = student_id(student)
    with opened(course) as gradebook:
        readers.put_aside(course, gradebook, assignment, name)
    with _quiet() as log:
        directory = course.directory(student=name, assignment=assignment)
        converter = Autograde(coursedir=directory, config=course.config(), log=log)
        converter.force = True
        converter.graded = graded
        converter.pre_convert_hook = None  # whoever grades has taken back the older result
        _start(course, converter, f"record the marks of {name}")


def forget(course: Course, assignment: str, student: str) -> None:
    """Take back the marks, comments and pages of an earlier run, so that none stands for a run that failed or for other
    work. What was given by hand is put aside (see `readers`)."""
    name = student_id(student)
    with opened(course) as gradebook:
        readers.put_aside(course, gradebook, assignment, name)
        readers.take_back(gradebook, assignment, name)
        gradebook.db.commit()
    for made in ("autograded", "feedback"):
        shutil.rmtree(course.build / made / name / assignment, ignore_errors=True)


def marks_of(course: Course, assignment: str, student: str) -> dict[str, Mark]:
    """{question id: mark} of one student, by-hand marks included; empty where nothing is recorded."""
    with opened(course) as gradebook:
        return marks_in(gradebook, assignment, student_id(student)).get(student_id(student), {})


def marks_in(gradebook: Gradebook, assignment: str, student: str | None = None) -> dict[str, dict[str, Mark]]:
    """{student: {question id: mark}} of everybody in nbgrader's gradebook, or of one student, in one query."""
    asked = (
        select(
            SubmittedAssignment.student_id,
            GradeCell.name,
            GradeCell.max_score,
            Grade.score,
            Grade.auto_score,
            Grade.manual_score,
            Grade.extra_credit,
            Grade.needs_manual_grade,
        )
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(GradeCell, Grade.cell_id == GradeCell.id)
    )
    found: dict[str, dict[str, Mark]] = {}
    for who, cell, most, score, automatic, by_hand, extra, waiting in gradebook.db.execute(
        of_assignment(asked, assignment, student)
    ):
        if by_hand is not None or extra:
            by_hand = float(score)
        mark = Mark(float(score), float(most), bool(waiting), automatic, by_hand, cell.startswith(TEST))
        found.setdefault(who, {})[cell.split("_", 1)[1]] = mark
    return found


def of_assignment(asked: Select, assignment: str, student: str | None = None) -> Select:
    """A query on SubmittedNotebook, of one homework alone, and of one student where one is named."""
    asked = (
        asked.join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .where(Assignment.name == assignment)
    )
    return asked if student is None else asked.where(SubmittedAssignment.student_id == student)


def write_feedback(course: Course, assignment: str) -> None:
    """nbgrader's feedback pages for every graded student, under build/feedback."""
    with _quiet() as log:
        converter = GenerateFeedback(coursedir=course.directory(assignment=assignment), config=course.config(), log=log)
        converter.force = True
        _start(course, converter, "write the feedback")


def _url(course: Course) -> URL:
    """Where the gradebook is: a file of SQLite's, or a database in PostgreSQL."""
    try:
        url = make_url(course.config().CourseDirectory.db_url)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("sqlite", "postgresql"):
        raise GradebookError(
            "The gradebook's address (COURSE_GRADEBOOK, or db_url in nbgrader_config.py) is neither "
            "sqlite:///FILE nor postgresql+psycopg://USER@HOST/DATABASE: correct it."
        )
    return url


@contextmanager
def opened(course: Course) -> Iterator[Gradebook]:
    """nbgrader's gradebook, closed again at the end; database trouble becomes one sentence."""
    config = course.config().CourseDirectory
    try:
        with Gradebook(config.db_url, config.course_id) as gradebook:
            yield gradebook
    except DatabaseError as problem:
        raise in_words(course, problem.orig or problem) from None


def in_words(course: Course, problem: BaseException) -> GradebookError:
    """One sentence for an error of the database's driver: what is wrong, and what to do."""
    said = " ".join(str(problem).split())[:200]
    if _url(course).get_backend_name() != "sqlite":
        return GradebookError(
            f"The gradebook's database cannot be used ({said}): check that the server runs and that "
            "COURSE_GRADEBOOK, or db_url in nbgrader_config.py, names it rightly; then give the same "
            "command again."
        )
    code = getattr(problem, "sqlite_errorcode", 0) & 0xFF  # the primary code; the rest says where it arose
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return GradebookError(
            "The gradebook is locked by another program: close Formgrader and other grading runs, "
            "then give the same command again."
        )
    if code == sqlite3.SQLITE_FULL:
        return GradebookError("The disk with the gradebook is full: free some space, then give the same command again.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return GradebookError(f"The gradebook cannot be opened or written ({said}): check who owns build/gradebook.db.")
    return GradebookError(
        f"The gradebook is damaged ({said}): put back a copy of build/gradebook.db, "
        "or move it away and grade again (automatic marks come back, marks by hand do not)."
    )


def _start(course: Course, converter, doing: str) -> None:
    """Run one of nbgrader's converters; its troubles become GradebookError, or NotRecorded for one student's."""
    try:
        converter.start()
    except DatabaseError as problem:
        raise in_words(course, problem.orig or problem) from None
    except (NbGraderException, SystemExit) as problem:
        logged = converter.log.handlers[0].problem
        check(course)
        for reason in _chain(logged):
            if isinstance(reason, (DBAPIError, sqlite3.Error)):
                raise in_words(course, getattr(reason, "orig", None) or reason) from None
            if isinstance(reason, OSError) and reason.errno in (errno.ENOSPC, errno.EDQUOT):
                raise GradebookError(
                    f"nbgrader could not {doing}, because the disk is full: free some space, "
                    "then give the same command again."
                ) from None
        if isinstance(logged, SQLAlchemyError):
            raise in_words(course, logged) from None
        said = traceback.format_exception_only(logged)[0].strip() if logged else problem
        raise NotRecorded(f"nbgrader could not {doing}: {said}") from None


def _chain(problem: BaseException | None) -> Iterator[BaseException]:
    """A problem, and then what led to it."""
    while problem is not None:
        yield problem
        problem = problem.__cause__ or problem.__context__


class _Logged(logging.Handler):
    """Keeps the first exception that nbgrader has caught, logged as an error and put a general one in the place of."""

    problem: BaseException | None = None

    def emit(self, record):
        if record.levelno >= logging.ERROR:
            self.problem = self.problem or sys.exception()


@contextmanager
def _quiet():
    """A logger for nbgrader that keeps errors and prints nothing."""
    log = logging.Logger("autograder.nbgrader", level=logging.INFO)
    log.addHandler(_Logged())
    with warnings.catch_warnings():
        # nbgrader builds its rows in an order that SQLAlchemy 2.1 remarks on, though they are saved right.
        warnings.simplefilter("ignore", SAWarning)
        yield log
