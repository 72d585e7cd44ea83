"""Turns evidence into verdicts. Runs only in the grader's own process.

A question's request is drawn from (seed, question id): the same seed gives the same probes, and a run without
a stated seed gets a fresh one. The mark is the plain sum of the points of the checks that hold: nothing is rounded.

A mistake is paid for once: see `autograder.judge.question` for the rule, `judge` for its place.
"""

import json
import secrets
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from autograder.inside.collector import answer_probes
from autograder.judge.banks import Misconception
from autograder.judge.diagnosis import diagnose, not_answered, simulate
from autograder.judge.evidence import BadEvidence, Failure, Missing, read_evidence
from autograder.judge.homework import Homework
from autograder.judge.question import AGAIN, Check, Exchange, Probe, Question
from autograder.judge.verdict import CheckResult, Verdict, refused


@dataclass(frozen=True)
class Request:
    """The probes of one question, drawn for one run; `nonce` ties the evidence to it.

    probes: by check, for the student's own functions; again: the same with the course's functions in the place of
    those the question builds on; part: the text of the homework's kernel.py. `simulated` keeps what the misconceptions
    answer, for the whole class.
    """

    question: Question
    nonce: str
    probes: dict[str, list[Probe]]
    again: dict[str, list[Probe]]
    part: str = ""
    simulated: dict = field(default_factory=dict, compare=False)

    def to_wire(self, answer_cell: str | None = None) -> str:
        """JSON text for the student's kernel: probes without what only the judge knows.

        answer_cell: the text of this student's answer cell, for a question that runs it again.
        """
        cell = json.dumps(answer_cell) if any(probe.only for probe in self._all()) else "null"
        part = json.dumps(self.part)
        return f'{{"nonce": "{self.nonce}", "part": {part}, "answer_cell": {cell}, "probes": {self._probes_json}}}'

    @cached_property
    def _probes_json(self) -> str:
        """The probes as JSON text, made once for the whole class.

        What is asked again names the probe it repeats instead of its arguments: a kernel reads short requests much
        faster.
        """
        wires = {probe.id: probe.to_wire() for probe in self._all()}
        for id, wire in wires.items():
            like = wires.get(id.removeprefix(AGAIN))
            if not (like and id.startswith(AGAIN) and "args" in wire):
                continue
            if all(wire[part] == like[part] for part in ("args", "kwargs")):
                wires[id] = {part: value for part, value in wire.items() if part not in ("args", "kwargs")} | {
                    "like": like["id"]
                }
        return json.dumps(list(wires.values()))

    def _all(self) -> list[Probe]:
        return [probe for group in (self.probes, self.again) for probes in group.values() for probe in probes]

    @property
    def probe_ids(self) -> list[str]:
        return [probe.id for probe in self._all()]


def new_seed() -> int:
    """A fresh seed for a grading run."""
    return secrets.randbits(32)


def draw_request(question: Question, homework: Homework, seed: int) -> Request:
    """The probes of one question for one run. The nonce is fresh even where the seed is repeated."""
    rng = np.random.default_rng([seed, zlib.crc32(question.id.encode())])
    return Request(question, secrets.token_hex(8), *question.draw(rng, homework.shop), homework.kernel_part)


def evidence_of(request: Request, namespace: dict, homework: Homework, answer_cell: str | None = None) -> str:
    """The evidence that a kernel with this namespace would send, gathered in this process: for trusted code only."""
    wire = json.loads(request.to_wire(answer_cell))
    answers = answer_probes(wire["probes"], namespace, homework, wire.get("answer_cell"))
    return json.dumps({"nonce": wire["nonce"], "answers": answers})


def judge(
    request: Request,
    evidence: list[str],
    homework: Homework,
    lost: Collection[str] = (),
    stopped: Failure | None = None,
) -> Verdict:
    """The verdict on one question.

    evidence: every evidence text that the kernel sent in reply to this request; right is exactly one.
    lost: ids of earlier questions of the same notebook that lost points. Where this question builds on one of
    them, the answers given with the course's functions count if they are no worse.
    stopped: the error that ended the answer cell, which then explains a name that is missing; it changes no points.
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
    answers = {
        probe: replace(answer, after=stopped) if isinstance(answer, Missing) else answer
        for probe, answer in answers.items()
    }
    verdict = own = _weigh(question, _problems(question, _exchanges(request.probes, answers), homework))
    if own.complete:
        return own
    broken = [earlier for earlier in question.builds_on if earlier.id in lost]
    exchanges = _exchanges(request.again or request.probes, answers)
    if not_answered(exchanges[question.checks[0].id]):
        return own
    problems = _problems(question, exchanges, homework)
    note = ""
    if broken:
        again = _weigh(question, problems)
        if again.complete:
            return replace(again, message=f"All checks passed, {_instead_of(broken)}.")
        if again.score >= own.score:
            verdict, note = again, f" This was judged {_instead_of(broken)}."
        else:
            note = f" It builds on {_functions(broken)}, where points were lost too: start there."
    mistake = _mistake(request, exchanges, problems, homework)
    if mistake:
        return replace(verdict, misconception=mistake.id, message=mistake.feedback + note)
    return replace(verdict, message=verdict.message + note)


def _exchanges(probes: dict[str, list[Probe]], answers: dict) -> dict[str, Exchange]:
    return {check: [(probe, answers[probe.id]) for probe in group] for check, group in probes.items()}


def _problems(question: Question, exchanges: dict[str, Exchange], homework: Homework) -> dict[str, str | None]:
    return {check.id: check.problem(exchanges[check.id], homework.shop) for check in question.checks}


def _functions(questions: list[Question]) -> str:
    *others, last = [question.writes for question in questions if question.writes]
    return f"{', '.join(others)} and {last}" if others else last


def _instead_of(questions: list[Question]) -> str:
    return f"with the course's own {_functions(questions)}, so that an earlier mistake does not count twice"


def _mistake(
    request: Request, exchanges: dict[str, Exchange], problems: dict[str, str | None], homework: Homework
) -> Misconception | None:
    """The misconception that explains the answers, where one does."""

    def simulated() -> dict:
        if not request.simulated:
            probes = [probe for exchange in exchanges.values() for probe, _ in exchange]
            request.simulated.update(simulate(request.question, probes, homework))
        return request.simulated

    return diagnose(request.question, exchanges, problems, simulated, homework)


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
