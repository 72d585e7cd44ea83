"""Every draw of probes tells: what the homework's text promises is asked with each seed. The sweep over both banks with
200 seeds is `python -m benchmarks.seeds`; here are the properties that it rests on, with a few.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from autograder.commands.selftest import banks
from autograder.judge.judge import draw_request
from tests.support.hw4 import QUESTIONS, module_of_the_key

SEEDS = range(6)
BY_ID = {question.id: question for question in QUESTIONS}


@pytest.fixture(scope="module")
def drawn(small_homework):
    """A function: {check: probes} of a question, for each of SEEDS."""
    kept = {}

    def probes(question: str) -> list[dict]:
        if question not in kept:
            kept[question] = [draw_request(BY_ID[question], small_homework, seed).probes for seed in SEEDS]
        return kept[question]

    return probes


def test_the_first_pair_of_vectors_shows_that_both_lengths_are_divided_out(drawn):
    for checks in drawn("cosine"):
        a, b = checks["ordinary"][0].args
        assert abs(a @ b) > 1
        signs = {np.sign(probe.about) for probe in checks["ordinary"][:6]}
        assert signs == {1, -1} and all(abs(probe.about) > 0.29 for probe in checks["ordinary"][:6])


@pytest.mark.parametrize("question, check", [("cosine", "lengths"), ("batch_cosine", "zero")])
def test_an_epsilon_is_felt_from_1e_7_up_and_not_at_1e_8(question, check, drawn):
    for checks in drawn(question):
        felt = []
        for probe in checks[check]:
            a, b = (np.atleast_2d(np.asarray(x, dtype=float)) for x in probe.args)
            lengths = np.linalg.norm(a) * np.linalg.norm(b, axis=1)
            dots = np.abs(b @ a[0])[lengths > 0]
            lengths = lengths[lengths > 0]
            off = [np.max(dots / lengths - dots / (lengths + epsilon), initial=0) for epsilon in (1e-8, 1e-7)]
            assert off[0] < 1e-5
            felt.append(off[1] > 1e-5)
        assert any(felt)


def test_relevant_ids_stand_on_both_sides_of_each_cut_and_of_the_tenth_place(drawn):
    for checks in drawn("recall"):
        beyond_ten = 0
        for probe in checks["cut"][:4]:
            k, retrieved, relevant = (probe.about[name] for name in ("k", "retrieved", "relevant"))
            assert retrieved[k - 1] in relevant and retrieved[k] in relevant
            beyond_ten += k > 10 and retrieved[10] in relevant
        assert beyond_ten and all(len(probe.about["retrieved"]) <= 10 for probe in checks["ordinary"])


@pytest.mark.parametrize("question, score", [("semantic", "similarity"), ("hybrid", "semantic_score")])
def test_every_catalogue_has_opposites_and_an_embedding_of_zeros(question, score, drawn):
    for checks in drawn(question):
        for check, probes in checks.items():
            for probe in probes if check != "sample" else ():
                embeddings = next(a for a in probe.args if isinstance(a, np.ndarray) and a.ndim == 2)
                zeros = (~embeddings.any(axis=1)).sum()
                assert zeros == (0 if probe.id == "hybrid/order/0" else 1 + (check == "twins"))
                # Which product is better is never a matter of float noise: two of zeros are equal, all others apart.
                gaps = np.sort(np.diff(np.sort(probe.about.scores[score])))
                equal = max(0, zeros - 1)
                assert (gaps[:equal] == 0).all() and gaps[equal] > 1e-4
                if score == "similarity":
                    assert (probe.about.scores[score] < 0).mean() > 0.25


@pytest.mark.parametrize("question, score", [("semantic", "similarity"), ("hybrid", "hybrid_score")])
def test_two_products_are_equal_and_both_asked_for(question, score, drawn):
    for checks in drawn(question):
        right = checks["twins"][0].about
        assert right.k == len(right.ids) > len(set(right.scores[score].tolist()))


@pytest.mark.parametrize(
    "question", ["cosine", "batch_cosine", "recall", "semantic", "normalize", "hybrid", "misaligned"]
)
def test_what_functions_are_given_is_looked_at_afterwards(question, drawn):
    """The homework's text says that it stays as it was, and a search's own names what: products and embeddings."""
    for checks in drawn(question):
        probes = [probe for some in checks.values() for probe in some]
        can_change = [
            i for i, given in enumerate(probes[0].args) if isinstance(given, (np.ndarray, pd.DataFrame, list))
        ]
        looked_at = sorted({probe.argument for probe in probes} - {None})
        assert looked_at == ([2, 3] if question == "hybrid" else [0, 1] if question == "recall" else can_change)


@pytest.mark.parametrize("question", ["semantic", "hybrid"])
def test_queries_are_new_ones_and_known_ones_and_one_is_asked_twice_of_other_products(question, drawn, small_homework):
    known = set(small_homework.shop.query_texts)
    for checks in drawn(question):
        for check in ("order", "rows"):
            queries = [probe.args[0] for probe in checks[check]]
            assert len(set(queries)) < len(queries)
            assert {query in known for query in queries} == {True, False}


def test_sizes_differ_from_run_to_run(drawn):
    sizes = [[len(probe.about.ids) for probe in checks["order"]] for checks in drawn("semantic")]
    assert len(set(map(tuple, sizes))) > len(SEEDS) / 2


def test_one_hybrid_ranking_is_won_by_products_that_neither_search_has_near_its_top(drawn):
    for checks in drawn("hybrid"):
        scores = checks["order"][0].about.scores
        best = {column: np.argsort(-values).tolist() for column, values in scores.items()}
        assert set(best["hybrid_score"][:10]) - set(best["bm25_score"][:20]) - set(best["semantic_score"][:20])


def test_catalogues_where_no_product_and_where_every_product_has_a_word_of_the_query(drawn):
    for checks in drawn("hybrid"):
        found = [_share_with_words(probe) for probe in checks["columns"]]
        assert 0 in found and 1 in found


def _share_with_words(probe) -> float:
    from helpers import snowball_tokenize

    stems = set(snowball_tokenize(probe.args[0]))
    names = probe.args[3]["product_name"]
    return float(np.mean([not stems.isdisjoint(snowball_tokenize(name)) for name in names]))


def test_a_query_whose_words_no_product_has_is_among_those_asked_of_the_sample(small_homework):
    searches = module_of_the_key("searches")
    shop = small_homework.shop
    without = [row for row in range(len(shop.query_texts)) if not shop.bm25_scores[row].any()]
    assert without
    for seed in SEEDS:
        chosen = searches._some(np.random.default_rng(seed), shop, range(len(shop.query_texts)), 3)
        assert len(chosen) == 3 and set(chosen) & set(without)


@pytest.mark.filterwarnings("ignore")
def test_where_the_data_tell_nothing_a_mistake_is_no_failure_of_the_self_test(small_homework, monkeypatch):
    """On the tests' own catalogue the best alpha and 0.5 report the same: whoever writes 0.5 cannot be told."""
    [mistake] = [m for m in BY_ID["best_alpha"].misconceptions if m.id == "hybrid-at-the-default"]
    bank = replace(BY_ID["best_alpha"], misconceptions=(mistake,))
    others = tuple(bank if q.id == "best_alpha" else q for q in small_homework.questions)
    monkeypatch.setattr(small_homework.key, "QUESTIONS", others)
    rows = list(banks(small_homework, seed=5, only=["best_alpha"], alone=True))[-2:]
    assert [(row.right, row.alike, row.holds) for row in rows] == [(False, True, True)] * 2


def test_no_embedding_of_zeros_is_among_the_best_of_a_hybrid_ranking(drawn):
    """So that dropping such products costs the same in every run: the rows that are then missing."""
    for checks in drawn("hybrid"):
        for probe in [*checks["order"][1:], *checks["ends"]]:
            zeros = np.flatnonzero(~probe.args[2].any(axis=1))
            best = np.argsort(-probe.about.scores["hybrid_score"])[: probe.about.rows]
            assert len(zeros) == 1 and zeros[0] not in best
