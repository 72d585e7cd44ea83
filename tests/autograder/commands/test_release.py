"""What a release refuses, each for its own reason. That a sound one goes through is in tests/flows/test_cycle.py."""

import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import helpers
from autograder.commands import edition as updating
from autograder.commands import release as releasing
from autograder.commands.demo import make_course
from autograder.commands.leaks import find_leak, secrets_of
from autograder.commands.release import ReleaseRefused, release
from autograder.course.notebooks import loads_data, naming_data, read_notebook, released_form, without_data_name
from autograder.intake.merge import read_submission
from autograder.judge.homework import Homework
from helpers.homework_data import describe_homework_data
from tests.support.hw4 import POINTS


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with the package helpers in it, as in the repository, for tests that change them."""
    course = make_course(tmp_path / "course")
    own = course.root / "helpers"
    shutil.copytree(Path(helpers.__file__).parent, own, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(updating, "helpers", SimpleNamespace(__file__=str(own / "__init__.py")))
    return course


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
    with pytest.raises(ReleaseRefused, match=f"the blank notebook earns {POINTS['normalize']} points on normalize"):
        release(course, small_homework, tmp_path / "edition")
    assert not list(tmp_path.glob("*edition*")) and not (course.build / "release").exists()


@pytest.fixture
def leaks(course, small_homework, tmp_path):
    """A function: the sentence that refuses an edition of one file with this text, or None."""
    secrets = secrets_of(read_notebook(course.source("hw4")), small_homework)

    def refused(name: str, text: str) -> str | None:
        path = tmp_path / "edition" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        try:
            return find_leak(tmp_path / "edition", secrets)
        finally:
            path.unlink()

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
    assert leaks("notes.md", f"Before\n{text}\nafter") == f"notes.md holds {what}."


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
    leak = find_leak(tmp_path / "edition", secrets_of(source, small_homework))
    assert leak == "notes.md holds a hidden test of cell test_cosine."


def test_reference_values(leaks, small_homework):
    reference = small_homework.shop.reference
    methods = [
        reference[method][bound] for method in ("bm25", "semantic", "hybrid") for bound in ("mean_least", "mean_most")
    ]
    alphas = [row[bound] for half in ("choose", "report") for row in reference[half] for bound in ("least", "most")]
    in_full = [value for value in (*methods, *alphas) if len(repr(value)) > len("0.123456")]
    assert len(in_full) > 20
    for text in [f"{value:.6f}" for value in in_full] + [repr(value) for value in in_full]:
        says = leaks("notes.json", f'{{"recall": {text}}}')
        assert says and "notes.json holds the reference " in says
    assert leaks("notes.json", f'{{"recall": {in_full[0]:.2f}}}') is None
    assert "the reference bm25 mean_least" in leaks("notes.json", f"{reference['bm25']['mean_least']:.6f}")


def test_a_file_that_cannot_be_searched(leaks):
    assert "hw4.pkl is of a kind that cannot be searched" in leaks("hw4.pkl", "")


def test_every_module_of_the_key_and_any_part_of_it(leaks, small_homework):
    """Found by a few of its lines, however they are indented."""
    folder = small_homework.folder
    searched = 0
    for path in [folder / "kernel.py", *sorted((folder / "key").rglob("*.py"))]:
        text = path.read_text()
        if len(text) > 500:
            searched += 1
            name = path.relative_to(folder).as_posix()
            assert leaks("notes.md", f"Before\n{text}\nafter") is not None, name
            lines = text.splitlines()
            part = "\n\n".join(f"    {line}" for line in lines[len(lines) // 2 :][:14])
            assert leaks("helpers/more.py", part) is not None, name
    assert searched > 15


@pytest.mark.parametrize("name", ["homework/hw4/key/__init__.py", "homework/hw4/kernel.py", "key/reference/a.json"])
def test_a_file_of_the_key_whatever_it_holds(leaks, name):
    assert leaks(name, "") == (
        f"{name} belongs to the answer key: name it in CourseDirectory.ignore of nbgrader_config.py."
    )


@pytest.fixture
def graded_well(monkeypatch):
    """The solution and the blank notebook earn what they should, without a run."""
    for proof in ("_prove_solution", "_prove_blank"):
        monkeypatch.setattr(releasing, proof, lambda *_: releasing.Proof("", ""))


def test_what_nbgrader_copies_into_its_release_is_searched_too(course, small_homework, graded_well, tmp_path):
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text().replace('"key", "kernel.py"]', "]"))
    with pytest.raises(ReleaseRefused, match="belongs to the answer key"):
        release(course, small_homework, tmp_path / "edition")
    assert not (course.build / "release" / "hw4").exists() and not list(tmp_path.glob("*edition*"))


# --- where an edition may go, and what stays there -------------------------------------------------------


@pytest.fixture
def unregistered(graded_well, monkeypatch):
    """nbgrader's own part of a release is left out."""
    monkeypatch.setattr(releasing.marks, "register", lambda *_: None)


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def edition(course, small_homework, unregistered, tmp_path):
    for name in ("hybrid", "tables"):
        (course.root / "lectures" / f"{name}.md").write_text(f"# {name}")
    out = tmp_path / "students" / "edition"
    release(course, small_homework, out)
    return out


