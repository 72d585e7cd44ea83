"""A released homework takes the data set that it is marked on, and says so where it is absent."""

import pytest

from helpers import catalogue
from helpers.homework_data import describe_homework_data, load_homework_data
from tests.support.catalogues import write_catalogue


@pytest.fixture
def shops(tmp_path, monkeypatch):
    """Two catalogues: one that is in use, and one in the place where the download puts WANDS."""
    monkeypatch.setattr(catalogue, "_announced", set())
    cache = tmp_path / "cache"
    monkeypatch.setenv("COURSE_CACHE_DIR", str(cache))
    wands = write_catalogue(cache / "wands", 8)
    own = write_catalogue(tmp_path / "own", 6, text_ids=True)
    monkeypatch.setenv("COURSE_DATA_DIR", str(own))
    return {"wands": wands, "own": own}


def test_the_description_is_of_the_sample(shops):
    described = describe_homework_data(shops["own"], n=4)
    data = load_homework_data(shops["own"], n=4)
    assert described == {
        "name": "own",
        "products": 4,
        "queries": len(data.queries),
        "labels": len(data.labels),
        "fingerprint": catalogue.dataset_fingerprint(data.products, data.queries, data.labels)[:12],
    }


def test_the_data_set_that_is_marked_on_comes_before_the_one_in_use(shops, capsys):
    described = describe_homework_data(shops["wands"])
    data = load_homework_data(marked_on=described)
    assert len(data.products) == 8
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and said.startswith("Data: wands (8 products, ")
    assert said.endswith("), on which this homework is marked.\n")


def test_a_folder_of_the_teachers_is_known_by_its_content(shops, capsys, monkeypatch):
    described = describe_homework_data(shops["own"])
    elsewhere = shops["own"].rename(shops["own"].with_name("unpacked"))
    monkeypatch.setenv("COURSE_DATA_DIR", str(elsewhere))
    assert len(load_homework_data(marked_on=described).products) == 6
    assert "on which this homework is marked" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, advice", [("wands", "run `python -m helpers download`"), ("spring", "set COURSE_DATA_DIR to its folder")]
)
def test_a_data_set_that_is_not_here_is_said(shops, capsys, name, advice):
    described = describe_homework_data(shops["wands"]) | {"name": name}
    for path in shops["wands"].iterdir():
        path.unlink()
    assert len(load_homework_data(marked_on=described).products) == 6
    said = capsys.readouterr().out
    assert f"is marked on the data set {name} (8 products, " in said and f"not on this machine: {advice}" in said
    assert "works on another, own, and your figures are not those of your marks" in said


def test_the_grader_s_own_folder_is_not_questioned(shops, capsys):
    described = describe_homework_data(shops["wands"])
    assert len(load_homework_data(shops["own"], marked_on=described).products) == 6
    assert capsys.readouterr().out == ""
