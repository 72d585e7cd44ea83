"""The judge on right, wrong and missing answers of every question."""

import json

import numpy as np
import pytest

from autograder.collector import answer_probes
from autograder.homework import ReferenceMissing, load_homework
from autograder.judge import draw_request, judge
from autograder.questions import QUESTIONS
from autograder.tryout import judge_namespace

# Wrong answers divide by zero on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
JUDGED = [q.id for q in QUESTIONS["hw4"] if q.checks]


def test_the_points_add_up_to_100():
    assert sum(q.points for q in QUESTIONS["hw4"]) == 100
    assert [q.id for q in QUESTIONS["hw4"]] == ["cosine", "batch_cosine", "recall", "semantic", "normalize", "hybrid",
                                                "best_alpha", "reflection"]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("question", JUDGED)
def test_the_solution_earns_full_marks(question, seed, answered, small_homework):
    verdict = judge_namespace(question, answered(), small_homework, seed=seed)
    assert verdict.complete, verdict.message
    assert verdict.message == "All checks passed."


@pytest.mark.parametrize("question", JUDGED)
def test_a_blank_answer_earns_nothing(question, answered, small_homework):
    verdict = judge_namespace(question, {}, small_homework)
    assert verdict.score == 0 and "not defined" in verdict.message


@pytest.mark.parametrize("question, answer, score, says", [
    ("cosine", "def cosine_similarity(a, b): return 0.0", 0, "gave 0"),
    ("cosine", "def cosine_similarity(a, b): return np.dot(a, b)", 0, "both lengths"),
    ("cosine", "def cosine_similarity(a, b): return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))", 8,
     "zero vector"),
    ("cosine", "def cosine_similarity(a, b):\n"
               "    n = np.linalg.norm(a) * np.linalg.norm(b)\n"
               "    return np.array([np.dot(a, b) / n if n else 0.0])", 9, "one plain number"),
    ("cosine", "def cosine_similarity(a, b): print('hm')", 0, "None"),
    ("batch_cosine", "def batch_cosine_similarity(q, d):\n"
                     "    n = np.linalg.norm(d, axis=1, keepdims=True) * np.linalg.norm(q)\n"
                     "    return np.divide(d @ q[:, None], n, out=np.zeros((len(d), 1)), where=n > 0)", 9, "shape"),
    ("recall", "def recall_at_k(r, rel, k=10): return len(set(r[:k]) & set(rel)) / k", 0, "What do you divide by"),
    ("recall", "def recall_at_k(r, rel, k=10): return sum(x in rel for x in r[:k]) / len(rel) if rel else 0.0", 13, "twice"),
    ("recall", "def recall_at_k(r, rel, k=10): return len(set(r[:10]) & set(rel)) / len(rel) if rel else 0.0", 12, "first k"),
    ("normalize", "def normalize_scores(s): s = np.asarray(s, float); return s / s.max()", 0, "lowest score should become 0"),
    ("normalize", "def normalize_scores(s): return np.zeros(len(s))", 0, "highest 1"),
    ("best_alpha", "best_alpha = 0.5; alpha_table = pd.DataFrame({'alpha': ALPHAS, 'mean_recall': [0.5] * 11})", 0,
     "differ from the reference"),
])
def test_a_wrong_answer_loses_the_points_of_its_property(question, answer, score, says, answered, small_homework):
    space = answered()
    exec(answer, space)
    verdict = judge_namespace(question, space, small_homework)
    assert verdict.score == score and says in verdict.message


@pytest.mark.parametrize("right, wrong, score, says", [
    ("np.argsort(-similarities, kind=\"stable\")", "np.argsort(similarities)", 0, "wrong product"),
    ("np.arange(1, len(results) + 1)", "np.arange(len(results))", 17, "rank"),
    ("[:k]", "[:k + 1]", 17, "rows"),
    ("similarities[best]", "similarities[:len(best)]", 16, "not that product's score"),
    ("products_df.iloc[best]", "products_df.reindex(best)", 0, "product_id"),
])
def test_semantic_search_by_property(right, wrong, score, says, answered, solutions, small_homework):
    assert right in solutions["semantic"]
    verdict = judge_namespace("semantic", answered(semantic=solutions["semantic"].replace(right, wrong)), small_homework)
    assert verdict.score == score and says in verdict.message


@pytest.mark.parametrize("right, wrong, score", [
    ("alpha * semantic + (1 - alpha) * bm25", "alpha * bm25 + (1 - alpha) * semantic", 0),
    ("alpha * semantic + (1 - alpha) * bm25", "0.5 * semantic + 0.5 * bm25", 0),
    ("bm25 = normalize_scores(score_bm25(query, index, len(products_df), doc_lengths))",
     "bm25 = score_bm25(query, index, len(products_df), doc_lengths)", 0),
    ("np.arange(1, len(results) + 1)", "np.arange(len(results))", 18),
])
def test_hybrid_search_by_property(right, wrong, score, answered, solutions, small_homework):
    assert right in solutions["hybrid"]
    verdict = judge_namespace("hybrid", answered(hybrid=solutions["hybrid"].replace(right, wrong)), small_homework)
    assert verdict.score == score


def test_the_same_seed_draws_the_same_probes_and_another_seed_others(small_homework):
    question = QUESTIONS["hw4"][0]
    first, again, other = (json.loads(draw_request(question, small_homework, seed).to_wire())["probes"] for seed in (3, 3, 4))
    assert first == again != other


def test_evidence_missing_doubled_or_from_another_request_earns_nothing(answered, small_homework):
    question = QUESTIONS["hw4"][0]
    request, other = (draw_request(question, small_homework, 7) for _ in range(2))

    def evidence(of):
        wire = json.loads(of.to_wire())
        return json.dumps({"nonce": wire["nonce"], "answers": answer_probes(wire["probes"], answered(), None)})

    assert judge(request, [evidence(request)], small_homework).complete
    assert judge(request, [], small_homework).score == 0
    assert judge(request, [evidence(request)] * 2, small_homework).score == 0
    assert judge(request, [evidence(other)], small_homework).score == 0


def test_what_the_judge_knows_never_goes_to_the_kernel(small_homework):
    for question in QUESTIONS["hw4"]:
        if question.checks:
            for probe in json.loads(draw_request(question, small_homework, 5).to_wire())["probes"]:
                assert set(probe) <= {"id", "call", "args", "kwargs", "read", "columns"}


def test_reference_values_are_for_one_data_set_only(small_homework, monkeypatch, tmp_path):
    from autograder import homework
    monkeypatch.setattr(homework, "REFERENCE_FOLDER", tmp_path)
    with pytest.raises(ReferenceMissing, match="autograder reference hw4"):
        load_homework("hw4")


def test_float32_answers_are_right_too(answered, small_homework):
    space = answered()
    exec("""
def batch_cosine_similarity(query_emb, doc_embs):
    q, d = np.asarray(query_emb, np.float32), np.asarray(doc_embs, np.float32)
    n = np.linalg.norm(d, axis=1) * np.linalg.norm(q)
    return np.divide(d @ q, n, out=np.zeros(len(d), np.float32), where=n > 0)
""", space)
    for question in ("batch_cosine", "semantic", "hybrid"):
        assert judge_namespace(question, space, small_homework).complete
    assert space["batch_cosine_similarity"](np.ones(3), np.ones((2, 3))).dtype == np.float32
