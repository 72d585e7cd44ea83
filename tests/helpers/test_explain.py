"""Each rule gives its sentence, on a catalogue small enough to check by eye."""

import pandas as pd
import pytest

from helpers import build_index
from helpers.explain import explain_bm25, explain_semantic

PRODUCTS = pd.DataFrame(
    {
        "product_name": [
            "velora chair",
            "velvet chair",
            "armless velvet chair",
            "velvet stool",
            "cat tower",
            "cat mug",
        ],
        "product_class": ["Chairs", "Chairs", "Chairs", "Stools", "Cat Trees", "Mugs"],
    }
)
INDEX, _ = build_index(PRODUCTS["product_name"])


def rows(*positions):
    return PRODUCTS.iloc[list(positions)]


def pieces(word):
    return {"velora": ["ve", "##lora"]}.get(word, [word])


def bm25_reason(query, found_by_bm25, found_by_meaning):
    return explain_bm25(query, found_by_bm25, found_by_meaning, INDEX, len(PRODUCTS), pieces)


def test_bm25_wins_by_a_rare_name():
    assert bm25_reason("velora chair", rows(0), rows(1)) == (
        "'velora' is a name or a rare word: 1 product has it letter for letter; the model reads ve + ##lora."
    )


def test_bm25_wins_because_every_word_counts():
    assert bm25_reason("armless chair", rows(2), rows(1, 0)) == (
        "'armless' is in 100% of BM25's results and in 0% of semantic search's: to a vector, one word is a small part "
        "of the whole."
    )


@pytest.mark.parametrize("query", ["chair", "of the", "zebra"])
def test_bm25_wins_for_no_visible_reason(query):
    assert bm25_reason(query, rows(1), rows(2)).startswith("Both lists contain the same words")


def test_meaning_wins_over_words_that_no_product_contains():
    one = explain_semantic("kitty tower", rows(5), rows(4), rows(4), INDEX)
    assert one == "No product text contains 'kitty', so BM25 cannot use it; to the model it still has a meaning."
    two = explain_semantic("kitty furniture for the cat", rows(5), rows(4), rows(4), INDEX)
    assert two == (
        "No product text contains 'kitty' or 'furniture', so BM25 cannot use them; to the model they still have a "
        "meaning."
    )


def test_meaning_wins_where_relevant_names_use_other_words():
    relevant = rows(0, 1, 3)
    assert explain_semantic("armless", rows(2), relevant, relevant, INDEX) == (
        "None of the 3 relevant products contains 'armless'; other products do. Semantic search finds 'velora chair'."
    )
    assert explain_semantic("armless", rows(2), rows(2), relevant, INDEX).endswith("other products do.")
    assert explain_semantic("velora", rows(0), relevant, relevant, INDEX) == (
        "Only 1 of the 3 relevant products contains 'velora'; other products do. Semantic search finds 'velvet chair'."
    )


def test_both_reasons_are_given():
    reason = explain_semantic("kitty mug", rows(5), rows(4), rows(4), INDEX)
    assert reason.count(".") == 3 and "'kitty'" in reason and "None of the 1 relevant products contains 'mug'" in reason


def test_meaning_wins_by_the_kind_of_product():
    assert explain_semantic("velvet", rows(3, 1), rows(1, 2), rows(1, 2), INDEX) == (
        "Other kinds of product use the same words: 1 of BM25's 2 results are in the class Chairs, and 2 of semantic "
        "search's 2."
    )


def test_meaning_wins_for_no_visible_reason():
    without_class = rows(1).assign(product_class=None)
    for relevant in (rows(1), without_class):
        assert explain_semantic("velvet", rows(1), rows(1), relevant, INDEX).startswith("Both lists contain the words")
