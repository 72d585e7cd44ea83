"""Where a course keeps its things, and nbgrader's view of it."""

from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearHiddenTests, ClearOutput, ClearSolutions, LockCells
from traitlets.config import Config, PyFileConfigLoader

from autograder.course.cells import grade_id, tested_question
from autograder.questions import QUESTIONS, Question
from helpers.errors import CourseError


class CourseFolderError(CourseError):
    """The folder is no course, or the course has no such assignment."""


@dataclass(frozen=True)
class Course:
    """A course folder: the one that holds nbgrader_config.py."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> "Course":
        """The course at `start` or above it (default: the working folder)."""
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / "nbgrader_config.py").is_file():
                return cls(folder)
        raise CourseFolderError(
            f"{here} is not in a course folder: go to the one that holds nbgrader_config.py, or name it with --course."
        )

    @property
    def build(self) -> Path:
        return self.root / "build"

    def config(self) -> Config:
        """nbgrader_config.py, loaded."""
        return PyFileConfigLoader("nbgrader_config.py", path=str(self.root)).load_config()

    def directory(self, student: str = "*", assignment: str = "") -> CourseDirectory:
        """nbgrader's course directory, set to one student and assignment."""
        directory = CourseDirectory(config=self.config())
        directory.student_id, directory.assignment_id = student, assignment
        return directory

    def source(self, assignment: str) -> Path:
        """The instructor's notebook."""
        path = self.root / "homework" / assignment / f"{assignment}.ipynb"
        if assignment not in QUESTIONS or not path.is_file():
            known = [a for a in QUESTIONS if (self.root / "homework" / a / f"{a}.ipynb").is_file()]
            raise CourseFolderError(
                f"There is no assignment {assignment!r} in {self.root}; there is {', '.join(known) or 'none at all'}."
            )
        return path

    def submitted(self, assignment: str, student: str) -> Path:
        """Where the file that a student handed in is kept, as it was."""
        return self.build / "submitted" / student / assignment / f"{assignment}.ipynb"

    def results(self, assignment: str) -> Path:
        """The folder of the verdicts, one JSON file a student."""
        return self.build / "results" / assignment

    def questions(self, assignment: str) -> tuple[Question, ...]:
        self.source(assignment)
        return QUESTIONS[assignment]


def read_notebook(path: Path) -> NotebookNode:
    """A trusted notebook (the course's own)."""
    return nbformat.read(path, as_version=4)


def released_form(source: NotebookNode) -> NotebookNode:
    """The notebook as students receive it: no solutions (the mark scheme is part of one), hidden tests or outputs."""
    notebook = nbformat.from_dict(source)
    resources: dict = {}
    for preprocessor in (LockCells, ClearSolutions, ClearOutput, ClearHiddenTests):
        notebook, resources = preprocessor().preprocess(notebook, resources)
    return notebook


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
