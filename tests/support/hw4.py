"""Homework 4 as the repository has it: its questions and their banks, for tests that need no data."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from autograder.judge.homework import Homework

HW4 = Homework(Path(__file__).resolve().parents[2] / "homework" / "hw4")
QUESTIONS = HW4.questions
POINTS = {question.id: question.points for question in QUESTIONS}
JUDGED = sum(POINTS[question.id] for question in HW4.judged)
MISCONCEPTIONS = {question.id: question.misconceptions for question in HW4.judged}
RIGHT_ANSWERS = {question.id: question.right_answers for question in HW4.judged}


def points_without(question: str, *lost: str) -> float:
    """What a question is worth without the points of these of its checks."""
    [checks] = [q.checks for q in QUESTIONS if q.id == question]
    assert set(lost) <= {check.id for check in checks}
    return sum(check.points for check in checks if check.id not in lost)


def module_of_the_key(name: str) -> ModuleType:
    return import_module(f"{HW4.key.__name__}.{name}")
