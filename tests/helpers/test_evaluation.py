import ir_measures
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import Qrel, ScoredDoc, nDCG

from helpers.bm25 import build_index, score_bm25_batch, search_bm25, top_bm25_batch
from helpers.evaluation import evaluate_rankings, evaluate_scores, evaluate_search
from helpers.hybrid import fuse_scores, normalize_scores
from helpers.measures import calculate_dcg, calculate_ndcg, calculate_recall, get_relevance_grades, group_judgments
from helpers.ranking import top_k, top_rows
from helpers.similarity import batch_cosine_similarity, cosine_similarity_matrix
from helpers.tuning import _best_of_each_mix, sweep_alpha

ids = st.lists(st.integers(0, 30), max_size=40)

QUERIES = pd.DataFrame({"query_id": [5, 6, 7], "query": ["sofa", "lamp", "zeppelin"]}, index=[10, 20, 30])
LABELS = pd.DataFrame({"query_id": [5, 5, 5, 6, 6, 7], "product_id": [1, 2, 3, 1, 4, 2], "grade": [2, 1, 0, 0, 1, 0]})


def found(*product_ids):
    return pd.DataFrame({"product_id": product_ids})


@given(ids, ids, st.integers(1, 50))
def test_recall_is_the_found_part_of_the_relevant(retrieved, relevant, k):
    recall = calculate_recall(retrieved, relevant, k)
    assert type(recall) is float and 0 <= recall <= 1
    assert recall == (sum(i in retrieved[:k] for i in set(relevant)) / len(set(relevant)) if relevant else 0)
    assert recall <= calculate_recall(retrieved, relevant, k + 1)
    assert calculate_recall(relevant, relevant, max(len(relevant), 1)) == (1 if relevant else 0)


@pytest.mark.parametrize(
    "kind", [list, tuple, np.array, pd.Series, iter, lambda found: pd.Series(found, index=[4, 9, 2])]
)
def test_recall_takes_any_iterable(kind):
    assert calculate_recall(kind([3, 1, 4]), kind([4, 3, 9]), k=3) == pytest.approx(2 / 3)
    assert calculate_recall(np.array([3, 1, 4]), {4, 3}, k=2) == 0.5


def test_a_repeated_id_counts_once_and_takes_its_place():
    assert calculate_recall([1, 1, 2], [1, 2], k=2) == 0.5
    assert calculate_recall([1, 2], [1, 1, 1, 2], k=1) == 0.5


def test_without_relevant_ids_recall_is_0():
    assert calculate_recall([1, 2], []) == 0.0


@pytest.mark.parametrize(
    "measure",
    [
        lambda k: calculate_recall([1], [1], k),
        lambda k: calculate_dcg([1], k),
        lambda k: calculate_ndcg([1], {1: 1}, k),
        lambda k: get_relevance_grades([1], 5, LABELS, k),
        lambda k: evaluate_search(lambda query: found(1), QUERIES, LABELS, k),
        lambda k: evaluate_scores(np.zeros((3, 1)), [1], QUERIES, LABELS, k),
        lambda k: evaluate_rankings([[1]] * 3, QUERIES, LABELS, k),
        lambda k: sweep_alpha(np.zeros((3, 1)), np.zeros((3, 1)), [1], QUERIES, LABELS, [0.5], k),
    ],
)
@pytest.mark.parametrize("k", [0, -1, 2.5, "10"])
def test_every_measure_needs_a_k_of_at_least_1(measure, k):
    with pytest.raises(ValueError, match="k must be a whole number of at least 1, got"):
        measure(k)


def test_dcg_has_linear_gains_and_the_discount_of_trec_eval():
    assert calculate_dcg([3, 2, 1]) == pytest.approx(3 / 1 + 2 / np.log2(3) + 1 / 2)
    assert calculate_dcg([3, 2, 1], k=1) == 3
    assert calculate_dcg([]) == 0.0


