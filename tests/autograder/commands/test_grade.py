"""One bad submission never stops the others; what is graded and has not changed is not run again."""

import json
import os
import threading
import time

import nbformat
import pytest
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands import grade as batch
from autograder.commands.demo import make_course
from autograder.commands.grade import find_submissions, grade_all
from autograder.course.notebooks import read_notebook, released_form, with_answers
from autograder.course.students import student_id
from autograder.gradebook import marks
from autograder.gradebook.results import kept_result, load_results
from autograder.inside.collector import KernelPart, answer_probes
from autograder.judge import submission as grading
from autograder.pages.report import write_report
from autograder.run.notebook import KILLED, OUTSIDE, TIME, Run, RunFailed
from tests.support.hw4 import POINTS

EARNED = POINTS["cosine"]  # the one answer of each of them

# More names are in test_merge.py; these are the kinds that nbgrader, file systems and pages trip on.
ODD = [
    "[red]x [2]",
    'Zoë O\'Brien "Pat"',
    "-rf",
    "<img src=x>",
    " spaced ",
    "x" * 200,
    "new\nline",
    "\udcff",
    ".hidden",
]


@pytest.fixture(scope="module")
def template(small_homework, tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("template"), small_homework.folder.parents[1])
    marks.register(course, "hw4")
    return course


@pytest.fixture
def hand_in(course, tmp_path):
    """A function: put one student's notebook, right on the question cosine only, or the given bytes -> submissions."""
    source = read_notebook(course.source("hw4"))
    stubs = {
        c.metadata.nbgrader.grade_id.removeprefix("answer_"): c.source
        for c in released_form(source).cells
        if c.metadata.nbgrader.grade_id.startswith("answer_")
    }
    right = nbformat.writes(with_answers(source, {q: s for q, s in stubs.items() if q != "cosine"})).encode()

    def put(*students, raw=right):
        for student in students:
            folder = tmp_path / "handed-in" / student
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "hw4.ipynb").write_bytes(raw)
        return find_submissions(tmp_path / "handed-in", "hw4")

    put.right = right
    put.changed = right.replace(b"Work one pair", b"Work a pair") + b"\n"
    return put


class Runs:
    """Stands in for the kernel: answers the question cosine as the solution does; notes who was run."""

    def __init__(self, namespace):
        self.namespace, self.count, self.lock, self.trouble = namespace, 0, threading.Lock(), {}

    def __call__(self, notebook, requests, *_):
        with self.lock:
            self.count += 1
            number = self.count
        if number in self.trouble:
            return self.trouble[number](notebook)
        wire = json.loads(requests["cosine"])
        answers = answer_probes(wire["probes"], self.namespace, KernelPart(""))
        return Run(notebook, {"cosine": [json.dumps({"nonce": wire["nonce"], "answers": answers})]})


@pytest.fixture
def runs(answered, monkeypatch):
    stand_in = Runs(answered())
    monkeypatch.setattr(grading, "run_notebook", stand_in)
    return stand_in


@pytest.fixture
def grade(course, small_homework):
    def run(handed, **options):
        return grade_all(course, small_homework, handed, **{"seed": 5, "regrade": False} | options)

    return run


def scores(results):
    return {r.student: r.score if r.status == "graded" else "failed" for r in results}


def raises(problem):
    def trouble(notebook):
        raise problem

    return trouble


def test_odd_names_are_graded_like_all_others(course, hand_in, grade, runs, tmp_path, small_homework):
    handed = hand_in(*ODD)
    results = grade(handed)
    assert len(results) == len(ODD) and set(scores(results).values()) == {EARNED}
    for student in ODD:
        assert marks.marks_of(course, "hw4", student)["cosine"].score == EARNED
    for student in set(ODD) - {"\udcff", "new\nline"}:
        assert student in scores(results)
    marks.write_feedback(course, "hw4")
    for student in ODD:
        assert (course.build / "feedback" / student_id(student) / "hw4" / "hw4.html").is_file()
    page = write_report(course, small_homework, load_results(course, "hw4"), tmp_path / "r.html").read_text()
    assert "<img src=x>" not in page and "&lt;img src=x&gt;" in page


