"""What students must not receive, and the search for it in all that a release gives them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.course.cells import answered_question, grade_id
from autograder.judge.homework import KERNEL, KEY, Homework

TEXT = {".py", ".ipynb", ".md", ".yml", ".toml", ".json", ".txt", ".cfg", ".csv"}
TOGETHER = 4  # so many lines of a key that stand together are known again anywhere
ENOUGH = 100  # characters in them: shorter ones may be alike by chance


@dataclass(frozen=True)
class Secrets:
    """texts: (what it is, the text without white space). passages: {lines of the key without white space: the file
    they are from}."""

    texts: list[tuple[str, str]]
    passages: dict[tuple[str, ...], str]

    def __len__(self) -> int:
        return len(self.texts) + len(self.passages)


def secrets_of(source: NotebookNode, homework: Homework) -> Secrets:
    """Everything that students must not receive of one homework."""
    texts = [
        ("a solution mark", _flat("### BEGIN SOLUTION")),
        ("a hidden-test mark", _flat("### BEGIN HIDDEN TESTS")),
        ("a mark scheme", _flat("**Mark scheme")),
        ("a call of the judge", _flat("try_question(")),
    ]
    for cell in source.cells:
        for kind, begin, end in (
            ("the solution", "BEGIN SOLUTION", "END SOLUTION"),
            ("a hidden test", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"),
        ):
            for region in re.findall(rf"{begin}[^\n]*\n(.*?)\n[^\n]*{end}", cell.source, flags=re.S):
                texts.append((f"{kind} of cell {grade_id(cell)}", _flat(region)))
    for what, value in _measured(homework.shop.reference, "reference"):
        # Rounded, or in full: then its first digits are found.
        first = repr(value)[: len("0.123456")]
        texts += [(what, digits) for digits in sorted({f"{value:.6f}", first}) if len(digits) == len("0.123456")]
    kept_back = [homework.folder / KERNEL, *sorted((homework.folder / KEY).rglob("*.py"))]
    passages = {
        passage: path.relative_to(homework.folder).as_posix()
        for path in kept_back
        if path.is_file()
        for passage in _passages(path.read_text(encoding="utf-8"))
    }
    return Secrets(texts, passages)


def find_leak(folder: Path, secrets: Secrets) -> str | None:
    """The first leak in a folder's files, as a sentence; None where nothing leaks."""
    for path in files_of(folder):
        name = path.relative_to(folder)
        if path.name == KERNEL or KEY in name.parts[:-1]:
            return f"{name} belongs to the answer key: name it in CourseDirectory.ignore of nbgrader_config.py."
        if path.suffix not in TEXT and path.name != "LICENSE":
            return f"{name} is of a kind that cannot be searched for leaks."
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            notebook = nbformat.reads(text, as_version=4)
            text = "\n".join(_cell_text(cell) for cell in notebook.cells)
        flat = _flat(text)
        for what, secret in secrets.texts:
            if secret in flat:
                return f"{name} holds {what}."
        for passage in _passages(text):
            if passage in secrets.passages:
                return f"{name} holds lines of {secrets.passages[passage]}."
    return None


def files_of(folder: Path) -> list[Path]:
    """All files in a folder, in order of name."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _passages(text: str) -> Iterator[tuple[str, ...]]:
    """Every few lines that stand together, blank lines and imports left out."""
    lines = [flat for line in text.split("\n") if (flat := _flat(line)) and not re.match(r"\s*(import|from)\s", line)]
    for start in range(len(lines) - TOGETHER + 1):
        passage = tuple(lines[start : start + TOGETHER])
        if sum(map(len, passage)) >= ENOUGH:
            yield passage


def _measured(values: Any, name: str) -> Iterator[tuple[str, float]]:
    """(name, number) of every figure that has a name of its own in the reference values and that nobody hits by chance.
    Lists of numbers are left out: they hold what many a query has, such as a third."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from _measured(value, f"{name} {key}")
    elif isinstance(values, list):
        for value in values:
            if isinstance(value, dict):
                yield from _measured(value, name)
    elif isinstance(values, float) and round(values, 3) != values:
        yield f"the {name}", values


def _cell_text(cell: NotebookNode) -> str:
    """A cell's source and, where it is no answer cell, its textual outputs."""
    parts = [cell.source]
    for output in cell.get("outputs", []):
        parts += [output.get("text", ""), *map(str, output.get("data", {}).values())]
    return "\n".join(parts) if not answered_question(cell) else cell.source


def _flat(text: str) -> str:
    """Text without white space, so that a changed indentation hides nothing."""
    return re.sub(r"\s+", "", text)
