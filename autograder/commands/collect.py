"""Takes in what a learning platform hands out: a folder or a zip, sorted into build/submitted/<student>/.

Whoever handed in anything gets a line. Who cannot be told apart from somebody else is reported, never put together.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.files import full_disk_in_words, keep_submitted
from autograder.course.folder import Course
from autograder.course.students import mixed_up, mixed_up_in_words, shown_name, student_id, told_apart
from autograder.gradebook import marks
from autograder.gradebook.claims import only_one
from autograder.gradebook.results import drop_result
from autograder.intake.archives import Budget, Budgets, CollectError, OverBudget, is_wanted, listing
from autograder.intake.choose import Candidate, IntakeError, the_one_that_counts
from autograder.intake.identities import student_names
from autograder.intake.platforms import Person, Place, by_person


@dataclass
class Collected:
    """What became of one student's submission: new, same, changed or failed, with a sentence where there is one."""

    student: str
    status: str
    note: str | None = None


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
                else:
                    collected.append(_take(course, assignment, name, who, *chosen[who]))
            return collected


def _choose(assignment: str, places: Sequence[Place], budget: Budget) -> tuple[Path | None, str | None]:
    """One person's notebook that counts and a sentence where one is needed, or None and the reason."""
    try:
        chosen, note = the_one_that_counts(_read(places, budget), assignment, _nothing(assignment, places))
    except (IntakeError, OverBudget) as reason:
        budget.drop()
        return None, str(reason)
    budget.drop(keep=chosen.path)
    return chosen.path, note


def _read(places: Sequence[Place], budget: Budget) -> list[Candidate]:
    """One person's files, read or with the reason why not."""
    found = []
    for place in places:
        if place.reason:
            found.append(Candidate(place.parts, None, place.reason, place.attempt))
            continue
        entries = list(place.file.take(budget))
        for entry in entries:
            parts = (*place.parts[:-1], *entry.inside) if entry.inside else place.parts
            found.append(Candidate(parts, entry.path, entry.reason, place.attempt, place.upload))
        if not entries and place.attempt:
            found.append(Candidate(place.parts, None, None, place.attempt))  # the attempt was made, all the same
    return found


def _take(
    course: Course, assignment: str, student: str, who: Person, chosen: Path | None, note: str | None
) -> Collected:
    if chosen is None:
        kept = course.submitted(assignment, student_id(student))
        kept.parent.mkdir(parents=True, exist_ok=True)
        before = " The file that was taken in before stays, and is graded." if kept.is_file() else ""
        return Collected(shown_name(student), "failed", f"{note}{before}")
    status = keep_submitted(course, assignment, student, chosen.read_bytes())
    if status == "changed":
        marks.forget(course, assignment, student)
        drop_result(course, assignment, student)
    if who.number and student.endswith(f" ({who.number})"):
        apart = f"Others have this name too; {who.number} is the id that {who.platform} uses."
        note = f"{note} {apart}" if note else apart
    return Collected(shown_name(student), status, note)


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