def test_the_command_prints_odd_names(course, hand_in, runs, small_homework, tmp_path):
    hand_in(*ODD[:2])
    run = CliRunner().invoke(
        app,
        [
            "grade",
            "hw4",
            "--course",
            str(course.root),
            "--submissions",
            str(tmp_path / "handed-in"),
            "--json",
            str(tmp_path / "out.json"),
        ],
    )
    assert run.exit_code == 0, run.output
    assert "[red]x" in run.output and "O'Brien" in run.output
    assert len(json.loads((tmp_path / "out.json").read_text())["students"]) == 2


def test_trouble_with_one_student_is_that_students_only(course, hand_in, grade, runs, monkeypatch):
    handed = hand_in("a1", "b2", "c3", "d4", "e5", "f6", "g7")
    hand_in("h8", raw=b"{")
    handed = hand_in("i9")
    runs.trouble = {
        2: raises(ZeroDivisionError("in the run")),
        3: raises(RunFailed("No kernel could be started: try again.")),
        8: raises(RunFailed("No kernel could be started: try again.")),
        4: lambda notebook: Run(notebook, {"cosine": [7, {"a": 1}]}, "The kernel died."),
        5: lambda notebook: None,
    }
    read, record = batch.read_submission, marks.record

    def read_badly(raw, released):
        read_badly.count += 1
        if read_badly.count == 1:
            raise RecursionError("in intake")
        return read(raw, released)

    def record_badly(course, assignment, student, graded):
        if student == "g7":
            raise marks.NotRecorded("nbgrader could not record it.")
        return record(course, assignment, student, graded)

    read_badly.count = 0
    monkeypatch.setattr(batch, "read_submission", read_badly)
    monkeypatch.setattr(marks, "record", record_badly)
    results = grade(handed)
    found = scores(results)
    assert found == {
        "a1": "failed",
        "b2": EARNED,
        "c3": "failed",
        "d4": "failed",
        "e5": 0,
        "f6": "failed",
        "g7": "failed",
        "h8": "failed",
        "i9": EARNED,
    }
    reasons = {r.student: r.reason for r in results}
    assert "RecursionError" in reasons["a1"] and "ZeroDivisionError" in reasons["c3"] and "valid JSON" in reasons["h8"]
    assert reasons["d4"] == "No kernel could be started: try again."
    assert "in the run" in (course.build / "logs" / "hw4.log").read_text()
    for result in results:
        assert sum(m.score for m in marks.marks_of(course, "hw4", result.student).values()) == result.score


def test_what_has_not_changed_is_not_run_again(course, hand_in, grade, runs):
    handed = hand_in("ada", "bob", "carl")
    first = grade(handed)
    assert runs.count == 3 and not any(r.kept for r in first)
    second = grade(handed, seed=6)
    assert runs.count == 3 and all(r.kept for r in second) and scores(second) == scores(first)
    assert [r.questions for r in second] == [r.questions for r in first]
    grade(handed, regrade=True)
    assert runs.count == 6
    hand_in("bob", raw=hand_in.changed)
    assert [r.kept for r in grade(handed)] == [True, False, True]
    [earlier] = (course.build / "earlier" / "hw4" / "bob").glob("*.ipynb")
    assert earlier.read_bytes() == hand_in.right
    assert course.submitted("hw4", "bob").read_bytes() == hand_in.changed


def test_what_no_longer_agrees_is_run_again(course, hand_in, grade, runs, small_homework, monkeypatch):
    handed = hand_in("ada")
    grade(handed)
    with Gradebook(course.config().CourseDirectory.db_url) as book:
        book.find_grade("test_cosine", "hw4", "hw4", "ada").auto_score = 3
        book.db.commit()
    assert not grade(handed)[0].kept and marks.marks_of(course, "hw4", "ada")["cosine"].score == EARNED
    (course.results("hw4") / "ada.json").write_text("{")
    assert not grade(handed)[0].kept
    marks.forget(course, "hw4", "ada")
    assert not grade(handed)[0].kept
    (course.build / "gradebook.db").unlink()
    assert not grade(handed)[0].kept and marks.marks_of(course, "hw4", "ada")["cosine"].score == EARNED
    monkeypatch.setattr(batch, "grader_version", lambda homework: "another")
    assert not grade(handed)[0].kept
    monkeypatch.setitem(small_homework.shop.reference, "note", "measured again")
    assert not grade(handed)[0].kept
    source = course.source("hw4")
    source.write_text(source.read_text().replace("about two and a half hours", "about three hours"))
    assert not grade(handed)[0].kept
    assert grade(handed)[0].kept


