"""Files that are there whole or not at all, and what becomes of the grading where the disk is full."""

import errno
import hashlib
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path

from autograder.course.folder import Course
from autograder.course.students import student_id
from helpers.errors import CourseError

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
        shutil.copyfile(kept, earlier / f"{hashlib.sha256(before).hexdigest()[:16]}.ipynb")
    write_whole(kept, raw)
    return "new" if before is None else "changed"


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
