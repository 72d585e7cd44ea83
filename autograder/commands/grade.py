"""Grades a folder of submissions, one student after another; one bad submission never stops the others."""

import json
import threading
import time
import traceback
from collections.abc import Callable, Collection, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from itertools import islice
from pathlib import Path

import nbformat

from autograder.course.files import (
    TIMESTAMP,
    file_name,
    full_disk_in_words,
    keep_submitted,
    keep_time,
    kept_time,
    read_stamp,
)
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook, released_form
from autograder.course.roster import roster_of
from autograder.course.students import mixed_up, mixed_up_in_words, shown_name, student_id
from autograder.course.version import digest, grader_version
from autograder.gradebook import marks
from autograder.gradebook.agreement import require_agreement
from autograder.gradebook.claims import Claims, grading
from autograder.gradebook.final import final_mark
from autograder.gradebook.readers import graded_file
from autograder.gradebook.results import NOTHING, StudentResult, drop_result, kept_result, save_result, with_final_mark
from autograder.intake.choose import IntakeError, choose_notebook, read_file
from autograder.intake.merge import read_submission
from autograder.intake.platforms import FILE_TIME
from autograder.judge.homework import Homework
from autograder.judge.judge import Request
from autograder.judge.submission import FullMarks, Runner, blameless, draw_requests, judge_run, run_submission
from autograder.run.apart import end_runs
from autograder.run.notebook import Limits, RunFailed, WorkersLost
from helpers.errors import CourseError

AHEAD = 4  # submissions that may be read, or wait to be judged, beside those that run
ELSEWHERE = object()  # the outcome while another grading run has the student
AGAIN = object()  # the outcome of a run that a limit or an accident ended, while there was work beside it
LOOK_SECONDS = 1  # between two looks whether another run is done with its students


class SubmissionsError(CourseError):
    """The folder of submissions is missing or empty."""


@dataclass(frozen=True)
class Handed:
    """One student's file; `path` is None where no notebook counts, and `reason` then says why.

    note: a sentence for the student, where the file was not the one asked for.
    """

    student: str
    path: Path | None
    note: str | None = None
    reason: str | None = None


def find_submissions(folder: Path, assignment: str, others: Collection[str] = ()) -> list[Handed]:
    """DIR/<student>/hw4.ipynb or DIR/<student>/hw4/hw4.ipynb, in the students' order of name.

    A folder with another notebook only counts too (see `choose_notebook`); hidden folders count if they hold one. Who
    cannot be told apart in the gradebook, such as Ada and ada, gets a reason instead of somebody else's mark; who has a
    folder for one of the `others`, the course's homeworks, and none for this one is left out.
    """
    if not folder.is_dir():
        raise SubmissionsError(f"There is no folder {folder}: give the folder that holds one folder per student.")
    handed = []
    students = sorted(p for p in folder.iterdir() if p.is_dir())
    alike = mixed_up({student.name: student.name for student in students})
    for student in students:
        if student.name in alike:
            handed.append(Handed(student.name, None, reason=mixed_up_in_words(alike[student.name])))
            continue
        try:
            handed.append(Handed(student.name, *choose_notebook(student, assignment, others=others)))
        except IntakeError as reason:
            # Who has handed in other homework only, has handed in nothing here.
            below = {path.name for path in student.iterdir()}
            nothing = assignment not in below and below & set(others)
            if not nothing and not student.name.startswith((".", "__MACOSX")):
                handed.append(Handed(student.name, None, reason=str(reason)))
    if not handed:
        raise SubmissionsError(
            f"{folder} holds no student's folder: each student's notebook belongs in "
            f"{folder.name}/<student>/{assignment}.ipynb."
        )
    return handed


def missing_students(course: Course, assignment: str, handed: list[Handed]) -> list[Handed]:
    """Everybody on the roster who is not among `handed` and of whom nothing was collected before."""
    here = {student_id(one.student) for one in handed}
    return [
        Handed(one, None, reason=NOTHING)
        for one in roster_of(course)
        if student_id(one) not in here and not course.submitted(assignment, student_id(one)).is_file()
    ]


def only_these(course: Course, handed: list[Handed], names: Sequence[str]) -> list[Handed]:
    """Those of `handed` who have one of these names: as handed in, or first and last name on the roster.

    SubmissionsError where a name is nobody's, or that of several.
    """
    listed, chosen = roster_of(course), []
    for name in names:
        found = [one for one in handed if name == one.student] or [
            one for one in handed if one.student in listed and listed[one.student].name.lower() == name.lower()
        ]
        if len(found) != 1:
            several = f"{len(found)} students are" if found else "No student is"
            raise SubmissionsError(f"{several} called {shown_name(name)!r}: give the id of one who has handed in.")
        chosen += found
    return [one for one in handed if one in chosen]


