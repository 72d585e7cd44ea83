"""Which of a student's files is the notebook that counts: one rule, wherever the files come from."""

import re
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.course.students import shown_name
from helpers.errors import CourseError

MAX_BYTES = 100 * 2**20
MAX_FILES = 5_000
# Folders that programs make: of Jupyter and macOS, and what else lies in a home folder.
NOT_THEIRS = {
    ".ipynb_checkpoints",
    "__MACOSX",
    "__pycache__",
    ".git",
    ".cache",
    ".local",
    ".conda",
    ".venv",
    ".ipython",
}
NOT_THEIRS |= {".jupyter", "site-packages", "node_modules", "anaconda3", "miniconda3", "miniforge3"}
# Browsers and mail programs add .txt or .json to what they take for text.
NOTEBOOK = re.compile(r"(?P<name>.*\.ipynb)(\.txt|\.json)?", flags=re.I | re.S)


class IntakeError(CourseError):
    """A submission that cannot be made into a notebook; the message is the reason, for student and instructor."""


@dataclass(frozen=True)
class Candidate:
    """A file of one student's that may be the notebook.

    parts: its path below the student's folder. path: where its content lies, or None where `reason` says why it was
    not taken. attempt: the time or the number of the attempt that it belongs to, comparable with the student's other
    ones, or () where none can be told. upload: a number that grows with each upload, 0 where there is none. handed_in:
    when, and who says so, None where nobody does. note: a sentence that goes with it where it counts. origin: the
    platform's own name for what was handed in.
    """

    parts: tuple[str, ...]
    path: Path | None
    reason: str | None = None
    attempt: tuple[int, ...] = ()
    upload: int = 0
    handed_in: "HandedIn | None" = None
    note: str | None = None
    origin: str = ""


@dataclass(frozen=True)
class HandedIn:
    """When a file was handed in, and who says so. A time without a zone is one in the course's own."""

    time: datetime
    said_by: str


def is_notebook(name: str) -> bool:
    """Whether a file of this name is taken for a notebook: .ipynb, also with a .txt or .json behind it."""
    return NOTEBOOK.fullmatch(name) is not None and not name.startswith("._")


def begins_with(name: str, assignment: str) -> bool:
    """Whether a file's name begins with the homework's: hw4-final.ipynb does with hw4, hw40.ipynb does not."""
    return re.match(rf"{re.escape(assignment)}(?!\d)", name, flags=re.I) is not None


def the_one_that_counts(
    found: Sequence[Candidate], assignment: str, nothing: str | None = None
) -> tuple[Candidate, str | None]:
    """The candidate that counts, which always has a path, and a sentence where one is needed.

    The last attempt counts, and an earlier one, with a sentence, where the last holds nothing that can be read. Within
    an attempt `hw4.ipynb` counts, the one that lies highest (`hw4/` before other folders); else the only notebook;
    else the only one whose name begins with the homework's. IntakeError where none of that holds, with `nothing` as
    its text where there is no candidate at all.
    """
    by_attempt: dict[tuple[int, ...], list[Candidate]] = {}
    for candidate in found:
        by_attempt.setdefault(candidate.attempt, []).append(candidate)
    rounds = [list(found)] if () in by_attempt else [by_attempt[at] for at in sorted(by_attempt, reverse=True)]
    unread = [candidate.reason for candidate in found if candidate.reason]
    readable = next((those for those in rounds if any(candidate.path for candidate in those)), None)
    if readable is None:
        raise IntakeError(unread[0] if unread else nothing or f"There is no {assignment}.ipynb.")
    chosen, note = _of_one_attempt(readable, assignment)
    if readable is not rounds[0]:
        reasons = [candidate.reason for candidate in rounds[0] if candidate.reason]
        note = f"The last attempt holds no notebook that can be read; an earlier one counts. {' '.join(reasons[:1])}"
    elif len(rounds) > 1:
        note = f"There are {len(rounds)} attempts; the last one counts."
    elif unread:
        note = unread[0]
    return chosen, note.strip() if note else None


