"""Who imports whom: no circle among modules, and between rooms only arrows that point down (DESIGN §3).

`python tests/test_imports.py` prints the figure: the rooms with their arrows, then the floors of the modules.
"""

import ast
from collections import Counter
from functools import lru_cache
from itertools import count
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# The floors of autograder/, from the ground up. Rooms of one floor do not import each other.
FLOORS = [{"course", "inside"}, {"intake", "run"}, {"judge"}, {"gradebook"}, {"pages", "exploits"}, {"commands"}]
FLOORS += [{"cli", "tryout"}, {"__main__"}]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# Beside autograder: what a room may import of the others. Benchmarks and the demo catalogue's maker are nobody's base.
OTHERS = {
    "helpers": set(),
    "a key": {"helpers", "judge", "exploits.exploit"},
    "kernel.py": {"helpers"},
    "demo_catalogue": {"helpers"},
}


@lru_cache(maxsize=1)
def modules() -> dict[str, Path]:
    """{dotted name: file} of everything that is no test."""
    tops = ("autograder", "helpers", "homework", "demo_catalogue", "benchmarks")
    files = (path for top in tops for path in sorted((ROOT / top).rglob("*.py")))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


@lru_cache(maxsize=1)
def figure() -> dict[str, set[str]]:
    """{module: the modules of ours that it imports}, inside functions and for types too."""
    return {name: _imports(name, path) for name, path in modules().items()}


def _imports(name: str, path: Path) -> set[str]:
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            found |= {whole if (whole := f"{base}.{alias.name}") in modules() else base for alias in node.names}
    tops = {module.split(".")[0] for module in modules()} | {"tests"}
    return {module for module in found if module.split(".")[0] in tops} - {name}


def room(module: str) -> str:
    """The room of a module: a folder of autograder, or one of OTHERS."""
    top, *rest = module.split(".")
    if top == "homework":
        return "kernel.py" if rest[-1] == "kernel" else "a key"
    return rest[0] if top == "autograder" and rest else top


def arrows() -> Counter:
    """{(from room, to room): how many imports}, without those within a room."""
    pairs = ((room(one), room(other)) for one, others in figure().items() for other in others)
    return Counter((one, other) for one, other in pairs if one != other)


def floors(graph: dict[str, set[str]]) -> list[list[str]]:
    """The modules floor by floor: each imports only what stands below it. What is in a circle, or on one, is left."""
    left, found = {module: others & graph.keys() for module, others in graph.items()}, []
    while ground := sorted(module for module, others in left.items() if not others & left.keys()):
        found.append(ground)
        left = {module: others for module, others in left.items() if module not in ground}
    return [*found, sorted(left)] if left else found


def wrong_arrow(module: str, other: str) -> bool:
    """Whether `module` may not import `other`."""
    one, two = room(module), room(other)
    if module.startswith("benchmarks"):
        return two in ("tests", "a key", "kernel.py")
    if one == two:
        return one in ("kernel.py", "a key") and module.split(".")[1] != other.split(".")[1]
    if one in OTHERS:
        return two not in OTHERS[one] and ".".join(other.split(".")[1:]) not in OTHERS[one]
    if two in ("helpers", "autograder"):  # the package itself: where it lies
        return False
    return one not in FLOOR or two not in FLOOR or FLOOR[two] >= FLOOR[one]


def test_no_circle_among_modules():
    graph = figure()
    left = floors(graph)[-1]
    assert not [module for module in left if graph[module] & set(left)]


def test_every_arrow_between_rooms_points_down():
    wrong = [f"{one} -> {other}" for one, others in figure().items() for other in others if wrong_arrow(one, other)]
    assert wrong == []


@pytest.mark.parametrize(
    "module, other",
    [
        ("autograder.judge.judge", "autograder.gradebook.marks"),
        ("autograder.run.notebook", "autograder.intake.merge"),
        ("autograder.exploits.range", "autograder.tryout"),
        ("autograder.commands.demo", "homework.hw4.key"),
        ("autograder.judge.homework", "tests.conftest"),
        ("helpers.checks", "autograder.course.cells"),
        ("homework.hw4.key.shop", "autograder.run.notebook"),
        ("homework.hw4.key.exploits", "autograder.exploits.range"),
        ("homework.hw4.kernel", "autograder.judge.homework"),
        ("homework.hw9.key", "homework.hw4.key.shop"),
        ("benchmarks.grading", "tests.conftest"),
        ("autograder.run.notebook", "benchmarks.data"),
    ],
)
def test_what_would_be_refused(module, other):
    assert wrong_arrow(module, other)


def test_every_room_is_in_the_design():
    rooms = {room(module) for module in figure()} - {"autograder", "benchmarks"}
    assert rooms <= FLOOR.keys() | OTHERS.keys()
    assert {path.parent.name for path in (ROOT / "autograder").glob("*/__init__.py")} <= FLOOR.keys()


def test_nothing_in_the_grader_names_a_homework():
    """In code; docstrings and help texts have hw4 as their example."""
    for name, path in modules().items():
        if name.startswith(("autograder.", "helpers.")) and not name.startswith("autograder.exploits."):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                assert not (isinstance(node, ast.Constant) and node.value in ("hw4", "homework 4")), name


if __name__ == "__main__":
    for (one, other), many in sorted(arrows().items()):
        print(f"{one:>14} -> {other:<14} {many}")
    own = {m: others for m, others in figure().items() if not m.startswith("benchmarks")}
    for floor, names in zip(count(), floors(own)):
        print(f"floor {floor}: {', '.join(names)}")
