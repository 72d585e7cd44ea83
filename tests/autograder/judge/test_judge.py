"""The judge on right, wrong and missing answers of every question."""

import json
import shutil

import nbformat
import numpy as np
import pytest

from autograder.inside.collector import AGAIN, OWN, KernelPart, answer_probes
from autograder.judge.banks import run_answers
from autograder.judge.evidence import Failure
from autograder.judge.homework import ReferenceMissing, find_homework
from autograder.judge.judge import draw_request, evidence_of, judge
from autograder.judge.part import part_for
from autograder.judge.submission import FullMarks, judge_run
from autograder.run.notebook import Run
from helpers.sentences import rounded
from tests.support.hw4 import POINTS, QUESTIONS, RIGHT_ANSWERS, points_without

# Wrong answers divide by zero on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
JUDGED = [q.id for q in QUESTIONS if q.checks]


def said(verdict) -> str:
    """Everything that the student reads."""
    return " ".join([verdict.message, *(check.problem or "" for check in verdict.checks)])


def test_the_points_add_up_to_100():
    assert sum(q.points for q in QUESTIONS) == 100
    assert [q.id for q in QUESTIONS] == [
        "cosine",
        "batch_cosine",
        "recall",
        "semantic",
        "normalize",
        "hybrid",
        "best_alpha",
        "misaligned",
        "reflection",
    ]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("question", JUDGED)
def test_the_solution_earns_full_marks(question, seed, answered, judged):
    verdict = judged(question, answered(), seed=seed)
    assert verdict.complete, verdict.message
    assert verdict.message == "All checks passed."


@pytest.mark.parametrize("question", JUDGED)
def test_a_blank_answer_earns_nothing(question, answered, judged):
    verdict = judged(question, {})
    assert verdict.score == 0 and "not defined" in verdict.message


@pytest.mark.parametrize(
    "question, answer, score, says",
    [
        ("cosine", "def cosine_similarity(a, b): return 0.0", 0, "gave 0"),
        ("cosine", "def cosine_similarity(a, b): return np.dot(a, b)", 0, "both lengths"),
        (
            "cosine",
            "def cosine_similarity(a, b): return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))",
            points_without("cosine", "zero"),
            "zero vector",
        ),
        (
            "cosine",
            "def cosine_similarity(a, b):\n"
            "    n = np.linalg.norm(a) * np.linalg.norm(b)\n"
            "    return np.array([np.dot(a, b) / n if n else 0.0])",
            points_without("cosine", "number"),
            "one plain number",
        ),
        ("cosine", "def cosine_similarity(a, b): print('hm')", 0, "None"),
        (
            "batch_cosine",
            "def batch_cosine_similarity(q, d):\n"
            "    n = np.linalg.norm(d, axis=1, keepdims=True) * np.linalg.norm(q)\n"
            "    return np.divide(d @ q[:, None], n, out=np.zeros((len(d), 1)), where=n > 0)",
            points_without("batch_cosine", "result"),
            "shape",
        ),
        ("recall", "def recall_at_k(r, rel, k=10): return len(set(r[:k]) & set(rel)) / k", 0, "What do you divide by"),
        (
            "recall",
            "def recall_at_k(r, rel, k=10): return sum(x in rel for x in r[:k]) / len(rel) if rel else 0.0",
            points_without("recall", "doubles"),
            "twice",
        ),
        (
            "recall",
            "def recall_at_k(r, rel, k=10): return len(set(r[:10]) & set(rel)) / len(rel) if rel else 0.0",
            points_without("recall", "cut"),
            "first k",
        ),
        (
            "normalize",
            "def normalize_scores(s): s = np.asarray(s, float); return s / s.max()",
            0,
            "lowest score should become 0",
        ),
        ("normalize", "def normalize_scores(s): return np.zeros(len(s))", 0, "highest 1"),
        (
            "best_alpha",
            "best_alpha = 0.5; alpha_table = pd.DataFrame({'alpha': ALPHAS, 'mean_recall': [0.5] * 11})",
            0,
            "differ from the reference",
        ),
    ],
)
def test_a_wrong_answer_loses_the_points_of_its_property(question, answer, score, says, answered, judged):
    space = answered()
    exec(answer, space)
    verdict = judged(question, space)
    assert verdict.score == score == sum(check.earned for check in verdict.checks)
    assert says in said(verdict)


