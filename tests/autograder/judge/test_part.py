"""Of a kernel part only what a request needs is sent."""

import pytest

from autograder.inside.collector import KernelPart
from autograder.judge.part import NotSeparable, part_for
from tests.support.hw4 import HW4, QUESTIONS

PART = """
import math
from json import dumps, loads
SIDES = 4
SECRET = 7

def _twice(x):
    return 2 * x

def _root(x):
    return math.sqrt(_twice(x))

def _quiet(x):
    return SECRET * x

def set_up(only=()):
    return {"sides": SIDES, "text": dumps(list(only))}

def stand_ins():
    factor = 10
    other = SECRET

    def area(x):
        return factor * x * x

    def hidden(x):
        return other * _quiet(x)

    return {"area": area, "hidden": hidden, "root": _root}
"""


def test_nothing_of_the_stand_ins_where_none_is_needed():
    text = part_for(PART)
    for absent in ("stand_ins", "_root", "math", "SECRET", "hidden", "loads"):
        assert absent not in text
    assert KernelPart(text).set_up((1,)) == {"sides": 4, "text": "[1]"} and KernelPart(text).stand_ins() == {}


def test_each_stand_in_alone_and_whole():
    text = part_for(PART, frozenset(["area"]))
    assert "hidden" not in text and "SECRET" not in text and "_root" not in text and "math" not in text
    assert KernelPart(text).stand_ins()["area"](3) == 90
    both = KernelPart(part_for(PART, frozenset(["root", "hidden"]))).stand_ins()
    assert both["root"](8) == 4 and both["hidden"](1) == 49 and set(both) == {"root", "hidden"}


@pytest.mark.parametrize(
    "end",
    ["return dict(area=1)", "made = {}\n    return made", "return {name: 1 for name in 'ab'}", "return {**{}}", "pass"],
)
def test_a_part_whose_stand_ins_cannot_be_told_apart(end):
    text = f"def stand_ins():\n    {end}\n"
    assert part_for(text) == ""
    with pytest.raises(NotSeparable):
        part_for(text, frozenset(["area"]))


def test_a_homework_without_a_part():
    assert part_for("") == ""


def test_no_question_is_sent_its_own_stand_in_or_a_later_one():
    """In the notebook's order, as they are asked again."""
    for place, question in enumerate(QUESTIONS):
        names = frozenset(earlier.writes for earlier in question.builds_on if earlier.writes)
        given = KernelPart(part_for(HW4.kernel_part, names)).stand_ins() if names else {}
        assert set(given) == names
        assert not names & {later.writes for later in QUESTIONS[place:]}
