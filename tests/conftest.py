"""Shared, prepared states: a small catalogue cut from the demo data, and a homework on it."""

import shutil
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]
POOL = REPOSITORY.parent / "shared" / "wands" / "pool"
SEED = 7

# Hypothesis draws the same examples in every run, and no example fails because the machine was busy.
settings.register_profile("same every time", derandomize=True, deadline=None)
settings.load_profile("same every time")


@pytest.fixture(scope="session", autouse=True)
def no_chance():
    """Where the product draws a fresh seed for itself, it draws the same one in every test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("secrets.randbits", lambda bits: SEED)
        yield


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
def measured_homework(small_data, tmp_path_factory):
    """Homework 4, alone in a course folder of the tests' own, on the small catalogue, its reference values there."""
    from autograder.commands.demo import make_course
    from autograder.judge.homework import Homework

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA_DIR", str(small_data))
        course = make_course(tmp_path_factory.mktemp("small-course"))
        for name in course.homeworks():
            if name != "hw4":
                shutil.rmtree(course.homework(name))
        homework = Homework(course.homework("hw4"))
        homework.save_reference()
        return homework


@pytest.fixture(scope="module")
def small_homework(small_data, measured_homework):
    """The homework above; for the rest of the module the small catalogue is the data set in use, for kernels too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA_DIR", str(small_data))
        yield measured_homework


@pytest.fixture(scope="session")
def sandboxed():
    """For tests that run notebooks: skips them, with the reason, where this machine has no sandbox."""
    from autograder.run import sandbox

    try:
        sandbox.require()
    except sandbox.SandboxUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def browser():
    """A real browser; tests are skipped where this machine has none."""
    from tests.support.browser import opened_browser

    with opened_browser() as browser:
        yield browser


@pytest.fixture
def page(browser):
    """A new page in a real browser."""
    from tests.support.browser import new_page

    return new_page(browser)


@pytest.fixture(scope="session")
def solutions() -> dict[str, str]:
    """{question id: the text of the instructor's answer}, of homework 4."""
    from tests.support.solutions import solutions_of

    return solutions_of("hw4")


@pytest.fixture
def answered(small_homework, solutions):
    """A function: the namespace of a notebook with the solutions, some of them replaced by other texts."""

    def namespace(**answers: str) -> dict:
        space = small_homework.shop.notebook()
        for question, source in (solutions | answers).items():
            if question != "reflection":
                exec(source, space)
        return space

    return namespace


@pytest.fixture
def judged(small_homework):
    """A function: the verdict on one question of a namespace, always for the same probes unless a seed is given."""
    from autograder.tryout import judge_namespace

    return partial(judge_namespace, homework=small_homework, seed=SEED)