def test_ndcg_compares_with_the_best_ranking_of_all_judged_products():
    assert calculate_ndcg(["a", "b"], {"a": 2, "b": 1}) == 1
    assert calculate_ndcg(["b"], {"a": 2, "b": 1}, k=1) == 0.5
    assert calculate_ndcg(["x"], {"a": 2}) == 0.0
    assert calculate_ndcg(["a"], {"a": 0}) == 0.0
    assert calculate_ndcg(["a"], {}) == 0.0


@given(ids, st.dictionaries(st.integers(0, 30), st.integers(0, 2)), st.integers(1, 20))
def test_ndcg_lies_between_0_and_1_also_if_ids_repeat(retrieved, relevance, k):
    assert 0 <= calculate_ndcg(retrieved, relevance, k) <= 1 + 1e-12


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [1, 5, 10])
def test_recall_and_ndcg_agree_with_ir_measures(seed, k):
    rng = np.random.default_rng(seed)
    queries = pd.DataFrame({"query_id": range(20), "query": "any"})
    scores = rng.permuted(np.tile(np.arange(60.0), (20, 1)), axis=1)  # no ties: trec_eval breaks them by name
    labels = pd.DataFrame(
        {
            "query_id": rng.integers(0, 18, 400),
            "product_id": rng.integers(0, 80, 400),
            "grade": rng.choice([0, 0, 0, 1, 2], 400),
        }
    ).drop_duplicates(["query_id", "product_id"])
    ours = evaluate_scores(scores, range(60), queries, labels, k)

    qrels = [Qrel(str(row.query_id), str(row.product_id), int(row.grade)) for row in labels.itertuples()]
    run = [ScoredDoc(str(i), str(j), scores[i, j]) for i in range(20) for j in range(60)]
    measures = {"recall": ir_measures.R @ k, "ndcg": nDCG @ k}
    theirs = {measure: {} for measure in measures.values()}
    for value in ir_measures.pytrec_eval.iter_calc(measures.values(), qrels, run):
        theirs[value.measure][int(value.query_id)] = value.value
    for column, measure in measures.items():
        expected = [theirs[measure].get(query_id, 0.0) for query_id in range(20)]
        np.testing.assert_allclose(ours[column], expected, rtol=0, atol=1e-12)


def test_a_negative_grade_gains_nothing_as_in_ir_measures():
    grades = {"x": -2, "a": 2, "b": 1, "y": -1}
    for ranking in (["x", "a"], ["a", "x", "y", "b"], ["y", "x"], ["z", "b", "a"]):
        qrels = [Qrel("0", product, grade) for product, grade in grades.items()]
        run = [ScoredDoc("0", product, float(-place)) for place, product in enumerate(ranking)]
        expected = ir_measures.pytrec_eval.calc_aggregate([nDCG @ 10], qrels, run)[nDCG @ 10]
        assert calculate_ndcg(ranking, grades) == pytest.approx(expected, abs=1e-12)
    assert calculate_ndcg(["x", "a"], {"x": -2, "a": 2}) == pytest.approx(0.6309297535714575)
    assert calculate_dcg([-2, -1]) == 0


@pytest.mark.parametrize("grade", [np.nan, np.inf])
def test_grades_are_finite(grade):
    with pytest.raises(ValueError, match="grades hold NaN or infinite values"):
        calculate_ndcg(["a"], {"a": grade})


# --- ids of two types are never equal ---------------------------------------------------------------------

AS_TEXT = LABELS.astype({"product_id": str})


@pytest.mark.parametrize(
    "compare",
    [
        lambda: calculate_recall([1, 2], {"1", "3"}),
        lambda: calculate_recall(["1", "2"], [1, 3]),
        lambda: calculate_ndcg([1, 2], {"1": 2}),
        lambda: get_relevance_grades([1, 2], 5, AS_TEXT),
        lambda: get_relevance_grades([1, 2], "5", LABELS),
        lambda: evaluate_search(lambda query: found(1, 2), QUERIES, AS_TEXT),
        lambda: evaluate_search(lambda query: found("1", "2"), QUERIES, LABELS),
        lambda: evaluate_search(lambda query: found(1, 2), QUERIES.astype({"query_id": str}), LABELS),
        lambda: evaluate_rankings([[1], [2], [3]], QUERIES, AS_TEXT),
        lambda: evaluate_rankings([[1], [2], [3]], QUERIES.astype({"query_id": str}), LABELS),
        lambda: sweep_alpha(np.eye(3), np.eye(3), [1, 2, 3], QUERIES, AS_TEXT, [0.5]),
        lambda: sweep_alpha(np.eye(3), np.eye(3), [1, 2, 3], QUERIES.astype({"query_id": str}), LABELS, [0.5]),
    ],
)
def test_text_is_not_compared_with_numbers(compare):
    with pytest.raises(
        TypeError, match=r"holds (numbers|text), such as .* holds (numbers|text), such as .*never equal"
    ):
        compare()


