import pickle
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import bm25s
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.bm25 import (
    BM25Index,
    build_index,
    score_bm25,
    score_bm25_batch,
    search_bm25,
    top_bm25,
    top_bm25_batch,
)
from helpers.text import snowball_tokenize

DOCS = ["red sofa", "a sofa, red and blue: red all over", None, "blue lamp", "red sofa", "", float("nan")]


def plain_index(docs, tokenize=snowball_tokenize):
    """The lesson's own way, dicts of dicts."""
    index, doc_lengths = {}, []
    for doc, text in enumerate(docs):
        tokens = tokenize(text)
        doc_lengths.append(len(tokens))
        for term, tf in Counter(tokens).items():
            index.setdefault(term, {})[doc] = tf
    return index, doc_lengths


def plain_scores(tokens, index, num_docs, doc_lengths, k1=1.2, b=0.75):
    """The formula as it stands in the books, one document and one token at a time."""
    average = sum(doc_lengths) / num_docs
    scores = [0.0] * num_docs
    for term in tokens:
        for doc, tf in index.get(term, {}).items():
            df = len(index[term])
            idf = np.log((num_docs - df + 0.5) / (df + 0.5) + 1)
            scores[doc] += idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * doc_lengths[doc] / average))
    return scores


def random_corpus(seed, num_docs=300, num_words=80):
    rng = np.random.default_rng(seed)
    words = np.array([f"w{i}" for i in range(num_words)])
    share = 1 / np.arange(1, num_words + 1)
    share /= share.sum()
    return [" ".join(rng.choice(words, size=rng.integers(0, 15), p=share)) for _ in range(num_docs)]


@pytest.fixture(scope="module")
def published():
    """A collection with the N, number of tokens, dfs and lengths behind the published WANDS scores.

    42,994 names with 280,944 tokens; df(couch) = 30 and df(sofa) = 924. The four scores of "place to sit and
    relax" are explained, to all published digits, by a word in 1,671 names, together with a word in 32 names
    (names of 5, 7 and 8 tokens) or a word in 8 (a name of 8 tokens). The dfs are worked out from the scores,
    not published. Which of the five words they belong to does not matter to the score; here it is "to" with
    "sit" or "relax".
    """
    names = [["couch"]] * 30 + [["sofa"]] * 924
    names += [["to", "sit"]] * 32 + [["to", "relax"]] * 8 + [["to"]] * 1631
    # Number of a name -> its tokens, for the names that the test below looks at.
    lengths = {0: 5, 1: 6, 30: 2, 31: 3, 954: 5, 955: 7, 956: 8, 986: 8}
    names += [[]] * (42_994 - len(names))
    free = [i for i in range(len(names)) if i not in lengths]
    each, more = divmod(280_944 - sum(lengths.values()), len(free))
    lengths |= {name: each + (i < more) for i, name in enumerate(free)}
    docs = [" ".join(words + ["other"] * (lengths[i] - len(words))) for i, words in enumerate(names)]
    index, doc_lengths = build_index(docs, tokenizer=str.split)
    assert (len(doc_lengths), doc_lengths.sum(), len(index["couch"]), len(index["sofa"])) == (
        42_994,
        280_944,
        30,
        924,
    )
    return index, doc_lengths


@pytest.mark.parametrize(
    ("query", "name", "score"),
    [
        ("couch", 0, 8.021734),
        ("couch", 1, 7.502148),
        ("sofa", 30, 5.361661),
        ("sofa", 31, 4.930615),
        ("place to sit and relax", 954, 11.543951),
        ("place to sit and relax", 986, 10.786498),
        ("place to sit and relax", 955, 10.139467),
        ("place to sit and relax", 956, 9.558033),
    ],
)
def test_the_published_scores_on_wands(published, query, name, score):
    index, doc_lengths = published
    assert score_bm25(query, index, 42_994, doc_lengths)[name] == pytest.approx(score, abs=6e-7)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.9, 0.4), (2.0, 1.0), (1.5, 0.0), (0.0, 0.5)])
