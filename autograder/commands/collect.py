"""Takes in what a learning platform hands out: a folder or a zip, sorted into build/submitted/<student>/.

Names inside are only read, never used as paths: the student is recognised in them and gets a folder name of ours.
Nothing is unpacked that is not a notebook or an archive with one, links are not followed, and sizes, numbers and
ratios are bounded, so that the worst archive costs one student a reason in words.
"""

import re
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.course.files import full_disk_in_words, keep_submitted
from autograder.course.folder import Course
from autograder.course.students import shown_name, student_id
from autograder.gradebook import marks
from autograder.gradebook.claims import only_one
from autograder.gradebook.results import drop_result
from autograder.intake.merge import MAX_BYTES, NOT_THEIRS
from helpers.errors import CourseError

MAX_ENTRIES = 20_000
MAX_TOTAL = 4 * 2**30
MAX_RATIO = 200
RATIO_FROM = 2**20
MAX_DEPTH = 2
ENCRYPTED = 0x1  # the first of a zip entry's flags (APPNOTE.TXT 4.4.4)
# What zipfile raises for an entry that is damaged, locked or packed in a way that it does not know.
DAMAGED = (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError, zlib.error)

CANVAS = re.compile(r"(?P<student>[^_/]+)(?:_LATE)?_(?P<user>\d+)_(?P<upload>\d+)_(?P<file>.+)")
MOODLE = re.compile(r"(?P<student>.+?)_(?P<user>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
BLACKBOARD = re.compile(r".+?_(?P<student>[^_/]+)_attempt_(?P<upload>[\d-]+)_?(?P<file>.*)")
BRIGHTSPACE = re.compile(r"\d+-\d+ - (?P<student>.+?) - (?P<upload>.+)")


class CollectError(CourseError):
    """The folder or archive as a whole cannot be taken in."""


@dataclass
class Collected:
    """What became of one student's submission: new, same, changed or failed, with a sentence where there is one."""

    student: str
    status: str
    note: str | None = None


@dataclass(frozen=True)
class _Entry:
    """A file that may be a submission: its name as read, and where it lies or the reason why it is not taken."""

    name: str
    path: Path | None
    reason: str | None = None


def collect(course: Course, assignment: str, source: Path) -> list[Collected]:
    """Sort the submissions in `source` into build/submitted; one line a student, in order of name.

    A changed file takes back the mark of the one before it, which is kept under build/earlier. Raises CollectError
    where `source` is neither a folder nor an archive, or holds no submission at all.
    """
    course.source(assignment)
    with full_disk_in_words(), tempfile.TemporaryDirectory(prefix="collect-") as spool:
        budget = _Budget(Path(spool))
        if source.is_dir():
            entries = list(_folder_entries(source, budget))
        elif source.is_file():
            entries = list(_archive_entries(source, budget))
        else:
            raise CollectError(f"There is no folder or zip archive {source}.")
        students: dict[str, list[tuple[str, _Entry]]] = {}
        for student, file, entry in _by_student(entries, assignment):
            students.setdefault(student, []).append((file, entry))
        if not students:
            raise CollectError(
                f"{source} holds no notebook: give the folder or zip archive as the platform hands it out."
            )
        with only_one(course):
            marks.check(course)
            return [_take(course, assignment, student, students[student]) for student in sorted(students)]


def _take(course: Course, assignment: str, student: str, found: list[tuple[str, _Entry]]) -> Collected:
    chosen, note = _choose(found, f"{assignment}.ipynb", assignment)
    if chosen is None:
        (course.submitted(assignment, student_id(student)).parent).mkdir(parents=True, exist_ok=True)
        return Collected(shown_name(student), "failed", note)
    status = keep_submitted(course, assignment, student, chosen.read_bytes())
    if status == "changed":
        marks.forget(course, assignment, student)
        drop_result(course, assignment, student)
    return Collected(shown_name(student), status, note)


def _choose(entries: list[tuple[str, _Entry]], wanted: str, assignment: str) -> tuple[Path | None, str | None]:
    """The file that counts and a sentence about it, or None and the reason."""
    good = [(file, entry) for file, entry in entries if entry.path is not None]
    bad = [entry.reason for _, entry in entries if entry.path is None]
    exact = [pair for pair in good if pair[0] == wanted]
    named = [pair for pair in good if pair[0].lower().startswith(assignment.lower())]
    note = bad[0] if bad else None
    if exact:
        # Platforms that keep every attempt write the time into the name, so the last name is the last attempt.
        best = max(exact, key=lambda pair: pair[1].name)
        several = f"{len(exact)} files of that name; the last attempt counts." if len(exact) > 1 else None
        return best[1].path, note or several
    for group in (good, named):
        if len(group) == 1:
            return group[0][1].path, f"The notebook was called {shown_name(group[0][0])}."
    if not good:
        return None, note or f"There is no {wanted}."
    names = ", ".join(shown_name(file) for file, _ in good[:4])
    return None, f"There are several notebooks ({names}) and none is called {wanted}: which one counts?"


# --- whose file is it ------------------------------------------------------------------------------------


def _by_student(entries: list[_Entry], assignment: str) -> Iterator[tuple[str, str, _Entry]]:
    """(student, file name, entry) for every entry that belongs to one."""
    parts_of = {id(entry): _parts(entry.name) for entry in entries}
    common = _wrapping(list(parts_of.values()), assignment)
    for entry in entries:
        parts = parts_of[id(entry)]
        if parts is None:
            safe = [p for p in re.split(r"[/\\]+", entry.name) if p not in ("", ".", "..") and ":" not in p]
            yield (
                (safe[0] if len(safe) > 1 else "unknown"),
                "",
                _Entry(entry.name, None, "A file name in the archive points outside of it; that file was not taken."),
            )
            continue
        student, file = _recognise(parts[common:], assignment)
        yield student, file, entry


def _parts(name: str) -> list[str] | None:
    """The parts of an entry's name; None where it is absolute or steps outside."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return None
    parts = [part for part in PurePosixPath(name).parts if part != "."]
    return None if ".." in parts else parts


def _wrapping(all_names: list[list[str] | None], assignment: str) -> int:
    """How many folders at the top wrap everything: archives often hold one folder with the rest in it."""
    names = [parts for parts in all_names if parts]
    depth = 0
    while names and all(len(parts) > depth + 1 for parts in names) and len({parts[depth] for parts in names}) == 1:
        top, below = names[0][depth], {parts[depth + 1] for parts in names}
        telling = "submi" in top.lower() or top.lower() == assignment
        deep = all(len(parts) > depth + 2 for parts in names) and len(below) > 1
        if _platform(top) or not (telling or deep or all(map(_platform, below))):
            break
        depth += 1
    return depth


def _platform(part: str) -> re.Match | None:
    for pattern in (MOODLE, BLACKBOARD, BRIGHTSPACE, CANVAS):
        if match := pattern.fullmatch(part):
            return match
    return None


def _recognise(parts: list[str], assignment: str) -> tuple[str, str]:
    """(student, file name) from a path such as Moodle's, Canvas's, Blackboard's, Brightspace's or plain folders."""
    match = _platform(parts[0])
    if match:
        named = match.groupdict()
        file = parts[-1] if len(parts) > 1 else named.get("file") or parts[0]
        # Canvas adds -1, -2 to the name of a file that was handed in again.
        file = re.sub(r"-\d+(?=\.ipynb$)", "", file) if match.re is CANVAS and len(parts) == 1 else file
        return named["student"].strip(), file
    if len(parts) == 1:
        stem = re.sub(rf"[_-]?{re.escape(assignment)}$", "", PurePosixPath(parts[0]).stem)
        return stem or "unknown", parts[0]
    return parts[0], parts[-1]


# --- folders and archives --------------------------------------------------------------------------------


class _Budget:
    """What one archive or folder may hold in all."""

    def __init__(self, spool: Path):
        self.spool, self.entries, self.total = spool, 0, 0

    def count(self) -> None:
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise CollectError(f"There are more than {MAX_ENTRIES:,} files in it; that is no set of submissions.")

    def take(self, size: int) -> None:
        self.total += size
        if self.total > MAX_TOTAL:
            raise CollectError(
                f"Its notebooks take more than {MAX_TOTAL // 2**30} GB unpacked; it may be a zip bomb. "
                "Nothing was taken."
            )

    def keep(self, raw: bytes) -> Path:
        """Put unpacked bytes aside under a name of ours."""
        path = self.spool / f"{self.entries}-{self.total}"
        path.write_bytes(raw)
        return path


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return (
        path.suffix.lower() in (".ipynb", ".zip")
        and not path.name.startswith("._")
        and not NOT_THEIRS & set(path.parts)
    )


def _folder_entries(folder: Path, budget: _Budget) -> Iterator[_Entry]:
    """Notebooks and archives in a folder, links not followed."""
    folders = [folder]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            budget.count()
            name = path.relative_to(folder).as_posix()
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                if _is_wanted(name):
                    yield _Entry(name, None, "The file is a link to another file; it was not followed.")
            elif stat.S_ISDIR(mode):
                if path.name not in NOT_THEIRS:
                    folders.append(path)
            elif stat.S_ISREG(mode) and _is_wanted(name):
                if path.stat().st_size > MAX_BYTES:
                    yield _Entry(name, None, f"The file is over {MAX_BYTES // 2**20} MB; it was not taken.")
                    continue
                if path.suffix.lower() == ".zip":
                    yield from _opened(name, path, budget, 1)
                else:
                    yield _Entry(name, path)


def _archive_entries(path: Path, budget: _Budget) -> Iterator[_Entry]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _zip_entries(archive, budget, 1)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as problem:
        raise CollectError(f"{path.name} cannot be read as a zip archive ({problem}).") from None


def _zip_entries(archive: zipfile.ZipFile, budget: _Budget, depth: int) -> Iterator[_Entry]:
    for info in archive.infolist():
        budget.count()
        name = _decoded(info)
        if info.is_dir() or not _is_wanted(name):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            yield _Entry(name, None, "The file is a link to another file; it was not followed.")
            continue
        try:
            raw = _unpacked(archive, info)
        except _TooMuch as reason:
            yield _Entry(name, None, str(reason))
            continue
        except DAMAGED:
            yield _Entry(
                name,
                None,
                "The file is locked with a password; it was not taken."
                if info.flag_bits & ENCRYPTED
                else "The file is damaged in the archive; it was not taken.",
            )
            continue
        budget.take(len(raw))
        path = budget.keep(raw)
        yield from _opened(name, path, budget, depth + 1) if name.lower().endswith(".zip") else [_Entry(name, path)]


def _opened(name: str, path: Path, budget: _Budget, depth: int) -> Iterator[_Entry]:
    """The notebooks in a student's own archive. Whose they are, the archive's name says; inside, only names count."""
    if depth > MAX_DEPTH:
        yield _Entry(name, None, "There are archives within archives; that one was not opened.")
        return
    try:
        with zipfile.ZipFile(path) as archive:
            inner = list(_zip_entries(archive, budget, depth))
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        yield _Entry(name, None, "The zip archive is damaged; it was not opened.")
        return
    if not inner:
        yield _Entry(name, None, "The zip archive holds no notebook.")
    parts = _parts(name)
    for entry in inner:
        within = _parts(entry.name)
        if parts is None or within is None:
            yield _Entry(name, None, "A file name in the archive points outside of it; that file was not taken.")
            continue
        yield _Entry(f"{name[: -len('.zip')]}/{within[-1]}", entry.path, entry.reason)


class _TooMuch(Exception):
    """An entry that unpacks to more than a notebook may be; the message is the reason."""


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The bytes of one entry, read no further than the bounds whatever its header says."""
    most = MAX_BYTES
    with archive.open(info) as file:
        raw = bytearray()
        while chunk := file.read(2**20):
            raw += chunk
            if len(raw) > most:
                raise _TooMuch(f"The file unpacks to more than {most // 2**20} MB; it was not taken.")
            if len(raw) > RATIO_FROM and len(raw) > MAX_RATIO * max(info.compress_size, 1):
                raise _TooMuch(
                    f"The file unpacks to more than {MAX_RATIO} times its size, as a zip bomb does; it was not taken."
                )
    return bytes(raw)


def _decoded(info: zipfile.ZipInfo) -> str:
    """The entry's name; one that is not marked as UTF-8 is tried as UTF-8 first, as many programs write it."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename
