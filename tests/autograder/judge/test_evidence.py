"""Evidence is read with suspicion: only what pack() writes counts, and nothing raises but BadEvidence."""

import json
import math
import types
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.inside.collector import KernelPart, answer_probes, pack, unpack
from autograder.judge.evidence import (
    Array,
    BadEvidence,
    Failure,
    Frame,
    Missing,
    Nothing,
    Number,
    Other,
    Plain,
    read_answer,
    read_error,
    read_evidence,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["$", "value", "data", "dtype", "shape", "rows", "names", "columns", "type", "items"])
            | st.text(),
            inner,
        )
    ),
    max_leaves=12,
)
KINDS = (Number, Array, Frame, Plain, Nothing, Missing, Failure, Other)


@pytest.mark.parametrize(
    "value, kind",
    [
        (1, Number),
        (0.5, Number),
        (np.float32(2), Number),
        (np.int64(3), Number),
        (math.nan, Number),
        (np.array(4.0), Number),
        (np.zeros(3), Array),
        (pd.Series([1, 2]), Array),
        ([1, 2.5], Array),
        (None, Nothing),
        (True, Other),
        ("text", Plain),
        ({1, 2}, Plain),
        ({"a": [1]}, Plain),
        (object(), Other),
        (1j, Other),
        ([], Plain),
        (["a"], Plain),
        ([object()], Other),
        ({(1, 2): 3}, Other),
        ("long" * 3000, Other),
        (10**400, Other),
        (pd.DataFrame({"a": [1, None]}), Frame),
        (np.array(["a"]), Plain),
        (np.array([object()]), Other),
    ],
)
def test_every_kind_of_answer_survives_the_wire(value, kind):
    assert isinstance(read_answer(json.loads(json.dumps(pack(value)))), kind)


def test_arrays_keep_their_values_and_shape():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    answer = read_answer(json.loads(json.dumps(pack(array))))
    np.testing.assert_array_equal(answer.values, array)
    np.testing.assert_array_equal(unpack(pack(array), None, None), array)


def test_frames_keep_only_the_asked_columns():
    frame = pd.DataFrame({"product_id": [3, 4], "secret": ["a", "b"]}, index=[9, 2])
    answer = read_answer(json.loads(json.dumps(pack(frame, columns=["product_id"]))))
    assert answer.columns == {"product_id": [3, 4]} and answer.names == ("product_id", "secret")
    pd.testing.assert_frame_equal(unpack(pack(frame), None, None), frame)


@pytest.mark.parametrize(
    "value, read",
    [
        ("sofa ™ ’é", "sofa ™ ’é"),
        (["sofa", "sofa", ""], ["sofa", "sofa", ""]),
        (("mid", None, True, 3), ["mid", None, True, 3]),
        (np.array(["a", "b"]), ["a", "b"]),
        (pd.Series(["a", "b"], index=[7, 3]), ["a", "b"]),
        ({"sofa", 3}, frozenset({"sofa", 3})),
        (Counter({"sofa": 2, "red": 1}), {"sofa": 2, "red": 1}),
        (defaultdict(dict, sofa={0: 1, np.int64(4): np.int32(2)}), {"sofa": {0: 1, 4: 2}}),
        (types.MappingProxyType({"sofa": [(0, 1), (4, 2)]}), {"sofa": [[0, 1], [4, 2]]}),
        ({"sofa": np.array([[0, 1], [4, 2]])}, {"sofa": [[0, 1], [4, 2]]}),
        ({"sofa": pd.Series([1, 2], index=[0, 4])}, {"sofa": {0: 1, 4: 2}}),
        (({"sofa": {0: 1}}, np.array([2, 3])), [{"sofa": {0: 1}}, [2, 3]]),
        ({0.5: math.inf}, {0.5: math.inf}),
    ],
)
def test_text_and_collections_arrive_as_plain_values(value, read):
    assert read_answer(json.loads(json.dumps(pack(value)))) == Plain(read)


@pytest.mark.parametrize("value", [{"sofa": {0: 1, 4: 2}}, {7: 2, "a": 0}, {"a": ["x", ["y"]]}, {}])
def test_a_dict_reaches_the_kernel_as_it_is(value):
    assert unpack(json.loads(json.dumps(pack(value))), None, None) == value


