"""In the kernels of the lectures, what students do not have cannot be imported.

Run at the start of every IPython kernel of the tests (`conftest.py`, at the top). A lecture that needs more than
requirements/students.txt then fails in `make test` as it would on a student's machine. Homework in the repository is
the instructor's own form, which calls the grader; of what students get, `flows/test_first_steps.py` runs a part.
"""

import re
import sys
from importlib.abc import MetaPathFinder
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = {"autograder", "tests", "benchmarks", "demo_catalogue"}
FAST = {"onnxruntime", "onnx"}  # the extra `fast`, which students may have: it changes no result, only the time


def not_for_students() -> set[str]:
    """The top-level modules that no package of requirements/students.txt brings."""
    lines = (ROOT / "requirements" / "students.txt").read_text(encoding="utf-8").splitlines()
    locked = {line.split("==")[0].strip() for line in lines if "==" in line and not line.lstrip().startswith("#")}
    students = {_normal(name) for name in locked} | {"embeddings-course"}
    by_module = packages_distributions()
    others = {module for module, names in by_module.items() if not students & {_normal(name) for name in names}}
    return (OURS | others) - FAST


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class Without(MetaPathFinder):
    """Another finder, for which some modules are not there."""

    def __init__(self, finder, absent: set[str]):
        self.finder, self.absent = finder, absent

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in self.absent else self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)


if Path.cwd() == ROOT / "lectures":
    absent = not_for_students()
    sys.meta_path[:] = [Without(finder, absent) for finder in sys.meta_path]
