"""What the notebook's own checks say of answers that are nearly of the right form."""

from pathlib import Path

import pandas as pd
import pytest

from helpers.checks import load_checks

ALPHAS = [round(0.1 * step, 1) for step in range(11)]
REPORTED = {"bm25": 0.2, "semantic": 0.3, "hybrid": 0.4}


@pytest.mark.parametrize(
    ("held_out", "said"),
    [
        (REPORTED, None),
        (REPORTED | {"note": 0.5}, None),
        ({"bm25": 0.2}, "should be a dict with the keys bm25, semantic and hybrid"),
        ({"bm25": 0.2, "semantic": 0.3, "mix": 0.4}, "should be a dict with the keys bm25, semantic and hybrid"),
        (REPORTED | {"hybrid": 1.4}, "held_out['hybrid'] is 1.4"),
        ([0.2, 0.3, 0.4], "should be a dict with the keys bm25, semantic and hybrid"),
    ],
)
def test_the_report_of_question_7_has_its_three_keys(held_out, said):
    table = pd.DataFrame({"alpha": ALPHAS, "mean_recall": ALPHAS})
    checks = load_checks("hw4", Path(__file__).parents[3] / "homework" / "hw4")
    checked = checks.run("best_alpha", [table, 1.0, held_out], {"ALPHAS": ALPHAS})
    assert checked.passed if said is None else said in checked.sentence
