"""What the key takes for right, against independent libraries."""

from itertools import pairwise, permutations

import bm25s
import ir_measures
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import snowball_tokenize
from tests.conftest import POOL
from tests.support.hw3 import BANKS
from tests.support.solutions import solutions_of

expected = BANKS.module_of_the_key("expected")
DATA = [
    "demo",
    pytest.param("pool", marks=pytest.mark.skipif(not POOL.is_dir(), reason="no pool of real WANDS data is here")),
]


@pytest.fixture(scope="module")
def solution():
    """The names that the instructor's answers define, before any data are asked for."""
    import string

    import Stemmer

    space = {"np": np, "pd": pd, "string": string, "stem": Stemmer.Stemmer("english").stemWord}
    for question, source in solutions_of("hw3").items():
        if question not in ("two_fields", "reflection"):
            exec(source, space)
    return space


@pytest.fixture(params=DATA)
def data(request, monkeypatch):
    from helpers import load_homework_data

    monkeypatch.setenv("COURSE_DATASET", "demo")
    if request.param == "pool":
        monkeypatch.setenv("COURSE_DATA_DIR", str(POOL))
    return load_homework_data()


def test_the_solution_s_bm25_is_that_of_bm25s(solution, data):
    names, queries = data.products["product_name"], data.queries["query"].head(40)
    postings, doc_lengths = solution["build_index"](names)
    retriever = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    retriever.index([snowball_tokenize(name) for name in names], show_progress=False)
    for query in queries:
        tokens = [token for token in snowball_tokenize(query) if token in postings]
        # bm25s leaves the factor k1 + 1 out, and keeps its scores in float32.
        theirs = 2.2 * retriever.get_scores(tokens) if tokens else np.zeros(len(names))
        np.testing.assert_allclose(solution["bm25"](query, postings, doc_lengths), theirs, atol=1e-5)


def test_the_solution_s_ndcg_is_that_of_ir_measures(solution, data):
    rng = np.random.default_rng(3)
    measure = ir_measures.nDCG @ 10
    for _, judged in list(data.labels.groupby("query_id"))[:40]:
        grades = dict(zip(judged["product_id"].tolist(), judged["grade"].tolist()))
        ranking = rng.permutation(list(grades))[:15].tolist()
        run = [ir_measures.ScoredDoc("q", str(i), float(-place)) for place, i in enumerate(ranking)]
        truth = [ir_measures.Qrel("q", str(i), int(grade)) for i, grade in grades.items()]
        theirs = ir_measures.calc_aggregate([measure], truth, run)[measure]
        assert solution["ndcg_at_k"](ranking, grades) == pytest.approx(theirs, abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=6), st.integers(1, 4))
def test_the_range_of_dcg_holds_every_order_that_ties_allow(pairs, k):
    scores, grades = (np.array(column, dtype=float) for column in zip(*pairs))
    discounts = np.log2(np.arange(k) + 2)
    found = [
        sum(grades[row] / d for row, d in zip(order, discounts))
        for order in permutations(range(len(scores)))
        if all(scores[a] >= scores[b] for a, b in pairwise(order))
    ]
    assert expected.dcg_range(scores, grades, k) == pytest.approx((min(found), max(found)))
