"""The questions on a tokenizer that differs between index and query, and on what was measured."""

import string

import pandas as pd

from autograder.judge.evidence import Answer
from autograder.judge.question import Check, Probe, Question, as_items, describe, each, near, quoted
from helpers import build_index, snowball_tokenize

from .drawn import families, new_word
from .expected import as_dicts, lost_queries
from .misconceptions.tokenizer_bug import TOKENIZER_BUG_MISTAKES
from .right_answers.tokenizer_bug import TOKENIZER_BUG_ANSWERS
from .words import TOKENIZE

SPACES = str.maketrans(string.punctuation, " " * len(string.punctuation))


def unstemmed(text: str) -> list[str]:
    """The broken tokenizer: everything but the stem."""
    return text.translate(SPACES).lower().split()


def _broken(texts: list[str]) -> dict[str, dict[int, int]]:
    index, _ = build_index(texts, unstemmed)
    return {term: index[term] for term in index}


def _probe(name: str, i: int, rng, queries: list[str], texts: list[str], broken: dict, text_ids: bool) -> Probe:
    ids = [f"Q-{x}" if text_ids else int(x) for x in rng.choice(9000, len(queries), replace=False)]
    right, _ = as_dicts(texts)
    table = pd.DataFrame({"query_id": ids, "query": queries}, index=rng.permutation(len(ids)) + 2)
    lost = lost_queries(zip(ids, queries), right, broken, snowball_tokenize)
    return Probe(
        f"tokenizer_bug/{name}/{i}", "losing_queries", (table, right, broken), about=(lost, dict(zip(ids, queries)))
    )


def _some(rng, shop):
    """Queries that lose all, some or none of their products, or that find none in either index.

    Words are in the names in the short form, the long one, or both; a broken index still finds the short one, which is
    the stem.
    """
    probes = []
    for i in range(2):
        words = families(rng, 8)
        stems = [pair for pair in words if snowball_tokenize(pair[0]) == [pair[0]]]
        (only_short, _), (_, only_long), (both_short, both_long), (other, _) = stems[:4]
        texts = [f"{only_short} {other}", f"{other} {only_long}", only_long.upper()]
        texts += [f"{both_short} {other}", f"{both_long}!"]
        texts += [new_word(rng) for _ in range(near(rng, 4))]
        absent = f"{new_word(rng)}x"
        queries = [
            f"{only_short}s",  # found by both
            only_long,  # all lost
            both_long.title(),  # one of two lost
            f"{only_short} {absent}",  # found by both, with a word that nobody has
            absent,  # found by neither
            f"{both_short} {only_short}",  # one of three lost
            f"{other} {absent}",  # found by both
        ]
        order = rng.permutation(len(queries))
        probes.append(_probe("queries", i, rng, [queries[j] for j in order], texts, _broken(texts), text_ids=i == 1))
    return probes


def _gains(rng, shop):
    """A query that finds as many products as before, but not the same; one that finds more; one whose lost word does no
    harm, because another of its words is in the same name; one without tokens."""
    a, b, c, d, e = (new_word(rng) for _ in range(5))
    texts = [a, b, f"{c} {d}", e, f"{e} {a}"]
    right, _ = as_dicts(texts)
    broken = {a: {1: 1, 4: 1}, b: {0: 1, 1: 1, 2: 1}, d: dict(right[d]), e: dict(right[e])}
    queries = [a, b, f"{c} {d}", e, "--"]
    return [_probe("gains", 0, rng, queries, texts, broken, text_ids=False)]


def _nothing_lost(rng, shop):
    """Indexes of names that are stems already: nothing is lost, whatever is asked."""
    words = [new_word(rng) for _ in range(6)]
    texts = [" ".join(rng.choice(words, 3, replace=False)) for _ in range(near(rng, 6))]
    queries = [f"{word}s" for word in words[:3]] + [f"{new_word(rng)}x"]
    return [_probe("nothing", 0, rng, queries, texts, _broken(texts), text_ids=False)]


def _wrong_ids(probe: Probe, answer: Answer) -> str | None:
    items = as_items(answer, "a list of query ids")
    if isinstance(items, str):
        return items
    lost, texts = probe.about
    if any(not isinstance(item, (str, int, float)) for item in items):
        return f"losing_queries gave {describe(answer)} that holds {quoted(items)}; a list of query ids is asked for."
    if unknown := [item for item in items if item not in texts]:
        return f"losing_queries gave {quoted(unknown[0])}, which is no query_id of queries_df."
    case = f"Of {len(texts)} queries, {len(lost)} lose a product. Yours"
    if more := [item for item in items if item not in lost]:
        return f"{case} has {texts[more[0]]!r}, which finds in `broken` every product that it finds in `right`."
    if missing := [i for i in lost if i not in items]:
        return f"{case} lacks {texts[missing[0]]!r}, which finds a product in `right` that it misses in `broken`."
    return f"{case} names a query twice." if len(items) > len(set(items)) else None


TOKENIZER_BUG = Question(
    "tokenizer_bug",
    5,
    "Find what a second tokenizer breaks",
    (
        Check("queries", 3, "the queries that lose a product, and no others", _some, each(_wrong_ids)),
        Check("gains", 1, "other rows found instead do not make up for a loss", _gains, each(_wrong_ids)),
        Check("nothing", 1, "an empty list where nothing is lost", _nothing_lost, each(_wrong_ids)),
    ),
    writes="losing_queries",
    builds_on=(TOKENIZE,),
    misconceptions=TOKENIZER_BUG_MISTAKES,
    right_answers=TOKENIZER_BUG_ANSWERS,
)

REFLECTION = Question("reflection", 5, "Explain what you measured")
