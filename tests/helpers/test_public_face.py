"""The names, the argument orders and the lightness that lectures, homework and students rely on."""

import inspect
import subprocess
import sys

import pytest

import helpers
from tests.support.processes import HANGS

SIGNATURES = {
    "load_wands_products": "data_dir=None",
    "load_wands_queries": "data_dir=None",
    "load_wands_labels": "data_dir=None",
    "snowball_tokenize": "text",
    "build_index": "docs, tokenizer=None",
    "score_bm25": "query, index, num_docs, doc_lengths, tokenizer=None, k1=1.2, b=0.75",
    "search_bm25": "query, index, products_df, doc_lengths, tokenizer=None, k=10",
    "get_local_model": "model_name='all-MiniLM-L6-v2'",
    "get_embedding_local": "text, model_name='all-MiniLM-L6-v2'",
    "batch_embed_local": "texts, model_name='all-MiniLM-L6-v2', batch_size=*, show_progress=True",
    "get_embedding_openai": "text, model='text-embedding-3-small'",
    "batch_embed_openai": "texts, model='text-embedding-3-small', batch_size=100, ...",
    "cosine_similarity": "a, b",
    "batch_cosine_similarity": "query_emb, doc_embs",
    "semantic_search": "query, product_embeddings, products_df, model_name='all-MiniLM-L6-v2', k=10",
    "normalize_scores": "scores",
    "hybrid_search": "query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10",
    "evaluate_search": "search_func, queries_df, labels_df, k=10, verbose=True",
    "calculate_recall": "retrieved_ids, relevant_ids, k=10",
    "calculate_dcg": "grades, k=10",
    "calculate_ndcg": "retrieved_ids, relevance, k=10",
    "get_relevance_grades": "retrieved_ids, query_id, labels_df, k=None",
}

IMPORT_LINE = """
from helpers import (load_wands_products, load_wands_queries, load_wands_labels, build_index, score_bm25,
                     search_bm25, evaluate_search, get_local_model, batch_embed_local,
                     batch_cosine_similarity, normalize_scores)
"""
HEAVY = {
    "torch",
    "sentence_transformers",
    "transformers",
    "litellm",
    "openai",
    "matplotlib",
    "autograder",
    "nbgrader",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_have_the_promised_names_order_and_defaults(name):
    assert name in helpers.__all__
    parameters = inspect.signature(getattr(helpers, name)).parameters.values()
    promised = [part.strip() for part in SIGNATURES[name].split(",")]
    if promised[-1] == "...":  # more may follow
        promised.pop()
        parameters = list(parameters)[: len(promised)]
    assert len(parameters) == len(promised)
    for parameter, promise in zip(parameters, promised):
        expected, _, default = promise.partition("=")
        assert parameter.name == expected
        if not default:
            assert parameter.default is inspect.Parameter.empty
        elif default == "*":  # chosen by measurement
            assert parameter.default is not inspect.Parameter.empty
        else:
            assert repr(parameter.default) == default


def loaded_modules(code: str) -> set[str]:
    code += "\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=HANGS, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("code", [IMPORT_LINE, "from helpers import *"])
def test_imports_leave_heavy_packages_alone(code):
    loaded = loaded_modules(code)
    assert "helpers.evaluation" in loaded
    assert not loaded & HEAVY


def test_the_package_alone_needs_nothing_else():
    assert not loaded_modules("import helpers") & (HEAVY | {"numpy", "pandas", "Stemmer", "tqdm"})


def test_every_public_name_exists_and_is_offered_for_completion():
    assert helpers.__all__ == sorted(set(helpers.__all__))
    for name in helpers.__all__:
        assert getattr(helpers, name) is getattr(helpers, name)
        assert name in dir(helpers)
        assert getattr(helpers, name).__doc__


def test_an_unknown_name_is_an_ordinary_error():
    with pytest.raises(AttributeError, match="module 'helpers' has no attribute 'nonsense'"):
        _ = helpers.nonsense
    with pytest.raises(ImportError, match="cannot import name 'nonsense' from 'helpers'"):
        from helpers import nonsense  # noqa: F401
