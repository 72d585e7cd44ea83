"""Mistakes in tokenize."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("tokenize",))


def _tokenize(
    words: str, result: str = "[stem(word) for word in words]", missing: str = "not isinstance(text, str)"
) -> str:
    return f"""
def tokenize(text):
    if {missing}:
        return []
    words = {words}
    return {result}
"""


_SPACED = 'text.translate(str.maketrans(string.punctuation, " " * len(string.punctuation)))'
_WORDS = f"{_SPACED}.lower().split()"

TOKENIZE_MISTAKES = (
    _Mistake(
        "no-stem",
        "It looks as if words kept their endings",
        "A query for sofas should find a sofa: which function cuts a word to its stem?",
        _tokenize(_WORDS, "words"),
    ),
    _Mistake(
        "no-lower",
        "It looks as if capital letters stayed",
        "Is SOFA another word than sofa?",
        _tokenize(f"{_SPACED}.split()"),
    ),
    _Mistake(
        "stem-before-lower",
        "It looks as if words were made lower case only after they were stemmed",
        "What does the stemmer make of SOFAS? Try it, and think about the order of the steps.",
        _tokenize(f"{_SPACED}.split()", "[stem(word).lower() for word in words]"),
    ),
    _Mistake(
        "punctuation-kept",
        "It looks as if punctuation stayed in the words",
        "What becomes of mid-century, and of a comma at the end of a word?",
        _tokenize("text.lower().split()"),
    ),
    _Mistake(
        "punctuation-deleted",
        "It looks as if punctuation was deleted, so that the words beside it grew together",
        "Should mid-century become one word or two? What takes the place of the mark?",
        _tokenize('text.translate(str.maketrans("", "", string.punctuation)).lower().split()'),
        also=(
            """
def tokenize(text):
    if text is None or text != text:
        return []
    kept = "".join(c for c in text if c not in string.punctuation)
    return [stem(word) for word in kept.lower().split()]
""",
        ),
    ),
    _Mistake(
        "punctuation-at-the-ends",
        "It looks as if punctuation was taken off only at the ends of words",
        "What becomes of the mark in the middle of mid-century?",
        _tokenize("[w for w in (word.strip(string.punctuation) for word in text.lower().split()) if w]"),
    ),
    _Mistake(
        "letters-and-digits-only",
        "It looks as if every mark parted words, not only those of string.punctuation",
        "The text names the marks that become spaces: is ™ one of them, or the curly ’?",
        """
import re
def tokenize(text):
    if not isinstance(text, str):
        return []
    return [stem(word) for word in re.findall(r"[^\\W_]+", text.lower())]
""",
        also=(
            """
def tokenize(text):
    if not isinstance(text, str):
        return []
    spaced = "".join(c if c.isalnum() else " " for c in text)
    return [stem(word) for word in spaced.lower().split()]
""",
        ),
    ),
    _Mistake(
        "word-characters",
        "It looks as if \\w decided what a word is",
        "Try your pattern on a_b and on sofa™: string.punctuation holds one of these marks and not the other.",
        """
import re
def tokenize(text):
    if not isinstance(text, str):
        return []
    return [stem(word) for word in re.findall(r"\\w+", text.lower())]
""",
        also=(
            """
import re
def tokenize(text):
    if not isinstance(text, str):
        return []
    return [stem(word) for word in re.sub(r"[^\\w\\s]", " ", text).lower().split()]
""",
        ),
    ),
    _Mistake(
        "ascii-letters-only",
        "It looks as if only the letters a to z and digits made words",
        "What becomes of café, and of ½?",
        """
import re
def tokenize(text):
    if not isinstance(text, str):
        return []
    return [stem(word) for word in re.findall(r"[a-z0-9]+", text.lower())]
""",
    ),
    _Mistake(
        "letters-without-digits",
        "It looks as if numbers were lost",
        "Is 3 in set of 3 a word? The text leaves nothing out but marks.",
        _tokenize("''.join(c if c not in string.punctuation + string.digits else ' ' for c in text).lower().split()"),
    ),
    _Mistake(
        "stop-words",
        "It looks as if common words such as of and with were left out",
        "The text keeps every word: which later part of the search takes care of common ones?",
        _tokenize(
            f"[w for w in {_WORDS} if w not in ('a', 'an', 'and', 'the', 'of', 'with', 'for', 'in', 'to', 'on', 'or')]"
        ),
    ),
    _Mistake(
        "short-words",
        "It looks as if words of one letter or digit were left out",
        "The text keeps every word, however short.",
        _tokenize(f"[w for w in {_WORDS} if len(w) > 1]"),
    ),
    _Mistake(
        "set",
        "It looks as if each token was kept only once",
        "How often a word comes is what later counts: keep the repeats, in the order of the text.",
        _tokenize(_WORDS, "list(dict.fromkeys(stem(word) for word in words))"),
    ),
    _Mistake(
        "sorted",
        "It looks as if the tokens were sorted",
        "Keep the order of the text.",
        _tokenize(_WORDS, "sorted(stem(word) for word in words)"),
    ),
    _Mistake(
        "single-spaces",
        "It looks as if the text was split at single spaces",
        "What does split make of two spaces in a row with an argument, and what without one?",
        _tokenize(f"{_SPACED}.lower().split(' ')"),
    ),
    _Mistake(
        "spaces-only",
        "It looks as if only the space parted words",
        "Tabs and line ends are white space too: try split without an argument.",
        _tokenize(f"[word for word in {_SPACED}.lower().split(' ') if word]"),
    ),
    _Mistake(
        "stem-of-the-text",
        "It looks as if the whole text was stemmed at once",
        "The stemmer takes one word: when is the text cut into words?",
        _tokenize(_WORDS, "stem(' '.join(words)).split()"),
    ),
    _Mistake(
        "one-text",
        "It looks as if the tokens came as one text",
        "The text asks for a list, with one token an entry.",
        _tokenize(_WORDS, "' '.join(stem(word) for word in words)"),
    ),
    _Mistake(
        "a-set",
        "It looks as if the tokens came as a set, without order and repeats",
        "Which kind of collection keeps both?",
        _tokenize(_WORDS, "{stem(word) for word in words}"),
    ),
    _Mistake(
        "missing-stops",
        "A text that is missing stops your function",
        "What has None or nan to give? Decide before you call a method of a text.",
        f"""
def tokenize(text):
    return [stem(word) for word in {_WORDS}]
""",
    ),
    _Mistake(
        "missing-is-a-word",
        "It looks as if a missing text became the word none or nan",
        "A text that is not there has no tokens: ask before you turn it into text.",
        """
def tokenize(text):
    text = str(text)
    spaced = text.translate(str.maketrans(string.punctuation, " " * len(string.punctuation)))
    return [stem(word) for word in spaced.lower().split()]
""",
    ),
    _Mistake(
        "nan-stops",
        "Your function knows None, but nan stops it",
        "A missing text in a column of a table is nan, a float: which question is true for both?",
        _tokenize(_WORDS, missing="text is None"),
        also=(_tokenize(_WORDS, missing="not text"),),
    ),
    _Mistake(
        "first-words",
        "It looks as if only the first words of a text were kept",
        "Is there a number in your function that cuts the list?",
        _tokenize(_WORDS, "[stem(word) for word in words[:8]]"),
    ),
)
