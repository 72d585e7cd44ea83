"""The places where nbgrader's autograde is ours: reading a submission, running and judging it, keeping the result.

`autograder grade` comes through here too, with what it has already run and judged in `prepared`. nbgrader's own
command and Formgrader's button come with nothing prepared; then the run happens here, and the results file
that `autograder report` reads is written here.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.cells import tested_question, visible_tests
from autograder.course import Course, read_notebook, released_form
from autograder.grading import Graded, grade_submission
from autograder.homework import Homework, load_homework
from autograder.intake import IntakeError, Submission, choose_notebook, read_file, read_submission
from autograder.judge import new_seed
from autograder.present import VERDICT, present
from helpers.errors import CourseError

# What `autograder grade` has already run and judged, by (assignment, student): nbgrader then only records it.
prepared: dict[tuple[str, str], Graded] = {}
# What intake had to repair, and what was run and judged here, on their way through nbgrader's two passes.
_repairs: dict[tuple[str, str], list[str]] = {}
_found: dict[tuple[str, str], tuple[Graded, int]] = {}


def before_student(assignment: str, student: str, notebooks: list[str]) -> None:
    """nbgrader's hook before it starts on a student: older marks are taken back first, so that whatever fails from
    here on leaves none, and a renamed notebook gets the name that nbgrader looks for (the original stays)."""
    from autograder import gradebook
    from autograder.results import drop_result

    if not notebooks:
        return
    folder = Path(notebooks[0]).parent
    assignment, student = folder.name, folder.parent.name
    if (assignment, student) in prepared:
        return
    course = Course.find(folder)
    _repairs.pop((assignment, student), None)
    gradebook.forget(course, assignment, student)
    drop_result(course, assignment, student)
    wanted = folder / f"{assignment}.ipynb"
    if str(wanted) not in notebooks:
        try:
            chosen, note = choose_notebook(folder, assignment)
        except IntakeError as reason:
            _keep_failure(course, assignment, student, str(reason))
            return
        wanted.write_bytes(read_file(chosen))
        notebooks[:] = [str(wanted)]
        _repairs[assignment, student] = [note] if note else []


class IntakeExporter(NotebookExporter):
    """Reads a submitted file through intake; reads back nbgrader's own intermediate file as it is."""

    def from_filename(self, filename, resources=None, **kwargs):
        if not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources=resources, **kwargs)
        course = Course(Path(self.parent.coursedir.root))
        assignment, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        _drop_other_files(course.build / "autograded" / student / assignment)
        try:
            released = released_form(read_notebook(course.source(assignment)))
            submission = read_submission(read_file(Path(filename)), released)
        except IntakeError as reason:
            _keep_failure(course, assignment, student, str(reason))
            raise
        _repairs[assignment, student] = _repairs.get((assignment, student), []) + submission.repairs
        return self.from_notebook_node(submission.notebook, resources=resources, **kwargs)


class RunAndJudge(NbGraderPreprocessor):
    """Stands where nbgrader's Execute stood: student code runs apart, and the judge's verdict is what is saved."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        assignment, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        for cell in nb.cells:
            if tested_question(cell):
                cell.source = visible_tests(cell.source)
        graded = prepared.get((assignment, student))
        repairs = _repairs.pop((assignment, student), [])
        if graded is None:
            graded = self._grade(Submission(nb, repairs), assignment, student)
        shown = present(graded.notebook, graded.verdicts, graded.repairs)
        added = len(shown.cells) - len(nb.cells)
        for cell, source in zip(nb.cells, shown.cells[added:], strict=True):
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = source.outputs, source.execution_count
                cell.metadata[VERDICT] = source.metadata.get(VERDICT)
            else:
                cell.source = source.source
        nb.cells = shown.cells[:added] + nb.cells
        return nb, resources

    def _grade(self, submission: Submission, assignment: str, student: str) -> Graded:
        course, seed = Course(Path(self.parent.parent.coursedir.root)), new_seed()
        try:
            # In a thread of its own: Formgrader calls this from inside its event loop, and a run needs its own.
            with ThreadPoolExecutor(1) as thread:
                graded = thread.submit(
                    grade_submission, submission, course.questions(assignment), _homework(assignment), seed
                ).result()
        except Exception as problem:
            reason = (
                str(problem)
                if isinstance(problem, CourseError)
                else (f"Something went wrong in the grader itself ({type(problem).__name__}); see nbgrader's log.")
            )
            _keep_failure(course, assignment, student, reason)
            raise
        _found[assignment, student] = graded, seed
        return graded


class KeepResult(NbGraderPreprocessor):
    """Last of all, when nbgrader has saved the marks: the results file, unless `autograder grade` writes its own."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        from autograder.results import StudentResult, save_result

        assignment, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        if (assignment, student) in _found:
            graded, seed = _found.pop((assignment, student))
            course = Course(Path(self.parent.parent.coursedir.root))
            save_result(course, assignment, StudentResult.graded(student, graded), seed)
        return nb, resources


def _keep_failure(course: Course, assignment: str, student: str, reason: str) -> None:
    """No older mark stands for a submission that could not be graded, and the report says why."""
    from autograder import gradebook
    from autograder.results import StudentResult, save_result

    if (assignment, student) in prepared:
        return
    gradebook.forget(course, assignment, student)
    save_result(course, assignment, StudentResult.failed(student, course.questions(assignment), reason), 0)


def _drop_other_files(folder: Path) -> None:
    """Remove what nbgrader copied beside the notebook: it follows links, and feedback would pass the copies on."""
    if folder.is_dir():
        for path in folder.rglob("*"):
            if (path.is_symlink() or path.is_file()) and path.name != "timestamp.txt":
                path.unlink()


@lru_cache(maxsize=1)
def _homework(assignment: str) -> Homework:
    homework = load_homework(assignment)
    homework.query_embeddings  # into the cache that the students' kernels read
    return homework
