"""One rule says which notebook counts, in a student's folder as in a platform's download."""

import os
import shutil
from pathlib import Path

import pytest

from autograder.intake.choose import Candidate, IntakeError, choose_notebook, the_one_that_counts


@pytest.fixture
def folder(tmp_path):
    def make(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("{}")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("names", "chosen", "note"),
    [
        (["hw4.ipynb"], "hw4.ipynb", None),
        (["hw4/hw4.ipynb"], "hw4/hw4.ipynb", None),
        (["hw4.ipynb", "hw4-Copy1.ipynb", "notes.txt"], "hw4.ipynb", "other notebooks beside"),
        (["mine.ipynb", "data.csv"], "mine.ipynb", "was called mine.ipynb"),
        (["deep/er/HW4 (1).ipynb"], "deep/er/HW4 (1).ipynb", "was called"),
        (["scratch.ipynb", "hw4_final.ipynb"], "hw4_final.ipynb", "begins with hw4"),
        (["hw40.ipynb", "HW4b.ipynb"], "HW4b.ipynb", "begins with hw4"),
        (["hw4.ipynb", "hw4/hw4.ipynb"], "hw4.ipynb", "other notebooks beside"),
        (["old/hw4.ipynb", "hw4/hw4.ipynb"], "hw4/hw4.ipynb", "other notebooks beside"),
        (["work/hw4.ipynb", "work/hw4 (1).ipynb"], "work/hw4.ipynb", "other notebooks beside"),
        (["hw4.ipynb.txt"], "hw4.ipynb.txt", "was called hw4.ipynb.txt"),
        (["hw4.ipynb.json", "hw4.ipynb"], "hw4.ipynb", "other notebooks beside"),
        (["hw4.ipynb", ".ipynb_checkpoints/hw4-checkpoint.ipynb", "__MACOSX/._hw4.ipynb"], "hw4.ipynb", None),
    ],
)
def test_the_notebook_that_counts(folder, names, chosen, note):
    path, said = choose_notebook(folder(*names), "hw4")
    assert path == folder() / chosen
    assert (note in said) if note else said is None


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["notes.txt"], "There is no hw4.ipynb"),
        ([".ipynb_checkpoints/hw4-checkpoint.ipynb"], "There is no hw4.ipynb"),
        (["a.ipynb", "b.ipynb"], "which one counts"),
        (["hw4-1.ipynb", "hw4-2.ipynb"], "which one counts"),
        (["a/hw4.ipynb", "b/hw4.ipynb"], "nothing tells which is the last"),
    ],
)
def test_no_notebook_counts(folder, names, reason):
    with pytest.raises(IntakeError, match=reason):
        choose_notebook(folder(*names), "hw4")


def test_links_and_devices_are_not_followed(folder, tmp_path):
    secret = tmp_path.parent / "secret.ipynb"
    secret.write_text("{}")
    here = folder("x/readme.txt")
    (here / "hw4.ipynb").symlink_to(secret)
    with pytest.raises(IntakeError, match="a link to another file"):
        choose_notebook(here, "hw4")
    (here / "hw4.ipynb").unlink()
    (here / "linked").symlink_to(secret.parent)
    (here / "other.ipynb").symlink_to(secret)
    os.mkfifo(here / "pipe.ipynb")
    with pytest.raises(IntakeError, match="There is no hw4.ipynb"):
        choose_notebook(here, "hw4")
    (tmp_path / "student").symlink_to(here)
    with pytest.raises(IntakeError, match="is a link to another place"):
        choose_notebook(tmp_path / "student", "hw4")


# --- attempts and uploads --------------------------------------------------------------------------------

HERE = Path("x")


def counts(*found):
    chosen, note = the_one_that_counts(found, "hw4")
    return chosen, note or ""


def test_the_last_attempt_counts_as_numbers_do():
    ninth, tenth = Candidate(("hw4.ipynb",), HERE, attempt=(9,)), Candidate(("hw4.ipynb",), HERE, attempt=(10,))
    for order in ((ninth, tenth), (tenth, ninth)):
        chosen, note = counts(*order)
        assert chosen is tenth and note == "There are 2 attempts; the last one counts."


def test_the_last_attempt_counts_under_another_name():
    old, new = Candidate(("hw4.ipynb",), HERE, attempt=(1,)), Candidate(("final.ipynb",), HERE, attempt=(2,))
    assert counts(old, new)[0] is new


@pytest.mark.parametrize(
    "last", [Candidate(("hw4.ipynb",), None, "It is damaged.", (2,)), Candidate((), None, None, (2,))]
)
def test_an_earlier_attempt_counts_only_with_a_sentence(last):
    old = Candidate(("hw4.ipynb",), HERE, attempt=(1,))
    chosen, note = counts(old, last)
    assert chosen is old and note.startswith("The last attempt holds no notebook that can be read; an earlier")
    assert note.endswith(last.reason or "counts.")


def test_where_one_time_cannot_be_read_no_attempt_is_the_last():
    known, unknown = Candidate(("hw4.ipynb",), HERE, attempt=(1,)), Candidate(("hw4.ipynb",), HERE)
    with pytest.raises(IntakeError, match="nothing tells which is the last"):
        counts(known, unknown)


def test_the_last_upload_of_a_name_counts():
    old, new = Candidate(("hw4.ipynb",), HERE, upload=99998), Candidate(("hw4.ipynb",), HERE, upload=100002)
    other = Candidate(("data.ipynb",), HERE, upload=100003)
    chosen, note = counts(new, old, other)
    assert chosen is new and note == "There are 2 files of that name; the last upload counts."
    damaged = Candidate(("hw4.ipynb",), None, "It is damaged.", upload=100004)
    assert counts(old, new, damaged) == (new, "It is damaged.")


def test_a_notebook_that_could_not_be_read_is_not_replaced_by_another_one():
    with pytest.raises(IntakeError, match="It is damaged"):
        counts(Candidate(("hw4.ipynb",), None, "It is damaged."), Candidate(("scratch.ipynb",), HERE))


def test_the_folder_of_another_homework_is_not_searched(tmp_path):
    for other in ("hw3", "hw40"):
        (tmp_path / other).mkdir()
        (tmp_path / other / f"{other}.ipynb").write_text("{}")
    homework = ["hw3", "hw4", "hw40"]
    with pytest.raises(IntakeError, match="There is no hw4.ipynb"):
        choose_notebook(tmp_path, "hw4", others=homework)
    for own in ("hw4-final", "Homework 4", "hw4"):  # a folder of the student's own may be called like its notebook
        (tmp_path / own).mkdir()
        (tmp_path / own / f"{own}.ipynb").write_text("{}")
        assert choose_notebook(tmp_path, "hw4", others=homework)[0].name == f"{own}.ipynb"
        if own != "hw4":
            shutil.rmtree(tmp_path / own)
