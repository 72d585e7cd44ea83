"""Names the mistake behind a wrong answer: the misconception that would have given the same answers.

Every misconception of the question is asked the student's own probes, in the trusted process, as many as it takes to
tell it from the student's answer. The one that gives what the student gave is named. Answers are compared cell by cell,
so that a ranking which breaks ties otherwise does not hide a mistake; failures are compared by the type of the error.
"""

import ctypes
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from autograder.inside.collector import answer_probes
from autograder.judge.banks import Misconception, run_answers, unwarned
from autograder.judge.evidence import Answer, Array, Failure, Frame, Missing, Number, Other, Plain, read_answer
from autograder.judge.homework import Homework
from autograder.judge.question import Check, Exchange, Probe, Question

# Share of cells that must agree, on average over the probes of a check. Ties may put rows in another order, and an
# error may come from another line, but numbers and text have no such excuse.
ALIKE, ALIKE_EXACTLY = 0.75, 0.95
CLOSE = 1e-4  # relative; two students' roundings of one mistake differ by less
RIGHT = "right"  # stands for the right answer among the simulated ones; no misconception has this id

Answers = Mapping[str, Answer]
Cells = dict[tuple[str, Any], object]  # an answer's values, by column (one for what is no table) and row or place


class Simulated:
    """What the misconceptions of a question, and its right answer, give to the probes of one request: of each no more
    is asked than somebody wants to know.

    asked: the probes by check, in the order in which a student's functions were asked them too.
    """

    def __init__(self, question: Question, asked: Mapping[str, Sequence[Probe]], homework: Homework):
        self.question, self.asked, self.homework = question, asked, homework
        self._sources = {m.id: m.source for m in question.misconceptions} | {RIGHT: question.right_answers[0].source}
        self._known: dict[str, tuple[int, Answers]] = {}  # how many checks were asked, and the answers

    def answers(self, id: str, checks: int | None = None) -> Answers:
        """{probe id: the answer} of a misconception or RIGHT to the probes of at least the first so many checks, or of
        all. Asked for more than is known, it begins anew: what an answer remembers between calls is part of it."""
        wanted = len(self.asked) if checks is None else checks
        known, answers = self._known.get(id, (0, {}))
        if known < wanted:
            wire = [probe for group in self._wires[:wanted] for probe in group]
            answers = _answers(self.question, self._sources[id], wire, self.homework)
            self._known[id] = wanted, answers
        return answers

    @cached_property
    def _wires(self) -> list[list[dict]]:
        """The probes as they are sent, check by check."""
        return [[probe.to_wire() for probe in group] for group in self.asked.values()]


def diagnose(
    question: Question,
    exchanges: Mapping[str, Exchange],
    problems: Mapping[str, str | None],
    simulated: Simulated,
    homework: Homework,
) -> Misconception | None:
    """The misconception that explains the answers, or None.

    It gives what the student gave in the first check that failed and in all that hold; among several, the one
    that agrees most over all checks. One that passes the first check that failed is no reason for failing it,
    however close its answers are. In that check agreement counts only where the misconception departs from the right
    answer: what both have says nothing about the mistake. One value, whatever is asked, says little: then the
    misconception must agree in every check.
    """
    first = next((check for check in question.checks if problems[check.id]), None)
    if first is None or not_answered(exchanges[first.id]):
        return None
    all_must_agree = _one_value(exchanges[first.id])
    must_agree = {c.id for c in question.checks if all_must_agree or c is first or problems[c.id] is None}
    best, best_likeness = None, 0.0
    for misconception in question.misconceptions:
        if likeness := _explains(misconception.id, first, must_agree, exchanges, simulated, homework):
            overall = float(np.mean(likeness))
            if overall > best_likeness:
                best, best_likeness = misconception, overall
            if best_likeness == 1:
                break
    _give_back_memory()
    return best


def _explains(
    id: str,
    first: Check,
    must_agree: Collection[str],
    exchanges: Mapping[str, Exchange],
    simulated: Simulated,
    homework: Homework,
) -> list[float] | None:
    """How alike a misconception's answers are in each check; None as soon as one shows that it does not explain them.

    Few are left where the first check that failed has been asked, so that most are never asked the rest.
    """
    checks = list(exchanges)
    place = checks.index(first.id)
    likeness: list[float] = []
    for asked in sorted({place, place + 1, len(checks)}):
        answers = simulated.answers(id, asked)
        for check in checks[len(likeness) : asked]:
            groups = _likeness(exchanges[check], answers)
            if check in must_agree and not _enough(groups):
                return None
            likeness.append(min(groups.values()))
        if asked == place + 1:
            departs = _enough(_likeness(exchanges[first.id], answers, simulated.answers(RIGHT, asked)))
            if not departs or not first.problem([(p, answers[p.id]) for p, _ in exchanges[first.id]], homework.shop):
                return None
    return likeness


def _give_back_memory() -> None:
    """What simulated answers have freed goes back to the system now; glibc would keep 100 MB of it, in small pieces."""
    with suppress(OSError, AttributeError, TypeError):  # another C library, another system
        ctypes.CDLL(None).malloc_trim(0)


