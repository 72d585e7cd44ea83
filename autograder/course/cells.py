"""Small questions about a homework notebook's cells."""

from collections.abc import Sequence

from nbformat import NotebookNode

ANSWER, TEST = "answer_", "test_"


def grade_id(cell: NotebookNode) -> str | None:
    """The cell's nbgrader id, or None where it has none."""
    meta = cell.get("metadata", {}).get("nbgrader")
    found = meta.get("grade_id") if isinstance(meta, dict) else None
    return found if isinstance(found, str) else None


def tested_question(cell: NotebookNode) -> str | None:
    """The question id of a test cell, or None for any other cell."""
    found = grade_id(cell)
    return found.removeprefix(TEST) if found and found.startswith(TEST) and cell.cell_type == "code" else None


def answered_question(cell: NotebookNode) -> str | None:
    """The question id of an answer cell, or None for any other cell."""
    found = grade_id(cell)
    return found.removeprefix(ANSWER) if found and found.startswith(ANSWER) else None


def with_own_cells(cells: Sequence[NotebookNode], start: int, end: int) -> tuple[int, int]:
    """The bounds of cells[start:end] and of the student's own cells right around it, up to the next released ones."""
    while start and not grade_id(cells[start - 1]):
        start -= 1
    while end < len(cells) and not grade_id(cells[end]):
        end += 1
    return start, end


def without_regions(source: str, begin: str, end: str, stub: str | None = None) -> str:
    """`source` without the lines from one holding `begin` to one holding `end`; `stub` stands in for each region,
    at the region's own indentation."""
    kept, inside = [], False
    for line in source.split("\n"):
        if begin in line:
            inside = True
            if stub is not None:
                indent = line[: len(line) - len(line.lstrip())]
                kept += [indent + part for part in stub.split("\n")]
        elif end in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def visible_tests(source: str) -> str:
    """A test cell's source without its hidden part."""
    return without_regions(source, "BEGIN HIDDEN TESTS", "END HIDDEN TESTS").rstrip("\n")
