"""Mistakes in batch_cosine_similarity."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("batch_cosine",))

BATCH_COSINE_MISTAKES = (
    _Mistake(
        "dot-product",
        "It looks like the dot products without any lengths",
        "What makes a cosine independent of how long the vectors are?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    return doc_embs @ query_emb
""",
        also=(
            """
def batch_cosine_similarity(query_emb, doc_embs):
    return np.array([np.dot(query_emb, row) for row in doc_embs])
""",
        ),
    ),
    _Mistake(
        "no-query-length",
        "It looks as if the length of the query was left out",
        "The rows are divided by their lengths; which vector is not?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1)
    return np.divide(doc_embs @ query_emb, lengths, out=np.zeros(len(doc_embs)), where=lengths > 0)
""",
    ),
    _Mistake(
        "no-row-lengths",
        "It looks as if only the query was divided by its length",
        "Rows differ in length too: what should a longer row change?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    length = np.linalg.norm(query_emb)
    if length == 0:
        return np.zeros(len(doc_embs))
    return doc_embs @ (query_emb / length)
""",
    ),
    _Mistake(
        "wrong-axis",
        "It looks as if the lengths were taken along the wrong axis",
        "You need one length for each row: what shape does your norm have?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=0) * np.linalg.norm(query_emb)
    return np.divide(doc_embs @ query_emb, lengths, out=np.zeros(len(doc_embs)), where=lengths > 0)
""",
        also=(
            """
def batch_cosine_similarity(query_emb, doc_embs):
    dots = np.dot(doc_embs, query_emb)
    norms = np.sqrt((doc_embs ** 2).sum(axis=0)) * np.sqrt((query_emb ** 2).sum())
    norms[norms == 0] = 1
    return dots / norms
""",
        ),
    ),
    _Mistake(
        "one-length-for-all",
        "It looks as if all rows were divided by one common length",
        "What does np.linalg.norm give for a matrix when no axis is named?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs) * np.linalg.norm(query_emb)
    if lengths == 0:
        return np.zeros(len(doc_embs))
    return doc_embs @ query_emb / lengths
""",
    ),
    _Mistake(
        "zero-rows",
        "Zero vectors make your function divide by zero",
        "What should happen in the rows whose length is zero?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    return doc_embs @ query_emb / (np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb))
""",
        also=(
            """
def batch_cosine_similarity(query_emb, doc_embs):
    docs = doc_embs / np.linalg.norm(doc_embs, axis=1, keepdims=True)
    return docs.dot(query_emb / np.linalg.norm(query_emb))
""",
        ),
    ),
    _Mistake(
        "zero-spoils-all",
        "One zero row makes all your similarities zero",
        "Only the zero rows should be 0: is the test made for each row or for all of them?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb)
    if np.any(lengths == 0):
        return np.zeros(len(doc_embs))
    return doc_embs @ query_emb / lengths
""",
    ),
    _Mistake(
        "zero-rows-dropped",
        "Zero rows are left out of your result",
        "Row i of the result should belong to row i of doc_embs: how long is your result?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    doc_embs = doc_embs[np.linalg.norm(doc_embs, axis=1) > 0]
    length = np.linalg.norm(query_emb)
    if length == 0:
        return np.zeros(len(doc_embs))
    return doc_embs @ query_emb / (np.linalg.norm(doc_embs, axis=1) * length)
""",
    ),
    _Mistake(
        "distance",
        "It looks like cosine distances, not similarities",
        "Should the same direction give 0 or 1?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb)
    return 1 - np.divide(doc_embs @ query_emb, lengths, out=np.zeros(len(doc_embs)), where=lengths > 0)
""",
        also=(
            """
from scipy.spatial.distance import cdist

def batch_cosine_similarity(query_emb, doc_embs):
    return np.nan_to_num(cdist(query_emb.reshape(1, -1), doc_embs, metric="cosine")[0], nan=1.0)
""",
        ),
    ),
    _Mistake(
        "absolute",
        "It looks as if the signs of the cosines were lost",
        "What should a row that points the opposite way give?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb)
    return np.abs(np.divide(doc_embs @ query_emb, lengths, out=np.zeros(len(doc_embs)), where=lengths > 0))
""",
    ),
    _Mistake(
        "rounded",
        "It looks as if the similarities were rounded",
        "Round when you print, not in what other code goes on to use.",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb)
    return np.divide(doc_embs @ query_emb, lengths, out=np.zeros(len(doc_embs)), where=lengths > 0).round(2)
""",
        also=(
            """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb)
    return np.array([round(float(row @ query_emb) / n, 2) if n else 0.0 for row, n in zip(doc_embs, lengths)])
""",
        ),
    ),
    _Mistake(
        "sorted",
        "It looks as if the similarities were sorted",
        "Keep them in the order of the rows: how else would anybody know which row is which?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb)
    similarities = np.divide(doc_embs @ query_emb, lengths, out=np.zeros(len(doc_embs)), where=lengths > 0)
    return np.sort(similarities)[::-1]
""",
    ),
    _Mistake(
        "column-result",
        "The values are right, but they stand in a table of shape (n, 1)",
        "One similarity a row means shape (n,): which of your arrays has one axis too many?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1, keepdims=True) * np.linalg.norm(query_emb)
    dots = doc_embs @ query_emb.reshape(-1, 1)
    return np.divide(dots, lengths, out=np.zeros((len(doc_embs), 1)), where=lengths > 0)
""",
    ),
    _Mistake(
        "row-result",
        "The values are right, but they stand in a table of shape (1, n)",
        "One similarity a row means shape (n,): which of your arrays has one axis too many?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1)[None, :] * np.linalg.norm(query_emb)
    dots = query_emb.reshape(1, -1) @ doc_embs.T
    return np.divide(dots, lengths, out=np.zeros((1, len(doc_embs))), where=lengths > 0)
""",
        also=(
            """
from sklearn.metrics.pairwise import cosine_similarity as pairwise

def batch_cosine_similarity(query_emb, doc_embs):
    return pairwise(query_emb.reshape(1, -1), doc_embs)
""",
        ),
    ),
    _Mistake(
        "short-is-zero",
        "Short rows are taken for zero rows",
        "Only a row of nothing but zeros has no direction: what does your test compare with?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb)
    return np.divide(doc_embs @ query_emb, lengths, out=np.zeros(len(doc_embs)), where=lengths > 0.001)
""",
        also=(
            """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1)
    result = doc_embs @ query_emb / np.where(lengths < 0.1, 1, lengths) / (np.linalg.norm(query_emb) or 1)
    result[lengths < 0.1] = 0
    return result
""",
        ),
    ),
    _Mistake(
        "epsilon",
        "The number that you add under the fraction changes the similarities of short rows",
        "It should only keep you from dividing by zero: how small may it be, or what else does that?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    return doc_embs @ query_emb / (np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb) + 1e-5)
""",
    ),
    _Mistake(
        "changes-its-arguments",
        "Your function divides the very rows that it is given",
        "Which of your operators works in place, and what do the product embeddings look like afterwards?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1, keepdims=True)
    doc_embs /= np.where(lengths > 0, lengths, 1)
    length = np.linalg.norm(query_emb)
    return doc_embs @ (query_emb / length) if length > 0 else np.zeros(len(doc_embs))
""",
        also=(
            """
def batch_cosine_similarity(query_emb, doc_embs):
    for row in doc_embs:
        if row.any():
            row /= np.sqrt(np.sum(row ** 2))
    return doc_embs @ query_emb / max(np.linalg.norm(query_emb), 1e-12)
""",
        ),
    ),
    _Mistake(
        "changes-the-query",
        "Your function divides the very query that it is given",
        "Which of your operators works in place, and who compares with that query next?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1)
    if query_emb.any():
        query_emb /= np.linalg.norm(query_emb)
    return np.divide(doc_embs @ query_emb, lengths, out=np.zeros(len(doc_embs)), where=lengths > 0)
""",
    ),
    _Mistake(
        "whole-numbers",
        "Your function stops at whole numbers",
        "An array made like another one has its dtype too: can it hold what stands after the decimal point?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    dots = doc_embs @ query_emb
    lengths = np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb)
    return np.divide(dots, lengths, out=np.zeros_like(dots), where=lengths > 0)
""",
    ),
    _Mistake(
        "whole-number-result",
        "Whole numbers make your result lose what stands after the decimal point",
        "What is the dtype of the array that you fill?",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    result = np.zeros_like(doc_embs[:, 0])
    for i, row in enumerate(doc_embs):
        lengths = np.linalg.norm(row) * np.linalg.norm(query_emb)
        if lengths > 0:
            result[i] = row @ query_emb / lengths
    return result
""",
    ),
)
