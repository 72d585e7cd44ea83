"""The banks: what each answer is worth, and that no wrong one is called by another's name."""

import pytest

from tests.homework.hw3.held_back import HELD_BACK
from tests.support.banks import check_named, name_of
from tests.support.hw3 import BANKS

pytestmark = pytest.mark.filterwarnings("ignore")
SOURCES = {(question, m.id): m.source for question, m in BANKS.mistakes}


@pytest.fixture(scope="module")
def verdict_on(homework):
    return BANKS.judge(homework, seed=21)


def test_the_bank_is_large_and_tells_its_entries_apart():
    BANKS.check_size()


def test_feedback_is_two_short_sentences_and_no_solution():
    giveaways = (
        "str.maketrans",
        ".split()",
        "enumerate",
        "(n - df",
        "np.log(",
        "-scores",
        "[:k]",
        "log2(place",
        "def ",
    )
    BANKS.check_feedback(giveaways)


@pytest.mark.parametrize("question, misconception", BANKS.mistakes, ids=name_of)
def test_a_misconception_loses_points_and_is_named(question, misconception, verdict_on):
    check_named(verdict_on, question, misconception)


@pytest.mark.parametrize("question, answer", BANKS.rights, ids=name_of)
def test_a_right_answer_in_other_clothes_earns_full_marks(question, answer, verdict_on):
    verdict = verdict_on(question, answer.source)
    assert verdict.complete, verdict.message


@pytest.mark.parametrize("seed", [21, 8])
@pytest.mark.parametrize("question", HELD_BACK)
def test_a_held_back_set_of_wrong_answers_gets_no_name(question, seed, homework):
    judged = BANKS.judge(homework, seed)
    for source in HELD_BACK[question]:
        verdict = judged(question, source)
        assert not verdict.complete and verdict.misconception is None, source
        assert verdict.message.endswith((".", "?")) and len(verdict.message) < 600


def test_the_held_back_set_is_large():
    assert sum(map(len, HELD_BACK.values())) >= 20 and set(HELD_BACK) == set(BANKS.judged)


# The same mark with every seed.
MARKS = {
    ("tokenize", "no-lower"): 8,
    ("tokenize", "punctuation-deleted"): 8,
    ("tokenize", "word-characters"): 7,
    ("tokenize", "ascii-letters-only"): 9,
    ("tokenize", "nan-stops"): 9,
    ("tokenize", "no-stem"): 0,
    ("postings", "no-counts"): 9,
    ("postings", "empty-texts-skipped"): 13,
    ("postings", "lengths-in-characters"): 10,
    ("idf", "zero-for-unknown"): 4,
    ("idf", "array-result"): 4,
    ("bm25", "zero-is-default"): 16,
    ("bm25", "tokens-as-a-set"): 18,
    ("bm25", "unknown-ends"): 17,
    ("bm25", "writes-into-postings"): 18,
    ("search", "matching-only"): 8,
    ("search", "ties-by-id"): 9,
    ("search", "ties-by-name"): 9,
    ("ndcg", "ideal-not-cut"): 12,
    ("ndcg", "one-for-nothing"): 13,
    ("ndcg", "unjudged-left-out"): 14,
    ("ndcg", "doubles-gain"): 13,
    ("ndcg", "array-result"): 14,
    ("two_fields", "names-only"): 0,
    ("two_fields", "recall-for-ndcg"): 11,
    ("two_fields", "worst-weight"): 13,
    ("tokenizer_bug", "any-difference"): 4,
}


@pytest.fixture(scope="module")
def verdicts_with_seeds(homework):
    return [BANKS.judge(homework, seed) for seed in (3, 21, 77)]


@pytest.mark.parametrize("question, misconception", MARKS)
def test_what_a_slip_costs_with_every_seed(question, misconception, verdicts_with_seeds):
    source = SOURCES[question, misconception]
    marks = {judged(question, source).score for judged in verdicts_with_seeds}
    assert marks == {MARKS[question, misconception]}


def test_text_of_a_student_is_shown_as_one_short_printable_line(verdict_on):
    verdict = verdict_on("tokenize", 'def tokenize(text): return ["<b>\\x1b[31m\\n\\ud800" * 50, "x"] * 40')
    assert verdict.message.isprintable() and len(verdict.message) < 500
