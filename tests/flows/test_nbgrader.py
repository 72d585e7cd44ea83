"""nbgrader's own command, Formgrader's button and `autograder grade` give the same marks by the same safe path."""

import asyncio
import re
import shutil

import nbformat
import pytest
from nbgrader.apps.api import NbGraderAPI

from autograder.commands.demo import make_course
from autograder.commands.grade import find_submissions, grade_all
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook, with_mistakes
from autograder.gradebook import marks
from autograder.gradebook.results import load_results
from autograder.pages.report import write_report
from tests.conftest import SEED
from tests.support.hw4 import JUDGED, POINTS
from tests.support.processes import nbgrader

TRANSFORMER = 'get_ipython().input_transformers_post.append(lambda lines: ["pass\\n"])\n'


@pytest.fixture(scope="module")
def handed_in(small_homework, tmp_path_factory):
    """A course with four submissions: one partly wrong, one that cheats, one under another name, one broken."""
    course = make_course(tmp_path_factory.mktemp("course"), small_homework.folder.parents[1])
    # nbgrader's own command runs in a process of its own, where chance has to be taken out once more.
    config = course.root / "nbgrader_config.py"
    config.write_text(f"{config.read_text()}\nimport secrets\nsecrets.randbits = lambda bits: {SEED}\n")
    marks.register(course, "hw4")
    source = read_notebook(course.source("hw4"))
    cheat = nbformat.from_dict(
        read_notebook(course.build / "release" / "hw4" / "hw4.ipynb")
        if (course.build / "release" / "hw4").is_dir()
        else source
    )
    next(c for c in cheat.cells if c.metadata.nbgrader.grade_id == "answer_cosine").source = TRANSFORMER
    for student, notebook, name in [
        ("carl", with_mistakes(source, small_homework.key.DEMO_MISTAKES["carl"]), "hw4"),
        ("mallory", cheat, "hw4"),
        ("nora", with_mistakes(source, small_homework.key.DEMO_MISTAKES["carl"]), "my work"),
    ]:
        path = course.submitted("hw4", student).with_name(f"{name}.ipynb")
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    broken = course.submitted("hw4", "zed")
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    return course


@pytest.fixture
def course(handed_in, tmp_path):
    shutil.copytree(handed_in.root, tmp_path / "course", symlinks=True)
    config = tmp_path / "course" / "nbgrader_config.py"
    assert str(handed_in.root) not in config.read_text()
    return Course(tmp_path / "course")


@pytest.fixture(scope="module")
def expected(handed_in, small_homework, tmp_path_factory):
    """What `autograder grade` finds: see `outcome`."""
    folder = tmp_path_factory.mktemp("expected") / "course"
    shutil.copytree(handed_in.root, folder)
    here = Course(folder)
    grade_all(here, small_homework, find_submissions(here.build / "submitted", "hw4"), seed=3, jobs=2)
    return outcome(here)


def outcome(course):
    """{student: (status, {question: score}, why it failed, what was repaired)}, as results and gradebook agree."""
    found = {}
    for result in load_results(course, "hw4"):
        scores = {q: m.score for q, m in marks.marks_of(course, "hw4", result.student).items()}
        if result.status == "graded":
            assert scores == {q.id: q.score for q in result.questions}
        else:  # a student who was never graded before has no marks at all, another has nothing but zeros
            assert not any(scores.values())
            scores = {}
        assert all(q.message for q in result.questions)
        found[result.student] = result.status, scores, result.reason, result.repairs
    return found


def test_autograder_grade(expected):
    totals = {s: sum(m.values()) for s, (_, m, _, _) in expected.items()}
    assert 0 < totals["carl"] < JUDGED and totals["nora"] == totals["carl"]
    assert totals["mallory"] == 0 and totals["zed"] == 0 and expected["zed"][0] == "failed"


def test_the_command_nbgrader_autograde(course, expected, tmp_path, small_homework):
    done = nbgrader(course, "autograde", "hw4")
    assert done.returncode != 0 and "valid JSON" in done.stderr  # zed's file is broken, and nbgrader says so
    assert outcome(course) == expected
    page = write_report(course, small_homework, load_results(course, "hw4"), tmp_path / "r.html").read_text()
    total = f"{sum(expected['nora'][1].values()):g} of {sum(POINTS.values())}"
    assert re.search(rf"\bnora <span[^<]*>· {total}</span></h3>", page) and "notebook was called my work.ipynb" in page
    done = nbgrader(course, "generate_feedback", "hw4")
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"0 of {POINTS['cosine']} points" in (course.build / "feedback" / "mallory" / "hw4" / "hw4.html").read_text()


def test_the_button_in_formgrader(course, expected, small_homework, monkeypatch):
    api = NbGraderAPI(course.directory(assignment="hw4"), config=course.config())

    async def press(student):  # the button's handler runs inside Formgrader's event loop
        return api.autograde("hw4", student)

    for student in ("carl", "mallory", "zed"):
        done = asyncio.run(press(student))
        assert done["success"] == (student != "zed"), done
    assert outcome(course) == {s: found for s, found in expected.items() if s != "nora"}


def test_a_failed_intake_leaves_no_older_mark(course, expected, small_homework):
    handed = [h for h in find_submissions(course.build / "submitted", "hw4") if h.student == "carl"]
    grade_all(course, small_homework, handed, seed=3)
    assert sum(outcome(course)["carl"][1].values()) > 0
    course.submitted("hw4", "carl").write_text("{}")
    assert nbgrader(course, "autograde", "hw4", "--student", "carl", "--force").returncode != 0
    status, scores, reason, _ = outcome(course)["carl"]
    assert status == "failed" and sum(scores.values()) == 0 and "no cells" in reason
    assert not (course.build / "autograded" / "carl" / "hw4").exists()


def test_links_beside_a_submission_reach_no_page(course, expected, small_homework, monkeypatch):
    folder = course.submitted("hw4", "mallory").parent
    (folder / "loot.db").symlink_to(course.build / "gradebook.db")
    (folder / "own.txt").write_text("own")
    api = NbGraderAPI(course.directory(assignment="hw4"), config=course.config())
    assert api.autograde("hw4", "mallory")["success"]
    marks.write_feedback(course, "hw4")
    for made in ("autograded", "feedback"):
        assert {p.suffix for p in (course.build / made / "mallory" / "hw4").iterdir()} <= {".ipynb", ".html"}
