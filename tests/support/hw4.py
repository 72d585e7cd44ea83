"""Homework 4 as the repository has it: its questions and their banks, for tests that need no data."""

from tests.support.banks import Banks

BANKS = Banks("hw4")
HW4, QUESTIONS = BANKS.homework, BANKS.questions
MISCONCEPTIONS, RIGHT_ANSWERS = BANKS.misconceptions, BANKS.right_answers
module_of_the_key = BANKS.module_of_the_key