def grade_all(
    course: Course,
    homework: Homework,
    handed: list[Handed],
    seed: int,
    jobs: int = 1,
    limits: Limits = Limits(),
    on_result: Callable[[StudentResult], None] = lambda result: None,
    regrade: bool = True,
    runner: Runner | None = None,
    end_runs: Callable[[], None] = end_runs,
    question: str | None = None,
) -> list[StudentResult]:
    """Grade every submission and record its marks -> the results, in the order of `handed`.

    `jobs` notebooks run at once; each result is saved and shown to `on_result` as soon as it is there, and no more
    than jobs + AHEAD submissions are in memory. regrade False leaves alone what is already graded: the same file,
    homework, reference values, limits and grader, a run that reached its end, and marks that the gradebook still
    holds. Stopped at any moment, the same call later finishes the rest. A student whom another grading run has in
    hand (see `claims`) comes after the others. What a limit or an accident ended is run once more at the end, with no
    other run of this process beside it, and only that run counts. runner: see `run_submission`; end_runs: ends what it
    runs, so that Ctrl-C waits for no notebook. question: the only one whose marks may change, where a student's file is
    the one that was graded before. Raises GradingStopped or GradebookError where nobody could be graded
    rightly.
    """
    with grading(course) as claims:
        with claims.set_up():
            marks.check(course)
            if not marks.is_registered(course, homework.name):
                marks.register(course, homework.name)
            require_agreement(course, homework)
        batch = _Batch(course, homework, seed, limits, regrade, claims, runner, question)
        results, left = {}, list(enumerate(handed))
        again: list[tuple[int, Handed]] = []
        while left or again:
            alone, elsewhere = not left, []
            if alone:
                left, again = again, []
            run = partial(batch.run, alone=alone)
            with closing(_as_they_end(run, left, 1 if alone else jobs, end_runs)) as outcomes:
                for place, student, outcome in outcomes:
                    if outcome is ELSEWHERE:
                        elsewhere.append((place, student))
                        continue
                    if outcome is AGAIN:
                        claims.give_back(student.student)
                        again.append((place, student))
                        continue
                    with full_disk_in_words():
                        result = batch.settle(student, outcome)
                        final = final_mark(course, homework.name, student.student)
                    results[place] = with_final_mark(result, final)
                    claims.give_back(student.student)
                    on_result(results[place])
            if len(elsewhere) == len(left):
                time.sleep(LOOK_SECONDS)
            left = sorted(elsewhere, key=lambda one: one[0])
            again.sort(key=lambda one: one[0])
    return [results[place] for place in sorted(results)]


def _as_they_end(
    work: Callable[[Handed], object], left: list[tuple[int, Handed]], jobs: int, end_runs: Callable[[], None]
) -> Generator[tuple[int, Handed, object], None, None]:
    """(place, student, what `work` gives), each as soon as it is there; ready at once means in order.

    No more than jobs + AHEAD students are begun and not yet taken, so that memory stays bounded whatever the size
    of the class, and a slow notebook holds nobody up. Closed before the last, it ends what runs with `end_runs`.
    """
    pool = ThreadPoolExecutor(max_workers=jobs)
    begun: dict[Future, tuple[int, Handed]] = {}
    rest = iter(left)
    try:
        while True:
            for place, student in islice(rest, jobs + AHEAD - len(begun)):
                begun[pool.submit(work, student)] = place, student
            if not begun:
                return
            wait(begun, return_when=FIRST_COMPLETED)
            ended = next(future for future in begun if future.done())
            yield *begun.pop(ended), ended.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        while running := [future for future in begun if not future.done()]:  # here only if nobody takes them any more
            end_runs()
            wait(running, timeout=0.1)


