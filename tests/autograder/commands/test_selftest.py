"""The self-test's table, its figures and its exit status."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands import selftest
from autograder.commands.selftest import MISTAKE, RIGHT, Row, as_markdown, summarise
from autograder.judge.banks import Misconception, RightAnswer
from autograder.judge.homework import small_homework
from helpers import load_wands_labels
from tests.support.hw4 import HW4

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
    cosine = small_homework.questions[0]
    right = cosine.right_answers[0].source
    answers = (
        RightAnswer("plain", right),
        RightAnswer("not right at all", "def cosine_similarity(a, b): return 1.0"),
    )
    mistakes = (
        Misconception("dot-product", "T", "H.", "def cosine_similarity(a, b): return float(a @ b)", ("cosine",)),
        Misconception(
            "dot-product", "T", "H.", "def cosine_similarity(a, b): return float(a @ b)", ("cosine", "recall")
        ),
        Misconception("twin", "T", "H.", "def cosine_similarity(a, b): return float(a @ b)", ("cosine",)),
        Misconception("none", "T", "H.", right, ("cosine",)),
    )
    bank = replace(cosine, right_answers=answers, misconceptions=mistakes)
    monkeypatch.setattr(small_homework.key, "QUESTIONS", (bank,))
    rows = list(selftest.banks(small_homework, seed=5))
    assert [(row.right, row.named) for row in rows] == [
        (True, None),
        (False, None),
        (True, True),
        (False, True),
        (True, False),
        (False, False),
    ]
    assert [row.holds for row in rows] == [True, False, True, False, False, False]


def test_what_nothing_could_tell_apart_is_no_failure_of_a_cell_that_is_run_again():
    """Two names for the same figures, or a slip without effect on these data; a function would lack a probe."""
    assert Row(MISTAKE, "best_alpha", "lucky-queries", "missed", False, False, alike=True).holds
    page = as_markdown("hw4", [Row(MISTAKE, "best_alpha", "rounded", "caught", True, False, alike=True)])
    assert "| the same on these data | yes |" in page and "| 0 of 1 |" in page


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("question, alike", [("best_alpha", True), ("recall", False)])
def test_an_entry_that_is_another_once_more_is_excused_only_where_data_decide(
    question, alike, small_homework, monkeypatch
):
    asked = next(q for q in small_homework.judged if q.id == question)
    mistake = asked.misconceptions[0]
    twin = replace(mistake, id="twin", also=())
    small = replace(asked, right_answers=asked.right_answers[:1], misconceptions=(replace(mistake, also=()), twin))
    others = tuple(small if q is asked else q for q in small_homework.questions)
    monkeypatch.setattr(small_homework.key, "QUESTIONS", others)
    rows = list(selftest.banks(small_homework, seed=5, only=[question], alone=True))
    assert [(row.named, row.alike) for row in rows[1:]] == [(True, False), (False, alike)]


def test_the_cut_keeps_what_answers_get_wrong():
    with small_homework(HW4.folder) as cut:
        shop = cut.shop
        assert len(shop.query_texts) == 22 and len(shop.data.products) <= 500
        assert (~shop.relevant.any(axis=1)).sum() >= 1
        assert len(load_wands_labels()) > len(shop.data.labels)


@pytest.mark.parametrize("rows, status", [(ROWS[:2], 0), (ROWS, 1)])
def test_the_command_fails_if_any_row_is_wrong(rows, status, monkeypatch, tmp_path):
    monkeypatch.setattr(selftest, "selftest", lambda *_: iter(rows))
    run = CliRunner().invoke(app, ["selftest", "hw4", "--out", str(tmp_path / "table.md")])
    assert run.exit_code == status, run.output
    assert "dot-product" in run.output and "dot-product" in (tmp_path / "table.md").read_text()
