"""What happens when the machine fails in the middle: no lost mark, no double mark, nothing half-written."""

import ctypes
import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from random import Random
from types import SimpleNamespace

import nbformat
import pytest
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import SaveAutoGrades

from autograder import cli
from autograder.course.files import GradingStopped
from autograder.course.notebooks import read_notebook, with_answers
from autograder.gradebook import marks
from autograder.gradebook.marks import GradebookError, NotRecorded
from autograder.gradebook.results import load_results
from autograder.pages.report import write_report
from autograder.run.notebook import Limits, RunFailed, run_notebook
from tests.support.hw4 import POINTS
from tests.support.processes import Child, hang, until
from tests.support.runs import CLASS, scores

EARNED = POINTS["cosine"]  # the one answer of each of them


def no_drafts(course):
    return not list(course.build.rglob("*.tmp"))


# --- the grader is killed --------------------------------------------------------------------------------


def hang_in_run(monkeypatch, runs, reached):
    results = reached.parent / "course" / "build" / "results" / "hw4"

    def before(number):
        if number == 3:
            until(lambda: (results / "bob.json").exists())
            hang(reached)

    runs.before = before


def hang_in_gradebook(monkeypatch, runs, reached):
    saved = SaveAutoGrades._add_score

    def save(self, cell, resources):
        saved(self, cell, resources)
        if self.student_id == "carl" and cell.metadata.nbgrader.grade_id == "test_cosine":
            hang(reached)

    monkeypatch.setattr(SaveAutoGrades, "_add_score", save)


def hang_before_result(monkeypatch, runs, reached):
    from autograder.commands import grade as batch

    saved = batch.save_result

    def save(course, assignment, result, *rest):
        if result.student == "carl":
            hang(reached)
        saved(course, assignment, result, *rest)

    monkeypatch.setattr(batch, "save_result", save)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("where", [hang_in_run, hang_in_gradebook, hang_before_result])
def test_kill_9_in_the_middle_then_the_same_command(course, grade, runs, tmp_path, where):
    with pytest.MonkeyPatch.context() as patch:
        where(patch, runs, tmp_path / "reached")
        child = Child(lambda: len(grade()), tmp_path / "report")
        until((tmp_path / "reached").exists)
        child.kill()
    runs.before = lambda number: None
    before = runs.count
    assert {r.student for r in load_results(course, "hw4")} == {"ada", "bob"}
    results = grade()
    assert [r.kept for r in results] == [True, True, False, False]
    assert runs.count == before + 2
    assert [r.score for r in results] == [EARNED] * 4 and scores(course) == dict.fromkeys(CLASS, EARNED)
    assert all(r.kept for r in grade()) and no_drafts(course)
    with marks.opened(course) as book:
        assert sorted(s.student_id for s in book.assignment_submissions("hw4")) == CLASS


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_two_graders_at_once(course, grade, runs, tmp_path):
    runs.before = lambda number: number == 1 and hang(tmp_path / "reached")
    child = Child(lambda: len(grade()), tmp_path / "report")
    until((tmp_path / "reached").exists)
    with pytest.raises(GradingStopped, match="Another grading run is at work"):
        grade()
    child.kill()
    runs.before = lambda number: None
    assert [r.score for r in grade()] == [EARNED] * 4


# --- the gradebook ---------------------------------------------------------------------------------------


HOLD = """
import sqlite3, sys
d = sqlite3.connect(sys.argv[1])
d.execute('BEGIN EXCLUSIVE')
print('held', flush=True)
input()
"""


