"""Lecture 4: the cells that take more than a second

The whole notebook, each time in a fresh kernel: cold with an empty cache folder, so that the weights are
checked and everything is embedded, and warm right after that.
"""

import os
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from benchmarks import harness
from helpers.catalogue import data_in_use

LECTURE = Path(__file__).resolve().parents[1] / "lectures" / "04-embeddings-and-semantic-search.ipynb"
COLD_SECONDS, WARM_SECONDS = 25, 8


class _Timed(NotebookClient):
    """Runs a notebook and keeps the seconds of each code cell."""

    seconds: dict[int, float]

    async def async_execute_cell(self, cell, cell_index, execution_count=None, store_history=True):
        began = time.perf_counter()
        done = await super().async_execute_cell(cell, cell_index, execution_count, store_history)
        if cell.cell_type == "code":
            self.seconds[cell_index] = time.perf_counter() - began
        return done


def run_lecture(environment: dict[str, str]) -> tuple[float, dict[int, float], list]:
    """Seconds in all (kernel included), seconds of each code cell, and the cells."""
    notebook = nbformat.read(LECTURE, as_version=4)
    client = _Timed(notebook, timeout=300, resources={"metadata": {"path": str(LECTURE.parent)}})
    client.seconds = {}
    began = time.perf_counter()
    client.execute(env=os.environ | environment)
    return time.perf_counter() - began, client.seconds, notebook.cells


def claims():
    data = data_in_use()
    with tempfile.TemporaryDirectory() as cache:
        environment = {"COURSE_CACHE_DIR": cache, "COURSE_DATA_DIR": str(data.folder)}
        environment["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # no download when litellm is imported
        cold, cold_seconds, cells = run_lecture(environment)
        warm, warm_seconds, _ = run_lecture(environment)
    slow = [i for i in cold_seconds if max(cold_seconds[i], warm_seconds[i]) > 1]
    rows = [[f"{i}: `{_first_line(cells[i])}`", f"{cold_seconds[i]:.1f}", f"{warm_seconds[i]:.1f}"] for i in slow]
    quick = [sum(seconds[i] for i in seconds if i not in slow) for seconds in (cold_seconds, warm_seconds)]
    others = f"the other {len(cold_seconds) - len(slow)} code cells"
    rows.append([others, *(f"{taken:.1f}" for taken in quick)])
    rows.append(["the whole notebook, kernel included", f"{cold:.1f}", f"{warm:.1f}"])
    verdicts = [
        harness.Verdict(f"Lecture 4 whole, {how}", f"< {limit} s", f"{taken:.1f} s", taken < limit)
        for how, taken, limit in (("cold", cold, COLD_SECONDS), ("warm", warm, WARM_SECONDS))
    ]
    yield harness.Listing(
        "Cells over 1 s",
        ["cell", "cold, s", "warm, s"],
        rows,
        f"One run each, on the data set {data.name}.",
        verdicts,
    )


def _first_line(cell) -> str:
    return cell.source.strip().splitlines()[0].replace("|", "\\|")


if __name__ == "__main__":
    harness.main()
