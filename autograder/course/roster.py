"""The instructor's list of students, a CSV file: who they are, how platforms call them, how much longer they have.

Columns: id (the student's name in this course), and any of name, or first name and last name, email, extension (days,
for every homework), extension hw4 (for that one), and one column for each platform's own id: canvas, moodle, ...
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course.files import write_whole
from autograder.course.folder import Course
from autograder.course.sheet import SheetError, delimiter_of, read_text
from autograder.course.students import full_name, mixed_up, mixed_up_in_words, shown_name, student_id

PLATFORMS = tuple("canvas moodle blackboard brightspace gradescope ilias teams google github jupyterhub".split())
OWN = ("id", "first name", "last name", "name", "email", "extension")


class RosterError(SheetError):
    """A list of students that cannot be taken in; the message names the line."""


@dataclass(frozen=True)
class Student:
    """One student of the list. extensions: {homework as `_plain` writes it, or "" for all: days}; ids: {platform: the
    id that it uses}."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    extensions: dict[str, float] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """First and last name; empty where the list has none."""
        return full_name(self.first_name, self.last_name)

    def extension(self, assignment: str) -> float:
        """How many days longer they have for this homework."""
        return self.extensions.get(_plain(assignment), self.extensions.get("", 0.0))


def roster_of(course: Course) -> dict[str, Student]:
    """{id: student} of the list that was taken in last; empty where none was."""
    path = _kept(course)
    return read_roster(path) if path.is_file() else {}


def by_student_id(course: Course) -> dict[str, Student]:
    """{the student's id in the gradebook: student} of the same list."""
    return {student_id(one.id): one for one in roster_of(course).values()}


def read_roster(path: Path) -> dict[str, Student]:
    """{id: student} of a CSV file, in its order. SheetError where it is none; RosterError where a line of it cannot be
    meant so."""
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise RosterError(f"{path} cannot be read ({problem.strerror}).") from None
    text, _ = read_text(raw, path.name)
    students: dict[str, Student] = {}
    for line, row in _rows(text, path.name):
        student = _student(row, f"Line {line} of {path.name}")
        if student.id in students:
            raise RosterError(f"Line {line} of {path.name}: there is a student {shown_name(student.id)} already.")
        students[student.id] = student
    if not students:
        raise RosterError(f"{path.name} names no student.")
    for alike in mixed_up({one: one for one in students}).values():
        raise RosterError(f"{path.name}: {mixed_up_in_words(alike)}")
    for platform in PLATFORMS:
        seen: dict[str, str] = {}
        for student in students.values():
            if (number := student.ids.get(platform)) and seen.setdefault(number, student.id) != student.id:
                raise RosterError(
                    f"{path.name} gives {shown_name(seen[number])} and {shown_name(student.id)} the same "
                    f"{platform} id, {shown_name(number)}: correct one of them."
                )
    return students


def keep_roster(course: Course, students: dict[str, Student]) -> None:
    """Keep the list for the commands to come, in build/roster.csv."""
    homeworks = sorted({name for student in students.values() for name in student.extensions if name})
    columns = [*OWN, *(f"extension {name}" for name in homeworks), *PLATFORMS]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for one in students.values():
        extensions = {f"extension {name}".strip(): f"{days:g}" for name, days in one.extensions.items()}
        named = {"first name": one.first_name, "last name": one.last_name, "name": one.name}
        writer.writerow({"id": one.id, **named, "email": one.email, **extensions, **one.ids})
    write_whole(_kept(course), text.getvalue())


def _kept(course: Course) -> Path:
    return course.build / "roster.csv"


def _plain(name: str) -> str:
    """The name of a column, or of the homework in it, as it is compared: hw_4, HW-4 and hw 4 are one."""
    return re.sub(r"[\s_-]+", " ", name).strip().lower()


def _rows(text: str, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, {column: value}) of every row that is not empty, each value on one line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text.split("\n", 1)[0]))
    try:
        yield from _rows_of(reader, name)
    except csv.Error as problem:
        raise RosterError(f"Line {reader.line_num} of {name} cannot be read as CSV ({problem}).") from None


def _rows_of(reader, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    columns = [_plain(column) for column in next(reader, [])]
    columns = [{"e mail": "email", "student": "id", "student id": "id"}.get(column, column) for column in columns]
    if "id" not in columns:
        raise RosterError(f"{name} has no column id; it has {', '.join(columns) or 'none at all'}.")
    if twice := {column for column in columns if column and columns.count(column) > 1}:
        raise RosterError(f"{name} has two columns {min(twice)}: leave one out.")
    for row in reader:
        if len(row) > len(columns):
            raise RosterError(f"Line {reader.line_num} of {name} has {len(row)} fields, and there are {len(columns)}.")
        if any(value.strip() for value in row):
            # A line's end within a value would end the line of the list that is kept.
            yield reader.line_num, {c: " ".join(value.splitlines()).strip() for c, value in zip(columns, row)}


def _student(row: dict[str, str], where: str) -> Student:
    if not row.get("id"):
        raise RosterError(f"{where} has no id.")
    first, last = row.get("first name", ""), row.get("last name", "")
    if not (first or last):
        first, last = _split(row.get("name", ""))
    extensions = {}
    for column, value in row.items():
        if (match := re.fullmatch(r"extension ?(.*)", column)) and value:
            try:
                days = float(value.replace(",", "."))
            except ValueError:
                days = -1
            if not 0 <= days < 1000:
                raise RosterError(f"{where}: the extension {value!r} is no number of days.")
            extensions[match[1]] = days
    ids = {platform: row[platform] for platform in PLATFORMS if row.get(platform)}
    return Student(row["id"], first, last, row.get("email", ""), extensions, ids)


def _split(name: str) -> tuple[str, str]:
    """First and last name of "Kim Lee" or "Lee, Kim"."""
    if "," in name:
        last, first = name.split(",", 1)
        return first.strip(), last.strip()
    first, _, last = name.strip().rpartition(" ")
    return first.strip(), last
