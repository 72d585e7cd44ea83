"""Takes in what a learning platform hands out: a folder or a zip, sorted into build/submitted/<student>/.

Whoever handed in anything gets a line. Who cannot be told apart from somebody else is reported, never put together.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from autograder.course.deadline import Deadline, deadline_of
from autograder.course.files import (
    SECRET,
    full_disk_in_words,
    keep_origin,
    keep_secret,
    keep_submitted,
    keep_time,
    kept_time,
)
from autograder.course.folder import Course
from autograder.course.roster import Student, roster_of
from autograder.course.students import mixed_up, mixed_up_in_words, shown_name, student_id, told_apart
from autograder.gradebook import marks
from autograder.gradebook.claims import only_one
from autograder.gradebook.results import NOTHING, drop_result
from autograder.intake.archives import Budget, Budgets, CollectError, OverBudget, is_wanted, listing
from autograder.intake.choose import Candidate, HandedIn, IntakeError, the_one_that_counts
from autograder.intake.identities import student_names
from autograder.intake.manifest import changed_since, other_homework, read_manifest
from autograder.intake.platforms import Person, Place, by_person, other_owner, own_name

NAMELESS = (
    "Nothing in its name says whose it is, so it was not taken: put it into a folder with the student's name, then "
    "collect that."
)


@dataclass
class Collected:
    """What became of one student's submission: new, same, changed, failed or missing (on the roster, and nothing was
    ever handed in), with a sentence where there is one; when it was handed in (UTC), and who says so.

    name: first and last name, where the roster has them.
    """

    student: str
    status: str
    note: str | None = None
    name: str = ""
    handed_in: datetime | None = None
    time_from: str = ""
    days_late: int = 0


def collect(course: Course, assignment: str, source: Path) -> list[Collected]:
    """Sort the submissions in `source` into build/submitted; one line a student, in order of name.

    A changed file takes back the mark of the one before it, which is kept under build/earlier. Raises CollectError
    where `source` is neither a folder nor an archive, holds no submission at all, or far too much.
    """
    course.source(assignment)
    with full_disk_in_words(), tempfile.TemporaryDirectory(prefix="collect-") as spool, listing(source) as listed:
        if not any(is_wanted(file.name) and not file.is_folder for file in listed):
            raise CollectError(
                f"{source} holds no notebook: give the folder or zip archive as the platform hands it out."
            )
        people = by_person(listed, assignment)
        budgets = Budgets(Path(spool))
        chosen = {who: _choose(assignment, places, budgets.of(shown_name(str(who)))) for who, places in people.items()}
        deadline, roster = deadline_of(course, assignment), roster_of(course)
        with only_one(course):
            marks.check(course)
            names = student_names(course, assignment, people)
            alike, before = mixed_up(names), _taken_before(course)
            collected = []
            for who in sorted(people, key=lambda who: (names[who], str(who))):
                name = names[who]
                doubt = [str(one) for one in alike.get(who, ())]
                if not doubt and before.get(told_apart(name), student_id(name)) != student_id(name):
                    doubt = [name, f"{before[told_apart(name)]} (taken in before)"]
                if doubt:
                    collected.append(Collected(shown_name(name), "failed", mixed_up_in_words(doubt)))
                elif who.nameless and chosen[who][0]:
                    collected.append(Collected(shown_name(name), "failed", NAMELESS))
                else:
                    one = _take(course, assignment, name, who, *chosen[who], deadline)
                    if (counts := chosen[who][0]) and one.status != "failed":
                        keep_secret(course, assignment, name, _secret(people[who], counts))
                    collected.append(_with_roster(one, roster.get(name), bool(roster), deadline, assignment))
            here = {names[who] for who in people}
            for student in roster.values():
                if student.id not in here and not course.submitted(assignment, student_id(student.id)).is_file():
                    collected.append(Collected(student.id, "missing", NOTHING, student.name))
            return collected


def _choose(assignment: str, places: Sequence[Place], budget: Budget) -> tuple[Candidate | None, str | None]:
    """One person's notebook that counts and a sentence where one is needed, or None and the reason."""
    try:
        found = _read(places, budget, assignment)
        chosen, note = the_one_that_counts(found, assignment, _nothing(assignment, places))
    except (IntakeError, OverBudget) as reason:
        budget.drop()
        return None, str(reason)
    budget.drop(keep=chosen.path)
    return chosen, " ".join(one for one in (note, chosen.note) if one) or None