@pytest.mark.parametrize("kind", [str, "category", "uint64", "Int64", object])
def test_ids_of_one_type_are_compared_however_they_are_kept(kind):
    labels = LABELS.astype({"product_id": kind})
    ranking = LABELS["product_id"].astype(kind).tolist()[:2]
    expected = evaluate_search(lambda query: found(1, 2), QUERIES, LABELS, verbose=False)
    assert evaluate_search(lambda query: found(*ranking), QUERIES, labels, verbose=False).equals(expected)
    assert evaluate_rankings([ranking] * 3, QUERIES, labels)["recall"].equals(expected["recall"])


def test_large_ids_are_not_confused():
    large = [9007199254740992, 9007199254740993]
    assert calculate_recall(large[:1], large[1:]) == 0.0
    labels = pd.DataFrame({"query_id": 5, "product_id": large, "grade": [2, 0]})
    assert group_judgments(labels) == {5: {large[0]: 2, large[1]: 0}}


@pytest.mark.parametrize(
    "ids, got",
    [
        (found(1, 2), r"got a DataFrame. Choose a column: results\['product_id'\]"),
        ("12", "got str: '12'"),
        (12, "got int: 12"),
        (np.eye(2), r"got an array of shape \(2, 2\)"),
    ],
)
def test_what_is_no_list_of_ids(ids, got):
    for use in (
        lambda: calculate_recall(ids, [1, 2]),
        lambda: calculate_recall([1, 2], ids),
        lambda: calculate_ndcg(ids, {1: 2}),
        lambda: get_relevance_grades(ids, 5, LABELS),
    ):
        with pytest.raises(TypeError, match=got):
            use()


def test_categorical_columns_mean_what_they_hold():
    words = LABELS["grade"].map({2: "Exact", 1: "Partial", 0: "Irrelevant"})
    labels = LABELS.drop(columns="grade").assign(label=words.astype("category"))
    categorical = labels.astype("category")
    for table in (labels, categorical, LABELS.astype("category")):
        assert group_judgments(table) == group_judgments(LABELS)
        ranked = evaluate_search(lambda query: found(1, 4), QUERIES, table, verbose=False)
        assert ranked["recall"].tolist() == [0.5, 1.0, 0.0]
    assert get_relevance_grades([3, 2, 1], 5, categorical) == [0, 1, 2]


def test_grades_come_in_rank_order():
    assert get_relevance_grades([3, 2, 99, 1], 5, LABELS) == [0, 1, 0, 2]
    assert get_relevance_grades(np.array([2, 1, 3]), 5, LABELS, k=2) == [1, 2]
    assert get_relevance_grades([1, 2, 1], 5, LABELS) == [2, 1, 0]  # found once, gained once
    assert get_relevance_grades([1], 12345, LABELS) == [0]


def test_labels_serve_where_there_are_no_grades():
    labels = pd.DataFrame({"query_id": 0, "product_id": [1, 2, 3], "label": ["Irrelevant", "Partial", "Exact"]})
    assert group_judgments(labels) == {0: {1: 0, 2: 1, 3: 2}}


