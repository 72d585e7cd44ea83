"""Mistakes in build_index."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("postings",))


def _index(
    count: str = "rows[row] = rows.get(row, 0) + 1",
    row: str = "row, text in enumerate(texts)",
    tokens: str = "tokenize(text)",
    lengths: str = "len(tokens)",
    result: str = "postings, np.array(lengths)",
    skip: str = "False",
) -> str:
    return f"""
def build_index(texts):
    postings, lengths = {{}}, []
    for {row}:
        tokens = {tokens}
        if {skip}:
            continue
        lengths.append({lengths})
        for token in tokens:
            rows = postings.setdefault(token, {{}})
            {count}
    return {result}
"""


POSTINGS_MISTAKES = (
    _Mistake(
        "no-counts",
        "It looks as if every token counted once in a text, however often it comes",
        "What should stand at a row whose text has the word twice?",
        _index("rows[row] = 1"),
        also=(_index(tokens="tokenize(text)", count="rows[row] = rows.get(row, 1)"),),
    ),
    _Mistake(
        "counts-in-all",
        "It looks as if each row got the count of the token in all texts",
        "How often does the token come in this one text?",
        """
def build_index(texts):
    tokenized = [tokenize(text) for text in texts]
    postings = {}
    for row, tokens in enumerate(tokenized):
        for token in tokens:
            postings.setdefault(token, {})[row] = sum(other.count(token) for other in tokenized)
    return postings, np.array([len(tokens) for tokens in tokenized])
""",
    ),
    _Mistake(
        "df-for-tf",
        "It looks as if each row got the number of texts that have the token",
        "That number belongs to the token; what belongs to the one text?",
        """
def build_index(texts):
    tokenized = [tokenize(text) for text in texts]
    postings = {}
    for row, tokens in enumerate(tokenized):
        for token in tokens:
            postings.setdefault(token, {})[row] = sum(token in other for other in tokenized)
    return postings, np.array([len(tokens) for tokens in tokenized])
""",
    ),
    _Mistake(
        "rows-from-one",
        "It looks as if rows were counted from 1",
        "Row i of the scores will belong to row i of the products: where does Python begin to count?",
        _index(row="row, text in enumerate(texts, start=1)"),
    ),
    _Mistake(
        "labels-for-rows",
        "It looks as if a Series' own labels were taken for row numbers",
        "A column of a table may have any labels: what counts is the position.",
        """
def build_index(texts):
    postings, lengths = {}, []
    for row, text in (texts.items() if hasattr(texts, "items") else enumerate(texts)):
        tokens = tokenize(text)
        lengths.append(len(tokens))
        for token in tokens:
            rows = postings.setdefault(token, {})
            rows[row] = rows.get(row, 0) + 1
    return postings, np.array(lengths)
""",
    ),
    _Mistake(
        "by-label",
        "It looks as if texts were looked up by label",
        "texts[i] asks a Series for the label i: how do you go through a column by position?",
        _index(row="row in range(len(texts))", tokens="tokenize(texts[row])"),
    ),
    _Mistake(
        "empty-texts-skipped",
        "It looks as if texts without tokens were left out, so that later rows moved up",
        "A text without tokens is a row too: what is its length?",
        _index(skip="not tokens"),
    ),
    _Mistake(
        "lengths-in-characters",
        "It looks as if lengths were counted in characters",
        "How many tokens does the text have?",
        _index(lengths="len(str(text))"),
    ),
    _Mistake(
        "lengths-without-repeats",
        "It looks as if a text's length counted each token only once",
        "A word that comes twice makes the text two tokens long.",
        _index(lengths="len(set(tokens))"),
    ),
    _Mistake(
        "lengths-as-typed",
        "It looks as if the length was counted in words before the marks were taken out",
        "Which list of the text's words goes into the index? Its length is asked for.",
        _index(lengths="len(str(text).split()) + 1"),
    ),
    _Mistake(
        "not-tokenized",
        "It looks as if texts were only split, not tokenised",
        "The tokens of the index are those of your tokenize: why must it be the same for texts and queries?",
        _index(tokens="text.split() if isinstance(text, str) else []"),
        also=(_index(tokens="str(text or '').split()"),),
    ),
    _Mistake(
        "lower-case-only",
        "It looks as if the texts were made lower case and split, without a stem",
        "The tokens of the index are those of your tokenize.",
        _index(tokens="text.lower().split() if isinstance(text, str) else []"),
    ),
    _Mistake(
        "forward",
        "It looks as if the index goes from rows to tokens",
        "An inverted index is turned around: what do you look up, and what do you want to find?",
        """
from collections import Counter
def build_index(texts):
    tokenized = [tokenize(text) for text in texts]
    return {row: dict(Counter(tokens)) for row, tokens in enumerate(tokenized)}, np.array([len(t) for t in tokenized])
""",
    ),
    _Mistake(
        "rows-only",
        "It looks as if the postings hold rows without counts",
        "Beside each row belongs how often its text has the token.",
        """
def build_index(texts):
    postings, lengths = {}, []
    for row, text in enumerate(texts):
        tokens = tokenize(text)
        lengths.append(len(tokens))
        for token in set(tokens):
            postings.setdefault(token, []).append(row)
    return postings, np.array(lengths)
""",
    ),
    _Mistake(
        "no-lengths",
        "It looks as if only the postings came back",
        "build_index returns two things: the postings and the lengths.",
        _index(result="postings"),
    ),
    _Mistake(
        "lengths-first",
        "It looks as if the two results came in the other order",
        "Postings first, then the lengths.",
        _index(result="np.array(lengths), postings"),
    ),
    _Mistake(
        "last-text-only",
        "It looks as if each text's postings replaced those of the texts before",
        "What becomes of a token's rows when a later text has it too?",
        """
def build_index(texts):
    postings, lengths = {}, []
    for row, text in enumerate(texts):
        tokens = tokenize(text)
        lengths.append(len(tokens))
        for token in tokens:
            postings[token] = {row: tokens.count(token)}
    return postings, np.array(lengths)
""",
    ),
    _Mistake(
        "shared-dict",
        "It looks as if all tokens share one and the same dict of rows",
        "dict.fromkeys(tokens, {}) makes one dict for all: give each token its own.",
        """
def build_index(texts):
    tokenized = [tokenize(text) for text in texts]
    postings = dict.fromkeys([token for tokens in tokenized for token in tokens], {})
    for row, tokens in enumerate(tokenized):
        for token in tokens:
            postings[token][row] = postings[token].get(row, 0) + 1
    return postings, np.array([len(tokens) for tokens in tokenized])
""",
    ),
)
