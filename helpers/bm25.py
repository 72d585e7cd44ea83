"""BM25: lexical search, from an inverted index to a ranked table.

The formula is Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the
idf of Lucene (the "+ 1" inside the logarithm), which is never negative::

    score(query, doc) = sum over the tokens of the query of
                        idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * dl / avgdl))
    idf = ln((N - df + 0.5) / (df + 0.5) + 1)

tf is how often the term occurs in the document, df in how many of the N documents it occurs, dl the
document's number of tokens and avgdl the mean of dl. k1 says how soon further occurrences stop counting, b
how much long documents are held back.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from itertools import chain

import numpy as np
import pandas as pd

from .ranking import check_k, check_same_length, top_rows
from .text import is_missing, snowball_tokenize


class BM25Index(Mapping):
    """An inverted index that reads like a dict of dicts: ``index["couch"]`` is ``{document: tf}``.

    ``len(index)`` is the number of unique terms; iterating gives the terms in the order they were first seen.
    The postings of all terms lie one after the other in two flat arrays, which take a fraction of the memory
    of nested dicts and can be scored with vector operations.

    Parameters
    ----------
    columns : dict of term -> int
        The number of each term, counted from 0 in first-seen order.
    starts : int64 array of shape (terms + 1,)
        The postings of term number t lie at ``starts[t]:starts[t + 1]``.
    doc_ids, frequencies : int32 arrays of shape (postings,)
        Document numbers (ascending within a term) and term frequencies.
    num_docs : int
    tokenizer : callable
        What the documents were split with; queries are split with the same unless told otherwise.
    """

    def __init__(
        self,
        columns: dict,
        starts: np.ndarray,
        doc_ids: np.ndarray,
        frequencies: np.ndarray,
        num_docs: int,
        tokenizer: Callable = snowball_tokenize,
    ):
        self._columns = columns
        self._starts = starts
        self._doc_ids = doc_ids
        self._frequencies = frequencies
        self.num_docs = num_docs
        self.tokenizer = tokenizer

    def postings(self, term) -> tuple[np.ndarray, np.ndarray]:
        """Document numbers and term frequencies of `term`, two int32 arrays of shape (df,)."""
        column = self._columns[term]
        span = slice(self._starts[column], self._starts[column + 1])
        return self._doc_ids[span], self._frequencies[span]

    def __getitem__(self, term) -> dict[int, int]:
        doc_ids, frequencies = self.postings(term)
        return dict(zip(doc_ids.tolist(), frequencies.tolist()))

    def __contains__(self, term) -> bool:
        return term in self._columns

    def __iter__(self) -> Iterator:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return f"BM25Index({len(self):,} terms, {self.num_docs:,} documents, {len(self._doc_ids):,} postings)"


def build_index(docs: Iterable[str], tokenizer: Callable | None = None) -> tuple[BM25Index, np.ndarray]:
    """Build the inverted index of a collection.

    Parameters
    ----------
    docs : Series or list of n texts
        None and NaN are empty documents.
    tokenizer : callable text -> list of terms, default `snowball_tokenize`

    Returns
    -------
    index : BM25Index
        ``index[term]`` is a dict of document number -> tf.
    doc_lengths : int64 array of shape (n,)
        Number of tokens of each document.

    Raises
    ------
    TypeError
        If `docs` is one string or a DataFrame instead of a column or list of texts.

    Examples
    --------
    >>> index, doc_lengths = build_index(["red sofa", "sofa for a red, red room", None])
    >>> len(index), index["red"], doc_lengths.tolist()
    (5, {0: 1, 1: 2}, [2, 6, 0])
    """
    tokenize = _tokenizer(tokenizer)
    tokenized = [[] if is_missing(text) else tokenize(text) for text in _texts(docs, "docs")]
    doc_lengths = np.array([len(tokens) for tokens in tokenized], dtype=np.int64)
    num_docs = len(doc_lengths)

    columns = defaultdict()
    columns.default_factory = columns.__len__  # a term not seen before gets the next number
    terms = np.fromiter(map(columns.__getitem__, chain.from_iterable(tokenized)), np.int64, doc_lengths.sum())
    documents = np.repeat(np.arange(num_docs), doc_lengths)

    # One number per (term, document) pair: sorted, they are the postings; how often each occurs is its tf.
    pairs, frequencies = np.unique(terms * num_docs + documents, return_counts=True)
    terms, documents = np.divmod(pairs, max(num_docs, 1))
    starts = np.searchsorted(terms, np.arange(len(columns) + 1))
    index = BM25Index(
        dict(columns), starts, documents.astype(np.int32), frequencies.astype(np.int32), num_docs, tokenize
    )
    return index, doc_lengths


def score_bm25(
    query: str,
    index: Mapping,
    num_docs: int,
    doc_lengths,
    tokenizer: Callable | None = None,
    k1: float = 1.2,
    b: float = 0.75,
) -> np.ndarray:
    """Score every document for one query.

    Parameters
    ----------
    query : str
        A token that is repeated counts each time; a token that is in no document adds nothing.
    index : BM25Index, or a dict of dicts term -> {document: tf}
    num_docs : int
        Number of documents, n.
    doc_lengths : int array of shape (n,)
    tokenizer : callable, default what the index was built with
    k1, b : float
        k1 >= 0 and 0 <= b <= 1.

    Returns
    -------
    float64 array of shape (n,)
        0 for documents that share no term with the query.

    Raises
    ------
    ValueError
        If `num_docs` is not the number of documents of `doc_lengths` and `index`, if k1 or b is out of range,
        or if the query is None or NaN.
    TypeError
        If the query is not a string, or `index` is not an index.

    Examples
    --------
    >>> index, doc_lengths = build_index(["red sofa", "blue sofa", "red lamp shade"])
    >>> score_bm25("red sofa", index, 3, doc_lengths).round(3).tolist()
    [0.998, 0.499, 0.421]
    """
    return score_bm25_batch([query], index, num_docs, doc_lengths, tokenizer, k1, b)[0]


def score_bm25_batch(
    queries: Iterable[str],
    index: Mapping,
    num_docs: int,
    doc_lengths,
    tokenizer: Callable | None = None,
    k1: float = 1.2,
    b: float = 0.75,
) -> np.ndarray:
    """Score every document for each of q queries: row i is ``score_bm25(queries[i], ...)``.

    Parameters and errors are those of `score_bm25`.

    Returns
    -------
    float64 array of shape (q, n)
        8 * q * n bytes: 480 queries over 10,000 documents take 38 MB.
    """
    queries = list(_texts(queries, "queries"))
    doc_lengths = _check(index, num_docs, doc_lengths, k1, b)
    tokenize = _tokenizer(tokenizer or getattr(index, "tokenizer", None))
    average = doc_lengths.mean() if len(doc_lengths) else 0.0

    def weigh(term) -> tuple[np.ndarray, np.ndarray]:
        doc_ids, tf = _postings(index, term)
        df = len(doc_ids)
        idf = np.log((num_docs - df + 0.5) / (df + 0.5) + 1)
        return doc_ids, idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * doc_lengths[doc_ids] / average))

    weighed = {}
    scores = np.zeros((len(queries), num_docs))
    for row, query in zip(scores, queries):
        if is_missing(query):
            raise ValueError(
                f"the query is missing ({query!r}); drop queries without text before the search."
            )
        for term, count in Counter(tokenize(query)).items():
            if term not in index:
                continue
            if term not in weighed:
                weighed[term] = weigh(term)
            doc_ids, weights = weighed[term]
            row[doc_ids] += count * weights
    return scores


def search_bm25(
    query: str,
    index: Mapping,
    products_df: pd.DataFrame,
    doc_lengths,
    tokenizer: Callable | None = None,
    k: int = 10,
) -> pd.DataFrame:
    """The `k` products that BM25 ranks highest.

    Parameters
    ----------
    query : str
    index : BM25Index
    products_df : DataFrame of n rows
        In the order in which the index was built.
    doc_lengths : int array of shape (n,)
    tokenizer : callable, default what the index was built with
    k : int
        At least 1; more than n gives all rows.

    Returns
    -------
    DataFrame
        A copy of the best rows with ``bm25_score`` and ``rank`` (from 1). Equal scores keep the order of the
        rows, so products that share no term with the query fill up the end.

    Raises
    ------
    ValueError
        If `products_df` and `doc_lengths` differ in length, or `k` is not a whole number of at least 1.

    Examples
    --------
    >>> names = ["red sofa", "blue sofa", "red lamp"]
    >>> products = pd.DataFrame({"product_id": [7, 8, 9], "product_name": names})
    >>> index, doc_lengths = build_index(products["product_name"])
    >>> search_bm25("blue sofas", index, products, doc_lengths, k=2)[["product_id", "rank"]].values.tolist()
    [[8, 1], [7, 2]]
    """
    check_k(k)
    check_same_length(products_df=len(products_df), doc_lengths=len(doc_lengths))
    scores = score_bm25(query, index, len(products_df), doc_lengths, tokenizer)
    return top_rows(products_df, scores, k, bm25_score=scores)


def _texts(texts, name: str) -> Iterable:
    """`texts`, or a TypeError that says what to pass instead."""
    if isinstance(texts, str):
        raise TypeError(
            f"{name} must be a list or column of texts, got one string. Put it in a list: [{texts[:30]!r}]."
        )
    if isinstance(texts, pd.DataFrame):
        raise TypeError(
            f"{name} must be one column of texts, got a DataFrame. Choose a column: df['product_name']."
        )
    if isinstance(texts, Mapping | Set) or not isinstance(texts, Iterable):
        raise TypeError(f"{name} must be a list or column of texts, got {type(texts).__name__}.")
    return texts.tolist() if isinstance(texts, pd.Series) else texts


def _tokenizer(tokenizer: Callable | None) -> Callable:
    if tokenizer is None:
        return snowball_tokenize
    if not callable(tokenizer):
        raise TypeError(f"tokenizer must be a function from a text to a list of terms, got {tokenizer!r}.")
    return tokenizer


def _postings(index: Mapping, term) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(index, BM25Index):
        return index.postings(term)
    postings = index[term]
    return np.array(list(postings.keys()), dtype=np.int64), np.array(list(postings.values()), dtype=np.int64)


def _check(index, num_docs, doc_lengths, k1, b) -> np.ndarray:
    """`doc_lengths` as an array, once everything that scoring relies on has been checked."""
    if not isinstance(index, Mapping):
        raise TypeError(
            f"index must be the index that build_index returns, got {type(index).__name__}. "
            "build_index returns two things: index, doc_lengths = build_index(docs)."
        )
    doc_lengths = np.asarray(doc_lengths)
    if doc_lengths.shape != (num_docs,):
        raise ValueError(
            f"doc_lengths must hold one length per document: num_docs is {num_docs:,}, "
            f"doc_lengths has shape {doc_lengths.shape}."
        )
    if isinstance(index, BM25Index) and index.num_docs != num_docs:
        raise ValueError(
            f"the index was built from {index.num_docs:,} documents, but num_docs is {num_docs:,}. "
            "Build it again for these documents."
        )
    if not 0 <= k1 < np.inf:
        raise ValueError(f"k1 must be a number of at least 0, got {k1!r}.")
    if not 0 <= b <= 1:
        raise ValueError(f"b must lie between 0 and 1, got {b!r}.")
    return doc_lengths
