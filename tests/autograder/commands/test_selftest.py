"""The self-test's table, its figures and its exit status."""

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands import selftest
from autograder.commands.selftest import MISTAKE, RIGHT, Row, as_markdown, small_homework, summarise
from autograder.judge.banks import Misconception, RightAnswer
from autograder.right_answers import plain_answers
from helpers import load_wands_labels

ROWS = [
    Row(RIGHT, "cosine", "loops", "accepted", True),
    Row(MISTAKE, "cosine", "dot-product", "caught", True, True),
    Row(MISTAKE, "cosine", "angle", "missed", False, False),
]


def test_the_figures_count_what_holds():
    assert [(figure.good, figure.of) for figure in summarise(ROWS)] == [(1, 1), (1, 2), (1, 2)]
    page = as_markdown("hw4", ROWS)
    assert "| 1 of 2 |" in page and page.count("| NO |") == 1 and page.count("| yes |") == 2


@pytest.mark.filterwarnings("ignore")
def test_rows_tell_a_sound_bank_from_an_unsound_one(small_homework, monkeypatch):
    right = plain_answers()["cosine"]
    monkeypatch.setattr(
        selftest,
        "RIGHT_ANSWERS",
        dict.fromkeys(selftest.RIGHT_ANSWERS, ())
        | {
            "cosine": (
                RightAnswer("plain", right),
                RightAnswer("not right at all", "def cosine_similarity(a, b): return 1.0"),
            )
        },
    )
    monkeypatch.setattr(
        selftest,
        "MISCONCEPTIONS",
        dict.fromkeys(selftest.MISCONCEPTIONS, ())
        | {
            "cosine": (
                Misconception(
                    "dot-product", "T", "H.", "def cosine_similarity(a, b): return float(a @ b)", ("cosine",)
                ),
                Misconception(
                    "dot-product", "T", "H.", "def cosine_similarity(a, b): return float(a @ b)", ("cosine", "recall")
                ),
                Misconception(
                    "unknown", "T", "H.", "def cosine_similarity(a, b): return float((a @ b) ** 3)", ("cosine",)
                ),
                Misconception("none", "T", "H.", right, ("cosine",)),
            )
        },
    )
    rows = list(selftest.banks("hw4", small_homework, seed=5))
    assert [(row.right, row.named) for row in rows] == [
        (True, None),
        (False, None),
        (True, True),
        (False, True),
        (True, False),
        (False, False),
    ]
    assert [row.holds for row in rows] == [True, False, True, False, False, False]


def test_the_cut_keeps_what_answers_get_wrong():
    with small_homework(products=300, queries=12) as cut:
        assert len(cut.query_texts) == 12 and len(cut.data.products) <= 300
        assert (~cut.relevant.any(axis=1)).sum() >= 1
        assert len(load_wands_labels()) > len(cut.data.labels)


@pytest.mark.parametrize("rows, status", [(ROWS[:2], 0), (ROWS, 1)])
def test_the_command_fails_if_any_row_is_wrong(rows, status, monkeypatch, tmp_path):
    monkeypatch.setattr(selftest, "selftest", lambda *_: iter(rows))
    run = CliRunner().invoke(app, ["selftest", "hw4", "--out", str(tmp_path / "table.md")])
    assert run.exit_code == status, run.output
    assert "dot-product" in run.output and "dot-product" in (tmp_path / "table.md").read_text()
