"""Does a mark depend on luck? Both banks of answers, judged with the probes of many seeds.

    python -m benchmarks.seeds [hw4] [--seeds 200] [--first 0] [--processes 2] [--question cosine ...]
                               [--alone] [--whole] [--keep FILE]

Every right answer must get full marks with every seed. Every misconception must lose points on exactly the questions it
says, be named, and get one and the same mark with every seed, unless the data cannot tell it from what is right. Prints
what does not hold, with the seeds; exit status 1 if there is any. Takes hours, so it is run by hand, after a change of
probes or banks.
"""

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as many processes as asked for, and no more

from autograder.commands.selftest import Row, banks
from autograder.judge.homework import Homework, find_homework, small_homework

ROOT = Path(__file__).resolve().parents[1]

_for_the_process = ExitStack()
_homework: list[Homework] = []


def _prepare(assignment: str, whole: bool) -> None:
    folder = ROOT / "homework" / assignment
    if whole:
        _homework.append(find_homework(folder))
    else:
        _homework.append(_for_the_process.enter_context(small_homework(folder)))


def rows_of(seed: int, questions: tuple[str, ...], alone: bool) -> tuple[int, list[Row], float]:
    """The rows of both banks with one seed's probes, and the seconds of CPU time that took."""
    began = time.process_time()
    rows = list(banks(_homework[0], seed, questions, alone))
    return seed, rows, time.process_time() - began


def kept_in(file: Path | None) -> dict[int, tuple[list[Row], float]]:
    """What an interrupted sweep has left: a line of JSON a seed."""
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file and file.exists() else []
    return {line["seed"]: ([Row(**row) for row in line["rows"]], line["seconds"]) for line in lines}


def summarise(found: dict[int, list[Row]]) -> Iterable[str]:
    """A line for every answer that luck decides or that is judged wrongly; rows: those of each seed."""
    for place, (first, *_) in enumerate(zip(*found.values())):
        name = f"{first.question}, {first.kind}: {first.what}"
        marks, wrong, unnamed = defaultdict(list), [], []
        for seed, rows in found.items():
            row = rows[place]
            if row.alike:
                continue
            marks[row.found].append(seed)
            if not row.right:
                wrong.append(seed)
            if row.named is False:
                unnamed.append(seed)
        if len(marks) > 1:
            yield f"{name}: {len(marks)} marks: " + "; ".join(
                f"{mark} ({len(seeds)} seeds, as {seeds[0]})" for mark, seeds in sorted(marks.items())
            )
        if wrong:
            yield f"{name}: judged wrongly with {len(wrong)} seeds, as {wrong[:5]}: {found[wrong[0]][place].found}"
        if unnamed:
            yield f"{name}: not named with {len(unnamed)} seeds, as {unnamed[:5]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assignment", nargs="?", default="hw4")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--question", action="append", default=[])
    parser.add_argument("--whole", action="store_true", help="all of the data set in use, not a cut: minutes a seed")
    parser.add_argument("--alone", action="store_true", help="only the question of each answer: half the time")
    parser.add_argument("--keep", type=Path, help="go on where the sweep with this file was interrupted")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    found = {seed: kept for seed, kept in kept_in(asked.keep).items() if seed in seeds}
    left = [seed for seed in seeds if seed not in found]
    questions, alone = [tuple(asked.question)] * len(left), [asked.alone] * len(left)
    with ProcessPoolExecutor(asked.processes, initializer=_prepare, initargs=(asked.assignment, asked.whole)) as pool:
        for seed, rows, took in pool.map(rows_of, left, questions, alone):
            found[seed] = rows, took
            print(f"seed {seed}: {sum(row.holds for row in rows)} of {len(rows)} rows hold", file=sys.stderr)
            if asked.keep:
                with asked.keep.open("a") as file:
                    print(json.dumps({"seed": seed, "rows": [asdict(row) for row in rows], "seconds": took}), file=file)
    lines = list(summarise({seed: rows for seed, (rows, _) in found.items()}))
    print("\n".join(lines))
    each = sum(took for _, took in found.values()) / len(found)
    answers = len(next(iter(found.values()))[0])
    print(
        f"{len(found)} seeds, {answers} answers each, {each:.1f} CPU seconds a seed: {len(lines) or 'nothing'} to mend"
    )
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
