"""Reads the folders and archives that learning platforms hand out.

Names inside are only read, never used as paths. Nothing is unpacked that is not a notebook or an archive with one,
links are not followed, and sizes, numbers and ratios are bounded.
"""

import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.intake.choose import MAX_BYTES, NOT_THEIRS
from helpers.errors import CourseError

MAX_ENTRIES = 20_000
MAX_TOTAL = 4 * 2**30
MAX_RATIO = 200
RATIO_FROM = 2**20
MAX_DEPTH = 2
ENCRYPTED = 0x1  # the first of a zip entry's flags (APPNOTE.TXT 4.4.4)
# What zipfile raises for an entry that is damaged, locked or packed in a way that it does not know.
DAMAGED = (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError, zlib.error)


class CollectError(CourseError):
    """The folder or archive as a whole cannot be taken in."""


@dataclass(frozen=True)
class Entry:
    """A file that may be a submission: its name as read, and where it lies or the reason why it is not taken."""

    name: str
    path: Path | None
    reason: str | None = None


def name_parts(name: str) -> list[str] | None:
    """The parts of an entry's name; None where it is absolute or steps outside."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return None
    parts = [part for part in PurePosixPath(name).parts if part != "."]
    return None if ".." in parts else parts


class Budget:
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


def folder_entries(folder: Path, budget: Budget) -> Iterator[Entry]:
    """Notebooks and archives in a folder, links not followed."""
    folders = [folder]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            budget.count()
            name = path.relative_to(folder).as_posix()
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                if _is_wanted(name):
                    yield Entry(name, None, "The file is a link to another file; it was not followed.")
            elif stat.S_ISDIR(mode):
                if path.name not in NOT_THEIRS:
                    folders.append(path)
            elif stat.S_ISREG(mode) and _is_wanted(name):
                if path.stat().st_size > MAX_BYTES:
                    yield Entry(name, None, f"The file is over {MAX_BYTES // 2**20} MB; it was not taken.")
                    continue
                if path.suffix.lower() == ".zip":
                    yield from _opened(name, path, budget, 1)
                else:
                    yield Entry(name, path)


def archive_entries(path: Path, budget: Budget) -> Iterator[Entry]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _zip_entries(archive, budget, 1)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as problem:
        raise CollectError(f"{path.name} cannot be read as a zip archive ({problem}).") from None


def _zip_entries(archive: zipfile.ZipFile, budget: Budget, depth: int) -> Iterator[Entry]:
    for info in archive.infolist():
        budget.count()
        name = _decoded(info)
        if info.is_dir() or not _is_wanted(name):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            yield Entry(name, None, "The file is a link to another file; it was not followed.")
            continue
        try:
            raw = _unpacked(archive, info)
        except _TooMuch as reason:
            yield Entry(name, None, str(reason))
            continue
        except DAMAGED:
            yield Entry(
                name,
                None,
                "The file is locked with a password; it was not taken."
                if info.flag_bits & ENCRYPTED
                else "The file is damaged in the archive; it was not taken.",
            )
            continue
        budget.take(len(raw))
        path = budget.keep(raw)
        yield from _opened(name, path, budget, depth + 1) if name.lower().endswith(".zip") else [Entry(name, path)]


def _opened(name: str, path: Path, budget: Budget, depth: int) -> Iterator[Entry]:
    """The notebooks in a student's own archive. Whose they are, the archive's name says; inside, only names count."""
    if depth > MAX_DEPTH:
        yield Entry(name, None, "There are archives within archives; that one was not opened.")
        return
    try:
        with zipfile.ZipFile(path) as archive:
            inner = list(_zip_entries(archive, budget, depth))
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        yield Entry(name, None, "The zip archive is damaged; it was not opened.")
        return
    if not inner:
        yield Entry(name, None, "The zip archive holds no notebook.")
    parts = name_parts(name)
    for entry in inner:
        within = name_parts(entry.name)
        if parts is None or within is None:
            yield Entry(name, None, "A file name in the archive points outside of it; that file was not taken.")
            continue
        yield Entry(f"{name[: -len('.zip')]}/{within[-1]}", entry.path, entry.reason)


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