@pytest.fixture
def locked(course):
    """A function: another process holds the gradebook from now on."""
    holders = []

    def lock():
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(course.build / "gradebook.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        holders.append(holder)
        assert holder.stdout.readline() == "held\n"

    yield lock
    for holder in holders:
        holder.kill()
        holder.communicate()


def by_command(course, monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["autograder", *arguments, "--course", str(course.root)])
    with pytest.raises(SystemExit) as status:
        cli.main()
    told = capsys.readouterr()
    assert "Traceback" not in told.err + told.out
    return status.value.code, told.err.strip().splitlines()[-1]


def test_a_locked_gradebook_stops_before_anybody_is_run(course, runs, locked, monkeypatch, capsys):
    monkeypatch.setattr(marks, "LOCK_SECONDS", 0.1)
    locked()
    status, told = by_command(course, monkeypatch, capsys, "grade", "hw4")
    assert status == 2 and told.startswith("The gradebook is locked by another program: close Formgrader")
    assert runs.count == 0 and not course.results("hw4").exists()


def test_a_gradebook_locked_in_the_middle(course, grade, runs, locked, monkeypatch):
    monkeypatch.setattr(marks, "LOCK_SECONDS", 0.1)
    runs.before = lambda number: number == 3 and locked()
    with pytest.raises(GradebookError, match="locked by another program"):
        grade()
    kept = {p.stem for p in course.results("hw4").glob("*.json")}
    assert kept <= {"ada", "bob"} and no_drafts(course)


def test_after_the_lock_the_rest_is_graded(course, grade, runs, locked, monkeypatch):
    monkeypatch.setattr(marks, "LOCK_SECONDS", 0.1)
    saved = marks.record

    def record(course, assignment, student, graded):
        if student == "carl":
            raise GradebookError("The gradebook is locked by another program.")
        saved(course, assignment, student, graded)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marks, "record", record)
        with pytest.raises(GradebookError):
            grade()
    assert [r.kept for r in grade()] == [True, True, False, False]
    assert scores(course) == dict.fromkeys(CLASS, EARNED)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_BUSY, "locked by another program"),
        (sqlite3.SQLITE_LOCKED_SHAREDCACHE, "locked by another program"),
        (sqlite3.SQLITE_FULL, "disk with the gradebook is full"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "cannot be opened or written"),
        (sqlite3.SQLITE_CANTOPEN, "cannot be opened or written"),
        (sqlite3.SQLITE_CORRUPT, "damaged"),
        (None, "damaged"),
    ],
)
def test_the_database_s_code_decides_and_not_its_words(course, code, words):
    problem = sqlite3.DatabaseError("locked, full, readonly: all in other words")
    if code is not None:
        problem.sqlite_errorcode = code
    assert words in str(marks.in_words(course, problem))


@pytest.mark.parametrize(
    ("cause", "kind", "words"),
    [
        (OSError(errno.ENOSPC, "voll"), GradebookError, "because the disk is full"),
        (OSError(errno.EACCES, "No space left on device"), NotRecorded, "could not record: PermissionError"),
        (ValueError("sqlite3. database is locked"), NotRecorded, "could not record: ValueError"),
    ],
)
def test_what_nbgrader_caught_decides_and_not_its_words(course, cause, kind, words):
    def start():
        try:
            raise cause
        except Exception:
            log.error("There was an error processing an assignment")
            raise NbGraderException("Please see the above traceback.") from None

    with marks._quiet() as log, pytest.raises(kind, match=words):
        marks._start(course, SimpleNamespace(start=start, log=log), "record")


def garbage(path):
    path.write_bytes(Random(7).randbytes(5000))


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribbled(path):
    raw = bytearray(path.read_bytes())
    raw[4096:12000] = Random(7).randbytes(12000 - 4096)
    path.write_bytes(raw)


@pytest.mark.parametrize("damage", [garbage, cut, scribbled])
def test_a_damaged_gradebook_is_one_sentence(course, runs, monkeypatch, capsys, damage):
    path = course.build / "gradebook.db"
    damage(path)
    raw = path.read_bytes()
    for command in ("grade", "feedback"):
        status, told = by_command(course, monkeypatch, capsys, command, "hw4")
        assert status == 2 and told.startswith("The gradebook is damaged") and "move it away" in told
    assert path.read_bytes() == raw and runs.count == 0


def test_a_new_gradebook_instead_of_a_damaged_one(course, grade, runs):
    grade()
    (course.build / "gradebook.db").rename(course.build / "damaged.db")
    assert [r.kept for r in grade()] == [False] * 4
    assert scores(course) == dict.fromkeys(CLASS, EARNED)


# --- a full disk -----------------------------------------------------------------------------------------


def on_a_small_disk(build, size):
    """From here on this process, and nobody else, sees `build` on a file system of `size` bytes."""
    libc = ctypes.CDLL(None, use_errno=True)
    spare = build.parent / "spare"
    shutil.copytree(build, spare)
    new_mounts, private, new_users = 0x00020000, 0x4C000, 0x10000000
    steps = [
        lambda: libc.unshare(new_mounts if os.geteuid() == 0 else new_mounts | new_users),
        lambda: libc.mount(b"none", b"/", None, private, None),
        lambda: libc.mount(b"tmpfs", str(build).encode(), b"tmpfs", 0, f"size={size}".encode()),
    ]
    for step in steps:
        if step() != 0:
            raise PermissionError("no mounts here")
    shutil.copytree(spare, build, dirs_exist_ok=True)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux mounts")
