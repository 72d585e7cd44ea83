"""An old definition that lives on in the kernel is noticed, in the order in which cells were run."""

import pytest

from helpers.stale import stale

CELL = 'def recall_at_k(found, relevant, k=10):\n    """Share."""\n    return len(set(found[:k]) & set(relevant))\n'
BROKEN = CELL.replace("[:k]", "[:k")
RENAMED = CELL.replace("recall_at_k", "recal_at_k")


@pytest.mark.parametrize(
    "cells, says",
    [
        ([CELL], None),
        ([CELL, 'check("recall", recall_at_k)'], None),
        ([CELL, BROKEN], "has a syntax error"),
        ([CELL, RENAMED], "does not define recall_at_k any more"),
        ([CELL, "", "x = 1", RENAMED, 'check("recall", recall_at_k)'], "does not define"),
        ([CELL, BROKEN, CELL], None),
        ([RENAMED, CELL], None),
        ([CELL, "def another(a):\n    return a + 1"], None),
        ([CELL, "%%time\n" + CELL], None),
        ([CELL, "for x in ["], None),
        (["x = 1"], None),
        ([], None),
    ],
)
def test_what_is_noticed(cells, says):
    found = stale("recall_at_k", cells)
    assert (says in found) if says else found is None


def test_a_variable_too():
    cell = "alpha_table = pd.DataFrame({'alpha': ALPHAS})\nbest_alpha = 0.5\n"
    assert stale("best_alpha", [cell, cell.replace("best_alpha", "my_alpha")])
    assert not stale("alpha_table", [cell, cell.replace("best_alpha", "my_alpha")])