def test_scores_agree_with_the_plain_formula_and_with_bm25s(seed, k1, b):
    docs = random_corpus(seed)
    index, doc_lengths = build_index(docs, tokenizer=str.split)
    plain, lengths = plain_index(docs, str.split)
    peer = bm25s.BM25(method="lucene", k1=k1, b=b, dtype="float64")
    peer.index([doc.split() for doc in docs], show_progress=False)
    for query in ["w0", "w3 w70", "w5 w5 w1", "w12 unheard w40 w7"]:
        scores = score_bm25(query, index, len(docs), doc_lengths, k1=k1, b=b)
        expected = plain_scores(query.split(), plain, len(docs), lengths, k1, b)
        np.testing.assert_allclose(scores, expected, rtol=1e-13, atol=0)
        # bm25s leaves out the constant factor k1 + 1, as Lucene does today.
        known = [token for token in query.split() if token in index]
        np.testing.assert_allclose(scores, peer.get_scores(known) * (k1 + 1), rtol=1e-12, atol=1e-12)


def test_the_index_reads_like_a_dict_of_dicts():
    index, doc_lengths = build_index(DOCS)
    expected, lengths = plain_index(DOCS)
    assert isinstance(index, BM25Index)
    assert dict(index) == expected
    assert list(index) == list(expected) == ["red", "sofa", "a", "and", "blue", "all", "over", "lamp"]
    assert len(index) == 8
    assert index["red"] == {0: 1, 1: 2, 4: 1}
    assert {type(number) for pair in index["red"].items() for number in pair} == {int}
    assert "red" in index and "green" not in index
    assert index.get("green", {}) == {}
    with pytest.raises(KeyError, match="green"):
        index["green"]
    assert doc_lengths.tolist() == lengths and doc_lengths.dtype == np.int64


def test_random_indexes_equal_the_plain_ones():
    for seed in range(3):
        docs = random_corpus(seed)
        index, doc_lengths = build_index(pd.Series(docs, index=range(1000, 1300)))
        expected, lengths = plain_index(docs)
        assert dict(index) == expected and list(index) == list(expected) and doc_lengths.tolist() == lengths


def test_the_index_says_how_big_it_is_and_can_be_stored():
    index, _ = build_index(DOCS)
    assert repr(index) == "BM25Index(8 terms, 7 documents, 13 postings)"
    assert dict(pickle.loads(pickle.dumps(index))) == dict(index)


def test_an_index_that_was_searched_can_be_stored():
    index, doc_lengths = build_index(DOCS)
    scores = score_bm25("red", index, 7, doc_lengths)
    assert (score_bm25("red", pickle.loads(pickle.dumps(index)), 7, doc_lengths) == scores).all()


def test_a_plain_dict_of_dicts_can_be_scored_too():
    docs = random_corpus(7)
    index, doc_lengths = build_index(docs)
    plain, lengths = plain_index(docs)
    for query in ("w0 w9", "unheard"):
        assert (score_bm25(query, plain, 300, lengths) == score_bm25(query, index, 300, doc_lengths)).all()


def test_a_batch_has_the_very_same_scores():
    docs = random_corpus(3)
    index, doc_lengths = build_index(docs)
    queries = ["w0 w9 w30", "unheard", "", "w9 w2 w9", "w2"]
    batch = score_bm25_batch(pd.Series(queries), index, 300, doc_lengths)
    assert batch.shape == (5, 300) and batch.dtype == np.float64
    for row, query in zip(batch, queries):
        assert (row == score_bm25(query, index, 300, doc_lengths)).all()
    assert score_bm25_batch([], index, 300, doc_lengths).shape == (0, 300)


few_words = st.lists(st.sampled_from("abcdef"), max_size=6).map(" ".join)


@given(
    st.lists(few_words, max_size=60),
    st.lists(few_words, max_size=5),
    st.integers(1, 70),
    st.sampled_from([(1.2, 0.75), (0.0, 0.5), (2.0, 1.0), (1.5, 0.0)]),
)
def test_every_fast_way_ranks_like_the_plain_one_ties_included(docs, queries, k, parameters):
    index, doc_lengths = build_index(docs, str.split)
    plain, lengths = plain_index(docs, str.split)
    n = len(docs)
    rows, scores = top_bm25_batch(queries, index, n, doc_lengths, k=k, k1=parameters[0], b=parameters[1])
    every_score = score_bm25_batch(queries, index, n, doc_lengths, None, *parameters)
    assert rows.shape == scores.shape == (len(queries), min(k, n))
    for i, query in enumerate(queries):
        one_rows, one_scores = top_bm25(query, index, n, doc_lengths, None, k, *parameters)
        one_score = score_bm25(query, index, n, doc_lengths, None, *parameters)
        # To the last bit the same, whichever way.
        assert (one_score == every_score[i]).all()
        assert (rows[i] == one_rows).all() and (scores[i] == one_scores).all()
        assert (one_scores == one_score[one_rows]).all()
        if n:
            expected = np.array(plain_scores(query.split(), plain, n, lengths, *parameters))
            np.testing.assert_allclose(one_score, expected, rtol=1e-13, atol=0)
            assert one_rows.tolist() == np.argsort(-expected, kind="stable")[:k].tolist()


