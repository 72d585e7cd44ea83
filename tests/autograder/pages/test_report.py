"""Item analysis: difficulty, discrimination, mistakes, and what a regrade changed."""

import io
import re
from dataclasses import replace
from urllib.parse import unquote

import numpy as np
import pytest
from rich.console import Console

from autograder.course.folder import Course
from autograder.course.students import student_id
from autograder.gradebook.results import StudentResult
from autograder.judge.verdict import Verdict
from autograder.pages import console as pages_console
from autograder.pages import report
from autograder.pages.item_analysis import ALL, BINS, Change, changes, items, mistakes, spread
from autograder.pages.report import write_report
from tests.support.hw4 import HW4, POINTS, QUESTIONS


def student(name: str, *shares: float, mistake: str | None = None, status: str = "graded") -> StudentResult:
    """A result with these shares of each question's points; the written answer waits."""
    questions = [
        Verdict(
            q.id,
            q.points * share,
            float(q.points),
            f"about {q.id}",
            misconception=mistake if q.id == "cosine" else None,
            waiting=not q.checks,
            title=q.title,
        )
        for q, share in zip(QUESTIONS, (*shares, *[0.0] * len(QUESTIONS)))
    ]
    return StudentResult(name, status, "It broke." if status == "failed" else None, questions)


CLASS = [
    student("ada", 1, 1, 1, 1),
    student("bo", 1, 1, 0.5, 0),
    student("cy", 0, 0.5, 0, 0, mistake="dot-product"),
    student("di", 0, 1, 0, 0, mistake="dot-product"),
    student("ed", status="failed", mistake="angle"),
]


def test_difficulty_is_the_mean_share_and_waiting_marks_stay_out():
    found = {item.question.id: item for item in items(CLASS, QUESTIONS)}
    assert found["cosine"].mean == POINTS["cosine"] / 2 and found["cosine"].share == 0.5
    assert found["recall"].share == 0.375 and found["hybrid"].share == 0
    assert found["reflection"].mean is None and (found["reflection"].marked, found["cosine"].marked) == (0, 4)


def test_discrimination_leaves_the_question_out_of_the_total():
    found = {item.question.id: item.discrimination for item in items(CLASS, QUESTIONS)}
    shares = {"batch_cosine": [1, 1, 0.5, 1], "recall": [1, 0.5, 0, 0], "semantic": [1, 0, 0, 0]}
    cosine = [POINTS["cosine"] * share for share in (1, 1, 0, 0)]
    rest = sum(POINTS[question] * np.array(column) for question, column in shares.items())
    assert found["cosine"] == pytest.approx(np.corrcoef(cosine, rest)[0, 1])
    assert found["hybrid"] is None  # all alike
    assert items(CLASS[:2], QUESTIONS)[0].discrimination is None  # too few


def test_mistakes_are_counted_among_the_graded():
    [mistake] = mistakes(CLASS, QUESTIONS)
    assert (mistake.question, mistake.students, mistake.share) == ("cosine", 2, 0.5)
    assert mistake.title == "It looks like the dot product without the lengths"
    assert mistakes([], QUESTIONS) == []
    assert mistakes([student("x", mistake="since removed")], QUESTIONS)[0].title == "since removed"


def test_a_regrade_shows_each_changed_mark():
    before = {"cy": student("cy", 0, 0), "ada": CLASS[0], "ed": student("ed", 1)}
    found = changes(before, CLASS, QUESTIONS)
    assert Change("cy", "batch_cosine", 0, 5, "about batch_cosine") in found
    assert {c.student for c in found} == {"cy", "ed"}
    assert [c for c in found if c.student == "ed"] == [Change("ed", ALL, POINTS["cosine"], None, "It broke.")]
    assert changes({"ada": student("ada", status="failed")}, CLASS, QUESTIONS) == [
        Change("ada", ALL, None, CLASS[0].score, "Graded now.")
    ]
    assert changes({"ed": CLASS[-1]}, CLASS, QUESTIONS) == []
    marked = student("cy", 1)
    marked.questions[0] = replace(marked.questions[0], marked_by_hand=True)
    assert changes({"cy": student("cy", 0)}, [marked], QUESTIONS) == []


