"""Turning text into terms: the first step of lexical search."""

import string

import pandas as pd
import Stemmer

_PUNCTUATION_TO_SPACES = str.maketrans(string.punctuation, " " * len(string.punctuation))


class _Stems(dict):
    """word -> stem, computed once per word: product names repeat the same words over and over."""

    _stemmer = Stemmer.Stemmer("english")

    def __missing__(self, word: str) -> str:
        stem = self[word] = self._stemmer.stemWord(word)
        return stem


_STEMS = _Stems()


def is_missing(text) -> bool:
    """True for None, NaN, pandas.NA and NaT: a text that is not there."""
    return not isinstance(text, str) and pd.api.types.is_scalar(text) and bool(pd.isna(text))


def snowball_tokenize(text: str | None) -> list[str]:
    """Split a text into lower-case English stems.

    Punctuation (``string.punctuation``) becomes spaces, the text is lower-cased and split at white space, and
    each word is cut down to its stem by the English Snowball stemmer (Porter 2001, https://snowballstem.org).

    Parameters
    ----------
    text : str, None or NaN
        None and NaN are texts that are not there; they have no tokens.

    Returns
    -------
    list of str
        In the order of the text, repeated words repeated.

    Raises
    ------
    TypeError
        If `text` is something else, such as a number or a list.

    Examples
    --------
    >>> snowball_tokenize("Mid-Century Sofas, 3 cushions!")
    ['mid', 'centuri', 'sofa', '3', 'cushion']
    >>> snowball_tokenize(None)
    []
    """
    if not isinstance(text, str):
        if is_missing(text):
            return []
        raise TypeError(f"text must be a string, got {type(text).__name__}: {text!r}. Convert it with str() first.")
    return [_STEMS[word] for word in text.translate(_PUNCTUATION_TO_SPACES).lower().split()]
