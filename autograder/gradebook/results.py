"""What a grading run found for one student, kept as a small JSON file beside the gradebook."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from autograder.course.files import write_whole
from autograder.course.folder import Course
from autograder.course.students import shown_name, student_id
from autograder.gradebook import marks
from autograder.gradebook.final import FinalMark, after_penalty, final_marks
from autograder.judge.question import Question
from autograder.judge.submission import Graded
from autograder.judge.verdict import Verdict, refused
from autograder.run.notebook import TIME

NOTHING = "Nothing was handed in."  # the reason of those on the roster of whom there is nothing
BEFORE = "before"  # the folder of the results that a later run took back


@dataclass
class StudentResult:
    """One student's outcome: status is graded, or failed with a reason in words.

    problem: why the run ended early, where it did; ended_by: the limit or the accident that ended it or a part of it
    (see `run.notebook.Run`), in which case the marks are listed apart, and the next grading runs the work again;
    key: a hash of all that the verdicts depend on; kept: found by an earlier run, and left as it was. final: what the
    gradebook adds to the judge's verdicts (see `with_final_mark`), None until it was asked; notes: what the instructor
    should know, such as a mark by hand whose answer has changed.
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
    final: FinalMark | None = None
    notes: list[str] = field(default_factory=list)

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
            notes=graded.notes,
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
    def name(self) -> str:
        """The student's name as the roster or the gradebook has it, else as handed in."""
        return self.final.name if self.final and self.final.name != student_id(self.student) else self.student

    @property
    def points(self) -> float:
        """The sum of the questions."""
        return sum(q.score for q in self.questions)

    @property
    def penalty(self) -> float:
        """What lateness costs, in points."""
        return self.final.penalty if self.final and self.status == "graded" else 0.0

    @property
    def score(self) -> float:
        """The final mark."""
        return after_penalty(self.points, self.penalty)

    @property
    def max_score(self) -> float:
        return sum(q.max_score for q in self.questions)

    def to_json(self) -> dict:
        return {
            "student": self.student,
            "name": self.name,
            "status": self.status,
            "score": self.score,
            "max_score": self.max_score,
            "points": self.points,
            "penalty": self.penalty,
            "days_late": self.final.days_late if self.final else 0,
            "handed_in": _written(self.final.handed_in if self.final else None),
            "time_from": self.final.time_from if self.final else "",
            "due": _written(self.final.due if self.final else None),
            "reason": self.reason,
            "questions": [verdict.to_json() for verdict in self.questions],
            "repairs": self.repairs,
            "notes": self.notes,
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
    """Every student's last result with their final mark (by-hand marks and penalties included)."""
    held = final_marks(course, assignment)
    paths = sorted(course.results(assignment).glob("*.json"))
    read = [(_read(path), held.get(path.stem)) for path in paths]
    return [with_final_mark(result, final) for result, final in read if result]


@dataclass(frozen=True)
class Changed:
    """A mark before and after a grading run, None where there was none. question: an id, or "" for the final mark."""

    student: str
    question: str
    before: float | None
    after: float | None


def what_changed(before: Iterable[StudentResult], after: Iterable[StudentResult]) -> list[Changed]:
    """The questions whose mark a grading run has changed, then each student's final mark."""
    then = {result.student: result for result in before if result.status == "graded"}
    found = []
    for result in after:
        old = then.get(result.student)
        marks_then = {verdict.id: _counted(verdict) for verdict in old.questions} if old else {}
        now = {verdict.id: _counted(verdict) for verdict in result.questions} if result.status == "graded" else {}
        for question in dict.fromkeys([*now, *marks_then]):
            if marks_then.get(question) != now.get(question):
                found.append(Changed(result.student, question, marks_then.get(question), now.get(question)))
        found.append(Changed(result.student, "", old.score if old else None, result.score if now else None))
    return found


def _counted(verdict: Verdict) -> float | None:
    return None if verdict.waiting else verdict.score


def with_final_mark(result: StudentResult, final: FinalMark | None) -> StudentResult:
    """The result with the marks that the gradebook holds now and what lateness costs."""
    if final is None:
        return result
    questions = result.questions
    if result.status == "graded":
        questions = [_as_marked(verdict, final.questions.get(verdict.id)) for verdict in questions]
    return replace(result, questions=questions, final=final)


def _as_marked(verdict: Verdict, mark: marks.Mark | None) -> Verdict:
    """The verdict with the mark that the gradebook holds now, where that is another one."""
    if mark is None or (mark.by_hand is None and mark.score == verdict.score and mark.waiting == verdict.waiting):
        return verdict
    if mark.by_hand is None:
        said = "Not answered." if mark.automatic == 0 and not mark.waiting else verdict.message
        return replace(verdict, score=mark.score, waiting=mark.waiting, message=said)
    changed = replace(verdict, score=mark.score, waiting=mark.waiting, message="Marked by hand.", marked_by_hand=True)
    if not mark.overridden:
        return changed
    said = f"Changed by hand: {mark.score:g} in the place of the grader's {verdict.score:g}. {verdict.message}"
    return replace(changed, message=said, automatic=verdict.score)


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


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
            notes=kept.get("notes", []),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
