"""The instructor's answers of a homework, and what they earn on a data set."""

from pathlib import Path

from autograder.course.cells import answered_question
from autograder.course.notebooks import read_notebook, solved
from autograder.judge.homework import Homework
from autograder.tryout import judge_namespace

HOMEWORK = Path(__file__).resolve().parents[2] / "homework"


def solutions_of(name: str) -> dict[str, str]:
    """{question id: the text of the instructor's answer}."""
    notebook = solved(read_notebook(HOMEWORK / name / f"{name}.ipynb"))
    return {question: cell.source for cell in notebook.cells if (question := answered_question(cell))}


def points_lost(name: str, seed: int) -> tuple[Homework, dict[str, str]]:
    """The homework, measured on the data set in use, and {question: why the solution lost points there}."""
    homework, solutions = Homework(HOMEWORK / name), solutions_of(name)
    homework.measure_reference()
    space = homework.shop.notebook()
    for question in homework.judged:
        exec(solutions[question.id], space)
    verdicts = [
        judge_namespace(question.id, space, homework, seed, answer_cell=solutions[question.id])
        for question in homework.judged
    ]
    return homework, {verdict.id: verdict.message for verdict in verdicts if not verdict.complete}
