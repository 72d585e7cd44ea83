"""The questions on scores: the weight of a term, BM25, and the search that ranks by it."""

import numpy as np

from autograder.judge.evidence import Answer, Array
from autograder.judge.question import (
    Check,
    Exchange,
    Probe,
    Question,
    as_array,
    as_dict,
    as_frame,
    as_number,
    describe,
    each,
    each_plain,
    near,
    unchanged,
)
from autograder.judge.rankings import Right, as_they_were, wrong_columns, wrong_order, wrong_rows
from autograder.judge.ties import TOLERANCE
from helpers import score_bm25, snowball_tokenize
from helpers.sentences import UNROUNDED, rounded

from .drawn import catalogue, families, new_word, products_of, query_of
from .expected import as_dicts, idf
from .misconceptions.bm25 import BM25_MISTAKES
from .misconceptions.idf import IDF_MISTAKES
from .misconceptions.search import SEARCH_MISTAKES
from .right_answers.bm25 import BM25_ANSWERS
from .right_answers.idf import IDF_ANSWERS
from .right_answers.search import SEARCH_ANSWERS
from .shop import K, Shop
from .words import TOKENIZE

CHANGED = "bm25 changes the postings that it is given, so that the next query finds other ones: only look."
ALL = "all"
VOCABULARY = 20  # words of a small catalogue to search
COLUMNS = ("product_id", "bm25_score", "rank")
POSTINGS_PLACE, LENGTHS_PLACE, PRODUCTS_PLACE = 1, 2, 3  # among the arguments of bm25 and search


def _idf_probe(name: str, i: int, df: int, n: int) -> Probe:
    return Probe(f"idf/{name}/{i}", "idf", (int(df), int(n)), about=idf(df, n))


def _idfs(rng, shop):
    """Rare and common terms, in fewer than half of the documents."""
    pairs = [(near(rng, 3), near(rng, 40)), (near(rng, 30), near(rng, 900)), (1, near(rng, 5000)), (9, near(rng, 20))]
    return [_idf_probe("ordinary", i, df, n) for i, (df, n) in enumerate(pairs)]


