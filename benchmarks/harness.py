"""Measuring fairly on a machine that others use too: ways of doing one thing take turns, round after round.

A ratio is taken within each round and its median is given, so that a slow minute slows both sides of it.
Memory is measured in a process of its own for each way.

A script of this folder has a docstring whose first line is the heading, a generator `claims()` of Claims and
Listings, and where memory matters PEAKS: name of a way -> function that prepares its work and returns it.
"""

import argparse
import ctypes
import gc
import importlib.metadata
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = (
    "numpy scipy pandas PyStemmer torch sentence-transformers onnxruntime rank-bm25 bm25s numba searcharray "
    "tantivy faiss-cpu litellm nbgrader otter-grader"
).split()
_MEMORY_TIMEOUT = 120  # seconds


@dataclass
class Verdict:
    """A target and what was measured: one row of the table at the top of the page."""

    claim: str
    target: str
    measured: str
    met: bool


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
    """Ways of doing one thing, the plain one first.

    `targets`: name of a way -> least ratio to plain. `verdicts`: on whatever else was promised.
    `peaks`: whether the PEAKS of the script belong to this claim.
    """

    title: str
    ways: list[Way]
    unit: str = "s"
    per: int = 1  # times are given per one of so many: queries, for example
    rounds: int = 5
    targets: dict[str, float] = field(default_factory=dict)
    note: str = ""
    skipped: dict[str, str] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    peaks: bool = True


@dataclass
class Listing:
    """Rows that were measured already, and verdicts on them."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""
    verdicts: list[Verdict] = field(default_factory=list)


def run(script: ModuleType) -> tuple[str, list[Verdict]]:
    """Measure all claims of a script; print its section, and return it with its verdicts."""
    about = (script.__doc__ or "").strip().split("\n", 2)
    lines, verdicts = [f"## {about[0]}", "", *(about[2].splitlines() if len(about) > 2 else []), ""], []
    lines += [f"`python -m {script.__name__}`", ""]  # the way to run it alone
    print("\n".join(lines))
    peaks = {name: peak_memory(script, name) for name in getattr(script, "PEAKS", {})}
    for claim in script.claims():
        if isinstance(claim, Listing):
            text, found = table(claim.title, claim.columns, claim.rows, claim.note), claim.verdicts
        else:
            text, found = _comparison(claim, peaks if claim.peaks else {})
        print(text, flush=True)
        lines.append(text)
        verdicts += found
    return "\n".join(lines), verdicts


def main() -> None:
    """What ``python -m benchmarks.<script>`` does: run the script, or one of its ways to see its memory."""
    script = sys.modules["__main__"]
    parser = argparse.ArgumentParser(description=script.__doc__)
    parser.add_argument("--peak-of", metavar="WAY", help="print the peak memory of one way in MB, and nothing else")
    way = parser.parse_args().peak_of
    if way is None:
        if script.__spec__ is not None:  # its name by `python -m`, not __main__
            script.__name__ = script.__spec__.name
        run(script)
        return
    print(growth(script.PEAKS[way]())[1])


def peak_memory(script: ModuleType, way: str) -> float | None:
    """MB that a process grows by at most while it does the work of a way; None where that cannot be measured.

    Engines in other languages are counted too.
    """
    command = [sys.executable, "-m", script.__name__, "--peak-of", way]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_MEMORY_TIMEOUT)
    except subprocess.TimeoutExpired:
        return None
    peak = float(done.stdout.split()[-1]) if done.returncode == 0 else math.nan
    return None if math.isnan(peak) else peak


def growth(work: Callable) -> tuple[Any, float]:
    """The result of work(), and the MB by which this process grew meanwhile at most; NaN where unknown."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)  # what was left over from before is given back
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten (man proc_pid_clear_refs)
    except (OSError, AttributeError):  # no Linux, or one with another C library
        return work(), math.nan
    before = _memory("VmRSS")
    return work(), _memory("VmHWM") - before


