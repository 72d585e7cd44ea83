"""Gives each person who handed in a name of their own among the course's students, the same one every time."""

import json
import unicodedata
from collections import Counter
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
    called = Counter(told_apart(person.name) for person in people)
    before = {where: {told_apart(name) for name in taken} for where, taken in known.items()}
    names = {}
    for person in people:
        names[person] = own = unicodedata.normalize("NFC", person.name)
        if person.number is None:
            continue
        where = f"Moodle {assignment}" if person.platform == "Moodle" else str(person.platform)
        taken = known.setdefault(where, {})
        name = next((name for name, owner in taken.items() if owner == [own, person.number]), None)
        if name is None:
            alone = called[told_apart(own)] == 1 and told_apart(own) not in before.get(where, ())
            name = own if alone else f"{own} ({person.number})"
        names[person] = name
        taken[name] = [own, person.number]
    if known:
        write_whole(path, json.dumps(known, indent=1) + "\n")
    return names
