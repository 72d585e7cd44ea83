"""Homework 4 as the repository has it: its questions and their banks, for tests that need no data."""

from tests.support.banks import Banks

BANKS = Banks("hw4")
HW4, QUESTIONS = BANKS.homework, BANKS.questions
MISCONCEPTIONS, RIGHT_ANSWERS = BANKS.misconceptions, BANKS.right_answers
module_of_the_key = BANKS.module_of_the_key
POINTS = {question.id: question.points for question in QUESTIONS}
JUDGED = sum(POINTS[question] for question in BANKS.judged)


def points_without(question: str, *lost: str) -> float:
    """What a question is worth without the points of these of its checks."""
    checks = BANKS.judged[question].checks
    assert set(lost) <= {check.id for check in checks}
    return sum(check.points for check in checks if check.id not in lost)
