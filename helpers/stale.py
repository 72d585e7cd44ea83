"""Notices an answer that is no longer what its cell says: the old definition lives on in the kernel."""

import ast
import difflib
from collections.abc import Sequence

ALIKE = 0.6  # of their characters: two versions of one cell
LONGEST = 1500  # characters of a cell that are compared


def stale(name: str, cells: Sequence[str]) -> str | None:
    """The sentence for a name whose cell was run again later without giving it, or None.

    cells: the sources of all cells run so far, in the order of running, as IPython keeps them in `In`. A cell is known
    again by its text, because not every editor says which cell it runs. Running the right cell again settles it.
    """
    given = max((i for i, cell in enumerate(cells) if name in (_names(cell) or ())), default=None)
    if given is None:
        return None
    for cell in cells[given + 1 :]:
        names = _names(cell)
        if (names is not None and name in names) or not _alike(cells[given], cell):
            continue
        changed = "has a syntax error" if names is None else f"does not define {name} any more"
        return f"{name} is the one from an earlier run: its cell {changed}. Correct the cell and run it again."
    return None


def _names(cell: str) -> set[str] | None:
    """The names that a cell gives a value to; None where it has a syntax error."""
    from IPython.core.inputtransformer2 import TransformerManager

    if cell.lstrip().startswith("%%"):  # such as %%time: the cell below it is what is run
        cell = cell.lstrip().partition("\n")[2]
    try:
        tree = ast.parse(TransformerManager().transform_cell(cell))
    except SyntaxError:
        return None
    made = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return made | {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _alike(one: str, other: str) -> bool:
    pair = difflib.SequenceMatcher(None, one[:LONGEST], other[:LONGEST], autojunk=False)
    return pair.real_quick_ratio() > ALIKE and pair.quick_ratio() > ALIKE and pair.ratio() > ALIKE
