"""Reads the folders and archives that learning platforms hand out.

Names inside are only read, never used as paths. Nothing is unpacked that is not a notebook or an archive with one,
links are not followed, and sizes, numbers and ratios are bounded for each student, so that the worst archive costs
its own student a reason in words.
"""

import gzip
import io
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath

from autograder.course.files import FULL
from autograder.intake.choose import MAX_BYTES, NOT_THEIRS, is_notebook
from helpers.errors import CourseError
from helpers.hand_in import MANIFEST

# For one student: files, and bytes unpacked.
MAX_ENTRIES = 20_000
MAX_TOTAL = 500 * 2**20
# For all together.
MAX_ALL_ENTRIES = 500_000
MAX_ALL_TOTAL = 20 * 2**30
MAX_RATIO = 200
RATIO_FROM = 2**20
MAX_MANIFEST = 64 * 2**10
MAX_TEXT = 8 * 2**20  # of a platform's own list
MAX_DEPTH = 2
ENCRYPTED = 0x1  # the first of a zip entry's flags (APPNOTE.TXT 4.4.4)
LISTED = b"PK\x01\x02"  # begins the record of every file in a zip's list (APPNOTE.TXT 4.3.12)
ZIP, TAR = (".zip",), (".tar", ".tar.gz", ".tgz")
# What zipfile, tarfile and gzip raise for what is damaged, locked or packed in a way that they do not know.
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
)

LINK = "The file is a link to another file; it was not followed."
CLOSED = "It cannot be read: its owner has closed it to others."
OUTSIDE = "A file name in the archive points outside of it; that file was not taken."


class CollectError(CourseError):
    """The folder or archive as a whole cannot be taken in."""


class OverBudget(Exception):
    """A student's files hold more than one student's may; the message is the reason."""


@dataclass(frozen=True)
class Entry:
    """A file that may be a submission: where its content lies, or the reason why it was not taken.

    inside: its path within the student's own archive, () for a file that came by itself; manifest: the text of the
    manifest.json beside it there.
    """

    path: Path | None
    reason: str | None = None
    inside: tuple[str, ...] = ()
    manifest: str = ""


@dataclass(frozen=True)
class Listed:
    """A file or folder that a download lists, not read yet; `take` gives what may be a submission in it.

    time: when the file itself was last written; without a zone it is a clock's on somebody's wall. read: its content as
    text, empty where it is none or far longer than a list of times or names; for what the platform itself has written.
    owner: whose account it belongs to on this machine, empty where nobody knows or where it is the grader's own.
    """

    name: str
    is_folder: bool
    take: "Callable[[Budget], Iterator[Entry]]"
    time: datetime | None = None
    read: Callable[[], str] = lambda: ""
    owner: str = ""


class Budgets:
    """What all students' files may hold together, and who used how much of it."""

    def __init__(self, spool: Path):
        self.spool, self.students = spool, dict[str, Budget]()
        self.entries = self.total = 0

    def of(self, student: str) -> "Budget":
        """The budget of a student who has none yet; `student` as shown in messages."""
        folder = self.spool / str(len(self.students))
        folder.mkdir()
        return self.students.setdefault(f"{student}", Budget(self, folder))

    def add(self, entries: int, size: int) -> None:
        """Count what a student's budget has counted. CollectError where it is too much for all together."""
        self.entries += entries
        self.total += size
        if self.entries > MAX_ALL_ENTRIES:
            most = self._most(lambda budget: budget.entries, lambda budget: f"{budget.entries:,} files")
            raise CollectError(f"There are more than {MAX_ALL_ENTRIES:,} files in it. Nothing was taken. {most}")
        if self.total > MAX_ALL_TOTAL:
            most = self._most(lambda budget: budget.total, lambda budget: f"{budget.total / 2**20:,.0f} MB")
            raise CollectError(
                f"Its files take more than {MAX_ALL_TOTAL / 2**30:,.0f} GB unpacked. Nothing was taken. {most}"
            )

    def _most(self, used: "Callable[[Budget], int]", shown: "Callable[[Budget], str]") -> str:
        most = sorted(self.students.items(), key=lambda item: used(item[1]), reverse=True)[:3]
        return "Most is used by " + ", ".join(f"{student} ({shown(budget)})" for student, budget in most) + "."


