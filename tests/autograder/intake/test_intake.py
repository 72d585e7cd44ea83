"""Every damage a file can have on its way from a student is repaired, and said so, or is a reason in words."""

import copy
import json
import os
import random
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.course.cells import answered_question, grade_id
from autograder.course.notebooks import read_notebook, released_form, solved
from autograder.course.students import shown_name, student_id
from autograder.intake import merge as intake
from autograder.intake.merge import IntakeError, choose_notebook, read_submission

HOMEWORK = Path(__file__).resolve().parents[3] / "homework" / "hw4" / "hw4.ipynb"


@pytest.fixture(scope="module")
def source():
    return read_notebook(HOMEWORK)


@pytest.fixture(scope="module")
def released(source):
    return released_form(source)


@pytest.fixture
def handed(source):
    """A solved notebook as a plain dict, to be damaged."""
    return json.loads(nbformat.writes(solved(source)))


def read(content, released):
    return read_submission(content if isinstance(content, bytes) else json.dumps(content).encode(), released)


def answers(submission):
    return {answered_question(c): c.source for c in submission.notebook.cells if answered_question(c)}


def find(handed, name):
    return next(c for c in handed["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def same_frame(submission, released):
    """The clean notebook has the released cells in order, with the instructor's text in the locked ones."""
    nbformat.validate(submission.notebook)
    kept = [c for c in submission.notebook.cells if grade_id(c)]
    assert [grade_id(c) for c in kept] == [grade_id(c) for c in released.cells if grade_id(c)]
    for cell, original in zip(kept, (c for c in released.cells if grade_id(c))):
        assert cell.cell_type == original.cell_type and cell.metadata == original.metadata
        if not answered_question(cell):
            assert cell.source == original.source
    return submission


def solved_answers(released, handed):
    return answers(read(handed, released))


def test_a_sound_notebook_is_taken_as_it_is(handed, released):
    submission = same_frame(read(handed, released), released)
    assert submission.repairs == []
    assert "np.linalg.norm(a)" in answers(submission)["cosine"]


def test_outputs_and_metadata_of_the_submission_are_dropped(handed, released):
    handed["metadata"]["kernelspec"] = {"name": "evil", "display_name": "evil", "language": "bash"}
    find(handed, "answer_cosine")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 6 * 2**20}]
    submission = same_frame(read(handed, released), released)
    assert submission.notebook.metadata == released.metadata
    assert all(not c.get("outputs") for c in submission.notebook.cells)
    assert submission.repairs == ["The notebook carried 6 MB of outputs; they were dropped."]


def test_a_copied_answer_cell(handed, released):
    want = solved_answers(released, handed)
    handed["cells"].insert(
        6, copy.deepcopy(find(handed, "answer_cosine")) | {"source": "def cosine_similarity(a, b): return 1"}
    )
    submission = same_frame(read(handed, released), released)
    assert answers(submission) == want
    assert "stands more than once" in submission.repairs[0]
    assert any(c.source == "def cosine_similarity(a, b): return 1" for c in submission.notebook.cells)


def test_a_copied_cell_of_which_only_the_second_is_answered(handed, released):
    want = solved_answers(released, handed)
    stub = next(c for c in released.cells if grade_id(c) == "answer_cosine")
    handed["cells"].insert(4, copy.deepcopy(find(handed, "answer_cosine")) | {"source": stub.source})
    submission = same_frame(read(handed, released), released)
    assert answers(submission) == want
    assert sum("NotImplementedError" in c.source for c in submission.notebook.cells) == 0


def test_deleted_and_edited_test_cells(handed, released):
    handed["cells"].remove(find(handed, "test_cosine"))
    find(handed, "test_recall")["source"] = "print('always right')"
    submission = same_frame(read(handed, released), released)
    assert any("Test cell test_cosine was missing; it was put back." == r for r in submission.repairs)
    assert any("test_recall" in r and "edited" in r for r in submission.repairs)
    assert "always right" not in nbformat.writes(submission.notebook)


def test_a_deleted_answer_cell_counts_as_not_answered(handed, released):
    handed["cells"].remove(find(handed, "answer_cosine"))
    submission = same_frame(read(handed, released), released)
    assert "NotImplementedError" in answers(submission)["cosine"]
    assert submission.repairs == ["Cell answer_cosine was missing; it counts as not answered."]


@pytest.mark.parametrize("kind", ["markdown", "raw", "heading", 7, None])
def test_changed_cell_types(handed, released, kind):
    want = solved_answers(released, handed)
    for cell in handed["cells"]:
        if cell["metadata"]["nbgrader"]["grade_id"] in ("answer_cosine", "test_cosine"):
            cell["cell_type"] = kind
    submission = same_frame(read(handed, released), released)
    assert answers(submission) == want
    assert "Cell answer_cosine had its type changed; it was changed back." in submission.repairs


