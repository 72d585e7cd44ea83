"""Several graders at once on one gradebook in PostgreSQL: no mark lost, none given twice. The server is our own."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from autograder import cli
from autograder.commands.grade import find_submissions, grade_all
from autograder.course.files import GradingStopped
from autograder.gradebook import marks
from autograder.gradebook.claims import grading, only_one
from autograder.gradebook.marks import GradebookError
from autograder.gradebook.results import load_results
from tests.support.hw4 import POINTS
from tests.support.processes import Child, hang, until
from tests.support.runs import CLASS, scores

EARNED = POINTS["cosine"]  # the one answer of each of them

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]))
PROGRAMS = PROGRAMS[-1] if PROGRAMS else Path(shutil.which("initdb") or "/nowhere").resolve().parent

pytestmark = [
    pytest.mark.skipif(
        not (PROGRAMS / "initdb").exists(), reason="PostgreSQL's server is not installed on this machine"
    ),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]


class Server:
    """A PostgreSQL server on a socket in a folder of its own; under root it runs as an ordinary user, as it must."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self.user = None
        if os.geteuid() == 0:
            users = {user.pw_name: user for user in pwd.getpwall()}
            self.user = users.get("postgres") or users["nobody"]
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.run("initdb", "-D", self.folder / "data", "-U", "course", "-A", "trust", "--no-sync", "-E", "UTF8")
        self.start()

    def run(self, program, *arguments):
        rights = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        subprocess.run(
            [PROGRAMS / program, *arguments], check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **rights
        )

    def start(self):
        self.run(
            "pg_ctl",
            "start",
            "-w",
            "-D",
            self.folder / "data",
            "-l",
            self.folder / "log",
            "-o",
            f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=40",
        )

    def stop(self):
        self.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self.folder / "data")

    def url(self, database):
        return f"postgresql+psycopg://course@/{database}?host={self.folder}"