@pytest.mark.parametrize(
    "right, wrong, score, says",
    [
        ('np.argsort(-similarities, kind="stable")', "np.argsort(similarities)", 0, "wrong product"),
        ("np.arange(1, len(results) + 1)", "np.arange(len(results))", 17, "rank"),
        ("[:k]", "[:k + 1]", 17, "rows"),
        ("similarities[best]", "similarities[:len(best)]", 16, "not that product's score"),
        ("products_df.iloc[best]", "products_df.reindex(best)", 0, "product_id"),
    ],
)
def test_semantic_search_by_property(right, wrong, score, says, answered, solutions, judged):
    assert right in solutions["semantic"]
    verdict = judged("semantic", answered(semantic=solutions["semantic"].replace(right, wrong)))
    assert verdict.score == score and says in said(verdict)


@pytest.mark.parametrize(
    "right, wrong, score",
    [
        ("alpha * semantic + (1 - alpha) * bm25", "alpha * bm25 + (1 - alpha) * semantic", 0),
        ("alpha * semantic + (1 - alpha) * bm25", "0.5 * semantic + 0.5 * bm25", 0),
        (
            "bm25 = normalize_scores(score_bm25(query, index, len(products_df), doc_lengths))",
            "bm25 = score_bm25(query, index, len(products_df), doc_lengths)",
            0,
        ),
        ("np.arange(1, len(results) + 1)", "np.arange(len(results))", 18),
    ],
)
def test_hybrid_search_by_property(right, wrong, score, answered, solutions, judged):
    assert right in solutions["hybrid"]
    verdict = judged("hybrid", answered(hybrid=solutions["hybrid"].replace(right, wrong)))
    assert verdict.score == score


COSINES = (
    "    lengths = np.linalg.norm(d, axis=1) * np.linalg.norm(q)\n"
    "    c = np.divide(d @ q, lengths, out=np.zeros(len(d)), where=lengths > 0)\n"
)
COSINE = "    n = np.linalg.norm(a) * np.linalg.norm(b)\n    c = float(np.dot(a, b) / n) if n else 0.0\n"
SCALED = "    s = np.asarray(s, float)\n    r = np.ptp(s)\n    c = (s - s.min()) / r if r else np.zeros(len(s))\n"
FOUND = "    c = len(set(r[:k]) & set(rel)) / len(rel) if rel else 0.0\n"


@pytest.mark.parametrize("lost", ["np.round(c, 3)", "np.float16(c)", "np.round(c, 4)", "c * 1.003"])
@pytest.mark.parametrize(
    "question, body",
    [
        ("cosine", "def cosine_similarity(a, b):\n" + COSINE),
        ("recall", "def recall_at_k(r, rel, k=10):\n" + FOUND),
        ("batch_cosine", "def batch_cosine_similarity(q, d):\n" + COSINES),
        ("normalize", "def normalize_scores(s):\n" + SCALED),
    ],
)
def test_digits_that_are_lost_are_named_and_other_small_errors_are_not(question, body, lost, answered, judged):
    def verdict_on(result):
        space = answered()
        exec(body + f"    return {result}", space)
        return judged(question, space, seed=4)

    narrow = verdict_on("np.asarray(c, dtype=np.float32)")
    assert narrow.score >= (narrow.max_score - 1 if question != "recall" else 0)
    verdict = verdict_on(lost)
    assert verdict.score < verdict.max_score
    assert ("return it unrounded" in verdict.message) == ("1.003" not in lost)