@pytest.mark.parametrize("absent", ["lectures", "environment.yml", "requirements/students.txt", "LICENSE"])
def test_a_course_folder_that_lacks_what_students_need(course, small_homework, tmp_path, absent):
    """As where the packages are installed without -e and only a part of the repository was copied."""
    (course.root / absent).rename(tmp_path / "elsewhere")
    with pytest.raises(ReleaseRefused, match=f"has no {absent}, which students need"):
        release(course, small_homework, tmp_path / "edition")
    assert not (tmp_path / "edition").exists() and not (course.build / "release").exists()


def test_helpers_that_are_not_those_that_run(course, small_homework, unregistered, monkeypatch, tmp_path):
    """Students would get others than the ones that the proofs ran with; a course folder without any is well."""
    monkeypatch.setattr(updating, "helpers", helpers)
    (course.root / "helpers" / "text.py").write_text("")
    with pytest.raises(ReleaseRefused, match="are not those that run here"):
        release(course, small_homework, tmp_path / "edition")
    shutil.rmtree(course.root / "helpers")
    release(course, small_homework, tmp_path / "edition")
    assert (tmp_path / "edition" / "helpers" / "text.py").read_text() == Path(helpers.__file__).with_name(
        "text.py"
    ).read_text()


@pytest.mark.parametrize("where", [".", "..", "../..", "build"])
def test_the_course_itself_is_never_an_edition(course, small_homework, unregistered, where):
    (course.root / ".git").mkdir()
    (course.root / ".git" / "config").write_text("[core]")
    course.submitted("hw4", "ada").parent.mkdir(parents=True)
    course.submitted("hw4", "ada").write_text("{}")
    before = files(course.root)
    with pytest.raises(ReleaseRefused, match="holds the course itself"):
        release(course, small_homework, course.root / where)
    assert files(course.root) == before


@pytest.mark.parametrize(
    "name, why",
    [
        (".git/config", "a repository that no release has written"),
        ("nbgrader_config.py", "a course folder"),
        ("homework/hw4/hw4.ipynb", "no .student-edition.json says that a release made it"),
    ],
)
def test_other_folders_with_a_homework_in_them(course, small_homework, unregistered, tmp_path, name, why):
    out = tmp_path / "other"
    for own in (name, "homework/mine/mine.ipynb"):
        (out / own).parent.mkdir(parents=True, exist_ok=True)
        (out / own).write_text("mine")
    before = files(out)
    with pytest.raises(ReleaseRefused, match=why):
        release(course, small_homework, out)
    assert files(out) == before


