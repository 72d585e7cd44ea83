"""Shared, prepared states: a small catalogue cut from the demo data, and a homework on it."""

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def _small_data_in_use(data: Path, reference: Path) -> Iterator[None]:
    from autograder.judge import homework

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA_DIR", str(data))
        patch.setattr(homework, "REFERENCE_FOLDER", reference)
        yield


@pytest.fixture(scope="session")
def small_reference(tmp_path_factory) -> Path:
    """The folder for the reference values of homework 4 on the small catalogue."""
    return tmp_path_factory.mktemp("reference")


@pytest.fixture(scope="session")
def measured_homework(small_data, small_reference):
    """Homework 4 on the small catalogue, measured once for all modules."""
    from autograder.judge import homework

    with _small_data_in_use(small_data, small_reference):
        homework.save_reference("hw4", homework.Homework(homework.load_homework_data()))
        return homework.load_homework("hw4")


@pytest.fixture(scope="module")
def small_homework(small_data, small_reference, measured_homework):
    """Homework 4 on the small catalogue, which is the data set in use for the rest of the module, for kernels too."""
    with _small_data_in_use(small_data, small_reference):
        yield measured_homework


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
