"""The banks: what each answer is worth. `autograder selftest` runs all of them; here all cheap ones and some others."""

import pytest

from autograder.commands.selftest import judge_answers
from autograder.judge.submission import draw_requests
from tests.support.hw4 import MISCONCEPTIONS, QUESTIONS, RIGHT_ANSWERS

JUDGED = {q.id: q for q in QUESTIONS if q.checks}
CHEAP = ("cosine", "batch_cosine", "recall", "normalize")
SOME = {
    "semantic": ("best-last", "labels-for-positions", "first-similarities", "remembers", "sorts-what-it-is-given"),
    "hybrid": ("alpha-on-the-wrong-side", "top-lists", "bm25-not-normalised", "hybrid-stretched"),
    "best_alpha": ("exact-only", "best-query", "recall-for-alpha"),
}
ALL = [(question, m) for question, bank in MISCONCEPTIONS.items() for m in bank]
TRIED = [(q, m) for q, m in ALL if q in CHEAP or m.id in SOME[q]]


@pytest.fixture(scope="module")
def verdict_on(small_homework):
    requests = draw_requests(tuple(JUDGED.values()), small_homework, seed=21)

    def judged(question: str, source: str):
        return judge_answers({question: source}, [JUDGED[question]], requests, small_homework)[question]

    return judged


def test_the_bank_is_large_and_tells_its_entries_apart():
    assert set(MISCONCEPTIONS) == set(RIGHT_ANSWERS) == set(JUDGED)
    assert len(ALL) >= 40 and sum(map(len, RIGHT_ANSWERS.values())) >= 30
    assert len({(q, m.id) for q, m in ALL}) == len({(q, m.source) for q, m in ALL}) == len(ALL)


def test_feedback_is_two_short_sentences_and_no_solution():
    giveaways = (
        "np.linalg.norm(a) * np.linalg.norm(b)",
        "-similarities",
        ".iloc[",
        "/ len(relevant",
        "[::-1]",
        "scores.min())",
        "alpha * semantic",
        "idxmax",
        "[:k]",
        "def ",
    )
    for question, m in ALL:
        assert not m.title.endswith((".", "?", "!")) and m.hint.endswith((".", "?")), m.id
        assert len(m.feedback) <= 220 and question in m.loses, m.id
        assert not [text for text in giveaways if text in m.feedback], m.id


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("question, misconception", TRIED, ids=lambda x: getattr(x, "id", x))
def test_a_misconception_loses_points_and_is_named(question, misconception, verdict_on):
    for source in (misconception.source, *misconception.also):
        verdict = verdict_on(question, source)
        assert not verdict.complete
        assert verdict.misconception == misconception.id and verdict.message == misconception.feedback


@pytest.mark.parametrize(
    "question, answer",
    [(q, a) for q, bank in RIGHT_ANSWERS.items() for a in bank],
    ids=lambda x: getattr(x, "title", x),
)
def test_a_right_answer_in_other_clothes_earns_full_marks(question, answer, verdict_on):
    verdict = verdict_on(question, answer.source)
    assert verdict.complete, verdict.message