@pytest.mark.parametrize(
    "marker",
    [
        "",
        "[]",
        '{"made by": "me", "files": {}}',
        '{"made by": "autograder release", "files": ["README.md"]}',
        '{"made by": "autograder release", "files": {"../thesis.tex": ""}}',
        '{"made by": "autograder release", "files": {"/etc/passwd": ""}}',
        '{"made by": "autograder release", "files": {".git/config": ""}}',
    ],
)
def test_a_marker_that_no_release_wrote(course, small_homework, unregistered, tmp_path, marker):
    out = tmp_path / "other"
    out.mkdir()
    (out / ".student-edition.json").write_text(marker)
    with pytest.raises(ReleaseRefused, match="other things in it"):
        release(course, small_homework, out)
    assert files(out) == {".student-edition.json": marker.encode()}


def test_an_edition_is_updated_in_place(course, small_homework, edition):
    """Its history, files of its own and other homework stay; what is shipped no more goes, unless it was changed."""
    own = {".git/config": "[core]", "docs/plan.md": "mine", "homework/hw4/data.csv": "1", "lectures/own.md": "x = 1"}
    for name, text in own.items():
        (edition / name).parent.mkdir(parents=True, exist_ok=True)
        (edition / name).write_text(text)
    (edition / "README.md").write_text("changed by hand")
    (edition / "lectures" / "tables.md").write_text("changed by hand")
    for gone in ("hybrid.md", "tables.md"):
        (course.root / "lectures" / gone).unlink()
    (course.root / "lectures" / "new.md").write_text("y = 2")
    release(course, small_homework, edition)
    now = files(edition)
    assert {name: now[name].decode() for name in own} == own
    assert now["README.md"].startswith(b"# Embeddings") and now["lectures/new.md"] == b"y = 2"
    assert "lectures/hybrid.md" not in now and now["lectures/tables.md"] == b"changed by hand"
    release(course, small_homework, edition)
    assert files(edition) == now and not list(edition.parent.glob(".*"))


def test_what_lies_in_a_homeworks_folder_for_the_instructor_alone(course, small_homework, graded_well, tmp_path):
    """The due date; and the archive of the solution that `python -m helpers check hw4` packs in the course folder."""
    (course.homework("hw4") / "due.toml").write_text("due = 2026-10-09")
    with zipfile.ZipFile(course.homework("hw4") / "hw4-submission.zip", "w") as archive:
        archive.write(course.source("hw4"), "hw4.ipynb")
    release(course, small_homework, tmp_path / "edition")
    for folder in (tmp_path / "edition" / "homework" / "hw4", course.build / "release" / "hw4"):
        assert sorted(files(folder)) == ["checks.py", "hw4.ipynb"]


def test_one_edition_holds_all_homework(course, small_homework, edition):
    before = files(edition)
    shutil.copytree(course.homework("hw4"), course.homework("hw5"))
    (course.homework("hw5") / "hw4.ipynb").rename(course.source("hw4").parents[1] / "hw5" / "hw5.ipynb")
    (course.homework("hw5") / "notes.md").write_text("read me")
    release(course, Homework(course.homework("hw5")), edition)
    both = files(edition)
    assert both.keys() == before.keys() | {f"homework/hw5/{name}" for name in ("checks.py", "hw5.ipynb", "notes.md")}
    release(course, small_homework, edition)
    assert files(edition).keys() == both.keys()
    (course.homework("hw5") / "notes.md").unlink()
    for homework in (small_homework, Homework(course.homework("hw5"))):
        release(course, homework, edition)
    assert files(edition).keys() == both.keys() - {"homework/hw5/notes.md"}


def test_a_file_of_somebody_elses_in_the_way(course, small_homework, edition, tmp_path):
    (course.root / "lectures" / "new.md").write_text("y = 2")
    (edition / "lectures" / "new.md").write_text("mine")
    before = files(edition)
    with pytest.raises(ReleaseRefused, match="new.md stands in the way"):
        release(course, small_homework, edition)
    assert files(edition) == before


