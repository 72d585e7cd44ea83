"""Grades a folder of submissions, one student after another; one bad submission never stops the others."""

import errno
import hashlib
import json
import os
import shutil
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
from filelock import FileLock, Timeout

from autograder import gradebook
from autograder.course import Course, read_notebook, released_form
from autograder.grading import draw_requests, judge_run, run_submission
from autograder.homework import Homework
from autograder.intake import IntakeError, choose_notebook, read_file, read_submission
from autograder.results import StudentResult, drop_result, kept_result, save_result
from autograder.run import Limits, RunFailed
from autograder.students import shown_name, student_id
from helpers.errors import CourseError

FULL = {errno.ENOSPC, errno.EDQUOT}


class SubmissionsError(CourseError):
    """The folder of submissions is missing or empty."""


class GradingStopped(CourseError):
    """The batch cannot go on: another one is at work, or the disk is full. What is recorded so far stands."""


@dataclass(frozen=True)
class Handed:
    """One student's file; `path` is None where no notebook counts, and `reason` then says why.

    note: a sentence for the student, where the file was not the one asked for.
    """
    student: str
    path: Path | None
    note: str | None = None
    reason: str | None = None


def find_submissions(folder: Path, assignment: str) -> list[Handed]:
    """DIR/<student>/hw4.ipynb or DIR/<student>/hw4/hw4.ipynb, in the students' order of name.

    A folder with another notebook only counts too (see `choose_notebook`); hidden folders count if they hold one.
    """
    if not folder.is_dir():
        raise SubmissionsError(f"There is no folder {folder}: give the folder that holds one folder per student.")
    handed = []
    for student in sorted(p for p in folder.iterdir() if p.is_dir()):
        try:
            handed.append(Handed(student.name, *choose_notebook(student, assignment)))
        except IntakeError as reason:
            if not student.name.startswith((".", "__MACOSX")):
                handed.append(Handed(student.name, None, reason=str(reason)))
    if not handed:
        raise SubmissionsError(f"{folder} holds no student's folder: each student's notebook belongs in "
                               f"{folder.name}/<student>/{assignment}.ipynb.")
    return handed


def grade_all(course: Course, assignment: str, handed: list[Handed], homework: Homework, seed: int, jobs: int = 1,
              limits: Limits = Limits(), on_result: Callable[[StudentResult], None] = lambda result: None,
              regrade: bool = True) -> list[StudentResult]:
    """Grade every submission and record its marks; results are saved as they come, in the order of `handed`.

    regrade False leaves alone what is already graded: the same file, homework, reference values, limits and grader,
    a run that reached its end, and marks that the gradebook still holds. Stopped at any moment, the same call later
    finishes the rest. Raises GradingStopped or GradebookError where nobody could be graded rightly.
    """
    with only_one(course):
        gradebook.check(course)
        if not gradebook.is_registered(course, assignment):
            gradebook.register(course, assignment)
        batch = _Batch(course, assignment, homework, seed, limits, regrade)
        results = []
        pool = ThreadPoolExecutor(max_workers=jobs)
        try:
            for student, outcome in zip(handed, pool.map(batch.run, handed)):
                with full_disk_in_words():
                    result = batch.settle(student, outcome)
                on_result(result)
                results.append(result)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return results


