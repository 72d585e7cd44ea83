"""Words and small catalogues that probes are drawn from. Half of the words are new in every run, so that none can be
known beforehand; the others are the trade's own."""

import numpy as np
import pandas as pd

from autograder.judge.question import near
from helpers import snowball_tokenize

COMMON = ("of", "with", "and", "the", "for", "in")
# Each in two forms with one stem, in lower case, without punctuation.
FAMILIES = (
    ("sofa", "sofas"),
    ("cushion", "cushions"),
    ("table", "tables"),
    ("recliner", "recliners"),
    ("curtain", "curtains"),
    ("drawer", "drawers"),
    ("glass", "glasses"),
    ("bench", "benches"),
    ("outdoor", "outdoors"),
    ("hanging", "hanged"),
    ("folding", "folded"),
    ("stacking", "stacked"),
)


def new_word(rng: np.random.Generator) -> str:
    """A word of three syllables that no catalogue has, and that its stem leaves as it is."""
    while True:
        letters = [
            rng.choice(list(of)) for of in ("bdfgklmnprtvz", "aou", "bdfgklmnprtvz", "aou", "kmnprt", "ou", "kmnp")
        ]
        word = "".join(letters)
        if snowball_tokenize(word) == [word] and snowball_tokenize(word + "s") == [word]:
            return word


def families(rng: np.random.Generator, n: int) -> list[tuple[str, str]]:
    """n words in two forms each with one stem, no two of one stem, half of them new: (short, long)."""
    known = [FAMILIES[i] for i in rng.choice(len(FAMILIES), n // 2, replace=False)]
    new = {new_word(rng): None for _ in range(n)}
    made = [*known, *((word, f"{word}s") for word in list(new)[: n - len(known)])]
    return [made[i] for i in rng.permutation(len(made))]


def texts_of(rng: np.random.Generator, words: list[tuple[str, str]], n: int) -> list[str]:
    """n texts of three to eight words, in either form and any case. Every word is in some text, one is twice or more in
    several, and the words of one text have common ones between them."""
    texts = []
    for row in range(n):
        chosen = [words[row % len(words)], *(words[i] for i in rng.choice(len(words), 2 + int(rng.integers(0, 3))))]
        if row % 2 == 0:
            chosen += [chosen[0]] * int(rng.integers(1, 4))
        if row % 3 == 0:
            chosen.append((str(rng.choice(COMMON)),) * 2)
        texts.append(" ".join(_cased(rng, pair[int(rng.integers(2))]) for pair in rng.permutation(chosen).tolist()))
    return texts


def _cased(rng: np.random.Generator, word: str) -> str:
    return str(rng.choice([word, word.title(), word.upper()]))


def products_of(rng: np.random.Generator, names: list[str], classes: list[str] | None = None) -> pd.DataFrame:
    """A catalogue of these names, with fresh ids in no order and an index in disorder, so that positions, labels and
    ids cannot be mixed up unseen."""
    n = len(names)
    return pd.DataFrame(
        {
            "product_id": rng.choice(900_000, n, replace=False) + 100_000,
            "product_name": names,
            "product_class": names[::-1] if classes is None else classes,
        },
        index=rng.permutation(n) + 3,
    )


def catalogue(rng: np.random.Generator, size: int, words: int = 8) -> tuple[list[tuple[str, str]], list[str]]:
    """The words of a small catalogue of about this size, and its texts."""
    chosen = families(rng, words)
    return chosen, texts_of(rng, chosen, near(rng, size))


def query_of(rng: np.random.Generator, words: list[tuple[str, str]], n: int) -> str:
    """A query of n different words of a catalogue, in any form and case."""
    chosen = [words[i] for i in rng.choice(len(words), n, replace=False)]
    return " ".join(_cased(rng, pair[int(rng.integers(2))]) for pair in chosen)