def _answers(question: Question, source: str, wire: list[dict], homework: Homework) -> Answers:
    answers = {q.id: q.right_answers[0].source for q in question.builds_on}
    if question.writes:
        answers[question.id] = source
    with unwarned():
        space = run_answers(homework.shop.notebook(), answers)
        given = answer_probes(wire, space, homework, [source])
    space.clear()  # its functions hold it and it holds them: 8 MB of data would stay until somebody looks for circles
    return {answer["id"]: read_answer(answer["answer"]) for answer in given}


def not_answered(exchange: Exchange) -> bool:
    """Whether the answers say that there is nothing to judge: no such name, or the stub as it was released."""
    return all(
        isinstance(answer, Missing) or (isinstance(answer, Failure) and answer.error == "NotImplementedError")
        for _, answer in exchange
    )


def _one_value(exchange: Exchange) -> bool:
    """Whether all answers to a check hold one and the same number or text, or none at all."""
    return len({repr(value) for _, answer in exchange for value in _cells(answer).values()}) <= 1 and all(
        isinstance(answer, (Number, Array, Plain)) for _, answer in exchange
    )


def _likeness(exchange: Exchange, simulated: Answers, apart_from: Answers | None = None) -> dict[type, float]:
    """How alike the answers to one check are, from 0 to 1, by kind of what was simulated: values and failures must
    agree each for themselves, so that any error at all does not pass for the error of a misconception.

    apart_from: other answers; then only those cells count in which the simulated ones differ from these.
    """
    groups: dict[type, list[float]] = {}
    for probe, answer in exchange:
        other = simulated[probe.id]
        given = None if probe.argument is None else probe.args[probe.argument]
        share = likeness_of(answer, other, apart_from[probe.id] if apart_from else None, given)
        if share is not None:
            groups.setdefault(Number if isinstance(other, Array) else type(other), []).append(share)
    return {kind: float(np.mean(shares)) for kind, shares in groups.items()}


def _enough(likeness: dict[type, float]) -> bool:
    """Whether answers are alike in every kind; not where there was nothing to compare."""
    return bool(likeness) and all(
        share >= (ALIKE_EXACTLY if kind in (Number, Plain) else ALIKE) for kind, share in likeness.items()
    )


def likeness_of(one: Answer, other: Answer, apart_from: Answer | None = None, given: Any = None) -> float | None:
    """From 0 to 1: the share of their cells in which two answers agree; 0 for answers of different kinds or shapes.

    Each column of a table must agree for itself: the least share of any counts. apart_from: as for `_likeness`, with
    None where `other` does not differ from it. given: what both show the state of after a call; of a DataFrame it then
    counts whether its index is still as it was.
    """
    mine, theirs = _cells(one, given), _cells(other, given)
    telling = set(theirs)
    if apart_from is not None:
        usual = _cells(apart_from, given)
        telling = {key for key in telling if key not in usual or not _same_cell(theirs[key], usual[key])}
        if not telling and usual.keys() == theirs.keys():
            return None
        telling = telling or set(theirs)
    if mine.keys() != theirs.keys():
        return 0.0
    columns: dict[str, list[bool]] = {}
    for column, row in telling:
        columns.setdefault(column, []).append(_same_cell(mine[column, row], theirs[column, row]))
    return min((sum(same) / len(same) for same in columns.values()), default=1.0)


def _cells(answer: Answer, given: Any = None) -> Cells:
    """An answer taken apart; two answers of different kinds or shapes have different keys. given: see `likeness_of`."""
    match answer:
        case Number(value):
            return {("number", 0): value}
        case Array(values) if values.shape == (0,):
            return _cells(Plain([]))  # which of the two it is says nothing
        case Array(values):
            name = "one number in an array" if values.size == 1 else f"array of shape {values.shape}"
            return {(name, row): value for row, value in enumerate(values.ravel().tolist())}
        case Frame(columns, rows):
            cells = {(name, row): value for name, column in columns.items() for row, value in enumerate(column)}
            if isinstance(given, pd.DataFrame):
                cells["index as it was", 0] = answer.index == tuple(given.index.tolist())
            return cells | {(f"{rows} rows of {', '.join(sorted(columns))}", 0): True}
        case Plain(value):
            return {("plain", place): leaf for place, leaf in _leaves(value, ())}
        case Failure(error):
            return {("failure", 0): error}
        case Other(what):
            return {("other", 0): what}
    return {(type(answer).__name__, 0): True}


def _leaves(value, place: tuple) -> Iterator[tuple[tuple, object]]:
    """The values in a plain value with their places, the numbers and keys that lead there; an empty one stands for
    itself."""
    match value:
        case list() if value:
            inside = list(enumerate(value))
        case dict() if value:
            inside = list(value.items())
        case frozenset() if value:
            inside = [(member, True) for member in value]
        case _:
            yield place, value if isinstance(value, (str, int, float)) else repr(value)
            return
    for key, inner in inside:
        yield from _leaves(inner, (*place, key))


def _same_cell(a, b) -> bool:
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) <= CLOSE * (0.1 + abs(b)) or a == b or (a != a and b != b)
    return a == b
