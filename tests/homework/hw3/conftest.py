"""Homework 3 on the small catalogue."""

import pytest

from autograder.judge.homework import Homework
from tests.support.hw3 import BANKS


@pytest.fixture(scope="module")
def homework(small_data):
    """With its reference values there; for the rest of the module the small catalogue is the data set in use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA_DIR", str(small_data))
        measured = Homework(BANKS.homework.folder)
        measured.measure_reference()
        yield measured
