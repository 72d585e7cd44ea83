"""The visible checks of a homework: what its `checks.py` is written with, and what runs it.

`checks.py` lies beside the notebook. Each question is a function: its name is the question's id, its first line of text
the title, its arguments what the student writes, and what stands after `*` comes from the notebook's set-up. It returns
the properties of a right answer, each a sentence with points and, where the notebook can show it, examples:

    def recall(recall_at_k):
        "Measure what a search has found."
        return [
            prop("with no relevant ids the recall is 0.0", 2,
                 gives(lambda: recall_at_k([1, 2, 3], set()), 0, "What do you divide by?")),
            prop("numbers of any kind are fine", 1),  # without an example: asked in grading only
        ]

    QUESTIONS = [recall]

Nothing is called before a question is checked, so that the list can be read without a notebook: `load_checks`. Marks do
not come from here: the grader asks with inputs of its own.
"""

import importlib.util
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from helpers.calls import TookTooLong, at_most, why_stopped
from helpers.check_results import FAILS, GRADING, HOLDS, SKIPPED, Checked, Outcome, Summary
from helpers.errors import CourseError
from helpers.limits import UNATTENDED
from helpers.sentences import shown, wrong_array, wrong_number, wrong_texts
from helpers.stale import stale

__all__ = ["CheckFailed", "Checks", "ListedProperty", "ListedQuestion", "gives", "load_checks", "prop", "says"]


class CheckFailed(AssertionError):
    """A check that did not hold, where no list is shown. A notebook shows its one sentence instead of a traceback."""

    def _render_traceback_(self):
        return [f"Not yet: {self}"]


class ChecksMissing(CourseError):
    """The notebook's checks.py is not beside it, or cannot be read."""


@dataclass(frozen=True)
class Example:
    """problem(the call as it is shown): the sentence for what is wrong, or None."""

    problem: Callable[[Callable[[], str]], str | None]


def gives(call: Callable[[], Any], expected: Any, hint: str, what: str | None = None, tolerance: float = 1e-6):
    """`call()` gives `expected`: one plain number, or an array of that shape (a list counts), within `tolerance`; or a
    list of texts.

    expected: may be a function, called when it is needed. what: how the call is shown; by default as the student's
    function was called. hint: one sentence for whoever gives something else.
    """

    def problem(shown_call):
        got, wanted = call(), expected() if callable(expected) else expected
        if isinstance(wanted, list) and all(isinstance(text, str) for text in wanted):
            sentence = wrong_texts(got, wanted, hint)
        else:
            wrong = wrong_number if np.ndim(wanted) == 0 else wrong_array
            sentence = wrong(got, wanted, hint, tolerance)
        return sentence and f"{what or shown_call()} {sentence}"

    return Example(problem)


def says(problem: Callable[[], str | None]) -> Example:
    """`problem()` finds nothing: it returns a whole sentence where something is wrong, else None."""
    return Example(lambda shown_call: problem())


@dataclass(frozen=True)
class ListedProperty:
    """A property of a right answer. Without examples it is asked in grading only."""

    title: str
    points: float
    examples: tuple[Example, ...] = field(default=(), repr=False)

    @property
    def is_shown(self) -> bool:
        """Whether the notebook shows it."""
        return bool(self.examples)


def prop(title: str, points: float, *examples: Example) -> ListedProperty:
    """A property: its sentence, its points, and examples that show it."""
    return ListedProperty(title, points, examples)


@dataclass(frozen=True)
class ListedQuestion:
    """A question as checks.py lists it.

    number: its place, from 1. writes: the names that the student defines, in the order in which they are given to
    `check`; none where the answer is marked by hand. set_up: names of the notebook's set-up that the examples use.
    """

    id: str
    number: int
    title: str
    writes: tuple[str, ...]
    set_up: tuple[str, ...]
    properties: tuple[ListedProperty, ...]
    make: Callable[..., Sequence[ListedProperty]] = field(repr=False)

    @property
    def points(self) -> float:
        return sum(p.points for p in self.properties)

    @property
    def by_hand(self) -> bool:
        return not self.writes

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        properties = [{"title": p.title, "points": p.points, "shown": p.is_shown} for p in self.properties]
        return {
            "id": self.id,
            "number": self.number,
            "title": self.title,
            "points": self.points,
            "by_hand": self.by_hand,
            "properties": properties,
        }


