"""Measuring fairly on a machine that others use too: ways of doing one thing take turns, round after round.

A ratio is taken within each round and its median is given, so that a slow minute slows both sides of it.
Memory is measured in a process of its own for each way.
"""

import argparse
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import ModuleType

PACKAGES = (
    "numpy scipy pandas PyStemmer torch sentence-transformers rank-bm25 bm25s numba searcharray tantivy "
    "faiss-cpu litellm nbgrader"
).split()
_MEMORY_TIMEOUT = 120  # seconds


@dataclass
class Way:
    """One way of doing the work of a claim.

    `run` does `share` of the work (0 < share <= 1), and its time is divided by that; `same` says in a few
    words how far the results agree with the plain way's. `clocked`: run returns its own seconds.
    """

    name: str
    run: Callable
    share: float = 1.0
    same: str = ""
    clocked: bool = False


@dataclass
class Claim:
    """Ways of doing one thing, the plain one first. `targets`: name of a way -> least ratio to plain."""

    title: str
    ways: list[Way]
    unit: str = "s"
    per: int = 1  # times are given per one of so many: queries, for example
    rounds: int = 5
    targets: dict[str, float] = field(default_factory=dict)
    note: str = ""
    skipped: dict[str, str] = field(default_factory=dict)


@dataclass
class Listing:
    """Rows that were measured already."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""


def run(script: ModuleType) -> str:
    """Measure all claims of a script; print its section and return it."""
    lines = [f"## {script.__doc__.splitlines()[0]}", "", f"`python -m {script.__name__}`", ""]
    print("\n".join(lines))
    peaks = {name: peak_memory(script, name) for name in getattr(script, "PEAKS", {})}
    for claim in script.claims():
        text = _listing(claim) if isinstance(claim, Listing) else _comparison(claim, peaks)
        print(text, flush=True)
        lines.append(text)
    return "\n".join(lines)


def main() -> None:
    """What ``python -m benchmarks.<script>`` does: run the script, or one of its ways to see its memory."""
    script = sys.modules["__main__"]
    parser = argparse.ArgumentParser(description=script.__doc__)
    parser.add_argument(
        "--peak-of", metavar="WAY", help="print the peak memory of one way in MB, and nothing else"
    )
    way = parser.parse_args().peak_of
    if way is None:
        script.__name__ = script.__spec__.name
        run(script)
        return
    work = script.PEAKS[way]()  # prepares, and gives the function to measure
    tracemalloc.start()
    work()
    print(tracemalloc.get_traced_memory()[1] / 1e6)


def peak_memory(script: ModuleType, way: str) -> float | None:
    """MB that a way needs at its peak on top of what was there before, or None if it cannot be run here.

    What Python and numpy take is counted (tracemalloc), not what an engine in another language takes.
    """
    command = [sys.executable, "-m", script.__name__, "--peak-of", way]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_MEMORY_TIMEOUT)
    except subprocess.TimeoutExpired:
        return None
    return float(done.stdout.split()[-1]) if done.returncode == 0 else None


def available(makers: dict[str, Callable]) -> tuple[dict, dict[str, str]]:
    """What the makers make, by name, and a reason for each of which the package is not installed."""
    made, skipped = {}, {}
    for name, make in makers.items():
        try:
            made[name] = make()
        except ImportError as error:
            skipped[name] = f"{error.name or error} is not installed"
    return made, skipped


def measure(claim: Claim) -> dict[str, list[float]]:
    """Seconds of each way in each round. The ways take turns, and each round begins with another one."""
    times = {way.name: [] for way in claim.ways}
    for turn in range(claim.rounds):
        first = turn % len(claim.ways)
        for way in claim.ways[first:] + claim.ways[:first]:
            began = time.perf_counter()
            result = way.run()
            seconds = result if way.clocked else time.perf_counter() - began
            times[way.name].append(seconds / way.share / claim.per)
    return times


def _comparison(claim: Claim, peaks: dict[str, float | None]) -> str:
    times = measure(claim)
    plain = claim.ways[0].name
    columns = ["way", f"median, {claim.unit}", "middle half", f"times as fast as {plain}", "target"]
    some_peaks = {way.name: peaks[way.name] for way in claim.ways if peaks.get(way.name) is not None}
    columns += ["peak memory, MB"] * bool(some_peaks) + ["same results"] * any(way.same for way in claim.ways)
    scale = {"s": 1, "ms": 1e3, "µs": 1e6}[claim.unit]
    rows = []
    for way in claim.ways:
        low, median, high = _quartiles([seconds * scale for seconds in times[way.name]])
        low_ratio, ratio, high_ratio = _quartiles([a / b for a, b in zip(times[plain], times[way.name])])
        target = claim.targets.get(way.name)
        row = [
            way.name,
            _number(median),
            f"{_number(low)} to {_number(high)}",
            "1" if way.name == plain else f"{_number(ratio)} ({_number(low_ratio)} to {_number(high_ratio)})",
            "" if target is None else f">= {target:g}: {'met' if ratio >= target else 'NOT met'}",
        ]
        row += [f"{some_peaks[way.name]:,.0f}" if way.name in some_peaks else ""] * bool(some_peaks)
        rows.append(row + [way.same] * any(way.same for way in claim.ways))
    skipped = "".join(f" Left out: {name} ({reason})." for name, reason in claim.skipped.items())
    scaled = [f"{way.name} did 1/{1 / way.share:,.0f}" for way in claim.ways if way.share < 1]
    scaled = f" {', '.join(scaled)} of the work, and its time is scaled up." if scaled else ""
    note = f"{claim.rounds} rounds in turns.{scaled} {claim.note}{skipped}".strip()
    return _table(claim.title, columns, rows, note)


def _listing(listing: Listing) -> str:
    return _table(listing.title, listing.columns, listing.rows, listing.note)


def _table(title: str, columns: list[str], rows: list[list[str]], note: str) -> str:
    lines = [f"### {title}", "", "| " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", *([note, ""] if note else [])])


def page_head() -> str:
    """Title, machine, versions and command of docs/benchmarks.md."""
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{package} not installed")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    machine = f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB of memory"
    return f"""# Benchmarks

Written by `make bench` (`python -m benchmarks`). Do not edit by hand.

- {date.today().isoformat()}, {machine}, {platform.system()} {platform.release()}
- load average at the start (1, 5 and 15 minutes): {load}. Above {os.cpu_count()} others were using the machine
  too; figures are then noisy and too high, ratios less so.
- Python {platform.python_version()}, {", ".join(versions)}

Ways of doing the same thing take turns, round after round. A ratio is the median of the rounds' own ratios,
with the middle half of the rounds in brackets. "Plain" is the style of the lesson, in `benchmarks/plain.py`:
dicts and loops for BM25, the document matrix normalised anew for every query, every search run again for every
alpha. Product names are made up in the shape of WANDS (`benchmarks/data.py`). Peak memory is what Python and
numpy take on top of the data, counted by tracemalloc in a process of its own.
"""


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _quartiles(values: Iterable[float]) -> tuple[float, float, float]:
    values = sorted(values)
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, statistics.median(values), high


def _number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
