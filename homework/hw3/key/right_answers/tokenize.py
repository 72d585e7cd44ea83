"""Right answers to tokenize."""

from autograder.judge.banks import RightAnswer

TOKENIZE_ANSWERS = (
    RightAnswer(
        "translate and split",
        """
def tokenize(text):
    if not isinstance(text, str):
        return []
    spaced = text.translate(str.maketrans(string.punctuation, " " * len(string.punctuation)))
    return [stem(word) for word in spaced.lower().split()]
""",
    ),
    RightAnswer(
        "one mark after the other",
        """
def tokenize(text):
    if text is None or pd.isna(text):
        return []
    for mark in string.punctuation:
        text = text.replace(mark, " ")
    tokens = []
    for word in text.lower().split():
        tokens.append(stem(word))
    return tokens
""",
    ),
    RightAnswer(
        "a regular expression, and an array of text",
        """
import re
def tokenize(text):
    words = [] if pd.isna(text) else re.split("[" + re.escape(string.punctuation) + r"\\s]+", text.lower())
    return np.array([stem(word) for word in words if word], dtype=str)
""",
    ),
    RightAnswer(
        "letter by letter, as a tuple",
        """
def tokenize(text):
    tokens, word = [], ""
    for letter in (text if isinstance(text, str) else "") + " ":
        if letter.isspace() or letter in set(string.punctuation):
            if word:
                tokens.append(stem(word.lower()))
            word = ""
        else:
            word += letter
    return tuple(tokens)
""",
    ),
    RightAnswer(
        "a pandas Series with labels of its own",
        """
import re
def tokenize(text):
    marks = "[" + re.escape(string.punctuation) + "]"
    words = pd.Series([text], dtype=object).fillna("").str.replace(marks, " ", regex=True)
    words = words.str.lower().str.split().iloc[0]
    return pd.Series([stem(word) for word in words], index=range(5, 5 + len(words)), dtype=object)
""",
    ),
)
