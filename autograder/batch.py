"""Grades a folder of submissions, one student after another; one bad submission never stops the others."""

import json
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from autograder import gradebook
from autograder.course import Course, read_notebook, released_form
from autograder.grading import draw_requests, judge_run, run_submission
from autograder.homework import Homework
from autograder.intake import IntakeError, read_submission
from autograder.results import StudentResult, save_result
from autograder.run import Limits
from helpers.errors import CourseError


class SubmissionsError(CourseError):
    """The folder of submissions is missing or empty."""


@dataclass(frozen=True)
class Handed:
    """One student's file; `path` is None where the folder holds no notebook of this homework."""
    student: str
    path: Path | None


def find_submissions(folder: Path, assignment: str) -> list[Handed]:
    """DIR/<student>/hw4.ipynb or DIR/<student>/hw4/hw4.ipynb, in the students' order of name."""
    if not folder.is_dir():
        raise SubmissionsError(f"There is no folder {folder}: give the folder that holds one folder per student.")
    handed = []
    for student in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        places = [student / f"{assignment}.ipynb", student / assignment / f"{assignment}.ipynb"]
        handed.append(Handed(student.name, next((p for p in places if p.is_file() and not p.is_symlink()), None)))
    if not handed:
        raise SubmissionsError(f"{folder} holds no student's folder: each student's notebook belongs in "
                               f"{folder.name}/<student>/{assignment}.ipynb.")
    return handed


def grade_all(course: Course, assignment: str, handed: list[Handed], homework: Homework, seed: int, jobs: int = 1,
              limits: Limits = Limits(), on_result: Callable[[StudentResult], None] = lambda result: None,
              ) -> list[StudentResult]:
    """Grade every submission and record its marks; results are saved as they come, in the order of `handed`."""
    if not gradebook.is_registered(course, assignment):
        gradebook.register(course, assignment)
    questions = course.questions(assignment)
    released = released_form(read_notebook(course.source(assignment)))
    requests = draw_requests(questions, homework, seed)
    homework.query_embeddings  # into the cache that the students' kernels read

    def run(student: Handed):
        """Everything that needs no gradebook; safe beside other runs."""
        try:
            submission = read_submission(_keep_original(course, assignment, student), released)
            return submission, run_submission(submission, requests, limits)
        except IntakeError as reason:
            return reason

    results = []
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for student, outcome in zip(handed, pool.map(run, handed)):
            if isinstance(outcome, IntakeError):
                gradebook.forget(course, assignment, student.student)
                result = StudentResult.failed(student.student, questions, str(outcome))
            else:
                submission, finished = outcome
                graded = judge_run(finished, requests, questions, homework, submission.repairs)
                gradebook.record(course, assignment, student.student, graded)
                result = StudentResult.graded(student.student, graded)
            save_result(course, assignment, result, seed)
            on_result(result)
            results.append(result)
    return results


def _keep_original(course: Course, assignment: str, student: Handed) -> bytes:
    """Copy the handed-in file, unchanged, to where nbgrader looks for it -> its bytes."""
    if not re.fullmatch(r"[^/\\\0]{1,200}", student.student):
        raise IntakeError("The student's folder has a name that cannot be used: rename it.")
    if student.path is None:
        raise IntakeError(f"There is no {assignment}.ipynb in the student's folder.")
    raw = student.path.read_bytes()
    kept = course.submitted(assignment, student.student)
    kept.parent.mkdir(parents=True, exist_ok=True)
    if kept.resolve() != student.path.resolve():
        shutil.copyfile(student.path, kept)
    return raw


def results_json(assignment: str, results: list[StudentResult]) -> str:
    """The text of `autograder grade --json` (DESIGN §7)."""
    return json.dumps({"assignment": assignment, "students": [r.to_json() for r in results]}, indent=1) + "\n"
