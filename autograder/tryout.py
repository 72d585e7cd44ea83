"""Lets an instructor try a homework in Jupyter: the hidden part of a test cell calls the judge directly."""

import json
from collections.abc import Collection
from functools import lru_cache

from autograder.inside.collector import answer_probes
from autograder.judge.homework import Homework, load_homework
from autograder.judge.judge import Request, Verdict, draw_request, judge, new_seed
from autograder.questions import QUESTIONS
from helpers.checks import CheckFailed


@lru_cache(maxsize=1)
def _homework(assignment: str) -> Homework:
    return load_homework(assignment)


def judge_namespace(
    question_id: str,
    namespace: dict,
    homework: Homework,
    assignment: str = "hw4",
    seed: int | None = None,
    answer_cell: str | None = None,
    lost: Collection[str] = (),
) -> Verdict:
    """The verdict on the functions in `namespace`, called in this very process: for trusted code only."""
    question = next(q for q in QUESTIONS[assignment] if q.id == question_id)
    request = draw_request(question, homework, new_seed() if seed is None else seed)
    return judge(request, [evidence_of(request, namespace, homework, answer_cell)], homework, lost)


def evidence_of(request: Request, namespace: dict, homework: Homework, answer_cell: str | None = None) -> str:
    """The evidence that a kernel with this namespace would send, gathered in this very process."""
    wire = json.loads(request.to_wire(answer_cell))
    answers = answer_probes(wire["probes"], namespace, vars(homework.data).__getitem__, wire.get("answer_cell"))
    return json.dumps({"nonce": wire["nonce"], "answers": answers})


def try_question(question_id: str, namespace: dict, assignment: str = "hw4") -> None:
    """Judge one question in the instructor's own kernel; raises CheckFailed with the verdict's sentence."""
    verdict = judge_namespace(question_id, namespace, _homework(assignment), assignment)
    if not verdict.complete:
        raise CheckFailed(f"{verdict.score:g} of {verdict.max_score:g} points. {verdict.message}")
    print(f"Hidden checks passed: {verdict.score:g} of {verdict.max_score:g} points.")
