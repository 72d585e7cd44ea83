"""A right notebook is right on any catalogue: with few products, with text as ids, with the needed columns only."""

import pytest

from tests.conftest import REPOSITORY, SEED
from tests.support.catalogues import run_cells, write_catalogue
from tests.support.solutions import points_lost

HW4 = REPOSITORY / "homework" / "hw4"


@pytest.mark.parametrize("n, text_ids, bare", [(6, True, True), (7, False, True), (50, True, False)])
def test_a_right_notebook_has_full_marks(tmp_path, monkeypatch, n, text_ids, bare):
    monkeypatch.setenv("COURSE_DATA_DIR", str(write_catalogue(tmp_path / "shop", n, text_ids, bare)))
    homework, lost = points_lost("hw4", SEED)
    products = homework.shop.data.products
    assert len(products) == n and isinstance(products["product_id"].iloc[0], str) == text_ids
    assert homework.shop.reference["query_id"] == homework.shop.data.queries["query_id"].tolist()
    assert lost == {}


def test_visible_checks_pass_on_six_products(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(write_catalogue(tmp_path / "shop", 6, text_ids=True, bare=True)))
    # Withholding would hold for all later tests of this process.
    monkeypatch.setattr("helpers.withhold", lambda homework, written: None, raising=False)
    printed = run_cells(HW4 / "hw4.ipynb")
    assert printed.count("All visible checks hold.") == 8


def test_visible_checks_pass_where_no_query_shares_a_word(tmp_path, monkeypatch):
    folder = write_catalogue(tmp_path / "shop", 6)
    path = folder / "query.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *(f"{row.split(chr(9))[0]}\tzzyx\t" for row in rows)]) + "\n")
    monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
    monkeypatch.setattr("helpers.withhold", lambda homework, written: None, raising=False)
    printed = run_cells(HW4 / "hw4.ipynb")
    assert printed.count("All visible checks hold.") == 8
