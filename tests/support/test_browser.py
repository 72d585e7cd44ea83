"""The browser that tests open shows what a student would see, and asks nobody else for anything."""

import json

import pytest
from playwright.sync_api import Error

from tests.support.browser import DARK, jupyterlab, new_page, open_notebook


@pytest.fixture
def folder(tmp_path):
    cell = {"cell_type": "code", "id": "c", "metadata": {}, "outputs": [], "execution_count": None, "source": "6 * 7"}
    kernel = {"name": "python3", "display_name": "Python 3"}  # otherwise JupyterLab asks which one
    (tmp_path / "course").mkdir()
    notebook = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "course" / "small.ipynb").write_text(json.dumps(notebook))
    return tmp_path / "course"


def test_jupyterlab_opens_a_notebook_and_runs_it_in_the_theme_that_was_asked_for(folder, tmp_path, browser):
    page = new_page(browser, dark=True)
    with jupyterlab(folder, tmp_path, theme=DARK) as address:
        open_notebook(page, address, "small.ipynb")
        page.locator(".jp-CodeCell .cm-content").click()
        page.keyboard.press("Shift+Enter")
        page.locator(".jp-OutputArea-output", has_text="42").wait_for()
        assert page.locator("body").get_attribute("data-jp-theme-name") == DARK


def test_nothing_comes_from_elsewhere(page):
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://pypi.org")
