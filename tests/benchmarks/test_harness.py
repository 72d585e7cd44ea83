"""The benchmarks measure in turns, compare like with like, and find every script."""

import importlib
import math
import sys
from types import ModuleType

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import data, harness, peers, plain
from helpers import build_index, score_bm25, snowball_tokenize


def test_ways_take_turns_and_each_round_begins_with_another():
    order = []
    ways = [harness.Way(name, lambda name=name: order.append(name)) for name in "abc"]
    harness.measure(harness.Claim("", ways, rounds=3))
    assert "".join(order) == "abcbcacab"


def test_times_are_scaled_to_the_whole_work_and_to_one_of_many():
    way = harness.Way("a part", lambda: 2.0, share=0.25, clocked=True)
    assert harness.measure(harness.Claim("", [way], per=4, rounds=2)) == {"a part": [2.0, 2.0]}


def test_a_comparison_gives_medians_ratios_and_verdicts():
    seconds = {
        "plain": iter([8.0, 9.0, 30.0]),
        "fast": iter([2.0, 3.0, 10.0]),
        "slow": iter([16.0, 18.0, 60.0]),
    }
    ways = [harness.Way(name, lambda times=times: next(times), clocked=True) for name, times in seconds.items()]
    claim = harness.Claim("Three ways", ways, rounds=3, targets={"fast": 3, "slow": 1}, skipped={"other": "not here"})
    text, [fast, slow] = harness._comparison(claim, peaks={"plain": 12.0, "fast": None})
    assert "|---|---:|---:|---:|---|---:|\n| plain | 9 | 8.5 to 19.5 | 1 |  | 12 |" in text
    assert "| fast | 3 | 2.5 to 6.5 | 3 (3 to 3.5) | >= 3: met |  |" in text
    assert "| 0.5 (0.5 to 0.5) | >= 1: NOT met |" in text
    assert "3 rounds in turns. Left out: other (not here)." in text.replace("  ", " ")
    assert fast == harness.Verdict("Three ways: fast", ">= 3 times as fast as plain", "3 (3 to 3.5)", True)
    assert not slow.met


def test_the_summary_says_how_many_targets_are_met():
    verdicts = [harness.Verdict("quick", "< 1 s", "0.5 s", True), harness.Verdict("exact", "all", "most", False)]
    text = harness.summary(verdicts)
    assert text.startswith("## Targets\n\n| claim | target | measured | verdict |\n|---|---|---|---|\n")
    assert "| quick | < 1 s | 0.5 s | met |\n| exact | all | most | NOT met |\n\n1 of 2 targets met." in text


def test_growth_is_that_of_the_peak_and_not_of_what_went_before():
    np.ones(10**7)  # 80 MB, gone again
    size, grown = harness.growth(lambda: len(np.ones(5 * 10**6).tobytes()))  # 40 MB twice, gone again
    if math.isnan(grown):
        pytest.skip("this system does not tell the peak of a process")
    assert size == 4 * 10**7 and 75 < grown < 95


def test_the_page_keeps_what_the_other_scripts_found_when_one_stops(monkeypatch, capsys):
    def one_claim():
        yield harness.Listing("Rows", ["a", "b"], [["1", "2"]], verdicts=[harness.Verdict("c", "t", "m", True)])

    def error():
        yield from ()
        raise ImportError("no such engine")

    for name, claims in (("good", one_claim), ("bad", error)):
        script = ModuleType(f"benchmarks.{name}", f"Heading of {name}\n\nWhat it is about.\n")
        script.claims = claims
        monkeypatch.setitem(sys.modules, f"benchmarks.{name}", script)
    page, stopped = command.measure(["bad", "good"])
    assert stopped == ["bad"] and "no such engine" in capsys.readouterr().err
    assert "| benchmarks.bad | runs to its end | ImportError | NOT met |" in page and "2 of 3 targets met" in page
    assert "## Heading of good\n\nWhat it is about.\n\n`python -m benchmarks.good`\n\n### Rows" in page
    assert page.index("## Targets") < page.index("## benchmarks.bad") < page.index("## Heading of good")


def test_what_is_not_installed_is_left_out_by_name():
    def absent():
        import no_such_engine  # noqa: F401

    made, skipped = harness.available({"here": lambda: 1, "there": absent})
    assert made == {"here": 1} and skipped == {"there": "no_such_engine is not installed"}


def test_every_script_with_claims_is_found():
    found = command.scripts()
    assert found[:7] == list(command._FIRST)
    assert {"import_times", "lecture_cells", "sandbox_overhead"} <= set(found)
    assert not {"harness", "data", "results", "__main__"} & set(found) and len(found) == len(set(found))


@pytest.mark.parametrize("name", command.scripts())
def test_every_script_has_a_heading_and_claims(name):
    script = importlib.import_module(f"benchmarks.{name}")
    assert script.__doc__.strip() and callable(script.claims)
    assert all(callable(prepare) for prepare in getattr(script, "PEAKS", {}).values())


def test_the_page_names_machine_versions_and_command():
    head = harness.page_head()
    assert "python -m benchmarks" in head and f"numpy {np.__version__}" in head and "cores" in head


def test_names_have_the_shape_of_wands():
    names = data.product_names(5000)
    assert names == data.product_names.__wrapped__(5000) and len(names) == 5000
    index, doc_lengths = build_index(names)
    assert 6 < doc_lengths.mean() < 7.5 and len(index) > 4000 and 60 < len(index["sofa"]) < 160
    assert len(data.queries()) == 480
    tail = data._tail(400_000)
    assert len(np.unique(tail)) == 400_000


def test_the_plain_style_has_the_same_tokens_index_and_scores():
    names, queries = data.product_names(300), data.queries()[:20]
    assert [plain.tokenize(name) for name in names] == [snowball_tokenize(name) for name in names]
    index, doc_lengths = build_index(names)
    plain_index, lengths = plain.build_index(names)
    assert dict(index) == plain_index and (doc_lengths == lengths).all()
    for query in queries:
        expected = plain.score_bm25(query, plain_index, 300, lengths)
        np.testing.assert_allclose(score_bm25(query, index, 300, doc_lengths), expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("found", "says"),
    [([[1, 2], [3, 4]], "all"), ([[2, 1], [3, 4]], "100.0% of ids"), ([[1, 9], [3, 9]], "50.0% of ids")],
)
def test_agreement_is_of_order_or_of_ids(found, says):
    assert peers.agreement(found, [[1, 2], [3, 4]]) == says
