"""Sandbox: what it costs for each submission

The same notebook, from the start of its kernel to its end, in a plain kernel and in the sandbox in turns. In
the sandbox a kernel is forked from a warm parent that has the imports done, so it can be the faster of the
two; the parent was started before.
"""

import os
import statistics
import time
from contextlib import contextmanager

from nbformat.v4 import new_code_cell, new_notebook

from autograder.run import sandbox
from autograder.run.notebook import run_notebook
from benchmarks import harness

ALLOWED_SECONDS = 0.5
NOTEBOOKS = {
    "one short cell": ["1 + 1"],
    "helpers, data and index": [
        "from helpers import build_index, load_wands_products\nproducts = load_wands_products().head(2000)",
        "index, lengths = build_index(products['product_name'])",
    ],
}


@contextmanager
def _sandbox(used: bool):
    """The sandbox in use, or not, whatever it was before."""
    before = os.environ.get(sandbox.UNSAFE)
    os.environ[sandbox.UNSAFE] = "0" if used else "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[sandbox.UNSAFE]
        else:
            os.environ[sandbox.UNSAFE] = before


def seconds(cells: list[str], sandboxed: bool) -> float:
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    with _sandbox(sandboxed):
        began = time.perf_counter()
        run = run_notebook(notebook, {})
        taken = time.perf_counter() - began
    outputs = [output for cell in run.notebook.cells for output in cell.outputs]
    if run.problem or any(output.output_type == "error" for output in outputs):
        raise RuntimeError(f"The notebook did not run: {run.problem or outputs}")
    return taken


def claims():
    with _sandbox(True):
        sandbox.require()
    rows, verdicts = [], []
    for name, cells in NOTEBOOKS.items():
        ways = [
            harness.Way(way, lambda cells=cells, used=used: seconds(cells, used), clocked=True)
            for way, used in (("plain kernel", False), ("sandbox", True))
        ]
        for way in ways:
            way.run()  # once each, so that every file is in memory
        plain, inside = harness.measure(harness.Claim("", ways, rounds=5)).values()
        overhead = statistics.median(b - a for a, b in zip(plain, inside))
        medians = statistics.median(plain), statistics.median(inside)
        rows.append([name, *(f"{median:.2f}" for median in medians), f"{overhead:+.2f}"])
        verdicts.append(
            harness.Verdict(
                f"Sandbox, overhead for each submission: {name}",
                f"< {ALLOWED_SECONDS} s",
                f"{overhead:.2f} s",
                overhead < ALLOWED_SECONDS,
            )
        )
    yield harness.Listing(
        "The sandbox beside a plain kernel",
        ["notebook", "plain kernel, s", "sandbox, s", "overhead, s"],
        rows,
        "Medians of 5 rounds in turns; the overhead is the median of the rounds' own differences.",
        verdicts,
    )


if __name__ == "__main__":
    harness.main()