def test_a_dict_of_dicts_is_ranked_like_the_index():
    docs = random_corpus(8)
    index, doc_lengths = build_index(docs)
    plain, _ = plain_index(docs)
    backwards = {term: dict(reversed(postings.items())) for term, postings in plain.items()}
    queries = ["w0 w9 w30", "unheard", "w2"]
    expected = top_bm25_batch(queries, index, 300, doc_lengths)
    for other in (plain, backwards):
        for ours, theirs in zip(top_bm25_batch(queries, other, 300, doc_lengths), expected):
            assert (ours == theirs).all()


def test_terms_that_can_bring_nobody_among_the_best_are_passed_over_and_the_ranking_is_the_same():
    rng = np.random.default_rng(0)
    likely = 1 / np.arange(1, 201)
    docs = [" ".join(f"w{word}" for word in rng.choice(200, 7, p=likely / likely.sum())) for _ in range(2_000)]
    index, doc_lengths = build_index(docs)
    passed_over = 0
    for _ in range(200):
        query = " ".join(f"w{word}" for word in rng.integers(0, 200, rng.integers(1, 6)))
        rows, scores = top_bm25(query, index, 2_000, doc_lengths, k=10)
        every_score = score_bm25(query, index, 2_000, doc_lengths)
        assert rows.tolist() == np.argsort(-every_score, kind="stable")[:10].tolist()
        assert scores.tolist() == every_score[rows].tolist()
        postings = index.weighed_postings(query.split(), index.weights(doc_lengths))
        candidates, _, _ = index.candidates(postings, 10)
        passed_over += any(not set(candidates.tolist()) & set(doc_ids.tolist()) for doc_ids, _, _ in postings)
    assert passed_over > 20


def test_searches_in_many_threads_do_not_mix():
    docs = random_corpus(4)
    index, doc_lengths = build_index(docs)
    queries = [f"w{i % 9} w{i % 7} w{i % 5}" for i in range(300)]
    expected = [top_bm25(query, index, 300, doc_lengths)[1].tolist() for query in queries]
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda query: top_bm25(query, index, 300, doc_lengths)[1].tolist(), queries)
        assert list(found) == expected


def test_a_search_that_is_interrupted_leaves_no_sums_behind():
    docs = random_corpus(4)
    index, doc_lengths = build_index(docs)
    expected = top_bm25("w0 w5", index, 300, doc_lengths)[1].tolist()
    postings = index.weighed_postings(["w0", "w5"], index.weights(doc_lengths))
    with pytest.raises(IndexError):
        index.candidates([postings[0], (np.array([300]), np.ones(1), 1.0)], 10)
    assert top_bm25("w0 w5", index, 300, doc_lengths)[1].tolist() == expected


def test_weights_are_kept_and_never_mixed_up():
    docs = random_corpus(5)
    index, doc_lengths = build_index(docs)
    weights = index.weights(doc_lengths)
    assert index.weights(doc_lengths.copy()) is weights
    fresh = build_index(docs)[0]
    for lengths, k1, b in [(doc_lengths, 0.9, 0.75), (doc_lengths, 0.9, 0.4), (doc_lengths + 3, 0.9, 0.4)]:
        used = score_bm25("w0 w5", index, 300, lengths, k1=k1, b=b)
        assert (used == score_bm25("w0 w5", build_index(docs)[0], 300, lengths, k1=k1, b=b)).all()
    lengths = doc_lengths.copy()
    before = score_bm25("w0 w5", index, 300, lengths)
    lengths[:] = lengths[::-1].copy()  # changed in place
    assert (score_bm25("w0 w5", index, 300, lengths) == score_bm25("w0 w5", fresh, 300, lengths)).all()
    assert (score_bm25("w0 w5", index, 300, lengths) != before).any()


