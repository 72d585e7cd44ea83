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


def not_for_students() -> set[str]:
    """The top-level modules that no package of requirements/students.txt brings."""
    lines = (ROOT / "requirements" / "students.txt").read_text(encoding="utf-8").splitlines()
    locked = {line.split("==")[0].strip() for line in lines if "==" in line and not line.lstrip().startswith("#")}
    students = {_normal(name) for name in locked} | {"embeddings-course"}
    by_module = packages_distributions()
    return OURS | {module for module, names in by_module.items() if not students & {_normal(name) for name in names}}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class Absent(MetaPathFinder):
    """Finds none of these modules, and keeps the other finders from finding them."""

    def __init__(self, names: set[str]):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}: it is not among the students' packages", name=name)
        return None


if Path.cwd() == ROOT / "lectures":
    sys.meta_path.insert(0, Absent(not_for_students()))