def test_a_run_that_ended_early_is_tried_again(hand_in, grade, runs):
    handed = hand_in("ada", "bob")
    runs.trouble = {
        1: lambda notebook: Run(notebook, {}, "The notebook as a whole took too long."),
        2: raises(RunFailed("No kernel could be started.")),
        3: raises(RunFailed("No kernel could be started.")),
    }
    assert scores(grade(handed)) == {"ada": 0, "bob": "failed"}
    assert scores(grade(handed)) == {"ada": EARNED, "bob": EARNED}


def test_what_a_limit_ended_is_run_once_more_alone_and_never_kept(course, hand_in, grade, runs):
    """Carl's run is late whatever happens, the others' only while other work runs beside them."""
    handed = hand_in("ada", "bob", "carl", "dora")
    under_way, beside = [], []

    def late(notebook):
        return Run(notebook, {}, late={"cosine"}, ended_by=TIME)

    def run(notebook, requests, *rest):
        under_way.append(notebook)
        time.sleep(0.05)
        beside.append(len(under_way))
        try:
            return Runs.__call__(runs, notebook, requests, *rest)
        finally:
            under_way.pop()

    runs.trouble = dict.fromkeys([1, 2, 3, 4, 7], late)
    results = grade(handed, jobs=2, runner=run)
    assert scores(results) == {"ada": EARNED, "bob": EARNED, "carl": 0, "dora": EARNED}
    assert [r.ended_by for r in results] == [None, None, TIME, None]
    assert "timed out" in results[2].unsettled and results[0].unsettled is None
    assert runs.count == 8 and beside[4:] == [1, 1, 1, 1]
    assert [r.kept for r in grade(handed)] == [True, True, False, True] and runs.count == 9


def test_a_kernel_that_was_killed_from_outside_costs_no_mark(course, hand_in, grade, runs):
    handed = hand_in("ada", "bob")
    killed = lambda notebook: Run(notebook, {}, KILLED, ended_by=OUTSIDE)  # noqa: E731
    runs.trouble = {1: killed, 2: killed, 4: killed}
    ada, bob = grade(handed)
    assert (ada.status, ada.score, bob.status, bob.reason) == ("graded", EARNED, "failed", KILLED)
    assert "says nothing about the work" in KILLED
    assert scores(grade(handed)) == {"ada": EARNED, "bob": EARNED}


@pytest.mark.parametrize("depth", [400, 975, 5000])
def test_an_output_nested_without_end_is_dropped(hand_in, grade, runs, depth):
    nested = b"[" * depth + b"]" * depth
    output = b'"outputs": [{"output_type": "display_data", "metadata": {}, "data": {"application/json": ' + nested
    raw = hand_in.right.replace(b'"outputs": []', output + b"}}]", 1)
    assert scores(grade(hand_in("ada", raw=raw))) == {"ada": EARNED}


def test_a_mark_by_hand_survives(course, hand_in, grade, runs):
    handed = hand_in("ada")
    raw = hand_in.right.replace(b"YOUR ANSWER HERE", b"Because of the rare words.")
    hand_in("ada", raw=raw)
    grade(handed)
    with Gradebook(course.config().CourseDirectory.db_url) as book:
        mark = book.find_grade("answer_reflection", "hw4", "hw4", "ada")
        mark.manual_score, mark.needs_manual_grade = 4, False
        book.db.commit()
    assert grade(handed)[0].kept
    assert marks.marks_of(course, "hw4", "ada")["reflection"].score == 4
    grade(handed, regrade=True)
    assert marks.marks_of(course, "hw4", "ada")["reflection"].score == 4


