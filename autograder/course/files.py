"""Files that are there whole or not at all, and what becomes of the grading where the disk is full."""

import errno
import hashlib
import secrets
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nbgrader.utils import parse_utc

from autograder.course.folder import Course
from autograder.course.students import student_id
from helpers.errors import CourseError

TIMESTAMP = "timestamp.txt"  # nbgrader's own
SAID_BY = "timestamp_from.txt"
SECRET = "submission_secret.txt"  # nbgrader's own: by it a student finds the page for what was handed in
FULL = {errno.ENOSPC, errno.EDQUOT}


class GradingStopped(CourseError):
    """The batch cannot go on: another one is at work, say, or the disk is full. What is recorded so far
    stands."""


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file (text as UTF-8), whole or not at all, and the folders that lead to it; what stood there stays until
    the new one is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name[:40]}-{secrets.token_hex(4)}.tmp")
    try:
        draft.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def file_name(raw: bytes) -> str:
    """What a submitted file is called among a student's earlier ones: a hash of its content."""
    return hashlib.sha256(raw).hexdigest()[:16]


def require_writable(path: Path) -> None:
    """CourseError unless a file can be written here; the folders that lead to it are made. For work that takes long, so
    that it does not end with nowhere to go."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            with open(path, "ab"):
                pass
        trial = path.with_name(f".{path.name[:40]}-{secrets.token_hex(4)}.tmp")
        trial.touch()
        trial.unlink()
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise CourseError(f"{path} cannot be written ({why}): choose another place for it.") from None


def keep_submitted(course: Course, assignment: str, student: str, raw: bytes) -> str:
    """Put a submitted file in its place, whole or not at all -> "new", "same" or "changed".

    A different file that stood there goes to build/earlier/<assignment>/<student>/, named by its content.
    """
    kept = course.submitted(assignment, student_id(student))
    before = kept.read_bytes() if kept.is_file() and not kept.is_symlink() else None
    if before == raw:
        return "same"
    if before is not None:
        earlier = course.build / "earlier" / assignment / student_id(student)
        earlier.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, earlier / f"{file_name(before)}.ipynb")
    write_whole(kept, raw)
    return "new" if before is None else "changed"


def keep_origin(course: Course, assignment: str, student: str, name: str) -> None:
    """Keep how the platform called what a student handed in: what goes back has to bear the same name."""
    path = course.build / "origins" / assignment / f"{student_id(student)}.txt"
    if name:
        write_whole(path, name)
    else:
        path.unlink(missing_ok=True)


def kept_origin(course: Course, assignment: str, student: str) -> str:
    """What `keep_origin` has kept; empty where nothing was."""
    path = course.build / "origins" / assignment / f"{student_id(student)}.txt"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def keep_secret(course: Course, assignment: str, student: str, secret: str) -> None:
    """Keep what nbgrader's exchange gave to a submission, so that its page can go back there; empty for none."""
    path = course.submitted(assignment, student_id(student)).with_name(SECRET)
    if secret:
        write_whole(path, secret)
    else:
        path.unlink(missing_ok=True)


def keep_time(course: Course, assignment: str, student: str, time: datetime | None, said_by: str = "") -> None:
    """Keep when a file was handed in where nbgrader looks for it, in timestamp.txt, and beside it who says so. None
    where nobody knows."""
    folder = course.submitted(assignment, student_id(student)).parent
    if time is None:
        folder.joinpath(TIMESTAMP).unlink(missing_ok=True)
        folder.joinpath(SAID_BY).unlink(missing_ok=True)
        return
    write_whole(folder / TIMESTAMP, f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC\n")
    write_whole(folder / SAID_BY, f"{said_by}\n")


def kept_time(course: Course, assignment: str, student: str) -> tuple[datetime | None, str]:
    """When a file was handed in, as `keep_time` or nbgrader wrote it, and who says so; (None, "") where unknown."""
    folder = course.submitted(assignment, student_id(student)).parent
    try:
        time = read_stamp(folder.joinpath(TIMESTAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, ""
    try:
        return time, folder.joinpath(SAID_BY).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return time, TIMESTAMP


def read_stamp(text: str) -> datetime | None:
    """The time in a timestamp.txt, in UTC; None where it holds none, or one in a zone that nobody knows."""
    try:
        if (words := text.split())[2:] and words[2].isalpha():
            ZoneInfo(words[2])  # nbgrader would take an unknown one for UTC
        elif words[2:]:  # and +0200 for seconds
            return datetime.fromisoformat(" ".join(words[:2]) + words[2]).astimezone(UTC)
        return parse_utc(text.strip()).replace(tzinfo=UTC)
    except (ValueError, OverflowError, AttributeError, TypeError, ZoneInfoNotFoundError):
        return None


@contextmanager
def full_disk_in_words():
    """A full disk becomes one sentence; other troubles pass as they are."""
    try:
        yield
    except OSError as problem:
        if problem.errno in FULL:
            raise GradingStopped(
                "The disk is full: free some space, then give the same command again. What is graded so far is kept."
            ) from None
        raise
