"""Who needs a look: every kind once, with the reason, on a terminal, in a file and in no case twice."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from autograder.gradebook.final import FinalMark
from autograder.gradebook.results import StudentResult
from autograder.intake.merge import OTHER_TEXT
from autograder.judge.judge import FOUND_AT_END
from autograder.judge.verdict import Verdict
from autograder.pages import attention
from autograder.pages import console as pages_console
from autograder.pages.attention import needs_attention
from autograder.run.notebook import TIME


def student(name: str, **changes) -> StudentResult:
    return replace(StudentResult(name, "graded", None, [Verdict("cosine", 5.0, 5.0, "Right.")]), **changes)


def waits(name: str) -> StudentResult:
    return student(name, questions=[Verdict("reflection", 0.0, 5.0, "x", waiting=True)])


REPAIRS = ["Test cell test_recall was missing; it was put back.", "Cell answer_cosine had lost its id."]
CLASS = [
    student("fine"),
    student("absent", status="failed", reason="Nothing was handed in."),
    student("broken", status="failed", reason="The file is no notebook."),
    student("slow", ended_by=TIME, problem="A cell took more than 60 seconds of computing."),
    student("stranger", final=FinalMark("stranger", "stranger", on_roster=False)),
    student("tardy", final=FinalMark("tardy", "Tardy Lee", days_late=2, penalty=3.0)),
    student("mended", repairs=REPAIRS),
    student("below", questions=[Verdict("cosine", 5.0, 5.0, f"Right. {FOUND_AT_END}")]),
    student("beside", repairs=[f"Cell answer_reflection was missing or empty; {OTHER_TEXT}"]),
    *[waits(f"waiter{n}") for n in range(12)],
]


def test_each_reason_has_its_students():
    found = needs_attention(CLASS, {"absent"})
    who = {kind: [look.result.student for look in looks] for kind, looks in found.items()}
    assert who == {
        attention.NO_FILE: ["absent"],
        attention.FAILED: ["broken"],
        attention.TIMED_OUT: ["slow"],
        attention.UNKNOWN: ["stranger"],
        attention.LATE: ["tardy"],
        attention.OUTSIDE: ["below", "beside"],
        attention.REPAIRED: ["mended", "beside"],
        attention.WAITING: [f"waiter{n}" for n in range(12)],
    }
    assert list(who) == [kind for kind in attention.KINDS if kind in who]
    assert found[attention.LATE][0].told == "2 days, which costs 3 points"
    assert found[attention.REPAIRED][0].told.startswith("2 repairs: Test cell test_recall was missing")
    assert found[attention.OUTSIDE][1].told == "reflection"
    assert needs_attention([student("fine")]) == {}


@pytest.mark.parametrize("terminal", [True, False])
def test_the_list_stands_at_the_end_one_line_a_student(terminal, monkeypatch):
    console = Console(file=io.StringIO(), width=80, highlight=False, force_terminal=terminal, no_color=True)
    monkeypatch.setattr(pages_console, "out", console)
    pages_console.show_results(CLASS, {"absent"})
    lines = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in console.file.getvalue().splitlines()]
    at = next(n for n, line in enumerate(lines) if line.startswith("Needs attention (20)"))
    told = lines[at + 1 :]
    [mended] = [line for line in told if "mended" in line]
    assert mended.startswith("Repaired: mended: 2 repairs: Test cell test_recall was missing")
    assert [line for line in told if "tardy (Tardy Lee)" in line]
    waiting = [line for line in told if "waiter" in line]
    if terminal:
        assert all(len(line) <= 80 for line in lines) and "and 4 more" in " ".join(told)
    else:
        assert len(waiting) == 12 and mended.endswith("had lost its id.") and not any("…" in line for line in told)
