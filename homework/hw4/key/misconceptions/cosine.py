"""Mistakes in cosine_similarity."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("cosine",))

COSINE_MISTAKES = (
    _Mistake(
        "dot-product",
        "It looks like the dot product without the lengths",
        "What makes a cosine independent of how long the vectors are?",
        """
def cosine_similarity(a, b):
    if np.linalg.norm(a) == 0 or np.linalg.norm(b) == 0:
        return 0.0
    return float(np.dot(a, b))
""",
        also=(
            """
def cosine_similarity(a, b):
    return sum(x * y for x, y in zip(a, b))
""",
        ),
    ),
    _Mistake(
        "one-length",
        "It looks as if only the length of a was divided out",
        "The result still grows with one of the two vectors: which one?",
        """
def cosine_similarity(a, b):
    length = np.linalg.norm(a)
    if length == 0:
        return 0.0
    return float(np.dot(a, b) / length)
""",
    ),
    _Mistake(
        "squared-lengths",
        "It looks as if squared lengths were divided out",
        "Is the sum of squares already the length of a vector?",
        """
def cosine_similarity(a, b):
    lengths = np.sum(a ** 2) * np.sum(b ** 2)
    if lengths == 0:
        return 0.0
    return float(np.dot(a, b) / lengths)
""",
        also=(
            """
def cosine_similarity(a, b):
    aa, bb = np.dot(a, a), np.dot(b, b)
    return float(np.dot(a, b) / (aa * bb)) if aa and bb else 0.0
""",
        ),
    ),
    _Mistake(
        "sum-of-lengths",
        "It looks as if the lengths were added, not multiplied",
        "Compare the fraction under your dot product with the formula in the text.",
        """
def cosine_similarity(a, b):
    lengths = np.linalg.norm(a) + np.linalg.norm(b)
    if lengths == 0:
        return 0.0
    return float(np.dot(a, b) / lengths)
""",
    ),
    _Mistake(
        "city-block-lengths",
        "It looks as if the lengths were sums of absolute values",
        "How long is the vector (3, 4) when you measure with a ruler?",
        """
def cosine_similarity(a, b):
    lengths = np.sum(np.abs(a)) * np.sum(np.abs(b))
    if lengths == 0:
        return 0.0
    return float(np.dot(a, b) / lengths)
""",
        also=(
            """
def cosine_similarity(a, b):
    n = np.linalg.norm(a, 1) * np.linalg.norm(b, 1)
    return float(a @ b) / n if n > 0 else 0.0
""",
        ),
    ),
    _Mistake(
        "zero-vector",
        "A zero vector makes your function divide by zero",
        "Decide what it returns before it divides.",
        """
def cosine_similarity(a, b):
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))
""",
        also=(
            """
def cosine_similarity(a, b):
    a = a / np.linalg.norm(a)
    b = b / np.linalg.norm(b)
    return float(a.dot(b))
""",
        ),
    ),
    _Mistake(
        "rounded",
        "It looks as if the result was rounded",
        "Round when you print, not in what other code goes on to use.",
        """
def cosine_similarity(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths == 0:
        return 0.0
    return round(float(np.dot(a, b) / lengths), 2)
""",
    ),
    _Mistake(
        "whole-number-division",
        "It looks as if the division kept whole numbers only",
        "Which division operator keeps what stands after the decimal point?",
        """
def cosine_similarity(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths == 0:
        return 0.0
    return float(np.dot(a, b) // lengths)
""",
    ),
    _Mistake(
        "absolute",
        "It looks as if the sign of the cosine was lost",
        "What should two opposite directions give?",
        """
def cosine_similarity(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths == 0:
        return 0.0
    return float(abs(np.dot(a, b)) / lengths)
""",
    ),
    _Mistake(
        "distance",
        "It looks like the cosine distance, not the similarity",
        "Should the same direction give 0 or 1?",
        """
def cosine_similarity(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths == 0:
        return 0.0
    return float(1 - np.dot(a, b) / lengths)
""",
        also=(
            """
from scipy.spatial.distance import cosine

def cosine_similarity(a, b):
    if not a.any() or not b.any():
        return 0.0
    return float(cosine(a, b))
""",
        ),
    ),
    _Mistake(
        "angle",
        "It looks like the angle, not its cosine",
        "Is there an arccos too many?",
        """
def cosine_similarity(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths == 0:
        return 0.0
    return float(np.arccos(np.clip(np.dot(a, b) / lengths, -1, 1)))
""",
    ),
    _Mistake(
        "euclidean",
        "It looks like a similarity made from the Euclidean distance",
        "Should a vector and its double count as different here?",
        """
def cosine_similarity(a, b):
    return float(1 / (1 + np.linalg.norm(a - b)))
""",
    ),
    _Mistake(
        "array-result",
        "The value is right, but it comes as an array",
        "The text asks for one plain number: what is the shape of what you return?",
        """
def cosine_similarity(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths == 0:
        return np.array([0.0])
    return np.array([np.dot(a, b) / lengths])
""",
        also=(
            """
from sklearn.metrics.pairwise import cosine_similarity as pairwise

def cosine_similarity(a, b):
    return pairwise([a], [b])
""",
        ),
    ),
    _Mistake(
        "short-is-zero",
        "Short vectors are taken for zero vectors",
        "Only a vector of nothing but zeros has no direction: what does your test compare with?",
        """
def cosine_similarity(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths < 0.5:
        return 0.0
    return float(np.dot(a, b) / lengths)
""",
        also=(
            """
def cosine_similarity(a, b):
    aa, bb = np.dot(a, a), np.dot(b, b)
    return float(np.dot(a, b) / np.sqrt(aa * bb)) if aa * bb > 1e-5 else 0.0
""",
        ),
    ),
    _Mistake(
        "epsilon",
        "The number that you add under the fraction changes the cosine of short vectors",
        "It should only keep you from dividing by zero: how small may it be, or what else does that?",
        """
def cosine_similarity(a, b):
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-5))
""",
    ),
    _Mistake(
        "changes-its-arguments",
        "Your function divides the very vectors that it is given",
        "Which of your operators works in place, and what does it do to whole numbers?",
        """
def cosine_similarity(a, b):
    if not np.any(a) or not np.any(b):
        return 0.0
    a /= np.linalg.norm(a)
    b /= np.linalg.norm(b)
    return float(np.dot(a, b))
""",
    ),
)
