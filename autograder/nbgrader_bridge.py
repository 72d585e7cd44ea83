"""The two places where nbgrader's autograde is ours: reading a submission, and running and judging it."""

from functools import lru_cache
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.cells import tested_question, visible_tests
from autograder.course import Course, read_notebook, released_form
from autograder.grading import Graded, grade_submission
from autograder.homework import Homework, load_homework
from autograder.intake import Submission, read_submission
from autograder.judge import new_seed
from autograder.present import present

# What `autograder grade` has already run and judged, by (assignment, student): nbgrader then only records it.
prepared: dict[tuple[str, str], Graded] = {}


class IntakeExporter(NotebookExporter):
    """Reads a submitted file through intake; reads back nbgrader's own intermediate file as it is."""

    def from_filename(self, filename, resources=None, **kwargs):
        if not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources=resources, **kwargs)
        course = Course(Path(self.parent.coursedir.root))
        released = released_form(read_notebook(course.source(resources["nbgrader"]["assignment"])))
        submission = read_submission(Path(filename).read_bytes(), released)
        return self.from_notebook_node(submission.notebook, resources=resources, **kwargs)


class RunAndJudge(NbGraderPreprocessor):
    """Stands where nbgrader's Execute stood: student code runs apart, and the judge's verdict is what is saved."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        assignment, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        for cell in nb.cells:
            if tested_question(cell):
                cell.source = visible_tests(cell.source)
        graded = prepared.get((assignment, student))
        if graded is None:
            course = Course(Path(self.parent.parent.coursedir.root))
            graded = grade_submission(Submission(nb), course.questions(assignment), _homework(assignment), new_seed())
        shown = present(graded.notebook, graded.verdicts)
        for cell, source in zip(nb.cells, shown.cells, strict=True):
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = source.outputs, source.execution_count
        return nb, resources


@lru_cache(maxsize=1)
def _homework(assignment: str) -> Homework:
    homework = load_homework(assignment)
    homework.query_embeddings  # into the cache that the students' kernels read
    return homework
