"""Right answers to batch_cosine."""

from autograder.judge.banks import RightAnswer

BATCH_COSINE_ANSWERS = (
    RightAnswer(
        "as the lecture has it",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    lengths = np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb)
    dots = doc_embs @ query_emb
    return np.divide(dots, lengths, out=np.zeros(len(doc_embs)), where=lengths > 0)
""",
    ),
    RightAnswer(
        "one cosine_similarity a row",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    return np.array([cosine_similarity(query_emb, row) for row in doc_embs])
""",
    ),
    RightAnswer(
        "in float32 throughout",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    query, docs = np.asarray(query_emb, dtype=np.float32), np.asarray(doc_embs, dtype=np.float32)
    norms = np.linalg.norm(docs, axis=1) * np.linalg.norm(query)
    norms[norms == 0] = 1
    return (docs @ query) / norms
""",
    ),
    RightAnswer(
        "einsum on unit vectors",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    def unit(x):
        length = np.sqrt(np.einsum("...i,...i->...", x, x))[..., np.newaxis]
        return x / np.where(length == 0, 1, length)
    return np.einsum("j,ij->i", unit(np.asarray(query_emb, float)), unit(np.asarray(doc_embs, float)))
""",
    ),
    RightAnswer(
        "a pandas Series",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    docs = pd.DataFrame(doc_embs)
    lengths = (docs ** 2).sum(axis=1) ** 0.5 * (np.asarray(query_emb) ** 2).sum() ** 0.5
    return docs.dot(np.asarray(query_emb)).div(lengths.replace(0, np.inf))
""",
    ),
    RightAnswer(
        "scikit-learn, flattened",
        """
from sklearn.metrics.pairwise import cosine_similarity as pairwise

def batch_cosine_similarity(query_emb, doc_embs):
    return pairwise(np.reshape(query_emb, (1, -1)), doc_embs).ravel()
""",
    ),
    RightAnswer(
        "an epsilon of 1e-8 under the fraction",
        """
def batch_cosine_similarity(query_emb, doc_embs):
    return doc_embs @ query_emb / (np.linalg.norm(doc_embs, axis=1) * np.linalg.norm(query_emb) + 1e-8)
""",
    ),
)
