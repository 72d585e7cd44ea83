"""Right answers to build_index."""

from autograder.judge.banks import RightAnswer

POSTINGS_ANSWERS = (
    RightAnswer(
        "a dict of dicts",
        """
def build_index(texts):
    postings, lengths = {}, []
    for row, text in enumerate(texts):
        tokens = tokenize(text)
        lengths.append(len(tokens))
        for token in tokens:
            rows = postings.setdefault(token, {})
            rows[row] = rows.get(row, 0) + 1
    return postings, np.array(lengths)
""",
    ),
    RightAnswer(
        "defaultdict and Counter, lengths as a list",
        """
from collections import Counter, defaultdict
def build_index(texts):
    postings, lengths = defaultdict(Counter), []
    for row, text in enumerate(texts):
        tokens = tokenize(text)
        lengths += [len(tokens)]
        for token in tokens:
            postings[token][row] += 1
    return postings, lengths
""",
    ),
    RightAnswer(
        "lists of pairs, as a list of two",
        """
def build_index(texts):
    postings, tokenized = {}, [tokenize(text) for text in texts]
    for row, tokens in enumerate(tokenized):
        for token in dict.fromkeys(tokens):
            postings.setdefault(token, []).append((row, tokens.count(token)))
    return [postings, pd.Series(map(len, tokenized), index=range(9, 9 + len(tokenized)), dtype=int)]
""",
    ),
    RightAnswer(
        "arrays of two columns",
        """
from collections import Counter
def build_index(texts):
    found = {}
    lengths = np.zeros(len(texts))
    for row, text in enumerate(list(texts)):
        counts = Counter(tokenize(text))
        lengths[row] = sum(counts.values())
        for token, tf in counts.items():
            found.setdefault(token, []).append([row, tf])
    return {token: np.array(rows, dtype=np.int32) for token, rows in found.items()}, lengths
""",
    ),
    RightAnswer(
        "pandas: one Series a token",
        """
def build_index(texts):
    rows = [(row, token) for row, text in enumerate(texts) for token in tokenize(text)]
    table = pd.DataFrame(rows, columns=["row", "token"])
    counts = table.groupby(["token", "row"]).size()
    postings = {token: part.droplevel("token") for token, part in counts.groupby("token")}
    return postings, table["row"].value_counts().reindex(range(len(texts)), fill_value=0).to_numpy(dtype=np.float32)
""",
    ),
    RightAnswer(
        "a sparse matrix, term by document",
        """
from scipy.sparse import coo_array
def build_index(texts):
    numbers, rows, columns = {}, [], []
    for row, text in enumerate(texts):
        for token in tokenize(text):
            rows.append(numbers.setdefault(token, len(numbers)))
            columns.append(row)
    counts = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(numbers), len(texts))).tocsr()
    counts.sum_duplicates()
    ends = counts.indptr
    postings = {
        token: dict(zip(counts.indices[ends[i]:ends[i + 1]], counts.data[ends[i]:ends[i + 1]]))
        for token, i in numbers.items()
    }
    return postings, np.asarray(counts.sum(axis=0)).ravel().astype(np.uint8)
""",
    ),
)
