"""Shared, prepared states: a small catalogue cut from the demo data, and a homework on it."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
POOL = REPOSITORY.parent / "shared" / "wands" / "pool"


@pytest.fixture(scope="session")
def small_data(tmp_path_factory) -> Path:
    """A folder with 400 products of the demo catalogue, the queries judged on them and their labels.

    Small enough that a whole homework runs in seconds, varied enough that right and wrong answers differ.
    """
    from helpers import load_wands_labels, load_wands_products, load_wands_queries, sample_catalogue

    demo = REPOSITORY / "helpers" / "demo"
    products, queries, labels = sample_catalogue(
        load_wands_products(demo), load_wands_queries(demo), load_wands_labels(demo), n=400
    )
    queries = queries.head(40)
    labels = labels[labels["query_id"].isin(queries["query_id"])]
    folder = tmp_path_factory.mktemp("small-catalogue")
    products.rename(columns={"category_hierarchy": "category hierarchy"}).to_csv(
        folder / "product.csv", sep="\t", index=False
    )
    queries.to_csv(folder / "query.csv", sep="\t", index=False)
    labels.drop(columns="grade").to_csv(folder / "label.csv", sep="\t", index=False)
    return folder


@pytest.fixture(scope="session")
def small_homework(small_data, tmp_path_factory):
    """Homework 4 on the small catalogue, with its reference values stored in a folder of the tests' own.

    For the rest of the session the small catalogue is the data set in use, for kernels too.
    """
    from autograder.judge import homework

    patch = pytest.MonkeyPatch()
    patch.setenv("COURSE_DATA_DIR", str(small_data))
    patch.setattr(homework, "REFERENCE_FOLDER", tmp_path_factory.mktemp("reference"))
    measured = homework.Homework(homework.load_homework_data())
    homework.save_reference("hw4", measured)
    yield homework.load_homework("hw4")
    patch.undo()


@pytest.fixture(scope="session")
def sandboxed():
    """For tests that run notebooks: skips them, with the reason, where this machine has no sandbox."""
    from autograder.run import sandbox

    try:
        sandbox.require()
    except sandbox.SandboxUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def solutions() -> dict[str, str]:
    """{question id: the text of the instructor's answer}."""
    from autograder.commands.demo import solved
    from autograder.course.cells import answered_question
    from autograder.course.folder import read_notebook

    notebook = solved(read_notebook(REPOSITORY / "homework" / "hw4" / "hw4.ipynb"))
    return {question: cell.source for cell in notebook.cells if (question := answered_question(cell))}


@pytest.fixture
def answered(small_homework, solutions):
    """A function: the namespace of a notebook with the solutions, some of them replaced by other texts."""
    import numpy as np
    import pandas as pd

    from autograder.judge.homework import ALPHAS
    from helpers import evaluate_search, get_embedding_local, score_bm25

    def namespace(**answers: str) -> dict:
        space = {
            "np": np,
            "pd": pd,
            "ALPHAS": ALPHAS,
            "evaluate_search": evaluate_search,
            "get_embedding_local": get_embedding_local,
            "score_bm25": score_bm25,
            **vars(small_homework.data),
        }
        for question, source in (solutions | answers).items():
            if question != "reflection":
                exec(source, space)
        return space

    return namespace
