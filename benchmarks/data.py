"""Product names in the shape of WANDS: the demo catalogue's names with rare words put in, any number of them.

WANDS has 42,994 names of 6.5 tokens, 25,570 terms and 924 names with "sofa"; these have 42,994 names of 6.7
tokens, 21,276 terms and 876 names with "sofa".
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from helpers import load_wands_products, load_wands_queries

WANDS = 42_994
ROOT = Path(__file__).resolve().parents[1]
_REAL_QUERIES = ROOT.parent / "shared" / "wands" / "query.csv"
_SYLLABLES = np.array([consonant + vowel for consonant in "bcdfglmnprstvz" for vowel in "aeiou"])
_SHARE_OF_RARE_WORDS = 0.2


@lru_cache(maxsize=2)
def product_names(n: int = WANDS, seed: int = 0) -> list[str]:
    """n names: a demo name each, in which every fifth word gives way to one from a long Zipf-like tail."""
    rng = np.random.default_rng(seed)
    words = [name.split() for name in load_wands_products(ROOT / "helpers" / "demo")["product_name"]]
    chosen = rng.integers(0, len(words), n)
    lengths = np.array([len(name) for name in words])[chosen]
    is_rare = rng.random(lengths.sum()) < _SHARE_OF_RARE_WORDS
    tail = _tail(max(60_000, n))
    likely = np.cumsum(1 / (np.arange(len(tail)) + 30.0))
    rare = iter(tail[np.searchsorted(likely, rng.random(is_rare.sum()) * likely[-1])].tolist())
    flags = iter(is_rare.tolist())
    return [" ".join(next(rare) if next(flags) else word for word in words[name]) for name in chosen.tolist()]


def products(n: int = WANDS) -> pd.DataFrame:
    """The names as a catalogue in the shape of WANDS, with product_id, texts and numbers."""
    names = product_names(n)
    return pd.DataFrame(
        {
            "product_id": np.arange(n),
            "product_name": names,
            "product_class": "Sofas",
            "category_hierarchy": "Furniture / Living Room Furniture / Sofas",
            "product_description": names,
            "product_features": "colour:grey|material:oak",
            "rating_count": 1.0,
            "average_rating": 4.5,
            "review_count": 1.0,
        }
    )


@lru_cache
def queries() -> list[str]:
    """The 480 queries of WANDS where they lie beside the repository; else the demo's, again and again."""
    if _REAL_QUERIES.exists():
        return pd.read_csv(_REAL_QUERIES, sep="\t")["query"].tolist()
    demo = load_wands_queries(ROOT / "helpers" / "demo")["query"].tolist()
    return (demo * (480 // len(demo) + 1))[:480]


def judgments(n: int, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(queries_df, labels_df) with as many labels as WANDS has, 233,448, spread by chance."""
    rng = np.random.default_rng(seed)
    texts = queries()
    labels = pd.DataFrame(
        {
            "query_id": rng.integers(0, len(texts), 233_448),
            "product_id": rng.integers(0, n, 233_448),
            "grade": rng.choice([0, 1, 1, 1, 2], 233_448),
        }
    )
    return pd.DataFrame({"query_id": range(len(texts)), "query": texts}), labels


def embeddings(n: int = WANDS, q: int = 480, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Made-up float32 vectors (n, 384) and (q, 384) in 500 clusters; every 50th of the n repeats another."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(500, 384)).astype(np.float32)

    def around(count: int) -> np.ndarray:
        return centres[rng.integers(0, 500, count)] + rng.normal(size=(count, 384)).astype(np.float32)

    docs, asked = around(n), around(q)
    docs[::50] = docs[rng.integers(0, n, len(docs[::50]))]
    return docs, asked


def _tail(count: int) -> np.ndarray:
    """`count` words of three or four syllables that no two share; the order looks like chance."""
    number = np.arange(count) * 7_919 % 343_000  # 7,919 has no factor in common with 70**3
    parts = [number % 70, number // 70 % 70, number // 4_900]
    words = _SYLLABLES[parts[0]]
    for part in parts[1:]:
        words = np.char.add(words, _SYLLABLES[part])
    return np.where(np.arange(count) < 343_000, words, np.char.add(words, "q" + np.char.mod("%d", np.arange(count))))