class Budget:
    """What one student's files may hold, and where they are put aside."""

    def __init__(self, everybody: Budgets, spool: Path):
        self.everybody, self.spool, self.entries, self.total, self.kept = everybody, spool, 0, 0, 0

    def count(self, entries: int = 1) -> None:
        """OverBudget where there are too many files."""
        self.entries += entries
        self.everybody.add(entries, 0)
        if self.entries > MAX_ENTRIES:
            raise OverBudget(f"There are more than {MAX_ENTRIES:,} files in it; hand in the notebook only.")

    def use(self, size: int) -> None:
        """OverBudget where too many bytes are unpacked."""
        self.total += size
        self.everybody.add(0, size)
        if self.total > MAX_TOTAL:
            raise OverBudget(
                f"The files unpack to more than {MAX_TOTAL / 2**20:,.0f} MB, as a zip bomb does; none was taken."
            )

    def keep(self, raw: bytes) -> Path:
        """Put unpacked bytes aside under a name of ours."""
        self.kept += 1
        path = self.spool / str(self.kept)
        path.write_bytes(raw)
        return path

    def drop(self, keep: Path | None = None) -> None:
        """Remove what was put aside, all but `keep`, so that a whole class needs little room."""
        for path in self.spool.iterdir():
            if path != keep:
                path.unlink()


@contextmanager
def listing(source: Path) -> Iterator[list[Listed]]:
    """What lies in a folder or zip archive, which stays open meanwhile. CollectError where `source` is neither."""
    if source.is_dir():
        yield _folder_list(source)
    elif source.is_file():
        try:
            archive = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as problem:
            raise CollectError(f"{source.name} cannot be read as a zip archive ({problem}).") from None
        with archive:
            yield [
                Listed(
                    _decoded(info),
                    info.is_dir(),
                    partial(_zip_entry, archive, info, depth=1),
                    _zip_time(info),
                    partial(_zip_text, archive, info),
                )
                for info in archive.infolist()
            ]
    else:
        raise CollectError(f"There is no folder or zip archive {source}.")


def is_wanted(name: str) -> bool:
    """Whether a file of this name may be, or hold, a notebook of the student's."""
    path = PurePosixPath(name.replace("\\", "/"))
    return (
        (is_notebook(path.name) or name.lower().endswith((*ZIP, *TAR)))
        and not path.name.startswith("._")
        and not NOT_THEIRS & set(path.parts)
    )


def name_parts(name: str) -> tuple[str, ...] | None:
    """The parts of an entry's name; None where it is absolute or steps outside."""
    name = name.replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return None
    parts = tuple(part for part in PurePosixPath(name).parts if part != ".")
    return None if ".." in parts else parts


def stem(name: str) -> str:
    """A file's name without what says that it is a notebook or an archive."""
    return re.sub(r"(\.ipynb(\.txt|\.json)?|\.tar\.gz|\.[^.]*)$", "", name, flags=re.I)


# --- folders ---------------------------------------------------------------------------------------------


def _folder_list(folder: Path) -> list[Listed]:
    """All files and folders below `folder`, links not followed."""
    listed, folders = [], [folder]
    while folders:
        here = folders.pop()
        if not os.access(here, os.R_OK | os.X_OK):
            if here == folder:
                raise CollectError(f"{folder} cannot be read: ask its owner to open it to you.")
            # As one file in it that cannot be taken, so that whoever handed it in has a line.
            listed.append(Listed(f"{here.relative_to(folder).as_posix()}/closed", False, _closed))
            continue
        for path in sorted(here.iterdir()):
            is_folder = path.is_dir() and not path.is_symlink()
            if is_folder and path.name not in NOT_THEIRS:
                folders.append(path)
            name = path.relative_to(folder).as_posix()
            about = path.lstat()
            written = datetime.fromtimestamp(about.st_mtime, UTC)
            take, read = partial(_folder_entry, path), partial(_folder_text, path)
            listed.append(Listed(name, is_folder, take, written, read, _account(about.st_uid)))
            if len(listed) > MAX_ALL_ENTRIES:
                raise CollectError(
                    f"There are more than {MAX_ALL_ENTRIES:,} files in {folder}; that is no set of submissions."
                )
    return listed


def _closed(budget: Budget) -> Iterator[Entry]:
    yield Entry(None, CLOSED)


@lru_cache
def _account(number: int) -> str:
    """The name of an account that is not the grader's own; "" where this machine knows none."""
    try:
        import pwd  # not on Windows
    except ImportError:
        return ""
    try:
        return "" if number == os.geteuid() else pwd.getpwuid(number).pw_name
    except KeyError:
        return ""


def _folder_text(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.lstat().st_mode) or path.stat().st_size > MAX_TEXT:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _folder_entry(path: Path, budget: Budget) -> Iterator[Entry]:
    budget.count()
    mode = path.lstat().st_mode
    if not is_wanted(path.name):
        return
    if stat.S_ISLNK(mode):
        yield Entry(None, LINK)
    elif stat.S_ISREG(mode):
        if not os.access(path, os.R_OK):
            yield Entry(None, CLOSED)
        elif path.stat().st_size > MAX_BYTES:
            yield Entry(None, f"The file is over {MAX_BYTES // 2**20} MB; it was not taken.")
        else:
            yield from _opened(path.name, path, budget, depth=1)


# --- archives --------------------------------------------------------------------------------------------


