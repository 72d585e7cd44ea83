"""What a student does before handing in: the notebook is run in a fresh kernel, each question gets a line, and the file
is packed with a note on where it comes from.

Nothing here counts when the work is graded: the file may have been packed, or changed, by anybody.
"""

import getpass
import hashlib
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .check_results import CHECKS_TYPE, FAILS
from .checks import ListedQuestion, load_checks
from .errors import CourseError
from .fresh_run import CellRun, run_cells
from .homework_data import HomeworkData, fingerprint_of

MANIFEST, MADE_BY = "manifest.json", "python -m helpers check"  # the instructor's collect knows the file by these
PACKAGES = ("embeddings-course", "numpy", "pandas", "scipy", "torch", "sentence-transformers", "ipykernel")
PASSES, WRONG, EMPTY, ERROR, WRITTEN = "passes", "wrong", "empty", "error", "written"
NOT_WRITTEN = {"", "YOUR ANSWER HERE"}  # what nbgrader puts where a text is asked for
ASK_FOR_DATA = f"__import__({__name__!r}, fromlist=['']).show_fingerprint(globals())"
DATA_TYPE = "application/vnd.embeddings-course.data+json"


class NotebookMissing(CourseError):
    """The homework's notebook is not where it is looked for, or is none."""


class NotPacked(CourseError):
    """The file to hand in cannot be written."""


@dataclass(frozen=True)
class State:
    """How one question stands: PASSES, WRONG, EMPTY, ERROR or WRITTEN (which is marked by hand), with a sentence."""

    question: ListedQuestion
    state: str
    says: str

    def __str__(self) -> str:
        return f"{self.question.number}. {self.question.title}: {self.says}"


@dataclass(frozen=True)
class Report:
    """What a fresh run of the notebook in `path` has shown.

    states: a question each. left_over: sentences on cells that only worked because of what an earlier run had left
    behind. data: the fingerprint of the data that it ran on, None where there is none.
    """

    path: Path
    content: bytes
    saved: datetime
    states: tuple[State, ...]
    left_over: tuple[str, ...] = ()
    data: str | None = None

    @property
    def is_ready(self) -> bool:
        """Whether every question passes or is written."""
        return all(state.state in (PASSES, WRITTEN) for state in self.states)


def find_notebook(homework: str, here: Path | None = None) -> Path:
    """The notebook of a homework: in the folder `here` (default: the working folder), in its course folder, or in one
    that it lies in. Raises NotebookMissing."""
    start = (here or Path.cwd()).resolve()
    name = f"{homework}.ipynb"
    for folder in (start, *start.parents):
        for path in (folder / name, folder / "homework" / homework / name):
            if path.is_file():
                return path
    raise NotebookMissing(
        f"{name} is not in {start}, and neither is homework/{homework}/{name}: go to the course folder and try again."
    )


def check_notebook(homework: str, path: Path, progress: Callable[[int, int], None] = lambda done, of: None) -> Report:
    """Run a saved notebook in a fresh kernel and say how each question stands; the file stays as it is.

    progress: called with the number of cells that are done and that of all. Raises NotebookMissing, ChecksMissing (see
    `load_checks`), KernelUnavailable.
    """
    content, saved = path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    cells, checks = _cells(path, content), load_checks(homework, path.parent)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    sources = [_source(cell) for cell in code]
    runs = []
    for run in run_cells([*sources, ASK_FOR_DATA], path.parent):
        runs.append(run)
        progress(min(len(runs), len(code)), len(code))
    shown = [output[DATA_TYPE] for output in runs.pop().outputs if DATA_TYPE in output]
    ran = {id(cell): run for cell, run in zip(code, runs)}
    named = {_grade_id(cell): cell for cell in reversed(cells)}
    states = tuple(_state(question, named, ran) for question in checks.questions)
    left_over = tuple(_left_over(cells, ran))
    return Report(path, content, saved, states, left_over, shown[0] if shown else None)


def pack(homework: str, report: Report, who: str | None = None) -> Path:
    """Write <homework>-submission.zip beside the notebook: the notebook as it was saved, and manifest.json.

    who: the student's name; by default that of the account on this computer. Raises NotPacked.
    """
    target = report.path.with_name(f"{homework}-submission.zip")
    text = json.dumps(manifest(homework, report, who), indent=1, ensure_ascii=False) + "\n"
    try:
        _write_archive(target, {f"{homework}.ipynb": report.content, MANIFEST: text})
    except OSError as problem:
        raise NotPacked(
            f"{target} cannot be written ({problem.strerror}). Hand in {report.path.name} itself, as you saved it."
        ) from None
    return target


