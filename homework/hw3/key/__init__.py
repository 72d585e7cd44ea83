"""The answer key of homework 3: what each question asks, which mistakes it knows, what is right on a data set."""

from autograder.judge.cut import write_cut

from .bug import REFLECTION, TOKENIZER_BUG
from .exploits import EXPLOITS
from .fields import TWO_FIELDS
from .measures import NDCG
from .scores import BM25, IDF, SEARCH
from .shop import measure_reference, open_shop
from .words import POSTINGS, TOKENIZE

__all__ = ["EXPLOITS", "PLAIN_TESTS", "QUESTIONS", "measure_reference", "open_shop", "write_cut"]

QUESTIONS = (TOKENIZE, POSTINGS, IDF, BM25, SEARCH, NDCG, TWO_FIELDS, TOKENIZER_BUG, REFLECTION)

# What instructors write where there is no judge.
PLAIN_TESTS = {
    "idf": "for _df, _n, _idf in [(1, 3, 0.9808292530117262), (3, 3, 0.13353139262452263), (30, 42994, 7.251112)]:\n"
    "    assert abs(idf(_df, _n) - _idf) < 1e-6",
    "ndcg": 'for _found, _ndcg in [(["a", "b"], 1.0), (["b", "a"], 0.8597186998521972), (["c"], 0.0)]:\n'
    '    assert abs(ndcg_at_k(_found, {"a": 2, "b": 1, "c": 0}) - _ndcg) < 1e-6',
}
