"""Files as students hand them in, and what intake makes of them."""

import json

import nbformat

from autograder.course.cells import answered_question, grade_id
from autograder.intake.merge import read_submission


def read(content, released):
    return read_submission(content if isinstance(content, bytes) else json.dumps(content).encode(), released)


def answers(submission):
    return {answered_question(c): c.source for c in submission.notebook.cells if answered_question(c)}


def find(handed, name):
    return next(c for c in handed["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def same_frame(submission, released):
    """The clean notebook has the released cells in order, with the instructor's text in the locked ones."""
    nbformat.validate(submission.notebook)
    kept = [c for c in submission.notebook.cells if grade_id(c)]
    assert [grade_id(c) for c in kept] == [grade_id(c) for c in released.cells if grade_id(c)]
    for cell, original in zip(kept, (c for c in released.cells if grade_id(c))):
        assert cell.cell_type == original.cell_type and cell.metadata == original.metadata
        if not answered_question(cell):
            assert cell.source == original.source
    return submission


def solved_answers(released, handed):
    return answers(read(handed, released))
