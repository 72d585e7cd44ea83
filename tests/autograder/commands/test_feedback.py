"""Everybody who handed in gets a page: who could not be graded reads why, and what to do."""

import pytest

from autograder.commands import feedback
from autograder.commands.feedback import give_feedback, page_of
from autograder.course.folder import Course
from autograder.gradebook.results import NOTHING, StudentResult
from autograder.pages.feedback import failed_page
from tests.support.attacks import ATTACKS, Page


def test_who_failed_has_a_page_where_the_others_have_theirs(tmp_path, monkeypatch):
    course = Course(tmp_path)
    results = [StudentResult("ada", "graded", None, []), StudentResult("..emmy/", "failed", "It is cut <off>.", [])]
    results.append(StudentResult("absent", "failed", NOTHING, []))

    def write(course, assignment):
        page_of(course, assignment, "ada").parent.mkdir(parents=True)
        page_of(course, assignment, "ada").write_text("the page of ada")

    monkeypatch.setattr(feedback, "load_results", lambda *_: results)
    monkeypatch.setattr(feedback.marks, "check", lambda course: None)
    monkeypatch.setattr(feedback.marks, "write_feedback", write)
    graded, failed = give_feedback(course, "hw4")
    assert not page_of(course, "hw4", "absent").exists()
    assert graded == [page_of(course, "hw4", "ada")] and failed == [page_of(course, "hw4", "..emmy/")]
    page = failed[0].read_text()
    assert failed[0].is_relative_to(tmp_path / "build" / "feedback") and "It is cut &lt;off&gt;." in page
    assert "What to do" in page and "hw4.ipynb" in page and "..emmy/" in page
    monkeypatch.setattr(feedback, "load_results", lambda *_: results[1:])
    monkeypatch.setattr(feedback.marks, "write_feedback", lambda *_: pytest.fail("nobody is graded"))
    assert give_feedback(course, "hw4")[1] == failed


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_on_it_acts(attack):
    page, own = failed_page(attack, attack, attack), failed_page("hw4", "ada", "why")
    assert Page(page).acts() == Page(own).acts() and Page(own).acts()[1:] == ([], [], [])
