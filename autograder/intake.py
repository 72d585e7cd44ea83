"""Turns whatever a student handed in into a clean notebook, or a reason in words.

A clean notebook has every cell of the released one, in its order, with the instructor's text in all locked and
test cells, the student's text in the answer cells, and the student's own extra cells where they stood.
Nothing of the submission is executed or imported here, and the submitted file is never changed.
"""

import json
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from autograder.cells import answered_question, grade_id
from helpers.errors import CourseError

MAX_BYTES = 50 * 2**20
MAX_CELLS = 2_000
MAX_SOURCE = 500_000


class IntakeError(CourseError):
    """A submission that cannot be made into a notebook; the message is the reason, for student and instructor."""


@dataclass
class Submission:
    """A clean notebook and what had to be repaired, in words."""
    notebook: NotebookNode
    repairs: list[str] = field(default_factory=list)


def read_submission(raw: bytes, released: NotebookNode) -> Submission:
    """The bytes of a submitted file -> Submission, or IntakeError with the reason.

    released: the notebook as students received it (no solutions, no hidden tests).
    """
    cells, repairs = _cells(_parse(raw))
    return _merge(cells, released, repairs)


def _parse(raw: bytes) -> dict:
    if len(raw) > MAX_BYTES:
        raise IntakeError(f"The file is {len(raw) / 2**20:.0f} MB; notebooks over {MAX_BYTES // 2**20} MB are not read. "
                          "Clear the outputs and hand in again.")
    if not raw.strip():
        raise IntakeError("The file is empty. Save the notebook and hand in again.")
    for encoding in ("utf-8-sig", "utf-16", "latin-1"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeError:
            continue
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise IntakeError("The file is not a Jupyter notebook: it does not hold valid JSON. "
                          "Open it in JupyterLab, save it and hand in again.") from None
    if not isinstance(content, dict):
        raise IntakeError("The file is not a Jupyter notebook: it holds JSON of another kind.")
    return content


def _cells(content: dict) -> tuple[list[dict], list[str]]:
    """The notebook's cells as plain dicts with cell_type, source and metadata; odd ones are left out."""
    raw_cells, repairs = content.get("cells"), []
    if raw_cells is None and isinstance(content.get("worksheets"), list):
        raw_cells = [c for sheet in content["worksheets"] if isinstance(sheet, dict) for c in sheet.get("cells", [])]
        repairs.append("The notebook was in an old format; its cells were taken over.")
    if not isinstance(raw_cells, list):
        raise IntakeError("The file is not a Jupyter notebook: it has no cells.")
    if len(raw_cells) > MAX_CELLS:
        raise IntakeError(f"The notebook has {len(raw_cells):,} cells; at most {MAX_CELLS:,} are read.")
    cells = []
    for cell in raw_cells:
        if not isinstance(cell, dict):
            continue
        source = cell.get("source", cell.get("input", ""))
        if isinstance(source, list):
            source = "".join(part for part in source if isinstance(part, str))
        metadata = cell.get("metadata")
        cells.append({"cell_type": "code" if cell.get("cell_type") == "code" else "markdown",
                      "source": source if isinstance(source, str) else "",
                      "metadata": metadata if isinstance(metadata, dict) else {}})
    if any(len(cell["source"]) > MAX_SOURCE for cell in cells):
        raise IntakeError(f"A cell holds more than {MAX_SOURCE:,} characters; shorten it and hand in again.")
    return cells, repairs


def _merge(cells: list[dict], released: NotebookNode, repairs: list[str]) -> Submission:
    """The released notebook with the student's answers, and the student's own cells after the cell they followed."""
    known = {grade_id(cell): cell for cell in released.cells if grade_id(cell)}
    answers, extras, after = {}, {None: []}, None
    for cell in cells:
        name = _name(cell)
        is_answer = name in known and _is_answer(known[name])
        if name not in known or (is_answer and name in answers and answers[name] != known[name].source):
            if name in known:
                repairs.append(f"Cell {name} stands more than once; the first one is the answer.")
            extras.setdefault(after, []).append(cell)
            continue
        after = name
        if is_answer:
            if cell["cell_type"] != known[name].cell_type:
                repairs.append(f"Cell {name} had its type changed; it was changed back.")
            answers[name] = cell["source"]
    if not any(name in answers for name in known if answered_question(known[name])):
        raise IntakeError("None of this homework's answer cells is in the notebook. Is it the right file?")
    notebook = nbformat.v4.new_notebook(metadata=released.metadata)
    notebook.cells = [_own(cell) for cell in extras[None]]
    for cell in released.cells:
        name = grade_id(cell)
        clean = nbformat.from_dict(cell)
        if name and _is_answer(cell):
            if name in answers:
                clean.source = answers[name]
            else:
                repairs.append(f"Cell {name} was missing; it counts as not answered.")
        notebook.cells.append(clean)
        notebook.cells += [_own(extra) for extra in extras.get(name, [])] if name else []
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position}"
    return Submission(notebook, repairs)


def _name(cell: dict) -> str | None:
    meta = cell["metadata"].get("nbgrader")
    name = meta.get("grade_id") if isinstance(meta, dict) else None
    return name if isinstance(name, str) else None


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.nbgrader.get("solution"))


def _own(cell: dict) -> NotebookNode:
    """A student's own cell, without metadata."""
    make = nbformat.v4.new_code_cell if cell["cell_type"] == "code" else nbformat.v4.new_markdown_cell
    return make(cell["source"])
