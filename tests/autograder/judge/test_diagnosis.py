"""Naming a mistake: the right name for what is known, and no name for what is not."""

import ast
from pathlib import Path

import numpy as np
import pytest

from autograder.commands.selftest import judge_answers
from autograder.judge import diagnosis
from autograder.judge.banks import run_answers
from autograder.judge.diagnosis import likeness_of
from autograder.judge.evidence import Array, Failure, Frame, Nothing, Number, Plain
from autograder.judge.homework import Homework
from autograder.judge.judge import draw_request
from tests.conftest import SEED
from tests.homework.hw4.held_back import HELD_BACK

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
NAN = float("nan")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def written(small_homework, solutions):
    """A function: the namespace of a notebook with the solutions, some of them replaced; cells may fail."""
    return lambda **answers: run_answers(small_homework.shop.notebook(), solutions | answers)


@pytest.mark.parametrize(
    "question, answer",
    [
        ("cosine", "def cosine_similarity(a, b): return 0.5"),
        ("cosine", "def cosine_similarity(a, b): return np.dot(a, b) ** 3"),
        ("cosine", "def cosine_similarity(a, b): return None"),
        ("cosine", "def cosine_similarity(a, b): raise NotImplementedError()"),
        ("batch_cosine", "def batch_cosine_similarity(q, d): raise ValueError('shapes')"),
        ("batch_cosine", "def batch_cosine_similarity(q, d): return np.linalg.norm(d - q, axis=1)"),
        ("recall", "def recall_at_k(r, rel, k=10): return 0.25"),
        ("recall", "def recall_at_k(r, rel, k=10): raise ZeroDivisionError()"),
        ("normalize", "def normalize_scores(s): return np.sqrt(np.abs(s))"),
        ("semantic", "def semantic_search(query, e, df, k=10): raise RuntimeError('x')"),
        ("semantic", "def semantic_search(query, e, df, k=10): return df.head(k)"),
        ("hybrid", "def hybrid_search(*args, **kwargs): raise ValueError('x')"),
    ],
)
def test_an_unknown_mistake_gets_no_name_and_a_plain_sentence(question, answer, written, judged):
    verdict = judged(question, written(**{question: answer}))
    assert not verdict.complete and verdict.misconception is None
    assert verdict.message.endswith((".", "?")) and len(verdict.message) < 400


@pytest.mark.parametrize("seed", [SEED, 8])
@pytest.mark.parametrize("question", HELD_BACK)
def test_a_held_back_set_of_wrong_answers_gets_no_name(question, seed, small_homework):
    """`autograder selftest` and test_misconceptions.py hold down that every entry of the bank keeps its own."""
    asked = next(q for q in small_homework.questions if q.id == question)
    request = {question: draw_request(asked, small_homework, seed)}
    verdicts = [judge_answers({question: source}, [asked], request, small_homework) for source in HELD_BACK[question]]
    assert not any(verdict[question].complete for verdict in verdicts)
    assert [verdict[question].misconception for verdict in verdicts] == [None] * len(verdicts)


def test_the_held_back_set_is_large():
    assert sum(map(len, HELD_BACK.values())) >= 20


def test_few_misconceptions_are_asked_more_than_what_tells_them_from_the_answer(
    written, solutions, judged, small_homework, monkeypatch
):
    asked, answers = [], diagnosis._answers

    def counted(question, source, wire, homework):
        asked.append(len(wire))
        return answers(question, source, wire, homework)

    monkeypatch.setattr(diagnosis, "_answers", counted)
    upside_down = solutions["semantic"].replace("np.argsort(-similarities", "np.argsort(similarities")
    assert upside_down != solutions["semantic"]
    verdict = judged("semantic", written(semantic=upside_down))
    [question] = [q for q in small_homework.questions if q.id == "semantic"]
    assert verdict.misconception == "worst-first" and len(asked) >= len(question.misconceptions)
    # Two are asked everything: the one that is named, and the right answer at most.
    assert asked.count(max(asked)) <= 2 and sum(asked) < len(asked) * max(asked) / 2