def _opened(name: str, path: Path, budget: Budget, depth: int) -> Iterator[Entry]:
    """The file itself, or the notebooks in it where it is an archive."""
    is_zip, is_tar = name.lower().endswith(ZIP), name.lower().endswith(TAR)
    if not is_zip and not is_tar:
        yield Entry(path)
        return
    if depth > MAX_DEPTH:
        yield Entry(None, "There are archives within archives; that one was not opened.")
        return
    kind = "zip" if is_zip else "tar"
    try:
        inner = list(_zip_entries(path, budget, depth) if is_zip else _tar_entries(name, path, budget, depth))
    except DAMAGED as problem:
        if isinstance(problem, OSError) and problem.errno in FULL:
            raise
        yield Entry(None, f"The {kind} archive is damaged; it was not opened.")
        return
    yield from inner or [Entry(None, f"The {kind} archive holds no notebook.")]


def _zip_entries(path: Path, budget: Budget, depth: int) -> Iterator[Entry]:
    # Reading the list of a zip takes memory for every file in it, so they are counted before.
    if path.read_bytes().count(LISTED) > MAX_ENTRIES:
        budget.count(MAX_ENTRIES + 1)
    with zipfile.ZipFile(path) as archive:
        manifests = {
            folder: info for info in archive.infolist() if (folder := _manifest_of(_decoded(info))) is not None
        }
        for info in archive.infolist():
            name = _decoded(info)
            manifest = manifests.get(PurePosixPath(name).parent) if is_notebook(PurePosixPath(name).name) else None
            for entry in _zip_entry(archive, info, budget, depth + 1):
                told = _zip_text(archive, manifest, MAX_MANIFEST) if manifest else entry.manifest
                yield replace(_within(name, entry), manifest=told)


def _zip_time(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time)
    except ValueError:  # a month 0, as some programs write it
        return None


def _manifest_of(name: str) -> PurePosixPath | None:
    """The folder that a manifest speaks of; None for any other file."""
    path = PurePosixPath(name)
    return path.parent if path.name == MANIFEST else None


def _zip_text(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int = MAX_TEXT) -> str:
    try:
        with archive.open(info) as file:
            raw = file.read(most + 1)
        return raw.decode("utf-8") if len(raw) <= most else ""
    except DAMAGED:  # UnicodeDecodeError is a ValueError
        return ""


def _zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget, depth: int) -> Iterator[Entry]:
    budget.count()
    name = _decoded(info)
    if info.is_dir() or not is_wanted(name):
        return
    if stat.S_ISLNK(info.external_attr >> 16):
        yield Entry(None, LINK)
        return
    try:
        raw = _unpacked(archive, info, budget)
    except _TooMuch as reason:
        yield Entry(None, str(reason))
    except DAMAGED:
        yield Entry(
            None,
            "The file is locked with a password; it was not taken."
            if info.flag_bits & ENCRYPTED
            else "The file is damaged in the archive; it was not taken.",
        )
    else:
        yield from _opened(name, budget.keep(raw), budget, depth)


def _tar_entries(name: str, path: Path, budget: Budget, depth: int) -> Iterator[Entry]:
    file: io.BufferedIOBase
    with gzip.open(path) if name.lower().endswith("gz") else open(path, "rb") as file:
        # As a stream: every byte is read once, in order, and counted, whatever the headers say.
        with tarfile.open(fileobj=io.BufferedReader(_Counted(file, budget)), mode="r|") as archive:
            for info in archive:
                budget.count()
                if not is_wanted(info.name) or info.isdir():
                    continue
                if not info.isreg():
                    yield _within(info.name, Entry(None, LINK))
                elif info.size > MAX_BYTES:
                    reason = f"The file unpacks to more than {MAX_BYTES // 2**20} MB; it was not taken."
                    yield _within(info.name, Entry(None, reason))
                elif content := archive.extractfile(info):
                    for entry in _opened(info.name, budget.keep(content.read()), budget, depth + 1):
                        yield _within(info.name, entry)


class _Counted(io.RawIOBase):
    """A file whose bytes count against a budget as they are read."""

    def __init__(self, file: io.BufferedIOBase, budget: Budget):
        self.file, self.budget = file, budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        size = self.file.readinto(buffer)
        self.budget.use(size)
        return size


def _within(name: str, entry: Entry) -> Entry:
    """An entry of an archive, with its path there; an archive in it counts as a folder."""
    parts = name_parts(name)
    if parts is None:
        return Entry(None, OUTSIDE)
    return replace(entry, inside=(*parts[:-1], *entry.inside) if entry.inside else parts)


class _TooMuch(Exception):
    """An entry that unpacks to more than a notebook may be; the message is the reason."""


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> bytes:
    """The bytes of one entry, read no further than the bounds whatever its header says."""
    with archive.open(info) as file:
        raw = bytearray()
        while chunk := file.read(2**20):
            budget.use(len(chunk))
            raw += chunk
            if len(raw) > MAX_BYTES:
                raise _TooMuch(f"The file unpacks to more than {MAX_BYTES // 2**20} MB; it was not taken.")
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
