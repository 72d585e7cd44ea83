"""The same work gets the same mark, in whatever cells it stands; and no work gets none, whatever it looks for."""

import json

import nbformat
import pytest

from autograder.course.cells import grade_id
from autograder.course.notebooks import read_notebook, released_form, solved, with_answers
from autograder.gradebook import marks
from autograder.intake.merge import read_submission
from autograder.judge.submission import grade_submission
from tests.conftest import SEED
from tests.support.hw4 import POINTS

pytestmark = pytest.mark.usefixtures("sandboxed")


@pytest.fixture(scope="module")
def source(small_homework):
    return read_notebook(small_homework.folder / "hw4.ipynb")


@pytest.fixture(scope="module")
def scores(source, small_homework):
    """A function: takes in, runs and judges a notebook -> ({question: score}, {question: message})."""

    def graded(notebook):
        submission = read_submission(nbformat.writes(notebook).encode(), released_form(source))
        verdicts = grade_submission(submission, small_homework, SEED).verdicts
        return {v.id: v.score for v in verdicts}, {v.id: v.message for v in verdicts}

    return graded


FULL = POINTS | {"reflection": 0}


def place(notebook, name):
    return next(i for i, cell in enumerate(notebook.cells) if grade_id(cell) == name)


def test_lines_for_a_shell_cost_nothing(source, solutions, scores):
    lines = ["!pip install -q numpy", "!ls", "%pip install numpy", "files = !ls"]
    answers = {q: f"{lines[i % len(lines)]}\n{text}" for i, (q, text) in enumerate(solutions.items())}
    got, _ = scores(with_answers(source, answers))
    assert got == FULL


@pytest.mark.parametrize("where", ["below each test", "at the end"])
def test_answers_below_stubs_count_and_are_told_where_they_belong(source, solutions, scores, where):
    notebook = released_form(source)
    for question, text in solutions.items():
        if question != "reflection":
            at = place(notebook, f"test_{question}") + 1 if where == "below each test" else len(notebook.cells)
            notebook.cells.insert(at, nbformat.v4.new_code_cell(text))
    got, said = scores(notebook)
    assert got == FULL
    assert all("Write it in the answer cell, above the test." in said[q] for q in FULL if q != "reflection")


def test_an_answer_in_two_cells_is_not_paid_for_twice(source, solutions, scores):
    """The table of question 7 is made from a wrong recall, and its cell is split, with the id and without."""
    for keeps_id in (True, False):
        wrong = solutions | {"recall": solutions["recall"].replace("/ len(relevant)", "/ 100")}
        notebook = with_answers(source, wrong)
        at = place(notebook, "answer_best_alpha")
        whole = notebook.cells[at].source
        cut = whole.index("alpha_table = ")
        notebook.cells[at].source = whole[:cut]
        second = nbformat.v4.new_code_cell(whole[cut:])
        if keeps_id:
            second.metadata = notebook.cells[at].metadata
        notebook.cells.insert(at + 1, second)
        notebook.cells.append(nbformat.v4.new_code_cell("def hybrid_search(query):\n    return query"))
        got, said = scores(notebook)
        assert got == FULL | {"recall": 0}, said
        assert "with the course's own recall_at_k" in said["best_alpha"]


def test_tensors_are_answers(source, solutions, scores):
    tensor = """
class Tensor:
    def __init__(self, values, far=True): self.values, self.far = values, far
    def detach(self): return Tensor(self.values)
    def cpu(self): return Tensor(self.values, far=False)
    def __array__(self, dtype=None, copy=None):
        if self.far: raise TypeError("can't convert a tensor that requires grad, or of another device")
        return np.asarray(self.values, np.float32)
"""
    batch, normalize = solutions["batch_cosine"], solutions["normalize"]
    answers = {
        "batch_cosine": tensor + batch.replace("return np.divide(", "return Tensor(np.divide(") + ")",
        "normalize": normalize.replace(
            "return (scores - scores.min()) / spread", "return Tensor((scores - scores.min()) / spread)"
        ),
    }
    got, said = scores(with_answers(source, solutions | answers))
    assert {q: got[q] for q in answers} == {q: POINTS[q] for q in answers}, said


LOOKS_FOR_THE_COURSES_OWN = '''
import gc, sys

def _found(name):
    """The course's version of a function, wherever this process holds it outside the package helpers."""
    frame = sys._getframe(1)
    while frame:
        for holder in (frame.f_locals, frame.f_globals):
            for value in list(holder.values()):
                space = getattr(value, "space", None)
                if isinstance(space, dict) and "stand_ins" in space:
                    own = space["stand_ins"]().get(name)
                    if own: return own
                if isinstance(value, dict) and callable(value.get(name)) and value is not globals():
                    if value[name] is not globals().get("_own_" + name): return value[name]
                if isinstance(value, dict) and isinstance(value.get("part"), str) and "def stand_ins" in value["part"]:
                    space = {}
                    exec(value["part"], space)
                    own = space["stand_ins"]().get(name)
                    if own: return own
        frame = frame.f_back
    raise NotImplementedError

def _cheat(name):
    def own(*args, **kwargs):
        return _found(name)(*args, **kwargs)
    globals()["_own_" + name] = globals()[name] = own
'''
NAMES = {
    "cosine": "cosine_similarity",
    "batch_cosine": "batch_cosine_similarity",
    "recall": "recall_at_k",
    "semantic": "semantic_search",
    "normalize": "normalize_scores",
    "hybrid": "hybrid_search",
}


def test_the_courses_functions_are_not_there_to_be_taken(source, scores):
    """Nothing is written; every function looks for the course's own one in the frames that call it."""
    answers = {q: f'{LOOKS_FOR_THE_COURSES_OWN}\n_cheat("{name}")' for q, name in NAMES.items()}
    got, _ = scores(with_answers(source, answers | {"best_alpha": "", "misaligned": "", "reflection": ""}))
    assert sum(got.values()) == 0, got


def test_a_written_answer_without_its_cell_waits_in_the_gradebook(course, grade, runs, source):
    notebook = json.loads(nbformat.writes(solved(source)))
    names = [cell["metadata"]["nbgrader"]["grade_id"] for cell in notebook["cells"]]
    lost = names.index("answer_reflection")
    notebook["cells"][lost] = {"cell_type": "markdown", "metadata": {}, "source": "What I think."}
    notebook["cells"].insert(3, {"cell_type": "markdown", "metadata": {}, "source": "A note."})
    course.submitted("hw4", "ada").write_text(json.dumps(notebook))
    blank = nbformat.writes(released_form(source))
    course.submitted("hw4", "bob").write_text(blank)
    grade()
    assert marks.marks_of(course, "hw4", "ada")["reflection"].waiting
    assert not marks.marks_of(course, "hw4", "bob")["reflection"].waiting
