"""From the bytes of a submitted file to its cells, whatever the file holds, within bounds."""

import json
import re
from dataclasses import dataclass

from autograder.intake.choose import MAX_BYTES, IntakeError, too_large

MAX_CELLS = 2_000
MAX_SOURCE = 500_000
LARGE_OUTPUTS = 5 * 2**20
MAX_PARTS = 5_000_000  # brackets, texts and commas of a file's JSON: few bytes can be many objects
OUTPUTS = '"outputs"'
DEEPEST = 7  # of what is read: the metadata of a cell in the oldest format
# A text, ended or not, or a mark of structure. It matches wherever it begins, so that no part is looked at twice.
PART = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[][{},]', re.DOTALL)


@dataclass
class Cell:
    """A cell as handed in; `name` is the id it claims, `source` its text."""

    code: bool
    source: str
    name: str | None


def parse(raw: bytes) -> tuple[dict, list[str]]:
    """What stands in a file as JSON, and what had to be repaired; IntakeError where it is no notebook."""
    if len(raw) > MAX_BYTES:
        raise IntakeError(too_large(len(raw)))
    if not raw.strip(b" \t\r\n\0"):
        raise IntakeError("The file is empty. Save the notebook and hand in again.")
    if raw.startswith(b"PK\x03\x04"):
        raise IntakeError("The file is a zip archive, not a notebook. Unpack it and hand in the .ipynb file.")
    for encoding in dict.fromkeys(("utf-8-sig", json.detect_encoding(raw), "utf-16", "cp1252", "latin-1")):
        try:
            text, dropped = _without_outputs(raw.decode(encoding))
            content = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
        if not isinstance(content, dict):
            raise IntakeError("The file is not a Jupyter notebook: it holds JSON of another kind.")
        repairs = []
        if not encoding.startswith("utf-8"):
            repairs.append(f"The file was not in UTF-8; it was read as {encoding}.")
        if dropped > LARGE_OUTPUTS:
            repairs.append(f"The notebook carried {dropped / 2**20:.0f} MB of outputs; they were dropped.")
        return content, repairs
    raise IntakeError(
        "The file is not a Jupyter notebook: it does not hold valid JSON. "
        "Open it in JupyterLab, save it and hand in again."
    )


def _without_outputs(text: str) -> tuple[str, int]:
    """JSON text with null in place of outputs, and of whatever lies deeper than a notebook's own parts -> (the text,
    how many characters were left out). IntakeError where it has too many parts to be a notebook.

    Nobody reads these, and read they could take many times the file's size, or more nesting than Python can bear.
    """
    kept, left_out, depth, since = [], 0, 0, 0
    begun: int | None = None  # the depth at which something is being left out
    before = ""
    for count, part in enumerate(PART.finditer(text)):
        if count > MAX_PARTS:
            raise IntakeError("The file has too many parts to be a notebook. Clear the outputs and hand in again.")
        mark = part.group() if part.end() - part.start() <= len(OUTPUTS) else ""
        if mark in ("[", "{"):
            depth += 1
            if begun is None and (depth > DEEPEST or (mark == "[" and before == OUTPUTS)):
                kept.append(text[since : part.start()])
                begun, since = depth, part.start()
        elif mark in ("]", "}"):
            if depth == begun:
                kept.append("null")
                left_out += part.end() - since
                begun, since = None, part.end()
            depth -= 1
        before = mark
    return "".join([*kept, text[since:]]), left_out


def cells_of(content: dict, repairs: list[str]) -> list[Cell]:
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


def _cell(cell: dict) -> Cell:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    source = source if isinstance(source, str) else ""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    # Half of a surrogate pair is legal in JSON and cannot be written to a file.
    source = source.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\0", "")
    return Cell(cell.get("cell_type") == "code", source, name if isinstance(name, str) else None)
