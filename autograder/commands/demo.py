"""`make demo`: a small class, released, graded and reported in a temporary course folder."""

import re
import shutil
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from rich.console import Console

from autograder.commands.grade import find_submissions, grade_all
from autograder.commands.release import release
from autograder.course.cells import answered_question
from autograder.course.folder import Course, read_notebook, released_form
from autograder.gradebook import marks
from autograder.gradebook.results import load_results
from autograder.judge.homework import load_homework
from autograder.judge.judge import new_seed
from autograder.pages.report import write_report

ASSIGNMENT = "hw4"

# Two students who are differently wrong: what stands in the solution -> what they wrote instead.
DOT_PRODUCT = {
    "cosine": ("return float(np.dot(a, b) / lengths)", "return float(np.dot(a, b))"),
    "recall": ("/ len(relevant)", "/ k"),
}
WRONG_WAY = {
    "semantic": ('np.argsort(-similarities, kind="stable")', "np.argsort(similarities)"),
    "normalize": ("    if spread == 0:\n        return np.zeros_like(scores)\n", ""),
    "hybrid": ("alpha * semantic + (1 - alpha) * bm25", "alpha * bm25 + (1 - alpha) * semantic"),
}


def run_demo(out: Console) -> None:
    """Build the class, release, grade, print the gradebook, write the report and say where it is."""
    from autograder.cli import show_results

    course = make_course(Path(tempfile.mkdtemp(prefix="course-demo-")))
    out.print(f"A course folder for this demo: {course.root}", soft_wrap=True)
    out.print("Loading the catalogue (its embeddings are computed the first time) ...")
    homework = load_homework(ASSIGNMENT)
    out.print("Releasing homework 4: the reference solution and the blank notebook are graded first ...")
    for proof in release(course, ASSIGNMENT, course.build / "student-edition", homework):
        out.print(f"  [green]proved[/] {proof.what} ({proof.found})", soft_wrap=True)
    handed = find_submissions(make_class(course), ASSIGNMENT)
    out.print(f"Grading a class of {len(handed)} ...")
    results = grade_all(course, ASSIGNMENT, handed, homework, new_seed(), jobs=2)
    show_results(results)
    marks.write_feedback(course, ASSIGNMENT)
    report = write_report(
        course, ASSIGNMENT, load_results(course, ASSIGNMENT), course.build / "reports" / f"{ASSIGNMENT}.html"
    )
    out.print(f"\nReport: {report}", soft_wrap=True)
    out.print(f"Feedback: {course.build / 'feedback'}", soft_wrap=True)


def make_course(folder: Path) -> Course:
    """A copy of this repository's course in `folder`, with nothing built yet."""
    repository = Path(__file__).resolve().parents[2]
    for name in ("homework", "lectures", "helpers"):
        if (repository / name).is_dir():
            shutil.copytree(
                repository / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            )
    for name in ("nbgrader_config.py", "pyproject.toml", "environment.yml", "LICENSE"):
        shutil.copy(repository / name, folder / name)
    return Course(folder)


def make_class(course: Course) -> Path:
    """Five students' folders under handed-in/: perfect, blank, two differently wrong, one broken file."""
    source = read_notebook(course.source(ASSIGNMENT))
    folder = course.root / "handed-in"
    notebooks = {
        "ada": solved(source),
        "blaise": released_form(source),
        "carl": with_mistakes(source, DOT_PRODUCT),
        "dorothy": with_mistakes(source, WRONG_WAY),
    }
    for student, notebook in notebooks.items():
        (folder / student).mkdir(parents=True)
        nbformat.write(notebook, folder / student / f"{ASSIGNMENT}.ipynb")
    (folder / "emmy").mkdir()
    text = nbformat.writes(notebooks["ada"])
    (folder / "emmy" / f"{ASSIGNMENT}.ipynb").write_text(text[: len(text) // 2])
    return folder


def solved(source: NotebookNode) -> NotebookNode:
    """The released notebook with the instructor's solutions in the answer cells."""
    return with_answers(source, {})


def with_mistakes(source: NotebookNode, mistakes: dict[str, tuple[str, str]]) -> NotebookNode:
    """The solved notebook with some text in some answers replaced."""
    notebook = solved(source)
    for cell in notebook.cells:
        if (question := answered_question(cell)) in mistakes:
            right, wrong = mistakes[question]
            if right not in cell.source:
                raise ValueError(f"The solution of {question} does not hold {right!r}.")
            cell.source = cell.source.replace(right, wrong)
    return notebook


def with_answers(source: NotebookNode, answers: dict[str, str]) -> NotebookNode:
    """The released notebook with answer cells filled: from `answers` by question id, else from the solution."""
    notebook = released_form(source)
    for cell, original in zip(notebook.cells, source.cells, strict=True):
        if question := answered_question(cell):
            text = re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", original.source, flags=re.M)
            text = text.split("**Mark scheme", 1)[0]
            cell.source = answers.get(question, text.rstrip())
    return notebook