def _write_archive(target: Path, files: Mapping[str, str | bytes]) -> None:
    """A zip archive of these files, whole or not at all."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        os.chmod(draft, 0o644)
        os.replace(draft, target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def manifest(homework: str, report: Report, who: str | None = None) -> dict[str, Any]:
    """What stands in manifest.json, as JSON values; times are in UTC."""
    return {
        "made by": MADE_BY,
        "homework": homework,
        "who": who or _account(),
        "when": _moment(datetime.now(UTC)),
        "notebook": {
            "file": report.path.name,
            "sha256": hashlib.sha256(report.content).hexdigest(),
            "saved": _moment(report.saved),
        },
        "data": {"fingerprint": report.data} if report.data else None,
        "versions": {"python": platform.python_version(), **_versions()},
        "checks": {state.question.id: state.state for state in report.states},
    }


def show_fingerprint(names: Mapping[str, Any]) -> None:
    """In a kernel: show the fingerprint of the homework's data, for whoever runs the notebook."""
    data = next((value for value in list(names.values()) if isinstance(value, HomeworkData)), None)
    if data is not None:
        from IPython.display import display

        display({DATA_TYPE: fingerprint_of(data)}, raw=True)


def _cells(path: Path, content: bytes) -> list[dict[str, Any]]:
    try:
        cells = json.loads(content)["cells"]
        if all(isinstance(cell["cell_type"], str) and isinstance(_source(cell), str) for cell in cells):
            return cells
    except (ValueError, KeyError, TypeError):
        pass
    raise NotebookMissing(f"{path} is not a whole notebook: open it in JupyterLab, save it and try again.")


def _source(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def _grade_id(cell: Mapping[str, Any]) -> str:
    return str(cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", ""))


def _state(question: ListedQuestion, named: Mapping[str, Any], ran: Mapping[int, CellRun]) -> State:
    answer, test = named.get(f"answer_{question.id}"), named.get(f"test_{question.id}")
    if question.by_hand:
        if answer is None or _source(answer).strip() in NOT_WRITTEN:
            return State(question, EMPTY, "empty; it is marked by hand")
        return State(question, WRITTEN, "written; it is marked by hand")
    if test is None or id(test) not in ran:  # gone, or no code cell any more
        return State(
            question, ERROR, f"its test cell is gone: take test_{question.id} from the student edition's notebook again"
        )
    checked = _checked(ran[id(test)].outputs)
    if checked and checked["passed"]:
        return State(question, PASSES, "passes the visible checks")
    if checked and not checked["empty"]:
        sentence = next(p["sentence"] for p in checked["properties"] if p["state"] == FAILS)
        return State(question, WRONG, f"not yet: {sentence}{_passed_before(test)}")
    own = ran.get(id(answer))
    if checked or (own and own.error == "NotImplementedError"):
        return State(question, EMPTY, "empty")
    stopped = (own and own.stopped) or ran[id(test)].stopped or "its test cell checks nothing: take it from the edition"
    return State(question, ERROR, f"error: {stopped}{_passed_before(test)}")


def _checked(outputs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What the question's visible checks found, from the data of a cell's outputs."""
    return next((data[CHECKS_TYPE] for data in outputs if CHECKS_TYPE in data), None)


def _passed_before(test: Mapping[str, Any]) -> str:
    checked = _checked([output.get("data", {}) for output in test.get("outputs", [])])
    if checked is None or not checked["passed"]:
        return ""
    return " (It passed in your notebook: something that it needs is in no cell above, or was changed later.)"


def _left_over(cells: list[dict[str, Any]], ran: Mapping[int, CellRun]):
    """A sentence for each cell that had run without an error when the notebook was saved, and now stops."""
    for place, cell in enumerate(cells, start=1):
        run = ran.get(id(cell))
        if run is None or not run.error or cell.get("execution_count") is None:
            continue
        if not any(output.get("output_type") == "error" for output in cell.get("outputs", [])):
            yield (
                f"Cell {place} had run in your notebook and stops in a fresh kernel, so it relied on something that an "
                f"earlier run had left behind: {run.stopped}"
            )


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in some containers
        return "unknown"


def _moment(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def check_and_pack(homework: str, who: str | None = None, packs: bool = True) -> bool:
    """What `python -m helpers check` does and prints. Returns whether every question passes or is written."""
    path = find_notebook(homework)
    saved = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    print(f"{path}, as saved on {saved:%d %B %Y at %H:%M}. What you have not saved is not in it.")
    print("It runs from top to bottom in a fresh kernel ...", flush=True)
    report = check_notebook(homework, path, _show_progress)
    for line in (*report.states, *report.left_over):
        print(line)
    if report.is_ready:
        print("All visible checks pass. Grading asks the same with inputs that you have not seen.")
    else:
        print("Not everything is right yet. You may still hand it in: each question is marked on its own.")
    if packs:
        print(f"Packed: {pack(homework, report, who)}. Hand in this file.")
    return report.is_ready


def _show_progress(done: int, of: int) -> None:
    if sys.stdout.isatty():
        print(f"\r  {done} of {of} cells" if done < of else "\r" + 30 * " " + "\r", end="", flush=True)
