"""`make demo`: a small class, released, graded and reported in a temporary course folder."""

import shutil
import tempfile
from pathlib import Path

import nbformat
from rich.console import Console

from autograder.commands.feedback import give_feedback
from autograder.commands.grade import find_submissions, grade_all
from autograder.commands.release import release
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook, released_form, solved, with_mistakes
from autograder.gradebook.results import load_results
from autograder.judge.homework import Homework, find_homework
from autograder.judge.judge import new_seed
from autograder.pages.console import show_results
from autograder.pages.report import write_report
from helpers.errors import CourseError


def run_demo(out: Console) -> None:
    """Build the class, release, grade, print the gradebook, write the report and say where it is."""
    here = Course.find()
    assignment = _homework_with_a_class(here)
    course = make_course(Path(tempfile.mkdtemp(prefix="course-demo-")), here.root)
    out.print(f"A course folder for this demo: {course.root}", soft_wrap=True)
    out.print("Loading the catalogue (its embeddings are computed the first time) ...")
    homework = find_homework(course.homework(assignment))
    out.print(f"Releasing {assignment}: the reference solution and the blank notebook are graded first ...")
    for proof in release(course, homework, course.build / "student-edition"):
        out.print(f"  [green]proved[/] {proof.what} ({proof.found})", soft_wrap=True)
    handed = find_submissions(make_class(course, homework), assignment)
    out.print(f"Grading a class of {len(handed)} ...")
    results = grade_all(course, homework, handed, new_seed(), jobs=2)
    show_results(results)
    give_feedback(course, assignment)
    report = write_report(
        course, homework, load_results(course, assignment), course.build / "reports" / f"{assignment}.html"
    )
    out.print(f"\nReport: {report}", soft_wrap=True)
    out.print(f"Feedback: {course.build / 'feedback'}", soft_wrap=True)


def _homework_with_a_class(course: Course) -> str:
    """The first homework whose key makes up students."""
    for name in course.homeworks():
        if hasattr(Homework(course.homework(name)).key, "DEMO_MISTAKES"):
            return name
    raise CourseError(f"No homework in {course.root} makes up students for a demo: give one's key DEMO_MISTAKES.")


def make_course(folder: Path, source: Path | None = None) -> Course:
    """A copy, with nothing built yet, of the course in the folder `source` (default: the working folder's)."""
    original = Course.find(source).root
    for name in ("homework", "lectures", "requirements"):
        if (original / name).is_dir():
            shutil.copytree(
                original / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            )
    for name in ("nbgrader_config.py", "pyproject.toml", "environment.yml", "LICENSE"):
        if (original / name).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(original / name, folder / name)
    return Course(folder)


def make_class(course: Course, homework: Homework) -> Path:
    """Students' folders under handed-in/: perfect, blank, those of the key's DEMO_MISTAKES, one broken file."""
    assignment = homework.name
    source = read_notebook(course.source(assignment))
    folder = course.root / "handed-in"
    notebooks = {
        "ada": solved(source),
        "blaise": released_form(source),
        **{name: with_mistakes(source, wrong) for name, wrong in homework.key.DEMO_MISTAKES.items()},
    }
    for student, notebook in notebooks.items():
        (folder / student).mkdir(parents=True)
        nbformat.write(notebook, folder / student / f"{assignment}.ipynb")
    (folder / "emmy").mkdir()
    text = nbformat.writes(notebooks["ada"])
    (folder / "emmy" / f"{assignment}.ipynb").write_text(text[: len(text) // 2])
    return folder
