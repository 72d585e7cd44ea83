"""Turns whatever a student handed in into a clean notebook, or a reason in words.

A clean notebook has every cell of the released one, in its order, with the instructor's text in all locked and
test cells, the student's text in the answer cells, and the student's own extra cells where they stood.
Nothing of the submission is executed or imported here, and the submitted file is never changed.
"""

import json
import re
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from autograder.course.cells import answered_question, grade_id
from autograder.intake.choose import MAX_BYTES, IntakeError, too_large

MAX_CELLS = 2_000
MAX_SOURCE = 500_000
LARGE_OUTPUTS = 5 * 2**20


@dataclass
class Submission:
    """A clean notebook and what had to be repaired, in words."""

    notebook: NotebookNode
    repairs: list[str] = field(default_factory=list)


@dataclass
class _Cell:
    """A cell as handed in; `name` is the id it claims, `source` its text."""

    code: bool
    source: str
    name: str | None


# --- from bytes to cells ---------------------------------------------------------------------------------


def read_submission(raw: bytes, released: NotebookNode) -> Submission:
    """The bytes of a submitted file -> Submission, or IntakeError with the reason.

    released: the notebook as students received it (no solutions, no hidden tests).
    """
    content, repairs = _parse(raw)
    cells = _cells(content, repairs)
    return _merge(cells, released, repairs)


def _parse(raw: bytes) -> tuple[dict, list[str]]:
    if len(raw) > MAX_BYTES:
        raise IntakeError(too_large(len(raw)))
    if not raw.strip(b" \t\r\n\0"):
        raise IntakeError("The file is empty. Save the notebook and hand in again.")
    if raw.startswith(b"PK\x03\x04"):
        raise IntakeError("The file is a zip archive, not a notebook. Unpack it and hand in the .ipynb file.")
    for encoding in dict.fromkeys(("utf-8-sig", json.detect_encoding(raw), "utf-16", "cp1252", "latin-1")):
        try:
            content = json.loads(raw.decode(encoding), strict=False)
        except (ValueError, RecursionError):
            continue
        if not isinstance(content, dict):
            raise IntakeError("The file is not a Jupyter notebook: it holds JSON of another kind.")
        usual = encoding.startswith("utf-8")
        return content, [] if usual else [f"The file was not in UTF-8; it was read as {encoding}."]
    raise IntakeError(
        "The file is not a Jupyter notebook: it does not hold valid JSON. "
        "Open it in JupyterLab, save it and hand in again."
    )


def _cells(content: dict, repairs: list[str]) -> list[_Cell]:
    """The notebook's cells with their sources; outputs, attachments and odd entries are dropped."""
    version, minor = content.get("nbformat"), content.get("nbformat_minor", 0)
    raw_cells = content.get("cells")
    if not isinstance(raw_cells, list) and isinstance(content.get("worksheets"), list):
        sheets = [sheet.get("cells") for sheet in content["worksheets"] if isinstance(sheet, dict)]
        raw_cells = [cell for cells in sheets if isinstance(cells, list) for cell in cells]
        repairs.append("The notebook was in an old format; its cells were taken over.")
    elif type(version) is not int or version != 4 or type(minor) is not int or not 0 <= minor <= 5:
        repairs.append("The notebook names a format version that Jupyter does not write; it was read as version 4.")
    if not isinstance(raw_cells, list):
        raise IntakeError("The file is not a Jupyter notebook: it has no cells.")
    if len(raw_cells) > MAX_CELLS:
        raise IntakeError(f"The notebook has {len(raw_cells):,} cells; at most {MAX_CELLS:,} are read.")
    cells = [_cell(cell) for cell in raw_cells if isinstance(cell, dict)]
    if len(cells) < len(raw_cells):
        repairs.append("Some entries of the notebook were no cells; they were left out.")
    if any(len(cell.source) > MAX_SOURCE for cell in cells):
        raise IntakeError(f"A cell holds more than {MAX_SOURCE:,} characters; shorten it and hand in again.")
    outputs = sum(len(str(cell.get("outputs"))) for cell in raw_cells if isinstance(cell, dict) and cell.get("outputs"))
    if outputs > LARGE_OUTPUTS:
        repairs.append(f"The notebook carried {outputs / 2**20:.0f} MB of outputs; they were dropped.")
    return cells


def _cell(cell: dict) -> _Cell:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    source = source if isinstance(source, str) else ""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    # Half of a surrogate pair is legal in JSON and cannot be written to a file.
    source = source.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\0", "")
    return _Cell(cell.get("cell_type") == "code", source, name if isinstance(name, str) else None)


# --- from cells to a clean notebook ----------------------------------------------------------------------


def _merge(cells: list[_Cell], released: NotebookNode, repairs: list[str]) -> Submission:
    """The released notebook with the student's answers, and the student's own cells after the cell they followed."""
    known = {name: cell for cell in released.cells if (name := grade_id(cell))}
    place = _places(cells, known, repairs)
    chosen = _answers(cells, place, known, repairs)
    if not chosen:
        raise IntakeError("None of this homework's answer cells is in the notebook. Is it the right file?")
    extras: dict[str | None, list[_Cell]] = {None: []}
    after: str | None = None
    answer_positions = set(chosen.values())
    for i, cell in enumerate(cells):
        name = place[i]
        if name is not None:
            after = name
        if i not in answer_positions and (name is None or _is_answer(known[name])):
            if name is None or cell.source.strip() != known[name].source.strip():
                extras.setdefault(after, []).append(cell)
    for name in (n for n in known if not _is_answer(known[n]) and n.startswith("test_")):
        if name not in place:
            repairs.append(f"Test cell {name} was missing; it was put back.")
    notebook = nbformat.v4.new_notebook(metadata=released.metadata)
    notebook.cells = [_own(cell) for cell in extras[None]]
    for cell in released.cells:
        name, clean = grade_id(cell), nbformat.from_dict(cell)
        if name and _is_answer(cell):
            if name in chosen:
                clean.source = cells[chosen[name]].source
            else:
                repairs.append(f"Cell {name} was missing; it counts as not answered.")
        notebook.cells.append(clean)
        notebook.cells += [_own(extra) for extra in extras.get(name, [])] if name else []
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position}"
    return Submission(notebook, repairs)