def test_all_metadata_stripped(handed, released):
    want = solved_answers(released, handed)
    for cell in handed["cells"]:
        cell["metadata"] = {}
    submission = same_frame(read(handed, released), released)
    assert answers(submission) == want
    assert len([c for c in submission.notebook.cells if not grade_id(c)]) == 0
    assert sum("had lost its id" in r for r in submission.repairs) == 8


def test_stripped_metadata_among_own_cells(handed, released):
    want = solved_answers(released, handed)
    for cell in handed["cells"]:
        cell["metadata"] = {}
    for position in (0, 5, 9, 20):
        handed["cells"].insert(
            position, {"cell_type": "code", "metadata": {}, "source": f"note = {position}", "outputs": []}
        )
    submission = same_frame(read(handed, released), released)
    assert answers(submission) == want
    assert sum(c.source.startswith("note =") for c in submission.notebook.cells) == 4


@pytest.mark.parametrize(
    "damage",
    [
        {"nbgrader": "yes"},
        {"nbgrader": {"grade_id": ["answer_cosine"]}},
        {"nbgrader": {"grade_id": "../../etc"}},
        {
            "nbgrader": {
                "grade_id": "answer_cosine",
                "points": 10**9,
                "grade": True,
                "solution": False,
                "schema_version": 99,
            }
        },
        [],
        None,
        "text",
    ],
)
def test_edited_metadata(handed, released, damage):
    want = solved_answers(released, handed)
    find(handed, "answer_cosine")["metadata"] = damage
    assert answers(same_frame(read(handed, released), released)) == want


def test_flipped_ids(handed, released):
    want = solved_answers(released, handed)
    one, other = find(handed, "answer_cosine"), find(handed, "answer_recall")
    one["metadata"], other["metadata"] = other["metadata"], one["metadata"]
    submission = same_frame(read(handed, released), released)
    assert answers(submission) == want
    assert any("sorted by what they define" in r for r in submission.repairs)


def test_an_answer_under_a_test_cells_id(handed, released):
    want = solved_answers(released, handed)
    one, other = find(handed, "answer_cosine"), find(handed, "test_cosine")
    one["metadata"], other["metadata"] = other["metadata"], one["metadata"]
    assert answers(same_frame(read(handed, released), released)) == want


def test_cells_in_another_order(handed, released):
    want = solved_answers(released, handed)
    random.Random(3).shuffle(handed["cells"])
    assert answers(same_frame(read(handed, released), released)) == want


@pytest.mark.parametrize(
    "form",
    [
        {"nbformat": 4, "nbformat_minor": 99},
        {"nbformat": "4", "nbformat_minor": None},
        {"nbformat": 7, "nbformat_minor": -1},
        {"nbformat": 4.2, "nbformat_minor": True},
    ],
)
def test_odd_format_versions(handed, released, form):
    want = solved_answers(released, handed)
    submission = same_frame(read(handed | form, released), released)
    assert answers(submission) == want and "read as version 4" in submission.repairs[0]


def test_a_notebook_of_format_3(handed, released):
    want = solved_answers(released, handed)
    cells = [
        {k: v for k, v in c.items() if k != "source"} | {"input": c["source"]} if c["cell_type"] == "code" else c
        for c in handed["cells"]
    ]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    submission = same_frame(read(old, released), released)
    assert answers(submission) == want and "old format" in submission.repairs[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_other_encodings(handed, released, encoding):
    find(handed, "answer_reflection")["source"] = "Früher war das Sofa café-braun"
    text = json.dumps(handed, ensure_ascii=False).encode(encoding, "replace")
    submission = same_frame(read(text, released), released)
    assert answers(submission)["reflection"] == "Früher war das Sofa café-braun"


def test_half_a_character_can_be_written_again(handed, released):
    find(handed, "answer_reflection")["source"] = "a\ud800b\0c"
    submission = read(handed, released)
    assert nbformat.writes(submission.notebook).encode() and answers(submission)["reflection"] == "a?bc"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\0" * 64, "empty"),
        (b"{", "valid JSON"),
        (b"<html></html>", "valid JSON"),
        (b"PK\x03\x04 and so on", "zip archive"),
        (b"[1, 2]", "another kind"),
        (b"7", "another kind"),
        (b"{}", "no cells"),
        (b'{"cells": 3}', "no cells"),
        (b'{"cells": []}', "right file"),
        (b'{"cells": [1, null]}', "right file"),
        (b'{"worksheets": [{"cells": 3}, 4]}', "right file"),
        (b"[" * 200_000, "valid JSON"),
        (b'{"cells": [' + b'{"a":' * 200_000, "valid JSON"),
        (b"\xff\xfe\x00", "valid JSON"),
    ],
)
def test_what_is_no_notebook_gets_a_reason(released, raw, reason):
    with pytest.raises(IntakeError, match=reason):
        read_submission(raw, released)