def _idf_ends(rng, shop):
    n = near(rng, 60)
    return [_idf_probe("ends", i, df, n) for i, df in enumerate([n, n - 1, n - n // 3, 0])]


def _wrong_idf(probe: Probe, answer: Answer) -> str | None:
    got = as_number(answer)
    if isinstance(got, str):
        return got
    if abs(got - probe.about) <= TOLERANCE:
        return None
    df, n = probe.args
    case = f"idf(df={df}, n={n}) gave {got:.5g}, expected {probe.about:.5g}."
    if rounded(got, probe.about):
        return f"{case} {UNROUNDED}"
    if got < 0:
        return f"{case} It is never negative: where does the + 1 stand?"
    return f"{case} Compare each part with the formula: the natural logarithm, both halves, the + 1."


IDF = Question(
    "idf",
    5,
    "Weigh a term by how rare it is",
    (
        Check("ordinary", 3, "the formula, for rare and for common terms", _idfs, each(_wrong_idf)),
        Check("ends", 1, "terms of most, of all and of no documents", _idf_ends, each(_wrong_idf)),
        Check(
            "kind",
            1,
            "one plain number comes out",
            lambda rng, shop: [_idf_probe("kind", 0, 3, near(rng, 40))],
            each_plain("idf", _wrong_idf),
        ),
    ),
    writes="idf",
    misconceptions=IDF_MISTAKES,
    right_answers=IDF_ANSWERS,
)


def _bm25_probe(name: str, i: int, query: str, texts: list[str], argument: int | None = None, **kwargs: float) -> Probe:
    postings, doc_lengths = as_dicts(texts)
    right = score_bm25(query, postings, len(texts), doc_lengths, **kwargs)
    return Probe(
        f"bm25/{name}/{i}",
        "bm25",
        (query, postings, doc_lengths),
        kwargs,
        argument=argument,
        about={"scores": right, "given": (query, postings, doc_lengths)},
    )


def _bm25_probes(name: str, *shapes, argument: int | None = None):
    """Probes with about so many texts, so many words in the query, and more arguments, as given."""

    def probes(rng, shop):
        made = []
        for i, (size, words, kwargs) in enumerate(shapes):
            known, texts = catalogue(rng, size)
            chosen = {key: value(rng) if callable(value) else value for key, value in kwargs.items()}
            made.append(_bm25_probe(name, i, query_of(rng, known, words), texts, argument, **chosen))
        return made

    return probes


def _ordinary(rng, shop):
    """Some term is in more than half of the documents, where an idf without + 1 is negative, and some counts twice."""
    while True:
        probes = _bm25_probes("ordinary", (8, 2, {}), (12, 3, {}), (30, 4, {}), (9, 1, {}))(rng, shop)
        found = []
        for query, postings, doc_lengths in (probe.about["given"] for probe in probes):
            rows = [postings[token] for token in snowball_tokenize(query)]
            found += [(len(counts) / len(doc_lengths), max(counts.values())) for counts in rows]
        if max(share for share, _ in found) > 0.55 and max(tf for _, tf in found) > 1:
            return probes


def _between(low: float, high: float):
    return lambda rng: round(float(rng.uniform(low, high)), 3)


def _repeats(rng, shop):
    """Queries in which a word comes twice or three times, in other forms too."""
    probes = []
    for i, times in enumerate((2, 3)):
        known, texts = catalogue(rng, 9)
        again = [known[0][j % 2] for j in range(times)]
        probes.append(_bm25_probe("repeats", i, " ".join([query_of(rng, known[1:], 2), *again]), texts))
    return probes


def _unknown(rng, shop):
    """Words that no text has: before, between and after words that some have, alone, and no words at all."""
    probes = []
    for i in range(4):
        known, texts = catalogue(rng, 8)
        word = new_word(rng) + "x"
        known_query = query_of(rng, known, 2)
        first, second = known_query.split()
        query = (f"{word} {known_query}", f"{first} {word} {second} {word}", f"{word} {word[::-1]}", "")[i]
        probes.append(_bm25_probe("unknown", i, query, texts))
    return probes


def _wrong_scores(probe: Probe, answer: Answer) -> str | None:
    right = probe.about["scores"]
    got = as_array(answer, len(right))
    if isinstance(got, str):
        return got
    wrong = ~(np.abs(got - right) <= TOLERANCE * np.maximum(1, np.abs(right)))
    if not wrong.any():
        return None
    query, _, _ = probe.about["given"]
    more = "".join(f", {name}={value}" for name, value in probe.kwargs.items())
    row = int(wrong.argmax())
    case = f"For the query {query!r} over {len(right)} documents{more}, the score of row {row} is "
    case += f"{got[row]:.5g}, expected {right[row]:.5g}."
    if rounded(got, right):
        return f"{case} {UNROUNDED}"
    if not right.any():
        return f"{case} A token that no document has adds nothing."
    return f"{case} Work out this one score by hand, term by term: idf, tf, and the document's length."


def _wrong_result(exchange: Exchange, shop: Shop) -> str | None:
    """What comes back has the shape (n,), and what was given is as it was."""
    for probe, answer in exchange:
        _, postings, doc_lengths = probe.about["given"]
        if probe.argument == POSTINGS_PLACE:
            got = as_dict(answer)
            sentence = got if isinstance(got, str) else None if got == postings else CHANGED
        elif probe.argument == LENGTHS_PLACE:
            sentence = unchanged(answer, doc_lengths, "doc_lengths", "bm25")
        else:
            sentence = _wrong_scores(probe, answer)
            if not sentence and (not isinstance(answer, Array) or answer.values.shape != doc_lengths.shape):
                sentence = (
                    f"bm25 gave {describe(answer)}; it should be one of shape {doc_lengths.shape}: a score a row."
                )
        if sentence:
            return sentence
    return None


def _results(rng, shop):
    known, texts = catalogue(rng, 8)
    query = f"{query_of(rng, known, 2)} {new_word(rng)}x"
    places = (None, POSTINGS_PLACE, LENGTHS_PLACE)
    return [_bm25_probe("result", i, query, texts, argument=place) for i, place in enumerate(places)]


BM25 = Question(
    "bm25",
    20,
    "Score a catalogue for one query",
    (
        Check(
            "ordinary",
            9,
            "the sum over the query's tokens",
            _ordinary,
            each(_wrong_scores),
        ),
        Check(
            "parameters",
            4,
            "other k1 and b, up to their ends",
            _bm25_probes(
                "parameters",
                (9, 3, {"k1": _between(0.3, 1), "b": _between(0.2, 0.6)}),
                (9, 3, {"k1": _between(1.5, 3)}),
                (9, 3, {"b": 0.0}),
                (9, 3, {"b": 1.0}),
                (9, 3, {"k1": 0.0}),
            ),
            each(_wrong_scores),
        ),
        Check("repeats", 2, "a token that the query repeats counts each time", _repeats, each(_wrong_scores)),
        Check("unknown", 3, "a token that no document has adds nothing", _unknown, each(_wrong_scores)),
        Check("result", 2, "a new array of shape (n,); what was given stays as it was", _results, _wrong_result),
    ),
    writes="bm25",
    builds_on=(TOKENIZE, IDF),
    misconceptions=BM25_MISTAKES,
    right_answers=BM25_ANSWERS,
)


def _search_probe(name: str, i: int, query: str, texts: list[str], products, k, argument: int | None = None) -> Probe:
    postings, doc_lengths = as_dicts(texts)
    scores = score_bm25(query, postings, len(texts), doc_lengths)
    return Probe(
        f"search/{name}/{i}",
        "search",
        (query, postings, doc_lengths, products),
        {} if k is None else {"k": k},
        columns=COLUMNS,
        argument=argument,
        about=Right(products["product_id"].tolist(), {"bm25_score": scores}, "bm25_score", k or K),
    )


def _search_probes(name: str, *shapes, words: int = 3, argument: int | None = None):
    """Probes with about so many products, and k, as given; k ALL takes every product, None leaves the default.

    words: of the query. With one word, far fewer products have it than a large k asks for.
    """

    def probes(rng, shop):
        made = []
        for i, (size, k) in enumerate(shapes):
            known, texts = catalogue(rng, size, VOCABULARY)
            k = len(texts) if k == ALL else k
            query = query_of(rng, known, words)
            made.append(_search_probe(name, i, query, texts, products_of(rng, texts), k, argument))
        return made

    return probes


def _ties(rng, shop):
    """Catalogues of names that are all different and equally long, of which about half have the query's word, once: all
    these scores are equal, and so are all others. Names, ids and labels are in no order."""
    probes = []
    for i, k in enumerate((None, 25)):
        words = families(rng, VOCABULARY)
        asked, others = words[0], [long for _, long in words[1:]]
        names = []
        for row in range(near(rng, 30)):
            first = asked[int(rng.integers(2))] if row % 2 else str(rng.choice(others))
            names.append(" ".join(rng.permutation([first, *rng.choice(others, 3)])))
        names = [str(name) for name in rng.permutation(names)]
        probes.append(_search_probe("ties", i, asked[0], names, products_of(rng, names), k))
    return probes


def _wrong_ties(probe: Probe, answer: Answer) -> str | None:
    frame = as_frame(answer, "product_id")
    if isinstance(frame, str) or (sentence := wrong_order(probe, answer)):
        return frame if isinstance(frame, str) else sentence
    right = probe.about
    best = np.argsort(-right.scores["bm25_score"], kind="stable")[: right.rows]
    if frame.columns["product_id"] == [right.ids[row] for row in best][: frame.rows]:
        return None  # how many rows there are is judged apart
    return (
        f"Among {len(right.ids)} products of which many have equal scores, some stand in another order than in "
        "products_df: of equal scores, which row comes first?"
    )


SEARCH = Question(
    "search",
    10,
    "Rank the products",
    (
        Check(
            "order",
            4,
            "the right products, best first",
            _search_probes("order", (16, 5), (30, None), (30, 15)),
            each(wrong_order),
        ),
        Check(
            "scores",
            2,
            "each product's own score",
            _search_probes("scores", (12, 5), (20, ALL)),
            each(wrong_columns("bm25_score")),
        ),
        Check(
            "rows",
            2,
            "k rows (all, where there are fewer), ranked from 1",
            _search_probes("rows", (30, 4), (6, 10), (20, 1), (20, None), (30, 25), words=1),
            each(wrong_rows),
        ),
        Check("ties", 1, "equal scores keep the order of products_df", _ties, each(_wrong_ties)),
        Check(
            "unchanged",
            1,
            "products_df stays as it was",
            _search_probes("unchanged", (12, 4), argument=PRODUCTS_PLACE),
            as_they_were("search"),
        ),
    ),
    writes="search",
    builds_on=(TOKENIZE, IDF, BM25),
    misconceptions=SEARCH_MISTAKES,
    right_answers=SEARCH_ANSWERS,
)
