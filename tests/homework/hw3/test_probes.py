"""Every draw of probes tells: what the homework's text promises is asked with each seed."""

import string

import numpy as np
import pytest

from autograder.judge.judge import draw_request
from helpers import snowball_tokenize
from tests.support.hw3 import BANKS

SEEDS = range(8)


@pytest.fixture(scope="module")
def drawn(homework):
    """A function: {check: probes} of a question, for each of SEEDS."""
    return lambda question: [draw_request(BANKS.judged[question], homework, seed).probes for seed in SEEDS]


def test_every_mark_of_string_punctuation_parts_two_words(drawn):
    for checks in drawn("tokenize"):
        texts = [probe.args[0] for probe in checks["punctuation"]]
        parted = set()
        for text in texts:
            places = range(1, len(text) - 1)
            parted |= {text[i] for i in places if text[i - 1].isalnum() and text[i + 1].isalnum()}
        assert parted >= set(string.punctuation)


def test_other_marks_stay_and_words_of_every_kind_are_asked(drawn):
    for checks in drawn("tokenize"):
        marked = " ".join(probe.args[0] for probe in checks["marks"])
        assert {"™", "’", "é", "½", "–"} <= set(marked)
        for probe in checks["words"]:
            text, tokens = probe.args[0], probe.about
            assert "\t" in text and "\n" in text and "  " in text and len(set(tokens)) < len(tokens)
            assert tokens != text.split() and any(map(str.isdigit, tokens)) and min(map(len, tokens)) == 1
        assert {type(probe.args[0]) for probe in checks["missing"]} == {type(None), float, str}


def test_texts_repeat_words_share_them_and_have_words_of_their_own(drawn):
    for checks in drawn("postings"):
        for probe in checks["rows"] + checks["counts"]:
            postings, _ = probe.about
            sizes = [len(rows) for rows in postings.values()]
            assert max(tf for rows in postings.values() for tf in rows.values()) > 1 and max(sizes) > 1
        assert 0 in checks["column"][0].about[1]


def test_bm25_is_asked_where_terms_are_common_too_and_repeat(drawn):
    for checks in drawn("bm25"):
        common = repeated = False
        for probe in checks["ordinary"]:
            query, postings, doc_lengths = probe.args
            for token in snowball_tokenize(query):
                rows = postings.get(token, {})
                common |= len(rows) > len(doc_lengths) / 2
                repeated |= max(rows.values(), default=0) > 1
        assert common and repeated
        assert {0.0, 1.0} <= {probe.kwargs.get("b") for probe in checks["parameters"]}
        for probe in checks["unknown"]:
            assert not all(token in probe.args[1] for token in snowball_tokenize(probe.args[0])) or not probe.args[0]


def test_search_meets_ties_above_zero_small_catalogues_and_few_matches(drawn):
    for checks in drawn("search"):
        for probe in checks["ties"]:
            scores = np.sort(probe.about.scores["bm25_score"])[::-1][: probe.about.rows]
            assert np.unique(scores[scores > 0]).size < (scores > 0).sum() > 5
        k_beyond = [probe for probe in checks["rows"] if probe.about.k > len(probe.about.ids)]
        few = [p for p in checks["rows"] if (p.about.scores["bm25_score"] > 0).sum() < p.about.rows]
        assert k_beyond and few


def test_rankings_miss_something_and_have_gains_on_both_sides_of_each_cut(drawn):
    for checks in drawn("ndcg"):
        for probe in checks["ordinary"]:
            retrieved, grades = probe.args
            assert (
                0 < probe.about["expected"] < 0.999 and len(grades) <= 10 and {1, 2} <= {grades[i] for i in retrieved}
            )
        assert any(set(p.args[1]) - set(p.args[0]) for p in checks["ordinary"])
        for probe in checks["cut"]:
            gains = [probe.args[1][i] for i in probe.args[0]]
            assert gains[probe.about["k"] - 1] and gains[probe.about["k"]]


def test_the_report_half_is_asked_whole_and_no_word_of_it_as_it_stands(drawn, homework):
    report = homework.shop.report_queries
    for checks in drawn("two_fields"):
        assert [probe.about for probe in checks["reaches"]] == report["query_id"].tolist()
        assert not {probe.args[0] for probe in checks["reaches"]} & set(report["query"].str.lower())


def test_queries_lose_all_some_and_none_of_their_products(drawn):
    for checks in drawn("tokenizer_bug"):
        for probe in checks["queries"]:
            lost, texts = probe.about
            assert 2 < len(lost) < len(texts) - 2
        assert not checks["nothing"][0].about[0]


def test_sizes_differ_from_run_to_run(drawn):
    sizes = {tuple(len(probe.about.ids) for probe in checks["order"]) for checks in drawn("search")}
    assert len(sizes) > len(SEEDS) / 2
