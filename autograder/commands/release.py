"""Builds the student edition, after proving that the homework can be trusted with it."""

import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import tomli_w
from nbformat import NotebookNode

from autograder.course.cells import answered_question, grade_id, tested_question
from autograder.course.folder import Course, CourseFolderError
from autograder.course.notebooks import read_notebook, released_form
from autograder.gradebook import marks
from autograder.intake.merge import Submission
from autograder.judge.homework import Homework
from autograder.judge.judge import new_seed
from autograder.judge.question import Question
from autograder.judge.submission import Graded, Runner, grade_submission
from helpers.errors import CourseError

SHIPPED = ("helpers", "lectures", "environment.yml", "requirements/install.py", "requirements/students.txt", "LICENSE")
NOT_SHIPPED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.egg-info", ".*")
TEXT = {".py", ".ipynb", ".md", ".yml", ".toml", ".json", ".txt", ".cfg", ".csv"}


class ReleaseRefused(CourseError):
    """A proof failed, so nothing was written."""


@dataclass(frozen=True)
class Proof:
    """One thing proved before a release, in words."""

    what: str
    found: str


def release(course: Course, homework: Homework, out: Path, runner: Runner | None = None) -> list[Proof]:
    """Prove, then write: the released notebook and gradebook entry under build/, the student edition in `out`.

    Raises ReleaseRefused, with nothing written, unless the reference solution earns full marks, the blank
    notebook earns 0, and no solution, hidden test or reference value is in the student edition.
    """
    if out.exists() and any(out.iterdir()) and not (out / "homework").is_dir():
        raise ReleaseRefused(f"{out} is a folder with other things in it: name a new folder with --out.")
    assignment = homework.name
    source = read_notebook(course.source(assignment))
    check_source(source, homework.questions)
    released = released_form(source)
    proofs = [_prove_solution(source, homework, runner), _prove_blank(released, homework, runner)]
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _build_edition(course, assignment, released, draft)
        proofs.append(_prove_no_leak(draft, source, homework))
        marks.register(course, assignment)
        if out.exists():
            shutil.rmtree(out)
        draft.chmod(0o755)
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return proofs


def _grade(notebook: NotebookNode, homework: Homework, runner: Runner | None) -> Graded:
    return grade_submission(Submission(nbformat.from_dict(notebook)), homework, new_seed(), runner=runner)


def _prove_solution(source: NotebookNode, homework: Homework, runner: Runner | None) -> Proof:
    graded = _grade(source, homework, runner)
    judged = [v for v, q in zip(graded.verdicts, homework.questions) if q.checks]
    for verdict in judged:
        if not verdict.complete:
            raise ReleaseRefused(
                f"Not released: the reference solution earns {verdict.score:g} of {verdict.max_score:g} "
                f"on {verdict.id}. {graded.problem or verdict.message}"
            )
    points = sum(v.max_score for v in judged)
    waiting = sum(v.max_score for v in graded.verdicts) - points
    return Proof("the reference solution earns full marks", f"{points:g} of {points:g}, {waiting:g} marked by hand")


def _prove_blank(released: NotebookNode, homework: Homework, runner: Runner | None) -> Proof:
    graded = _grade(released, homework, runner)
    for verdict in graded.verdicts:
        if verdict.score:
            raise ReleaseRefused(f"Not released: the blank notebook earns {verdict.score:g} points on {verdict.id}.")
    return Proof("the blank notebook earns nothing", "0")


def _build_edition(course: Course, assignment: str, released: NotebookNode, folder: Path) -> None:
    """Copy what students receive into `folder`."""
    for name in SHIPPED:
        if (course.root / name).is_dir():
            shutil.copytree(course.root / name, folder / name, ignore=NOT_SHIPPED)
        elif (course.root / name).is_file():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(course.root / name, folder / name)
    (folder / "pyproject.toml").write_text(_students_pyproject(course.root / "pyproject.toml"))
    shutil.copy(Path(__file__).with_name("students-README.md"), folder / "README.md")
    target = folder / "homework" / assignment / f"{assignment}.ipynb"
    target.parent.mkdir(parents=True)
    nbformat.write(released, target)


