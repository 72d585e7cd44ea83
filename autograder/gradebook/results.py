"""What a grading run found for one student, kept as a small JSON file beside the gradebook."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.course.files import write_whole
from autograder.course.folder import Course
from autograder.course.students import shown_name, student_id
from autograder.gradebook import marks
from autograder.judge.question import Question
from autograder.judge.submission import Graded
from autograder.judge.verdict import Verdict, refused
from autograder.run.notebook import TIME

BEFORE = "before"  # the folder of the results that a later run took back


@dataclass
class StudentResult:
    """One student's outcome: status is graded, or failed with a reason in words.

    problem: why the run ended early, where it did; ended_by: the limit or the accident that ended it or a part of it
    (see `run.notebook.Run`), in which case the marks are listed apart, and the next grading runs the work again;
    key: a hash of all that the verdicts depend on; kept: found by an earlier run, and left as it was.
    """

    student: str
    status: str
    reason: str | None
    questions: list[Verdict]
    repairs: list[str] = field(default_factory=list)
    problem: str | None = None
    key: str | None = None
    kept: bool = False
    ended_by: str | None = None

    @classmethod
    def graded(cls, student: str, graded: Graded, key: str | None = None) -> "StudentResult":
        return cls(
            shown_name(student),
            "graded",
            None,
            graded.verdicts,
            graded.repairs,
            graded.problem,
            key,
            ended_by=graded.ended_by,
        )

    @classmethod
    def failed(cls, student: str, questions: tuple[Question, ...], reason: str) -> "StudentResult":
        return cls(shown_name(student), "failed", reason, [refused(q, reason) for q in questions])

    @property
    def unsettled(self) -> str | None:
        """What to tell of marks that a limit or an accident had a hand in; None where they were judged in full."""
        if self.ended_by is None or self.status != "graded":
            return None
        what = "timed out" if self.ended_by == TIME else f"ended early ({self.ended_by})"
        return f"{what}, twice, the second time with nothing beside it; the next grading runs it again"

    @property
    def score(self) -> float:
        return sum(q.score for q in self.questions)

    @property
    def max_score(self) -> float:
        return sum(q.max_score for q in self.questions)

    def to_json(self) -> dict:
        return {
            "student": self.student,
            "status": self.status,
            "score": self.score,
            "max_score": self.max_score,
            "reason": self.reason,
            "questions": [verdict.to_json() for verdict in self.questions],
            "repairs": self.repairs,
            "ended_by": self.ended_by,
        }


def result_path(course: Course, assignment: str, student: str) -> Path:
    return course.results(assignment) / f"{student_id(student)}.json"


def save_result(course: Course, assignment: str, result: StudentResult, seed: int, student: str | None = None) -> None:
    """Write build/results/<assignment>/<student>.json, whole or not at all; the seed repeats the run.

    student: the name as handed in, where it differs from the shown one.
    """
    path = result_path(course, assignment, student or result.student)
    kept = result.to_json() | {"problem": result.problem, "key": result.key, "seed": seed}
    write_whole(path, json.dumps(kept, indent=1) + "\n")


def drop_result(course: Course, assignment: str, student: str) -> None:
    """Take back what an earlier run found; `results_before` still knows it, for the report on a regrade."""
    path = result_path(course, assignment, student)
    if path.is_file():
        path.parent.joinpath(BEFORE).mkdir(exist_ok=True)
        path.replace(path.parent / BEFORE / path.name)


def results_before(course: Course, assignment: str) -> dict[str, StudentResult]:
    """{student: what the run before the last one found}, for those who were graded more than once."""
    read = [_read(path) for path in sorted((course.results(assignment) / BEFORE).glob("*.json"))]
    return {result.student: result for result in read if result}


def kept_result(course: Course, assignment: str, student: str) -> StudentResult | None:
    """A student's last result, or None where there is none that can be read."""
    return _read(result_path(course, assignment, student))


def load_results(course: Course, assignment: str) -> list[StudentResult]:
    """Every student's last result, with the marks that the gradebook holds now (by-hand marks included)."""
    results = []
    for path in sorted(course.results(assignment).glob("*.json")):
        if (result := _read(path)) is None:
            continue
        held = marks.marks_of(course, assignment, path.stem)
        if result.status == "graded":
            result.questions = [_as_marked(verdict, held.get(verdict.id)) for verdict in result.questions]
        results.append(result)
    return results


def _as_marked(verdict: Verdict, mark: marks.Mark | None) -> Verdict:
    """The verdict with the mark that the gradebook holds now, where that is another one."""
    if mark is None or (mark.score == verdict.score and mark.waiting == verdict.waiting):
        return verdict
    if mark.automatic == 0 and mark.score == 0:
        return replace(verdict, score=0.0, waiting=mark.waiting, message="Not answered.")
    return replace(verdict, score=mark.score, waiting=mark.waiting, message="Marked by hand.", marked_by_hand=True)


def _read(path: Path) -> StudentResult | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return StudentResult(
            kept["student"],
            kept["status"],
            kept["reason"],
            [Verdict.from_json(verdict) for verdict in kept["questions"]],
            kept["repairs"],
            kept.get("problem"),
            kept.get("key"),
            ended_by=kept.get("ended_by"),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
