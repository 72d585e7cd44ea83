"""What a release refuses, each for its own reason. That a sound one goes through is in tests/flows/test_cycle.py."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.commands import release as releasing
from autograder.commands.demo import make_course
from autograder.commands.release import ReleaseRefused, release
from autograder.course.notebooks import read_notebook, released_form


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


def test_a_folder_with_other_things_in_it_is_left_alone(course, small_homework, tmp_path):
    thesis = tmp_path / "documents" / "thesis.tex"
    thesis.parent.mkdir()
    thesis.write_text("Chapter 1")
    with pytest.raises(ReleaseRefused, match="other things in it"):
        release(course, small_homework, thesis.parent)
    assert list(thesis.parent.iterdir()) == [thesis] and thesis.read_text() == "Chapter 1"
    assert not (course.build / "release").exists()


def test_a_blank_notebook_that_earns_points(course, small_homework, solutions, sandboxed, tmp_path):
    """An answer stands in a cell that students receive as it is."""
    path = course.source("hw4")
    source = read_notebook(path)
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in source.cells]
    source.cells.insert(names.index("test_normalize"), new_code_cell(solutions["normalize"]))
    nbformat.write(source, path)
    with pytest.raises(ReleaseRefused, match="the blank notebook earns 10 points on normalize"):
        release(course, small_homework, tmp_path / "edition")
    assert not list(tmp_path.glob("*edition*")) and not (course.build / "release").exists()


@pytest.fixture
def leaks(course, small_homework, tmp_path):
    """A function: the sentence that refuses an edition of one file with this text, or None."""
    source = read_notebook(course.source("hw4"))
    edition = tmp_path / "edition"
    edition.mkdir()

    def refused(name: str, text: str) -> str | None:
        (edition / name).write_text(text)
        try:
            releasing._prove_no_leak(edition, source, small_homework)
        except ReleaseRefused as reason:
            return str(reason)
        finally:
            (edition / name).unlink()

    return refused


def test_what_students_receive_leaks_nothing(leaks, course):
    assert leaks("hw4.ipynb", nbformat.writes(released_form(read_notebook(course.source("hw4"))))) is None


@pytest.mark.parametrize(
    "text, what",
    [
        ("### BEGIN HIDDEN TESTS", "a hidden-test mark"),
        ("###  BEGIN SOLUTION", "a solution mark"),
        ("**Mark\nscheme, 5 points**", "a mark scheme"),
        ("try_question (", "a call of the judge"),
    ],
)
def test_marks_of_what_is_kept_back(leaks, text, what):
    assert leaks("notes.md", f"Before\n{text}\nafter") == f"Not released: notes.md holds {what}."


def test_a_hidden_test_without_its_mark(leaks, course):
    """Found by its text, however it is indented and in whatever cell it stands."""
    hidden = 'from autograder.tryout import try_question\n\n    try_question("cosine", globals())'
    for notebook in (
        new_notebook(cells=[new_markdown_cell(f"```\n{hidden}\n```")]),
        new_notebook(cells=[new_code_cell("1", outputs=[new_output("stream", text=hidden)])]),
    ):
        assert "hw4.ipynb holds a" in leaks("hw4.ipynb", nbformat.writes(notebook))


def test_another_hidden_test_than_a_call_of_the_judge(course, small_homework, tmp_path):
    source = read_notebook(course.source("hw4"))
    cell = next(c for c in source.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "test_cosine")
    cell.source += "\n### BEGIN HIDDEN TESTS\nassert cosine_similarity(u, v) == 42\n### END HIDDEN TESTS\n"
    (tmp_path / "edition").mkdir()
    (tmp_path / "edition" / "notes.md").write_text("assert cosine_similarity(u,\n  v) == 42")
    with pytest.raises(ReleaseRefused, match=r"notes.md holds a hidden test of cell test_cosine"):
        releasing._prove_no_leak(tmp_path / "edition", source, small_homework)


def test_reference_values(leaks, small_homework):
    reference = small_homework.shop.reference
    methods = [
        reference[method][bound] for method in ("bm25", "semantic", "hybrid") for bound in ("mean_least", "mean_most")
    ]
    alphas = [row[bound] for row in reference["alpha_table"] for bound in ("least", "most")]
    in_full = [value for value in (*methods, *alphas) if len(repr(value)) > len("0.123456")]
    assert len(in_full) > 20
    for text in [f"{value:.6f}" for value in in_full] + [repr(value) for value in in_full]:
        says = leaks("notes.json", f'{{"recall": {text}}}')
        assert says and "notes.json holds the reference " in says
    assert leaks("notes.json", f'{{"recall": {in_full[0]:.2f}}}') is None
    assert "the reference bm25 mean_least" in leaks("notes.json", f"{reference['bm25']['mean_least']:.6f}")


def test_a_file_that_cannot_be_searched(leaks):
    assert "hw4.pkl is of a kind that cannot be searched" in leaks("hw4.pkl", "")
