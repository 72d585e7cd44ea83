"""The benchmarks measure in turns, compare like with like, and find every script."""

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
    ways = [
        harness.Way(name, lambda times=times: next(times), clocked=True) for name, times in seconds.items()
    ]
    claim = harness.Claim(
        "Three ways", ways, rounds=3, targets={"fast": 3, "slow": 1}, skipped={"other": "not here"}
    )
    text = harness._comparison(claim, peaks={"plain": 12.0, "fast": None})
    assert "| plain | 9 | 8.5 to 19.5 | 1 |  | 12 |" in text
    assert "| fast | 3 | 2.5 to 6.5 | 3 (3 to 3.5) | >= 3: met |  |" in text
    assert "| 0.5 (0.5 to 0.5) | >= 1: NOT met |" in text
    assert "3 rounds in turns. Left out: other (not here)." in text.replace("  ", " ")


def test_what_is_not_installed_is_left_out_by_name():
    def absent():
        import no_such_engine  # noqa: F401

    made, skipped = harness.available({"here": lambda: 1, "there": absent})
    assert made == {"here": 1} and skipped == {"there": "no_such_engine is not installed"}


def test_every_script_with_claims_is_found():
    assert {
        "bm25_build",
        "bm25_one_query",
        "bm25_all_queries",
        "bm25_growth",
        "semantic_batch",
        "alpha_sweep",
        "evaluation",
        "import_times",
        "lecture_cells",
    } <= set(command.scripts())


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