def test_nothing_is_written_or_removed_through_a_link(course, small_homework, edition, tmp_path):
    more = course.root / "lectures" / "more"
    more.mkdir()
    for name in ("one.md", "two.md"):
        (more / name).write_text("notes")
    release(course, small_homework, edition)
    (edition / "lectures" / "more").rename(tmp_path / "elsewhere")
    (edition / "lectures" / "more").symlink_to(tmp_path / "elsewhere")
    before = files(tmp_path / "elsewhere")
    (more / "one.md").unlink()
    with pytest.raises(ReleaseRefused, match="is a link"):
        release(course, small_homework, edition)
    shutil.rmtree(more)
    release(course, small_homework, edition)
    assert files(tmp_path / "elsewhere") == before


@pytest.mark.parametrize("share", [0, 0.03, 0.5, 0.97, 1])
def test_an_update_that_is_interrupted_loses_nothing_and_is_finished_by_the_next(
    course, small_homework, edition, monkeypatch, share
):
    for path in sorted((course.root / "lectures").glob("*.md")):
        path.write_text(path.read_text() + "\n# new\n")
    (course.root / "lectures" / "hybrid.md").unlink()
    (course.root / "lectures" / "new.md").write_text("y = 2")
    (edition / "mine.md").write_text("mine")
    before, write = files(edition), updating.write_whole
    left = [int(share * (len(before) - 1))]

    def interrupted(path, content):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(updating, "write_whole", interrupted)
    with pytest.raises(KeyboardInterrupt):
        release(course, small_homework, edition)
    half = files(edition)
    assert half.keys() | {"lectures/hybrid.md"} >= before.keys() and half["mine.md"] == b"mine"
    monkeypatch.setattr(updating, "write_whole", write)
    (course.root / "lectures" / "new.md").write_text("y = 3")
    release(course, small_homework, edition)
    assert files(edition).keys() == before.keys() - {"lectures/hybrid.md"} | {"lectures/new.md"}
    assert all(b"# new" in content for name, content in files(edition).items() if name == "lectures/tables.md")


@pytest.mark.parametrize(
    "name", ["shop (2026)", "our own shop's data, " + "with a long name " * 6, "x)\n    )\n)", "a\\b"]
)
def test_a_data_set_of_any_name_is_named_and_taken_out_again(name):
    source = new_notebook(cells=[new_code_cell("data = load_homework_data()\nprint(len(data.products))")])
    described = {"name": name, "products": 6, "queries": 2, "labels": 12, "fingerprint": "0123456789ab"}
    [cell] = naming_data(source, described).cells
    given: dict = {}
    exec(cell.source.partition("\nprint")[0], {"load_homework_data": lambda marked_on: given.update(marked_on)})
    assert given == described
    assert without_data_name(cell.source) == source.cells[0].source


def test_the_released_notebook_names_the_data_set_and_comes_back_as_unchanged(course, small_homework, small_data):
    source = released_form(read_notebook(course.source("hw4")))
    assert loads_data(source)
    handed_out = naming_data(source, describe_homework_data())
    [cell] = [cell for cell in handed_out.cells if "load_homework_data(" in cell.source]
    data = small_homework.shop.data
    for field in (f"name={small_data.name!r}", f"products={len(data.products)}", f"queries={len(data.queries)}"):
        assert f"{field},\n" in cell.source
    assert f"fingerprint={small_homework.fingerprint[:12]!r}" in cell.source
    compile(cell.source, "set-up", "exec")
    assert [without_data_name(cell.source) for cell in handed_out.cells] == [cell.source for cell in source.cells]
    for forgotten in (False, True):
        for cell in handed_out.cells:
            if forgotten:
                cell.metadata.pop("nbgrader", None)
        merged = read_submission(nbformat.writes(handed_out).encode(), source)
        assert [cell.source for cell in merged.notebook.cells] == [cell.source for cell in source.cells]
        assert not [repair for repair in merged.repairs if "edited" in repair]
