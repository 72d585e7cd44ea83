"""A homework of two questions, recall (judged) and essay (marked by hand), and notebooks that are handed in for it."""

import json
import re
import shutil
import sys

import nbformat

from autograder.commands.new import new_homework
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook, with_answers
from autograder.inside.collector import KernelPart, answer_probes
from autograder.run.notebook import Run

RIGHT = "def recall_at_k(retrieved_ids, relevant_ids, k=10):\n    relevant = set(relevant_ids)\n"
RIGHT += "    return len(set(retrieved_ids[:k]) & relevant) / len(relevant) if relevant else 0.0"
UNCUT = RIGHT.replace("[:k]", "")  # loses the check called cut
BLANK = "def recall_at_k(retrieved_ids, relevant_ids, k=10):\n    raise NotImplementedError()"
ESSAY = "*YOUR ANSWER HERE*\n\n**Mark scheme (5 points)** one for each reason."
KEY = """
from autograder.judge.question import Question

from .recall import RECALL

QUESTIONS = (RECALL, Question("essay", 5, "Say why"))
"""
SHOWN = '''
def essay():
    """Say why."""
    return [prop("marked by hand", 5)]


QUESTIONS = [recall, essay]
'''
# What the questions are worth, as `KEY` and the skeleton have it; UNCUT loses two of the first.
RECALL_POINTS, CUT_POINTS, ESSAY_POINTS = 10, 2, 5


def make_small_homework(course: Course, name: str) -> None:
    """Write homework/<name> of the course."""
    folder = new_homework(course, name)
    (folder / "key" / "__init__.py").write_text(KEY, encoding="utf-8")
    with open(folder / "checks.py", "a", encoding="utf-8") as file:
        file.write(SHOWN)
    notebook = read_notebook(course.source(name))
    about = {"grade": True, "grade_id": "answer_essay", "locked": False, "points": ESSAY_POINTS}
    about |= {"schema_version": 3, "solution": True, "task": False}
    notebook.cells.append(nbformat.v4.new_markdown_cell(ESSAY, id="essay", metadata={"nbgrader": about}))
    nbformat.write(notebook, course.source(name))


def notebook_of(course: Course, name: str, recall: str = RIGHT, essay: str = "Because.") -> bytes:
    """The file of a student with these answers."""
    notebook = with_answers(read_notebook(course.source(name)), {"recall": recall, "essay": essay})
    return nbformat.writes(notebook).encode()


def rewrite(course: Course, name: str, file: str, pattern: str, new: str) -> None:
    """Change a file of the homework by a regular expression that fits there."""
    path = course.homework(name) / file
    text, found = re.subn(pattern, new, path.read_text(encoding="utf-8"))
    assert found, pattern
    path.write_text(text, encoding="utf-8")
    # A command has a process of its own and loads the key anew; here it is one and the same for all of them.
    for cache in course.homework(name).rglob("__pycache__"):
        shutil.rmtree(cache)
    for module, loaded in list(sys.modules.items()):
        if str(course.homework(name)) in str(getattr(loaded, "__file__", "")):
            del sys.modules[module]


def run_here(notebook, requests, *_):
    """Stands in for a kernel, with the grader's own rights: runs the answer cell, then answers the probes."""
    space: dict = {}
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "answer_recall":
            exec(cell.source, space)
    wire = json.loads(requests["recall"])
    answers = answer_probes(wire["probes"], space, KernelPart(""))
    return Run(notebook, {"recall": [json.dumps({"nonce": wire["nonce"], "answers": answers})]})