def _places(cells: list[_Cell], known: dict[str, NotebookNode], repairs: list[str]) -> list[str | None]:
    """For each cell the released cell that it is, or None for a cell of the student's own.

    The id in its metadata counts, unless the cell plainly is another one: it defines what another answer asks for
    and not its own. A cell without a usable id is recognised by the released text in it.
    """
    texts = {cell.source.strip(): name for name, cell in known.items() if cell.source.strip()}
    places: list[str | None] = []
    edited, flipped = [], []
    for cell in cells:
        text, name = cell.source.strip(), cell.name if cell.name in known else None
        same = texts.get(text)
        if same is not None and (name is None or not _is_answer(known[same])):
            name = same
        elif name is not None and _is_answer(known[name]):
            if cell.code != (known[name].cell_type == "code"):
                repairs.append(f"Cell {name} had its type changed; it was changed back.")
            if _belongs_elsewhere(cell, name, known):
                flipped.append(name)
                name = None
        elif name is not None:
            if _defines(cell) & _all_wanted(known):
                flipped.append(name)
                name = None
            elif text != known[name].source.strip():
                edited.append(name)
        places.append(name)
    if edited:
        repairs.append(f"Locked cells were edited and have their own text again: {', '.join(dict.fromkeys(edited))}.")
    if flipped:
        repairs.append(
            f"Cells carried the id of another cell and were sorted by what they define: "
            f"{', '.join(dict.fromkeys(flipped))}."
        )
    return places


def _answers(
    cells: list[_Cell], place: list[str | None], known: dict[str, NotebookNode], repairs: list[str]
) -> dict[str, int]:
    """{answer cell: position of the student's cell that fills it}; `place` is completed on the way."""
    chosen: dict[str, int] = {}
    names = [name for name in known if answered_question(known[name])]
    for name in names:
        own = [i for i, p in enumerate(place) if p == name]
        if own:
            written = [i for i in own if cells[i].source.strip() != known[name].source.strip()]
            chosen[name] = (written or own)[0]
            if len(own) > 1:
                repairs.append(
                    f"Cell {name} stands more than once; the first answered one is the answer, "
                    "the others are run as cells of the student's own."
                )
    for name in names:
        candidates = [i for i, p in enumerate(place) if p is None and _wanted(known[name]) & _defines(cells[i])]
        if name not in chosen and candidates:
            chosen[name] = candidates[-1]
            place[candidates[-1]] = name
            repairs.append(f"Cell {name} had lost its id; it was recognised by what it defines.")
    for name in names:
        if name not in chosen and (i := _by_position(cells, place, name, known)) is not None:
            chosen[name], place[i] = i, name
            repairs.append(f"Cell {name} had lost its id; it was recognised by its place.")
    return chosen


def _by_position(cells, place, name, known) -> int | None:
    """The one cell of the right kind, of the student's own, between the released neighbours of an answer cell."""
    order = list(known)
    at = order.index(name)
    before = next((n for n in reversed(order[:at]) if n in place), None)
    later = next((n for n in order[at + 1 :] if n in place), None)
    if at == 0 or before != order[at - 1]:
        return None
    start = len(place) - 1 - place[::-1].index(before)
    end = place.index(later) if later else len(place)
    wanted = known[name].cell_type == "code"
    found = [
        i for i in range(start + 1, end) if place[i] is None and cells[i].code == wanted and cells[i].source.strip()
    ]
    return found[0] if len(found) == 1 else None


def _defines(cell: _Cell) -> set[str]:
    """Names that a code cell defines or assigns at its top level, found in its text.

    By pattern on purpose: Python's own parser can be made to use up the stack or the memory of this process.
    """
    if not cell.code:
        return set()
    names = set(re.findall(r"^(?:async )?def (\w+)", cell.source, flags=re.M))
    for targets in re.findall(r"^(\w[\w, ]*?) ?(?::[^=\n]*)?=(?!=)", cell.source, flags=re.M):
        names |= {target.strip() for target in targets.split(",")}
    return names


def _wanted(cell: NotebookNode) -> set[str]:
    """The names that an answer cell asks for: the function of its stub, or else what its question is called by."""
    functions = set(re.findall(r"^def\s+(\w+)\s*\(", cell.source, flags=re.M)) if cell.cell_type == "code" else set()
    question = answered_question(cell)
    return functions or ({question} if question and cell.cell_type == "code" else set())


def _all_wanted(known: dict[str, NotebookNode]) -> set[str]:
    return set().union(*(_wanted(cell) for cell in known.values() if _is_answer(cell)))


def _belongs_elsewhere(cell: _Cell, name: str, known: dict[str, NotebookNode]) -> bool:
    """True if the cell defines another answer and does not so much as name what its own id asks for."""
    wanted = _wanted(known[name])
    return not any(re.search(rf"\b{w}\b", cell.source) for w in wanted) and bool(_defines(cell) & _all_wanted(known))


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.nbgrader.get("solution"))


def _own(cell: _Cell) -> NotebookNode:
    """A student's own cell, without metadata."""
    return nbformat.v4.new_code_cell(cell.source) if cell.code else nbformat.v4.new_markdown_cell(cell.source)