@pytest.mark.parametrize("terminal", [True, False])
def test_the_console_keeps_names_apart_and_breaks_no_line_in_a_file(terminal, monkeypatch):
    long = student("a-student-with-a-long-name-7", 1, 0)
    long.questions[1] = replace(long.questions[1], message="It gave [red]nan[/]. " + "Why is that so? " * 8)
    console = Console(file=io.StringIO(), width=80, highlight=False, force_terminal=terminal, no_color=True)
    monkeypatch.setattr(pages_console, "out", console)
    pages_console.show_results([*CLASS, long])
    lines = re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue()).splitlines()
    assert {"ada", "bo", "cy", "di", "ed", "a-student-with-a-long-name-7"} <= {line.split(" ")[0] for line in lines}
    assert "reflection" in "\n".join(lines), "each question is named, in the head of its column or below the table"
    told = "\n".join(lines).split("a-student-with-a-long-name-7, batch_cosine: ")[1]
    assert told.startswith("It gave [red]nan[/].")
    assert (max(map(len, lines)) <= 80) == terminal


def test_the_page_shows_it_all_and_escapes(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "results_before", lambda *_: {"cy": student("cy", 0, 0)})
    course = Course(tmp_path)
    page = write_report(course, HW4, [*CLASS, student("<script>")], tmp_path / "r.html").read_text()
    for text in (
        "Discrimination",
        "Henrysson",
        "It looks like the dot product",
        "Before and after",
        "about batch_cosine",
        "mostly chance",
        "&lt;script&gt;",
    ):
        assert text in page
    assert page.count("<script") == 1 and "5 written answers not marked yet" in page and "Not marked yet." in page
    monkeypatch.setattr(report, "results_before", lambda *_: {})
    assert "Before and after" not in write_report(course, HW4, [], tmp_path / "r.html").read_text()


def test_the_spread_is_the_final_marks():
    found = spread(CLASS)
    scores = sorted(r.score for r in CLASS if r.status == "graded")
    assert found.median == (scores[1] + scores[2]) / 2 and found.mean == sum(scores) / 4
    assert found.deviation == pytest.approx(np.std(scores)) and len(found.bins) == BINS
    assert sum(n for _, _, n in found.bins) == 4 and found.bins[-1][1] == CLASS[0].max_score
    full = replace(CLASS[0], questions=[replace(q, score=q.max_score) for q in CLASS[0].questions])
    assert spread([full]).bins[-1][2] == 1 and spread([CLASS[-1]]) is None


def test_each_student_is_linked_to_page_and_notebook_and_has_a_history(tmp_path, monkeypatch):
    course, odd = Course(tmp_path / "a course"), "Zoë #1 50%"
    for result in (CLASS[0], student(odd, 1)):
        who = student_id(result.student)
        for kind, name in (("feedback", "hw4.html"), ("submitted", "hw4.ipynb")):
            path = course.build / kind / who / "hw4" / name
            path.parent.mkdir(parents=True)
            path.write_text("{}")
    earlier = course.build / "earlier" / "hw4" / "ada"
    earlier.mkdir(parents=True)
    for number in range(2):
        (earlier / f"{number}.ipynb").write_text("{}")
    (course.homework("hw3")).mkdir(parents=True)
    (course.homework("hw3") / "hw3.ipynb").touch()
    course.results("hw3").mkdir(parents=True)
    monkeypatch.setattr(
        report, "load_results", lambda course, name: [student("ada", 1), student("bo", status="failed")]
    )
    monkeypatch.setattr(report, "results_before", lambda *_: {"ada": student("ada", 0.5)})
    out = tmp_path / "elsewhere" / "r.html"
    page = write_report(course, HW4, [*CLASS, student(odd, 1)], out).read_text()
    links = [unquote(link) for link in re.findall(r'href="([^"#]+)"', page)]
    assert len(links) == 8  # each in the table and in the student's own section
    for link in links:
        assert (out.parent / link).resolve().is_file(), link
    full, half = (f"{student('ada', share).points:g}" for share in (1, 0.5))
    most = f"{CLASS[0].max_score:g}"
    assert f"hw3: {full} of {most} · the run before this one: {half} · 2 earlier versions of the file kept" in page
    assert "hw3: not graded" in page
