"""Writes verdicts into a graded notebook, where nbgrader finds the points and the student the sentences.

The notebook goes on to pages that the student and the instructor open (feedback, Formgrader), and nbconvert puts
markdown, links and pictures into a page as they are. So everything that came from a submission is made harmless here.

A page is bounded as a whole. After the first test cell the grader has called the student's functions, which may have
noted what they were called with; of what is printed from there on only a little is shown, so that no page can carry
the probes of a question away.
"""

import base64
import re
import struct
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.course.cells import answered_question, grade_id, tested_question
from autograder.judge.verdict import Verdict, told_problems

MAX_SHOWN = 200_000
MAX_PICTURE = 2_000_000
MAX_PIXELS = 25_000_000  # of a picture: a page that draws it needs 4 bytes for each, however small the file
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"  # how each begins; its width and height follow
MAX_OUTPUTS = 200
PAGE_TEXT = 400_000  # characters, of all that is printed in one notebook
PAGE_PICTURES = 16_000_000  # characters of base64
LATE_CELL = 2_000  # characters, of what one cell prints after the grader's first calls
LATE_PAGE = 10_000  # characters, of all such cells that are no test cells
LATE_PICTURES = 800_000  # characters of base64, of the pictures in them
WIDTH = 96  # of a verdict's lines: notebook pages do not wrap what is printed
VERDICT = "verdict"  # the test cell's metadata that the feedback page reads
INVISIBLE = "\u200b"  # a space of no width: breaks what a page would act on, and changes nothing that is seen
COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
CONTROL = re.compile(
    r"\x1b\[[0-?]{0,40}[ -/]{0,4}[@-~]|\x1b\][^\x07\x1b]{0,400}\x07?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
ACTIVE_MARKDOWN = re.compile(r"<(?=[A-Za-z/!?])|\](?=[(\[:])")
ACTIVE_MATHS = re.compile(
    r"\\(?=(?:href|url|unicode|require|style|class|cssId|data|bbox|includegraphics|csname|mmlToken|"
    r"Html\w*|html\w*|def|let|newcommand)\b)"
)


def present(notebook: NotebookNode, verdicts: list[Verdict], repairs: Sequence[str] = ()) -> NotebookNode:
    """The same notebook with only harmless outputs and text, and in each test cell its verdict.

    nbgrader reads a test cell's points from a plain number that is the cell's result, and takes any error or
    stderr there for 0, so what the visible checks printed is kept as plain text. After it come the verdict's two
    outputs, its text and its points; as data the verdict is in the cell's metadata. What intake repaired is told in a
    cell at the top.
    """
    by_id = {verdict.id: verdict for verdict in verdicts}
    page, late, called = _Room(), _Room(LATE_PAGE, LATE_PICTURES), False
    for cell in notebook.cells:
        cell.metadata.pop(VERDICT, None)
        verdict = by_id.get(tested_question(cell) or answered_question(cell) or "")
        if verdict and (tested_question(cell) or not verdict.checks):
            cell.metadata[VERDICT] = nbformat.from_dict(verdict.to_json())
        if cell.cell_type != "code":
            if not _is_locked(cell):
                cell.source = harmless_markdown(cell.source)
            continue
        rooms = [page]
        if called:
            rooms += [_Room(text=LATE_CELL)] if tested_question(cell) else [_Room(text=LATE_CELL), late]
        called = called or tested_question(cell) is not None
        cell.outputs = [shown for output in cell.outputs[:MAX_OUTPUTS] if (shown := _harmless(output, rooms))]
        cell.execution_count = cell.execution_count if isinstance(cell.execution_count, int) else None
        if verdict and tested_question(cell):
            cell.outputs = _verdict_outputs(cell.outputs, verdict)
        elif answered_question(cell):
            cell.outputs = [o for o in cell.outputs if o.output_type != "execute_result"]
    if repairs:
        text = "**What had to be repaired in the file you handed in**\n\n" + "\n".join(f"- {line}" for line in repairs)
        notebook.cells.insert(0, nbformat.v4.new_markdown_cell(harmless_markdown(text), id="repairs"))
    return notebook


def harmless_markdown(text: str) -> str:
    """Markdown that looks the same, in which HTML, links, pictures and active maths are only text."""
    text = CONTROL.sub("", text)
    text = ACTIVE_MARKDOWN.sub(lambda m: m.group() + INVISIBLE, text)
    return ACTIVE_MATHS.sub(lambda m: m.group() + INVISIBLE, text)


def harmless_text(value) -> str:
    """Printed text as it may be shown: colours stay, every other control character goes; a bounded length."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    text = value[:MAX_SHOWN].encode("utf-8", "replace").decode()
    return CONTROL.sub(lambda m: m.group() if COLOUR.fullmatch(m.group()) else "", text)


@dataclass
class _Room:
    """How much may still be shown, in characters; see `_cut`."""

    text: int = PAGE_TEXT
    pictures: int = PAGE_PICTURES


def _cut(value, rooms: Sequence[_Room], end: bool = False) -> str:
    """As much of a printed text as there is room for in all rooms, harmless; what is left out is said.

    end: keep its end, not its beginning.
    """
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    length = min(len(value), MAX_SHOWN, *(room.text for room in rooms))
    for room in rooms:
        room.text -= length
    text = harmless_text(value[len(value) - length :] if end else value[:length])
    if not (left := len(value) - length):
        return text
    said = f"[{left:,} more characters were printed here and are left out.]"
    return f"{said}\n{text}" if end else f"{text}\n{said}\n"


def _is_locked(cell: NotebookNode) -> bool:
    """True for the instructor's own cells."""
    return bool(grade_id(cell)) and not answered_question(cell)


def _harmless(output: NotebookNode, rooms: Sequence[_Room]) -> NotebookNode | None:
    """An output as text or picture, as far as there is room: HTML, SVG and JavaScript of a student are never shown to
    anybody else."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_cut(output.get("text"), rooms))
    if kind == "error":
        lines = output.get("traceback")
        told = [harmless_text(line)[:20_000] for line in lines[-60:]] if isinstance(lines, list) else []
        shown = _cut("\n".join(told), rooms, end=True)
        return new_output(
            "error",
            ename=harmless_text(output.get("ename"))[:200],
            evalue=harmless_text(output.get("evalue"))[:2000],
            traceback=told if shown == "\n".join(told) else shown.split("\n"),
        )
    data = output.get("data")
    if not isinstance(data, dict):
        return None
    shown_data = {}
    picture = data.get("image/png")
    if isinstance(picture, str) and _is_picture(picture) and all(len(picture) <= room.pictures for room in rooms):
        for room in rooms:
            room.pictures -= len(picture)
        shown_data["image/png"] = picture
    if text := _cut(data.get("text/plain"), rooms):
        shown_data["text/plain"] = text
    return new_output("display_data", data=shown_data) if shown_data else None


def _is_picture(value) -> bool:
    """True for base64 text of a PNG file that a page can draw."""
    if not isinstance(value, str) or len(value) > MAX_PICTURE:
        return False
    try:
        data = base64.b64decode("".join(value.split()), validate=True)
        width, height = struct.unpack_from(">II", data, len(PNG))
    except (ValueError, struct.error):
        return False
    return data.startswith(PNG) and 0 < width * height <= MAX_PIXELS


def _verdict_outputs(outputs: list[NotebookNode], verdict: Verdict) -> list[NotebookNode]:
    printed = "".join(_as_text(output) for output in outputs)
    shown = [new_output("stream", name="stdout", text=printed)] if printed else []
    return shown + [
        new_output("stream", name="stdout", text=verdict_text(verdict)),
        new_output("execute_result", data={"text/plain": repr(verdict.score)}, execution_count=None),
    ]


def verdict_text(verdict: Verdict) -> str:
    """A verdict as lines of at most WIDTH characters."""
    lines = textwrap.wrap(f"{verdict.score:g} of {verdict.max_score:g} points. {verdict.message}", WIDTH)
    for check, problem in zip(verdict.checks, told_problems(verdict)):
        points = f"  {check.earned:g} of {check.points:g}  "
        indent = " " * len(points)
        lines += textwrap.wrap(check.title, WIDTH, initial_indent=points, subsequent_indent=indent)
        lines += textwrap.wrap(problem or "", WIDTH, initial_indent=indent + "  ", subsequent_indent=indent + "  ")
    return "\n".join(lines) + "\n"


def _as_text(output: NotebookNode) -> str:
    if output.output_type == "stream":
        return output.text
    if output.output_type == "error":
        return "\n".join(output.traceback[-1:]) + "\n"
    return output.get("data", {}).get("text/plain", "") + "\n"
