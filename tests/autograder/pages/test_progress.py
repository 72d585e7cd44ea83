"""What is told while a class is graded: a line a student in a file, one that moves on a terminal, Ctrl-C at once."""

import io
import os
import signal
from dataclasses import replace

import pytest
from rich.console import Console

from autograder.gradebook.results import StudentResult
from autograder.judge.verdict import Verdict
from autograder.pages.progress import GradingProgress, Stopped, in_short, told_rate

LONG = "a-student-whose-name-is-" + "long-" * 30 + "indeed"


def result(name: str, **changes) -> StudentResult:
    verdicts = [Verdict("cosine", 7.5, 10.0, "x"), Verdict("reflection", 0.0, 5.0, "y", waiting=True)]
    return replace(StudentResult(name, "graded", None, verdicts), **changes)


def shown(results, terminal: bool) -> str:
    console = Console(file=io.StringIO(), width=80, force_terminal=terminal, no_color=True, highlight=False)
    with GradingProgress(len(results), console, "autograder grade hw4") as progress:
        for one in results:
            progress.settled(one)
        if progress.bar:
            progress.bar.refresh()
    return console.file.getvalue()


def test_in_a_file_each_student_is_one_whole_line():
    failed = result("[red]emmy[/]", status="failed", reason="It is\nno notebook.")
    lines = shown([result("ada"), result(LONG, kept=True), failed], terminal=False).splitlines()
    assert lines == [
        "1/3 ada: 7.5 of 15 points, 1 to be marked by hand",
        f"2/3 {LONG}: 7.5 of 15 points, 1 to be marked by hand, as before",
        "3/3 [red]emmy[/]: not graded. It is no notebook.",
    ]


def test_on_a_terminal_there_are_count_rate_and_time_left():
    text = shown([result("ada"), result("[red]bo[/]")], terminal=True)
    assert "2/2" in text and "a minute" in text and "[red]bo" in text


@pytest.mark.parametrize(
    "ran, left, seconds, said",
    [
        (0, 9, 3.0, ""),
        (10, 50, 60.0, "10 a minute, about 5 min left"),
        (10, 5, 60.0, "10 a minute, about 30 s left"),
        (3, 0, 60.0, "3 a minute"),
        (1, 1, 0.0, "6e+10 a minute, about 0 s left"),
    ],
)
def test_the_rate_counts_what_was_run(ran, left, seconds, said):
    assert told_rate(ran, left, seconds) == said


@pytest.fixture
def before():
    """What answers Ctrl-C here, also where the tests run with it ignored."""
    outside = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, outside)


def test_ctrl_c_says_what_is_done_before_anything_else_happens(before):
    console = Console(file=io.StringIO(), width=200)
    with pytest.raises(Stopped), GradingProgress(60, console, "autograder grade hw4") as progress:
        progress.settled(result("ada"))
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("not interrupted")
    said = console.file.getvalue().splitlines()[-1]
    assert said.startswith("Stopped: 1 of 60 students are graded") and "autograder grade hw4 goes on" in said
    assert signal.getsignal(signal.SIGINT) is before


def test_who_is_started_to_ignore_ctrl_c_ignores_it(before):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with GradingProgress(1, Console(file=io.StringIO()), "x") as progress:
        os.kill(os.getpid(), signal.SIGINT)
        progress.settled(result("ada"))
    assert progress.done == 1 and signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_penalty_is_explained():
    class Final:
        penalty, name = 2.5, "ada"

    assert in_short(result("ada", final=Final())).startswith("5 of 15 points (7.5, less 2.5 for lateness)")