def test_a_pair_judged_twice_counts_once_with_its_higher_grade():
    labels = pd.DataFrame({"query_id": 0, "product_id": [1, 1, 2, 2], "grade": [2, 0, 0, 1]})
    assert group_judgments(labels) == {0: {1: 2, 2: 1}}
    nobody = pd.DataFrame({"query_id": [0, 0], "product_id": [np.nan, np.nan], "grade": [2, 0]})
    assert group_judgments(pd.concat([labels, nobody])) == {0: {1: 2, 2: 1}}
    queries = pd.DataFrame({"query_id": [0], "query": ["sofa"]})
    assert evaluate_search(lambda query: found(1), queries, labels, verbose=False)["recall"].tolist() == [0.5]
    assert calculate_ndcg([1, 2], group_judgments(labels)[0]) == 1


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            LABELS.drop(columns="grade"),
            r"needs a column grade \(2, 1, 0\) or label \(Exact, Partial, Irrelevant\); it has",
        ),
        (
            LABELS.drop(columns="product_id"),
            r"labels_df has no column product_id; it has \['query_id', 'grade'\]",
        ),
        (
            LABELS.assign(grade=[2, None, 0, 0, 1, None]),
            "labels_df has 2 rows whose grade cannot be read, such as nan",
        ),
        (LABELS.assign(grade="best"), "6 rows whose grade cannot be read, such as 'best'"),
        (
            LABELS.drop(columns="grade").assign(label="exact"),
            "6 rows whose label cannot be read, such as 'exact'",
        ),
    ],
)
def test_labels_that_cannot_be_read_are_explained(labels, message):
    for use in (
        lambda: group_judgments(labels),
        lambda: evaluate_search(found, QUERIES, labels, verbose=False),
    ):
        with pytest.raises(ValueError, match=message):
            use()


def test_evaluation_has_one_row_per_query():
    answers = {"sofa": found(9, 2, 3), "lamp": found(4, 1), "zeppelin": found()}
    result = evaluate_search(answers.get, QUERIES, LABELS, verbose=False)
    expected = pd.DataFrame({"query_id": [5, 6, 7], "query": ["sofa", "lamp", "zeppelin"], "recall": [0.5, 1.0, 0.0]})
    pd.testing.assert_frame_equal(result, expected)


def test_only_the_first_k_rows_count():
    result = evaluate_search(lambda query: found(9, 9, 1, 2), QUERIES[:1], LABELS, k=3, verbose=False)
    assert result["recall"].tolist() == [0.5]


def test_a_query_that_is_asked_twice_has_two_rows():
    result = evaluate_search(lambda query: found(1), pd.concat([QUERIES, QUERIES]), LABELS, verbose=False)
    assert result["query_id"].tolist() == [5, 6, 7] * 2 and result.index.tolist() == list(range(6))


def test_it_says_the_mean_in_one_line(capsys):
    evaluate_search(lambda query: found(1, 4), QUERIES, LABELS, k=5)
    assert capsys.readouterr() == (
        "Mean recall@5 over 3 queries: 0.5000 (1 of them without a relevant product, counted as 0.0)\n",
        "",
    )
    evaluate_search(lambda query: found(1, 4), QUERIES[:2], LABELS)
    assert capsys.readouterr() == ("Mean recall@10 over 2 queries: 0.7500\n", "")
    evaluate_search(lambda query: found(), QUERIES[:0], LABELS)
    assert capsys.readouterr() == ("There are no queries to evaluate.\n", "")
    evaluate_search(lambda query: found(), QUERIES, LABELS, verbose=False)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("verbose", [True, False])
def test_progress_is_shown_also_where_the_mean_is_not_printed(monkeypatch, capsys, verbose):
    bars = []
    monkeypatch.setattr("helpers.evaluation.ProgressBar", lambda rows, **options: bars.append(options) or rows)
    evaluate_search(lambda query: found(1), QUERIES, LABELS, verbose=verbose)
    assert [bar.get("show", True) for bar in bars] == [True]
    assert bool(capsys.readouterr().out) == verbose


