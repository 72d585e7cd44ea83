"""Answers as students write them, kept as text, and the notebook in which the trusted process runs them.

Only answers from this package's own banks run here; a submission never does.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from autograder.judge.homework import ALPHAS
from helpers import evaluate_search, get_embedding_local, score_bm25
from helpers.homework_data import HomeworkData


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


def copy_of(data: HomeworkData) -> HomeworkData:
    """The same data, for answers that change what they are given."""
    return replace(
        data,
        products=data.products.copy(),
        queries=data.queries.copy(),
        labels=data.labels.copy(),
        doc_lengths=data.doc_lengths.copy(),
        product_embeddings=data.product_embeddings.copy(),
    )


def notebook(data: HomeworkData) -> dict:
    """The names that the notebook's set-up cell leaves, for answers to run with."""
    return {
        "__name__": "notebook",
        "np": np,
        "pd": pd,
        "ALPHAS": list(ALPHAS),
        "evaluate_search": evaluate_search,
        "get_embedding_local": get_embedding_local,
        "score_bm25": score_bm25,
        **vars(data),
    }


def run_answers(data: HomeworkData, answers: Mapping[str, str]) -> dict:
    """A notebook with the answers run in it, in their order."""
    space = notebook(data)
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
