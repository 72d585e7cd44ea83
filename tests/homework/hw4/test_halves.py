"""The queries on which the cell of best_alpha is run again tell its mistakes apart, on the cut of the self-test."""

import numpy as np
import pytest

from autograder.commands.selftest import judge_answers
from autograder.judge.homework import small_homework
from autograder.judge.judge import draw_request
from tests.support.hw4 import BANKS, HW4, module_of_the_key


@pytest.fixture(scope="module")
def cut():
    with small_homework(HW4.folder) as homework:
        yield homework


def test_no_query_of_the_cut_has_one_or_two_relevant_products(cut):
    none, *others = sorted(cut.shop.relevant.sum(axis=1))
    assert none == 0 and others[0] >= 3


def test_every_draw_of_queries_tells_all_ways_to_choose_and_report_apart(cut):
    """On the self-test's cut; its recalls do not hang on how ties are broken either."""
    halves = module_of_the_key("halves")
    shop = cut.shop
    for seed in range(20):
        choose, report = halves.telling_queries(np.random.default_rng(seed), shop)
        assert halves.told_apart(halves.ways(shop, choose, report)).all()
        least, most = (shop.recalls[:, np.concatenate([choose, report]), i] for i in (0, 1))
        assert np.allclose(least, most)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("id", ["rounded", "worst-alpha", "best-of-the-report-half", "hybrid-at-the-default"])
def test_what_luck_used_to_decide_is_named_with_each_seed(id, cut):
    asked = BANKS.judged["best_alpha"]
    [mistake] = [m for m in asked.misconceptions if m.id == id]
    for seed in range(3):
        request = {asked.id: draw_request(asked, cut, seed)}
        verdict = judge_answers({asked.id: mistake.source}, [asked], request, cut)[asked.id]
        assert verdict.misconception == id and not verdict.complete


def test_ways_that_leave_the_same_are_not_told_apart():
    halves = module_of_the_key("halves")
    table = np.linspace(0.2, 0.7, 11)
    right, rounded = halves._left(table, table), halves._left(table.round(1), table)
    ways = np.stack([right, right, right, rounded])
    # Pairs with a wrong way in them: (0, 2), (0, 3), (1, 2), (1, 3), (2, 3).
    assert halves.told_apart(ways).tolist() == [False, True, False, True, True]


def test_a_best_alpha_that_shares_the_highest_mean_is_no_mistake():
    halves = module_of_the_key("halves")
    flat, means = np.full(11, 0.5), np.linspace(0, 1, 11)
    assert (halves._left(flat, means, best=7) == halves._left(flat, means)).all()
