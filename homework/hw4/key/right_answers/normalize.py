"""Right answers to normalize."""

from autograder.judge.banks import RightAnswer

NORMALIZE_ANSWERS = (
    RightAnswer(
        "as the lecture has it",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=float)
    spread = scores.max() - scores.min()
    if spread == 0:
        return np.zeros_like(scores)
    return (scores - scores.min()) / spread
""",
    ),
    RightAnswer(
        "a loop and a list",
        """
def normalize_scores(scores):
    low, high = min(scores), max(scores)
    return [(float(s) - float(low)) / (float(high) - float(low)) if high > low else 0.0 for s in scores]
""",
    ),
    RightAnswer(
        "in float32",
        """
def normalize_scores(scores):
    scores = np.asarray(scores, dtype=np.float32)
    shifted = scores - scores.min()
    return shifted / shifted.max() if shifted.max() > 0 else shifted
""",
    ),
    RightAnswer(
        "a tiny epsilon under the fraction",
        """
def normalize_scores(scores):
    return (scores - np.min(scores)) / (np.max(scores) - np.min(scores) + 1e-9)
""",
    ),
    RightAnswer(
        "scikit-learn's MinMaxScaler",
        """
from sklearn.preprocessing import MinMaxScaler

def normalize_scores(scores):
    return MinMaxScaler().fit_transform(np.asarray(scores, dtype=float).reshape(-1, 1))[:, 0]
""",
    ),
    RightAnswer(
        "np.interp, and a pandas Series",
        """
def normalize_scores(scores):
    scores = pd.Series(np.asarray(scores, dtype=float))
    if scores.nunique() == 1:
        return scores * 0
    return pd.Series(np.interp(scores, [scores.min(), scores.max()], [0, 1]))
""",
    ),
)
