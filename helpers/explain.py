"""Why did one search find more than the other? A sentence from the words themselves, for one query.

Rules of thumb for reading results, not a measurement: each looks at something that one can check by eye.
"""

from collections.abc import Callable, Mapping

import pandas as pd

from .catalogue import product_text
from .text import snowball_tokenize

_SMALL_WORDS = frozenset("a an and at by for from in is it my of on or the to with".split())
_RARE = 0.02  # a word is rare if at most this share of all documents contains it


def explain_bm25(
    query: str,
    bm25_results: pd.DataFrame,
    semantic_results: pd.DataFrame,
    index: Mapping,
    num_docs: int,
    word_pieces: Callable[[str], list[str]],
) -> str:
    """Why BM25 found more of what is relevant to `query` than semantic search did.

    Parameters
    ----------
    query : str
    bm25_results, semantic_results : DataFrames with product_name and product_class, the top k of each search
    index : BM25Index of the product texts
    num_docs : int
    word_pieces : callable word -> list of the pieces the embedding model cuts it into
        Such as `helpers.local_model.word_pieces`.

    Examples
    --------
    >>> from helpers.bm25 import build_index
    >>> names = pd.DataFrame({"product_name": ["velora mug", *["blue mug"] * 99], "product_class": ["Mugs"] * 100})
    >>> index, _ = build_index(names["product_name"])
    >>> explain_bm25("velora", names[:1], names[1:2], index, 100, lambda word: ["ve", "##lora"])
    "'velora' is a name or a rare word: 1 product has it letter for letter; the model reads ve + ##lora."
    """
    words = {word: len(index[term]) for word, term in _words(query).items() if term in index}
    for rare, df in sorted(words.items(), key=lambda item: item[1]):
        pieces = word_pieces(rare)
        if df <= max(1, _RARE * num_docs) and len(pieces) > 1:
            return (
                f"'{rare}' is a name or a rare word: {df} {'product has' if df == 1 else 'products have'} it "
                f"letter for letter; the model reads {' + '.join(pieces)}."
            )
    in_bm25, in_semantic = (_shares(query, found) for found in (bm25_results, semantic_results))
    word = max(in_bm25, key=lambda word: in_bm25[word] - in_semantic[word], default=None)
    if word is None or in_bm25[word] <= in_semantic[word]:
        return "Both lists contain the same words; they order near-equals differently."
    return (
        f"'{word}' is in {in_bm25[word]:.0%} of BM25's results and in {in_semantic[word]:.0%} of semantic "
        "search's: to a vector, one word is a small part of the whole."
    )


def explain_semantic(
    query: str,
    bm25_results: pd.DataFrame,
    semantic_results: pd.DataFrame,
    relevant_products: pd.DataFrame,
    index: Mapping,
) -> str:
    """Why semantic search found more of what is relevant to `query` than BM25 did.

    Parameters
    ----------
    query : str
    bm25_results, semantic_results : DataFrames with product_name and product_class, the top k of each search
    relevant_products : DataFrame with product_name and product_class
    index : BM25Index of the product texts

    Examples
    --------
    >>> from helpers.bm25 import build_index
    >>> products = pd.DataFrame({"product_name": ["cat tower", "cot"], "product_class": ["Cat Trees", "Cribs"]})
    >>> index, _ = build_index(products["product_name"])
    >>> explain_semantic("kitty tower", products[1:], products[:1], products[:1], index)
    "No product text contains 'kitty', so BM25 cannot use it; to the model it still has a meaning."
    """
    reasons = []
    unknown = [word for word, term in _words(query).items() if term not in index]
    if unknown:
        several = len(unknown) > 1
        reasons.append(
            f"No product text contains {_quoted(unknown)}, so BM25 cannot use {'them' if several else 'it'}; to "
            f"the model {'they still have' if several else 'it still has'} a meaning."
        )
    n = len(relevant_products)
    in_relevant = _shares(query, relevant_products)
    known = {word: share for word, share in in_relevant.items() if word not in unknown}
    word = min(known, key=lambda word: known[word], default=None)
    if word is not None and known[word] < 0.5:
        having = round(known[word] * n)
        reasons.append(
            f"{f'Only {having}' if having else 'None'} of the {n} relevant products "
            f"{'contains' if having < 2 else 'contain'} '{word}'; other products do."
        )
        right = semantic_results.dropna(subset="product_name")
        right = right[right["product_name"].isin(relevant_products["product_name"])]
        term = _words(word)[word]
        texts = zip(right["product_name"], product_text(right))
        without = next((name for name, text in texts if term not in snowball_tokenize(text)), None)
        if without is not None:
            reasons.append(f"Semantic search finds '{without}'.")
    if reasons:
        return " ".join(reasons)
    kind = relevant_products["product_class"].mode()
    if len(kind):
        kind = kind.iloc[0]
        bm25, semantic = (int((found["product_class"] == kind).sum()) for found in (bm25_results, semantic_results))
        if semantic > bm25:
            return (
                f"Other kinds of product use the same words: {bm25} of BM25's {len(bm25_results)} results are in "
                f"the class {kind}, and {semantic} of semantic search's {len(semantic_results)}."
            )
    return "Both lists contain the words and the kind; they order near-equals differently."


def _words(query: str) -> dict[str, str]:
    """word -> term, for the words of the query that carry meaning."""
    words = [word for word in query.split() if word.lower() not in _SMALL_WORDS]
    return {word: terms[0] for word in words if (terms := snowball_tokenize(word))}


def _shares(query: str, products: pd.DataFrame) -> dict[str, float]:
    """word of the query -> share of the products whose text contains it."""
    tokenized = [set(snowball_tokenize(text)) for text in product_text(products)]
    return {
        word: sum(term in tokens for tokens in tokenized) / max(len(tokenized), 1)
        for word, term in _words(query).items()
    }


def _quoted(words: list[str]) -> str:
    words = [f"'{word}'" for word in words]
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