def test_lengths_that_are_known_at_sight_can_not_be_changed():
    _, doc_lengths = build_index(DOCS)
    with pytest.raises(ValueError, match="read-only"):
        doc_lengths[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        doc_lengths.flags.writeable = True


def test_lengths_that_are_read_only_for_a_while_are_compared():
    index, doc_lengths = build_index(DOCS)
    lengths = doc_lengths.copy()
    lengths.flags.writeable = False
    before = score_bm25("red", index, len(DOCS), lengths)
    lengths.flags.writeable = True
    lengths += 3
    lengths.flags.writeable = False
    assert (score_bm25("red", index, len(DOCS), lengths) != before).any()


@pytest.mark.parametrize("search", [top_bm25, lambda query, *rest, **more: top_bm25_batch([query], *rest, **more)])
def test_the_quick_searches_refuse_what_the_others_refuse(search):
    index, doc_lengths = build_index(DOCS)
    with pytest.raises(ValueError, match="k must be a whole number of at least 1, got 0"):
        search("red", index, 7, doc_lengths, k=0)
    with pytest.raises(ValueError, match="the query is missing"):
        search(None, index, 7, doc_lengths)
    with pytest.raises(ValueError, match="num_docs is 2"):
        search("red", index, 2, doc_lengths[:2])
    with pytest.raises(ValueError, match="k1 must be"):
        search("red", index, 7, doc_lengths, k1=-1)
    with pytest.raises(TypeError, match="build_index returns two things"):
        search("red", (index, doc_lengths), 7, doc_lengths)


def test_a_repeated_token_counts_each_time():
    index, doc_lengths = build_index(DOCS)
    once = score_bm25("red", index, len(DOCS), doc_lengths)
    assert (score_bm25("red Red reds", index, len(DOCS), doc_lengths) == 3 * once).all()


def test_a_query_without_known_tokens_scores_zero():
    index, doc_lengths = build_index(DOCS)
    for query in ("", "?!", "zeppelin"):
        assert score_bm25(query, index, len(DOCS), doc_lengths).tolist() == [0.0] * len(DOCS)


@pytest.mark.parametrize("docs", [[], [None, None], ["", "?"], pd.Series([], dtype=object)])
def test_an_empty_collection_scores_zero_without_warnings(docs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        index, doc_lengths = build_index(docs)
        scores = score_bm25("red sofa", index, len(docs), doc_lengths)
    assert len(index) == 0 and doc_lengths.tolist() == [0] * len(docs)
    assert scores.tolist() == [0.0] * len(docs)


def test_queries_are_split_as_the_documents_were():
    index, doc_lengths = build_index(["Red-Sofa", "red sofa"], tokenizer=str.split)
    assert (score_bm25("Red-Sofa", index, 2, doc_lengths) > 0).tolist() == [True, False]
    assert (score_bm25("Red-Sofa", index, 2, doc_lengths, tokenizer=snowball_tokenize) > 0).tolist() == [
        False,
        True,
    ]


def test_a_custom_tokenizer_never_sees_a_missing_text():
    _, doc_lengths = build_index(["red sofa", None, float("nan")], tokenizer=str.split)
    assert doc_lengths.tolist() == [2, 0, 0]


@pytest.mark.parametrize(
    ("docs", "message"),
    [
        (
            "red sofa",
            r"docs must be a list or column of texts, got one string. Put it in a list: \['red sofa'\]",
        ),
        (
            pd.DataFrame({"product_name": ["red sofa"]}),
            r"got a DataFrame. Choose a column: df\['product_name'\]",
        ),
        ({"red": 1}, "got dict"),
        ({"red sofa"}, "got set"),
        (3, "got int"),
        (["red sofa", 3], "text must be a string, got int: 3"),
    ],
)
def test_documents_of_the_wrong_kind_are_refused(docs, message):
    with pytest.raises(TypeError, match=message):
        build_index(docs)


def test_one_query_in_place_of_a_batch_is_refused():
    index, doc_lengths = build_index(DOCS)
    with pytest.raises(TypeError, match="queries must be a list or column of texts, got one string"):
        score_bm25_batch("red sofa", index, len(DOCS), doc_lengths)


@pytest.mark.parametrize("tokenizer", ["snowball", 3])
def test_a_tokenizer_must_be_a_function(tokenizer):
    with pytest.raises(TypeError, match="tokenizer must be a function from a text to a list of terms"):
        build_index(DOCS, tokenizer)


@pytest.mark.parametrize("query", [None, float("nan"), pd.NA])
def test_a_missing_query_is_refused(query):
    index, doc_lengths = build_index(DOCS)
    with pytest.raises(ValueError, match="the query is missing .*; drop queries without text"):
        score_bm25(query, index, len(DOCS), doc_lengths)


def test_a_query_that_is_no_text_is_refused():
    index, doc_lengths = build_index(DOCS)
    with pytest.raises(TypeError, match="text must be a string, got list"):
        score_bm25(["red"], index, len(DOCS), doc_lengths)


@pytest.mark.parametrize(
    ("num_docs", "doc_lengths", "message"),
    [
        (7, [1, 2], r"num_docs is 7, doc_lengths has shape \(2,\)"),
        (7, np.ones((7, 1)), r"num_docs is 7, doc_lengths has shape \(7, 1\)"),
        (2, [1, 2], "the index was built from 7 documents, but num_docs is 2"),
    ],
)
def test_numbers_of_documents_that_differ_are_both_named(num_docs, doc_lengths, message):
    index, _ = build_index(DOCS)
    with pytest.raises(ValueError, match=message):
        score_bm25("red", index, num_docs, doc_lengths)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"k1": -0.1}, "k1 must be a number of at least 0, got -0.1"),
        ({"k1": np.nan}, "k1 must be"),
        ({"k1": np.inf}, "k1 must be"),
        ({"b": 1.1}, "b must lie between 0 and 1, got 1.1"),
        ({"b": -1}, "b must lie"),
        ({"b": np.nan}, "b must lie"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters, message):
    index, doc_lengths = build_index(DOCS)
    with pytest.raises(ValueError, match=message):
        score_bm25("red", index, len(DOCS), doc_lengths, **parameters)


