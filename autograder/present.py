"""Writes verdicts into a graded notebook, where nbgrader finds the points and the student the sentences."""

from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.cells import answered_question, tested_question
from autograder.judge import Verdict

SHOWN_TYPES = ("image/png", "text/plain")
MAX_SHOWN = 200_000


def present(notebook: NotebookNode, verdicts: list[Verdict]) -> NotebookNode:
    """The same notebook with only harmless outputs, and in each test cell its verdict.

    nbgrader reads a test cell's points from a plain number that is the cell's result, and takes any error or
    stderr there for 0, so what the visible checks printed is kept as plain text before the verdict.
    """
    by_id = {verdict.id: verdict for verdict in verdicts}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = [shown for output in cell.outputs if (shown := _harmless(output))]
        question = tested_question(cell)
        if question in by_id:
            cell.outputs = _verdict_outputs(cell.outputs, by_id[question])
        elif answered_question(cell):
            cell.outputs = [o for o in cell.outputs if o.output_type != "execute_result"]
    return notebook


def _harmless(output: NotebookNode) -> NotebookNode | None:
    """An output as text or picture: HTML, SVG and JavaScript of a student are never shown to anybody else."""
    if output.output_type == "stream":
        return new_output("stream", name=output.name, text=output.text[:MAX_SHOWN])
    if output.output_type == "error":
        return new_output("error", ename=output.ename[:200], evalue=output.evalue[:2000],
                          traceback=[line[:20_000] for line in output.traceback[:60]])
    data = {kind: value for kind, value in output.get("data", {}).items()
            if kind in SHOWN_TYPES and isinstance(value, str) and len(value) <= MAX_SHOWN * 10}
    return new_output("display_data", data=data) if data else None


def _verdict_outputs(outputs: list[NotebookNode], verdict: Verdict) -> list[NotebookNode]:
    text = "".join(_as_text(output) for output in outputs)
    lines = [f"{verdict.score:g} of {verdict.max_score:g} points. {verdict.message}"]
    lines += [f"  {_points(c.earned, c.points)} {c.title}" + (f": {c.problem}" if c.problem else "")
              for c in verdict.checks]
    return [new_output("stream", name="stdout", text=text + ("\n" if text else "") + "\n".join(lines) + "\n"),
            new_output("execute_result", data={"text/plain": repr(verdict.score)}, execution_count=None)]


def _points(earned: float, points: float) -> str:
    return f"[{earned:g}/{points:g}]"


def _as_text(output: NotebookNode) -> str:
    if output.output_type == "stream":
        return output.text
    if output.output_type == "error":
        return "\n".join(output.traceback[-1:]) + "\n"
    return output.get("data", {}).get("text/plain", "") + "\n"
