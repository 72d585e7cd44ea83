"""The instructor's report on a homework: one HTML page, no scripts, nothing from the network."""

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader

from autograder.course import Course
from autograder.results import StudentResult


def write_report(course: Course, assignment: str, results: list[StudentResult], path: Path) -> Path:
    """Write the page; the file appears whole or not at all. Everything from a submission is escaped."""
    environment = Environment(loader=PackageLoader("autograder", "templates"), autoescape=True,
                              trim_blocks=True, lstrip_blocks=True)
    questions = course.questions(assignment)
    graded = [r for r in results if r.status == "graded"]
    page = environment.get_template("report.html").render(
        assignment=assignment, results=results, questions=questions, when=datetime.now().strftime("%d %B %Y, %H:%M"),
        means=[_mean(graded, q.id) for q in questions], mean=_mean_score(graded), graded=len(graded))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(page, encoding="utf-8")
    draft.replace(path)
    return path


def _mean(results: list[StudentResult], question: str) -> float | None:
    scores = [q["score"] for r in results for q in r.questions if q["id"] == question and not q["waiting"]]
    return sum(scores) / len(scores) if scores else None


def _mean_score(results: list[StudentResult]) -> float | None:
    return sum(r.score for r in results) / len(results) if results else None
