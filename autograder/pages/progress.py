"""What `autograder grade` tells while it runs: on a terminal a line that moves, in a file a line for each student.

Ctrl-C is answered at once: what is recorded so far, and that the same command goes on with the rest.
"""

import signal
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

if TYPE_CHECKING:
    from autograder.gradebook.results import StudentResult


class Stopped(KeyboardInterrupt):
    """Ctrl-C, which has been answered already."""


class GradingProgress:
    """A context in which a class is graded; `settled` is to be called with each result.

    command: what to give again after an interruption.
    """

    def __init__(self, total: int, console: Console, command: str):
        self.total, self.console, self.command = total, console, command
        self.done = self.ran = 0
        self.began = time.monotonic()
        self.bar: Progress | None = None

    def __enter__(self) -> "GradingProgress":
        if self.console.is_terminal:
            columns = (MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[rate]}"))
            student = TextColumn("{task.fields[student]}", markup=False, style="dim")
            bar = Progress(TextColumn("Graded"), BarColumn(30), *columns, student, console=self.console, transient=True)
            bar.add_task("", total=self.total, rate="", student="")
            bar.start()
            self.bar = bar
        before = signal.getsignal(signal.SIGINT)
        # Only the main thread may ask for signals. Where Ctrl-C is ignored from the start, as under nohup, it stays so.
        self.answers = threading.current_thread() is threading.main_thread() and before is not signal.SIG_IGN
        if self.answers:
            self.before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *problem) -> None:
        if self.answers:
            signal.signal(signal.SIGINT, self.before)
        if self.bar:
            self.bar.stop()

    def settled(self, result: "StudentResult") -> None:
        """Count one student and show it."""
        self.done += 1
        self.ran += not result.kept
        if self.bar:
            rate = told_rate(self.ran, self.total - self.done, time.monotonic() - self.began)
            self.bar.update(self.bar.task_ids[0], completed=self.done, rate=rate, student=result.student)
        else:
            self.console.print(Text(f"{self.done}/{self.total} {called(result)}: {in_short(result)}"), soft_wrap=True)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, self.before)  # a second Ctrl-C waits for nothing
        if self.bar:
            self.bar.stop()
        recorded = f"{self.done} of {self.total} students are graded, and their marks are recorded"
        self.console.print(Text(f"Stopped: {recorded}. {self.command} goes on with the others."), soft_wrap=True)
        raise Stopped


def told_rate(ran: int, left: int, seconds: float) -> str:
    """Notebooks a minute so far, and about how long those that are left will take."""
    if not ran:
        return ""
    rate = ran / max(seconds, 1e-9)
    if not left:
        return f"{60 * rate:.3g} a minute"
    minutes, rest = divmod(round(left / rate), 60)
    return f"{60 * rate:.3g} a minute, about {f'{minutes} min' if minutes else f'{rest} s'} left"


def called(result: "StudentResult") -> str:
    """A student as lists name them: the id, and the name where it is another."""
    return result.student if result.name == result.student else f"{result.student} ({result.name})"


def in_short(result: "StudentResult") -> str:
    """One student's outcome on one line."""
    if result.status == "failed":
        return f"not graded. {' '.join((result.reason or '').split())}"
    late = f" ({result.points:g}, less {result.penalty:g} for lateness)" if result.penalty else ""
    waiting = sum(q.waiting for q in result.questions)
    waits = f", {waiting} to be marked by hand" if waiting else ""
    return f"{result.score:g} of {result.max_score:g} points{late}{waits}{', as before' if result.kept else ''}"