class _Batch:
    """One grading run: what all students share."""

    def __init__(self, course, assignment, homework, seed, limits, regrade):
        self.course, self.assignment, self.homework, self.seed = course, assignment, homework, seed
        self.limits, self.regrade = limits, regrade
        self.questions = course.questions(assignment)
        self.released = released_form(read_notebook(course.source(assignment)))
        self.requests = draw_requests(self.questions, homework, seed)
        homework.query_embeddings  # into the cache that the students' kernels read
        self.common = _digest(nbformat.writes(self.released), homework.fingerprint, json.dumps(homework.reference),
                              repr(limits), grader_version())

    def run(self, student: Handed):
        """Everything that needs no gradebook; safe beside other runs. An outcome is a finished run, a kept result, or
        the reason why there is none. Only trouble that concerns everybody is raised."""
        try:
            with full_disk_in_words():
                raw = _keep_original(self.course, self.assignment, student)
            key = _digest(raw, self.common, student.note or "")
            if not self.regrade and (kept := self._kept(student, key)):
                return kept
            submission = read_submission(raw, self.released)
            if student.note:
                submission.repairs.insert(0, student.note)
            return submission.repairs, run_submission(submission, self.requests, self.limits), key
        except (IntakeError, RunFailed) as reason:
            return reason
        except CourseError:
            raise
        except Exception as problem:
            return self._unexpected(student, problem)

    def settle(self, student: Handed, outcome) -> StudentResult:
        """Judge a finished run and record it; a reason becomes a failed result without any older mark."""
        if isinstance(outcome, StudentResult):
            return outcome
        drop_result(self.course, self.assignment, student.student)
        result = None
        if not isinstance(outcome, CourseError):
            repairs, finished, key = outcome
            try:
                graded = judge_run(finished, self.requests, self.questions, self.homework, repairs)
                gradebook.record(self.course, self.assignment, student.student, graded)
                result = StudentResult.graded(student.student, graded, key)
            except gradebook.NotRecorded as problem:
                outcome = self._unexpected(student, problem)
            except (CourseError, OSError):
                raise
            except Exception as problem:
                outcome = self._unexpected(student, problem)
        if result is None:
            gradebook.forget(self.course, self.assignment, student.student)
            result = StudentResult.failed(student.student, self.questions, str(outcome))
        save_result(self.course, self.assignment, result, self.seed, student.student)
        return result

    def _kept(self, student: Handed, key: str) -> StudentResult | None:
        """What an earlier run found for the very same work, if the gradebook agrees with it."""
        result = kept_result(self.course, self.assignment, student.student)
        if result is None or result.status != "graded" or result.key != key or result.problem:
            return None
        notebook = f"{self.assignment}.ipynb"
        if not (self.course.build / "autograded" / student_id(student.student) / self.assignment / notebook).is_file():
            return None
        marks = gradebook.marks(self.course, self.assignment, student.student)
        for question in result.questions:
            mark = marks.get(question["id"])
            if mark is None or not question["waiting"] and mark.automatic != question["score"]:
                return None
        result.kept = True
        return result

    def _unexpected(self, student: Handed, problem: Exception) -> IntakeError:
        """The reason for the student; the traceback goes to a file."""
        log = self.course.build / "logs" / f"{self.assignment}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "a", encoding="utf-8", errors="replace") as file:
            file.write(f"--- {datetime.now():%Y-%m-%d %H:%M:%S} {shown_name(student.student)}\n")
            file.write("".join(traceback.format_exception(problem)))
        return IntakeError(f"Something went wrong in the grader itself ({type(problem).__name__}); "
                           f"the instructor finds the details in build/logs/{log.name}.")


def grader_version() -> str:
    """A hash of the code that reads, runs and judges: when it changes, kept results do not count any more."""
    import helpers

    folders = (Path(__file__).parent, Path(helpers.__file__).parent)
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return _digest(*(path.read_bytes() for path in files))


def _digest(*parts: str | bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        part = part.encode() if isinstance(part, str) else part
        whole.update(len(part).to_bytes(8) + part)
    return whole.hexdigest()


def _keep_original(course: Course, assignment: str, student: Handed) -> bytes:
    """Copy the handed-in file, unchanged, to where nbgrader looks for it -> its bytes."""
    if student.path is None:
        raise IntakeError(student.reason or f"There is no {assignment}.ipynb in the student's folder.")
    raw = read_file(student.path)
    keep_submitted(course, assignment, student.student, raw)
    return raw


def keep_submitted(course: Course, assignment: str, student: str, raw: bytes) -> str:
    """Put a submitted file in its place, whole or not at all -> "new", "same" or "changed".

    A different file that stood there goes to build/earlier/<assignment>/<student>/, named by its content.
    """
    kept = course.submitted(assignment, student_id(student))
    before = kept.read_bytes() if kept.is_file() and not kept.is_symlink() else None
    if before == raw:
        return "same"
    kept.parent.mkdir(parents=True, exist_ok=True)
    if before is not None:
        earlier = course.build / "earlier" / assignment / student_id(student)
        earlier.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, earlier / f"{hashlib.sha256(before).hexdigest()[:16]}.ipynb")
    draft = kept.with_name(f".{kept.name}.tmp")
    try:
        draft.write_bytes(raw)
        os.replace(draft, kept)
    finally:
        draft.unlink(missing_ok=True)
    return "new" if before is None else "changed"


@contextmanager
def only_one(course: Course):
    """One grading run at a time in a course; the lock ends with the process, however that ends."""
    course.build.mkdir(parents=True, exist_ok=True)
    lock = FileLock(course.build / ".grading.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise GradingStopped("Another grading run is at work in this course: wait for its end, "
                             "then give the same command again.") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def full_disk_in_words():
    """A full disk becomes one sentence; other troubles pass as they are."""
    try:
        yield
    except OSError as problem:
        if problem.errno in FULL:
            raise GradingStopped("The disk is full: free some space, then give the same command again. "
                                 "What is graded so far is kept.") from None
        raise


def results_json(assignment: str, results: list[StudentResult]) -> str:
    """The text of `autograder grade --json` (DESIGN §7)."""
    return json.dumps({"assignment": assignment, "students": [r.to_json() for r in results]}, indent=1) + "\n"
