"""Every exercise of a lecture has its four cells; it is stored unsolved, and its folded solution passes its checks."""

import re
from pathlib import Path

import nbformat
import pytest

from tests.support.catalogues import run_cells

LECTURES = sorted((Path(__file__).parents[2] / "lectures").glob("*.ipynb"))
HEADING = re.compile(r"### Exercise: [A-Z][^\n]+ \(\d+ minutes\)\n")
SOLUTION = re.compile(
    r"<details><summary><b>Solution</b></summary>\n\n(?:[^`]+\n\n)?```python\n(.+?)\n```\n\n(?:[^`]+\n\n)?</details>",
    re.DOTALL,
)


def exercises(path):
    """name -> its four cells, in the order of the notebook: text, empty function, checks, solution."""
    cells = nbformat.read(path, as_version=4).cells
    found = {}
    for i, cell in enumerate(cells):
        if "### Exercise" in cell.source:
            found[cell.id.removeprefix("exercise-")] = cells[i : i + 4]
    return found


with_exercises = pytest.mark.parametrize(
    "path", [path for path in LECTURES if exercises(path)], ids=lambda path: path.stem
)


@with_exercises
def test_an_exercise_has_its_four_cells(path):
    for name, cells in exercises(path).items():
        text, answer, checks, solution = cells
        assert [cell.id for cell in cells] == [f"{kind}-{name}" for kind in ("exercise", "answer", "check", "solution")]
        assert HEADING.match(text.source), text.source.splitlines()[0]
        assert answer.source.rstrip().endswith("\n    ..."), f"{name}: the function is not empty"
        assert checks.source.splitlines()[-1].startswith(("check_that(", " ")), name
        assert SOLUTION.fullmatch(solution.source), f"{name}: the solution is not folded as it should be"
        assert signature(answer.source) == signature(SOLUTION.search(solution.source)[1]), name


def signature(source):
    return re.search(r"^def .+?:$", source, re.MULTILINE | re.DOTALL)[0]


@with_exercises
def test_an_exercise_is_stored_unsolved(path):
    for name, (_, _, checks, _) in exercises(path).items():
        [output] = checks.outputs
        lines = output.text.splitlines()
        assert lines and all(line.startswith("○ still to be written: ") for line in lines), (name, lines)


@with_exercises
def test_the_folded_solutions_pass_every_check(path):
    solved = {
        f"answer-{name}": SOLUTION.search(solution.source)[1] for name, (_, _, _, solution) in exercises(path).items()
    }
    printed = run_cells(path, instead=solved)
    verdicts = [line for line in printed.splitlines() if line.startswith(("✓", "✗", "○"))]
    stored = [line for _, _, checks, _ in exercises(path).values() for line in checks.outputs[0].text.splitlines()]
    assert verdicts == [line.replace("○ still to be written: ", "✓ ") for line in stored]
