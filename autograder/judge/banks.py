"""Answers as students write them, kept as text, and the notebook in which the trusted process runs them.

Only answers from this package's own banks run here; a submission never does.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RightAnswer:
    """A correct answer to one question, in clothes of its own."""

    title: str
    source: str


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that students really write.

    id: stable, unique within its question; title: what the student did, as a sentence of feedback without its
    full stop; hint: a question or nudge that leaves the solution to the student; source: the answer; also: the
    same mistake in other words, which must be recognised too; loses: the questions that lose points.
    """

    id: str
    title: str
    hint: str
    source: str
    loses: tuple[str, ...]
    also: tuple[str, ...] = ()

    @property
    def feedback(self) -> str:
        return f"{self.title}. {self.hint}"


def run_answers(space: dict, answers: Mapping[str, str]) -> dict:
    """The names of a notebook after its set-up, with the answers run in it in their order; `space` itself."""
    for source in answers.values():
        run_answer(source, space)
    return space


def run_answer(source: str, space: dict) -> None:
    """Run one answer cell; where it raises, the notebook goes on, as it does when submissions are run."""
    try:
        exec(source, space)
    except Exception:
        pass


@contextmanager
def unwarned() -> Iterator[None]:
    """Wrong answers divide by zero on purpose; that is no news."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