def _memory(what: str) -> float:
    """MB of this process: VmRSS now, VmHWM at its peak."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[what].split()[0]) * 1024 / 1e6


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
    times: dict[str, list[float]] = {way.name: [] for way in claim.ways}
    for turn in range(claim.rounds):
        first = turn % len(claim.ways)
        for way in claim.ways[first:] + claim.ways[:first]:
            began = time.perf_counter()
            result = way.run()
            seconds = result if way.clocked else time.perf_counter() - began
            times[way.name].append(seconds / way.share / claim.per)
    return times


def _comparison(claim: Claim, peaks: dict[str, float | None]) -> tuple[str, list[Verdict]]:
    times, verdicts = measure(claim), []
    plain = claim.ways[0].name
    columns = ["way", f"median, {claim.unit}", "middle half", f"times as fast as {plain}", "target"]
    some_peaks = {way.name: peaks[way.name] for way in claim.ways if peaks.get(way.name) is not None}
    columns += ["peak memory, MB"] * bool(some_peaks) + ["same results"] * any(way.same for way in claim.ways)
    scale = {"s": 1, "ms": 1e3, "µs": 1e6}[claim.unit]
    rows = []
    for way in claim.ways:
        low, median, high = _quartiles([seconds * scale for seconds in times[way.name]])
        low_ratio, ratio, high_ratio = _quartiles([a / b for a, b in zip(times[plain], times[way.name])])
        said = f"{_number(ratio)} ({_number(low_ratio)} to {_number(high_ratio)})"
        target = claim.targets.get(way.name)
        if target is not None:
            name = f"{claim.title}: {way.name}"
            verdicts.append(Verdict(name, f">= {target:g} times as fast as {plain}", said, ratio >= target))
        row = [
            way.name,
            _number(median),
            f"{_number(low)} to {_number(high)}",
            "1" if way.name == plain else said,
            "" if target is None else f">= {target:g}: {_met(ratio >= target)}",
        ]
        row += [f"{some_peaks[way.name]:,.0f}" if way.name in some_peaks else ""] * bool(some_peaks)
        rows.append(row + [way.same] * any(way.same for way in claim.ways))
    skipped = "".join(f" Left out: {name} ({reason})." for name, reason in claim.skipped.items())
    scaled = [f"{way.name} did 1/{1 / way.share:,.0f}" for way in claim.ways if way.share < 1]
    less = f" {', '.join(scaled)} of the work, and its time is scaled up." if scaled else ""
    note = f"{claim.rounds} rounds in turns.{less} {claim.note}{skipped}".strip()
    return table(claim.title, columns, rows, note), verdicts + claim.verdicts


def same_results(claim: str, agreement: str) -> Verdict:
    """The verdict on results that must be the plain way's; `agreement` as `peers.agreement` says it."""
    return Verdict(f"{claim}: results", "the plain way's, ties included", agreement, agreement == "all")


def _met(met: bool) -> str:
    return "met" if met else "NOT met"


def summary(verdicts: list[Verdict]) -> str:
    """All targets in one table: what the reader of the page sees first."""
    rows = [[v.claim, v.target, v.measured, _met(v.met)] for v in verdicts]
    missed = sum(not verdict.met for verdict in verdicts)
    note = f"{len(verdicts) - missed} of {len(verdicts)} targets met."
    return table("Targets", ["claim", "target", "measured", "verdict"], rows, note, level=2)


def table(title: str, columns: list[str], rows: list[list[str]], note: str = "", level: int = 3) -> str:
    """A heading of that level, a table with columns of numbers to the right, and a note."""
    lines = [f"{'#' * level} {title}", "", "| " + " | ".join(columns) + " |"]
    is_number = [all(re.match(r"[-+]?\d|$", cell) for cell in cells) for cells in zip(*rows)]
    lines.append("|" + "|".join("---:" if number else "---" for number in is_number) + "|")
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
- load average at the start (1, 5 and 15 minutes): {load}. Above {os.cpu_count()} others were using the
  machine too; times are then noisy and too high, ratios less so.
- Python {platform.python_version()}, {", ".join(versions)}
"""


HOW_TO_READ = """## How to read the tables

- "helpers" is this course's own code. "Plain" is the style of the lesson (`benchmarks/plain.py`): dicts and
  loops for BM25, the document matrix normalised anew for every query, every search run again for every alpha.
  The others are packages from PyPI; one that is not installed is left out by name.
- Ways of doing the same thing take turns, round after round. A time is the median of the rounds, with the
  middle half of them beside it. A ratio is the median of the rounds' own ratios, with their middle half in
  brackets.
- Product names are made up in the shape of WANDS (`benchmarks/data.py`).
- Peak memory is what a process of its own grew by while it did the work.
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
