import doctest
import string

import numpy as np
import pandas as pd
import pytest
import Stemmer

from helpers import bm25, evaluation, hybrid, ranking, similarity, text
from helpers.text import snowball_tokenize


@pytest.mark.parametrize("module", [text, ranking, bm25, similarity, hybrid, evaluation], ids=lambda m: m.__name__)
def test_the_examples_in_the_docstrings_run(module):
    tried = doctest.testmod(module)
    assert tried.attempted > 0
    assert tried.failed == 0


def test_every_punctuation_mark_separates_words():
    assert snowball_tokenize(string.punctuation.join(["red", "blue"])) == ["red", "blue"]
    assert snowball_tokenize("mid-century 32''w (set of 2)") == [
        "mid",
        "centuri",
        "32",
        "w",
        "set",
        "of",
        "2",
    ]


def test_words_are_lower_cased_before_they_are_stemmed():
    assert snowball_tokenize("CHAIRS Chairs chairs") == ["chair"] * 3


def test_only_ascii_punctuation_is_replaced():
    assert snowball_tokenize("décor – “sofa”") == ["décor", "–", "“sofa”"]


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT])
def test_a_missing_text_has_no_tokens(missing):
    assert snowball_tokenize(missing) == []


@pytest.mark.parametrize("blank", ["", "  \t\n", "?!..."])
def test_a_text_without_words_has_no_tokens(blank):
    assert snowball_tokenize(blank) == []


@pytest.mark.parametrize("wrong", [42, 4.2, ["sofa"], b"sofa", np.array(["sofa"])])
def test_something_that_is_no_text_is_refused_by_name(wrong):
    with pytest.raises(TypeError, match=f"text must be a string, got {type(wrong).__name__}"):
        snowball_tokenize(wrong)


def test_the_stems_are_those_of_the_snowball_stemmer_also_the_second_time():
    words = "relaxing generously sofas tables upholstered cushions running flies dies 3 y".split()
    expected = Stemmer.Stemmer("english").stemWords(words)
    assert snowball_tokenize(" ".join(words)) == expected
    assert snowball_tokenize(" ".join(words)) == expected
