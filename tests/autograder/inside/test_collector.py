"""An answer cell that is run again: what it sets counts, however it sets it."""

import os
import subprocess
import sys

import pytest

from autograder.inside.collector import KernelPart, answer_probes
from autograder.tryout import judge_namespace
from tests.conftest import REPOSITORY
from tests.support.hw4 import POINTS

PROBES = [{"id": name, "read": name, "only": [7]} for name in ("table", "best")]
PART = KernelPart("def set_up(only=()):\n    return {'queries': [q for q in (5, 7) if not only or q in only]}")
ONE_OF_THESE = [0.25, 0.5]


def again(cell, **namespace):
    """What the probes read after `cell` was run again with one of the queries."""
    answers = answer_probes(PROBES, namespace, PART, [cell])
    return [answer["answer"] for answer in answers]


@pytest.mark.parametrize(
    "cell",
    [
        "table = len(queries); best = ONE_OF_THESE[1]",
        "def work():\n    global table, best\n    table, best = len(queries), 0.5\nwork()",
        "globals().update(table=len(queries), best=0.5)",
        "for table in [len(queries)]:\n    best = 0.5",
    ],
)
def test_what_the_cell_sets_is_read(cell):
    before = {"ONE_OF_THESE": ONE_OF_THESE, "best": ONE_OF_THESE[1], "table": 1}
    assert again(cell, **before) == [1, 0.5]


def test_what_the_cell_does_not_set_is_missing():
    space = {"table": 2, "best": 0.5}
    assert again("best = 0.25", **space) == [{"$": "missing", "name": "table"}, 0.25]


BOTH = [
    {"id": "find", "call": "find", "args": [10], "only": [7]},
    {"id": "table", "read": "table", "only": [7]},
    {"id": "best", "read": "best", "only": [7]},
]


@pytest.mark.parametrize(
    "cell, left",
    [
        (
            "def find(x): return x * best + helping()\ndef helping(): return len(queries)\ntable, best = 3, 2",
            [21, 3, 2],
        ),
        ("table = 3\ndef find(x): return x\n1 / 0\nbest = 2", [10, 3, "ZeroDivisionError"]),
        ("table = 3\nbest = 1 / 0\ndef find(x): return x", ["ZeroDivisionError", 3, "ZeroDivisionError"]),
    ],
)
def test_a_function_beside_variables_is_called_as_the_cell_left_it(cell, left):
    """The answer had stopped beside its test cell, so that there is nothing of it in the notebook."""
    space = {"find": None, "untouched": 5}
    answers = [answer["answer"] for answer in answer_probes(BOTH, space, PART, [cell])]
    assert [a["type"] if isinstance(a, dict) else a for a in answers] == left
    assert space == {"find": None, "untouched": 5}


def test_a_cell_below_a_magic(tmp_path):
    cell = "%%time\ntable = len(queries)\nbest = 0.25"
    program = f"""
from tests.autograder.inside.test_collector import PART, PROBES, answer_probes
table, best = 2, 0.5
answers = answer_probes(PROBES, globals(), PART, [{cell!r}])
print([answer["answer"] for answer in answers], table, best)
"""
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--HistoryManager.enabled=False", "-c", program],
        env=os.environ | {"IPYTHONDIR": str(tmp_path), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[1, 0.25] 2 0.5\n", done.stderr


def test_a_global_table_counts_where_an_earlier_question_is_wrong(answered, solutions, small_homework):
    body = "".join(f"    {line}\n" for line in solutions["best_alpha"].splitlines())
    cell = f"def work():\n    global alpha_table, best_alpha, held_out\n{body}work()"
    space = answered(recall="def recall_at_k(retrieved_ids, relevant_ids, k=10):\n    return 0.5", best_alpha=cell)
    assert judge_namespace("best_alpha", space, small_homework, answer_cell=cell).score < POINTS["best_alpha"]
    assert judge_namespace("best_alpha", space, small_homework, answer_cell=cell, lost=["recall"]).complete