@pytest.mark.parametrize(
    "forged",
    [
        [[[[[[[[[1, "a"]]]]]]]]],
        ["a"] * 200_001,
        [["a", 1]] * 100_000,
        {"$": "dict", "items": [[{"$": "dict", "items": []}, 1]]},
        {"$": "dict", "items": [[["a"], 1]]},
        {"$": "dict", "items": [["a", 1, 2]]},
        {"$": "dict", "items": {"a": 1}},
        {"$": "dict"},
        {"$": "set", "items": [["a"]]},
        ["a", {"$": "frame", "rows": 0, "names": [], "columns": {}}],
        ["a", {"$": "array", "dtype": "object", "shape": [1], "data": ""}],
        ["a", {"$": "float", "value": "1e3"}],
        ["a", {"x": 1}],
        ["a", "b" * 10_001],
    ],
    ids=range(14),
)
def test_what_is_too_large_too_deep_or_no_plain_value_is_no_answer(forged):
    assert isinstance(read_answer(forged), Other)


def test_an_answer_that_holds_itself_is_an_error_of_its_own():
    def winds():
        inside = ["a"]
        inside.append(inside)
        return inside

    [answer] = answer_probes([{"id": "a", "call": "winds", "args": []}], {"winds": winds}, KernelPart(""))
    assert read_answer(answer["answer"]).error == "RecursionError"


@given(JSON)
def test_no_json_value_makes_reading_an_answer_raise(value):
    assert isinstance(read_answer(value), KINDS)


@given(st.text() | JSON.map(json.dumps))
def test_no_text_makes_reading_evidence_raise_anything_but_bad_evidence(text):
    with pytest.raises(BadEvidence):
        read_evidence(text, "nonce", ["p"])


@pytest.mark.parametrize(
    "evidence, reason",
    [
        ({"nonce": "other", "answers": [{"id": "p", "answer": 1}]}, "another request"),
        ({"nonce": "n", "answers": [{"id": "q", "answer": 1}]}, "other probes"),
        ({"nonce": "n", "answers": []}, "other probes"),
        ({"nonce": "n", "answers": [{"id": "p", "answer": 1}] * 2}, "other probes"),
        ({"nonce": "n", "answers": [{"id": "p", "answer": 1}], "score": 100}, "agreed form"),
        ({"nonce": "n"}, "agreed form"),
    ],
)
def test_evidence_for_something_else_is_refused(evidence, reason):
    with pytest.raises(BadEvidence, match=reason):
        read_evidence(json.dumps(evidence), "n", ["p"])


def test_an_array_that_lies_about_its_size_is_unreadable():
    honest = pack(np.zeros(4))
    for lie in (
        {"shape": [5]},
        {"shape": [-1]},
        {"dtype": "object"},
        {"shape": [2**40]},
        {"data": "%%%"},
        {"shape": [True]},
    ):
        assert isinstance(read_answer(honest | lie), Other)


def test_text_from_a_submission_is_one_printable_line():
    answer = read_answer({"$": "error", "type": "Boom\x1b[31m", "message": "a\nb" + "x" * 1000})
    assert answer.error == "Boom [31m" and "\n" not in answer.message and len(answer.message) <= 300


def test_what_a_function_raises_or_lacks_is_an_answer():
    def fails():
        raise ValueError("no")

    probes = [
        {"id": "a", "call": "fails", "args": []},
        {"id": "b", "call": "absent", "args": []},
        {"id": "c", "read": "x"},
    ]
    answers = [read_answer(a["answer"]) for a in answer_probes(probes, {"fails": fails, "x": 7}, KernelPart(""))]
    assert answers == [Failure("ValueError", "no"), Missing("absent"), Number(7.0)]


@pytest.mark.parametrize(
    "ename, evalue, failure",
    [
        (
            "SyntaxError",
            "'(' was never closed (417315994.py, line 3)",
            Failure("SyntaxError", "'(' was never closed (line 3)"),
        ),
        (
            "SyntaxError",
            "invalid syntax (<ipython-input-1-ab>, line 12)",
            Failure("SyntaxError", "invalid syntax (line 12)"),
        ),
        ("ValueError", "(a, line b)", Failure("ValueError", "(a, line b)")),
        ("A\x1b[2J\nB", "\0", Failure("A [2J B", "")),
        (None, ["x"], Failure("an error", "")),
        ("E", "y" * 10_000, Failure("E", "y" * 300)),
    ],
)
def test_a_cells_error_becomes_one_bounded_line(ename, evalue, failure):
    assert read_error(ename, evalue) == failure


def test_a_whole_number_that_no_float_holds_is_no_cell():
    forged = {"$": "frame", "rows": 2, "names": ["similarity"], "columns": {"similarity": [10**400, 2**62]}}
    assert read_answer(forged).columns == {"similarity": [None, 2**62]}