@pytest.mark.parametrize(
    "got, expected, said",
    [
        (0.71, 0.7071, True),
        (0.7071, 0.70710678, True),
        (np.float32(0.71), 0.7071, True),
        (1.0, 0.9971, True),
        (0.72, 0.7071, False),
        (0.7, 0.7071, False),
        (float("nan"), 0.5, False),
        ([0.12, 0.34], [0.1234, 0.3421], True),
        ([0.12, 0.3421], [0.1234, 0.3422], False),
        ([0.12, 0.9], [0.1234, 0.3421], False),
    ],
)
def test_what_looks_rounded(got, expected, said):
    assert rounded(got, expected) is said


@pytest.mark.parametrize(
    "ename, evalue, says",
    [
        (
            "SyntaxError",
            "'(' was never closed (417315994.py, line 3)",
            "Your answer cell stopped with SyntaxError: '(' was never closed (line 3), so cosine_similarity "
            "is not defined.",
        ),
        (
            "NameError",
            "name 'x' is not defined",
            "stopped with NameError: name 'x' is not defined, so cosine_similarity is",
        ),
        ("StopIteration", "", "stopped with StopIteration, so cosine_similarity is not defined."),
        ("NotImplementedError", "", "Not answered yet"),
        ("KeyboardInterrupt", "", "took too long and was stopped"),
        ("E\x1b[2J\nrror", "a\nb\u202e" + "c" * 10_000, "stopped with E [2J rror: a b cccc"),
        ("", "", "stopped with an error, so"),
    ],
)
def test_an_answer_cell_that_stopped_is_why_its_function_is_missing(ename, evalue, says, small_homework):
    request = draw_request(QUESTIONS[0], small_homework, 5)
    cell = nbformat.v4.new_code_cell("x", metadata={"nbgrader": {"grade_id": "answer_cosine"}})
    cell.outputs = [nbformat.from_dict({"output_type": "error", "ename": ename, "evalue": evalue, "traceback": []})]
    run = Run(nbformat.v4.new_notebook(cells=[cell]), {"cosine": [evidence_of(request, {}, small_homework)]})
    [verdict] = judge_run(run, {"cosine": request}, (request.question,), small_homework, []).verdicts
    assert verdict.score == 0 and says in verdict.message
    assert len(verdict.message) < 700 and verdict.message.isprintable()


def test_an_error_in_the_answer_cell_costs_nothing_where_the_function_is_there(answered, small_homework):
    request = draw_request(QUESTIONS[0], small_homework, 5)
    evidence = [evidence_of(request, answered(), small_homework)]
    assert (
        judge(request, evidence, small_homework, stopped=Failure("NameError", "later")).message == "All checks passed."
    )


def test_the_same_seed_draws_the_same_probes_and_another_seed_others(small_homework):
    question = QUESTIONS[0]
    first, again, other = (
        json.loads(draw_request(question, small_homework, seed).to_wire())["probes"] for seed in (3, 3, 4)
    )
    assert first == again != other


def test_evidence_missing_doubled_or_from_another_request_earns_nothing(answered, small_homework):
    question = QUESTIONS[0]
    request, other = (draw_request(question, small_homework, 7) for _ in range(2))

    def evidence(of):
        wire = json.loads(of.to_wire(OWN))
        return json.dumps(
            {"nonce": wire["nonce"], "answers": answer_probes(wire["probes"], answered(), KernelPart(""))}
        )

    assert judge(request, [evidence(request)], small_homework).complete
    assert judge(request, [], small_homework).score == 0
    assert judge(request, [evidence(request)] * 2, small_homework).score == 0
    assert judge(request, [evidence(other)], small_homework).score == 0


KNOWN = {"id", "call", "args", "kwargs", "argument", "read", "columns", "with", "only"}