def load_checks(homework: str, folder: str | Path = ".") -> "Checks":
    """The checks of a homework, from the checks.py in a folder: that of the notebook, where Jupyter starts its kernel,
    or the course folder. In grading it is the instructor's own file.

    Raises ChecksMissing where there is none.
    """
    here = Path(folder).resolve()
    for path in (here / "checks.py", here / "homework" / homework / "checks.py"):
        if path.is_file():
            return Checks(homework, _loaded(path))
    raise ChecksMissing(
        f"checks.py is not in {here}: it belongs beside {homework}.ipynb. Copy it there from the student edition, or "
        "open the notebook where it was."
    )


def _loaded(path: Path) -> ModuleType:
    """The module, read anew each time and under no name that another one could have."""
    specification = importlib.util.spec_from_file_location(f"checks_of_{path.parent.name}", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
        assert module.QUESTIONS
    except Exception as problem:
        raise ChecksMissing(
            f"{path} cannot be used ({type(problem).__name__}: {problem}): copy it from the student edition again."
        ) from None
    return module


class Checks:
    """The checks of one homework. In a notebook: `check("recall", recall_at_k)` under an answer, `check.summary()` at
    the end."""

    def __init__(self, homework: str, module: ModuleType) -> None:
        self.homework, self.module = homework, module
        self.questions = tuple(_listed(number, make) for number, make in enumerate(module.QUESTIONS, start=1))
        self.checked: dict[str, Checked] = {}
        if shell := _shell():
            shell.set_custom_exc((NameError,), self._show_name_error)

    def __call__(self, question: str, *written: Any) -> None:
        """Check what the student wrote and show the list of properties."""
        names = sys._getframe(1).f_globals  # the notebook's
        _show(self.run(question, written, names))

    def __getitem__(self, question: str) -> ListedQuestion:
        return next(q for q in self.questions if q.id == question)

    def run(self, question: str, written: Sequence[Any], names: Mapping[str, Any]) -> Checked:
        """What the examples of one question say. written: the student's functions or variables, in the order of
        `writes`. names: those of the notebook."""
        listed = self[question]
        self.checked[question] = checked = Checked(
            listed.id, listed.number, listed.title, tuple(self._outcomes(listed, written, names))
        )
        return checked

    def _outcomes(self, listed: ListedQuestion, written: Sequence[Any], names: Mapping[str, Any]):
        calls = Calls(names, listed.set_up)
        given = [calls.watched(name, value) for name, value in zip(listed.writes, written, strict=True)]
        ended = self._not_ready(listed, written, names)
        said: set[str | None] = set()  # one reason is told once
        from_set_up = {name: names.get(name) for name in listed.set_up}
        for property in listed.properties if ended else listed.make(*given, **from_set_up):
            sentence, state = None, SKIPPED if ended else HOLDS
            if not property.examples:
                state = GRADING
            elif isinstance(ended, str):
                state, sentence, ended = FAILS, ended, True  # said once, in the first place
            elif not ended:
                sentence, ended = self._first_problem(property, calls, names)
                state = FAILS if sentence else HOLDS
            yield Outcome(property.title, property.points, state, None if sentence in said else sentence)
            said.add(sentence)

    def _not_ready(self, listed: ListedQuestion, written: Sequence[Any], names: Mapping[str, Any]) -> str | bool:
        """Why nothing can be checked, as a sentence; False where all is there."""
        for name in listed.set_up:
            if name not in names:
                return self.known(name) or f"{name} is not there: run the set-up cell first."
        cells = names.get("In") or ()
        for name, value in zip(listed.writes, written):
            if names.get(name) is value and (sentence := stale(name, list(cells))):
                return sentence
        return False

    def _first_problem(self, property: ListedProperty, calls: "Calls", names: Mapping[str, Any]):
        """(the first sentence of a property's examples, or None; whether to leave out what follows)."""
        for example in property.examples:
            calls.last = None
            try:
                with at_most():
                    sentence = example.problem(calls.last_shown)
            except Exception as error:
                sentence = why_stopped(error, calls.last_shown(), self.known, names)
                return sentence, isinstance(error, (NotImplementedError, TookTooLong))
            if sentence:
                return sentence, False
        return None, False

    @cached_property
    def set_up(self) -> set[str]:
        """All names that the notebook's set-up cell gives, as far as checks.py says."""
        return {*getattr(self.module, "SET_UP", ()), *(name for q in self.questions for name in q.set_up)}

    def known(self, name: str) -> str | None:
        """The sentence for a name of this homework that is not there; None for any other."""
        for question in self.questions:
            if name in question.writes:
                return f"{name} is what you write in question {question.number}: run its answer cell first."
        return f"{name} is not there: run the set-up cell first." if name in self.set_up else None

    def summary(self) -> None:
        """Show which questions pass their visible checks, which are empty, and how to hand in."""
        _show(Summary(self.homework, [(q.number, q.title, q.points, self._state(q)) for q in self.questions]))

    def hand_in(self) -> None:
        """Run the saved notebook in a fresh kernel and pack it, as `python -m helpers check` does; for a cell of one's
        own. In that fresh kernel, and in grading, it does nothing."""
        if UNATTENDED in os.environ:
            return
        command = [sys.executable, "-X", "utf8", "-u", "-m", "helpers", "check", self.homework]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8") as process:
            for line in process.stdout or ():
                print(line, end="", flush=True)

    def _state(self, question: ListedQuestion) -> str:
        if question.by_hand:
            return "marked by hand: have you written it?"
        checked = self.checked.get(question.id)
        return checked.in_words if checked else "empty, or not checked yet"

    def to_json(self) -> dict[str, Any]:
        """The list as JSON values."""
        return {"homework": self.homework, "questions": [q.to_json() for q in self.questions]}

    def _show_name_error(self, shell, kind, error, trace, tb_offset=None):
        """A missing name that the homework knows is explained in one sentence, in any cell; others as always."""
        if error.name and (sentence := self.known(error.name)):
            error._render_traceback_ = lambda: [f"Not yet: {sentence}"]
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _listed(number: int, make: Callable[..., Sequence[ListedProperty]]) -> ListedQuestion:
    kinds = inspect.signature(make).parameters.values()
    writes = tuple(p.name for p in kinds if p.kind is p.POSITIONAL_OR_KEYWORD)
    set_up = tuple(p.name for p in kinds if p.kind is p.KEYWORD_ONLY)
    nothing = dict.fromkeys([*writes, *set_up])
    title = (inspect.getdoc(make) or make.__name__).split("\n")[0].rstrip(".")
    return ListedQuestion(make.__name__, number, title, writes, set_up, tuple(make(**nothing)), make)


class Calls:
    """Remembers the last call of the student's functions, to show it."""

    def __init__(self, names: Mapping[str, Any], set_up: Collection[str]) -> None:
        self.known_objects = [(name, names[name]) for name in set_up if name in names]
        self.last: tuple[str, tuple, dict] | None = None
        self.name = "your answer"

    def watched(self, name: str, value: Any) -> Any:
        """The same function, whose calls are remembered; what is no function stays as it is."""
        self.name = name
        if not callable(value):
            return value

        def call(*args, **kwargs):
            self.last = name, args, kwargs
            return value(*args, **kwargs)

        return call

    def last_shown(self) -> str:
        """The last call as text, such as `recall_at_k([7, 3], {3}, k=2)`."""
        if self.last is None:
            return self.name
        name, args, kwargs = self.last
        words = [*map(self._shown, args), *(f"{key}={self._shown(value)}" for key, value in kwargs.items())]
        return f"{name}({', '.join(words)})"

    def _shown(self, value: Any) -> str:
        for name, known in self.known_objects:
            if value is known:
                return name
        return repr(value) if isinstance(value, str) else shown(value)


def _shell():
    """IPython's shell, where there is one; it is not imported for this."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def _show(result: Any) -> None:
    if _shell():
        from IPython.display import display

        display(result)
    else:
        print(result)