def _students_pyproject(path: Path) -> str:
    """The course's pyproject.toml without the commands and extras that students have no use for."""
    project = tomllib.loads(path.read_text())
    for name in ("scripts", "optional-dependencies", "entry-points"):
        project["project"].pop(name, None)
    project["tool"] = {
        "setuptools": {
            "packages": {"find": {"include": ["helpers*"]}},
            "package-data": {"helpers": project["tool"]["setuptools"]["package-data"]["helpers"]},
        }
    }
    return tomli_w.dumps(project)


def _prove_no_leak(folder: Path, source: NotebookNode, homework: Homework) -> Proof:
    """No solution, no hidden test and no reference value stands in any file of the edition."""
    secrets = _secrets(source, homework)
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    for path in files:
        if path.suffix not in TEXT and path.name != "LICENSE":
            raise ReleaseRefused(
                f"Not released: {path.relative_to(folder)} is of a kind that cannot be searched for leaks."
            )
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            notebook = nbformat.reads(text, as_version=4)
            text = "\n".join(_cell_text(cell) for cell in notebook.cells)
        flat = _flat(text)
        for what, secret in secrets:
            if secret in flat:
                raise ReleaseRefused(f"Not released: {path.relative_to(folder)} holds {what}.")
    return Proof(
        "no solution, hidden test or reference value leaks", f"{len(files)} files searched for {len(secrets)} texts"
    )


def _secrets(source: NotebookNode, homework: Homework) -> list[tuple[str, str]]:
    """(what it is, the text without white space) for everything that students must not receive."""
    secrets = [
        ("a solution mark", _flat("### BEGIN SOLUTION")),
        ("a hidden-test mark", _flat("### BEGIN HIDDEN TESTS")),
        ("a mark scheme", _flat("**Mark scheme")),
        ("a call of the judge", _flat("try_question(")),
    ]
    for cell in source.cells:
        for kind, begin, end in (
            ("the solution", "BEGIN SOLUTION", "END SOLUTION"),
            ("a hidden test", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"),
        ):
            for region in re.findall(rf"{begin}[^\n]*\n(.*?)\n[^\n]*{end}", cell.source, flags=re.S):
                secrets.append((f"{kind} of cell {grade_id(cell)}", _flat(region)))
    for what, value in _measured(homework.shop.reference, "reference"):
        # Rounded, or in full: then its first digits are found, where it has as many.
        first = repr(value)[: len("0.123456")]
        secrets += [(what, digits) for digits in sorted({f"{value:.6f}", first}) if len(digits) == len("0.123456")]
    return secrets


def _measured(values: Any, name: str) -> Iterator[tuple[str, float]]:
    """(name, number) of every figure that has a name of its own in the reference values and that nobody hits by chance.
    Lists of numbers are left out: they hold what many a query has, such as a third."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from _measured(value, f"{name} {key}")
    elif isinstance(values, list):
        for value in values:
            if isinstance(value, dict):
                yield from _measured(value, name)
    elif isinstance(values, float) and round(values, 3) != values:
        yield f"the {name}", values


def _cell_text(cell: NotebookNode) -> str:
    """A cell's source and, where it is no answer cell, its textual outputs."""
    parts = [cell.source]
    for output in cell.get("outputs", []):
        parts += [output.get("text", ""), *map(str, output.get("data", {}).values())]
    return "\n".join(parts) if not answered_question(cell) else cell.source


def _flat(text: str) -> str:
    """Text without white space, so that a changed indentation hides nothing."""
    return re.sub(r"\s+", "", text)


def check_source(source: NotebookNode, questions: tuple[Question, ...]) -> None:
    """Every question has its cells, with the same points as the judge gives; CourseFolderError where not."""
    points = {grade_id(cell): cell.metadata.nbgrader.get("points") for cell in source.cells if grade_id(cell)}
    for question in questions:
        cell_id = f"test_{question.id}" if question.checks else f"answer_{question.id}"
        for needed in {cell_id, f"answer_{question.id}"} - set(points):
            raise CourseFolderError(f"The notebook has no cell {needed}: add it, with that nbgrader id.")
        if points[cell_id] != question.points:
            raise CourseFolderError(
                f"Cell {cell_id} says {points[cell_id]} points, but the judge gives "
                f"{question.points:g}: make them equal."
            )
    for cell in source.cells:
        tested = tested_question(cell)
        if tested and tested not in {question.id for question in questions}:
            raise CourseFolderError(f"The judge knows no question {tested!r}: correct the id of cell test_{tested}.")
