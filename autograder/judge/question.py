"""What a question is made of: checks, each with points, fresh probes and a rule that names what is wrong.

**A mistake is paid for once.** A question that builds on others (semantic search on cosines, say) is asked twice:
with the student's own functions, and again with the course's versions of those it builds on in their place. The
second answers count where they are better and one of those earlier questions lost points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograder.inside.collector import AGAIN, pack
from autograder.judge.banks import Misconception, RightAnswer
from autograder.judge.evidence import Answer, Array, Failure, Frame, Missing, Nothing, Number, Other, Plain

NOT_ANSWERED = "Not answered yet: the cell still raises NotImplementedError."


@dataclass(frozen=True)
class Named:
    """Stands for an object that the homework's set-up builds, such as product_embeddings."""

    name: str


@dataclass(frozen=True)
class Made:
    """Stands for what the homework's kernel part makes of a value, where it is used: `make(what, value)` there."""

    what: str
    value: Any


@dataclass(frozen=True)
class Probe:
    """One call of the student's function (`call`), or one look at a variable (`read`).

    argument: the position of an argument that is looked at after the call, instead of what the call gives.
    stand_ins: names of student's functions in whose place the course's versions stand meanwhile.
    only: ids; before a variable is read or a function called, the answer cell is run again after a set-up with these
        alone (what they are is the homework's business: ids of queries, say). A question that asks for both a function
        and variables needs it for all its probes the second time: what stopped the cell is no longer there then.
    about: what only the judge knows (expected values, scores, relevant products). It never leaves the grader.
    """

    id: str
    call: str | None = None
    args: tuple = ()
    kwargs: dict = field(default_factory=dict)
    read: str | None = None
    columns: tuple[str, ...] | None = None
    argument: int | None = None
    stand_ins: tuple[str, ...] = ()
    only: tuple[int, ...] = ()
    about: Any = None

    def to_wire(self) -> dict:
        """The part of the probe that goes to the student's kernel, as JSON values."""
        if self.read:
            wire: dict[str, Any] = {"id": self.id, "read": self.read}
        else:
            wire = {
                "id": self.id,
                "call": self.call,
                "args": [_to_wire(a) for a in self.args],
                "kwargs": {name: _to_wire(a) for name, a in self.kwargs.items()},
            }
        if self.argument is not None:
            wire["argument"] = self.argument
        more = {"columns": self.columns, "with": self.stand_ins, "only": self.only}
        return wire | {name: list(values) for name, values in more.items() if values}


def _to_wire(value):
    if isinstance(value, Named):
        return {"$": "named", "name": value.name}
    if isinstance(value, Made):
        return {"$": "made", "what": value.what, "value": pack(value.value)}
    return pack(value)


Exchange = Sequence[tuple[Probe, Answer]]


@dataclass(frozen=True)
class Check:
    """A property that a right answer has.

    `probes` draws what is asked, `problem` gets the probes with the answers and returns one sentence (what, got,
    expected, hint), or None; both get the homework's shop (see `judge.homework`), whose type is the key's own business.
    """

    id: str
    points: float
    title: str
    probes: Callable[[np.random.Generator, Any], list[Probe]]
    problem: Callable[[Exchange, Any], str | None]


@dataclass(frozen=True)
class Question:
    """A graded thing with an id; the first check is the core, without which the others earn nothing.

    That rule keeps a function that always returns 0 from earning the points of the zero vector.
    A question without checks is marked by hand. `writes` is the function that the student defines, None where
    the answer is a cell's variables; `builds_on` are the questions whose functions may be used here. `again`
    picks the probes for the second time of asking: the whole sample is not searched twice. The first of
    `right_answers` is plain; `misconceptions` are the mistakes that feedback knows by name.
    """

    id: str
    points: float
    title: str
    checks: tuple[Check, ...] = ()
    writes: str | None = None
    builds_on: tuple["Question", ...] = ()
    again: Callable[[np.random.Generator, Any, dict[str, list[Probe]]], dict[str, list[Probe]]] = (
        lambda rng, shop, probes: probes
    )
    misconceptions: tuple[Misconception, ...] = ()
    right_answers: tuple[RightAnswer, ...] = ()

    def __post_init__(self):
        assert not self.checks or sum(c.points for c in self.checks) == self.points, self.id

    def draw(self, rng: np.random.Generator, shop: Any) -> tuple[dict, dict]:
        """Fresh probes by check id: those for the student's own functions, and those asked again (none where the
        question builds on no other)."""
        probes = {check.id: check.probes(rng, shop) for check in self.checks}
        if not self.builds_on:
            return probes, {}
        stand_ins = tuple(question.writes for question in self.builds_on if question.writes)
        again = {
            check: [replace(probe, id=AGAIN + probe.id, stand_ins=stand_ins) for probe in chosen]
            for check, chosen in self.again(rng, shop, probes).items()
        }
        return probes, again


