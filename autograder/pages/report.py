"""The instructor's report on a homework: one HTML page, no scripts, nothing from the network."""

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader

from autograder.course.files import write_whole
from autograder.course.folder import Course
from autograder.gradebook.results import StudentResult, results_before
from autograder.judge.homework import Homework
from autograder.pages.item_analysis import FEW, changes, items, mistakes


def write_report(course: Course, homework: Homework, results: list[StudentResult], path: Path) -> Path:
    """Write the page; the file appears whole or not at all. Everything from a submission is escaped."""
    environment = Environment(
        loader=PackageLoader("autograder.pages", "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    graded = [r for r in results if r.status == "graded"]
    assignment, questions = homework.name, homework.questions
    before = results_before(course, assignment)
    page = environment.get_template("report.html").render(
        assignment=assignment,
        results=results,
        questions=questions,
        when=datetime.now().strftime("%d %B %Y, %H:%M"),
        items=items(results, questions),
        mistakes=mistakes(results, questions),
        few=len(graded) < FEW,
        changes=changes(before, results, questions),
        regraded=sum(r.student in before for r in results),
        waiting=sum(q.waiting for r in graded for q in r.questions),
        mean=sum(r.score for r in graded) / len(graded) if graded else None,
        graded=len(graded),
    )
    write_whole(path, page)
    return path
