"""nbgrader's exchange on one machine: a teacher and two students, each a Unix user with rights of their own."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from autograder.commands.demo import make_course
from autograder.course.files import kept_time
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook, with_answers
from autograder.gradebook import marks
from autograder.gradebook.results import load_results
from tests.conftest import REPOSITORY
from tests.support.processes import HANGS
from tests.support.small_homework import CUT_POINTS, RECALL_POINTS, RIGHT, UNCUT, make_small_homework
from tests.support.users import as_ordinary_user

USERS = {"teacher": 54322, "ada": 54323, "bo": 54324}
CONFIG = "c = get_config()\nc.Exchange.root = '/tmp/exchange'\nc.CourseDirectory.course_id = 'embeddings-course'\n"
RELEASED = "/tmp/exchange/embeddings-course/outbound"
INBOUND = "/tmp/exchange/embeddings-course/inbound"


class Machine:
    """What the three users share is the exchange; each has a home that is closed to the others.

    Their accounts are in a /etc/passwd of their own, so none is made on the machine that runs the tests.
    """

    def __init__(self, root: Path):
        self.root = root

    @classmethod
    def make(cls, root: Path) -> "Machine":
        machine = cls(root)
        for folder in ("exchange", "jupyter", *USERS):
            (root / folder).mkdir()
        (root / "exchange").chmod(0o777)
        (root / "jupyter" / "nbgrader_config.py").write_text(CONFIG)
        accounts = [f"{name}:x:{number}:{number}::/tmp/{name}:/bin/sh\n" for name, number in USERS.items()]
        (root / "passwd").write_text("root:x:0:0::/root:/bin/sh\n" + "".join(accounts))
        for name in USERS:
            (root / name).chmod(0o700)
            machine.own(name)
        return machine

    def own(self, name):
        """Give a user all that lies in their home."""
        for path in (self.root / name, *(self.root / name).rglob("*")):
            os.chown(path, USERS[name], USERS[name], follow_symlinks=False)

    def run(self, name, *words, folder=".") -> subprocess.CompletedProcess:
        """Run a module of Python as this user, in a folder of their home."""
        return self._start(name, ["-m", *words], folder)

    def _start(self, name, words, folder):
        room = ["--ro-bind", f"{self.root}/passwd", "/etc/passwd"]
        for shared in ("exchange", "jupyter", *USERS):
            room += ["--bind", str(self.root / shared), f"/tmp/{shared}"]
        own = {"HOME": f"/tmp/{name}", "COURSE_DATA_DIR": "/tmp/teacher/data", "COURSE_CACHE_DIR": f"/tmp/{name}/cache"}
        own |= {"JUPYTER_CONFIG_PATH": "/tmp/jupyter", "PYTHONPATH": str(REPOSITORY)}
        for variable, value in own.items():
            room += ["--setenv", variable, value]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "COURSE"))}
        return subprocess.run(
            as_ordinary_user([sys.executable, *words], USERS[name], room, f"/tmp/{name}/{folder}"),
            env=environment,
            capture_output=True,
            text=True,
            timeout=HANGS,
        )

    def answer(self, name, program, *words) -> subprocess.CompletedProcess:
        """Run the text of a program as this user."""
        return self._start(name, ["-c", program, *words], ".")

    def did(self, name, *words, folder=".") -> str:
        """What the command said; it has to end well."""
        done = self.run(name, *words, folder=folder)
        assert done.returncode == 0, (name, words, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def handed_in(self, name):
        """The folders of a student in the exchange, oldest first."""
        folders = (self.root / "exchange" / "embeddings-course" / "inbound").glob(f"{name}+hw9+*")
        return sorted(folders, key=lambda path: path.name)


@pytest.fixture(scope="module")
def machine(small_homework, small_data, sandboxed, tmp_path_factory):
    """Released, fetched and handed in: ada twice, of which the last is right, bo once."""
    if os.geteuid():
        pytest.skip("Only root can become two other users.")
    machine = Machine.make(tmp_path_factory.mktemp("machine"))
    shutil.copytree(small_data, machine.root / "teacher" / "data")
    for folder in ("course", "other-course"):
        course = make_course(machine.root / "teacher" / folder)
        make_small_homework(course, "hw9")
        (course.homework("hw9") / "due.toml").write_text("due = 2126-10-09\n")
        (course.root / "roster.csv").write_text("id,name\nada,Ada Lovelace\nbo,Bo Meyer\n")
        marks.register(course, "hw9")
    machine.own("teacher")
    machine.did("teacher", "nbgrader", "release_assignment", "hw9", folder="course")
    for student, answers in (("ada", ("pass", RIGHT)), ("bo", (UNCUT,))):
        machine.did(student, "nbgrader", "fetch_assignment", "hw9")
        notebook = machine.root / student / "hw9" / "hw9.ipynb"
        for answer in answers:
            nbformat.write(with_answers(read_notebook(notebook), {"recall": answer, "essay": "Because."}), notebook)
            machine.did(student, "nbgrader", "submit", "hw9")
    return machine


def test_students_fetch_the_notebook_and_its_checks_and_no_part_of_the_key(machine):
    for student in ("ada", "bo"):
        assert {path.name for path in (machine.root / student / "hw9").iterdir()} == {"hw9.ipynb", "checks.py"}


WAYS = {
    "autograder collect": ("course", ["autograder", "collect", "hw9", "--from", "/tmp/exchange"]),
    "nbgrader collect": ("other-course", ["nbgrader", "collect", "hw9"]),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_handed_in_is_collected_and_graded_under_the_users_names(machine, way):
    folder, command = WAYS[way]
    course = Course(machine.root / "teacher" / folder)
    machine.did("teacher", "autograder", "roster", "roster.csv", folder=folder)
    said = machine.did("teacher", *command, folder=folder)
    assert "cheating" not in said and "account" not in said
    for student in ("ada", "bo"):
        said = machine.handed_in(student)[-1].name.split("+")[2]
        time, _ = kept_time(course, "hw9", student)
        assert time == datetime.strptime(said, "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC)
    machine.did("teacher", "autograder", "grade", "hw9", folder=folder)
    found = {r.student: r.questions[0].score for r in load_results(course, "hw9")}
    assert found == {"ada": RECALL_POINTS, "bo": RECALL_POINTS - CUT_POINTS}

    machine.did("teacher", "autograder", "feedback", "hw9", folder=folder)
    machine.did("teacher", "nbgrader", "release_feedback", "hw9", folder=folder)
    for student, points in found.items():
        machine.did(student, "nbgrader", "fetch_feedback", "hw9")
        [page] = (machine.root / student / "hw9" / "feedback").rglob("*.html")
        assert page.parent.name == machine.handed_in(student)[-1].name.split("+")[2]
        assert f"{points:g} of {RECALL_POINTS} points" in page.read_text()
        shutil.rmtree(page.parents[1])
    shutil.rmtree(machine.root / "exchange" / "embeddings-course" / "feedback")


READ = "import pathlib, sys; print(pathlib.Path(sys.argv[1]).read_text())"
LIST = "import os, sys; print(os.listdir(sys.argv[1]))"


def test_a_student_finds_no_way_to_what_another_handed_in(machine):
    """The folder can be written and not listed, and the end of each name in it cannot be guessed."""
    folder = machine.handed_in("ada")[-1].name
    assert "def recall_at_k" in machine.answer("teacher", READ, f"{INBOUND}/{folder}/hw9.ipynb").stdout
    for program, path, why in [
        (LIST, INBOUND, PermissionError),
        (READ, f"{INBOUND}/{folder.rpartition('+')[0]}/hw9.ipynb", FileNotFoundError),
        (LIST, "/tmp/ada", PermissionError),
        (READ, "/tmp/teacher/course/build/gradebook.db", PermissionError),
    ]:
        done = machine.answer("bo", program, path)
        assert done.returncode and why.__name__ in done.stderr and not done.stdout, path
    assert machine.answer("bo", "open(__import__('sys').argv[1], 'a')", f"{RELEASED}/hw9/hw9.ipynb").returncode


@pytest.fixture
def later(machine, tmp_path):
    """The same machine, of which the test may change what it likes."""
    subprocess.run(["cp", "-a", machine.root, tmp_path / "machine"], check=True)
    return Machine(tmp_path / "machine")


def test_who_hands_in_under_another_name_is_told(later):
    later.did("bo", "nbgrader", "submit", "hw9", "--student", "ada")
    said = later.did("teacher", *WAYS["autograder collect"][1], folder="course")
    assert "The account bo has handed it in under this name" in line_of("ada", said)
    assert "account" not in line_of("bo", said)


def test_a_student_who_closes_a_folder_or_a_file_harms_nobody_else(later):
    later.handed_in("ada")[-1].joinpath("hw9.ipynb").chmod(0o600)
    later.handed_in("bo")[-1].chmod(0o700)
    done = later.run("teacher", *WAYS["autograder collect"][1], folder="course")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "failed" in line_of("bo", done.stdout) and "cannot be read" in line_of("bo", done.stdout)
    assert "failed" not in line_of("ada", done.stdout) and "cannot be read" in line_of("ada", done.stdout)


def line_of(student, said):
    return next(line for line in said.splitlines() if line.startswith((f"{student} ", f"{student}:")))
