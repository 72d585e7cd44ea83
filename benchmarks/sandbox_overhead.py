"""What the sandbox costs for each submission: the same notebook, run with and without it in turns.

    python benchmarks/sandbox_overhead.py [--runs 9]
"""

import argparse
import os
import statistics
import time

from nbformat.v4 import new_code_cell, new_notebook
from rich.console import Console
from rich.table import Table

from autograder import sandbox
from autograder.run import run_notebook

ALLOWED_SECONDS = 0.5
NOTEBOOKS = {
    "one short cell": ["1 + 1"],
    "helpers, data and index": [
        "from helpers import build_index, load_wands_products\n"
        "products = load_wands_products().head(2000)",
        "index, lengths = build_index(products['product_name'])",
    ],
}


def seconds(cells: list[str], sandboxed: bool) -> float:
    os.environ[sandbox.UNSAFE] = "0" if sandboxed else "1"
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    began = time.perf_counter()
    run = run_notebook(notebook, {})
    taken = time.perf_counter() - began
    outputs = [output for cell in run.notebook.cells for output in cell.outputs]
    if run.problem or any(output.output_type == "error" for output in outputs):
        raise SystemExit(f"The notebook did not run: {run.problem or run.notebook.cells}")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9, help="how often each way, in turns (default: 9)")
    runs = parser.parse_args().runs
    sandbox.require()
    table = Table("notebook", "plain kernel, s", "sandbox, s", "overhead, s", f"under {ALLOWED_SECONDS} s")
    for name, cells in NOTEBOOKS.items():
        for sandboxed in (True, False):  # once each, so that every file is in memory
            seconds(cells, sandboxed)
        pairs = [(seconds(cells, False), seconds(cells, True)) for _ in range(runs)]
        plain, inside = (statistics.median(column) for column in zip(*pairs))
        overhead = inside - plain
        holds = "yes" if overhead < ALLOWED_SECONDS else "NO"
        table.add_row(name, f"{plain:.3f}", f"{inside:.3f}", f"{overhead:+.3f}", holds)
    Console().print(table)
    print(f"Medians of {runs} runs each, start of the kernel to its end.")


if __name__ == "__main__":
    main()
