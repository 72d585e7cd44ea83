"""Who may grade at the same time, and whom.

With a gradebook in SQLite one grading run at a time is at work in a course folder: a file lock sees to that.
A gradebook in PostgreSQL serves several, on one machine or many: each claims a student before it looks at the
work and gives the claim back when the mark is saved. Claims are PostgreSQL's advisory locks, held by one
connection of the grading run. File lock and claims end with the process that holds them, however that ends.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from autograder.course.files import GradingStopped
from autograder.course.folder import Course
from autograder.course.students import student_id
from autograder.course.version import digest
from autograder.gradebook import marks

BUSY = "Another grading run is at work in this course: wait for its end, then give the same command again."
POLL_SECONDS = 0.1


class Claims:
    """The students that one grading run has in hand. Safe to use from several threads."""

    def __init__(self, course: Course, database: Connection | None):
        self.course, self.database, self.lock = course, database, threading.Lock()

    def take(self, student: str) -> bool:
        """Whether the student is in this run's hands now; False while another run has them."""
        return self._ask("pg_try_advisory_lock", f"student {student_id(student)}")

    def give_back(self, student: str) -> None:
        self._ask("pg_advisory_unlock", f"student {student_id(student)}")

    @contextmanager
    def set_up(self) -> Iterator[None]:
        """One at a time: tables are made once, and an assignment is registered once."""
        while not self._ask("pg_try_advisory_lock", "set up"):
            time.sleep(POLL_SECONDS)
        yield
        self._ask("pg_advisory_unlock", "set up")

    def _ask(self, function: str, what: str) -> bool:
        """Call one of PostgreSQL's lock functions, none of which waits, on a thing of this course -> whether it
        succeeded; True where the gradebook is a file, whose lock the whole run holds."""
        if self.database is None:
            return True
        course = self.course.config().CourseDirectory.course_id
        key = int.from_bytes(bytes.fromhex(digest(course, what))[:8], signed=True)
        try:
            with self.lock:
                return bool(self.database.scalar(text(f"SELECT {function}(:key)"), {"key": key}))
        except DatabaseError as problem:
            raise marks.in_words(self.course, problem.orig or problem) from None


@contextmanager
def grading(course: Course) -> Iterator[Claims]:
    """A grading run, alone in the course where the gradebook is a file, else beside others.

    Raises GradingStopped where another run, or one that collects, has the course.
    """
    with marks.server(course) as database:
        claims = Claims(course, database)
        if database is None:
            with _folder_lock(course):
                yield claims
        elif claims._ask("pg_try_advisory_lock_shared", "course"):
            yield claims
        else:
            raise GradingStopped(BUSY)


@contextmanager
def only_one(course: Course) -> Iterator[None]:
    """Nobody else grades or collects in this course meanwhile; GradingStopped where somebody does."""
    with marks.server(course) as database, _folder_lock(course):
        if not Claims(course, database)._ask("pg_try_advisory_lock", "course"):
            raise GradingStopped(BUSY)
        yield


@contextmanager
def _folder_lock(course: Course) -> Iterator[None]:
    lock = FileLock(course.build / ".grading.lock", timeout=0)
    try:
        course.build.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise GradingStopped(BUSY) from None
    except OSError as problem:
        raise GradingStopped(
            f"{course.build} cannot be written to ({problem.strerror or problem}): check who owns it and how its disk "
            "is mounted, then give the same command again."
        ) from None
    try:
        yield
    finally:
        lock.release()
