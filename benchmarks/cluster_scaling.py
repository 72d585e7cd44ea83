"""Grading on a cluster: how it grows with the workers

    python -m benchmarks.cluster_scaling [--submissions 12] [--rounds 2]

The same class of homework 4 on the data set in use, graded on this machine alone and on Dask clusters of one and two
workers on loopback, in turns. Each submission is a full one: a third of them the instructor's solution, the others
with mistakes. Prints the tables of docs/grade-on-a-cluster.md: what was measured, and what follows for 10,000.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import nbformat

from autograder.commands.demo import make_course
from autograder.commands.grade import find_submissions, grade_all
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook, with_mistakes
from autograder.gradebook import marks
from autograder.judge.homework import Homework, find_homework
from autograder.judge.submission import Runner
from autograder.run.cluster import Cluster
from autograder.run.notebook import Run, run_notebook
from benchmarks import harness

ASSIGNMENT = "hw4"
CLASS = 10_000


def hand_in(course: Course, homework: Homework, n: int) -> None:
    """n full submissions, of three kinds in turns."""
    marks.register(course, ASSIGNMENT)
    source = read_notebook(course.source(ASSIGNMENT))
    kinds = [
        nbformat.writes(with_mistakes(source, mistakes)) for mistakes in ({}, *homework.key.DEMO_MISTAKES.values())
    ]
    for i in range(n):
        path = course.submitted(ASSIGNMENT, f"student-{i:05d}")
        path.parent.mkdir(parents=True)
        path.write_text(kinds[i % len(kinds)])


@contextmanager
def dask(workers: int, folder: Path):
    """The address of a scheduler on loopback with so many workers of one thread each."""
    places = folder / f"scheduler-{time.monotonic_ns()}.json"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}

    def start(part: str, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                f"distributed.cli.dask_{part}",
                "--scheduler-file",
                str(places),
                "--host",
                "127.0.0.1",
                "--no-dashboard",
                "--dashboard-address",
                "127.0.0.1:0",
                *arguments,
            ],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    processes = [start("scheduler", "--port", "0")]
    try:
        while not (places.exists() and places.read_text()):
            time.sleep(0.1)
        for _ in range(workers):
            processes.append(start("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(folder)))
        yield json.loads(places.read_text())["address"]
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def measure(
    course: Course, homework: Homework, seed: int, jobs: int, runner: Runner = run_notebook
) -> tuple[float, float, list[float]]:
    """Grade the whole class -> seconds per submission, the grader's own processor seconds per submission (reading,
    sending, judging, recording), and the marks.

    Counts from the first run on, because the probes are drawn once, before it, whatever the size of the class.
    """
    began = []

    def run(*arguments) -> Run:
        began.append((time.perf_counter(), time.process_time()))
        return runner(*arguments)

    handed = find_submissions(course.build / "submitted", ASSIGNMENT)
    results = grade_all(course, homework, handed, seed, jobs, runner=run)
    seconds, own = time.perf_counter() - began[0][0], time.process_time() - began[0][1]
    return seconds / len(handed), own / len(handed), [result.score for result in results]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=12, help="the size of the class (default: 12)")
    parser.add_argument("--rounds", type=int, default=2, help="how often each way, in turns (default: 2)")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    ways: dict[str, list[tuple[float, float, list]]] = {
        "this machine alone, -j 1": [],
        "this machine alone, -j 2": [],
        "cluster, 1 worker": [],
        "cluster, 2 workers": [],
    }
    with tempfile.TemporaryDirectory() as folder:
        course = make_course(Path(folder) / "course")
        homework = find_homework(course.homework(ASSIGNMENT))
        hand_in(course, homework, chosen.submissions)
        for seed in range(chosen.rounds):
            for jobs, way in enumerate(list(ways)[:2], start=1):
                ways[way].append(measure(course, homework, seed, jobs))
            for workers, way in enumerate(list(ways)[2:], start=1):
                with dask(workers, Path(folder)) as address, Cluster(address) as cluster:
                    cluster.client.wait_for_workers(workers, timeout=60)
                    ways[way].append(measure(course, homework, seed, workers + 2, cluster.run))
    print(
        f"{date.today().isoformat()}, {os.cpu_count()} cores, load average {load:.1f} at the start; "
        f"{chosen.submissions} submissions, {chosen.rounds} rounds in turns; "
        f"{len(homework.shop.data.products):,} products, {len(homework.shop.query_texts)} queries.\n"
    )
    seconds = {way: statistics.median(taken for taken, _, _ in found) for way, found in ways.items()}
    one = seconds["cluster, 1 worker"]
    same = all(
        found[i][2] == ways["this machine alone, -j 1"][i][2] for found in ways.values() for i in range(chosen.rounds)
    )
    rows = [
        [
            way,
            f"{taken:.2f}",
            f"{3600 / taken:,.0f}",
            f"{one / taken:.2f}",
            f"{statistics.median(own for _, own, _ in ways[way]):.2f}" if "cluster" in way else "",
        ]
        for way, taken in seconds.items()
    ]
    print(
        harness.table(
            "Measured",
            [
                "way",
                "seconds per submission",
                "submissions per hour",
                "times as fast as 1 worker",
                "of it the grader's own processor seconds",
            ],
            rows,
            f"Marks of all ways in each round: {'the same' if same else 'NOT the same'}.",
        )
    )
    own = statistics.median(own for way in ("cluster, 1 worker", "cluster, 2 workers") for _, own, _ in ways[way])
    rows = []
    for workers, graders in ((2, 1), (16, 1), (64, 1), (64, 4), (256, 4), (256, 16)):
        run, record = one / workers, own / graders
        rows.append(
            [
                f"{workers}",
                f"{graders}",
                f"{CLASS * max(run, record) / 3600:.1f}",
                "the runs" if run > record else "reading, judging and recording",
            ]
        )
    print(
        harness.table(
            f"Estimated for {CLASS:,} submissions",
            ["workers", "graders", "hours", "what takes longest"],
            rows,
            f"A run takes a worker {one:.2f} s, all else takes a grader {own:.2f} s, and the two go on at once.",
        )
    )


if __name__ == "__main__":
    main()