def test_the_pair_that_build_index_returns_is_not_the_index():
    built = build_index(DOCS)
    with pytest.raises(TypeError, match="got tuple. build_index returns two things: index, doc_lengths ="):
        score_bm25("red", built, len(DOCS), built[1])


@pytest.fixture
def products():
    return pd.DataFrame({"product_id": range(70, 77), "product_name": DOCS, "price": 1.5}, index=list("abcdefg"))


def test_a_search_gives_the_best_rows_with_score_and_rank(products):
    index, doc_lengths = build_index(products["product_name"])
    results = search_bm25("red sofas", index, products, doc_lengths, k=3)
    assert list(results.columns) == ["product_id", "product_name", "price", "bm25_score", "rank"]
    assert results["product_id"].tolist() == [70, 74, 71]  # 70 and 74 have the same name
    assert results["rank"].tolist() == [1, 2, 3]
    scores = score_bm25("red sofas", index, 7, doc_lengths)
    assert results["bm25_score"].tolist() == scores[[0, 4, 1]].tolist()
    assert list(products.columns) == ["product_id", "product_name", "price"]


@pytest.mark.parametrize("k", [7, 8, 1000])
def test_a_search_for_more_than_there_is_gives_all_rows(products, k):
    index, doc_lengths = build_index(products["product_name"])
    results = search_bm25("lamp", index, products, doc_lengths, k=k)
    assert results["product_id"].tolist() == [73, 70, 71, 72, 74, 75, 76]
    assert results["rank"].tolist() == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("k", [0, -3, 2.5, "10", None])
def test_a_search_needs_a_k_of_at_least_1(products, k):
    index, doc_lengths = build_index(products["product_name"])
    with pytest.raises(ValueError, match="k must be a whole number of at least 1"):
        search_bm25("lamp", index, products, doc_lengths, k=k)


def test_a_search_in_other_products_than_were_indexed_is_refused(products):
    index, doc_lengths = build_index(products["product_name"])
    with pytest.raises(ValueError, match=r"differ in length \(products_df 3, doc_lengths 7\)"):
        search_bm25("lamp", index, products[:3], doc_lengths)
