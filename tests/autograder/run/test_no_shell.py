"""A line for a shell does not keep the rest of its cell from running."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.run.notebook import run_notebook

pytestmark = pytest.mark.usefixtures("sandboxed")
LINES = [
    "!pip install -q numpy",
    "!ls",
    "%pip install numpy",
    "%conda install numpy",
    "files = !ls",
    "files = %sx ls",
    "!!ls",
    "if True:\n    !pip install numpy",
    "def work():\n    files = !ls {1 + 1}\n    return files\nassert work() == []",
]


@pytest.fixture(scope="module")
def cells():
    """The cells after a run: each has one of the lines above an answer; then two that stop, and one after them."""
    sources = [f"{line}\nanswer = {i}" for i, line in enumerate(LINES)]
    sources += ["%%bash\nls", "!ls\n1 / 0", "print(answer, sorted(n for n in dir() if 'shell' in n or 'leave' in n))"]
    return run_notebook(new_notebook(cells=[new_code_cell(source) for source in sources]), {}).notebook.cells


@pytest.mark.parametrize("place", range(len(LINES)))
def test_the_line_is_left_out_with_a_note_and_the_cell_goes_on(cells, place):
    said = "".join(output.get("text", output.get("ename", "")) for output in cells[place].outputs)
    assert said.startswith("There is no shell here, so this line was left out: ") and "Error" not in said


def test_all_cells_have_run_and_nothing_of_ours_is_in_the_notebooks_names(cells):
    assert cells[-1].outputs[0].text == f"{len(LINES) - 1} []\n"


def test_what_is_wrong_still_stops_its_cell(cells):
    assert [output.get("ename") for output in cells[-2].outputs][-1] == "ZeroDivisionError"


def test_a_cell_for_another_program_says_that_it_is_not_there(cells):
    assert "find program" in cells[-3].outputs[-1].text
