"""How learning platforms lay out the files that they export grades to and import them from.

Canvas: columns Student, ID, SIS User ID, SIS Login ID, Section, then assignments as "title (id)"; a row "Points
Possible" (Canvas guide "How do I import grades in the Gradebook?"; lib/gradebook_importer.rb of instructure/canvas-lms,
which looks a student up by ID, SIS ids, then name). Moodle: any columns, of which one identifies the user (ID number,
email address or username) and others are mapped to grade items (docs.moodle.org, "Grade import"); or an assignment's
grading worksheet with Identifier "Participant 123" and Grade (mod/assign/feedback/offline/importgradeslib.php).
Blackboard Learn: tab-separated, UTF-16, with Username as the key and columns "title [Total Pts: 100 Score] |id" (help
page "Upload or download grades offline"). Brightspace: OrgDefinedId or Username, columns "title Points Grade", and
End-of-Line Indicator "#" in the last one (community.d2l.com, "Importing grades"); exported ids begin with "#".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from autograder.course.sheet import Sheet, harmless_text

END = "End-of-Line Indicator"


@dataclass(frozen=True)
class Listed:
    """One student as a platform's file needs them; marks: {homework: final mark}, without those that have none.

    number: the platform's id of the student, as the roster has it; download: the number that the platform's downloads
    gave them; empty where nobody told them.
    """

    student: str
    name: str
    email: str
    number: str
    marks: dict[str, float]
    download: str = ""


@dataclass(frozen=True)
class Layout:
    """One platform's columns, by their names in lower case.

    numbers, mails, names: the columns that hold an id, an address, a name (or first and last name). worksheet: the
    column of the one grade in a file that has no other. downloads: whether the first of `numbers` holds what downloads
    call the student by (Brightspace writes one id into their names and another one into its files). title: what the
    header of a grade column says of it, as a pattern with `title` and, where it tells the points, `points`. blank: the
    table where no file is given, with header and rows for the homework in the first argument ({name: points}).
    """

    numbers: tuple[str, ...]
    mails: tuple[str, ...]
    names: tuple[str, ...]
    title: re.Pattern
    blank: Callable[[dict[str, float], list[Listed]], Sheet]
    worksheet: str | None = None
    downloads: bool = False


def points(value: float) -> str:
    """A mark as platforms read it: at most two decimals, and none that say nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def last_name_first(name: str) -> str:
    first, _, last = name.rpartition(" ")
    return f"{last}, {first}" if first else name


def _cells(student: Listed, homeworks: dict[str, float]) -> list[str]:
    return [points(student.marks[name]) if name in student.marks else "" for name in homeworks]


def _csv(homeworks: dict[str, float], students: list[Listed]) -> Sheet:
    rows = [["id", "name", "email", *homeworks, *(f"max {name}" for name in homeworks)]]
    most = [points(value) for value in homeworks.values()]
    texts = [[harmless_text(text) for text in (s.student, s.name, s.email)] for s in students]
    return Sheet([*rows, *(text + _cells(s, homeworks) + most for text, s in zip(texts, students))])


def _canvas(homeworks: dict[str, float], students: list[Listed]) -> Sheet:
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *homeworks]]
    rows.append(["    Points Possible", "", "", "", "", *map(points, homeworks.values())])
    for s in students:
        rows.append(
            [
                harmless_text(last_name_first(s.name)),
                harmless_text(s.number or s.download),
                "",
                "",
                "",
                *_cells(s, homeworks),
            ]
        )
    return Sheet(rows)


def _moodle(homeworks: dict[str, float], students: list[Listed]) -> Sheet:
    rows = [["Full name", "ID number", "Email address", *homeworks]]
    texts = [[harmless_text(text) for text in (s.name, s.number, s.email)] for s in students]
    return Sheet([*rows, *(text + _cells(s, homeworks) for text, s in zip(texts, students))])


def _blackboard(homeworks: dict[str, float], students: list[Listed]) -> Sheet:
    titles = [f"{name} [Total Pts: {points(most)} Score]" for name, most in homeworks.items()]
    rows = [["Last Name", "First Name", "Username", *titles]]
    for s in students:
        first, _, last = s.name.rpartition(" ")
        own = [harmless_text(text) for text in (last, first, s.number or s.student)]
        rows.append(own + _cells(s, homeworks))
    return Sheet(rows, "utf-16", "\t", quoted=True)


def _brightspace(homeworks: dict[str, float], students: list[Listed]) -> Sheet:
    titles = [f"{name} Points Grade <Numeric MaxPoints:{points(most)}>" for name, most in homeworks.items()]
    rows = [["OrgDefinedId", "Username", *titles, END]]
    for s in students:
        rows.append([f"#{s.number}" if s.number else "", f"#{s.student}", *_cells(s, homeworks), "#"])
    return Sheet(rows)


LAYOUTS = {
    "csv": Layout(
        ("id", "student", "student id", "username", "matriculation number"),
        ("email", "email address", "e-mail"),
        ("name", "full name", "first name", "last name"),
        re.compile(r"(?P<title>.*)"),
        _csv,
    ),
    "canvas": Layout(
        ("id", "sis user id", "sis login id", "integration id"),
        (),
        ("student", "firstname", "lastname"),
        re.compile(r"(?P<title>.*?)(?: \(\d+\))?"),
        _canvas,
        downloads=True,
    ),
    "moodle": Layout(
        ("identifier", "id number", "username", "id"),
        ("email address", "email"),
        ("full name", "first name", "last name", "surname"),
        re.compile(r"(?:[A-Z]\w+: ?)?(?P<title>.*?)(?: \((?:Real|Percentage|Letter)\))?"),
        _moodle,
        worksheet="grade",
        downloads=True,
    ),
    "blackboard": Layout(
        ("username", "student id"),
        (),
        ("first name", "last name"),
        re.compile(r"(?P<title>.*?)(?: ?\[Total Pts: (?:up to )?(?P<points>[\d.,]+)[^\]]*\])?(?: ?\|\d+)?"),
        _blackboard,
    ),
    "brightspace": Layout(
        ("orgdefinedid", "org defined id", "username"),
        ("email",),
        ("first name", "last name"),
        re.compile(r"(?P<title>.*?) Points Grade(?: ?<(?:[^>]*?MaxPoints:(?P<points>[\d.,]+))?[^>]*>)?"),
        _brightspace,
    ),
}
