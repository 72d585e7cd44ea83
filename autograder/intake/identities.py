"""Gives each person who handed in a name of their own among the course's students, the same one every time."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable

from autograder.course.files import write_whole
from autograder.course.folder import Course
from autograder.course.roster import Student, roster_of
from autograder.course.students import told_apart
from autograder.intake.platforms import Person


def student_names(course: Course, assignment: str, people: Iterable[Person]) -> dict[Person, str]:
    """{person: the student's name in this course}: the roster's id of whoever is on it, else the person's own name
    where no other has it, else that with the platform's id.

    Who has which name is kept in build/people.json, so that a second Kim Lee never gets the work of the first. Moodle
    gives other numbers for each homework, so those tell people apart within one homework only.
    """
    path = course.build / "people.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    people, listed = list(people), _Listed(roster_of(course).values())
    called = Counter(told_apart(person.name) for person in people)
    before = {where: {told_apart(name) for name in taken} for where, taken in known.items()}
    names = {}
    for person in people:
        names[person] = own = unicodedata.normalize("NFC", person.name)
        student = listed.find(person)
        if student:
            names[person] = student.id
        if person.number is None:
            continue
        where = f"Moodle {assignment}" if person.platform == "Moodle" else str(person.platform)
        taken = known.setdefault(where, {})
        if student:
            taken[student.id] = [own, person.number]
            continue
        name = next((name for name, owner in taken.items() if owner == [own, person.number]), None)
        if name is None:
            alone = called[told_apart(own)] == 1 and told_apart(own) not in before.get(where, ())
            name = own if alone else f"{own} ({person.number})"
        names[person] = name
        taken[name] = [own, person.number]
    if known:
        write_whole(path, json.dumps(known, indent=1) + "\n")
    return names


class _Listed:
    """The roster's students, to be found by what platforms say of them."""

    def __init__(self, students: Iterable[Student]):
        self.students = list(students)
        self.named: dict[str, list[Student]] = {}
        for student in self.students:
            words = student.name.split()
            # Canvas puts the last name first, and nobody but its owner knows where that begins.
            for name in {_plain("".join(words[at:] + words[:at])) for at in range(len(words))}:
                self.named.setdefault(name, []).append(student)

    def find(self, person: Person) -> Student | None:
        """Who it is: by the platform's id, by the course's id or e-mail address, by the name where only one has it.

        A name alone never outweighs an id that the roster gives to somebody else, or another one to this student.
        """
        if person.nameless:
            return None
        platform = (person.platform or "").lower()
        if person.number:
            for student in self.students:
                if student.ids.get(platform) == person.number:
                    return student
        own = {told_apart(text) for text in (person.name, person.email, person.number) if text}
        for student in self.students:
            logins = (student.id, student.email, *([] if person.number else student.ids.values()))
            if own & {told_apart(text) for text in logins if text}:
                return student if self._fits(student, platform, person.number) else None
        fitting = [one for one in self.named.get(_plain(person.name), ()) if self._fits(one, platform, person.number)]
        return fitting[0] if len(fitting) == 1 else None

    @staticmethod
    def _fits(student: Student, platform: str, number: str | None) -> bool:
        return not number or student.ids.get(platform, number) == number


def _plain(name: str) -> str:
    """A name without case, accents, spaces and punctuation: Canvas writes Lee, Kim as leekim."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum())
