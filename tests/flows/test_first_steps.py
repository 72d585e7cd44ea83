"""A student's first steps in a real browser: open the edition in JupyterLab, be wrong, read why, be right, run all."""

import re
import shutil

import nbformat

from autograder.commands.collect import collect
from autograder.commands.demo import make_course
from autograder.course.cells import grade_id
from autograder.course.notebooks import read_notebook, solved
from helpers.hand_in import check_notebook, find_notebook, pack
from helpers.homework_data import describe_homework_data
from tests.support.browser import DARK, jupyterlab, open_notebook, wait_until_idle

NOTEBOOK = "homework/hw4/hw4.ipynb"
WRONG = """def recall_at_k(retrieved_ids, relevant_ids, k=10):
    found = set(retrieved_ids) & set(relevant_ids)
    return len(found) / len(relevant_ids)
"""


class Walk:
    """The notebook in front of the student, whose cells are named by their nbgrader ids."""

    def __init__(self, page, edition):
        self.page = page
        self.place = {grade_id(c): n for n, c in enumerate(read_notebook(edition / NOTEBOOK).cells) if grade_id(c)}

    def cell(self, name):
        return self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{self.place[name]}']")

    def run(self, name, text=None):
        """Run a cell, with another text if one is given, and return what it shows."""
        self.cell(name).locator(".cm-content").click()
        if text is not None:
            self.page.keyboard.press("Control+a")
            self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Control+Enter")
        self.cell(name).locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for()
        wait_until_idle(self.page)
        return self.shown(name)

    def shown(self, name):
        return "\n".join(self.cell(name).locator(".jp-OutputArea-output").all_text_contents())

    def choose(self, *names):
        """Go through the menus: the last name is what is done."""
        for name in names:
            self.page.get_by_role("menuitem", name=name).click()

    def restart_and_run_all(self, until):
        """`until`: the last cell that runs, which has not run before."""
        self.choose("Kernel", "Restart Kernel and Run All Cells…")
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self.cell(until).locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for()
        wait_until_idle(self.page)

    def red_boxes(self):
        """What stands on the colour of stderr; JupyterLab shows tracebacks on it too."""
        return self.page.locator("[data-mime-type='application/vnd.jupyter.stderr']").all_text_contents()


def test_a_student_answers_wrong_then_right_and_runs_all(edition, solutions, tmp_path, page):
    own = {"PYTHONPATH": str(edition), "COURSE_CACHE_DIR": str(tmp_path / "cache")}
    with jupyterlab(edition, tmp_path, "--expose-app-in-browser", **own) as address:
        open_notebook(page, address, NOTEBOOK)
        walk = Walk(page, edition)

        assert "400 products" in walk.run("setup")
        walk.run("answer_recall", WRONG)
        told = walk.run("test_recall")
        page.screenshot(path=tmp_path / "wrong-light.png")
        page.evaluate(f"window.jupyterapp.commands.execute('apputils:change-theme', {{theme: '{DARK}'}})")
        page.locator(f"body[data-jp-theme-name='{DARK}']").wait_for(state="attached")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        page.screenshot(path=tmp_path / "wrong-dark.png")
        assert "recall_at_k([7, 3, 9], {3, 4, 8, 9}, k=2) gave 0.5, expected 0.25." in told
        assert "Line 3 of your cell: return len(found) / len(relevant_ids)" in told and "✗" in told

        walk.run("answer_recall", solutions["recall"])
        told = walk.run("test_recall")
        assert "✓" in told and "✗" not in told and walk.red_boxes() == []

        # The first cell that is still empty and no function stops the run, with what the student wrote and no more.
        walk.restart_and_run_all(until="answer_best_alpha")
        page.screenshot(path=tmp_path / "run-all.png")
        assert "400 products" in walk.shown("setup") and "✗" not in walk.shown("test_recall")
        [box] = walk.red_boxes()
        assert "raise NotImplementedError()" in box and len(box.splitlines()) <= 8


def test_what_a_student_checks_and_packs_is_what_is_collected(template, edition, small_homework, tmp_path):
    course, folder = make_course(tmp_path / "course", template.root), tmp_path / "edition"
    shutil.copytree(edition, folder)
    nbformat.write(solved(read_notebook(template.source("hw4"))), folder / NOTEBOOK)
    report = check_notebook("hw4", find_notebook("hw4", folder))
    assert {state.state for state in report.states} == {"passes", "written"} and report.left_over == ()
    assert report.data.startswith(describe_homework_data(small_homework.data_folder)["fingerprint"])
    handed_in = tmp_path / "downloads" / "ada"
    handed_in.mkdir(parents=True)
    shutil.copy(pack("hw4", report), handed_in)
    [taken] = collect(course, "hw4", handed_in.parent)
    assert (taken.student, taken.status) == ("ada", "new")
    assert course.submitted("hw4", "ada").read_bytes() == (folder / NOTEBOOK).read_bytes()
