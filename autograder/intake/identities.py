"""Gives each person who handed in a name of their own among the course's students, the same one every time."""

import json
import unicodedata
from collections.abc import Iterable

from autograder.course.files import write_whole
from autograder.course.folder import Course
from autograder.course.students import told_apart
from autograder.intake.platforms import Person


def student_names(course: Course, assignment: str, people: Iterable[Person]) -> dict[Person, str]:
    """{person: the student's name in this course}: the person's own where no other has it, else with the platform's id.

    Who has which name is kept in build/people.json, so that a second Kim Lee never gets the work of the first. Moodle
    gives other numbers for each homework, so those tell people apart within one homework only.
    """
    path = course.build / "people.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    people = list(people)
    names = {}
    for person in people:
        own = unicodedata.normalize("NFC", person.name)
        if person.number is None:
            names[person] = own
            continue
        where = f"Moodle {assignment}" if person.platform == "Moodle" else str(person.platform)
        mine = [own, person.number]
        taken = known.setdefault(where, {})
        name = next((name for name, theirs in taken.items() if theirs == mine), None)
        if name is None:
            others = any(told_apart(p.name) == told_apart(own) for p in people if p != person)
            others = others or any(told_apart(name) == told_apart(own) for name in taken)
            name = f"{own} ({person.number})" if others else own
        names[person] = name
        taken[name] = mine
    if any(person.number for person in people):
        write_whole(path, json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    return names