def test_the_folder_as_it_may_be(tmp_path, course, hand_in, grade, runs):
    hand_in("ada", "bob", "carl")
    folder = tmp_path / "handed-in"
    (folder / "bob" / "hw4.ipynb").rename(folder / "bob" / "final.ipynb")
    (folder / "carl" / "hw4.ipynb").unlink()
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / "marks.csv").write_text("ada,100")
    os.mkfifo(folder / "pipe")
    results = grade(find_submissions(folder, "hw4"))
    assert scores(results) == {"ada": EARNED, "bob": EARNED, "carl": "failed"}
    assert results[1].repairs == [
        "The notebook was called final.ipynb, not hw4.ipynb; it was taken as the only notebook."
    ]
    assert results[2].reason == "There is no hw4.ipynb in the student's folder."
    assert kept_result(course, "hw4", "bob").repairs == results[1].repairs
    assert course.submitted("hw4", "bob").read_bytes() == (folder / "bob" / "final.ipynb").read_bytes()
    shown = read_notebook(course.build / "autograded" / "bob" / "hw4" / "hw4.ipynb").cells[0].source
    assert "The notebook was called final.ipynb" in shown


def test_grading_what_lies_in_build_submitted(course, hand_in, grade, runs):
    grade(hand_in("ada [2]", "bob"))
    results = grade(find_submissions(course.build / "submitted", "hw4"))
    assert len(results) == 2 and runs.count == 2 and all(r.kept for r in results)


def test_results_come_as_they_are_ready_and_few_are_in_memory(hand_in, grade, runs, monkeypatch):
    """The run that begins first ends last: nobody waits for it, nothing piles up, and the order is kept."""
    handed = hand_in(*[f"s{i:02}" for i in range(16)])
    came, begun, most, last = [], [], [], threading.Event()

    def slow(notebook):
        assert last.wait(60)
        return call(runs, notebook, slow.requests)

    call = Runs.__call__

    def run(self, notebook, requests, *rest):
        slow.requests = requests
        begun.append(notebook)
        most.append(len(begun) - len(came))
        return call(self, notebook, requests, *rest)

    monkeypatch.setattr(Runs, "__call__", run)
    runs.trouble = {1: slow}

    def on_result(result):
        came.append(result.student)
        if len(came) == 15:
            last.set()

    results = grade(handed, jobs=2, on_result=on_result)
    assert came[-1] in ("s00", "s01") and came[:-1] == sorted(came[:-1]) and len(came) == 16
    assert [r.student for r in results] == sorted(came) and set(scores(results).values()) == {EARNED}
    assert batch.AHEAD == 4 and max(most) <= 2 + 4


@pytest.mark.parametrize("pair", [("Ada", "ada"), ("Zo\u00eb", "Zoe\u0308"), ("a*b", student_id("a*b"))])
def test_names_that_cannot_be_told_apart_share_no_mark(tmp_path, pair):
    for name in (*pair, "bob"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hw4.ipynb").write_text("{}")
    if len(list(tmp_path.iterdir())) < 3:
        pytest.skip("This file system takes the two names for one.")
    handed = {one.student: one for one in find_submissions(tmp_path, "hw4")}
    assert handed["bob"].path and set(handed) == {*pair, "bob"}
    for name in pair:
        assert handed[name].path is None and "cannot be told apart" in handed[name].reason


def test_no_folder_and_an_empty_folder(tmp_path):
    for make in (lambda: None, (tmp_path / "x").mkdir):
        make()
        with pytest.raises(batch.SubmissionsError):
            find_submissions(tmp_path / "x", "hw4")


def test_an_interruption_waits_for_no_notebook_and_the_next_call_goes_on(hand_in, grade, runs, course):
    """What runs is ended, not waited for; what is recorded stays, and the rest is run by the same command."""
    ended = threading.Event()

    def endless(notebook):
        assert ended.wait(60), "nobody ended the run"
        return Run(notebook, problem=KILLED, ended_by=OUTSIDE)

    runs.trouble = {2: endless, 3: endless}

    def interrupted(result):
        raise KeyboardInterrupt

    handed = hand_in("ada", "bo", "cy", "di", "ed")
    with pytest.raises(KeyboardInterrupt):
        grade(handed, jobs=2, on_result=interrupted, end_runs=ended.set)
    assert ended.is_set() and len(load_results(course, "hw4")) == 1
    runs.trouble = {}
    before = runs.count
    assert set(scores(grade(handed)).values()) == {EARNED} and runs.count == before + 4
