"""Lets an instructor try a homework in Jupyter: the hidden part of a test cell calls the judge directly."""

from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

from autograder.judge.homework import Homework, find_homework
from autograder.judge.judge import draw_request, evidence_of, judge, new_seed
from autograder.judge.verdict import Verdict
from helpers.checks import CheckFailed


@lru_cache(maxsize=1)
def _homework(folder: Path) -> Homework:
    return find_homework(folder)


def judge_namespace(
    question_id: str,
    namespace: dict,
    homework: Homework,
    seed: int | None = None,
    answer_cell: str | None = None,
    lost: Collection[str] = (),
) -> Verdict:
    """The verdict on the functions in `namespace`, called in this very process: for trusted code only."""
    question = next(q for q in homework.questions if q.id == question_id)
    request = draw_request(question, homework, new_seed() if seed is None else seed)
    return judge(request, [evidence_of(request, namespace, homework, answer_cell)], homework, lost)


def try_question(question_id: str, namespace: dict) -> None:
    """Judge one question in the instructor's own kernel; raises CheckFailed with the verdict's sentence.

    The homework is that of the folder in which the notebook lies, where Jupyter starts its kernel.
    """
    verdict = judge_namespace(question_id, namespace, _homework(Path.cwd()))
    if not verdict.complete:
        raise CheckFailed(f"{verdict.score:g} of {verdict.max_score:g} points. {verdict.message}")
    print(f"Hidden checks passed: {verdict.score:g} of {verdict.max_score:g} points.")
