"""A right notebook is right on any catalogue: with few products, with text as ids, with the needed columns only."""

import pytest

from tests.conftest import POOL, REPOSITORY, SEED
from tests.support.catalogues import run_cells, write_catalogue
from tests.support.solutions import points_lost


@pytest.mark.parametrize("n, text_ids, bare", [(6, True, True), (7, False, True), (50, True, False)])
def test_a_right_notebook_has_full_marks(tmp_path, monkeypatch, n, text_ids, bare):
    monkeypatch.setenv("COURSE_DATA_DIR", str(write_catalogue(tmp_path / "shop", n, text_ids, bare)))
    assert points_lost("hw3", SEED)[1] == {}


@pytest.mark.skipif(not POOL.is_dir(), reason="the real WANDS pool is not on this machine")
def test_a_right_notebook_has_full_marks_on_real_data(monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(POOL))
    assert points_lost("hw3", SEED)[1] == {}


def test_visible_checks_pass_on_six_products(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(write_catalogue(tmp_path / "shop", 6, text_ids=True, bare=True)))
    monkeypatch.setattr("helpers.withhold", lambda homework, written: None, raising=False)
    printed = run_cells(REPOSITORY / "homework" / "hw3" / "hw3.ipynb")
    assert printed.count("All visible checks hold.") == 8
