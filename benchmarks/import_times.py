"""Importing: what a notebook and a grader wait for before they begin

Each import in a fresh process, interpreter included; CPU seconds of all threads, and seconds by the clock.
"""

import os
import resource
import statistics
import subprocess
import sys
import time

from benchmarks import harness

STATEMENTS = {
    "nothing": "pass",
    "helpers": "import helpers",
    "helpers, BM25 search": "from helpers import search_bm25",
    "helpers, all searches": "from helpers import evaluate_search, hybrid_search, semantic_search",
    "numpy": "import numpy",
    "pandas": "import pandas",
    "torch": "import torch",
    "nbgrader": "import nbgrader.api",
    "litellm": "import litellm",
    "sentence_transformers": "import sentence_transformers",
}


def _seconds(statement: str) -> tuple[float, float]:
    """CPU seconds and seconds by the clock."""
    environment = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # no download when litellm is imported
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, env=environment, capture_output=True)
    clock = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock


def claims():
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in STATEMENTS}
    for _ in range(3):
        for name, statement in STATEMENTS.items():
            try:
                found[name].append(_seconds(statement))
            except subprocess.CalledProcessError:
                found[name].clear()  # not on this machine: left out
    rows = [
        [
            name,
            "`" + STATEMENTS[name] + "`",
            *(f"{sorted(column)[len(column) // 2]:.2f}" for column in zip(*times)),
        ]
        for name, times in found.items()
        if times
    ]
    clock = statistics.median(clock for _, clock in found["helpers"])
    yield harness.Listing(
        "Imports",
        ["what", "statement", "CPU, s", "clock, s"],
        rows,
        "Medians of 3 rounds in turns, warm disk. `import helpers` loads a module when a name of it is used.",
        [harness.Verdict("`import helpers`, interpreter included", "< 1 s", f"{clock:.2f} s", clock < 1)],
    )


if __name__ == "__main__":
    harness.main()
