"""Homework 3 as the repository has it: its questions and their banks, for tests that need no data."""

from tests.support.banks import Banks

BANKS = Banks("hw3")
