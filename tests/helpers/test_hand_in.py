"""Before handing in: a fresh kernel runs the saved notebook, each question gets a line, and the file is packed."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime

import pytest

from helpers import fresh_run
from helpers.check_results import CHECKS_TYPE
from helpers.checks import load_checks
from helpers.fresh_run import run_cells
from helpers.hand_in import NotebookMissing, NotPacked, check_and_pack, check_notebook, find_notebook, pack
from helpers.limits import UNATTENDED
from tests.support.processes import HANGS

CHECKS = """
from helpers.checks import gives, prop, says

def double(double):
    "Double it."
    return [prop("twice as much", 2, gives(lambda: double(3), 6, "Multiply by two."))]

def half(half):
    "Halve it."
    return [prop("half of it", 2, gives(lambda: half(6), 3, "Divide by two."))]

def third(third):
    "Take a third."
    return [prop("a third", 2, gives(lambda: third(6), 2, "Divide by three."))]

def table(table):
    "Make a table."
    return [prop("a list", 1, says(lambda: None if table else "It is empty."))]

def total(total):
    "Add up."
    return [prop("the sum", 1, gives(lambda: total, 3, "Add."))]

def essay():
    "Explain."
    return [prop("marked by hand", 1)]

def thoughts():
    "Think."
    return [prop("marked by hand", 1)]

