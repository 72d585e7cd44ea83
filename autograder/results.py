"""What a grading run found for one student, kept as a small JSON file beside the gradebook."""

import json
from dataclasses import dataclass, field

from autograder import gradebook
from autograder.course import Course
from autograder.grading import Graded
from autograder.judge import Verdict, refused
from autograder.questions import Question


@dataclass
class StudentResult:
    """One student's outcome: status is graded, or failed with a reason in words."""
    student: str
    status: str
    reason: str | None
    questions: list[dict]
    repairs: list[str] = field(default_factory=list)

    @classmethod
    def graded(cls, student: str, graded: Graded) -> "StudentResult":
        return cls(student, "graded", None, [v.to_json() for v in graded.verdicts], graded.repairs)

    @classmethod
    def failed(cls, student: str, questions: tuple[Question, ...], reason: str) -> "StudentResult":
        verdicts: list[Verdict] = [refused(q, reason) for q in questions]
        return cls(student, "failed", reason, [v.to_json() for v in verdicts])

    @property
    def score(self) -> float:
        return sum(q["score"] for q in self.questions)

    @property
    def max_score(self) -> float:
        return sum(q["max_score"] for q in self.questions)

    def to_json(self) -> dict:
        return {"student": self.student, "status": self.status, "score": self.score, "max_score": self.max_score,
                "reason": self.reason, "questions": self.questions, "repairs": self.repairs}


def save_result(course: Course, assignment: str, result: StudentResult, seed: int) -> None:
    """Write build/results/<assignment>/<student>.json, whole or not at all; the seed repeats the run."""
    folder = course.results(assignment)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{result.student}.tmp"
    draft.write_text(json.dumps(result.to_json() | {"seed": seed}, indent=1) + "\n")
    draft.replace(folder / f"{result.student}.json")


def load_results(course: Course, assignment: str) -> list[StudentResult]:
    """Every student's last result, with the marks that the gradebook holds now (by-hand marks included)."""
    results = []
    for path in sorted(course.results(assignment).glob("*.json")):
        kept = json.loads(path.read_text())
        result = StudentResult(kept["student"], kept["status"], kept["reason"], kept["questions"], kept["repairs"])
        marks = gradebook.marks(course, assignment, result.student)
        for question in result.questions:
            mark = marks.get(question["id"])
            if mark and result.status == "graded" and (mark.score != question["score"] or mark.waiting != question["waiting"]):
                question |= {"score": mark.score, "waiting": mark.waiting, "message": "Marked by hand."}
        results.append(result)
    return results
