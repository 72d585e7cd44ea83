"""Where a course keeps its things, and nbgrader's view of it."""

from dataclasses import dataclass
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

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

    def homeworks(self) -> list[str]:
        """The names of all homework of this course."""
        return sorted(p.stem for p in (self.root / "homework").glob("*/*.ipynb") if p.stem == p.parent.name)

    def homework(self, assignment: str) -> Path:
        """The folder that holds all of one homework."""
        return self.root / "homework" / assignment

    def source(self, assignment: str) -> Path:
        """The instructor's notebook."""
        path = self.homework(assignment) / f"{assignment}.ipynb"
        if not path.is_file():
            known = ", ".join(self.homeworks()) or "none at all"
            raise CourseFolderError(f"There is no assignment {assignment!r} in {self.root}; there is {known}.")
        return path

    def submitted(self, assignment: str, student: str) -> Path:
        """Where the file that a student handed in is kept, as it was."""
        return self.build / "submitted" / student / assignment / f"{assignment}.ipynb"

    def results(self, assignment: str) -> Path:
        """The folder of the verdicts, one JSON file a student."""
        return self.build / "results" / assignment