@pytest.mark.parametrize("room", [0, 12_000, 60_000, 150_000])
def test_a_full_disk_is_one_sentence_and_the_same_command_goes_on(course, grade, runs, tmp_path, room):
    def work():
        size = sum(-(-p.stat().st_size // 4096) * 4096 + 4096 for p in course.build.rglob("*"))
        on_a_small_disk(course.build, size + 400_000)
        filler = course.build / "filler"
        with open(filler, "wb", buffering=0) as file:
            while os.statvfs(course.build).f_bavail * 4096 > room:
                file.write(bytes(4096))
        try:
            grade()
            told = "graded"
        except (GradingStopped, GradebookError) as problem:
            told = str(problem)
        kept = sorted(p.stem for p in course.results("hw4").glob("*.json")) if course.results("hw4").exists() else []
        drafts = no_drafts(course)
        for name in kept:
            json.loads((course.results("hw4") / f"{name}.json").read_text())
        filler.unlink()
        again = grade()
        return {
            "told": told,
            "kept": kept,
            "drafts": drafts,
            "again": [r.kept for r in again],
            "scores": [r.score for r in again],
            "marks": scores(course),
        }

    outcome = Child(work, tmp_path / "report").wait()
    if "no mounts here" in outcome.get("problem", ""):
        pytest.skip("this machine lets nobody mount")
    assert "found" in outcome, outcome.get("trace")
    found = outcome["found"]
    assert "disk" in found["told"] and "full" in found["told"] and "\n" not in found["told"]
    assert found["drafts"]
    assert found["again"] == [s in found["kept"] for s in CLASS]
    assert found["scores"] == [EARNED] * 4 and found["marks"] == dict.fromkeys(CLASS, EARNED)


# --- the kernel ------------------------------------------------------------------------------------------


def test_a_kernel_that_cannot_start_leaves_no_older_mark(course, grade, runs, small_homework, monkeypatch, tmp_path):
    grade()
    marks.write_feedback(course, "hw4")
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_DATA_DIR", os.environ.get("COURSE_DATA_DIR", ""))

    async def refuse(kernel):
        raise RunFailed("no such interpreter")

    monkeypatch.setattr("autograder.run.notebook.Kernel.start", refuse)
    results = grade(regrade=True, runner=run_notebook)  # in this process, where its start can be refused
    assert {r.status for r in results} == {"failed"} and results[0].reason.startswith("No kernel could be started")
    assert scores(course) == dict.fromkeys(CLASS, 0)
    assert not list((course.build / "autograded").glob("*/hw4")) and not list((course.build / "feedback").glob("*/hw4"))
    page = write_report(course, small_homework, load_results(course, "hw4"), tmp_path / "r.html").read_text()
    assert page.count("not graded") == 4


def test_a_kernel_that_dies_costs_its_own_student_only(course, grade, stubs, monkeypatch):
    source = read_notebook(course.source("hw4"))
    dying = stubs | {"cosine": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"}
    nbformat.write(with_answers(source, dying), course.submitted("hw4", "ada"))
    for student in CLASS[2:]:
        shutil.rmtree(course.build / "submitted" / student)
    ada, bob = grade(limits=Limits(cell_seconds=30))
    assert (ada.score, bob.score) == (0, EARNED)
    assert "kernel" in next(q for q in ada.questions if q.id == "cosine").message.lower()


def test_a_sandbox_that_is_gone_stops_the_batch_in_words(course, grade, runs, monkeypatch):
    from autograder.run.sandbox import SandboxUnavailable

    def refuse(number):
        raise SandboxUnavailable("Submissions cannot be run safely on this machine: no bubblewrap.")

    grade()
    before = scores(course)
    runs.before = refuse
    with pytest.raises(SandboxUnavailable):
        grade(regrade=True)
    assert scores(course) == before
    with closing(sqlite3.connect(course.build / "gradebook.db")) as database:
        assert database.execute("select 1").fetchone()


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_build_folder_that_cannot_be_written_is_one_sentence(course, grade, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, os.strerror(code), "the lock")

    monkeypatch.setattr("autograder.gradebook.claims.FileLock.acquire", refuse)
    with pytest.raises(GradingStopped, match=f"build cannot be written to .{os.strerror(code)}.: check who owns it"):
        grade()


def test_a_file_of_another_user_is_one_sentence(monkeypatch, capsys):
    def refuse():
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "build/results/hw4/ada.json")

    monkeypatch.setattr(cli, "app", refuse)
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    said = capsys.readouterr().err
    assert said.startswith("build/results/hw4/ada.json cannot be used (Permission denied)") and said.count("\n") == 1