def each(problem_of: Callable[[Probe, Answer], str | None]) -> Callable[[Exchange, Any], str | None]:
    """A rule for one probe -> the rule for all: the first problem found."""

    def problem(exchange, shop):
        return next((p for p in (problem_of(probe, answer) for probe, answer in exchange) if p), None)

    return problem


def no_value(answer: Answer, wanted: str) -> str | None:
    """The sentence for an answer that is no value at all, or None where it is some value."""
    if isinstance(answer, Missing):
        return _missing(answer)
    if isinstance(answer, Failure):
        if answer.error == "NotImplementedError":
            return NOT_ANSWERED
        return f"Your code stopped with {answer.error}: {answer.message or 'no message'}. It should give {wanted}."
    if isinstance(answer, Nothing):
        return f"Your function gave None instead of {wanted}. Is there a return at its end?"
    return None


def _missing(answer: Missing) -> str:
    """Why a name is not there: the error that ended its answer cell, where one did."""
    match answer.after:
        case None:
            return f"{answer.name} is not defined in your notebook. Run your cells from the top and check its name."
        case Failure("NotImplementedError"):
            return NOT_ANSWERED
        case Failure("KeyboardInterrupt"):
            return f"Your answer cell took too long and was stopped, so {answer.name} is not defined."
        case Failure(error, message):
            return (
                f"Your answer cell stopped with {error}{': ' * bool(message)}{message.rstrip('.')}, "
                f"so {answer.name} is not defined."
            )


def five_decimals(got: np.ndarray, right: np.ndarray) -> bool:
    """Whether numbers that are right as far as the tolerance goes have been rounded to five decimals.

    Only numbers count that the rounding would change by more than float32's noise, and four of these are needed.
    """
    telling = np.abs(right - np.round(right, 5)) > 1e-6
    got = got[telling]
    return len(got) >= 4 and bool(np.all(np.abs(got - np.round(got, 5)) < 1e-7))


