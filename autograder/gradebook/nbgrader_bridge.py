"""The places where nbgrader's autograde is ours: reading a submission, running and judging it, keeping the result.

`autograder grade` comes through here too, with what it has already run and judged on the converter, as `graded`.
nbgrader's own command and Formgrader's button come without; then the run happens here, and the results file that
`autograder report` reads is written here. What one part leaves for the next lies on nbgrader's converter as well.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets.log import get_logger

from autograder.course.cells import tested_question, visible_tests
from autograder.course.files import file_name
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook, released_form
from autograder.gradebook import marks, readers
from autograder.gradebook.agreement import require_agreement
from autograder.gradebook.final import final_mark
from autograder.gradebook.present import VERDICT, present
from autograder.gradebook.results import StudentResult, drop_result, save_result
from autograder.intake.choose import IntakeError, choose_notebook, read_file
from autograder.intake.merge import Submission, read_submission
from autograder.judge.homework import Homework, find_homework
from autograder.judge.judge import new_seed
from autograder.judge.submission import Graded, grade_submission
from helpers.errors import CourseError


def before_student(assignment: str, student: str, notebooks: list[str]) -> None:
    """nbgrader's hook before it starts on a student: older marks are taken back first, so that whatever fails from
    here on leaves none, and a renamed notebook gets the name that nbgrader looks for (the original stays)."""
    if not notebooks:
        return
    folder = Path(notebooks[0]).parent
    assignment, student = folder.name, folder.parent.name
    course = Course.find(folder)
    try:
        require_agreement(course, Homework(course.homework(assignment)))
    except CourseError as reason:
        get_logger().error(str(reason))
        notebooks.clear()  # so that nbgrader stops here: of a hook's error it only takes note
        return
    marks.forget(course, assignment, student)
    drop_result(course, assignment, student)
    wanted = folder / f"{assignment}.ipynb"
    if str(wanted) not in notebooks:
        try:
            chosen, _ = choose_notebook(folder, assignment)
        except IntakeError as reason:
            _keep_failure(course, assignment, student, str(reason))
            return
        wanted.write_bytes(read_file(chosen))
        notebooks[:] = [str(wanted)]


class IntakeExporter(NotebookExporter):
    """Reads a submitted file through intake; reads back nbgrader's own intermediate file as it is."""

    def from_filename(self, filename, resources=None, **kwargs):
        if self.parent is None or not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources=resources, **kwargs)
        course = Course(Path(self.parent.coursedir.root))
        assignment, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        _drop_other_files(course.build / "autograded" / student / assignment)
        try:
            released = released_form(read_notebook(course.source(assignment)))
            raw = read_file(Path(filename))
            submission = read_submission(raw, released)
        except IntakeError as reason:
            if not hasattr(self.parent, "graded"):
                _keep_failure(course, assignment, student, str(reason))
            raise
        self.parent.file = file_name(raw)
        self.parent.repairs = [*_was_renamed(Path(filename), assignment), *submission.repairs]
        return self.from_notebook_node(submission.notebook, resources=resources, **kwargs)


class RunAndJudge(NbGraderPreprocessor):
    """Stands where nbgrader's Execute stood: student code runs apart, and the judge's verdict is what is saved."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        assignment, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        for cell in nb.cells:
            if tested_question(cell):
                cell.source = visible_tests(cell.source)
        converter = self.parent.parent
        if not (graded := getattr(converter, "graded", None)):
            graded = self._grade(converter, Submission(nb, converter.repairs), assignment, student)
        shown = present(graded.notebook, graded.verdicts, graded.repairs)
        added = len(shown.cells) - len(nb.cells)
        for cell, source in zip(nb.cells, shown.cells[added:], strict=True):
            cell.metadata[VERDICT] = source.metadata.get(VERDICT)
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = source.outputs, source.execution_count
            else:
                cell.source = source.source
        nb.cells = shown.cells[:added] + nb.cells
        return nb, resources

    def _grade(self, converter: Autograde, submission: Submission, assignment: str, student: str) -> Graded:
        course, seed = Course(Path(converter.coursedir.root)), new_seed()
        try:
            if not hasattr(converter, "homework"):  # loaded once for all students of a command
                converter.homework = find_homework(course.homework(assignment))
            # In a thread of its own: Formgrader calls this from inside its event loop, and a run needs its own.
            with ThreadPoolExecutor(1) as thread:
                graded = thread.submit(grade_submission, submission, converter.homework, seed).result()
        except Exception as problem:
            reason = (
                str(problem)
                if isinstance(problem, CourseError)
                else (f"Something went wrong in the grader itself ({type(problem).__name__}); see nbgrader's log.")
            )
            _keep_failure(course, assignment, student, reason)
            raise
        converter.judged_here = graded, seed
        return graded


class KeepResult(NbGraderPreprocessor):
    """Last of all, when nbgrader has saved the marks: what readers gave by hand is put back, and the results file is
    written, unless `autograder grade` writes its own."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        assignment, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        converter = self.parent.parent
        course = Course(Path(converter.coursedir.root))
        graded = converter.graded if hasattr(converter, "graded") else converter.judged_here[0]
        with marks.opened(course) as gradebook:
            graded.notes = readers.put_back(course, gradebook, assignment, student, nb, converter.file)
        if not hasattr(converter, "graded"):
            save_result(course, assignment, StudentResult.graded(student, graded), converter.judged_here[1])
            final_mark(course, assignment, student)  # writes what lateness costs by the homework's own rule
        return nb, resources


def _keep_failure(course: Course, assignment: str, student: str, reason: str) -> None:
    """No older mark stands for a submission that could not be graded, and the report says why."""
    marks.forget(course, assignment, student)
    save_result(
        course, assignment, StudentResult.failed(student, Homework(course.homework(assignment)).questions, reason), 0
    )


def _was_renamed(notebook: Path, assignment: str) -> list[str]:
    """What to tell where `before_student` has made this file, as a copy of one with another name."""
    try:
        chosen, note = choose_notebook(notebook.parent, assignment, copy=notebook)
    except IntakeError:
        return []
    return [note] if note and chosen.read_bytes() == notebook.read_bytes() else []


def _drop_other_files(folder: Path) -> None:
    """Remove what nbgrader copied beside the notebook: it follows links, and feedback would pass the copies on."""
    if folder.is_dir():
        for path in folder.rglob("*"):
            if (path.is_symlink() or path.is_file()) and path.name != "timestamp.txt":
                path.unlink()
