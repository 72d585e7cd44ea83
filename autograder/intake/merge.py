"""Turns whatever a student handed in into a clean notebook, or a reason in words.

A clean notebook has every cell of the released one, in its order, with the instructor's text in all locked and
test cells, the student's text in the answer cells, and the student's own extra cells where they stood.
Nothing of the submission is executed or imported here, and the submitted file is never changed.
"""

import re
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from autograder.course.cells import answered_question, grade_id
from autograder.course.notebooks import without_data_name
from autograder.intake.choose import IntakeError
from autograder.intake.read import Cell, cells_of, parse

WRONG_FILE = "None of this homework's answer cells is in the notebook. Is it the right file?"
OTHER_TEXT = "other text of yours stands in it, for the reader."
ENOUGH_TEXT = 20  # characters in words that somebody has added to a locked cell: less is no answer


@dataclass
class Submission:
    """A clean notebook and what had to be repaired, in words."""

    notebook: NotebookNode
    repairs: list[str] = field(default_factory=list)


def read_submission(raw: bytes, released: NotebookNode) -> Submission:
    """The bytes of a submitted file -> Submission, or IntakeError with the reason.

    released: the notebook as students received it (no solutions, no hidden tests).
    """
    content, repairs = parse(raw)
    cells = cells_of(content, repairs)
    return _merge(cells, released, repairs)


def _merge(cells: list[Cell], released: NotebookNode, repairs: list[str]) -> Submission:
    """The released notebook with the student's answers, and the student's own cells after the cell they followed."""
    known = {name: cell for cell in released.cells if (name := grade_id(cell))}
    _check_homework(cells, known)
    place = _places(cells, known, repairs)
    chosen = _answers(cells, place, known, repairs)
    if not chosen:
        raise IntakeError(WRONG_FILE)
    answers = {name: cells[i].source for name, i in chosen.items()}
    taken = set(chosen.values())
    for name in known:
        if _is_by_hand(known[name]) and answers.get(name, "").strip() in ("", known[name].source.strip()):
            text, moved = _own_text(cells, place, name, known, name in chosen)
            if text:
                answers[name] = text
                taken |= moved
                repairs.append(f"Cell {name} was missing or empty; {OTHER_TEXT}")
    extras: dict[str | None, list[Cell]] = {None: []}
    after: str | None = None
    for i, cell in enumerate(cells):
        name = place[i]
        if name is not None and (i in taken or not _is_answer(known[name])):
            after = name
        if i not in taken and (name is None or _is_answer(known[name])):
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
            if name in answers:
                clean.source = answers[name]
            else:
                repairs.append(f"Cell {name} was missing; it counts as not answered.")
        notebook.cells.append(clean)
        notebook.cells += [_own(extra) for extra in extras.get(name, [])] if name else []
    for position, cell in enumerate(notebook.cells):
        cell.id = f"cell-{position}"
    return Submission(notebook, repairs)


def _check_homework(cells: list[Cell], known: dict[str, NotebookNode]) -> None:
    """IntakeError where the file is another homework's, or nobody's: a stub alone is in every homework.

    For this homework speak its ids, its texts, the headings of its questions and what its answers define; for another
    one speak ids that this homework does not have. Whoever edits a lot still leaves many of the former.
    """
    texts = {c.source.strip(): name for name, c in known.items() if not _is_answer(c) or _functions(c)}
    headings = {line: name for name, c in known.items() for line in _headings(c.source) if c.cell_type == "markdown"}
    own: set[str] = set()
    foreign: set[str] = set()
    for cell in cells:
        if cell.name:
            (own if cell.name in known else foreign).add(cell.name)
        signs = [texts.get(cell.source.strip()), *(headings.get(line) for line in _headings(cell.source))]
        own |= {name for name in signs if name}
        defined = _defines(cell)
        own |= {name for name, c in known.items() if defined and _is_answer(c) and defined & _wanted(c)}
    if not own or len(foreign) > len(own):
        raise IntakeError(WRONG_FILE)


