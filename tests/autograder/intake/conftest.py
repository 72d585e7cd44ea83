"""A released homework and a solved one, to be damaged."""

import json
from pathlib import Path

import nbformat
import pytest

from autograder.course.notebooks import read_notebook, released_form, solved

HOMEWORK = Path(__file__).resolve().parents[3] / "homework" / "hw4" / "hw4.ipynb"


@pytest.fixture(scope="module")
def source():
    return read_notebook(HOMEWORK)


@pytest.fixture(scope="module")
def released(source):
    return released_form(source)


@pytest.fixture
def handed(source):
    """A solved notebook as a plain dict, to be damaged."""
    return json.loads(nbformat.writes(solved(source)))
