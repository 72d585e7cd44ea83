"""A page for every student who handed in: their marks, or why there are none and what to do."""

from pathlib import Path

from autograder.course.files import SECRET, TIMESTAMP, write_whole
from autograder.course.folder import Course
from autograder.course.students import student_id
from autograder.gradebook import marks
from autograder.gradebook.results import NOTHING, load_results
from autograder.pages.feedback import failed_page


def give_feedback(course: Course, assignment: str) -> tuple[list[Path], list[Path]]:
    """Write all pages -> (those of the graded, those of the others)."""
    marks.check(course)
    results = load_results(course, assignment)  # brings what lateness costs up to date in the gradebook
    if any(result.status == "graded" for result in results):
        marks.write_feedback(course, assignment)
    failed = []
    for result in results:
        if result.status == "failed" and result.reason != NOTHING:
            path = page_of(course, assignment, result.student)
            write_whole(path, failed_page(assignment, result.name, result.reason or ""))
            failed.append(path)
    _ready_for_exchange(course, assignment)
    pages = (course.build / "feedback").glob(f"*/{assignment}/{assignment}.html")
    return sorted(set(pages) - set(failed)), failed


def _ready_for_exchange(course: Course, assignment: str) -> None:
    """Lay beside each page what `nbgrader release_feedback` looks for there, where the submission came with it."""
    for page in (course.build / "feedback").glob(f"*/{assignment}/{assignment}.html"):
        submitted = course.submitted(assignment, page.parents[1].name).parent
        if (submitted / SECRET).is_file():
            for name in (SECRET, TIMESTAMP):
                if (submitted / name).is_file() and not (submitted / name).is_symlink():
                    write_whole(page.with_name(name), (submitted / name).read_bytes())


def page_of(course: Course, assignment: str, student: str) -> Path:
    return course.build / "feedback" / student_id(student) / assignment / f"{assignment}.html"