def _read(places: Sequence[Place], budget: Budget, assignment: str) -> list[Candidate]:
    """One person's files, read or with the reason why not."""
    found = []
    for place in places:
        if place.reason:
            found.append(Candidate(place.parts, None, place.reason, place.attempt))
            continue
        entries = list(place.file.take(budget))
        for entry in entries:
            parts = (*place.parts[:-1], *entry.inside) if entry.inside else place.parts
            path, reason, note = entry.path, entry.reason, other_owner(place.file)
            if path and (manifest := read_manifest(entry.manifest)):
                if reason := other_homework(manifest, assignment):
                    path = None
                else:
                    note = note or changed_since(manifest, path.read_bytes())
            origin = own_name(place.file.name)
            found.append(Candidate(parts, path, reason, place.attempt, place.upload, place.handed_in, note, origin))
        if not entries and place.attempt:
            found.append(Candidate(place.parts, None, None, place.attempt))  # the attempt was made, all the same
    return found


def _secret(places: Sequence[Place], counts: Candidate) -> str:
    """What nbgrader's exchange laid beside the file that counts, "" where it came from elsewhere."""
    beside = (place.file for place in places if place.parts == (SECRET,))
    return next((file.read() for file in beside if counts.origin and own_name(file.name) == counts.origin), "")


def _take(
    course: Course,
    assignment: str,
    student: str,
    who: Person,
    chosen: Candidate | None,
    note: str | None,
    deadline: Deadline | None,
) -> Collected:
    if chosen is None or chosen.path is None:
        kept = course.submitted(assignment, student_id(student))
        kept.parent.mkdir(parents=True, exist_ok=True)
        before = " The file that was taken in before stays, and is graded." if kept.is_file() else ""
        return Collected(shown_name(student), "failed", f"{note}{before}")
    said = _in_zone(chosen.handed_in, deadline)
    status = keep_submitted(course, assignment, student, chosen.path.read_bytes())
    keep_origin(course, assignment, student, chosen.origin)
    if status == "changed":
        marks.forget(course, assignment, student)
        drop_result(course, assignment, student)
    known, _ = kept_time(course, assignment, student)
    if status != "same" or known is None or (said and said.time < known):  # the same work keeps its first time
        keep_time(course, assignment, student, said.time if said else None, said.said_by if said else "")
    if who.number and student.endswith(f" ({who.number})"):
        apart = f"Others have this name too; {who.number} is the id that {who.platform} uses."
        note = f"{note} {apart}" if note else apart
    time, time_from = kept_time(course, assignment, student)
    return Collected(shown_name(student), status, note, handed_in=time, time_from=time_from)


def _in_zone(said: HandedIn | None, deadline: Deadline | None) -> HandedIn | None:
    """The same, with its zone: a time without one is meant in the zone of the homework's due.toml, else this
    machine's."""
    if said is None or said.time.tzinfo:
        return said
    return replace(said, time=said.time.replace(tzinfo=deadline.zone) if deadline else said.time.astimezone())


def _with_roster(
    one: Collected, student: Student | None, known: bool, deadline: Deadline | None, assignment: str
) -> Collected:
    """The line with what roster and due date have to say."""
    notes = [one.note] if one.note else []
    if known and student is None:
        notes.append("The roster has nobody of this name or id.")
    days = 0
    if deadline and one.handed_in:
        days = deadline.days_late(one.handed_in, student.extension(assignment) if student else 0.0)
    return replace(one, note=" ".join(notes) or None, name=student.name if student else "", days_late=days)


def _nothing(assignment: str, places: Sequence[Place]) -> str:
    """The reason where there is no notebook: what there was instead."""
    names = [shown_name(place.parts[-1]) for place in places if place.parts]
    if not names:
        return f"There is no {assignment}.ipynb: the folder is empty."
    return f"There is no notebook, only {', '.join(names[:4])}{' and more' if len(names) > 4 else ''}."


def _taken_before(course: Course) -> dict[str, str]:
    """{what tells a student apart: the folder's name} of all who were taken in before."""
    folder = course.build / "submitted"
    return {told_apart(path.name): path.name for path in folder.iterdir()} if folder.is_dir() else {}
