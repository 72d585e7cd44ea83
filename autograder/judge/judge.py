"""Turns evidence into verdicts. Runs only in the grader's own process.

A question's request is drawn from (seed, question id): the same seed gives the same probes, and a run without
a stated seed gets a fresh one. The mark is the plain sum of the points of the checks that hold: nothing is rounded.

A mistake is paid for once: see `autograder.judge.question` for the rule, `judge` for its place.
"""

import json
import secrets
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from autograder.inside.collector import AGAIN, END, OWN, answer_probes
from autograder.judge.banks import Misconception
from autograder.judge.diagnosis import Simulated, diagnose, not_answered
from autograder.judge.evidence import BadEvidence, Failure, Missing, read_evidence
from autograder.judge.homework import Homework
from autograder.judge.part import part_for
from autograder.judge.question import Check, Exchange, Probe, Question
from autograder.judge.verdict import CheckResult, Verdict, refused

FOUND_AT_END = (
    "When the test cell ran there was no answer yet; what stood at the end of the notebook was judged. Write it in the "
    "answer cell, above the test."
)

NOT_RERUN = (
    "The figures are right, but questions that they build on earned nothing, and your cell could not be run again to "
    "see where they come from."
)


@dataclass(frozen=True)
class Request:
    """The probes of one question, drawn for one run; `nonce` ties the evidence to it.

    probes: by check, for the student's own functions; again: the same with the course's functions in the place of
    those the question builds on, none where it builds on no other; part, checks: the texts of the homework's kernel.py
    and checks.py.
    `simulated` keeps what the misconceptions answer, for the whole class. What is sent is made once, with the request:
    CPython 3.11 cannot parse in two threads at once (github.com/python/cpython/issues/106905).
    """

    question: Question
    nonce: str
    probes: dict[str, list[Probe]]
    again: dict[str, list[Probe]]
    part: str = ""
    checks: str = ""
    simulated: dict[str, Simulated] = field(default_factory=dict, compare=False)
    _common: dict[str, str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        kinds = (OWN, END, AGAIN) if self.again else (OWN, END)
        object.__setattr__(self, "_common", {kind: self._common_json(kind) for kind in kinds})

    def to_wires(self, cells: Sequence[str] = ()) -> dict[str, str]:
        """{kind and question id: what is sent for it}: see `inside.collector` for the kinds."""
        return {kind + self.question.id: self.to_wire(kind, cells) for kind in self._common}

    def to_wire(self, kind: str = OWN, cells: Sequence[str] = ()) -> str:
        """JSON text for the student's kernel: probes without what only the judge knows, and of the course's functions
        those that these probes need.

        cells: the texts of this student's answer, for a question that runs it again.
        """
        rerun = any(probe.only for probe in self.asked(kind))
        return f'{{"answer_cells": {json.dumps(list(cells) if rerun else [])}, {self._common[kind]}'

    def _common_json(self, kind: str) -> str:
        """What is the same for the whole class, as JSON without its opening brace."""
        stand_ins = frozenset(name for probe in self.asked(kind) for name in probe.stand_ins)
        common = {
            "nonce": self.nonce_of(kind),
            "question": self.question.id,
            "kind": kind,
            "part": part_for(self.part, stand_ins),
            "probes": [probe.to_wire() for probe in self.asked(kind)],
        }
        return json.dumps(common).removeprefix("{")

    @property
    def is_rerun(self) -> bool:
        """Whether the answer's cells are run again before it is asked with the course's functions."""
        return any(probe.only for probe in self.asked(AGAIN))

    def nonce_of(self, kind: str) -> str:
        return kind + self.nonce

    def groups(self, kind: str = OWN) -> dict[str, list[Probe]]:
        """The probes of one kind, by check."""
        return self.again if kind == AGAIN else self.probes

    def asked(self, kind: str = OWN) -> list[Probe]:
        return [probe for probes in self.groups(kind).values() for probe in probes]


def new_seed() -> int:
    """A fresh seed for a grading run."""
    return secrets.randbits(32)


def draw_request(question: Question, homework: Homework, seed: int) -> Request:
    """The probes of one question for one run. The nonce is fresh even where the seed is repeated."""
    rng = np.random.default_rng([seed, zlib.crc32(question.id.encode())])
    return Request(
        question, secrets.token_hex(8), *question.draw(rng, homework.shop), homework.kernel_part, homework.checks_text
    )


def evidence_of(
    request: Request, namespace: dict, homework: Homework, cells: Sequence[str] = (), kind: str = OWN
) -> str:
    """The evidence that a kernel with this namespace would send, gathered in this process: for trusted code only."""
    wire = json.loads(request.to_wire(kind, cells))
    answers = answer_probes(wire["probes"], namespace, homework, wire["answer_cells"])
    return json.dumps({"nonce": wire["nonce"], "answers": answers})


def judge_here(
    request: Request, namespace: dict, homework: Homework, answer_cell: str | None = None, lost: Collection[str] = ()
) -> Verdict:
    """The verdict on the functions in a namespace, called in this process: for trusted code only."""
    cells = [] if answer_cell is None else [answer_cell]
    own = evidence_of(request, namespace, homework, cells)
    again = [evidence_of(request, namespace, homework, cells, AGAIN)] if request.again else []
    return judge(request, [own], homework, lost, again=again)


def judge(
    request: Request,
    evidence: list[str],
    homework: Homework,
    lost: Collection[str] = (),
    stopped: Failure | None = None,
    end: Sequence[str] = (),
    again: Sequence[str] = (),
    unearned: Collection[str] = (),
) -> Verdict:
    """The verdict on one question.

    evidence: every evidence text that the kernel sent in reply to this request; right is exactly one. end: those from
    the notebook's end, which count where there was no answer before. again: those with the course's functions.
    lost: ids of earlier questions of the same notebook that lost points. Where this question builds on one of
    them, the answers given with the course's functions count if they are no worse.
    unearned: those that earned nothing. What builds on one of them cannot have come out right by itself, so an answer
    whose cells are run again counts as it comes out then.
    stopped: the error that ended the answer cell, which then explains a name that is missing; it changes no points.
    """
    question = request.question
    if not evidence:
        return refused(question, "No answers came back from your code for this question.")
    if len(evidence) > 1:
        return refused(question, "More than one set of answers came back; exactly one is asked for.")
    try:
        exchanges = _exchanges(request, OWN, evidence[0])
    except BadEvidence as problem:
        return refused(question, f"The answers could not be used: {problem}.")
    core, note = question.checks[0].id, ""
    if not_answered(exchanges[core]) and (later := _read_one(request, END, end)) and not not_answered(later[core]):
        exchanges, note = later, f" {FOUND_AT_END}"
    exchanges = {
        check: [(p, replace(a, after=stopped) if isinstance(a, Missing) else a) for p, a in exchange]
        for check, exchange in exchanges.items()
    }
    problems = _problems(question, exchanges, homework)
    verdict = own = _weigh(question, problems)
    doubted = request.is_rerun and any(earlier.id in unearned for earlier in question.builds_on)
    if own.complete and not doubted:
        return replace(own, message=own.message + note)
    broken = [earlier for earlier in question.builds_on if earlier.id in lost]
    kind = OWN
    if request.again:
        if (second := _read_one(request, AGAIN, again)) is None:
            return refused(question, NOT_RERUN) if own.complete else replace(own, message=own.message + note)
        kind, exchanges = AGAIN, second
        problems = _problems(question, exchanges, homework)
    if not_answered(exchanges[core]) and not own.complete:
        return replace(own, message=own.message + note)
    if broken:
        better = _weigh(question, problems)
        if better.complete:
            return replace(better, message=f"All checks passed, {_instead_of(broken)}.{note}")
        if better.score >= own.score or doubted:
            verdict, note = better, f" This was judged {_instead_of(broken)}.{note}"
        else:
            note = f" It builds on {_functions(broken)}, where points were lost too: start there.{note}"
    mistake = _mistake(request, kind, exchanges, problems, homework)
    if mistake:
        return replace(verdict, misconception=mistake.id, message=mistake.feedback + note)
    return replace(verdict, message=verdict.message + note)


def _exchanges(request: Request, kind: str, text: str) -> dict[str, Exchange]:
    """The answers in an evidence text with their probes, by check; BadEvidence where it cannot be used."""
    answers = read_evidence(text, request.nonce_of(kind), [probe.id for probe in request.asked(kind)])
    return {check: [(probe, answers[probe.id]) for probe in group] for check, group in request.groups(kind).items()}


def _read_one(request: Request, kind: str, texts: Sequence[str]) -> dict[str, Exchange] | None:
    """What the one evidence text says, None where there is no such one."""
    try:
        return _exchanges(request, kind, texts[0]) if len(texts) == 1 else None
    except BadEvidence:
        return None


def _problems(question: Question, exchanges: dict[str, Exchange], homework: Homework) -> dict[str, str | None]:
    return {check.id: check.problem(exchanges[check.id], homework.shop) for check in question.checks}


def _functions(questions: list[Question]) -> str:
    *others, last = [question.writes for question in questions if question.writes]
    return f"{', '.join(others)} and {last}" if others else last


def _instead_of(questions: list[Question]) -> str:
    return f"with the course's own {_functions(questions)}, so that an earlier mistake does not count twice"


def _mistake(
    request: Request, kind: str, exchanges: dict[str, Exchange], problems: dict[str, str | None], homework: Homework
) -> Misconception | None:
    """The misconception that explains the answers, where one does."""
    return diagnose(request.question, exchanges, problems, simulated(request, kind, homework), homework)


def simulated(request: Request, kind: str, homework: Homework) -> Simulated:
    """What each misconception and the right answer give to a request's probes of one kind."""
    if kind not in request.simulated:
        request.simulated[kind] = Simulated(request.question, request.groups(kind), homework)
    return request.simulated[kind]


def _weigh(question: Question, problems: dict[str, str | None]) -> Verdict:
    """Points by check; without the first, core check the others earn nothing."""
    core_holds = problems[question.checks[0].id] is None
    results = tuple(_result(check, problems[check.id], core_holds) for check in question.checks)
    failed = [(r.title, r.problem) for r in results if r.problem]
    score = float(sum(r.earned for r in results))
    if not failed:
        return Verdict(
            question.id, score, float(question.points), "All checks passed.", checks=results, title=question.title
        )
    message = failed[0][1]
    if core_holds and len(failed) > 1:
        message += f" Also lost: {'; '.join(title for title, _ in failed[1:])}."
    return Verdict(question.id, score, float(question.points), message, checks=results, title=question.title)


def _result(check: Check, problem: str | None, core_holds: bool) -> CheckResult:
    earned = float(check.points) if problem is None and core_holds else 0.0
    return CheckResult(check.id, check.title, float(check.points), earned, problem)
