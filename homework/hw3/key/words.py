"""The questions on words: tokens, and the inverted index."""

import string

from autograder.judge.evidence import Answer, Plain
from autograder.judge.question import Check, Made, Probe, Question, as_texts, describe, each, no_value, quoted
from helpers import snowball_tokenize

from .drawn import COMMON, catalogue, families, new_word
from .expected import as_dicts
from .misconceptions.postings import POSTINGS_MISTAKES
from .misconceptions.tokenize import TOKENIZE_MISTAKES
from .right_answers.postings import POSTINGS_ANSWERS
from .right_answers.tokenize import TOKENIZE_ANSWERS

SPACES = (" ", "  ", "\t", "\n")
MARKS = ("™", "®", "’", "°", "–", "é", "ñ", "½")  # none of them in string.punctuation
SHOWN = 5  # tokens that a sentence shows at most


def _tokens(name: str, i: int, text) -> Probe:
    return Probe(f"tokenize/{name}/{i}", "tokenize", (text,), about=snowball_tokenize(text))


def _words(rng, shop):
    """Lower-case words: long forms that lose their ending, common ones, numbers, single letters, one word twice,
    parted by spaces of all kinds. The order is never that of the alphabet."""
    probes: list[Probe] = []
    while len(probes) < 4:
        chosen = families(rng, 4)
        words = [long for _, long in chosen] + [*rng.choice(COMMON, 2, replace=False), str(rng.integers(2, 99))]
        words += [str(rng.choice(list("bcdgkmpqvwx"))), chosen[0][0]]
        words = [str(word) for word in rng.permutation(words)]
        spaces = rng.permutation([*SPACES, *rng.choice(SPACES, len(words) - 3)])
        text = "".join(f"{word}{space}" for word, space in zip(words, spaces))
        if (tokens := snowball_tokenize(text)) != sorted(tokens) and tokens != tokens[::-1]:
            probes.append(_tokens("words", len(probes), text))
    return probes


def _cases(rng, shop):
    """Words in capitals, also endings, which a stem knows in small letters only."""
    probes = []
    for i in range(3):
        words = [long for _, long in families(rng, 4)]
        cased = [words[0].upper(), words[1].title(), words[2], words[3][:2] + words[3][2:].upper()]
        probes.append(_tokens("case", i, " ".join(cased)))
    return probes


def _punctuation(rng, shop):
    """Every mark of string.punctuation once between two words without a space, and some at the ends."""
    marks = [str(mark) for mark in rng.permutation(list(string.punctuation))]
    probes = []
    for i in range(4):
        own = marks[i * 8 : (i + 1) * 8]
        words = [new_word(rng) for _ in own]
        text = "".join(f"{word}{mark}" for word, mark in zip(words, own))
        probes.append(_tokens("punctuation", i, f"{marks[i - 1]}{text}{families(rng, 2)[0][1]}"))
    size = f"{rng.integers(11, 99)}.{rng.integers(1, 9)}''"
    share = f"{rng.integers(2, 9)}/{rng.integers(2, 9)}"
    probes.append(_tokens("punctuation", 4, f"{size} {new_word(rng)} - {share} {size}"))
    return probes


def _marks(rng, shop):
    """Marks and letters that string.punctuation does not have, inside of words and at their ends."""
    marks = [str(mark) for mark in rng.permutation(list(MARKS))]
    inside = [f"{new_word(rng)}{mark}{new_word(rng)[:2]}" for mark in marks[:4]]
    ends = [f"{new_word(rng)}{mark}" for mark in marks[4:]]
    return [_tokens("marks", 0, " ".join(inside)), _tokens("marks", 1, " ".join(ends + [f"s{m}s" for m in marks[:4]]))]


def _missing(rng, shop):
    return [_tokens("missing", i, text) for i, text in enumerate([None, float("nan"), "", " \t ", "-- !"])]


def _wrong_tokens(probe: Probe, answer: Answer) -> str | None:
    got = as_texts(answer, "a list of tokens")
    if isinstance(got, str):
        return got
    if got == probe.about:
        return None
    shown, right = got, probe.about
    if right:
        first = next((i for i, (one, other) in enumerate(zip(got, right)) if one != other), min(len(got), len(right)))
        shown, right = got[first : first + SHOWN], right[first : first + SHOWN]
        where = f" from token {first + 1} on" if first else ""
    else:
        where = ""
    return (
        f"tokenize({quoted(probe.args[0])}) gave {len(got)} tokens and{where} {quoted(shown)}; "
        f"expected are {len(probe.about)} and{where} {quoted(right)}."
    )


TOKENIZE = Question(
    "tokenize",
    10,
    "Cut a text into tokens",
    (
        Check("words", 4, "each word's stem, in order, repeats kept", _words, each(_wrong_tokens)),
        Check("case", 2, "capitals make no difference", _cases, each(_wrong_tokens)),
        Check("punctuation", 2, "each mark of string.punctuation parts words", _punctuation, each(_wrong_tokens)),
        Check("marks", 1, "other marks and letters stay in their words", _marks, each(_wrong_tokens)),
        Check("missing", 1, "a text that is missing or has no words has no tokens", _missing, each(_wrong_tokens)),
    ),
    writes="tokenize",
    misconceptions=TOKENIZE_MISTAKES,
    right_answers=TOKENIZE_ANSWERS,
)


