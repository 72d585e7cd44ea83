"""In the kernels of the lectures, what students do not have cannot be imported.

Run at the start of every IPython kernel of the tests (`conftest.py`, at the top). A lecture that needs more than
requirements/students.txt, and what those packages themselves need in the versions that are installed, then fails in
`make test` as it would on a student's machine. Homework in the repository is the instructor's own form, which calls the
grader; of what students get, `flows/test_first_steps.py` runs a part.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
OURS = {"autograder", "tests", "benchmarks", "demo_catalogue"}
FAST = {"onnxruntime", "onnx"}  # the extra `fast`, which students may have: it changes no result, only the time


def not_for_students() -> set[str]:
    """The top-level modules that no package of the students brings."""
    lines = (ROOT / "requirements" / "students.txt").read_text(encoding="utf-8").splitlines()
    locked = {line.split("==")[0].strip() for line in lines if "==" in line and not line.lstrip().startswith("#")}
    students = {"embeddings-course"} | with_their_needs({canonicalize_name(name) for name in locked})
    by_module = packages_distributions()
    others = {m for m, names in by_module.items() if not students & {canonicalize_name(name) for name in names}}
    return (OURS | others) - FAST


def with_their_needs(packages: set[str]) -> set[str]:
    """These packages and all that they need as they are installed: another version may need others than the locked."""
    found: set[str] = set()
    left = {(name, "") for name in packages}
    seen: set[tuple[str, str]] = set()
    while left:
        name, extra = this = left.pop()
        seen.add(this)
        try:
            needs = [Requirement(line) for line in requires(name) or []]
        except PackageNotFoundError:  # for another platform
            continue
        found.add(name)
        for need in needs:
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                left |= {(canonicalize_name(need.name), wanted) for wanted in ("", *need.extras)} - seen
    return found


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