def test_an_error_of_the_search_is_passed_on_with_its_query():
    def search(query):
        return {"sofa": found(1)}[query]

    with pytest.raises(KeyError) as caught:
        evaluate_search(search, QUERIES, LABELS, verbose=False)
    assert caught.value.args == ("lamp",)
    assert caught.value.__notes__ == ["This happened while searching for query 6: 'lamp'."]


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (
            pd.DataFrame({"id": [1]}),
            ValueError,
            r"the result of the search function has no column product_id; it has \['id'\]",
        ),
        (
            [1, 2],
            TypeError,
            "the result of the search function must be a DataFrame with product_id; got list",
        ),
        (None, TypeError, "got NoneType"),
    ],
)
def test_a_search_that_gives_something_else_is_refused(result, error, message):
    with pytest.raises(error, match=message) as caught:
        evaluate_search(lambda query: result, QUERIES, LABELS, verbose=False)
    assert "query 5: 'sofa'" in caught.value.__notes__[0]


def test_missing_columns_of_the_queries_are_named():
    with pytest.raises(ValueError, match=r"queries_df has no column query_id; it has \['query'\]"):
        evaluate_search(found, QUERIES[["query"]], LABELS)
    with pytest.raises(TypeError, match="queries_df must be a DataFrame with query_id, query; got list"):
        evaluate_search(found, ["sofa"], LABELS)


@pytest.fixture(scope="module")
def shop():
    """300 products with few words and 12 embeddings shared among them: full of ties in both scores."""
    rng = np.random.default_rng(5)
    words = np.array("red blue sofa lamp table oak".split())
    products = pd.DataFrame(
        {
            "product_id": rng.permutation(300) + 1000,
            "product_name": [" ".join(rng.choice(words, 3)) for _ in range(300)],
        }
    )
    embeddings = rng.normal(size=(12, 16)).astype(np.float32)[rng.integers(0, 12, 300)]
    queries = pd.DataFrame({"query_id": range(25), "query": [" ".join(rng.choice(words, 2)) for _ in range(25)]})
    query_embeddings = rng.normal(size=(25, 16)).astype(np.float32)
    labels = pd.DataFrame(
        {
            "query_id": rng.integers(0, 23, 2000),
            "product_id": rng.integers(1000, 1350, 2000),
            "grade": rng.integers(0, 3, 2000),
        }
    )
    index, doc_lengths = build_index(products["product_name"])
    return products, queries, labels, index, doc_lengths, embeddings, query_embeddings


@pytest.mark.parametrize("k", [1, 10, 500])
def test_a_matrix_of_scores_is_evaluated_like_the_search_function(shop, k):
    products, queries, labels, index, doc_lengths, _, _ = shop
    plain = evaluate_search(
        lambda query: search_bm25(query, index, products, doc_lengths, k=k), queries, labels, k, verbose=False
    )
    scores = score_bm25_batch(queries["query"], index, len(products), doc_lengths)
    batch = evaluate_scores(scores, products["product_id"], queries, labels, k)
    pd.testing.assert_frame_equal(batch[["query_id", "query", "recall"]], plain, check_exact=True)


def test_rankings_are_evaluated_like_the_scores_they_come_from(shop):
    products, queries, labels, index, doc_lengths, _, _ = shop
    product_ids = products["product_id"].to_numpy()
    scores = score_bm25_batch(queries["query"], index, len(products), doc_lengths)
    rows, _ = top_bm25_batch(queries["query"], index, len(products), doc_lengths, k=7)
    expected = evaluate_scores(scores, product_ids, queries, labels, k=7)
    for rankings in (
        product_ids[rows],
        product_ids[rows].tolist(),
        list(map(iter, product_ids[rows].tolist())),
    ):
        found = evaluate_rankings(rankings, queries, labels, k=7)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_rankings_need_one_for_each_query():
    with pytest.raises(ValueError, match="rankings must hold one ranking per query; got 2 for 3 queries"):
        evaluate_rankings([[1], [2]], QUERIES, LABELS)


few_scores = st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0, np.nextafter(1.0, 0), np.nextafter(0.5, 1), 1e-300, 5e-324])


@given(
    st.lists(st.tuples(few_scores | st.floats(0, 1), few_scores), max_size=120),
    st.integers(1, 40),
    st.lists(st.floats(0, 1) | st.sampled_from([0.0, 5e-324, 1e-300, 1e-16, 0.5, 1.0]), min_size=1, max_size=5),
)
def test_what_a_sweep_leaves_out_is_never_among_the_best(scores, k, alphas):
    semantic, bm25 = np.array(scores, dtype=np.float64).reshape(-1, 2).T
    for alpha, best in zip(alphas, _best_of_each_mix(semantic, bm25, alphas, k), strict=True):
        assert best.tolist() == top_k(fuse_scores(semantic, bm25, alpha), k).tolist()


