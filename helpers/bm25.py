"""BM25: lexical search, from an inverted index to a ranked table.

The formula is Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the
idf of Lucene (the "+ 1" inside the logarithm), which is never negative::

    score(query, doc) = sum over the tokens of the query of
                        idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * dl / avgdl))
    idf = ln((N - df + 0.5) / (df + 0.5) + 1)

tf is how often the term occurs in the document, df in how many of the N documents it occurs, dl the
document's number of tokens and avgdl the mean of dl. k1 says how soon further occurrences stop counting, b
how much long documents are held back.

A search for the best k passes over terms that can no longer bring a document among them: MaxScore, Turtle & Flood,
"Query evaluation: strategies and optimizations" (1995).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from .ranking import check_k, check_same_length, reached_by, take_rows, top_k_of_candidates
from .text import is_missing, snowball_tokenize


class Weights(NamedTuple):
    """What each term adds to the score of each document."""

    of_postings: np.ndarray  # float64, shape (postings,), term after term
    highest: list[float]  # of each term


# The documents of one term, intp (df,), ascending; what the term adds to the score of each, float64 (df,); and the
# highest of these. A plain tuple, because a search makes some for each query.
Postings = tuple[np.ndarray, np.ndarray, float]
_highest = itemgetter(2)


class BM25Index(Mapping):
    """An inverted index that reads like a dict of dicts: ``index["couch"]`` is ``{document: tf}``.

    ``len(index)`` is the number of unique terms; iterating gives the terms in the order they were first seen.
    The postings of all terms lie one after the other in flat arrays, which take a fraction of the memory of nested
    dicts and can be scored with vector operations.

    Parameters
    ----------
    numbers : dict of term -> int
        The number of each term, counted from 0 in first-seen order.
    frequencies : int32 csr_array of shape (terms, n)
        How often term number t occurs in each document; documents ascending within a row.
    tokenizer : callable
        What the documents were split with; queries are split with the same unless told otherwise.
    """

    def __init__(self, numbers: dict, frequencies: csr_array, tokenizer: Callable = snowball_tokenize):
        self._numbers = numbers
        self._frequencies = frequencies.data
        self._doc_ids = frequencies.indices.astype(np.intp)  # any other type is converted each time it is used
        self._starts = frequencies.indptr.tolist()
        self._known_weights: tuple[float, float, np.ndarray, Weights] | None = None
        self._sums: list[np.ndarray] = []  # arrays of n zeros that no search is using
        self.num_docs = frequencies.shape[1]
        self.tokenizer = tokenizer

    def postings(self, term) -> tuple[np.ndarray, np.ndarray]:
        """Document numbers and term frequencies of `term`: an intp and an int32 array of shape (df,)."""
        span = self._span(self._numbers[term])
        return self._doc_ids[span], self._frequencies[span]

    def weights(self, doc_lengths: np.ndarray, k1: float = 1.2, b: float = 0.75) -> Weights:
        """What each term adds to the score of each document: the BM25 formula for all postings at once.

        Computed at the first search and kept until somebody asks for other lengths or parameters, so that a
        search has nothing left to do but add.

        Parameters
        ----------
        doc_lengths : array of shape (n,)
            The read-only array that `build_index` returned is known at sight; any other is compared, number by number.
        k1, b : float
        """
        if self._known_weights is not None:
            known_k1, known_b, known_lengths, weights = self._known_weights
            if (known_k1, known_b) == (k1, b) and (
                known_lengths is doc_lengths or np.array_equal(known_lengths, doc_lengths)
            ):
                return weights
        tf, starts = self._frequencies, self._starts
        df = np.diff(starts)
        idf = np.log((self.num_docs - df + 0.5) / (df + 0.5) + 1)
        average = doc_lengths.mean() if len(doc_lengths) else 0.0
        lengths = doc_lengths[self._doc_ids]
        of_postings = np.repeat(idf, df) * tf * (k1 + 1) / (tf + k1 * (1 - b + b * lengths / average))
        # The 0 at the end is there for a term without a document, which a dict of dicts may hold.
        highest = np.maximum.reduceat(np.append(of_postings, 0), np.array(starts[:-1], dtype=np.intp))
        weights = Weights(of_postings, highest.tolist())
        self._known_weights = k1, b, doc_lengths if _never_changes(doc_lengths) else doc_lengths.copy(), weights
        return weights

    def weighed_postings(self, tokens: Iterable, weights: Weights) -> list[Postings]:
        """The postings of each token that is in the index, in order, with these `weights`."""
        numbers = [self._numbers[token] for token in tokens if token in self._numbers]
        spans = [self._span(number) for number in numbers]
        return [
            (self._doc_ids[span], weights.of_postings[span], weights.highest[number])
            for number, span in zip(numbers, spans)
        ]

    def candidates(self, postings: list[Postings], k: int) -> tuple[np.ndarray, np.ndarray, bool]:
        """A few documents, the `k` best among them, their scores, and whether a document may be repeated.

        Returns
        -------
        doc_ids : intp array of shape (m,)
            In any order. Fewer than `k` where no more hold any of the terms.
        scores : float64 array of shape (m,)
            The sum of all weights of each.
        repeated : bool
        """
        if not postings:
            return np.empty(0, dtype=np.intp), np.empty(0), False
        # Only what is touched is looked at and cleared, however many documents there are. Two searches at once, in
        # two threads, take two arrays.
        sums = self._sums.pop() if self._sums else np.zeros(self.num_docs)
        (doc_ids, weights, possible), *others = postings
        sums[doc_ids] = weights
        for doc_ids, weights, highest in others:
            np.add.at(sums, doc_ids, weights)
            possible += highest
        bound, looked_at = 0.0, []  # k documents are known that reach the bound
        for doc_ids, _, highest in sorted(postings, key=_highest, reverse=True) if others else postings:
            if possible * (1 + 1e-9) < bound:
                break
            possible -= highest
            scores = sums[doc_ids]
            looked_at.append((doc_ids, scores))
            if len(scores) > k:
                bound = max(bound, reached_by(scores, k))
        for doc_ids, _, _ in postings:
            sums[doc_ids] = 0
        self._sums.append(sums)
        found = []
        for doc_ids, scores in looked_at:
            best = (scores >= bound).nonzero()[0]
            found.append((doc_ids[best], scores[best]))
        if len(found) == 1:
            return *found[0], False
        return np.concatenate([d for d, _ in found]), np.concatenate([scores for _, scores in found]), True

    def _span(self, number: int) -> slice:
        return slice(self._starts[number], self._starts[number + 1])

    def __getitem__(self, term) -> dict[int, int]:
        doc_ids, frequencies = self.postings(term)
        return dict(zip(doc_ids.tolist(), frequencies.tolist()))

    def __contains__(self, term) -> bool:
        return term in self._numbers

    def __iter__(self) -> Iterator:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

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
        Number of tokens of each document. Read-only: `doc_lengths.copy()` can be changed.

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
    numbers: defaultdict = defaultdict()
    numbers.default_factory = numbers.__len__  # a term not seen before gets the next number
    terms: list[int] = []
    ends = [0]
    for text in _texts(docs, "docs"):
        if not is_missing(text):
            terms.extend(map(numbers.__getitem__, tokenize(text)))
        ends.append(len(terms))

    # One entry per token, document after document. Turned around (term after term) and with the repeated
    # entries added up, they are the postings.
    columns, starts = np.array(terms, dtype=np.int32), np.array(ends, dtype=np.int32)
    ones = np.ones(len(columns), dtype=np.int32)
    occurrences = csr_array((ones, columns, starts), shape=(len(starts) - 1, len(numbers)))
    frequencies = occurrences.T.tocsr()
    frequencies.sum_duplicates()
    # On a bytes object, which nobody can write to: a search knows these lengths without looking at each.
    doc_lengths = np.frombuffer(np.diff(starts).astype(np.int64).tobytes(), dtype=np.int64)
    return BM25Index(dict(numbers), frequencies, tokenize), doc_lengths


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
    doc_lengths = _check(index, num_docs, doc_lengths, k1, b)
    tokenized = _split(queries, tokenizer, index)
    index = _as_index(index, tokenized, num_docs)
    weights = index.weights(doc_lengths, k1, b)
    scores = np.zeros((len(tokenized), num_docs))
    for row, tokens in zip(scores, tokenized):
        for doc_ids, added, _ in index.weighed_postings(tokens, weights):
            row[doc_ids] += added
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
    check_same_length(products_df=len(products_df), doc_lengths=len(doc_lengths))
    rows, scores = top_bm25(query, index, len(products_df), doc_lengths, tokenizer, k)
    return take_rows(products_df, rows, bm25_score=scores)


def top_bm25(
    query: str,
    index: Mapping,
    num_docs: int,
    doc_lengths,
    tokenizer: Callable | None = None,
    k: int = 10,
    k1: float = 1.2,
    b: float = 0.75,
) -> tuple[np.ndarray, np.ndarray]:
    """The `k` best documents for one query, as row numbers: what `search_bm25` makes its table from.

    Only documents that share a term with the query are looked at, however many others there are. Parameters
    and errors are those of `score_bm25` and `search_bm25`.

    Returns
    -------
    rows : int array of shape (min(k, n),)
        Row numbers of the best documents, best first; equal scores in order of row number.
    scores : float64 array of shape (min(k, n),)
        Their scores, to the last bit those of `score_bm25`.

    Examples
    --------
    >>> index, doc_lengths = build_index(["red sofa", "blue sofa", "red lamp shade"])
    >>> rows, scores = top_bm25("blue sofas", index, 3, doc_lengths, k=2)
    >>> rows.tolist()
    [1, 0]
    """
    k = check_k(k)
    doc_lengths = _check(index, num_docs, doc_lengths, k1, b)
    tokenized = _split([query], tokenizer, index)
    index = _as_index(index, tokenized, num_docs)
    return _best(tokenized[0], index, index.weights(doc_lengths, k1, b), k)


def top_bm25_batch(
    queries: Iterable[str],
    index: Mapping,
    num_docs: int,
    doc_lengths,
    tokenizer: Callable | None = None,
    k: int = 10,
    k1: float = 1.2,
    b: float = 0.75,
) -> tuple[np.ndarray, np.ndarray]:
    """The `k` best documents for each of q queries, without a score for every document.

    Parameters and errors are those of `score_bm25_batch` and `search_bm25`.

    Returns
    -------
    rows : int64 array of shape (q, min(k, n))
    scores : float64 array of shape (q, min(k, n))
        Row i of both is what `top_bm25` gives for ``queries[i]``, to the last bit.

    Examples
    --------
    >>> index, doc_lengths = build_index(["red sofa", "blue sofa", "red lamp shade"])
    >>> rows, scores = top_bm25_batch(["blue sofas", "lamp"], index, 3, doc_lengths, k=2)
    >>> rows.tolist()
    [[1, 0], [2, 0]]
    """
    k = check_k(k)
    doc_lengths = _check(index, num_docs, doc_lengths, k1, b)
    tokenized = _split(queries, tokenizer, index)
    index = _as_index(index, tokenized, num_docs)
    weights = index.weights(doc_lengths, k1, b)
    rows = np.empty((len(tokenized), min(k, num_docs)), dtype=np.int64)
    scores = np.empty(rows.shape)
    for i, tokens in enumerate(tokenized):
        rows[i], scores[i] = _best(tokens, index, weights, k)
    return rows, scores


def _best(tokens: list, index: BM25Index, weights: Weights, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The `k` best documents for the tokens of one query, and their scores."""
    doc_ids, scores, repeated = index.candidates(index.weighed_postings(tokens, weights), k)
    return top_k_of_candidates(doc_ids, scores, index.num_docs, k, repeated)


