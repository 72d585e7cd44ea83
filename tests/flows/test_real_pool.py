"""The same on real WANDS products, queries and judgments, where ../shared/wands/pool lies beside the repository."""

import pytest

from autograder.commands.demo import make_course
from autograder.course.notebooks import read_notebook, solved
from autograder.intake.merge import Submission
from autograder.judge.homework import Homework
from autograder.judge.submission import grade_submission
from helpers import evaluate_search, hybrid_search, search_bm25, semantic_search
from tests.conftest import POOL, REPOSITORY

pytestmark = pytest.mark.skipif(not POOL.is_dir(), reason="the real WANDS pool is not on this machine")


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("COURSE_DATA_DIR", str(POOL))
    homework = Homework(make_course(tmp_path_factory.mktemp("course")).homework("hw4"))
    homework.measure_reference()
    yield homework
    patch.undo()


def test_one_evaluation_serves_every_search_and_agrees_with_the_reference(pool):
    data = pool.shop.data
    searches = {
        "bm25": lambda q: search_bm25(q, data.index, data.products, data.doc_lengths),
        "semantic": lambda q: semantic_search(q, data.product_embeddings, data.products),
        "hybrid": lambda q: hybrid_search(q, data.index, data.product_embeddings, data.products, data.doc_lengths),
    }
    for name, search in searches.items():
        recall = evaluate_search(search, data.queries, data.labels, verbose=False)["recall"]
        assert len(recall) == 40
        values = pool.shop.reference[name]
        assert values["mean_least"] - 1e-9 <= recall.mean() <= values["mean_most"] + 1e-9
        assert ((recall >= [x - 1e-9 for x in values["least"]]) & (recall <= [x + 1e-9 for x in values["most"]])).all()


def test_the_solution_earns_full_marks_on_real_data(pool):
    notebook = solved(read_notebook(REPOSITORY / "homework" / "hw4" / "hw4.ipynb"))
    graded = grade_submission(Submission(notebook), pool, seed=3)
    assert graded.problem is None
    assert [v.message for v in graded.verdicts if not v.complete] == ["Waits to be read and marked by hand."]