def _headings(text: str) -> list[str]:
    """The headings in a text that say something: "Set-up" stands in every homework."""
    found = [line.strip() for line in text.split("\n") if line.startswith("#")]
    return [line for line in found if len(line.split()) >= 4]


def _own_text(
    cells: list[Cell], place: list[str | None], name: str, known: dict[str, NotebookNode], has_cell: bool
) -> tuple[str, set[int]]:
    """The student's own text for a by-hand question whose cell is missing or empty, and the cells to take it from.

    It is what stands between the cell's released neighbours, or was written into one of these. Where the cell is
    missing and nothing is there either, any own cell of its kind in the notebook may be the answer.
    """
    order, code = list(known), known[name].cell_type == "code"
    at = order.index(name)
    before = next((n for n in reversed(order[:at]) if n in place), None)
    later = next((n for n in order[at + 1 :] if n in place), None)
    start = len(place) - 1 - place[::-1].index(before) if before else -1
    end = place.index(later) if later else len(place)
    own = [i for i, p in enumerate(place) if p is None and cells[i].source.strip()]
    near = [i for i in own if start < i < end and (cells[i].code == code or not code)]
    written = [_added(cells[i].source, known[n].source) for i, n in ((start, before), (end, later)) if n and not code]
    texts = [text for text in [*written, *(cells[i].source for i in near)] if text.strip()]
    if texts or has_cell:
        return "\n\n".join(texts), {i for i in near if cells[i].code == code}
    return "\n\n".join(cells[i].source for i in own if cells[i].code == code), set()


def _added(text: str, released: str) -> str:
    """The lines of an edited cell that the released one does not have; none where they hold hardly a new word."""
    lines, words = {line.strip() for line in released.split("\n")}, set(released.split())
    added = "\n".join(line for line in text.split("\n") if line.strip() not in lines)
    return added if sum(len(word) for word in added.split() if word not in words) >= ENOUGH_TEXT else ""


def _places(cells: list[Cell], known: dict[str, NotebookNode], repairs: list[str]) -> list[str | None]:
    """For each cell the released cell that it is, or None for a cell of the student's own.

    The id in its metadata counts, unless the cell plainly is another one: it defines what another answer asks for
    and not its own. A cell without a usable id is recognised by the released text in it.
    """
    texts = {cell.source.strip(): name for name, cell in known.items() if cell.source.strip()}
    places: list[str | None] = []
    edited, flipped = [], []
    for cell in cells:
        text, name = without_data_name(cell.source).strip(), cell.name if cell.name in known else None
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
    cells: list[Cell], place: list[str | None], known: dict[str, NotebookNode], repairs: list[str]
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


def _defines(cell: Cell) -> set[str]:
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
    question = answered_question(cell)
    return _functions(cell) or ({question} if question and cell.cell_type == "code" else set())


def _functions(cell: NotebookNode) -> set[str]:
    return set(re.findall(r"^def\s+(\w+)\s*\(", cell.source, flags=re.M)) if cell.cell_type == "code" else set()


def _all_wanted(known: dict[str, NotebookNode]) -> set[str]:
    return set().union(*(_wanted(cell) for cell in known.values() if _is_answer(cell)))


def _belongs_elsewhere(cell: Cell, name: str, known: dict[str, NotebookNode]) -> bool:
    """True if the cell defines another answer and does not so much as name what its own id asks for."""
    wanted = _wanted(known[name])
    return not any(re.search(rf"\b{w}\b", cell.source) for w in wanted) and bool(_defines(cell) & _all_wanted(known))


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.nbgrader.get("solution"))


def _is_by_hand(cell: NotebookNode) -> bool:
    return _is_answer(cell) and bool(cell.metadata.nbgrader.get("grade"))


def _own(cell: Cell) -> NotebookNode:
    """A student's own cell, without metadata."""
    return nbformat.v4.new_code_cell(cell.source) if cell.code else nbformat.v4.new_markdown_cell(cell.source)
