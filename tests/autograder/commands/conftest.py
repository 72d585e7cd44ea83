"""A course of its own for each test, from the one that a module has made."""

import shutil

import pytest

from autograder.course.folder import Course


@pytest.fixture
def course(template, tmp_path):
    """The module's `template`, with the homework released and nobody graded, for one test to change."""
    shutil.copytree(template.root, tmp_path / "course")
    return Course(tmp_path / "course")
