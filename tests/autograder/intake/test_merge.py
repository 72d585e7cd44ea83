"""Every damage a file can have on its way from a student is repaired, and said so, or is a reason in words."""

import copy
import json
import random

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.course.cells import grade_id
from autograder.course.notebooks import released_form
from autograder.intake.choose import IntakeError
from tests.support.hw4 import QUESTIONS
from tests.support.submissions import answers, find, read, same_frame, solved_answers


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
    find(handed, "test_recall")["source"] = "print('all is well')"
    submission = same_frame(read(handed, released), released)
    assert any("Test cell test_cosine was missing; it was put back." == r for r in submission.repairs)
    assert any("test_recall" in r and "edited" in r for r in submission.repairs)
    assert "all is well" not in nbformat.writes(submission.notebook)


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
    assert sum("had lost its id" in r for r in submission.repairs) == len(QUESTIONS)


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


# --- written answers, which a reader marks ---------------------------------------------------------------

ESSAY = "BM25 finds the collection's name, and the vectors find the sofa that I called a couch."


def essay(text=ESSAY, **more):
    return {"cell_type": "markdown", "metadata": {}, "source": text} | more


def plainly(handed):
    """The same notebook with texts instead of lists of lines."""
    for cell in handed["cells"]:
        cell["source"] = "".join(cell["source"])
    return handed


def dropped(handed, released):
    handed["cells"][-1] = essay()


def split(handed, released):
    handed["cells"][-1:] = [essay(ESSAY[:30]), essay(ESSAY[30:])]


def split_below_its_empty_cell(handed, released):
    handed["cells"][-1]["source"] = "YOUR ANSWER HERE"
    handed["cells"].append(essay())


def emptied(handed, released):
    handed["cells"][-1]["source"] = ""
    handed["cells"].append(essay())


def merged_into_the_question(handed, released):
    handed["cells"].pop()
    handed["cells"][-1]["source"] += f"\n\n{ESSAY}"


def as_code(handed, released):
    handed["cells"][-1] = essay(f"# {ESSAY}", cell_type="code")


def above_the_question(handed, released):
    handed["cells"][-1] = handed["cells"][-2]
    handed["cells"][-2] = essay()


def elsewhere(handed, released):
    handed["cells"].pop()
    handed["cells"].insert(3, essay())


WAYS = [
    dropped,
    split,
    split_below_its_empty_cell,
    emptied,
    merged_into_the_question,
    as_code,
    above_the_question,
    elsewhere,
]


@pytest.mark.parametrize("way", WAYS)
def test_a_written_answer_that_has_lost_its_cell_waits_for_its_reader(handed, released, way):
    """nbgrader gives 0 for good to a cell that holds the released text, so another one has to stand in it."""
    plainly(handed)
    del handed["cells"][handed["cells"].index(find(handed, "answer_reflection")) + 1 :]  # it is the last cell now
    way(handed, released)
    submission = same_frame(read(handed, released), released)
    text = answers(submission)["reflection"]
    assert ESSAY[:30] in text and ESSAY[30:] in text and "YOUR ANSWER" not in text
    assert any("answer_reflection" in repair for repair in submission.repairs)
    assert answers(submission)["cosine"] == find(handed, "answer_cosine")["source"]


@pytest.mark.parametrize("own", [[], [essay("# a note on cosines")]])
def test_where_nothing_was_written_nobody_has_to_read(released, own):
    """A note elsewhere is no answer to a question whose cell is there, and a typing error in a locked cell is none."""
    handed = plainly(json.loads(nbformat.writes(released)))
    handed["cells"][3:3] = own
    handed["cells"][-2]["source"] += " ok"
    assert answers(same_frame(read(handed, released), released))["reflection"] == "YOUR ANSWER HERE"


