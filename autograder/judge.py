"""Turns evidence into verdicts. Runs only in the grader's own process.

A question's request is drawn from (seed, question id): the same seed gives the same probes, and a run without
a stated seed gets a fresh one.
"""

import json
import secrets
import zlib
from dataclasses import asdict, dataclass

import numpy as np

from autograder.homework import Homework
from autograder.questions.base import Check, Probe, Question
from autograder.wire import BadEvidence, read_evidence

BY_HAND = "Waits to be read and marked by hand."


@dataclass(frozen=True)
class Request:
    """The probes of one question, drawn for one run; `nonce` ties the evidence to it."""
    question: Question
    nonce: str
    probes: dict[str, list[Probe]]

    def to_wire(self) -> str:
        """JSON text for the student's kernel: probes without what only the judge knows."""
        return json.dumps({"nonce": self.nonce, "probes": [p.to_wire() for p in self._all()]})

    def _all(self) -> list[Probe]:
        return [probe for probes in self.probes.values() for probe in probes]

    @property
    def probe_ids(self) -> list[str]:
        return [probe.id for probe in self._all()]


@dataclass(frozen=True)
class CheckResult:
    """What became of one check: points earned, and the sentence where it failed."""
    id: str
    title: str
    points: float
    earned: float
    problem: str | None


@dataclass(frozen=True)
class Verdict:
    """Points and a sentence for one question; `waiting` where a reader still has to mark it."""
    id: str
    score: float
    max_score: float
    message: str
    misconception: str | None = None
    checks: tuple[CheckResult, ...] = ()
    waiting: bool = False

    @property
    def complete(self) -> bool:
        return self.score == self.max_score

    def to_json(self) -> dict:
        """The form of DESIGN §7, with the checks for the report."""
        return {"id": self.id, "score": self.score, "max_score": self.max_score, "message": self.message,
                "misconception": self.misconception, "waiting": self.waiting, "checks": [asdict(c) for c in self.checks]}


def new_seed() -> int:
    """A fresh seed for a grading run."""
    return secrets.randbits(32)


def draw_request(question: Question, homework: Homework, seed: int) -> Request:
    """The probes of one question for one run. The nonce is fresh even where the seed is repeated."""
    rng = np.random.default_rng([seed, zlib.crc32(question.id.encode())])
    probes = {check.id: check.probes(rng, homework) for check in question.checks}
    return Request(question, secrets.token_hex(8), probes)


def judge(request: Request, evidence: list[str], homework: Homework) -> Verdict:
    """The verdict on one question.

    evidence: every evidence text that the kernel sent in reply to this request; right is exactly one.
    """
    question = request.question
    if not evidence:
        return refused(question, "No answers came back from your code for this question.")
    if len(evidence) > 1:
        return refused(question, "More than one set of answers came back; exactly one is asked for.")
    try:
        answers = read_evidence(evidence[0], request.nonce, request.probe_ids)
    except BadEvidence as problem:
        return refused(question, f"The answers could not be used: {problem}.")
    problems = {}
    for check in question.checks:
        exchange = [(probe, answers[probe.id]) for probe in request.probes[check.id]]
        problems[check.id] = check.problem(exchange, homework)
    return _weigh(question, problems)


def refused(question: Question, sentence: str) -> Verdict:
    """No points, with the reason."""
    return Verdict(question.id, 0.0, float(question.points), sentence)


def by_hand(question: Question) -> Verdict:
    """A question that waits for a reader."""
    return Verdict(question.id, 0.0, float(question.points), BY_HAND, waiting=True)


def _weigh(question: Question, problems: dict[str, str | None]) -> Verdict:
    """Points by check; without the first, core check the others earn nothing."""
    core_holds = problems[question.checks[0].id] is None
    results = tuple(_result(check, problems[check.id], core_holds) for check in question.checks)
    failed = [r for r in results if r.problem]
    score = float(sum(r.earned for r in results))
    if not failed:
        return Verdict(question.id, score, float(question.points), "All checks passed.", checks=results)
    message = failed[0].problem
    if core_holds and len(failed) > 1:
        message += f" Also lost: {'; '.join(r.title for r in failed[1:])}."
    return Verdict(question.id, score, float(question.points), message, checks=results)


def _result(check: Check, problem: str | None, core_holds: bool) -> CheckResult:
    earned = float(check.points) if problem is None and core_holds else 0.0
    return CheckResult(check.id, check.title, float(check.points), earned, problem)
