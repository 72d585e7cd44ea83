"""Whatever a file holds, its cells are read within bounds, or a reason in words says why not."""

import json

import nbformat
import pytest

from autograder.intake import read as reading
from autograder.intake.choose import IntakeError
from autograder.intake.merge import read_submission
from tests.support.submissions import answers, find, read, same_frame, solved_answers


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
    monkeypatch.setattr(reading, "MAX_BYTES", 1000)
    with pytest.raises(IntakeError, match="Clear the outputs"):
        read(handed, released)
    monkeypatch.undo()
    with pytest.raises(IntakeError, match=f"{len(handed['cells']) * 100:,} cells"):
        read(handed | {"cells": handed["cells"] * 100}, released)
    find(handed, "answer_cosine")["source"] = "#" * 600_000
    with pytest.raises(IntakeError, match="500,000 characters"):
        read(handed, released)


@pytest.mark.parametrize("nested", ["[" * 50_000 + "]" * 50_000, '{"a":' * 975 + "1" + "}" * 975])
def test_outputs_are_never_read_however_they_nest(handed, released, nested):
    find(handed, "answer_cosine")["outputs"] = [{"output_type": "display_data", "data": {"x": "PUT"}, "metadata": {}}]
    find(handed, "answer_cosine")["metadata"]["own"] = "PUT"
    raw = json.dumps(handed).replace('"PUT"', nested).encode()
    assert answers(read(raw, released)) == answers(read(handed, released))


def test_a_file_of_more_parts_than_a_notebook_has_is_refused_before_it_is_read(released, monkeypatch):
    """Read, each "[]," would take 64 bytes."""
    monkeypatch.setattr(reading, "MAX_PARTS", 10_000)
    with pytest.raises(IntakeError, match="too many parts"):
        read(b'{"cells": [' + b"[]," * 10_000 + b"1]}", released)


def test_a_text_without_an_end_is_looked_at_once():
    """In proportion to its length: a square would take hours for this one."""
    assert reading._without_outputs('"' + '\\"' * 2_000_000)[1] == 0
