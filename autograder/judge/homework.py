"""Finds a homework by its name: the questions of its key, its part of the kernel, its data and reference values.

The folder homework/<name>/ of a course holds all of it, and nobody but this module opens its `key`, `kernel.py` and
`checks.py`, the visible checks.
The key is a package that gives

    QUESTIONS                        the questions in the notebook's order; the only name that every key needs
    open_shop(data_folder=None)      the data that probes are drawn from and answers judged by (see `Shop`)
    measure_reference(shop)          the reference values on these data, as JSON values
    write_cut(folder)                writes a smaller data set for `open_shop`, on which the self-test is quick
    DEMO_MISTAKES                    students of the demo who are wrong: {name: {question: (in the solution, instead)}}
    PLAIN_TESTS                      {question: asserts}: two questions that exploits attack, and what would test them
                                     without a judge
    EXPLOITS                         attempts that only this homework invites (`exploits.exploit.Exploit`)

and kernel.py, where there is one, the functions of `inside.collector.KernelPart`.
"""

import hashlib
import importlib.util
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from autograder.course.files import write_whole
from autograder.course.notebooks import read_notebook, set_up_imports
from autograder.inside.collector import KernelPart
from autograder.judge.part import NotSeparable, part_for
from autograder.judge.question import Question
from helpers.checks import load_checks
from helpers.errors import CourseError

KEY, KERNEL, CHECKS = "key", "kernel.py", "checks.py"


class ReferenceMissing(CourseError):
    """No reference values are stored for the data set in use."""


class HomeworkError(CourseError):
    """A homework's key or kernel part cannot be used; the message says what is wrong with it."""


class Shop(Protocol):
    """What the core needs of a homework's data; all else is between the key's own modules.

    fingerprint: a hash of the data. reference: what `measure_reference` gave for them, empty until it is known.
    """

    reference: dict[str, Any]

    @property
    def fingerprint(self) -> str: ...

    def set_up(self, only: tuple = ()) -> dict[str, Any]:
        """As `KernelPart.set_up`; the objects are the shop's own."""

    def notebook(self) -> dict[str, Any]:
        """All names that the set-up cell leaves, with copies of the objects."""


class NoShop:
    """In the place of a shop for a homework whose key opens none: what there is, the set-up cell imports and the kernel
    part builds."""

    fingerprint = "no data"

    def __init__(self, notebook: Path, kernel: KernelPart) -> None:
        self.reference: dict[str, Any] = {}
        self._notebook, self._kernel = notebook, kernel

    def set_up(self, only: tuple = ()) -> dict[str, Any]:
        return self._kernel.set_up(only)

    def notebook(self) -> dict[str, Any]:
        space: dict[str, Any] = {}
        exec(set_up_imports(read_notebook(self._notebook)), space)
        return space | self._kernel.set_up()


