"""Right answers to cosine."""

from autograder.judge.banks import RightAnswer

COSINE_ANSWERS = (
    RightAnswer(
        "as the lecture has it",
        """
def cosine_similarity(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths == 0:
        return 0.0
    return float(np.dot(a, b) / lengths)
""",
    ),
    RightAnswer(
        "plain Python loops and math",
        """
import math

def cosine_similarity(a, b):
    dot = a_squared = b_squared = 0.0
    for x, y in zip(a, b):
        x, y = float(x), float(y)
        dot += x * y
        a_squared += x * x
        b_squared += y * y
    if a_squared == 0 or b_squared == 0:
        return 0.0
    return dot / (math.sqrt(a_squared) * math.sqrt(b_squared))
""",
    ),
    RightAnswer(
        "in float32, einsum, a NumPy scalar",
        """
def cosine_similarity(a, b):
    a, b = np.asarray(a, dtype=np.float32), np.asarray(b, dtype=np.float32)
    dot, aa, bb = np.einsum("i,i", a, b), np.einsum("i,i", a, a), np.einsum("i,i", b, b)
    if aa == 0 or bb == 0:
        return np.float32(0)
    return dot / np.sqrt(aa) / np.sqrt(bb)
""",
    ),
    RightAnswer(
        "scipy's cosine distance",
        """
from scipy.spatial.distance import cosine

def cosine_similarity(a, b):
    if not np.any(a) or not np.any(b):
        return 0.0
    return 1 - cosine(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
""",
    ),
    RightAnswer(
        "unit vectors first, nan mended after",
        """
def cosine_similarity(a, b):
    with np.errstate(all="ignore"):
        a_unit = a / np.sqrt((a ** 2).sum())
        b_unit = b / np.sqrt((b ** 2).sum())
        return float(np.nan_to_num(a_unit @ b_unit))
""",
    ),
    RightAnswer(
        "a tiny epsilon under the fraction",
        """
def cosine_similarity(a, b):
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-12))
""",
    ),
    RightAnswer(
        "an array without axes",
        """
def cosine_similarity(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return np.array(np.dot(a, b) / lengths if lengths > 0 else 0.0)
""",
    ),
    RightAnswer(
        "an epsilon of 1e-8 under the fraction",
        """
def cosine_similarity(a, b):
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-8))
""",
    ),
)