def test_what_the_judge_knows_never_goes_to_the_kernel(small_homework):
    for question in QUESTIONS:
        if question.checks:
            for wire in draw_request(question, small_homework, 5).to_wires().values():
                for probe in json.loads(wire)["probes"]:
                    assert set(probe) <= KNOWN


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.checks], ids=lambda question: question.id)
def test_a_request_that_was_drawn_parses_nothing_any_more(question, small_homework, monkeypatch):
    """Submissions run in threads, and two that parse at once end in a SystemError on Python 3.11."""
    request = draw_request(question, small_homework, 6)
    part_for.cache_clear()

    def parse(*_):
        raise SystemError("AST constructor recursion depth mismatch")

    monkeypatch.setattr("ast.parse", parse)
    wires = request.to_wires()
    assert [json.loads(wire)["question"] for wire in wires.values()] == [question.id] * len(wires)


def test_reference_values_are_for_one_data_set_only(small_homework, small_data, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(small_data, other)
    labels = (other / "label.csv").read_text().splitlines(keepends=True)
    (other / "label.csv").write_text("".join(labels[:-1]))
    assert find_homework(small_homework.folder).shop.reference == small_homework.shop.reference
    with pytest.raises(ReferenceMissing, match="autograder reference hw4"):
        find_homework(small_homework.folder, other)


def test_float32_answers_are_right_too(answered, judged):
    space = answered()
    exec(
        """
def batch_cosine_similarity(query_emb, doc_embs):
    q, d = np.asarray(query_emb, np.float32), np.asarray(doc_embs, np.float32)
    n = np.linalg.norm(d, axis=1) * np.linalg.norm(q)
    return np.divide(d @ q, n, out=np.zeros(len(d), np.float32), where=n > 0)
""",
        space,
    )
    for question in ("batch_cosine", "semantic", "hybrid"):
        assert judged(question, space).complete
    assert space["batch_cosine_similarity"](np.ones(3), np.ones((2, 3))).dtype == np.float32


WRONG = {
    "cosine": "def cosine_similarity(a, b): return float(np.dot(a, b))",
    "batch_cosine": "def batch_cosine_similarity(q, d): return d @ q",
    "batch_cosine nan": "def batch_cosine_similarity(q, d): return np.full(len(d), np.nan)",
    "batch_cosine shape": "def batch_cosine_similarity(q, d): return (d @ q)[:, None]",
    "batch_cosine blank": "def batch_cosine_similarity(q, d): raise NotImplementedError()",
    "recall": "def recall_at_k(r, rel, k=10): return len(set(r[:k]) & set(rel)) / k",
    "normalize": "def normalize_scores(s): return s / np.max(s)",
    "normalize blank": "def normalize_scores(s): raise NotImplementedError()",
    "hybrid": "def hybrid_search(*args, **kwargs): return args[3].head(3)",
}


@pytest.fixture
def written(small_homework, solutions):
    """A function: the namespace of a notebook with the solutions, some of them replaced; cells may fail."""
    return lambda **answers: run_answers(small_homework.shop.notebook(), solutions | answers)


@pytest.mark.parametrize(
    "wrong, question",
    [
        ("batch_cosine", "semantic"),
        ("batch_cosine nan", "semantic"),
        ("batch_cosine shape", "semantic"),
        ("batch_cosine blank", "semantic"),
        ("batch_cosine nan", "hybrid"),
        ("normalize", "hybrid"),
        ("normalize blank", "hybrid"),
        ("recall", "best_alpha"),
        ("normalize", "best_alpha"),
        ("batch_cosine nan", "best_alpha"),
    ],
)
def test_a_wrong_helper_is_paid_for_once(wrong, question, written, solutions, judged):
    helper = wrong.split()[0]
    space = written(**{helper: WRONG[wrong]})
    assert not judged(helper, space).complete
    verdict = judged(question, space, answer_cell=solutions[question], lost=[helper])
    assert verdict.complete and verdict.misconception is None
    assert "with the course's own" in verdict.message and verdict.message.endswith("does not count twice.")


def test_a_table_made_with_a_wrong_hybrid_search_counts_where_the_search_is_right(written, judged):
    cell = RIGHT_ANSWERS["best_alpha"][1].source
    assert "hybrid_search" in cell
    space = written(hybrid=WRONG["hybrid"], best_alpha=cell)
    assert judged("best_alpha", space, answer_cell=cell).score == 0
    assert judged("best_alpha", space, answer_cell=cell, lost=["hybrid"]).complete


def test_a_wrong_helper_saves_no_wrong_search(written, solutions, judged):
    wrong = solutions["semantic"].replace('np.argsort(-similarities, kind="stable")', "np.argsort(similarities)")
    space = written(batch_cosine=WRONG["batch_cosine"], semantic=wrong)
    verdict = judged("semantic", space, lost=["batch_cosine"])
    assert verdict.score == 0 and verdict.misconception == "worst-first"
    assert "with the course's own batch_cosine_similarity, so" in verdict.message


def test_right_helpers_stand_in_only_where_a_helper_lost_points(written, judged):
    space = written(batch_cosine=WRONG["batch_cosine"])
    assert judged("semantic", space, lost=[]).score < 20
    assert judged("semantic", space, lost=["recall"]).score < 20


def test_a_table_typed_in_by_hand_is_not_saved_by_a_wrong_helper(written, judged):
    cell = "best_alpha = 0.5; alpha_table = pd.DataFrame({'alpha': ALPHAS, 'mean_recall': [0.4] * 11})"
    space = written(recall=WRONG["recall"], best_alpha=cell)
    assert judged("best_alpha", space, answer_cell=cell, lost=["recall"]).score == 0


def best_alpha_where_nothing_below_earned_anything(homework, space, cell):
    request = draw_request(next(q for q in homework.questions if q.id == "best_alpha"), homework, 5)
    own, again = ([evidence_of(request, space, homework, [cell], kind)] for kind in (OWN, AGAIN))
    blank = [q.id for q in request.question.builds_on]
    assert judge(request, own, homework, blank, again=again).complete
    return [
        judge(request, own, homework, blank, again=answers, unearned=blank).score for answers in (again, [], again * 2)
    ]


def test_right_figures_typed_in_by_hand_count_only_where_the_work_below_them_does(answered, written, small_homework):
    """All else is blank: the table cannot have been computed here, whatever the cell does when it is run again."""
    right = answered()
    table, held_out = right["alpha_table"].to_dict("list"), dict(right["held_out"])
    cell = f"best_alpha = {right['best_alpha']}\nalpha_table = pd.DataFrame({table})\nheld_out = {held_out}"
    for begin in ("", "if len(choose_queries) < 15: raise ValueError\n", "if len(choose_queries) < 15: 1 / 0\n"):
        space = written(best_alpha=begin + cell)
        assert best_alpha_where_nothing_below_earned_anything(small_homework, space, begin + cell) == [0, 0, 0]


def test_a_cell_that_computes_keeps_its_points_though_nothing_below_earned_any(written, solutions, small_homework):
    marks = best_alpha_where_nothing_below_earned_anything(small_homework, written(), solutions["best_alpha"])
    assert marks == [POINTS["best_alpha"], 0, 0]


def test_a_question_that_builds_on_a_lost_one_says_so(written, solutions, judged):
    ranked_from_zero = solutions["semantic"].replace("np.arange(1, len(results) + 1)", "np.arange(len(results))")
    space = written(batch_cosine=WRONG["batch_cosine nan"], semantic=ranked_from_zero)
    verdict = judged("semantic", space, lost=["batch_cosine"])
    assert verdict.score == 17 and verdict.misconception == "rank-from-zero"
    assert verdict.message.endswith(
        "This was judged with the course's own batch_cosine_similarity, so that an earlier "
        "mistake does not count twice."
    )


def test_of_the_two_results_the_better_one_counts(written, solutions, judged):
    """This search turns its own distances round; with the course's cosines in their place nothing of it is right."""
    distances = solutions["batch_cosine"].replace("return np.divide(", "return 1 - np.divide(")
    by_distance = (
        solutions["semantic"]
        .replace("similarities = batch_cosine_similarity(", "similarities = 1 - batch_cosine_similarity(")
        .replace("np.arange(1, len(results) + 1)", "np.arange(len(results))")
    )
    assert distances != solutions["batch_cosine"] and "1 - batch" in by_distance
    space = written(batch_cosine=distances, semantic=by_distance)
    verdict = judged("semantic", space, lost=["batch_cosine"])
    assert verdict.score == 17 and sum(check.earned for check in verdict.checks) == 17
    assert "batch_cosine_similarity, where points were lost too: start there." in verdict.message


def test_the_notebook_is_left_as_it_was(written, solutions, judged):
    space = written()
    before = dict(space)
    for question in JUDGED:
        judged(question, space, answer_cell=solutions[question])
    assert {name: id(value) for name, value in space.items()} == {name: id(value) for name, value in before.items()}


def test_an_answer_cell_that_fails_when_run_again_costs_nothing(written, judged):
    space = written()
    for cell in (None, "1 / 0", "this is no Python", "alpha_table = 3"):
        assert judged("best_alpha", space, answer_cell=cell, lost=["recall"]).complete


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_order_of_equal_bm25_scores_is_right(dtype, small_homework):
    """Names share few words, so BM25 scores tie often; each order of the ties, in either precision, is in the range."""
    reference, rng = small_homework.shop.reference["bm25"], np.random.default_rng(3)
    least, most = np.array(reference["least"]), np.array(reference["most"])
    assert (most > least).any()
    scores = small_homework.shop.bm25_scores.astype(dtype)
    for _ in range(5):
        noise = rng.permuted(np.tile(np.arange(scores.shape[1]), (len(scores), 1)), axis=1)
        top = np.lexsort((noise, -scores), axis=1)[:, :10]
        found = np.take_along_axis(small_homework.shop.relevant, top, axis=1).sum(axis=1)
        recalls = found / np.maximum(small_homework.shop.relevant.sum(axis=1), 1)
        assert (recalls >= least - 1e-9).all() and (recalls <= most + 1e-9).all()


@pytest.mark.parametrize(
    "order",
    [
        "np.argsort(-hybrid, kind='stable')",
        "np.argsort(-hybrid)",
        "np.argsort(hybrid)[::-1]",
        "np.lexsort((np.random.default_rng(1).permutation(len(hybrid)), -hybrid))",
        "np.argsort(-hybrid.astype(np.float32), kind='stable')[::1]",
    ],
)
def test_hybrid_search_may_break_ties_in_any_way(order, written, solutions, judged):
    right = 'np.argsort(-hybrid, kind="stable")'
    assert right in solutions["hybrid"]
    space = written(hybrid=solutions["hybrid"].replace(right, order))
    assert judged("hybrid", space).complete


def test_what_earns_all_points_by_itself_is_known_before_the_end(answered, small_homework):
    requests = {q.id: draw_request(q, small_homework, 5) for q in QUESTIONS if q.checks}
    right = answered()
    evidence = {name: [evidence_of(request, right, small_homework)] for name, request in requests.items()}
    build = {name for name, request in requests.items() if request.again}
    assert build
    full = FullMarks(requests, small_homework)
    assert full(evidence) == {name for name in build if not requests[name].is_rerun} != build
    run = Run(nbformat.v4.new_notebook(), evidence)
    known = judge_run(run, requests, QUESTIONS, small_homework, [], full.verdicts)
    assert known == judge_run(run, requests, QUESTIONS, small_homework, [])
    for absent in ([], ["no evidence"], evidence["cosine"] * 2):
        assert FullMarks(requests, small_homework)(evidence | {"hybrid": absent}) == set(full.verdicts) - {"hybrid"}
