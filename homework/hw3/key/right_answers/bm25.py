"""Right answers to bm25."""

from autograder.judge.banks import RightAnswer

BM25_ANSWERS = (
    RightAnswer(
        "as the text has it",
        """
def bm25(query, postings, doc_lengths, k1=1.2, b=0.75):
    n = len(doc_lengths)
    scores, average = np.zeros(n), np.mean(doc_lengths)
    for token in tokenize(query):
        rows = postings.get(token, {})
        weight = idf(len(rows), n)
        for row, tf in rows.items():
            scores[row] += weight * tf * (k1 + 1) / (tf + k1 * (1 - b + b * doc_lengths[row] / average))
    return scores
""",
    ),
    RightAnswer(
        "vectors of postings",
        """
def bm25(query, postings, doc_lengths, k1=1.2, b=0.75):
    lengths = np.asarray(doc_lengths, dtype=float)
    scores = np.zeros(len(lengths))
    hold = k1 * (1 - b + b * lengths / lengths.mean())
    for token in tokenize(query):
        if token in postings:
            rows = np.fromiter(postings[token].keys(), dtype=int)
            tf = np.fromiter(postings[token].values(), dtype=float)
            scores[rows] += idf(len(rows), len(lengths)) * tf * (k1 + 1) / (tf + hold[rows])
    return scores
""",
    ),
    RightAnswer(
        "document by document, without the inverted index's help, as a list",
        """
import math
def bm25(query, postings, doc_lengths, k1=1.2, b=0.75):
    n, average = len(doc_lengths), sum(doc_lengths) / len(doc_lengths)
    result = []
    for row in range(n):
        total = 0
        for token in tokenize(query):
            tf = postings[token].get(row, 0) if token in postings else 0
            if tf:
                df = len(postings[token])
                part = tf * (k1 + 1) / (tf + k1 * (1 - b + b * doc_lengths[row] / average))
                total += math.log((n - df + 0.5) / (df + 0.5) + 1) * part
        result.append(total)
    return result
""",
    ),
    RightAnswer(
        "tokens counted once and multiplied, in float32",
        """
from collections import Counter
def bm25(query, postings, doc_lengths, k1=1.2, b=0.75):
    lengths = np.array(doc_lengths, dtype=np.float32)
    relative = lengths / lengths.mean()
    scores = np.zeros(len(lengths), dtype=np.float32)
    for token, times in Counter(tokenize(query)).items():
        for row, tf in postings.get(token, {}).items():
            weight = times * idf(len(postings[token]), len(lengths))
            scores[row] += np.float32(weight * tf * (k1 + 1) / (tf + k1 * (1 - b + b * relative[row])))
    return scores
""",
    ),
    RightAnswer(
        "a sparse product",
        """
from scipy.sparse import csr_array
def bm25(query, postings, doc_lengths, k1=1.2, b=0.75):
    n, average = len(doc_lengths), np.mean(doc_lengths)
    tokens = [token for token in tokenize(query) if token in postings]
    if not tokens:
        return np.zeros(n)
    rows, columns, weights = [], [], []
    for number, token in enumerate(tokens):
        for row, tf in postings[token].items():
            rows.append(row)
            columns.append(number)
            hold = k1 * (1 - b + b * doc_lengths[row] / average)
            weights.append(idf(len(postings[token]), n) * tf * (k1 + 1) / (tf + hold))
    return csr_array((weights, (rows, columns)), shape=(n, len(tokens))) @ np.ones(len(tokens))
""",
    ),
    RightAnswer(
        "pandas: one column a token",
        """
def bm25(query, postings, doc_lengths, k1=1.2, b=0.75):
    lengths = pd.Series(doc_lengths)
    total = pd.Series(0.0, index=lengths.index)
    hold = k1 * (1 - b + b * lengths / lengths.mean())
    for token in tokenize(query):
        if token in postings:
            tf = pd.Series(postings[token], dtype=float).reindex(lengths.index).fillna(0)
            total += idf(len(postings[token]), len(lengths)) * tf * (k1 + 1) / (tf + hold).where(tf > 0, 1)
    return total
""",
    ),
)