def _of_one_attempt(found: Sequence[Candidate], assignment: str) -> tuple[Candidate, str | None]:
    wanted = f"{assignment}.ipynb"
    notebooks = [candidate for candidate in found if candidate.parts and is_notebook(candidate.parts[-1])]
    notebooks = _last_uploads(notebooks)
    exact = [candidate for candidate in notebooks if _name(candidate) == wanted]
    best = min((_height(candidate, assignment) for candidate in exact), default=None)
    highest = [candidate for candidate in exact if _height(candidate, assignment) == best]
    if len(highest) > 1:
        raise IntakeError(
            f"There are {len(highest)} files called {wanted} and nothing tells which is the last: which one counts?"
        )
    if highest:
        chosen, uploads = highest[0], sum(c.parts == highest[0].parts for c in found)
        if chosen.path is None:
            raise IntakeError(chosen.reason or f"There is no {wanted}.")
        if chosen.parts[-1] != wanted:
            return chosen, f"The notebook was called {shown_name(chosen.parts[-1])}, not {wanted}."
        if uploads > 1:
            return chosen, f"There are {uploads} files of that name; the last upload counts."
        others = len(notebooks) > 1
        return chosen, f"There were other notebooks beside {wanted}; only {wanted} counts." if others else None
    named = [candidate for candidate in notebooks if begins_with(candidate.parts[-1], assignment)]
    for choice, why in (
        (notebooks, "the only notebook"),
        (named, f"the only notebook whose name begins with {assignment}"),
    ):
        if len(choice) == 1 and choice[0].path:
            called = shown_name(choice[0].parts[-1])
            return choice[0], f"The notebook was called {called}, not {wanted}; it was taken as {why}."
    names = ", ".join(shown_name(c.parts[-1]) for c in notebooks[:4]) + (" and more" if len(notebooks) > 4 else "")
    raise IntakeError(f"There are several notebooks ({names}) and none is called {wanted}: which one counts?")


def _last_uploads(notebooks: Sequence[Candidate]) -> list[Candidate]:
    """Without those that a later upload of the same name stands for. One that cannot be read stands for none."""
    last: dict[tuple[str, ...], tuple[bool, int]] = {}
    for one in notebooks:
        last[one.parts] = max(last.get(one.parts, (False, 0)), (one.path is not None, one.upload))
    return [one for one in notebooks if last[one.parts] == (one.path is not None, one.upload)]


def _name(candidate: Candidate) -> str:
    match = NOTEBOOK.fullmatch(candidate.parts[-1])
    return match["name"] if match else candidate.parts[-1]


def _height(candidate: Candidate, assignment: str) -> tuple[int, bool, bool]:
    *folders, name = candidate.parts
    return len(folders), folders[-1:] != [assignment], name != _name(candidate)


def choose_notebook(
    folder: Path, assignment: str, copy: Path | None = None, others: Collection[str] = ()
) -> tuple[Path, str | None]:
    """The notebook that counts in a student's folder (see `the_one_that_counts`), and a sentence where it is not the
    one that was asked for.

    Links are never followed. copy: a file that the grader itself has put there, which does not count. others: the
    course's homework, whose folders nbgrader lays beside each other; only the assignment's own is searched.
    """
    if folder.is_symlink():
        raise IntakeError("The student's folder is a link to another place; hand in the files themselves.")
    wanted = f"{assignment}.ipynb"
    skip = {folder / name for name in others if name != assignment}
    found = [Candidate(path.relative_to(folder).parts, path) for path in _notebooks(folder, skip) if path != copy]
    for place in ((wanted,), (assignment, wanted)):
        if folder.joinpath(*place).is_symlink():
            found.append(Candidate(place, None, f"{wanted} is a link to another file; hand in the notebook itself."))
        if any(candidate.parts == place for candidate in found):
            break
    chosen, note = the_one_that_counts(found, assignment, f"There is no {wanted} in the student's folder.")
    assert chosen.path is not None
    return chosen.path, note


def _notebooks(folder: Path, skip: Collection[Path] = ()) -> list[Path]:
    """Plain notebook files in `folder`, at most three levels down, in order of name; none in the folders of `skip`."""
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
            if entry.name in NOT_THEIRS or entry.is_symlink() or entry in skip:
                continue
            if entry.is_dir() and depth < 3:
                folders.append((entry, depth + 1))
            elif is_notebook(entry.name) and _is_plain_file(entry):
                found.append(entry)
    return sorted(found)


def _is_plain_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def read_file(path: Path) -> bytes:
    """The bytes of a submitted file; IntakeError where it is too large to be a notebook."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise IntakeError(too_large(size))
    return path.read_bytes()


def too_large(size: int) -> str:
    """The reason why a file of `size` bytes is not read."""
    return (
        f"The file is {size / 2**20:.0f} MB; notebooks over {MAX_BYTES // 2**20} MB are not read. "
        "Clear the outputs and hand in again."
    )
