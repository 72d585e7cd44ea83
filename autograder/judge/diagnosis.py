"""Names the mistake behind a wrong answer: the misconception that would have given the same answers.

Every misconception of the question is asked the student's own probes, in the trusted process. The one that gives
what the student gave is named. Answers are compared cell by cell, so that a ranking which breaks ties otherwise
does not hide a mistake; failures are compared by the type of the error.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from autograder.inside.collector import answer_probes
from autograder.judge.banks import Misconception, run_answers, unwarned
from autograder.judge.evidence import Answer, Array, Failure, Frame, Missing, Nothing, Number, Other, read_answer
from autograder.judge.homework import Homework
from autograder.judge.question import Exchange, Probe, Question

ALIKE = 0.75  # share of cells that must agree, on average over the probes of a check
CLOSE = 1e-4  # relative; two students' roundings of one mistake differ by less

Answers = Mapping[str, Answer]


def diagnose(
    question: Question,
    exchanges: Mapping[str, Exchange],
    problems: Mapping[str, str | None],
    simulate_all: Callable[[], Mapping[str, Answers]],
    homework: Homework,
) -> Misconception | None:
    """The misconception that explains the answers, or None.

    It gives what the student gave in the first check that failed and in all that hold; among several, the one
    that agrees most over all checks. One that passes the first check that failed is no reason for failing it,
    however close its answers are. `simulate_all` gives what each misconception, by id, answers to these probes;
    it is called only where there is something to name.
    """
    first = next((check for check in question.checks if problems[check.id]), None)
    if first is None or not_answered(exchanges[first.id]):
        return None
    simulated = simulate_all()
    must_agree = [first.id] + [check.id for check in question.checks if problems[check.id] is None]
    best, best_likeness = None, 0.0
    for misconception in question.misconceptions:
        answers = simulated[misconception.id]
        likeness = {check: _likeness(exchange, answers) for check, exchange in exchanges.items()}
        overall = float(np.mean(list(likeness.values())))
        if (
            min(likeness[check] for check in must_agree) >= ALIKE
            and overall > best_likeness
            and first.problem([(probe, answers[probe.id]) for probe, _ in exchanges[first.id]], homework.shop)
        ):
            best, best_likeness = misconception, overall
    return best


def simulate(question: Question, probes: Sequence[Probe], homework: Homework) -> dict[str, Answers]:
    """{misconception id: {probe id: its answer}}, with right answers to the questions that this one builds on."""
    wire = [probe.to_wire() for probe in probes]
    return {m.id: _answers(question, m.source, wire, homework) for m in question.misconceptions}


def _answers(question: Question, source: str, wire: list[dict], homework: Homework) -> Answers:
    answers = {q.id: q.right_answers[0].source for q in question.builds_on}
    if question.writes:
        answers[question.id] = source
    with unwarned():
        space = run_answers(homework.shop.notebook(), answers)
        given = answer_probes(wire, space, homework, [source])
    return {answer["id"]: read_answer(answer["answer"]) for answer in given}


def not_answered(exchange: Exchange) -> bool:
    """Whether the answers say that there is nothing to judge: no such name, or the stub as it was released."""
    return all(
        isinstance(answer, Missing) or (isinstance(answer, Failure) and answer.error == "NotImplementedError")
        for _, answer in exchange
    )


def _likeness(exchange: Exchange, simulated: Answers) -> float:
    """How alike the answers to one check are, from 0 to 1; values and failures must agree each for themselves, so
    that any error at all does not pass for the error of a misconception."""
    groups: dict[bool, list[float]] = {}
    for probe, answer in exchange:
        other = simulated[probe.id]
        groups.setdefault(isinstance(other, Failure), []).append(likeness_of(answer, other))
    return min(float(np.mean(group)) for group in groups.values())


def likeness_of(one: Answer, other: Answer) -> float:
    """From 0 to 1: the share of their cells in which two answers agree; 0 for answers of different kinds."""
    match one, other:
        case Number(value), Number(value_too):
            return float(_close([value], [value_too])[0])
        case Array(values), Array(values_too):
            if values.shape != values_too.shape and not values.size == values_too.size == 1:
                return 0.0
            return float(_close(values.ravel(), values_too.ravel()).mean()) if values.size else 1.0
        case Frame(columns, rows), Frame(columns_too, rows_too):
            if rows != rows_too or set(columns) != set(columns_too):
                return 0.0
            cells = [_same_cell(a, b) for name in columns for a, b in zip(columns[name], columns_too[name])]
            return sum(cells) / len(cells) if cells else 1.0
        case Failure(error), Failure(error_too):
            return float(error == error_too)
        case (Missing(), Missing()) | (Nothing(), Nothing()):
            return 1.0
        case Other(what), Other(what_too):
            return float(what == what_too)
    return 0.0


def _close(a, b) -> np.ndarray:
    return np.isclose(a, b, rtol=CLOSE, atol=CLOSE * 0.1, equal_nan=True)


def _same_cell(a, b) -> bool:
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) <= CLOSE * (0.1 + abs(b)) or a == b or (a != a and b != b)  # as _close, for one pair
    return a == b