QUESTIONS = [double, half, third, table, total, essay, thoughts]
"""
SET_UP = 'from helpers.checks import load_checks\ncheck = load_checks("hw1")'
PASSED = {CHECKS_TYPE: {"passed": True, "empty": False, "properties": []}}


def cell(source, name="", kind="code", ran=None, outputs=()):
    made = {"cell_type": kind, "metadata": {"nbgrader": {"grade_id": name}} if name else {}, "source": source}
    return made | ({"outputs": list(outputs), "execution_count": ran} if kind == "code" else {})


def notebook(*cells):
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


ANSWERED = notebook(
    cell(SET_UP, "setup"),
    cell("def double(x):\n    return 2 * x", "answer_double"),
    cell('check("double", double)', "test_double"),
    cell("def half(x):\n    raise NotImplementedError()", "answer_half"),
    cell('check("half", half)', "test_half"),
    cell("def third(x):\n    return x / 4", "answer_third", ran=3),
    cell(
        'check("third", third)', "test_third", ran=4, outputs=[{"output_type": "display_data", "data": PASSED}]
    ),
    cell("rows = [1, 2]\ntable = rows + forgotten", "answer_table", ran=5),
    cell('check("table", table)', "test_table"),
    cell("# YOUR CODE HERE\nraise NotImplementedError()", "answer_total"),
    cell('check("total", total)', "test_total"),
    cell("I think so because of the idf.", "answer_essay", "markdown"),
    cell("YOUR ANSWER HERE", "answer_thoughts", "markdown"),
    cell("check.hand_in()"),  # left there by the student: it must not start another check
)  # fmt: skip


@pytest.fixture(scope="module")
def handed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course") / "homework" / "hw1"
    folder.mkdir(parents=True)
    (folder / "checks.py").write_text(CHECKS)
    (folder / "hw1.ipynb").write_text(ANSWERED)
    os.utime(folder / "hw1.ipynb", (1_790_000_000, 1_790_000_000))
    return folder / "hw1.ipynb"


@pytest.fixture(scope="module")
def report(handed):
    return check_notebook("hw1", handed)


def test_each_question_has_a_line(report):
    assert {s.question.id: (s.state, s.says) for s in report.states} == {
        "double": ("passes", "passes the visible checks"),
        "half": ("empty", "empty"),
        "third": (
            "wrong",
            "not yet: third(6) gave 1.5, expected 2. Divide by three. (It passed in your notebook: something that it "
            "needs is in no cell above, or was changed later.)",
        ),
        "table": (
            "error",
            "error: forgotten is not defined: check how it is written. Line 2 of your cell: table = rows + forgotten",
        ),
        "total": ("empty", "empty"),
        "essay": ("written", "written; it is marked by hand"),
        "thoughts": ("empty", "empty; it is marked by hand"),
    }
    assert str(report.states[1]) == "2. Halve it: empty" and not report.is_ready


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_test_cell_that_is_no_code_any_more_is_told(handed, tmp_path, kind):
    shutil.copy(handed.with_name("checks.py"), tmp_path)
    flipped = notebook(cell(SET_UP, "setup"), cell('check("double", double)', "test_double", kind))
    (tmp_path / "hw1.ipynb").write_text(flipped)
    state = check_notebook("hw1", tmp_path / "hw1.ipynb").states[0]
    assert state.state == "error" and "take test_double from the student edition" in state.says


def test_a_cell_that_only_worked_in_the_old_kernel_is_named(report):
    [said] = report.left_over
    assert said.startswith("Cell 8 had run in your notebook and stops in a fresh kernel") and "forgotten" in said


def test_the_file_holds_the_saved_notebook_and_where_it_comes_from(report, handed, tmp_path):
    before = datetime.now(UTC).replace(microsecond=0)
    packed = pack("hw1", report, who="Ada Lovelace")
    assert packed == handed.with_name("hw1-submission.zip") and packed.stat().st_mode & 0o777 == 0o644
    with zipfile.ZipFile(packed) as archive:
        assert archive.namelist() == ["hw1.ipynb", "manifest.json"]
        assert archive.read("hw1.ipynb") == handed.read_bytes()
        told = json.loads(archive.read("manifest.json"))
    assert told["who"] == "Ada Lovelace" and told["homework"] == "hw1" and told["data"] is None
    assert before <= datetime.strptime(told["when"], "%Y-%m-%dT%H:%M:%S%z") <= datetime.now(UTC)
    saved = datetime.fromtimestamp(1_790_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    content = hashlib.sha256(ANSWERED.encode()).hexdigest()
    assert told["notebook"] == {"file": "hw1.ipynb", "sha256": content, "saved": saved}
    assert told["versions"]["python"] == sys.version.split()[0] and "numpy" in told["versions"]
    assert told["checks"]["table"] == "error" and len(told["checks"]) == 7
    assert sorted(p.name for p in handed.parent.iterdir() if p.suffix == ".zip") == ["hw1-submission.zip"]


def test_a_folder_that_cannot_be_written_is_one_sentence(report, handed, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(NotPacked, match=r"hw1-submission.zip cannot be written \(No space left on device\)"):
        pack("hw1", report)


def test_the_command_says_it_all_and_packs_only_if_wanted(tmp_path):
    folder = tmp_path / "homework" / "hw1"
    folder.mkdir(parents=True)
    (folder / "checks.py").write_text(CHECKS.partition("def half")[0] + "QUESTIONS = [double]")
    right = [cell(SET_UP), cell("double = lambda x: x + x", "answer_double")]
    (folder / "hw1.ipynb").write_text(notebook(*right, cell('check("double", double)', "test_double")))
    command = [sys.executable, "-m", "helpers", "check", "hw1"]
    done = subprocess.run([*command, "--no-pack"], cwd=tmp_path, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0 and done.stderr == ""
    first, second, line, last = done.stdout.splitlines()
    assert "homework/hw1/hw1.ipynb, as saved on " in first and "fresh kernel" in second
    assert line == "1. Double it: passes the visible checks" and last.startswith("All visible checks pass.")
    assert not list(folder.glob("*.zip"))
    (folder / "hw1.ipynb").write_text(notebook(*right))
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 1 and "its test cell is gone: take test_double from" in done.stdout
    assert done.stdout.endswith(f"Packed: {folder / 'hw1-submission.zip'}. Hand in this file.\n")


def test_a_notebook_can_hand_itself_in_but_not_in_the_fresh_kernel(handed, capsys, monkeypatch):
    monkeypatch.chdir(handed.parent)
    monkeypatch.setenv(UNATTENDED, "1")
    load_checks("hw1").hand_in()
    assert capsys.readouterr().out == ""
    monkeypatch.delenv(UNATTENDED)
    handed.with_name("hw1-submission.zip").unlink(missing_ok=True)
    load_checks("hw1").hand_in()
    assert "1. Double it: passes the visible checks" in capsys.readouterr().out
    assert handed.with_name("hw1-submission.zip").is_file()


@pytest.mark.parametrize("content", ["", "{", "{}", '{"cells": [{"cell_type": "code"}]}', '{"cells": 3}'])
def test_what_is_no_notebook_is_said_in_one_sentence(tmp_path, content, capsys, monkeypatch):
    (tmp_path / "hw1.ipynb").write_text(content)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotebookMissing, match="is not a whole notebook: open it in JupyterLab, save it"):
        check_and_pack("hw1")
    assert [path.name for path in tmp_path.iterdir()] == ["hw1.ipynb"]


def test_the_notebook_is_found_from_the_course_folder_and_from_below_it(handed, tmp_path):
    course = handed.parents[2]
    (course / "lectures").mkdir(exist_ok=True)
    for here in (course, course / "lectures", handed.parent):
        assert find_notebook("hw1", here) == handed
    with pytest.raises(NotebookMissing, match="go to the course folder"):
        find_notebook("hw1", tmp_path)


# --- the limits of grading ---------------------------------------------------------------------------------


def test_computing_is_limited_and_the_cells_below_are_run(monkeypatch, tmp_path):
    monkeypatch.setattr(fresh_run, "CELL_SECONDS", 1)
    first, second, third = run_cells(["while True: pass", "print(1)", "'after'"], tmp_path)
    assert first.stopped.startswith("stopped after 1 seconds of computing") and first.error == ""
    assert second.stopped is None and third.outputs == [{"text/plain": "'after'"}]


def test_a_cell_that_only_waits_is_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(fresh_run, "IDLE_SECONDS", 1)
    began = time.monotonic()
    first, second = run_cells(["import time\ntime.sleep(3600)", "1"], tmp_path)
    assert "only waited" in first.stopped and second.stopped is None and time.monotonic() - began < 1000


def test_the_notebook_as_a_whole_is_limited(monkeypatch, tmp_path):
    monkeypatch.setattr(fresh_run, "ALL_SECONDS", 1)
    first, second = run_cells(["while True: pass", "1"], tmp_path)
    assert first.stopped.startswith("the notebook has computed for 1 seconds")
    assert second.stopped.startswith("not run: the notebook had computed for 1 seconds")


def test_a_kernel_that_ends_is_noticed(tmp_path):
    first, second = run_cells(["import os\nos._exit(3)", "1"], tmp_path)
    assert "the kernel ended while this cell ran" in first.stopped
    assert second.stopped == "not run: the kernel had ended before." and second.outputs == []


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1\n1 / 0", "it stopped with ZeroDivisionError: division by zero. Line 2 of your cell: 1 / 0"),
        ("x = 2 @@ 3", "SyntaxError: invalid syntax. Line 1 of your cell: x = 2 @@ 3"),
        ("input()", "it asks for input(), and nobody is there to answer"),
        ("from helpers import CourseError\nraise CourseError('Do this.')", "Do this."),
    ],
)
def test_what_stopped_a_cell_is_a_sentence_with_its_line(source, sentence, tmp_path):
    [run] = run_cells([source], tmp_path)
    assert run.stopped.startswith(sentence)
