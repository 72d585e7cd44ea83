"""What a kernel's processes use: computing, and time in which they do nothing. Neither depends on a busy neighbour."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil

LONGEST_STEP = 1.0  # seconds: a grader that was itself held up between two looks blames nobody for that time
AT_WORK = {"R", "D"}  # states of a thread that computes, waits for a processor, or waits for a disk


class Usage:
    """Totals since the first look; they never go down. `look` brings them up to date.

    cpu: seconds of computing of all processes, those included that have ended and been waited for. idle: seconds in
    which no thread could have run.
    inside: gives the processes, parents before their children, so that no child's time is counted twice.
    """

    def __init__(self, inside: Callable[[], list[psutil.Process]]):
        self.inside = inside
        self.cpu = self.idle = 0.0
        self.last = time.monotonic()

    def look(self) -> None:
        processes = self.inside()
        self.cpu = max(self.cpu, sum(map(_cpu_seconds, processes)))
        now = time.monotonic()
        if not any(map(_is_at_work, processes)):
            self.idle += min(now - self.last, LONGEST_STEP)
        self.last = now


def _cpu_seconds(process: psutil.Process) -> float:
    """Its own computing and that of its ended children; 0 where it has ended, and its parent counts it."""
    try:
        used = process.cpu_times()
    except psutil.Error:
        return 0.0
    return used.user + used.system + used.children_user + used.children_system


def _is_at_work(process: psutil.Process) -> bool:
    try:
        threads = list(Path(f"/proc/{process.pid}/task").iterdir())
    except OSError:  # it has ended, or this is no Linux
        return _status(process) in (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP)
    return any(_state(thread) in AT_WORK for thread in threads)


def _state(thread: Path) -> str:
    try:
        text = (thread / "stat").read_text(errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[0]


def _status(process: psutil.Process) -> str:
    try:
        return process.status()
    except psutil.Error:
        return ""
