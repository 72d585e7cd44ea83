"""The report as an instructor uses it: its table is sorted and filtered, and fits a wide and a narrow window."""

import pytest

from autograder.course.folder import Course
from autograder.pages.report import write_report
from tests.autograder.pages.test_report import CLASS, student
from tests.support.hw4 import HW4


@pytest.fixture
def report(page, tmp_path):
    """The page of the report, and what its console complained about."""
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda problem: said.append(str(problem)))
    path = write_report(Course(tmp_path), HW4, [*CLASS, student("zoë", 1, 0.5)], tmp_path / "r.html")
    page.goto(path.as_uri())
    yield page
    assert said == []


def names(page) -> list[str]:
    return [a.inner_text() for a in page.query_selector_all(".marks tbody tr:not([hidden]) td:first-child a")]


def test_the_table_is_sorted_and_filtered(report):
    everybody = ["ada", "bo", "cy", "di", "ed", "zoë"]
    assert names(report) == everybody
    final = report.get_by_role("button", name="Final mark")
    final.click()
    assert names(report)[0] == "ed" and names(report)[-1] == "ada"
    final.click()
    assert names(report)[0] == "ada"
    report.get_by_role("button", name="Student").click()
    assert names(report) == everybody
    report.get_by_label("Find a student").fill("ZO")
    assert names(report) == ["zoë"] and report.inner_text("#count") == "1 of 6"
    assert not report.locator("#student-1").is_visible() and report.locator("#student-6").is_visible()
    report.get_by_label("Find a student").fill("")
    report.get_by_label("Show only").select_option("No file")
    assert names(report) == ["ed"]


@pytest.mark.parametrize("width", [1200, 420])
def test_nothing_stands_beside_the_window(report, width):
    report.set_viewport_size({"width": width, "height": 900})
    assert report.evaluate("document.documentElement.scrollWidth") <= width


def test_the_marks_of_nine_questions_with_both_links_fit_a_laptop(report):
    report.set_viewport_size({"width": 1200, "height": 900})
    report.evaluate("document.querySelectorAll('.marks td.name').forEach(e => e.textContent = 'page · notebook')")
    beside = "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth)"
    assert report.evaluate(f"{beside}.map(e => [e.scrollWidth, e.clientWidth, e.innerText])") == []
