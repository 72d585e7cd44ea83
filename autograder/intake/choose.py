"""Which of a student's files is the notebook that counts."""

import stat
from pathlib import Path

from helpers.errors import CourseError

MAX_BYTES = 100 * 2**20
MAX_FILES = 5_000
NOT_THEIRS = {".ipynb_checkpoints", "__MACOSX", "__pycache__", ".git"}


class IntakeError(CourseError):
    """A submission that cannot be made into a notebook; the message is the reason, for student and instructor."""


def choose_notebook(folder: Path, assignment: str, copy: Path | None = None) -> tuple[Path, str | None]:
    """The notebook that counts in a student's folder, and a sentence where it is not the one that was asked for.

    `hw4.ipynb` or `hw4/hw4.ipynb` counts; else the only notebook in the folder; else the only one whose name begins
    with the homework's. IntakeError where none of that holds. Links are never followed. copy: a file that the grader
    itself has put there, which does not count.
    """
    if folder.is_symlink():
        raise IntakeError("The student's folder is a link to another place; hand in the files themselves.")
    wanted = f"{assignment}.ipynb"
    for place in (folder / wanted, folder / assignment / wanted):
        if place.is_symlink():
            raise IntakeError(f"{wanted} is a link to another file; hand in the notebook itself.")
        if _is_plain_file(place) and place != copy:
            others = [p for p in _notebooks(folder) if p != place]
            return place, f"There were other notebooks beside {wanted}; only {wanted} counts." if others else None
    found = [notebook for notebook in _notebooks(folder) if notebook != copy]
    if not found:
        raise IntakeError(f"There is no {wanted} in the student's folder.")
    named = [p for p in found if p.name.lower().startswith(assignment.lower())]
    for choice, why in (
        (found, "the only notebook"),
        (named, f"the only notebook whose name begins with {assignment}"),
    ):
        if len(choice) == 1:
            return choice[0], f"The notebook was called {_shown(choice[0].name)}, not {wanted}; it was taken as {why}."
    names = ", ".join(_shown(p.name) for p in found[:4]) + (" and more" if len(found) > 4 else "")
    raise IntakeError(f"There are several notebooks ({names}) and none is called {wanted}: which one counts?")


def _notebooks(folder: Path) -> list[Path]:
    """Plain .ipynb files in `folder`, at most three levels down, in order of name."""
    found, folders, seen = [], [(folder, 0)], 0
    while folders:
        here, depth = folders.pop()
        try:
            entries = sorted(here.iterdir())
        except OSError:
            continue
        for entry in entries:
            seen += 1
            if seen > MAX_FILES:
                raise IntakeError(
                    f"The student's folder holds more than {MAX_FILES:,} files; hand in the notebook only."
                )
            if entry.name in NOT_THEIRS or entry.is_symlink():
                continue
            if entry.is_dir() and depth < 3:
                folders.append((entry, depth + 1))
            elif entry.suffix.lower() == ".ipynb" and not entry.name.startswith("._") and _is_plain_file(entry):
                found.append(entry)
    return sorted(found)


def _is_plain_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "_" for c in name)[:80]


def read_file(path: Path) -> bytes:
    """The bytes of a submitted file; IntakeError where it is too large to be a notebook."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise IntakeError(too_large(size))
    return path.read_bytes()


def too_large(size: int) -> str:
    return (
        f"The file is {size / 2**20:.0f} MB; notebooks over {MAX_BYTES // 2**20} MB are not read. "
        "Clear the outputs and hand in again."
    )
