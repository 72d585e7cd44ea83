"""Mistakes in idf."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("idf",))


def _idf(formula: str, arguments: str = "df, n") -> str:
    return f"""
def idf({arguments}):
    return float({formula})
"""


IDF_MISTAKES = (
    _Mistake(
        "no-plus-one",
        "It looks as if the + 1 inside the logarithm was missing",
        "Without it a term of more than half of the documents has a negative weight. Where does the formula have it?",
        _idf("np.log((n - df + 0.5) / (df + 0.5))"),
    ),
    _Mistake(
        "plus-one-outside",
        "It looks as if the 1 was added to the logarithm, not inside of it",
        "Look where the bracket of the logarithm closes.",
        _idf("np.log((n - df + 0.5) / (df + 0.5)) + 1"),
    ),
    _Mistake(
        "log-ten",
        "It looks as if the logarithm was that of base 10",
        "The text writes ln: which function of NumPy is the natural logarithm?",
        _idf("np.log10((n - df + 0.5) / (df + 0.5) + 1)"),
    ),
    _Mistake(
        "log-two",
        "It looks as if the logarithm was that of base 2",
        "The text writes ln: which function of NumPy is the natural logarithm?",
        _idf("np.log2((n - df + 0.5) / (df + 0.5) + 1)"),
    ),
    _Mistake(
        "no-log",
        "It looks as if there was no logarithm",
        "A term that is ten times rarer is not ten times as important: what tames the fraction?",
        _idf("(n - df + 0.5) / (df + 0.5) + 1"),
    ),
    _Mistake(
        "plain-idf",
        "It looks like the older idf, the logarithm of n / df",
        "BM25 has a formula of its own: compare each part with the text.",
        "def idf(df, n):\n    return float(np.log(n / df)) if df else 0.0\n",
        also=("import math\ndef idf(df, n):\n    return math.log(n / df)\n",),
    ),
    _Mistake(
        "smooth-idf",
        "It looks like scikit-learn's smoothed idf",
        "BM25 has a formula of its own: compare each part with the text.",
        _idf("np.log((1 + n) / (1 + df)) + 1"),
    ),
    _Mistake(
        "df-kept",
        "It looks as if df was not taken from n",
        "Above the line stand the documents that do not have the term.",
        _idf("np.log((n + 0.5) / (df + 0.5) + 1)"),
    ),
    _Mistake(
        "upside-down",
        "It looks as if the fraction stood upside down",
        "A rare term should weigh more than a common one: try your function on both.",
        _idf("np.log((df + 0.5) / (n - df + 0.5) + 1)"),
    ),
    _Mistake(
        "arguments-swapped",
        "It looks as if n came first and df second",
        "Look at the order of the arguments in the text.",
        "def idf(n, df):\n    import math\n    return math.log(abs((n - df + 0.5) / (df + 0.5) + 1))\n",
    ),
    _Mistake(
        "double-plus-one",
        "It looks as if the 1 was added twice",
        "np.log1p adds 1 by itself.",
        _idf("np.log1p((n - df + 0.5) / (df + 0.5) + 1)"),
    ),
    _Mistake(
        "negative-clipped",
        "It looks as if the + 1 was missing, and negative weights were set to 0",
        "The formula of the text is never negative: what does it add, and where?",
        _idf("max(0.0, np.log((n - df + 0.5) / (df + 0.5)))"),
    ),
    _Mistake(
        "zero-for-unknown",
        "It looks as if a term of no document had the weight 0",
        "The formula has a value for df = 0 as well: which?",
        "def idf(df, n):\n    return float(np.log((n - df + 0.5) / (df + 0.5) + 1)) if df else 0.0\n",
    ),
    _Mistake(
        "rounded",
        "It looks as if the result was rounded",
        "Round when you print, not in what other code goes on to use.",
        _idf("round(np.log((n - df + 0.5) / (df + 0.5) + 1), 2)"),
    ),
    _Mistake(
        "whole-numbers",
        "It looks as if the division kept whole numbers only",
        "Which division operator keeps what stands after the decimal point?",
        _idf("np.log((n - df + 0.5) // (df + 0.5) + 1)"),
    ),
    _Mistake(
        "array-result",
        "The value is right, but it comes in a list or an array",
        "The text asks for one plain number: what is the type of what you return?",
        "def idf(df, n):\n    return np.log([(n - df + 0.5) / (df + 0.5) + 1])\n",
        also=("def idf(df, n):\n    return [float(np.log((n - df + 0.5) / (df + 0.5) + 1))]\n",),
    ),
)
