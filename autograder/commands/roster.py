"""Takes in the list of students, and says who is new on it, who is gone, who has changed, who is missing or unknown."""

from dataclasses import dataclass, field
from pathlib import Path

from autograder.course.folder import Course
from autograder.course.roster import Student, keep_roster, read_roster, roster_of
from autograder.course.students import student_id
from autograder.gradebook import marks


@dataclass
class Standing:
    """The list, what it changes, and how it compares with what was handed in.

    new, gone: ids; changed: {id: what, in words}; missing: {homework: ids on the list that handed in nothing};
    unknown: {homework: who handed in and is not on the list}.
    """

    students: dict[str, Student]
    new: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    changed: dict[str, str] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    unknown: dict[str, list[str]] = field(default_factory=dict)


def take_in(course: Course, path: Path) -> Standing:
    """Read the list, keep it in build/roster.csv, and write names, e-mail addresses and platform ids into nbgrader's
    gradebook. RosterError, and nothing is changed, where the list cannot be meant so."""
    students, before = read_roster(path), roster_of(course)
    marks.check(course)
    with marks.opened(course) as gradebook:
        for student in students.values():
            gradebook.update_or_create_student(
                student_id(student.id),
                first_name=student.first_name or None,
                last_name=student.last_name or None,
                email=student.email or None,
                lms_user_id=next(iter(student.ids.values()), None),
            )
    keep_roster(course, students)
    standing = compare(course, students)
    if before:
        standing.new = [one for one in students if one not in before]
        standing.gone = [one for one in before if one not in students]
        standing.changed = {
            one: what for one in students if one in before and (what := _difference(before[one], students[one]))
        }
    return standing


def compare(course: Course, students: dict[str, Student]) -> Standing:
    """The list beside what lies in build/submitted, for each homework of which anything was handed in."""
    standing = Standing(students)
    known = {student_id(one): one for one in students}
    for homework in course.homeworks():
        handed = {path.parts[-3] for path in (course.build / "submitted").glob(f"*/{homework}/{homework}.ipynb")}
        if handed:
            standing.missing[homework] = [one for name, one in known.items() if name not in handed]
            standing.unknown[homework] = sorted(handed - set(known))
    return standing


def _difference(before: Student, after: Student) -> str:
    pairs = [
        ("name", before.name, after.name),
        ("e-mail", before.email, after.email),
        ("extensions", _days(before), _days(after)),
        ("platform ids", _ids(before), _ids(after)),
    ]
    return "; ".join(f"{what} {old or 'none'} -> {new or 'none'}" for what, old, new in pairs if old != new)


def _days(student: Student) -> str:
    return ", ".join(f"{days:g} days{f' for {name}' if name else ''}" for name, days in student.extensions.items())


def _ids(student: Student) -> str:
    return ", ".join(f"{platform} {number}" for platform, number in student.ids.items())