def test_bounds(handed, released, monkeypatch):
    monkeypatch.setattr(intake, "MAX_BYTES", 1000)
    with pytest.raises(IntakeError, match="Clear the outputs"):
        read(handed, released)
    monkeypatch.undo()
    with pytest.raises(IntakeError, match="2,600 cells"):
        read(handed | {"cells": handed["cells"] * 100}, released)
    find(handed, "answer_cosine")["source"] = "#" * 600_000
    with pytest.raises(IntakeError, match="500,000 characters"):
        read(handed, released)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "source", "metadata", "nbgrader", "grade_id", "cell_type", "outputs", "worksheets", "input"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=JSON, at=st.integers(0, 25), key=st.sampled_from(["source", "metadata", "cell_type", "outputs", None]))
def test_any_damage_is_repaired_or_refused_in_words(source, released, data, at, key):
    handed = json.loads(nbformat.writes(released))
    if key is None:
        handed["cells"][at % len(handed["cells"])] = data
    else:
        handed["cells"][at % len(handed["cells"])][key] = data
    try:
        same_frame(read(handed, released), released)
    except IntakeError as reason:
        assert str(reason).endswith((".", "?"))
    for whole in (data, {"cells": data}, {"worksheets": data}):
        try:
            same_frame(read(whole, released), released)
        except IntakeError as reason:
            assert str(reason).endswith((".", "?"))


# --- which file counts -----------------------------------------------------------------------------------


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


# --- names of students -----------------------------------------------------------------------------------

ODD = [
    "ada [2]",
    "*",
    "a?b",
    "..",
    ".hidden",
    " ada ",
    "ada\nbob",
    "<img src=x>",
    'q"uote',
    "a" * 300,
    "é" * 100,
    "\udcff",
    "e\u0301",
    "{student_id}",
    "%2e%2e",
    "a\\b",
    "‮evil",
    "",
    ".",
]
PLAIN = ["ada", "Zoë Müller", "O'Brien, Pat", "-rf", "ada.lovelace@uni-x.de", "刘 洋", "प्रिया", "12345", "a_b (late)"]


@pytest.mark.parametrize("name", PLAIN)
def test_plain_names_stay(name):
    assert student_id(name) == name


@pytest.mark.parametrize("name", ODD)
def test_odd_names_become_safe_and_stay_so(name):
    safe = student_id(name)
    assert safe != name and student_id(safe) == safe and len(safe.encode()) <= 130
    assert not set(safe) & set('/\\[]*?<>&"{}|:;\n\0') and safe.strip(" .") == safe and safe.isprintable()
    shown_name(name).encode()


def test_different_names_stay_different():
    names = ODD + PLAIN + ["ada (2)", "a_b", "ada_bob", "x" * 301]
    assert len({student_id(n) for n in names}) == len(names)


def test_no_test_cell_of_the_student_is_ever_run(handed, released):
    for cell in handed["cells"]:
        if cell["metadata"]["nbgrader"]["grade_id"].startswith("test_"):
            cell["source"] = "raise SystemExit"
    submission = read(handed, released)
    assert all(
        "SystemExit" not in c.source for c in submission.notebook.cells if (grade_id(c) or "").startswith("test_")
    )


@pytest.mark.parametrize("nested", ["[" * 50_000 + "]" * 50_000, '{"a":' * 975 + "1" + "}" * 975])
def test_outputs_are_never_read_however_they_nest(handed, released, nested):
    find(handed, "answer_cosine")["outputs"] = [{"output_type": "display_data", "data": {"x": "PUT"}, "metadata": {}}]
    find(handed, "answer_cosine")["metadata"]["own"] = "PUT"
    raw = json.dumps(handed).replace('"PUT"', nested).encode()
    assert answers(read(raw, released)) == answers(read(handed, released))


def test_a_file_of_more_parts_than_a_notebook_has_is_refused_before_it_is_read(released, monkeypatch):
    """Read, each "[]," would take 64 bytes."""
    monkeypatch.setattr(intake, "MAX_PARTS", 10_000)
    with pytest.raises(IntakeError, match="too many parts"):
        read(b'{"cells": [' + b"[]," * 10_000 + b"1]}", released)


def test_a_text_without_an_end_is_looked_at_once():
    """In proportion to its length: a square would take hours for this one."""
    assert intake._without_outputs('"' + '\\"' * 2_000_000)[1] == 0
