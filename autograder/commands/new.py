"""Writes the skeleton of a new homework: one question that can be released, graded and self-tested as it stands.

The skeleton is the folder beside this file; docs/write-a-homework.md explains it part by part.
"""

import re
import shutil
import tempfile
from pathlib import Path

from autograder.course.folder import Course
from helpers.errors import CourseError

SKELETON = Path(__file__).with_name("skeleton")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def new_homework(course: Course, assignment: str) -> Path:
    """Write homework/<assignment>/, whole or not at all -> that folder. CourseError where it is there already."""
    if not NAME.fullmatch(assignment):
        raise CourseError(
            f"{assignment!r} cannot name a homework: use letters, digits, - and _, with a letter first, as in hw5."
        )
    folder = course.homework(assignment)
    if folder.exists() or folder.is_symlink():
        raise CourseError(f"{folder} is there already, and stays as it is: choose another name.")
    folder.parent.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{assignment}-", dir=folder.parent))
    try:
        shutil.copytree(SKELETON, draft, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        notebook = draft / f"{assignment}.ipynb"
        (draft / "notebook.ipynb").rename(notebook)
        notebook.write_text(notebook.read_text(encoding="utf-8").replace("NAME", assignment), encoding="utf-8")
        draft.chmod(0o755)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder
