"""Names of students become names of folders, and two students never become one."""

import pytest

from autograder.course.students import mixed_up, mixed_up_in_words, shown_name, student_id

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


@pytest.mark.parametrize(
    "pair",
    [("Ada", "ada"), ("Zo\u00eb", "Zoe\u0308"), ("ZO\u00cb", "zoe\u0308"), ("ada [2]", student_id("ada [2]"))],
)
def test_names_that_a_file_system_or_the_gradebook_takes_for_one(pair):
    one, other = pair
    assert mixed_up({name: name for name in (*pair, "bob")}) == {one: [one, other], other: [one, other]}
    assert shown_name(one) in mixed_up_in_words(pair) and shown_name(other) in mixed_up_in_words(pair)


def test_names_that_are_alike_and_different():
    assert mixed_up({name: name for name in ["Wei\u00df", "Weiss", "Zoe", "Zo\u00eb", "a b", "a_b", *ODD[:-1]]}) == {}