@pytest.mark.parametrize("k", [1, 5, 40])
@pytest.mark.parametrize("seed", range(8))
def test_a_sweep_over_many_products_keeps_all_ties(seed, k):
    """Ties that are exact, ties that only rounding makes, and more zeros than there is room for."""
    rng = np.random.default_rng(seed)
    levels = np.array([0.0, 1e-300, 0.5, np.nextafter(0.5, 0), 1.0, np.nextafter(1.0, 0)])
    semantic = levels[rng.integers(0, 6, 300)] if seed % 2 else rng.random(300)
    bm25 = np.where(rng.random(300) < 0.98, 0.0, levels[rng.integers(0, 6, 300)])
    alphas = [0.0, 1e-300, 1e-16, *rng.random(30), 1.0]
    for scores in ((semantic, bm25), (bm25, semantic)):
        for alpha, best in zip(alphas, _best_of_each_mix(*scores, alphas, k), strict=True):
            assert best.tolist() == top_k(fuse_scores(*scores, alpha), k).tolist()


def test_the_sweep_finds_what_the_searches_find_one_by_one(shop):
    products, queries, labels, index, doc_lengths, embeddings, query_embeddings = shop
    embedding_of = dict(zip(queries["query"], query_embeddings))
    query_embeddings = np.array([embedding_of[query] for query in queries["query"]])
    alphas = np.linspace(0, 1, 21)

    def search(query, alpha):
        bm25 = normalize_scores(score_bm25_batch([query], index, len(products), doc_lengths)[0])
        semantic = normalize_scores(batch_cosine_similarity(embedding_of[query], embeddings))
        return top_rows(products, fuse_scores(semantic, bm25, alpha), 10)

    one_by_one = [
        evaluate_search(lambda query, alpha=alpha: search(query, alpha), queries, labels, verbose=False)[
            "recall"
        ].mean()
        for alpha in alphas
    ]
    sweep = sweep_alpha(
        cosine_similarity_matrix(query_embeddings, embeddings),
        score_bm25_batch(queries["query"], index, len(products), doc_lengths),
        products["product_id"],
        queries,
        labels,
        alphas,
    )
    assert list(sweep.columns) == ["alpha", "mean_recall"] and sweep["alpha"].tolist() == alphas.tolist()
    np.testing.assert_allclose(sweep["mean_recall"], one_by_one, rtol=0, atol=1e-12)
    assert sweep["mean_recall"].nunique() > 1


def test_a_matrix_of_the_wrong_shape_names_both_shapes(shop):
    products, queries, labels, *_ = shop
    good, bad = np.zeros((25, 300)), np.zeros((300, 25))
    with pytest.raises(ValueError, match=r"scores must have one row per query .* \(25, 300\); got \(300, 25\)"):
        evaluate_scores(bad, products["product_id"], queries, labels)
    with pytest.raises(ValueError, match=r"semantic_scores must .* \(25, 300\); got \(300, 25\)"):
        sweep_alpha(bad, good, products["product_id"], queries, labels, [0.5])
    with pytest.raises(ValueError, match=r"bm25_scores must .* \(25, 300\); got \(300, 25\)"):
        sweep_alpha(good, bad, products["product_id"], queries, labels, [0.5])


def test_a_sweep_needs_queries_and_weights_in_range(shop):
    products, queries, labels, *_ = shop
    scores = np.zeros((25, 300))
    with pytest.raises(ValueError, match="alpha must lie between 0"):
        sweep_alpha(scores, scores, products["product_id"], queries, labels, [0.5, 1.5])
    with pytest.raises(ValueError, match="queries_df has no rows"):
        sweep_alpha(scores[:0], scores[:0], products["product_id"], queries[:0], labels, [0.5])
    assert evaluate_scores(scores[:0], products["product_id"], queries[:0], labels).empty
