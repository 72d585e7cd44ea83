"""The instructor's notebook in its forms: as written, as released, and with answers in it."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests, ClearOutput, ClearSolutions, LockCells

from autograder.course.cells import answered_question, grade_id

SET_UP = "setup"  # the nbgrader id of the set-up cell


def read_notebook(path: Path) -> NotebookNode:
    """A trusted notebook (the course's own)."""
    return nbformat.read(path, as_version=4)


def released_form(source: NotebookNode) -> NotebookNode:
    """The notebook as students receive it: no solutions (the mark scheme is part of one), hidden tests or outputs."""
    notebook = nbformat.from_dict(source)
    resources: dict = {}
    for preprocessor in (LockCells, ClearSolutions, ClearOutput, ClearHiddenTests):
        notebook, resources = preprocessor().preprocess(notebook, resources)
    return notebook


LOADS_DATA = "load_homework_data()"
NAMED = re.compile(r"load_homework_data\(\n {4}marked_on=dict\(\n(?: {8}.*\n)+ {4}\)\n\)")


def loads_data(notebook: NotebookNode) -> bool:
    """Whether a cell of the notebook loads the homework's data."""
    return any(cell.cell_type == "code" and LOADS_DATA in cell.source for cell in notebook.cells)


def naming_data(released: NotebookNode, described: Mapping[str, str | int]) -> NotebookNode:
    """The notebook, which says where it loads its data on which data set it is marked (`describe_homework_data`).

    Only what students receive says so: the grader runs the instructor's own cell, on the data that it grades with.
    """
    notebook = nbformat.from_dict(released)
    fields = "".join(f"        {key}={value!r},\n" for key, value in described.items())
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = cell.source.replace(LOADS_DATA, f"load_homework_data(\n    marked_on=dict(\n{fields}    )\n)")
    return notebook


def without_data_name(source: str) -> str:
    """A cell's source as the instructor wrote it, before `naming_data`."""
    return NAMED.sub(LOADS_DATA, source)


def solved(source: NotebookNode) -> NotebookNode:
    """The released notebook with the instructor's solutions in the answer cells."""
    return with_answers(source, {})


def with_mistakes(source: NotebookNode, mistakes: dict[str, tuple[str, str]]) -> NotebookNode:
    """The solved notebook with some text in some answers replaced."""
    notebook = solved(source)
    for cell in notebook.cells:
        if (question := answered_question(cell)) in mistakes:
            right, wrong = mistakes[question]
            if right not in cell.source:
                raise ValueError(f"The solution of {question} does not hold {right!r}.")
            cell.source = cell.source.replace(right, wrong)
    return notebook


def with_answers(source: NotebookNode, answers: dict[str, str]) -> NotebookNode:
    """The released notebook with answer cells filled: from `answers` by question id, else from the solution."""
    notebook = released_form(source)
    for cell, original in zip(notebook.cells, source.cells, strict=True):
        if question := answered_question(cell):
            text = re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", original.source, flags=re.M)
            text = text.split("**Mark scheme", 1)[0]
            cell.source = answers.get(question, text.rstrip())
    return notebook


def set_up_imports(source: NotebookNode) -> str:
    """The import statements of the set-up cell, without what else it does."""
    from IPython.core.inputtransformer2 import TransformerManager  # a cell may hold magics

    cells = [TransformerManager().transform_cell(cell.source) for cell in source.cells if grade_id(cell) == SET_UP]
    lines = [line for cell in cells for line in ast.parse(cell).body]
    return "\n".join(ast.unparse(line) for line in lines if isinstance(line, ast.Import | ast.ImportFrom))