def test_code_that_a_reader_marks(source):
    """The kind is any question marked by hand."""
    source = nbformat.from_dict(source)
    source.cells = source.cells[: [grade_id(cell) for cell in source.cells].index("answer_reflection") + 1]
    source.cells[-1] = nbformat.v4.new_code_cell("### BEGIN SOLUTION\nx = 1\n### END SOLUTION") | {
        "metadata": source.cells[-1].metadata
    }
    released = released_form(source)
    handed = json.loads(nbformat.writes(released))
    handed["cells"][-1]["source"] = ""
    handed["cells"].append({"cell_type": "code", "metadata": {}, "source": "plot = draw()", "outputs": []})
    submission = same_frame(read(handed, released), released)
    assert answers(submission)["reflection"] == "plot = draw()"
    assert sum("draw()" in cell.source for cell in submission.notebook.cells) == 1


# --- another homework's file -----------------------------------------------------------------------------


def other_homework(released):
    """A homework with a set-up, stubs and a reflection like this one's, and ids and questions of its own."""
    other = json.loads(nbformat.writes(released))
    for number, cell in enumerate(other["cells"]):
        name = cell["metadata"]["nbgrader"]["grade_id"]
        if name not in ("intro", "setup_text", "setup", "answer_best_alpha", "reflection_text", "answer_reflection"):
            cell["metadata"]["nbgrader"]["grade_id"] = name.replace("_", f"_other{number}_")
        if name not in ("answer_best_alpha", "answer_reflection"):
            cell["source"] = f"## {number}. Another question altogether\n\nDo number {number}."
    return other


@pytest.mark.parametrize(
    ("cells", "stripped"),
    [
        (slice(None), False),
        (slice(None), True),
        (slice(1, 4), True),  # its set-up
        (slice(21, 24), True),  # a bare stub
        (slice(24, None), True),  # its reflection
    ],
)
def test_another_homeworks_file(released, cells, stripped):
    other = other_homework(released)
    other["cells"] = other["cells"][cells]
    for cell in other["cells"] if stripped else ():
        cell["metadata"] = {}
    with pytest.raises(IntakeError, match="None of this homework's answer cells is in the notebook. Is it the right"):
        read(other, released)


@pytest.mark.parametrize(
    "kept",
    [
        lambda cell: cell["cell_type"] == "code",
        lambda cell: "answer_" in cell["metadata"]["nbgrader"]["grade_id"],
        lambda cell: cell["metadata"]["nbgrader"]["grade_id"] in ("answer_recall", "test_recall"),
    ],
)
@pytest.mark.parametrize("stripped", [False, True])
def test_a_right_file_of_which_little_is_left(handed, released, kept, stripped):
    own = [essay(f"# Own heading number {number}") for number in range(40)]
    handed["cells"] = [cell for cell in handed["cells"] if kept(cell)] + own
    want = find(plainly(handed), "answer_recall")["source"]
    for cell in handed["cells"] if stripped else ():
        cell["metadata"] = {}
    assert answers(same_frame(read(handed, released), released))["recall"] == want


def test_a_copy_runs_where_it_stood(handed, released):
    """A copy below the test cell must not run above it."""
    at = handed["cells"].index(find(handed, "test_cosine"))
    later = copy.deepcopy(find(handed, "answer_cosine")) | {"source": "def cosine_similarity(a, b): return 1"}
    handed["cells"].insert(at + 1, later)
    cells = read(handed, released).notebook.cells
    names = [grade_id(cell) or cell.source for cell in cells]
    assert names.index("answer_cosine") + 1 == names.index("test_cosine") == names.index(later["source"]) - 1


def test_no_test_cell_of_the_student_is_ever_run(handed, released):
    for cell in handed["cells"]:
        if cell["metadata"]["nbgrader"]["grade_id"].startswith("test_"):
            cell["source"] = "raise SystemExit"
    submission = read(handed, released)
    assert all(
        "SystemExit" not in c.source for c in submission.notebook.cells if (grade_id(c) or "").startswith("test_")
    )
