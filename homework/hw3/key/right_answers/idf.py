"""Right answers to idf."""

from autograder.judge.banks import RightAnswer

IDF_ANSWERS = (
    RightAnswer("as the text has it", "def idf(df, n):\n    return float(np.log((n - df + 0.5) / (df + 0.5) + 1))\n"),
    RightAnswer("on one fraction line", "import math\ndef idf(df, n):\n    return math.log((n + 1) / (df + 0.5))\n"),
    RightAnswer("log1p", "import math\ndef idf(df, n):\n    return math.log1p((n - df + 0.5) / (df + 0.5))\n"),
    RightAnswer(
        "a difference of logarithms, in float32",
        "def idf(df, n):\n    return np.log(np.float32(n + 1)) - np.log(np.float32(df + 0.5))\n",
    ),
)
