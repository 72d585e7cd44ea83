"""Mistakes in normalize_scores."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("normalize",))

NORMALIZE_MISTAKES = (
    _Mistake(
        "by-max",
        "It looks as if you only divided by the highest score",
        "Where does the lowest score land when all scores are high?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros_like(scores)
    return scores / scores.max()
""",
        also=(
            """
def normalize_scores(scores):
    highest = max(scores)
    return np.array([s / highest for s in scores])
""",
        ),
    ),
    _Mistake(
        "by-sum",
        "It looks as if you divided by the sum",
        "That makes the scores add up to 1; what should the highest of them become?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros_like(scores)
    return scores / scores.sum()
""",
    ),
    _Mistake(
        "by-length",
        "It looks as if you divided by the length of the vector",
        "That is the way to treat embeddings; what should the lowest and the highest score become?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros_like(scores)
    return scores / np.linalg.norm(scores)
""",
    ),
    _Mistake(
        "z-score",
        "It looks like z-scores: mean 0, standard deviation 1",
        "Their range has no fixed ends; which two scores should fix the scale here?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros_like(scores)
    return (scores - scores.mean()) / scores.std()
""",
        also=(
            """
from scipy.stats import zscore

def normalize_scores(scores):
    return np.nan_to_num(zscore(np.asarray(scores, dtype=float)))
""",
        ),
    ),
    _Mistake(
        "softmax",
        "It looks like a softmax",
        "It changes the proportions between the scores; which simpler map keeps them?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros_like(scores)
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()
""",
    ),
    _Mistake(
        "by-rank",
        "It looks as if ranks were normalised, not scores",
        "Two scores that are almost equal should stay almost equal.",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros_like(scores)
    return scores.argsort().argsort() / (len(scores) - 1)
""",
    ),
    _Mistake(
        "max-under-shift",
        "It looks as if you subtracted the lowest score, but divided by the highest",
        "After the shift, how far is it from the bottom to the top?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros_like(scores)
    return (scores - scores.min()) / scores.max()
""",
    ),
    _Mistake(
        "no-shift",
        "It looks as if you divided by the range without moving the lowest score to 0",
        "Where does the lowest score land?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros_like(scores)
    return scores / (scores.max() - scores.min())
""",
    ),
    _Mistake(
        "precedence",
        "It looks as if parentheses are missing",
        "Python divides before it subtracts: which part should come first?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros_like(scores)
    return scores - scores.min() / (scores.max() - scores.min())
""",
    ),
    _Mistake(
        "upside-down",
        "It looks as if the scale stands upside down",
        "Which score should become 1, the lowest or the highest?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros_like(scores)
    return (scores.max() - scores) / (scores.max() - scores.min())
""",
    ),
    _Mistake(
        "clipped",
        "It looks as if the scores were cut off at 0 and 1",
        "Cutting makes different scores equal; move and stretch them instead.",
        """
def normalize_scores(scores):
    return np.clip(np.asarray(scores, dtype=float), 0, 1)
""",
    ),
    _Mistake(
        "whole-number-result",
        "It looks as if the results lost what stands after the decimal point",
        "What is the dtype of the array that you fill or return?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros(len(scores))
    return ((scores - scores.min()) / (scores.max() - scores.min())).astype(int)
""",
    ),
    _Mistake(
        "rounded",
        "It looks as if the results were rounded",
        "Round when you print, not in what other code goes on to use.",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.zeros_like(scores)
    return ((scores - scores.min()) / (scores.max() - scores.min())).round(2)
""",
    ),
    _Mistake(
        "equal-scores",
        "Equal scores make your function divide by zero",
        "How far is it from the lowest to the highest then, and what does the text ask for?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    return (scores - scores.min()) / (scores.max() - scores.min())
""",
        also=(
            """
def normalize_scores(scores):
    return (scores - np.min(scores)) / np.ptp(scores)
""",
        ),
    ),
    _Mistake(
        "equal-scores-one",
        "Equal scores all become 1",
        "There is nothing to tell apart: what does the text ask for?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.ones_like(scores)
    return (scores - scores.min()) / (scores.max() - scores.min())
""",
    ),
    _Mistake(
        "equal-scores-half",
        "Equal scores all become 0.5",
        "There is nothing to tell apart: what does the text ask for?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return np.full_like(scores, 0.5)
    return (scores - scores.min()) / (scores.max() - scores.min())
""",
    ),
    _Mistake(
        "equal-scores-unchanged",
        "Equal scores come back unchanged",
        "There is nothing to tell apart: what does the text ask for?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    if scores.max() == scores.min():
        return scores
    return (scores - scores.min()) / (scores.max() - scores.min())
""",
    ),
    _Mistake(
        "small-spreads",
        "Scores that differ only a little are taken for equal",
        "Two different scores are two different scores: what does your test compare with?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    spread = scores.max() - scores.min()
    if spread < 0.01:
        return np.zeros_like(scores)
    return (scores - scores.min()) / spread
""",
        also=(
            """
def normalize_scores(scores):
    if np.allclose(scores, scores[0], rtol=0, atol=0.005):
        return np.zeros(len(scores))
    return (scores - np.min(scores)) / (np.max(scores) - np.min(scores))
""",
        ),
    ),
    _Mistake(
        "column-result",
        "The values are right, but they stand in a table of shape (n, 1)",
        "Shape (n,) goes in and should come out: which of your arrays has one axis too many?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)[:, None]
    spread = scores.max() - scores.min()
    return (scores - scores.min()) / spread if spread else scores * 0
""",
        also=(
            """
from sklearn.preprocessing import MinMaxScaler

def normalize_scores(scores):
    return MinMaxScaler().fit_transform(np.asarray(scores, dtype=float).reshape(-1, 1))
""",
        ),
    ),
    _Mistake(
        "changes-its-arguments",
        "Your function changes the very scores that it is given",
        "Which of your operators works in place, and who else has that array?",
        """
def normalize_scores(scores):
    scores = np.asarray(scores)
    if scores.dtype.kind != "f":
        scores = scores.astype(float)
    scores -= scores.min()
    if scores.max() > 0:
        scores /= scores.max()
    return scores
""",
    ),
    _Mistake(
        "whole-numbers",
        "Whole numbers come out as whole numbers",
        "An array made like another one has its dtype too: what becomes of a half in it?",
        """
def normalize_scores(scores):
    result = np.zeros_like(scores)
    lowest, highest = np.min(scores), np.max(scores)
    if highest > lowest:
        for i, score in enumerate(scores):
            result[i] = (score - lowest) / (highest - lowest)
    return result
""",
    ),
    _Mistake(
        "whole-numbers-in-place",
        "Your function changes the very scores that it is given, and stops at whole numbers",
        "Which of your operators works in place, and can an array of whole numbers hold what it gives?",
        """
def normalize_scores(scores):
    scores -= scores.min()
    if scores.max() > 0:
        scores /= scores.max()
    return scores
""",
    ),
)
