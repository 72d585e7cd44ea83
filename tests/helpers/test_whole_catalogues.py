"""On whole catalogues, with all their queries: BM25 equals bm25s, and recall and nDCG equal ir_measures."""

import bm25s
import ir_measures
import numpy as np
import pytest
from ir_measures import Qrel, R, ScoredDoc, nDCG

from helpers import (
    build_index,
    evaluate_scores,
    load_wands_labels,
    load_wands_products,
    load_wands_queries,
    product_text,
    score_bm25_batch,
    snowball_tokenize,
    top_k,
)
from helpers.catalogue import DEMO_FOLDER
from tests.conftest import POOL

CATALOGUES = [
    pytest.param(DEMO_FOLDER, id="demo"),
    pytest.param(
        POOL, id="pool", marks=pytest.mark.skipif(not POOL.is_dir(), reason="no pool of real WANDS data here")
    ),
]


@pytest.fixture(scope="module", params=CATALOGUES)
def searched(request):
    products = load_wands_products(request.param)
    queries, labels = load_wands_queries(request.param), load_wands_labels(request.param)
    texts = product_text(products)
    index, doc_lengths = build_index(texts)
    return products, queries, labels, texts, score_bm25_batch(queries["query"], index, len(products), doc_lengths)


def test_every_score_is_that_of_bm25s(searched):
    _, queries, _, texts, scores = searched
    peer = bm25s.BM25(method="lucene", k1=1.2, b=0.75, dtype="float64")
    peer.index([snowball_tokenize(text) for text in texts], show_progress=False)
    vocabulary = set(peer.vocab_dict)
    for query, ours in zip(queries["query"], scores):
        known = [token for token in snowball_tokenize(query) if token in vocabulary]
        theirs = (
            peer.get_scores(known) * 2.2 if known else np.zeros(len(ours))
        )  # bm25s leaves out k1 + 1, as Lucene does
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


def test_recall_and_ndcg_of_every_query_are_those_of_ir_measures(searched):
    products, queries, labels, _, scores = searched
    found = evaluate_scores(scores, products["product_id"], queries, labels).set_index("query_id")
    highest = labels.groupby(["query_id", "product_id"])["grade"].max()  # a pair that was judged twice
    qrels = [Qrel(str(query), str(product), int(grade)) for (query, product), grade in highest.items()]
    ids = products["product_id"].to_numpy()
    # trec_eval breaks ties by name; scores that fall from rank to rank keep the course's order.
    run = [
        ScoredDoc(str(query), str(ids[row]), 10.0 - rank)
        for query, ours in zip(queries["query_id"], scores)
        for rank, row in enumerate(top_k(ours, 10))
    ]
    measured = {nDCG @ 10: "ndcg", R @ 10: "recall"}
    values = list(ir_measures.pytrec_eval.iter_calc(measured, qrels, run))
    assert len(values) == 2 * len(queries)
    for value in values:
        assert found.loc[int(value.query_id), measured[value.measure]] == pytest.approx(value.value, abs=1e-14)