def near(rng: np.random.Generator, size: int) -> int:
    """A size near this one: no two runs ask for the same sizes, so that none can be known beforehand."""
    return size + int(rng.integers(0, 1 + size // 8))


def plain_number(function: str) -> Callable[[Exchange, Any], str | None]:
    """The rule that a function gives one number, not an array or a list that holds one."""

    def problem(probe: Probe, answer: Answer) -> str | None:
        if sentence := no_value(answer, "one number"):
            return sentence
        if isinstance(answer, Number):
            return None
        return f"{function} gave {describe(answer)}. It should give one plain number: wrap it in float(...)."

    return each(problem)


def each_plain(
    function: str, problem_of: Callable[[Probe, Answer], str | None]
) -> Callable[[Exchange, Any], str | None]:
    """As `each`, for a function that gives one plain number: that comes first."""

    def problem(exchange, shop):
        return plain_number(function)(exchange, shop) or each(problem_of)(exchange, shop)

    return problem


def unchanged(answer: Answer, given: np.ndarray, name: str, function: str) -> str | None:
    """The sentence for an array that is not as it was before the call, or None where it is."""
    if isinstance(answer, (Missing, Failure)):
        return no_value(answer, "an array")
    if isinstance(answer, Array) and np.array_equal(answer.values, given):
        return None
    return f"{function} changes the {name} that it is given, and whoever goes on to use them: make a new array."


def new_array(answer: Answer, n: int, what: str) -> str | None:
    """The sentence for an answer that is no array of shape (n,), or None; a list of numbers will do. what: what its
    n numbers are, in words."""
    if sentence := no_value(answer, "an array"):
        return sentence
    if not (isinstance(answer, Array) and answer.values.shape == (n,)):
        return f"The result should have shape ({n},), {what}; it was {describe(answer)}."
    return None


def as_number(answer: Answer) -> float | str:
    """The number in an answer (an array of one number counts), or the sentence that says why there is none."""
    if sentence := no_value(answer, "one number"):
        return sentence
    if isinstance(answer, Number):
        return answer.value
    if isinstance(answer, Array) and answer.values.size == 1:
        return float(answer.values.ravel()[0])
    return f"Your function gave {describe(answer)}, but one number is asked for."


def as_array(answer: Answer, n: int) -> np.ndarray | str:
    """The n numbers in an answer of any shape, or the sentence that says why there are none."""
    wanted = f"an array of {n} numbers"
    if sentence := no_value(answer, wanted):
        return sentence
    if isinstance(answer, Array) and answer.values.size == n:
        return answer.values.ravel()
    return f"Your function gave {describe(answer)}, but {wanted} is asked for."


def as_frame(answer: Answer, *columns: str) -> Frame | str:
    """The DataFrame in an answer with at least `columns`, or the sentence that says why there is none."""
    if sentence := no_value(answer, "a DataFrame"):
        return sentence
    if not isinstance(answer, Frame):
        return f"Your function gave {describe(answer)}, but a DataFrame is asked for."
    absent = [c for c in columns if c not in answer.columns]
    if absent:
        return f"Your DataFrame has no column {absent[0]}; its columns are {', '.join(answer.names[:12]) or 'none'}."
    return answer


def as_items(answer: Answer, wanted: str = "a list") -> list | str:
    """The plain values in a list, an array of one axis or a set, or the sentence that says why there are none.

    Numbers are floats where nothing but numbers came; a set has no order.
    """
    if sentence := no_value(answer, wanted):
        return sentence
    if isinstance(answer, Array) and answer.values.ndim == 1:
        return answer.values.tolist()
    if isinstance(answer, Plain) and isinstance(answer.value, (list, frozenset)):
        return list(answer.value)
    return f"Your function gave {describe(answer)}, but {wanted} is asked for."


def as_texts(answer: Answer, wanted: str = "a list of texts") -> list[str] | str:
    """The texts in a list or an array, in its order, or the sentence that says why there are none."""
    if isinstance(answer, Array) and answer.values.size == 0:
        return []
    items = as_items(answer, wanted)
    if isinstance(items, str):
        return items
    if isinstance(answer, Plain) and isinstance(answer.value, list) and all(isinstance(item, str) for item in items):
        return items
    return f"Your function gave {describe(answer)}, but {wanted} is asked for."


def as_dict(answer: Answer, wanted: str = "a dict") -> dict | str:
    """The dict in an answer, or the sentence that says why there is none."""
    if sentence := no_value(answer, wanted):
        return sentence
    if isinstance(answer, Plain) and isinstance(answer.value, dict):
        return answer.value
    return f"Your function gave {describe(answer)}, but {wanted} is asked for."


def quoted(value: Any) -> str:
    """A plain value of a student's as one short printable line: "'sofa'", "['mid', 'century', ...]"."""
    text = "".join(c if c.isprintable() else " " for c in repr(_shortened(value)))
    return text.replace("'...'", "...") if len(text) <= 160 else f"{text[:157]}..."


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= 60 else f"{value[:57]}..."
    if isinstance(value, list):
        return [*map(_shortened, value[:12]), *(["..."] if len(value) > 12 else [])]
    if isinstance(value, dict):
        return {_shortened(key): _shortened(v) for key, v in list(value.items())[:6]}
    if isinstance(value, frozenset):
        return _shortened(sorted(value, key=repr))
    return value


def describe(answer: Answer) -> str:
    """An answer's kind in a few words."""
    match answer:
        case Number(value):
            return f"the number {value:.6g}"
        case Array(values, dtype) if dtype == "list":
            return f"a list of {values.size} numbers"
        case Array(values):
            return f"an array of shape {values.shape}"
        case Frame(rows=rows):
            return f"a DataFrame of {rows} rows"
        case Plain(str()):
            return "text"
        case Plain(value):
            kind = "list" if isinstance(value, list) else "dict" if isinstance(value, dict) else "set"
            return f"a {kind}" if value else f"an empty {kind}"
        case Other(what):
            return what
    return "nothing"
