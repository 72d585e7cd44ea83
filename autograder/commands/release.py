"""Builds the student edition, after proving that the homework can be trusted with it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.commands.edition import ReleaseRefused, check_folders, drafted, put_in_place
from autograder.commands.leaks import Secrets, files_of, find_leak, secrets_of
from autograder.course.folder import Course
from autograder.course.notebooks import loads_data, naming_data, read_notebook, released_form
from autograder.gradebook import marks
from autograder.gradebook.agreement import Change, changed_since_release, check_source
from autograder.gradebook.agreement import migrate as migrate_gradebook
from autograder.gradebook.claims import only_one
from autograder.intake.merge import Submission
from autograder.judge.homework import Homework
from autograder.judge.judge import new_seed
from autograder.judge.submission import Graded, Runner, grade_submission
from helpers.homework_data import describe_homework_data

__all__ = ["Proof", "ReleaseRefused", "check_source", "release"]


@dataclass(frozen=True)
class Proof:
    """One thing proved before a release, in words."""

    what: str
    found: str


def release(
    course: Course, homework: Homework, out: Path, runner: Runner | None = None, migrate: bool = False
) -> list[Proof]:
    """Prove, then write: the released notebook and gradebook entry under build/, the student edition in `out`.

    Raises ReleaseRefused, with nothing written, unless the reference solution earns full marks, the blank
    notebook earns 0, and neither the edition nor what nbgrader releases holds a solution, a hidden test, a reference
    value or anything of the key; nor, without `migrate`, where the gradebook holds marks of another version of the
    homework: the message says what would be lost (see `agreement`). `out` is a new folder or an edition that an earlier
    release wrote (see `edition`).
    """
    out = out.resolve()
    check_folders(course, out)
    assignment = homework.name
    source = read_notebook(course.source(assignment))
    check_source(source, homework.questions)
    change = changed_since_release(course, assignment)
    if outdated := bool(change.differences and change.students):
        _refuse_loss(assignment, change, migrate)
    released = released_form(source)
    if loads_data(released):
        released = naming_data(released, describe_homework_data(homework.data_folder))
    proofs = [_prove_solution(source, homework, runner), _prove_blank(released, homework, runner)]
    with drafted(course, assignment, released, out) as draft:
        secrets = secrets_of(source, homework)
        _refuse_leak(draft, secrets)
        if outdated:
            with only_one(course):
                migrate_gradebook(course, assignment)
        marks.register(course, assignment)
        _refuse_leak(nbgraders := course.build / "release" / assignment, secrets)
        searched = len(files_of(draft)) + len(files_of(nbgraders))
        put_in_place(draft, out, assignment)
    what = "no solution, hidden test or part of the answer key leaks"
    return [*proofs, Proof(what, f"{searched} files searched for {len(secrets):,} texts")]


def _refuse_loss(assignment: str, change: Change, migrate: bool) -> None:
    if migrate:
        return
    lost = ", ".join(change.losses) or "nothing that was given by hand"
    raise ReleaseRefused(
        f"Not released: {len(change.students)} students have marks for an older {assignment} in the gradebook "
        f"({'; '.join(change.differences)}). With --migrate these are taken out, and `autograder grade {assignment}` "
        "works out all automatic marks anew; marks by hand and comments stay where question, points and answer are the "
        f"same. Lost (and kept in build/earlier) would be: {lost}."
    )


def _grade(notebook: NotebookNode, homework: Homework, runner: Runner | None) -> Graded:
    return grade_submission(Submission(nbformat.from_dict(notebook)), homework, new_seed(), runner=runner)


def _prove_solution(source: NotebookNode, homework: Homework, runner: Runner | None) -> Proof:
    graded = _grade(source, homework, runner)
    judged = [v for v, q in zip(graded.verdicts, homework.questions) if q.checks]
    for verdict in judged:
        if not verdict.complete:
            raise ReleaseRefused(
                f"Not released: the reference solution earns {verdict.score:g} of {verdict.max_score:g} "
                f"on {verdict.id}. {graded.problem or verdict.message}"
            )
    points = sum(v.max_score for v in judged)
    waiting = sum(v.max_score for v in graded.verdicts) - points
    return Proof("the reference solution earns full marks", f"{points:g} of {points:g}, {waiting:g} marked by hand")


def _prove_blank(released: NotebookNode, homework: Homework, runner: Runner | None) -> Proof:
    graded = _grade(released, homework, runner)
    for verdict in graded.verdicts:
        if verdict.score:
            raise ReleaseRefused(f"Not released: the blank notebook earns {verdict.score:g} points on {verdict.id}.")
    return Proof("the blank notebook earns nothing", "0")


def _refuse_leak(folder: Path, secrets: Secrets) -> None:
    if leak := find_leak(folder, secrets):
        shutil.rmtree(folder)
        raise ReleaseRefused(f"Not released: {leak}")
