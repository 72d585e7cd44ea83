"""Withholding changes the modules of the process for good, so each test runs in a Python of its own."""

import subprocess
import sys

import pytest

from helpers import withhold
from tests.support.processes import HANGS

WRITTEN = {
    "cosine_similarity": "cosine_similarity",
    "batch_cosine_similarity": "batch_cosine_similarity",
    "calculate_recall": "recall_at_k",
    "hybrid_search": "hybrid_search",
}


def run(code: str) -> str:
    code = f"WRITTEN = {WRITTEN}\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_way_to_reach_a_withheld_helper_says_what_to_do():
    output = run("""
import helpers, helpers.similarity
helpers.withhold("hw4", WRITTEN)
helpers.withhold("hw4", WRITTEN)
for code in ["from helpers import cosine_similarity",
             "from helpers import evaluate_search, cosine_similarity as mine",
             "from helpers.similarity import cosine_similarity",
             "from helpers.hybrid import batch_cosine_similarity",
             "from helpers.evaluation import calculate_recall"]:
    try:
        exec(code)
    except ImportError as error:
        print(error)
for get in [lambda: helpers.cosine_similarity, lambda: helpers.similarity.cosine_similarity]:
    try:
        get()
    except ImportError as error:
        print(error)
""").splitlines()
    sentence = (
        "{} is what you write yourself in homework 4, so helpers keeps its own version back. "
        "Write {} in its answer cell, run the cell, and use yours."
    )
    cosine = sentence.format("cosine_similarity", "cosine_similarity")
    assert output == [
        cosine,
        cosine,
        cosine,
        sentence.format("batch_cosine_similarity", "batch_cosine_similarity"),
        sentence.format("calculate_recall", "recall_at_k"),
        cosine,
        cosine,
    ]


def test_everything_that_the_student_writes_is_withheld_and_nothing_else():
    output = run("""
import helpers
names = helpers.__all__
helpers.withhold("hw4", WRITTEN)
from helpers import *
print(*sorted(set(names) - set(globals())))
""")
    assert output == " ".join(sorted(WRITTEN)) + "\n"


def test_the_other_helpers_go_on_working():
    output = run("""
from helpers import withhold
withhold("hw4", WRITTEN)
import numpy as np, pandas as pd
from helpers import build_index, evaluate_scores, evaluate_search, score_bm25, search_bm25
products = pd.DataFrame({"product_id": [1, 2], "product_name": ["red sofa", "lamp"]})
queries = pd.DataFrame({"query_id": [0], "query": ["sofa"]})
labels = pd.DataFrame({"query_id": [0], "product_id": [1], "grade": [2]})
index, doc_lengths = build_index(products["product_name"])
search = lambda query: search_bm25(query, index, products, doc_lengths, k=1)
print(evaluate_search(search, queries, labels)["recall"][0])
print(evaluate_scores([score_bm25("sofa", index, 2, doc_lengths)], [1, 2], queries, labels)["ndcg"][0])
""")
    assert output == "Mean recall@10 over 1 queries: 1.0000\n1.0\n1.0\n"


def test_only_the_notebook_is_refused():
    output = run("""
import types
from helpers import withhold
withhold("hw4", WRITTEN)
judge = types.ModuleType("judge")
exec("from helpers import cosine_similarity\\nimport helpers\\nvalue = helpers.hybrid_search", judge.__dict__)
print(judge.cosine_similarity([1, 0], [2, 0]), judge.value.__name__)
""")
    assert output == "1.0 hybrid_search\n"


def test_a_name_that_was_imported_before_stays():
    output = run("""
from helpers import cosine_similarity, withhold
withhold("hw4", WRITTEN)
print(cosine_similarity([1, 0], [2, 0]))
""")
    assert output == "1.0\n"


def test_a_name_that_helpers_does_not_have_is_refused():
    with pytest.raises(ValueError, match="helpers has no 'cosine' to withhold"):
        withhold("hw4", {"cosine": "cosine_similarity"})
