"""Is a notebook fit to be committed? `problems(path)` lists, in words, everything that speaks against it.

A notebook in the repository was run top to bottom, holds no error and no warning, runs on any machine (no shell
commands, no magics that only an author's set-up knows, no absolute paths) and changes only where an author changed
it (no timestamps, no editor's metadata). Also a script: ``python tests/notebooks/precheck.py lectures/*.ipynb``.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

KNOWN_MAGICS = {"matplotlib", "time", "timeit"}
KNOWN_TAGS = {"api", "nbval-check-output", "nbval-ignore-output"}
_ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/-])/(?:home|root|Users|tmp|work|mnt|opt|var|private|usr|srv|content)/[\w.-]+"
    r"|(?<!\w)[A-Za-z]:\\+[\w.-]+|file:///"
)
_CALLS = {"system": "a shell command", "getoutput": "a shell command"}


def problems(path: Path, homework: bool = False) -> list[str]:
    """What is wrong with a notebook file; an empty list if nothing is.

    Parameters
    ----------
    path : the notebook
    homework : whether it is an instructor's homework, which has nbgrader's metadata and may be stored without
        having been run (but not half run).
    """
    try:
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        nbformat.validate(notebook)
    except Exception as error:
        return [f"it is not a valid notebook: {str(error).strip().splitlines()[0]}"]
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        return ["its format is older than 4.5, so its cells have no ids; save it with a current Jupyter"]
    return [*_run_problems(notebook, homework), *_metadata_problems(notebook, homework), *_content_problems(notebook)]


def _run_problems(notebook, homework: bool) -> Iterator[str]:
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    counts = [cell.execution_count for cell in code]
    never_run = not any(counts) and not any(cell.outputs for cell in code)
    if counts != list(range(1, len(code) + 1)) and not (homework and never_run):
        yield f"it was not run top to bottom: its cells are numbered {counts}"
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if not cell.source.strip() and cell.outputs:
            yield f"cell {cell.id} is empty and has an output"
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"cell {cell.id} holds an error: {output.ename}"
            elif output.output_type == "stream" and output.name == "stderr":
                yield f"cell {cell.id} holds text on stderr: {output.text.strip()[:60]!r}"
            elif output.get("execution_count") not in (None, cell.execution_count):
                yield f"cell {cell.id} holds the output of another run"


def _metadata_problems(notebook, homework: bool) -> Iterator[str]:
    expected = {"kernelspec": {"display_name", "language", "name"}, "language_info": {"name"}}
    for key, value in notebook.metadata.items():
        stray = {key} if key not in expected else {f"{key}.{name}" for name in set(value) - expected[key]}
        if stray:
            yield f"the notebook has stray metadata: {', '.join(sorted(stray))}"
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "its kernel is not python3"
    allowed = {"tags", "nbgrader"} if homework else {"tags"}
    for cell in notebook.cells:
        stray = set(cell.metadata) - allowed | {f"tag {tag}" for tag in set(cell.metadata.get("tags", [])) - KNOWN_TAGS}
        if cell.get("attachments"):
            stray.add("attachments")
        for output in cell.get("outputs", []):
            stray |= {f"output {key}" for key in output.get("metadata", {}) if key != "image/png"}
            stray |= {
                f"image {key}"
                for key in set(output.get("metadata", {}).get("image/png", {})) - {"width", "height", "alt"}
            }
        if stray:
            yield f"cell {cell.id} has stray metadata: {', '.join(sorted(stray))}"


def _content_problems(notebook) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield from (f"cell {cell.id} uses {what}" for what in _unknown_commands(cell.source))
        for text in _texts(cell):
            found = _ABSOLUTE_PATH.search(text)
            if found:
                yield f"cell {cell.id} holds an absolute path: {found.group()}"


def _unknown_commands(source: str) -> Iterator[str]:
    """Magics that are not known, shell commands, and code that does not parse."""
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError as error:
        yield f"code that is not Python: {error.msg}"
        return
    for node in ast.walk(tree):
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Call)
            and getattr(node.func.value.func, "id", None) == "get_ipython"
        ):
            continue
        if node.func.attr in _CALLS:
            yield _CALLS[node.func.attr]
        elif node.func.attr in ("run_line_magic", "run_cell_magic"):
            name = ast.literal_eval(node.args[0])
            if name not in KNOWN_MAGICS:
                yield f"the unknown magic {name}"


def _texts(cell) -> Iterator[str]:
    yield cell.source
    for output in cell.get("outputs", []):
        yield output.get("text", "")
        yield from output.get("traceback", [])
        for kind, data in output.get("data", {}).items():
            if isinstance(data, str) and not (kind.startswith("image/") and kind != "image/svg+xml"):
                yield data


if __name__ == "__main__":
    complaints = [
        f"{name}: {problem}"
        for name in sys.argv[1:]
        for problem in problems(Path(name), homework="homework" in Path(name).parts)
    ]
    print(*complaints, sep="\n")
    sys.exit(bool(complaints))
