"""One list of dependencies, told twice; and a Makefile that sets up what it needs and nothing more."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONDA_NAME = {"torch": "pytorch-cpu"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def bounds(requirements) -> dict[str, SpecifierSet]:
    return {canonicalize_name(item.name): item.specifier for item in map(Requirement, requirements)}


# --- environment.yml --------------------------------------------------------------------------------------


def test_environment_has_the_dependencies_of_pyproject_in_the_same_versions():
    conda = [item for item in ENVIRONMENT["dependencies"] if isinstance(item, str)]
    [pip] = [item["pip"] for item in ENVIRONMENT["dependencies"] if isinstance(item, dict)]
    told = bounds(conda) | bounds(item for item in pip if not item.startswith("-"))
    del told["python"], told["pip"]
    wanted = bounds(PROJECT["dependencies"])
    assert told == {CONDA_NAME.get(name, name): versions for name, versions in wanted.items()}


def test_environment_is_conda_forge_with_the_course_itself_on_top():
    assert ENVIRONMENT["name"] == "embeddings-course"
    assert ENVIRONMENT["channels"] == ["conda-forge", "nodefaults"]
    [pip] = [item["pip"] for item in ENVIRONMENT["dependencies"] if isinstance(item, dict)]
    assert "-e ." in pip


def test_environment_has_a_python_that_the_project_supports():
    [python] = [item for item in ENVIRONMENT["dependencies"] if isinstance(item, str) and item.startswith("python")]
    versions = [f"3.{minor}" for minor in range(9, 16)]
    in_environment = set(Requirement(python).specifier.filter(versions))
    assert in_environment == {"3.11", "3.12", "3.13"}
    assert in_environment <= set(SpecifierSet(PROJECT["requires-python"]).filter(versions))


# --- Makefile ---------------------------------------------------------------------------------------------

needs_make = pytest.mark.skipif(
    shutil.which("make") is None or sys.platform == "win32", reason="needs make and a POSIX shell"
)


@pytest.fixture
def house(tmp_path):
    """A copy of the files that make looks at, and a pretended python3 that notes what it is asked to do."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    fake = tmp_path / "fake-python"
    fake.write_text(
        f"""#!/bin/sh
echo "$@" >> calls
case "$1 $2" in
    "-c "*) exec {sys.executable} "$@" ;;
    "-m venv") mkdir -p "$3/bin"; cp fake-python "$3/bin/python" ;;
    "-m pip") test ! -e pip-fails ;;
esac
"""
    )
    fake.chmod(0o755)
    return tmp_path


def make(house: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "PYTHON=./fake-python", *arguments],
        cwd=house,
        env=environment,
        capture_output=True,
        text=True,
    )


def calls(house: Path) -> list[str]:
    written = house / "calls"
    lines = written.read_text().splitlines() if written.exists() else []
    written.unlink(missing_ok=True)
    return [line for line in lines if not line.startswith("-c")]


@needs_make
def test_setup_installs_the_pinned_torch_first(house):
    assert make(house, "setup").returncode == 0
    [torch] = [item for item in PROJECT["dependencies"] if item.startswith("torch==")]
    assert calls(house) == [
        "-m venv .venv",
        f"-m pip install {torch}",
        "-m pip install -e .[instructor,test]",
    ]


@needs_make
def test_second_setup_does_nothing(house):
    make(house, "setup")
    calls(house)
    assert make(house, "setup").returncode == 0
    assert calls(house) == []


@needs_make
def test_setup_runs_again_when_the_dependencies_change(house):
    make(house, "setup")
    calls(house)
    os.utime(house / ".venv" / ".ready", (1, 1))
    make(house, "setup")
    assert len(calls(house)) == 3


@needs_make
def test_an_installation_that_failed_is_taken_up_again(house):
    (house / "pip-fails").touch()
    assert make(house, "setup").returncode != 0
    assert not (house / ".venv" / ".ready").exists()
    (house / "pip-fails").unlink()
    assert make(house, "setup").returncode == 0
    assert (house / ".venv" / ".ready").exists()


@needs_make
def test_an_old_python_is_told_what_to_do(house):
    old = house / "old-python"
    old.write_text(
        f"""#!/bin/sh
[ "$1" = -c ] && exec {sys.executable} -c "import sys; sys.version_info = (3, 10, 12); $2"
echo "$@" >> calls
"""
    )
    old.chmod(0o755)
    done = make(house, "setup", "PYTHON=./old-python")
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed, and ./old-python is older" in done.stderr
    assert calls(house) == []


@needs_make
@pytest.mark.parametrize(
    "target, command",
    [
        ("demo", ".venv/bin/autograder demo"),
        ("test", ".venv/bin/pytest"),
        ("lab", ".venv/bin/jupyter lab lectures"),
        ("bench", ".venv/bin/python -m benchmarks"),
        ("docs", ".venv/bin/python benchmarks/results.py"),
    ],
)
def test_each_command_sets_up_and_then_does_its_job(house, target, command):
    (house / target).mkdir()  # a folder of the same name does not stop it
    steps = make(house, "--dry-run", target).stdout.splitlines()
    assert any("-m venv .venv" in step for step in steps)
    assert command in steps[-1]
    (house / ".venv").mkdir()
    (house / ".venv" / ".ready").touch()
    [only_step] = make(house, "--dry-run", target).stdout.splitlines()
    assert command in only_step


def test_ci_runs_make_test():
    script = ROOT / ".ci" / "run"
    assert script.read_text().splitlines()[-1] == "make test"
    assert os.access(script, os.X_OK)
