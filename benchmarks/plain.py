"""The plain style that the fast ways are compared with: what one writes first, and what the lesson shows."""

import string

import numpy as np
import pandas as pd
import Stemmer

_stemmer = Stemmer.Stemmer("english")
_spaces = str.maketrans(string.punctuation, " " * len(string.punctuation))


def tokenize(text: str) -> list[str]:
    """The tokens of `snowball_tokenize`, every word stemmed every time."""
    return [_stemmer.stemWord(word) for word in text.translate(_spaces).lower().split()]


def build_index(docs, tokenizer=tokenize) -> tuple[dict, np.ndarray]:
    """An index of dicts, term -> {document: tf}, and the lengths of the documents."""
    index: dict[str, dict[int, int]] = {}
    doc_lengths = []
    for doc, text in enumerate(docs):
        tokens = tokenizer(text)
        doc_lengths.append(len(tokens))
        for token in tokens:
            if token not in index:
                index[token] = {}
            index[token][doc] = index[token].get(doc, 0) + 1
    return index, np.array(doc_lengths)


def score_bm25(query: str, index: dict, num_docs: int, doc_lengths, k1: float = 1.2, b: float = 0.75) -> np.ndarray:
    """The BM25 score of every document, one token and one posting at a time."""
    scores = np.zeros(num_docs)
    average = np.mean(doc_lengths)
    for token in tokenize(query):
        if token in index:
            df = len(index[token])
            idf = np.log((num_docs - df + 0.5) / (df + 0.5) + 1)
            for doc, tf in index[token].items():
                scores[doc] += idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * doc_lengths[doc] / average))
    return scores


def top_k(scores: np.ndarray, k: int = 10) -> np.ndarray:
    """The positions of the k best: everything is sorted, equal scores stay in order."""
    return np.argsort(-scores, kind="stable")[:k]


def table(products: pd.DataFrame, scores: np.ndarray, column: str, k: int = 10) -> pd.DataFrame:
    """The best rows with their score and rank."""
    best = top_k(scores, k)
    results = products.iloc[best].copy()
    results[column] = scores[best]
    results["rank"] = range(1, len(best) + 1)
    return results


def cosine(query: np.ndarray, docs: np.ndarray) -> np.ndarray:
    """Cosine with every document, the whole matrix normalised for this query."""
    units = docs / np.linalg.norm(docs, axis=1, keepdims=True)
    return units @ (query / np.linalg.norm(query))


def normalize(scores: np.ndarray) -> np.ndarray:
    """(score - min) / (max - min)."""
    scores = scores.astype(np.float64)
    span = scores.max() - scores.min()
    return (scores - scores.min()) / span if span else np.zeros_like(scores)


def hybrid(query: str, encode, index, doc_embs, doc_lengths, products: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """One hybrid search from the very beginning: embed, compare, score, normalise, mix, sort."""
    semantic = normalize(cosine(encode(query), doc_embs))
    words = normalize(score_bm25(query, index, len(products), doc_lengths))
    return table(products, alpha * semantic + (1 - alpha) * words, "hybrid_score")


def recall(found: pd.DataFrame, query_id, labels: pd.DataFrame, k: int = 10) -> float:
    """Recall@k of one query, its judgments looked up among all of them."""
    relevant = set(labels[(labels["query_id"] == query_id) & (labels["grade"] > 0)]["product_id"])
    return len(relevant & set(found["product_id"].head(k))) / len(relevant) if relevant else 0.0
