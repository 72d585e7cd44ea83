"""The doctor's findings on a machine that can grade and on machines that cannot, and the command's exit status."""

import sys
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_notebook
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands import doctor
from autograder.commands.demo import make_course
from autograder.run import sandbox
from autograder.run.notebook import Run
from helpers.doctor import CHECKS as STUDENTS_CHECKS
from helpers.doctor import Finding, _run


def test_every_check_of_the_students_is_made_too_and_first():
    assert doctor.CHECKS[: len(STUDENTS_CHECKS)] == STUDENTS_CHECKS
    own = {check for name, check in vars(doctor).items() if name.startswith("check_")}
    assert {*doctor.CHECKS[len(STUDENTS_CHECKS) :]} == own


def test_a_machine_that_can_grade(small_homework, sandboxed, monkeypatch):
    monkeypatch.chdir(small_homework.folder)
    found = [_run(check) for check in doctor.CHECKS[len(STUDENTS_CHECKS) :]]
    assert [finding.subject for finding in found] == [
        "nbgrader",
        "bubblewrap",
        "sandbox",
        "memory",
        "reference values",
    ]
    assert {finding.status for finding in found if finding.subject != "memory"} == {"ok"}
    says = {finding.subject: finding.says for finding in found}
    assert str(sandbox.bubblewrap()) in says["bubblewrap"]
    assert "reached nothing" in says["sandbox"]
    assert says["reference values"] == "there for the data set in use (hw4)"


def test_what_a_sandbox_should_forbid_is_tried_and_named(monkeypatch, sandboxed):
    """Each attempt stands in a cell of its own: one that succeeds is told, whatever the others do."""
    monkeypatch.setitem(doctor.FORBIDDEN, "it could count", "1 + 1")
    found = doctor.check_sandbox()
    assert found.status == "problem" and "it could count" in found.says and "Dockerfile" in found.says


def test_every_attempt_is_one_that_succeeds_without_a_sandbox(tmp_path, monkeypatch):
    """Else its failure in the sandbox would prove nothing. The network and the namespace are the machine's to give."""
    for what in ("it saw the grader's code", "it wrote into a folder of the grader's"):
        source = doctor.FORBIDDEN[what].replace("__import__('helpers').__path__[0]", repr(str(tmp_path)))
        exec(source, {})
    assert (tmp_path / "x").exists()


def test_a_kernel_that_ends_early_is_a_problem(monkeypatch):
    ended = Run(new_notebook(), problem="The kernel crashed while the notebook ran.")
    monkeypatch.setattr(doctor, "run_notebook", lambda *_: ended)
    found = doctor.check_sandbox()
    assert found.status == "problem" and found.says.startswith(ended.problem)


def test_grading_without_a_sandbox_is_a_warning(monkeypatch):
    monkeypatch.setenv(sandbox.UNSAFE, "1")
    found = doctor.check_sandbox()
    assert found.status == "warning" and sandbox.UNSAFE in found.says


def test_a_machine_without_bubblewrap(monkeypatch):
    monkeypatch.setattr(sandbox, "_problem", lambda: "bubblewrap is missing.")
    assert _run(doctor.check_bubblewrap).status == "problem"


def test_a_bubblewrap_that_was_passed_over_is_named(monkeypatch):
    monkeypatch.setattr(sandbox, "require", lambda: None)
    monkeypatch.setattr(sandbox, "candidates", lambda: ["/usr/bin/bwrap", "/own/bwrap"])
    monkeypatch.setattr(sandbox, "bubblewrap", lambda: "/own/bwrap")
    assert doctor.check_bubblewrap() == Finding("ok", "bubblewrap", "/own/bwrap works; /usr/bin/bwrap does not")


def test_nbgrader_without_its_own_tools(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    found = doctor.check_nbgrader()
    assert found.status == "problem" and "alembic" in found.says


@pytest.mark.parametrize("gigabytes, status", [(1, "warning"), (7, "ok")])
def test_memory_for_one_submission(monkeypatch, gigabytes, status):
    memory = SimpleNamespace(available=gigabytes * 2**30)
    monkeypatch.setattr(doctor.psutil, "virtual_memory", lambda: memory)
    found = doctor.check_memory()
    assert found.status == status and f"{gigabytes}.0 GB" in found.says
    assert ("-j 2" in found.says) == (status == "ok")


def test_data_without_reference_values(small_homework, monkeypatch, tmp_path):
    course = make_course(tmp_path / "course")
    monkeypatch.chdir(course.root)
    found = _run(doctor.check_reference)
    assert found.status == "problem" and "autograder reference hw" in found.says


def test_outside_a_course_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = doctor.check_reference()
    assert found.status == "warning" and "is not in a course folder" in found.says


@pytest.mark.parametrize("status, exit_code", [("ok", 0), ("warning", 0), ("problem", 1)])
def test_the_command_fails_only_where_there_is_a_problem(monkeypatch, status, exit_code):
    monkeypatch.setattr(doctor, "CHECKS", (lambda: Finding(status, "thing", "so it is"),))
    run = CliRunner().invoke(app, ["doctor"])
    assert run.exit_code == exit_code and "so it is" in run.output
