"""The doctor's findings on a healthy machine and on broken ones, and the command line around it."""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from packaging.requirements import Requirement

from helpers import __main__ as command_line
from helpers import cache_folder, catalogue, doctor, download, local_model
from helpers.doctor import Finding
from helpers.embedding_cache import EmbeddingCache
from helpers.errors import CourseError
from helpers.local_model import ModelUnavailable


@pytest.fixture(autouse=True)
def plain_machine(monkeypatch, tmp_path):
    for name in ("COURSE_DATA_DIR", "COURSE_DATASET", *doctor.API_KEYS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))


def run(*arguments, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "helpers", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


# --- the command line -------------------------------------------------------------------------------------


def test_this_machine_is_ready_and_no_key_is_shown():
    done = run("doctor", OPENAI_API_KEY="sk-secret")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == len(doctor.CHECKS)
    assert all(line.split()[0] in ("ok", "warning") for line in done.stdout.splitlines())
    assert "OPENAI_API_KEY is set (not needed)" in done.stdout
    assert "sk-secret" not in done.stdout + done.stderr
    assert done.stderr == ""


def test_the_command_alone_shows_help():
    done = run()
    assert done.returncode == 0
    assert "doctor" in done.stdout and "download" in done.stdout


def test_an_error_of_the_course_is_one_sentence(monkeypatch, capsys):
    def refuse(to):
        raise CourseError("No network; connect and try again.")

    monkeypatch.setattr(download, "download_wands", refuse)
    monkeypatch.setattr(sys, "argv", ["helpers", "download"])
    with pytest.raises(SystemExit) as stopped:
        command_line.main()
    assert stopped.value.code == 1
    assert capsys.readouterr() == ("", "No network; connect and try again.\n")


def test_download_says_where_the_data_is(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(download, "download_wands", lambda to: to or tmp_path)
    for arguments, expected in (
        ([], "notebooks use it from now on"),
        (["--to", "shop"], "set COURSE_DATA_DIR=shop"),
    ):
        monkeypatch.setattr(sys, "argv", ["helpers", "download", *arguments])
        with pytest.raises(SystemExit) as stopped:
            command_line.main()
        assert not stopped.value.code
        assert expected in capsys.readouterr().out


def test_without_the_course_s_packages_the_command_says_so():
    # -S leaves out site-packages, as a Python outside the environment would.
    done = subprocess.run(
        [sys.executable, "-S", "-m", "helpers", "doctor"],
        capture_output=True,
        text=True,
        check=False,
        cwd=catalogue.DEMO_FOLDER.parents[1],
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The course is not installed for the Python in")
    assert len(done.stderr.splitlines()) == 1


# --- the examination --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status, healthy", [("ok", True), ("warning", True), ("problem", False)])
def test_only_a_problem_is_a_problem(status, healthy, capsys):
    assert doctor.examine([lambda: Finding(status, "tea", "is [cold]")]) is healthy
    assert capsys.readouterr().out.split() == [status, "tea", "is", "[cold]"]


def test_a_check_that_fails_stops_no_other(capsys):
    def check_kettle():
        raise ImportError("no water")

    def check_cup():
        raise CourseError("There is no cup; buy one.")

    assert doctor.examine([check_kettle, check_cup, lambda: Finding("ok", "tea", "ready")]) is False
    kettle, cup, tea = capsys.readouterr().out.splitlines()
    assert kettle.startswith("problem  kettle") and "ImportError: no water" in kettle
    assert cup.startswith("problem  cup") and cup.endswith("There is no cup; buy one.")
    assert tea.startswith("ok")


def test_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert doctor.check_python() == Finding("problem", "python", "3.10.4 is too old; install Python 3.11 or newer.")


@pytest.fixture
def installed(monkeypatch):
    """Pretended packages: requirement lines, and the versions that are installed."""
    state = SimpleNamespace(required=["Good>=1,<2", "nbgrader>=0.9; extra == 'instructor'"], versions={"Good": "1.5"})

    def version(name):
        if name not in state.versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return state.versions[name]

    monkeypatch.setattr(importlib.metadata, "requires", lambda name: state.required)
    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "hollow" else name)
    return state


def test_packages_that_fit(installed):
    assert doctor.check_packages() == Finding("ok", "packages", "all 1 are installed, in versions that fit")


def test_every_package_that_the_course_needs_is_known_under_the_name_it_is_imported_by():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert [doctor._complaint(Requirement(line)) for line in project["dependencies"]] == [None] * len(
        project["dependencies"]
    )


def test_the_cpu_build_of_torch_fits(installed):
    installed.required, installed.versions = ["torch==2.13.0"], {"torch": "2.13.0+cpu"}
    assert doctor.check_packages().status == "ok"


def test_packages_that_do_not_fit_are_all_named(installed):
    installed.required += ["Absent>=1", "Old>=3", "Hollow"]
    installed.versions |= {"Old": "2.9", "Hollow": "1.0"}
    found = doctor.check_packages()
    assert found.status == "problem"
    assert "Absent is missing; Old is 2.9, needed is >=3; Hollow 1.0 is installed but cannot be imported." in found.says
    assert "pip install -e ." in found.says


def test_a_course_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(doctor, "DISTRIBUTION", "no-such-course")
    assert doctor.check_packages().status == "problem"


def write_kernel(monkeypatch, tmp_path, program):
    kernel = tmp_path / "kernels" / "python3"
    kernel.mkdir(parents=True)
    argv = [str(program), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Python", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))


def write_python(folder, script):
    """A Python of another environment that does what the shell script says."""
    path = folder / "bin" / "python"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_kernel_of_another_python(monkeypatch, tmp_path):
    other = write_python(tmp_path, f'exec {sys.executable} "$@"')
    write_kernel(monkeypatch, tmp_path, other)
    found = doctor.check_notebooks()
    assert found.status == "warning" and "ipykernel install --sys-prefix" in found.says


@pytest.mark.parametrize(
    "script", ["echo \"ModuleNotFoundError: No module named 'helpers'\" >&2; exit 1", "", "exit 3"]
)
def test_kernel_that_cannot_import_helpers(monkeypatch, tmp_path, script):
    write_kernel(monkeypatch, tmp_path, write_python(tmp_path, script))
    found = doctor.check_notebooks()
    assert found.status == "problem" and "cannot import helpers (" in found.says
    assert ("No module named 'helpers'" in found.says) == ("echo" in script)


def test_helpers_that_only_this_folder_makes_importable(monkeypatch, tmp_path):
    """As after the package was removed, or its folder renamed: here `import helpers` works all the same."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = next(
        path for path in (environment / "bin" / "python", environment / "Scripts" / "python.exe") if path.exists()
    )
    write_kernel(monkeypatch, tmp_path, python)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.chdir(Path(doctor.__file__).parents[1])
    found = doctor.check_notebooks()
    assert found.status == "problem" and "No module named 'helpers'" in found.says
    assert "run `pip install -e .` in the course's folder" in found.says


def test_other_helpers_than_these(monkeypatch, tmp_path):
    other = tmp_path / "elsewhere" / "helpers"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(other.parent))
    found = doctor.check_notebooks()
    assert found.status == "warning" and f"they import helpers from {other}" in found.says


@pytest.mark.parametrize("name", ["python", "python3", "python{}.{}".format(*sys.version_info)])
def test_without_activation_jupyter_s_own_python_runs_notebooks(monkeypatch, tmp_path, name):
    write_kernel(monkeypatch, tmp_path, name)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.check_notebooks().status == "ok"


def test_kernel_whose_python_is_gone(monkeypatch, tmp_path):
    write_kernel(monkeypatch, tmp_path, tmp_path / "gone" / "python")
    assert doctor.check_notebooks().status == "problem"


def test_demo_data_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "DEMO_FOLDER", tmp_path)
    assert doctor.examine([doctor.check_demo_data]) is False


def test_data_in_use(monkeypatch):
    assert doctor.check_data_in_use().says.startswith("demo (synthetic)")
    monkeypatch.setenv("COURSE_DATASET", "wands")
    with pytest.raises(CourseError, match="python -m helpers download"):
        doctor.check_data_in_use()
    monkeypatch.setenv("COURSE_DATA_DIR", os.fspath(catalogue.DEMO_FOLDER))
    assert doctor.check_data_in_use().says.startswith("demo")


def test_cache_size(tmp_path):
    (tmp_path / "cache" / "wands").mkdir(parents=True)
    (tmp_path / "cache" / "wands" / "product.csv").write_bytes(bytes(2_500_000))
    assert doctor.check_cache() == Finding("ok", "cache", f"2.5 MB in {tmp_path / 'cache'}")


def test_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "cache").write_text("a file in the way")
    found = doctor.check_cache()
    assert found.status == "warning" and "set COURSE_CACHE_DIR" in found.says


def test_a_damaged_cache_is_told_of_until_it_is_set_aside(tmp_path, capfd):
    cache = EmbeddingCache()
    cache.put("m", ["sofa"], [[1.0]])
    assert doctor.check_cache().status == "ok"
    cache.path.write_bytes(b"no database" * 1000)
    found = doctor.check_cache()
    assert found.status == "warning" and f"{cache.path} is damaged" in found.says and "begins a new one" in found.says
    assert cache.path.exists()  # looking changes nothing
    cache.get("m", ["couch"])
    found = doctor.check_cache()
    assert found.status == "ok" and found.says.endswith("to be deleted when you like: embeddings.sqlite3.damaged-1")


def test_a_cache_for_now(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_CACHE_DIR")
    monkeypatch.setattr(cache_folder, "_lasting_folder", lambda: None)
    monkeypatch.setattr(cache_folder, "_temporary_folder", lambda: tmp_path / "temporary")
    found = doctor.check_cache()
    assert found.status == "warning" and str(tmp_path / "temporary") in found.says
    assert found.says.endswith("set COURSE_CACHE_DIR to a folder that stays.")


def test_little_disk(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5 * 10**6))
    found = doctor.check_disk()
    assert found.status == "warning" and found.says.startswith("only 5 MB are free")


def test_weights_that_are_not_the_published_ones(monkeypatch):
    def refuse():
        raise ModelUnavailable("The installed weights are not the published ones.")

    monkeypatch.setattr(local_model, "verified_weights_folder", refuse)
    assert doctor.examine([doctor.check_model]) is False


@pytest.mark.parametrize(
    "vectors, status",
    [
        (np.eye(3, 384), "problem"),
        (np.ones((3, 8)), "problem"),
        (np.full((3, 384), np.nan), "problem"),
        (np.eye(3, 384) + [[0], [1], [0]] * np.eye(1, 384), "ok"),
    ],
)
def test_embeddings_that_mean_nothing(monkeypatch, vectors, status):
    model = SimpleNamespace(encoder=lambda: lambda texts: vectors, engine="a stand-in")
    monkeypatch.setattr(local_model, "get_local_model", lambda: model)
    found = doctor.check_embedding()
    assert found.status == status
    assert status == "problem" or "by a stand-in" in found.says