def _never_changes(array: np.ndarray) -> bool:
    """True for an array on a bytes object: numpy makes no such array writable again."""
    return type(array.base) is bytes


def _split(queries: Iterable[str], tokenizer: Callable | None, index: Mapping) -> list[list]:
    """The tokens of each query."""
    tokenize = _tokenizer(tokenizer or getattr(index, "tokenizer", None))
    queries = list(_texts(queries, "queries"))
    for query in queries:
        if is_missing(query):
            raise ValueError(f"the query is missing ({query!r}); drop queries without text before the search.")
    return [tokenize(query) for query in queries]


def _texts(texts, name: str) -> Iterable:
    """`texts`, or a TypeError that says what to pass instead."""
    if isinstance(texts, str):
        raise TypeError(
            f"{name} must be a list or column of texts, got one string. Put it in a list: [{texts[:30]!r}]."
        )
    if isinstance(texts, pd.DataFrame):
        raise TypeError(f"{name} must be one column of texts, got a DataFrame. Choose a column: df['product_name'].")
    if isinstance(texts, Mapping | Set) or not isinstance(texts, Iterable):
        raise TypeError(f"{name} must be a list or column of texts, got {type(texts).__name__}.")
    return texts.tolist() if isinstance(texts, pd.Series) else texts


def _tokenizer(tokenizer: Callable | None) -> Callable:
    if tokenizer is None:
        return snowball_tokenize
    if not callable(tokenizer):
        raise TypeError(f"tokenizer must be a function from a text to a list of terms, got {tokenizer!r}.")
    return tokenizer


def _as_index(index: Mapping, tokenized: list[list], num_docs: int) -> BM25Index:
    """`index` itself if it is a BM25Index; of a dict of dicts, as much as these tokens need."""
    if isinstance(index, BM25Index):
        return index
    terms = [term for term in dict.fromkeys(chain.from_iterable(tokenized)) if term in index]
    doc_ids = np.fromiter(chain.from_iterable(index[term].keys() for term in terms), dtype=np.int32)
    tf = np.fromiter(chain.from_iterable(index[term].values() for term in terms), dtype=np.int32)
    starts = np.cumsum([0, *(len(index[term]) for term in terms)], dtype=np.int32)
    frequencies = csr_array((tf, doc_ids, starts), shape=(len(terms), num_docs))
    frequencies.sort_indices()
    return BM25Index({term: number for number, term in enumerate(terms)}, frequencies)


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