class _Batch:
    """One grading run: what all students share."""

    def __init__(
        self,
        course: Course,
        homework: Homework,
        seed: int,
        limits: Limits,
        regrade: bool,
        claims: Claims,
        runner: Runner | None,
        question: str | None = None,
    ):
        self.question = question
        self.course, self.homework, self.seed = course, homework, seed
        self.assignment = assignment = homework.name
        self.limits, self.regrade, self.claims, self.runner = limits, regrade, claims, runner
        self.released = released_form(read_notebook(course.source(assignment)))
        self._drawing = threading.Lock()
        self.common = digest(
            nbformat.writes(self.released),
            homework.fingerprint,
            json.dumps(homework.shop.reference),
            repr(limits),
            grader_version(homework.folder),
        )

    @property
    def requests(self) -> dict[str, Request]:
        """The same for all, drawn for the first who is run: where nothing has changed nobody is."""
        with self._drawing:
            return self._requests

    @cached_property
    def _requests(self) -> dict[str, Request]:
        return draw_requests(self.homework.questions, self.homework, self.seed)

    def run(self, student: Handed, alone: bool):
        """Everything that writes nothing to the gradebook; safe beside other runs. An outcome is a finished run, a kept
        result, the reason why there is none, ELSEWHERE, or AGAIN unless it is alone. Only trouble that concerns
        everybody is raised."""
        if not self.claims.take(student.student):
            return ELSEWHERE
        try:
            with full_disk_in_words():
                raw = _keep_original(self.course, self.assignment, student)
            key = digest(raw, self.common, student.note or "")
            if not self.regrade and (kept := self._kept(student, key)):
                return kept
            submission = read_submission(raw, self.released)
            if student.note:
                submission.repairs.insert(0, student.note)
            full_marks = FullMarks(self.requests, self.homework)
            finished = run_submission(submission, self.requests, self.limits, self.runner, full_marks)
            if finished.ended_by and not alone:
                return AGAIN
            return submission.repairs, blameless(finished), full_marks.verdicts, key
        except RunFailed as reason:
            return reason if alone or isinstance(reason, WorkersLost) else AGAIN
        except IntakeError as reason:
            return reason
        except CourseError:
            raise
        except Exception as problem:
            return self._unexpected(student, problem)

    def settle(self, student: Handed, outcome) -> StudentResult:
        """Judge a finished run and record it; a reason becomes a failed result without any older mark."""
        if isinstance(outcome, StudentResult):
            return outcome
        before = self._result_before(student)
        drop_result(self.course, self.assignment, student.student)
        result = None
        if not isinstance(outcome, CourseError):
            repairs, finished, known, key = outcome
            try:
                graded = judge_run(finished, self.requests, self.homework.questions, self.homework, repairs, known)
                if self.question and before:
                    others = {v.id: v for v in before.questions}
                    graded.verdicts = [v if v.id == self.question else others.get(v.id, v) for v in graded.verdicts]
                    key = key if key == before.key else None  # the other marks are those of an older homework
                marks.record(self.course, self.assignment, student.student, graded)
                result = StudentResult.graded(student.student, graded, key)
            except marks.NotRecorded as problem:
                outcome = self._unexpected(student, problem)
            except (CourseError, OSError):
                raise
            except Exception as problem:
                outcome = self._unexpected(student, problem)
        if result is None:
            marks.forget(self.course, self.assignment, student.student)
            result = StudentResult.failed(student.student, self.homework.questions, str(outcome))
        save_result(self.course, self.assignment, result, self.seed, student.student)
        return result

    def _result_before(self, student: Handed) -> StudentResult | None:
        """What the earlier run on the very same file found, where only one question is asked; else None."""
        if self.question is None or student.path is None:
            return None
        result = kept_result(self.course, self.assignment, student.student)
        graded = graded_file(self.course, self.assignment, student.student)
        if result is None or result.status != "graded" or graded != file_name(read_file(student.path)):
            return None
        return result

    def _kept(self, student: Handed, key: str) -> StudentResult | None:
        """What an earlier run found for the very same work, if the gradebook agrees with it."""
        result = kept_result(self.course, self.assignment, student.student)
        if result is None or result.status != "graded" or result.key != key or result.problem or result.ended_by:
            return None
        notebook = f"{self.assignment}.ipynb"
        if not (self.course.build / "autograded" / student_id(student.student) / self.assignment / notebook).is_file():
            return None
        held = marks.marks_of(self.course, self.assignment, student.student)
        for question in result.questions:
            mark = held.get(question.id)
            if mark is None or (not question.waiting and mark.automatic != question.score):
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
        return IntakeError(
            f"Something went wrong in the grader itself ({type(problem).__name__}); "
            f"the instructor finds the details in build/logs/{log.name}."
        )


def _keep_original(course: Course, assignment: str, student: Handed) -> bytes:
    """Copy the handed-in file, unchanged, to where nbgrader looks for it -> its bytes."""
    if student.path is None:
        raise IntakeError(student.reason or f"There is no {assignment}.ipynb in the student's folder.")
    raw = read_file(student.path)
    status = keep_submitted(course, assignment, student.student, raw)
    if student.path != course.submitted(assignment, student_id(student.student)):
        if status != "same" or kept_time(course, assignment, student.student)[0] is None:
            keep_time(course, assignment, student.student, *_time_of(student.path))
    return raw


def _time_of(path: Path) -> tuple[datetime, str]:
    """When a file that was not collected was handed in, and who says so: nbgrader's timestamp.txt, else the file."""
    stamp = path.with_name(TIMESTAMP)
    if stamp.is_file() and (time := read_stamp(stamp.read_text(encoding="utf-8", errors="replace"))):
        return time, TIMESTAMP
    return datetime.fromtimestamp(path.stat().st_mtime, UTC), FILE_TIME


def results_json(assignment: str, results: list[StudentResult]) -> str:
    """The text of `autograder grade --json` (DESIGN §7)."""
    return json.dumps({"assignment": assignment, "students": [r.to_json() for r in results]}, indent=1) + "\n"