class Homework:
    """One homework of a course, on the data set in use or on that of `data_folder`. Everything is read when it is
    first asked for."""

    def __init__(self, folder: Path, data_folder: Path | None = None):
        self.folder, self.data_folder = folder, data_folder

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def key(self) -> ModuleType:
        """The key's package, loaded under a name of its own for each folder."""
        return _loaded(self.folder / KEY)

    @property
    def questions(self) -> tuple[Question, ...]:
        return self.key.QUESTIONS

    @property
    def judged(self) -> tuple[Question, ...]:
        """The questions that are not marked by hand."""
        return tuple(question for question in self.questions if question.checks)

    @cached_property
    def kernel_part(self) -> str:
        """The text of kernel.py, to be sent into the student's kernel; empty where there is none."""
        path = self.folder / KERNEL
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    @cached_property
    def checks_text(self) -> str:
        """The text of checks.py, the visible checks; empty where there is none."""
        path = self.folder / CHECKS
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    @cached_property
    def _kernel(self) -> KernelPart:
        return KernelPart(self.kernel_part)

    # The three functions of a kernel part, for answers in this process. The data are those of the shop.

    def set_up(self, only: tuple = ()) -> dict[str, Any]:
        return self.shop.set_up(only)

    def stand_ins(self) -> dict[str, Callable]:
        return self._kernel.stand_ins()

    def make(self, what: str, value: Any) -> Any:
        return self._kernel.make(what, value)

    @cached_property
    def shop(self) -> Any:
        """A `Shop`: the data and the right scores for them, with the reference values where these are stored."""
        if not hasattr(self.key, "open_shop"):
            return NoShop(self.folder / f"{self.name}.ipynb", self._kernel)
        shop = self.key.open_shop(self.data_folder)
        shop.reference = self._stored(shop.fingerprint) or {}
        return shop

    @property
    def fingerprint(self) -> str:
        """A hash of the data."""
        return self.shop.fingerprint

    def reference_path(self, fingerprint: str) -> Path:
        """Where the reference values on one data set are kept: the fingerprint is the name."""
        return self.folder / KEY / "reference" / f"{fingerprint[:12]}.json"

    def _stored(self, fingerprint: str) -> dict[str, Any] | None:
        try:
            stored = json.loads(self.reference_path(fingerprint).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return stored if stored["fingerprint"] == fingerprint else None

    def measure_reference(self) -> None:
        """Measure the reference values on the data set in use; nothing where the key has none to measure."""
        if hasattr(self.key, "measure_reference"):
            self.shop.reference = {"fingerprint": self.fingerprint} | self.key.measure_reference(self.shop)

    def save_reference(self) -> Path | None:
        """Measure and store the reference values -> their file, None where the key has none to measure."""
        self.measure_reference()
        if not self.shop.reference:
            return None
        path = self.reference_path(self.fingerprint)
        write_whole(path, json.dumps(self.shop.reference, indent=1) + "\n")
        return path

    def plain_answers(self) -> dict[str, str]:
        """{question id: the text of its plain right answer}, in the notebook's order."""
        return {question.id: question.right_answers[0].source for question in self.judged if question.right_answers}

    def check(self) -> None:
        """HomeworkError unless every question that another one builds on has a right answer and a stand-in, and
        checks.py lists what the key gives points for."""
        for question in self.judged:
            for earlier in question.builds_on:
                builds_on = f"In {self.name}, {question.id} builds on {earlier.id}, which"
                if not earlier.writes:
                    raise HomeworkError(f"{builds_on} asks for no function: take it out of builds_on.")
                if not earlier.right_answers:
                    raise HomeworkError(f"{builds_on} has no right answer: give it a plain one in right_answers.")
                if not self._gives_alone(earlier.writes):
                    raise HomeworkError(
                        f"{builds_on} has no stand-in: let stand_ins() in {self.folder / KERNEL} end in "
                        f'`return {{"{earlier.writes}": ...}}`.'
                    )
        if self.checks_text:
            self._check_list()

    def _check_list(self) -> None:
        """HomeworkError where checks.py lists other questions, titles or points than the key."""
        listed = load_checks(self.name, self.folder).questions
        if [q.id for q in listed] != [q.id for q in self.questions]:
            raise HomeworkError(
                f"{self.folder / CHECKS} lists {', '.join(q.id for q in listed)}, and the key asks "
                f"{', '.join(q.id for q in self.questions)}: give both the same questions, in one order."
            )
        for question, shown in zip(self.questions, listed):
            mine = [(question.title, question.points)]
            other = [(shown.title, shown.points)]
            if question.checks:
                mine += [(check.title, check.points) for check in question.checks]
                other += [(listed.title, listed.points) for listed in shown.properties]
            for (title, points), (said, promised) in zip_longest(mine, other, fillvalue=("nothing", 0)):
                if (title, points) != (said, promised):
                    raise HomeworkError(
                        f"In {self.name}, the key gives {points:g} points of {question.id} for {title!r}, but "
                        f"{CHECKS} says {promised:g} for {said!r}: make them equal."
                    )

    def _gives_alone(self, name: str) -> bool:
        """Whether the kernel part gives this stand-in, also where it is sent without the others."""
        try:
            return name in KernelPart(part_for(self.kernel_part, frozenset([name]))).stand_ins()
        except NotSeparable:
            return False


def find_homework(folder: Path, data_folder: Path | None = None) -> Homework:
    """The homework in a folder, ready to judge; HomeworkError or ReferenceMissing where it is not."""
    homework = Homework(folder, data_folder)
    homework.check()
    if hasattr(homework.key, "measure_reference") and not homework.shop.reference:
        raise ReferenceMissing(
            f"There are no reference values of {homework.name} for the data set in use: "
            f"run `autograder reference {homework.name}` once."
        )
    return homework


@contextmanager
def small_homework(folder: Path) -> Iterator[Homework]:
    """The homework in a folder, ready to judge a few hundred answers: on the cut of its data that the key writes, with
    reference values of the cut's own; else as it is."""
    key = Homework(folder).key
    if not hasattr(key, "write_cut"):
        yield find_homework(folder)
        return
    with tempfile.TemporaryDirectory(prefix="selftest-") as cut:
        key.write_cut(Path(cut))
        homework = Homework(folder, Path(cut))
        homework.check()
        homework.measure_reference()
        yield homework


def _loaded(folder: Path) -> ModuleType:
    """The package in `folder`, imported under a name that no other folder has; its own modules import each other with
    a leading dot."""
    name = f"homework_key_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    path = folder / "__init__.py"
    specification = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(folder)])
    if not path.is_file() or specification is None or specification.loader is None:
        raise HomeworkError(f"{folder.parent} has no answer key: put one into {folder} (docs/write-a-homework.md).")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
        if not getattr(module, "QUESTIONS", None):
            raise HomeworkError(f"{path} names no QUESTIONS: list them there in the notebook's order.")
    except BaseException as problem:
        for loaded in [other for other in sys.modules if other == name or other.startswith(f"{name}.")]:
            del sys.modules[loaded]
        if isinstance(problem, ImportError):
            raise HomeworkError(
                f"The answer key in {folder} does not fit this grader ({problem}): correct its import, or install the "
                "version of the grader that the course folder has."
            ) from None
        raise
    return module