def _index_probe(name: str, i: int, texts: list, labels=None) -> Probe:
    """labels: those of the Series that the texts then come in."""
    given = texts if labels is None else Made("column", [labels.tolist(), texts])
    return Probe(f"postings/{name}/{i}", "build_index", (given,), about=as_dicts(texts))


def _texts(name: str, *sizes: int):
    """Probes with about so many texts."""

    def probes(rng, shop):
        return [_index_probe(name, i, catalogue(rng, size)[1]) for i, size in enumerate(sizes)]

    return probes


def _column(rng, shop):
    """A column of a table, with labels in disorder, and texts that are missing, empty or have no words."""
    texts: list[str | None] = list(catalogue(rng, 9)[1])
    for place, text in zip(rng.choice(range(1, len(texts) - 1), 3, replace=False), (None, "", "--")):
        texts[place] = text
    return [_index_probe("column", 0, texts), _index_probe("column", 1, texts, rng.permutation(len(texts)) + 2)]


def _read_index(answer: Answer) -> tuple[dict[str, dict], list] | str:
    """{term: {row: tf}} and doc_lengths of an answer in any honest form, or the sentence that says what it is not."""
    wanted = "a pair (postings, doc_lengths)"
    if sentence := no_value(answer, wanted):
        return sentence
    if not isinstance(answer, Plain) or not isinstance(answer.value, list) or len(answer.value) != 2:
        return f"Your function gave {describe(answer)}, but {wanted} is asked for."
    postings, lengths = answer.value
    if not isinstance(postings, dict):
        return "The first of what build_index returns should be a dict: {token: {row: tf}}."
    read = {}
    for term, rows in postings.items():
        try:
            read[term] = dict(rows)
        except (TypeError, ValueError):
            return f"dict(postings[{quoted(term)}]) should be {{row: tf}}, but the postings there are {quoted(rows)}."
    return read, lengths


def _wrong_rows(probe: Probe, answer: Answer) -> str | None:
    index = _read_index(answer)
    if isinstance(index, str):
        return index
    (postings, _), (right, doc_lengths) = index, probe.about
    n = len(doc_lengths)
    if missing := [term for term in right if term not in postings]:
        some = quoted(list(postings)[:5])
        return f"For {n} texts, postings has no token {quoted(missing[0])}; its tokens begin with {some}."
    if more := [term for term in postings if term not in right]:
        return f"For {n} texts, postings has {quoted(more[0])}, which is no token of theirs."
    for term, rows in right.items():
        if set(postings[term]) != set(rows):
            return (
                f"For {n} texts, postings[{quoted(term)}] has the rows {quoted(list(postings[term]))}, "
                f"expected {quoted(list(rows))}: positions from 0 of the texts that have the token."
            )
    return None


def _wrong_counts(probe: Probe, answer: Answer) -> str | None:
    index = _read_index(answer)
    if isinstance(index, str) or (sentence := _wrong_rows(probe, answer)):
        return index if isinstance(index, str) else sentence
    (postings, _), (right, _) = index, probe.about
    for term, rows in right.items():
        for row, tf in rows.items():
            if postings[term][row] != tf:
                return (
                    f"postings[{quoted(term)}][{row}] is {quoted(postings[term][row])}, but text {row} has that token "
                    f"{tf} times."
                )
    return None


def _wrong_lengths(probe: Probe, answer: Answer) -> str | None:
    index = _read_index(answer)
    if isinstance(index, str):
        return index
    (_, lengths), (_, right) = index, probe.about
    if lengths == right.tolist():
        return None
    return (
        f"For {len(right)} texts, doc_lengths is {quoted(lengths)}, expected {quoted(right.tolist())}: how many tokens "
        "each text has, repeats counted."
    )


def _wrong_column(probe: Probe, answer: Answer) -> str | None:
    return _wrong_counts(probe, answer) or _wrong_lengths(probe, answer)


POSTINGS = Question(
    "postings",
    15,
    "Build the inverted index",
    (
        Check("rows", 6, "the rows that have each token", _texts("rows", 6, 9), each(_wrong_rows)),
        Check("counts", 4, "how often each of them has it", _texts("counts", 6, 9), each(_wrong_counts)),
        Check("lengths", 3, "how many tokens each text has", _texts("lengths", 7, 12), each(_wrong_lengths)),
        Check("column", 2, "a column with any labels, and texts without tokens", _column, each(_wrong_column)),
    ),
    writes="build_index",
    builds_on=(TOKENIZE,),
    misconceptions=POSTINGS_MISTAKES,
    right_answers=POSTINGS_ANSWERS,
)