@pytest.fixture(scope="module")
def server():
    server = Server()
    try:
        yield server
    finally:
        if (server.folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(server.folder)


@pytest.fixture(scope="module")
def registered(server, template):
    """A database that knows the assignment, to be copied."""
    server.run("createdb", "-h", server.folder, "-U", "course", "registered")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_GRADEBOOK", server.url("registered"))
        marks.register(template, "hw4")


@pytest.fixture
def new_database(server, course, monkeypatch):
    """A function: from here on the gradebook is this new database in PostgreSQL."""

    def make(name, *options):
        server.run("createdb", "-h", server.folder, "-U", "course", name, *options)
        monkeypatch.setenv("COURSE_GRADEBOOK", server.url(name))
        (course.build / "gradebook.db").unlink()

    return make


@pytest.fixture
def database(new_database, registered, tmp_path):
    """From here on the gradebook is a database in PostgreSQL in which nobody is graded."""
    new_database(f"of_{tmp_path.name}"[-60:], "-T", "registered")


def submissions(course):
    with marks.opened(course) as book:
        return sorted(s.student_id for s in book.assignment_submissions("hw4"))


def test_graders_share_a_class(course, grade, runs, new_database, tmp_path):
    """Begun at once on an empty database and the same folder: each student is run once, by one of them."""
    new_database("empty")
    runs.before = lambda number: time.sleep(0.3)
    children = [Child(lambda: [r.score for r in grade()], tmp_path / f"report-{i}") for i in range(3)]
    assert [child.wait() for child in children] == [{"found": [EARNED] * 4}] * 3
    assert runs.count == 4
    assert scores(course) == dict.fromkeys(CLASS, EARNED) and submissions(course) == CLASS
    assert not (course.build / "gradebook.db").exists()
    assert {r.student: r.score for r in load_results(course, "hw4")} == dict.fromkeys(CLASS, EARNED)
    marks.write_feedback(course, "hw4")
    assert len(list((course.build / "feedback").glob("*/hw4/hw4.html"))) == 4


def test_graders_in_folders_of_their_own(course, small_homework, runs, database, tmp_path):
    """Two course folders, one gradebook; carl has handed in to both."""
    other = type(course)(tmp_path / "other")
    shutil.copytree(course.root, other.root)
    for folder, students in ((course, ("ada", "bob")), (other, ("dora",))):
        for student in students:
            shutil.rmtree(folder.build / "submitted" / student)
    runs.before = lambda number: time.sleep(0.3)

    def work(here):
        handed = find_submissions(here.build / "submitted", "hw4")
        return lambda: [(r.student, r.score) for r in grade_all(here, small_homework, handed, 5, regrade=False)]

    children = [Child(work(here), tmp_path / f"report-{i}") for i, here in enumerate((course, other))]
    assert children[0].wait() == {"found": [["carl", EARNED], ["dora", EARNED]]}
    assert children[1].wait() == {"found": [["ada", EARNED], ["bob", EARNED], ["carl", EARNED]]}
    assert scores(course) == scores(other) == dict.fromkeys(CLASS, EARNED) and submissions(course) == CLASS


def test_a_student_in_another_graders_hands_comes_last(course, grade, runs, database, tmp_path):
    first = tmp_path / "first"
    runs.before = lambda number: number == 1 and (first.touch(), until((tmp_path / "go").exists))
    child = Child(lambda: [r.kept for r in grade()], tmp_path / "report")  # hangs over ada
    until(first.exists)
    order = []

    def on_result(result):
        order.append(result.student)
        (tmp_path / "go").touch() if result.student == "dora" else None

    results = grade(on_result=on_result)
    assert order == ["bob", "carl", "dora", "ada"] and [r.student for r in results] == CLASS
    assert [r.kept for r in results] == [True, False, False, False] and child.wait() == {"found": [False] + [True] * 3}
    assert runs.count == 4 and scores(course) == dict.fromkeys(CLASS, EARNED)


def test_a_killed_grader_leaves_its_students_to_the_others(course, grade, runs, database, tmp_path):
    runs.before = lambda number: number == 1 and hang(tmp_path / "reached")
    child = Child(lambda: len(grade()), tmp_path / "report")
    until((tmp_path / "reached").exists)
    killed = []

    def on_result(result):
        if result.student == "dora":
            child.kill()
            killed.append(child.pid)

    assert [r.score for r in grade(on_result=on_result)] == [EARNED] * 4 and killed
    assert scores(course) == dict.fromkeys(CLASS, EARNED) and submissions(course) == CLASS


def test_collecting_waits_for_no_grader_and_no_grader_for_it(course, database):
    with grading(course), grading(course):
        with pytest.raises(GradingStopped, match="Another grading run is at work"), only_one(course):
            pass
    with only_one(course):
        with pytest.raises(GradingStopped, match="Another grading run is at work"), grading(course):
            pass
    with only_one(course), pytest.raises(GradingStopped), only_one(course):
        pass


def by_command(course, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["autograder", "grade", "hw4", "--course", str(course.root)])
    with pytest.raises(SystemExit) as status:
        cli.main()
    told = capsys.readouterr()
    assert status.value.code == 2 and "Traceback" not in told.out + told.err
    return told.err.strip().splitlines()[-1]


def test_trouble_with_the_server_is_one_sentence(course, runs, server, database, monkeypatch, capsys):
    wrong = "The gradebook's database cannot be used"
    with pytest.MonkeyPatch.context() as patch:
        for url in (server.url("nowhere"), "postgresql+psycopg://course:secret@127.0.0.1:9/x"):
            patch.setenv("COURSE_GRADEBOOK", url)
            told = by_command(course, monkeypatch, capsys)
            assert told.startswith(wrong) and "COURSE_GRADEBOOK" in told and "secret" not in told
        for url in ("nonsense", "mysql://x/y"):
            patch.setenv("COURSE_GRADEBOOK", url)
            assert "is neither sqlite:///FILE nor postgresql" in by_command(course, monkeypatch, capsys)
        patch.setenv("COURSE_GRADEBOOK", server.url("x"))
        patch.setitem(sys.modules, "psycopg", None)
        assert "needs the package psycopg" in by_command(course, monkeypatch, capsys)
    assert runs.count == 0


def test_a_server_lost_in_the_middle(course, grade, runs, server, database):
    stopped = []

    def before(number):
        if number == 3:
            until(lambda: (course.results("hw4") / "bob.json").exists())
            server.stop()
            stopped.append(number)

    runs.before = before
    with pytest.raises(GradebookError, match="The gradebook's database cannot be used"):
        grade()
    assert stopped
    server.start()
    runs.before = lambda number: None
    assert [r.kept for r in grade()] == [True, True, False, False]
    assert scores(course) == dict.fromkeys(CLASS, EARNED)