@pytest.mark.parametrize("homework", ["hw3", "hw4"])
def test_what_simulates_a_misconception_imports_nothing_large(homework):
    """It runs in the grader itself; the same mistake made with a large library stands beside it, in `also`."""
    for question in Homework(ROOT / "homework" / homework).questions:
        for misconception in question.misconceptions:
            tree = ast.parse(misconception.source)
            imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
            imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            assert {name.split(".")[0] for name in imported} <= {"collections", "helpers", "math", "re"}


def test_two_slips_at_once_are_named_by_the_first(written, judged):
    both = "def recall_at_k(r, rel, k=10): return sum(x in rel for x in r[:k]) / len(rel)"
    verdict = judged("recall", written(recall=both))
    assert (
        verdict.score == verdict.max_score - sum(c.points for c in verdict.checks if c.problem) > 0
        and verdict.misconception == "none-relevant"
    )


def test_a_mistake_is_named_behind_a_wrong_helper(written, solutions, judged):
    swapped = solutions["hybrid"].replace(
        "alpha * semantic + (1 - alpha) * bm25", "alpha * bm25 + (1 - alpha) * semantic"
    )
    assert swapped != solutions["hybrid"]
    space = written(hybrid=swapped, normalize="def normalize_scores(s): return s * 0")
    verdict = judged("hybrid", space, lost=["normalize"])
    assert verdict.misconception == "alpha-on-the-wrong-side"


@pytest.mark.parametrize(
    "one, other, alike",
    [
        (Number(1.0), Number(1.0 + 1e-7), 1),
        (Number(NAN), Number(NAN), 1),
        (Number(1.0), Number(1.1), 0),
        (Number(1.0), Nothing(), 0),
        (Nothing(), Nothing(), 1),
        (Failure("ValueError", "a"), Failure("ValueError", "b"), 1),
        (Failure("ValueError", "a"), Failure("KeyError", "a"), 0),
        (Array(np.array([1.0, NAN]), "float64"), Array(np.array([1.0, NAN]), "float32"), 1),
        (Array(np.array([1.0, 2]), "float64"), Array(np.array([1.0, 3]), "float64"), 0.5),
        (Array(np.ones((3, 1)), "float64"), Array(np.ones((1, 3)), "float64"), 0),
        (Array(np.ones((1, 1)), "float64"), Array(np.ones(1), "float64"), 1),
        (Array(np.ones(1), "list"), Number(1.0), 0),
        (
            Frame({"a": [1, 2], "b": [0.5, None]}, 2, ("a", "b")),
            Frame({"a": [1.0, 3], "b": [0.5, None]}, 2, ("b", "a")),
            0.5,  # each column for itself: what all searches have in common names no mistake
        ),
        (Frame({"a": [1]}, 1, ("a",)), Frame({"a": [1, 2]}, 2, ("a",)), 0),
        (Frame({}, 0, ()), Frame({}, 0, ("x",)), 1),
        (Plain("sofa"), Plain("sofas"), 0),
        (Plain(["red", "sofa"]), Plain(["red", "sofas"]), 0.5),
        (Plain(["red", "sofa"]), Plain(["red"]), 0),
        (Plain([]), Plain([]), 1),
        (Plain([]), Plain({}), 0),
        (Plain({"sofa": {0: 1, 4: 2}}), Plain({"sofa": {4: 2.0, 0: 1.0}}), 1),
        (Plain({"sofa": {0: 1, 4: 2}}), Plain({"sofa": {0: 1, 4: 1}}), 0.5),
        (Plain(frozenset("ab")), Plain(frozenset("ba")), 1),
    ],
)
def test_likeness(one, other, alike):
    assert likeness_of(one, other) == likeness_of(other, one) == alike


@pytest.mark.parametrize(
    "given, alike",
    [
        ([1.0, 5.0, 6.0], 1),  # what the mistake shares with the right answer counts neither for it
        ([9.0, 5.0, 6.0], 1),  # nor against it
        ([1.0, 2.0, 3.0], 0),
        ([1.0, 5.0, 3.0], 0.5),
        ([1.0, 5.0], 0),
    ],
)
def test_likeness_where_a_mistake_departs_from_what_is_right(given, alike):
    mistake, right = Array(np.array([1.0, 5.0, 6.0]), "float64"), Array(np.array([1.0, 2.0, 3.0]), "float64")
    assert likeness_of(Array(np.array(given), "float64"), mistake, right) == alike
    assert likeness_of(mistake, right, right) is None
