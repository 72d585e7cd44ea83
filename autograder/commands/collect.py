"""Takes in what a learning platform hands out: a folder or a zip, sorted into build/submitted/<student>/.

Names inside are only read, never used as paths: the student is recognised in them and gets a folder name of ours.
Nothing is unpacked that is not a notebook or an archive with one, links are not followed, and sizes, numbers and
ratios are bounded, so that the worst archive costs one student a reason in words.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from autograder.course.files import full_disk_in_words, keep_submitted
from autograder.course.folder import Course
from autograder.course.students import shown_name, student_id
from autograder.gradebook import marks
from autograder.gradebook.claims import only_one
from autograder.gradebook.results import drop_result
from autograder.intake.archives import Budget, CollectError, Entry, archive_entries, folder_entries
from autograder.intake.platforms import by_student


@dataclass
class Collected:
    """What became of one student's submission: new, same, changed or failed, with a sentence where there is one."""

    student: str
    status: str
    note: str | None = None


def collect(course: Course, assignment: str, source: Path) -> list[Collected]:
    """Sort the submissions in `source` into build/submitted; one line a student, in order of name.

    A changed file takes back the mark of the one before it, which is kept under build/earlier. Raises CollectError
    where `source` is neither a folder nor an archive, or holds no submission at all.
    """
    course.source(assignment)
    with full_disk_in_words(), tempfile.TemporaryDirectory(prefix="collect-") as spool:
        budget = Budget(Path(spool))
        if source.is_dir():
            entries = list(folder_entries(source, budget))
        elif source.is_file():
            entries = list(archive_entries(source, budget))
        else:
            raise CollectError(f"There is no folder or zip archive {source}.")
        students: dict[str, list[tuple[str, Entry]]] = {}
        for student, file, entry in by_student(entries, assignment):
            students.setdefault(student, []).append((file, entry))
        if not students:
            raise CollectError(
                f"{source} holds no notebook: give the folder or zip archive as the platform hands it out."
            )
        with only_one(course):
            marks.check(course)
            return [_take(course, assignment, student, students[student]) for student in sorted(students)]


def _take(course: Course, assignment: str, student: str, found: list[tuple[str, Entry]]) -> Collected:
    chosen, note = _choose(found, f"{assignment}.ipynb", assignment)
    if chosen is None:
        (course.submitted(assignment, student_id(student)).parent).mkdir(parents=True, exist_ok=True)
        return Collected(shown_name(student), "failed", note)
    status = keep_submitted(course, assignment, student, chosen.read_bytes())
    if status == "changed":
        marks.forget(course, assignment, student)
        drop_result(course, assignment, student)
    return Collected(shown_name(student), status, note)


def _choose(entries: list[tuple[str, Entry]], wanted: str, assignment: str) -> tuple[Path | None, str | None]:
    """The file that counts and a sentence about it, or None and the reason."""
    good = [(file, entry) for file, entry in entries if entry.path is not None]
    bad = [entry.reason for _, entry in entries if entry.path is None]
    exact = [pair for pair in good if pair[0] == wanted]
    named = [pair for pair in good if pair[0].lower().startswith(assignment.lower())]
    note = bad[0] if bad else None
    if exact:
        # Platforms that keep every attempt write the time into the name, so the last name is the last attempt.
        best = max(exact, key=lambda pair: pair[1].name)
        several = f"{len(exact)} files of that name; the last attempt counts." if len(exact) > 1 else None
        return best[1].path, note or several
    for group in (good, named):
        if len(group) == 1:
            return group[0][1].path, f"The notebook was called {shown_name(group[0][0])}."
    if not good:
        return None, note or f"There is no {wanted}."
    names = ", ".join(shown_name(file) for file, _ in good[:4])
    return None, f"There are several notebooks ({names}) and none is called {wanted}: which one counts?"
