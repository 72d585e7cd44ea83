"""Formgrader in a real browser: its button grades by the safe path, and a mark given by hand there counts."""

import re

import nbformat

from autograder.commands.demo import make_course
from autograder.course.notebooks import read_notebook, solved
from autograder.gradebook import marks
from autograder.gradebook.results import load_results
from tests.support.browser import jupyterlab


def test_a_reader_grades_and_marks_by_hand_in_formgrader(sandboxed, template, small_homework, tmp_path, page):
    course = make_course(tmp_path / "course", template.root)
    marks.register(course, "hw4")
    path = course.submitted("hw4", "ada")
    path.parent.mkdir(parents=True)
    nbformat.write(solved(read_notebook(course.source("hw4"))), path)
    with jupyterlab(course.root, tmp_path) as address:
        page.goto(address)  # from here on the browser is known
        page.goto(address.replace("/lab?", "/formgrader/manage_submissions/hw4?"))
        page.locator("tr", has_text="ada").locator(".glyphicon-flash").click()
        page.locator(".modal-dialog", has_text="Successfully autograded 'hw4' for student 'ada'").wait_for()
        page.screenshot(path=tmp_path / "graded.png")
        automatic = {q.id: q.points for q in small_homework.questions if q.checks}
        before = marks.marks_of(course, "hw4", "ada")
        assert {q: m.score for q, m in before.items() if q in automatic} == automatic and before["reflection"].waiting

        page.goto(address.replace("/lab?", "/formgrader/gradebook/hw4/hw4?"))
        page.get_by_role("link", name="Submission #1").click()
        # Formgrader shows the judge's points in grey, where a reader may write others.
        shown = {q: page.locator(f"#test_{q}[placeholder]").get_attribute("placeholder") for q in automatic}
        assert {question: float(text) for question, text in shown.items()} == automatic
        by_hand = page.locator("#answer_reflection")
        assert by_hand.input_value() == ""
        by_hand.fill("3.5")
        with page.expect_response(lambda answer: answer.request.method == "PUT") as saved:
            by_hand.press("Tab")
        assert saved.value.ok
        page.screenshot(path=tmp_path / "marked.png")
    assert marks.marks_of(course, "hw4", "ada")["reflection"].score == 3.5
    [result] = load_results(course, "hw4")
    assert result.score == sum(automatic.values()) + 3.5
    marks.write_feedback(course, "hw4")
    text = (course.build / "feedback" / "ada" / "hw4" / "hw4.html").read_text()
    assert re.search(r"3\.5 of \d+ points", text)
