"""Mistakes in bm25."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("bm25",))
_SATURATED = "tf * (k1 + 1) / (tf + k1 * (1 - b + b * doc_lengths[row] / average))"


def _bm25(
    added: str = f"weight * {_SATURATED}",
    tokens: str = "tokenize(query)",
    unknown: str = "continue",
    average: str = "np.mean(doc_lengths)",
    weight: str = "idf(len(postings[token]), len(doc_lengths))",
    result: str = "scores",
    arguments: str = "k1=1.2, b=0.75",
    how: str = "+=",
    begin: str = "",
) -> str:
    return f"""
def bm25(query, postings, doc_lengths, {arguments}):
    {begin}
    scores = np.zeros(len(doc_lengths))
    average = {average}
    for token in {tokens}:
        if token not in postings:
            {unknown}
        weight = {weight}
        for row, tf in postings[token].items():
            scores[row] {how} {added}
    return {result}
"""


BM25_MISTAKES = (
    _Mistake(
        "idf-alone",
        "It looks as if only the weights of the terms were added, not how often a document has them",
        "Where do tf and the length of the document come in?",
        _bm25("weight"),
    ),
    _Mistake(
        "tf-idf",
        "It looks like tf times idf, without saturation and without the length",
        "A word that comes ten times is not ten times better: which part of the formula says so?",
        _bm25("weight * tf"),
    ),
    _Mistake(
        "no-idf",
        "It looks as if every term weighed the same",
        "Should of count as much as recliner? What multiplies each term's part?",
        _bm25(_SATURATED),
    ),
    _Mistake(
        "no-k1-plus-one",
        "It looks as if the factor k1 + 1 was missing",
        "Some libraries leave it out, which changes no ranking; the formula of the text has it. Where?",
        _bm25("weight * tf / (tf + k1 * (1 - b + b * doc_lengths[row] / average))"),
    ),
    _Mistake(
        "k1-and-b-swapped",
        "It looks as if k1 and b had changed places",
        "Which of the two saturates, and which one weighs the length?",
        _bm25("weight * tf * (b + 1) / (tf + b * (1 - k1 + k1 * doc_lengths[row] / average))"),
    ),
    _Mistake(
        "length-upside-down",
        "It looks as if the average was divided by the document's length",
        "Should a long document be held back or helped?",
        _bm25("weight * tf * (k1 + 1) / (tf + k1 * (1 - b + b * average / doc_lengths[row]))"),
    ),
    _Mistake(
        "no-average",
        "It looks as if the document's length was not divided by the average",
        "Long or short means: beside the other documents. What is dl divided by?",
        _bm25("weight * tf * (k1 + 1) / (tf + k1 * (1 - b + b * doc_lengths[row]))"),
    ),
    _Mistake(
        "no-length",
        "It looks as if the document's length had no part in it",
        "Which part of the formula holds long documents back?",
        _bm25("weight * tf * (k1 + 1) / (tf + k1)"),
    ),
    _Mistake(
        "k1-outside-the-bracket",
        "It looks as if k1 multiplied only a part of the bracket",
        "k1 stands before the bracket: what does it multiply?",
        _bm25("weight * tf * (k1 + 1) / (tf + k1 * (1 - b) + b * doc_lengths[row] / average)"),
    ),
    _Mistake(
        "average-of-the-query",
        "It looks as if the average length was that of the documents with one of the query's tokens",
        "The average is over all documents, whatever is asked.",
        _bm25(average="np.mean([doc_lengths[r] for t in set(tokenize(query)) for r in postings.get(t, [])] or [1])"),
    ),
    _Mistake(
        "average-of-the-term",
        "It looks as if the average length was that of the documents with the token at hand",
        "The average is over all documents, whatever is asked.",
        _bm25(
            "weight * tf * (k1 + 1) / (tf + k1 * (1 - b + b * doc_lengths[row] / "
            "np.mean([doc_lengths[r] for r in postings[token]])))"
        ),
    ),
    _Mistake(
        "median-length",
        "It looks as if the median length stood in the place of the average",
        "avgdl is the mean.",
        _bm25(average="np.median(doc_lengths)"),
    ),
    _Mistake(
        "length-of-the-query",
        "It looks as if the query's length stood where the document's belongs",
        "dl is how many tokens the document has: where do you look that up?",
        _bm25("weight * tf * (k1 + 1) / (tf + k1 * (1 - b + b * len(tokenize(query)) / average))"),
    ),
    _Mistake(
        "terms-for-documents",
        "It looks as if the number of terms stood where the number of documents belongs",
        "len(postings) counts terms: what counts documents?",
        _bm25(weight="idf(len(postings[token]), len(postings))"),
    ),
    _Mistake(
        "cf-for-df",
        "It looks as if df was how often the term comes in all, not in how many documents",
        "A term that one document has twenty times has which df?",
        _bm25(weight="idf(sum(postings[token].values()), len(doc_lengths))"),
    ),
    _Mistake(
        "tokens-as-a-set",
        "It looks as if a token that the query repeats counted once",
        "The sum goes over the tokens of the query: what if one comes twice?",
        _bm25(tokens="set(tokenize(query))"),
        also=(_bm25(tokens="dict.fromkeys(tokenize(query))"),),
    ),
    _Mistake(
        "query-not-tokenized",
        "It looks as if the query was only split, not tokenised",
        "Sofas is not in an index of stems: what was done to the documents must be done to the query.",
        _bm25(tokens="query.split()"),
    ),
    _Mistake(
        "query-not-stemmed",
        "It looks as if the query's words kept their endings",
        "What was done to the documents must be done to the query: use your tokenize.",
        _bm25(tokens="query.lower().split()"),
    ),
    _Mistake(
        "unknown-stops",
        "A token that no document has stops your function",
        "What do the postings hold for such a token? Ask before you look it up.",
        _bm25(unknown="pass"),
    ),
    _Mistake(
        "unknown-ends",
        "It looks as if the first token that no document has ended the sum",
        "The other tokens still count: which statement goes on with the next one?",
        _bm25(unknown="break"),
    ),
    _Mistake(
        "unknown-means-nothing",
        "It looks as if one token that no document has made all scores 0",
        "The other tokens still count.",
        _bm25(unknown="return np.zeros(len(doc_lengths))"),
    ),
    _Mistake(
        "all-tokens-needed",
        "It looks as if only documents with every token of the query had a score",
        "A document with one of two tokens has that one's part.",
        _bm25(result="scores * [all(r in postings.get(t, {}) for t in tokenize(query)) for r in range(len(scores))]"),
    ),
    _Mistake(
        "last-token-only",
        "It looks as if each token's part replaced that of the token before",
        "The score is a sum: which operator adds?",
        _bm25(how="="),
    ),
    _Mistake(
        "best-token-only",
        "It looks as if only the best token of each document counted",
        "The score is the sum over the query's tokens.",
        _bm25(added=f"max(weight * {_SATURATED} - scores[row], 0)"),
    ),
    _Mistake(
        "mean-over-tokens",
        "It looks as if the sum was divided by the number of the query's tokens",
        "The score is the sum itself.",
        _bm25(result="scores / max(1, len(tokenize(query)))"),
    ),
    _Mistake(
        "normalised",
        "It looks as if the scores were brought to the range from 0 to 1",
        "The score is the sum itself.",
        _bm25(result="scores / (scores.max() or 1)"),
    ),
    _Mistake(
        "log-tf",
        "It looks as if tf went through a logarithm",
        "What tames tf here is the fraction: compare it with the text.",
        _bm25("weight * (1 + np.log(tf)) * (k1 + 1) / (tf + k1 * (1 - b + b * doc_lengths[row] / average))"),
    ),
    _Mistake(
        "other-defaults",
        "It looks as if k1 was 1.5 where nothing is said",
        "Look at the defaults in the text.",
        _bm25(arguments="k1=1.5, b=0.75"),
    ),
    _Mistake(
        "parameters-ignored",
        "It looks as if k1 and b were always 1.2 and 0.75",
        "Where in your function are the arguments k1 and b used?",
        _bm25(begin="k1, b = 1.2, 0.75"),
    ),
    _Mistake(
        "zero-is-default",
        "It looks as if a k1 or b of 0 was taken for none given",
        "0 is a value like any other: or takes it for nothing.",
        _bm25(begin="k1, b = k1 or 1.2, b or 0.75"),
    ),
    _Mistake(
        "matching-only",
        "It looks as if only the documents with a score came back",
        "The result has one score for every document, 0 where it has no token of the query.",
        _bm25(result="scores[scores > 0]"),
    ),
    _Mistake(
        "sorted-scores",
        "It looks as if the scores were sorted",
        "Score i belongs to row i: ranking comes later.",
        _bm25(result="np.sort(scores)[::-1]"),
    ),
    _Mistake(
        "rounded",
        "It looks as if the scores were rounded",
        "Round when you print, not in what other code goes on to use.",
        _bm25(result="scores.round(2)"),
    ),
    _Mistake(
        "writes-into-postings",
        "The scores are right, but your function writes into the postings that it is given",
        "setdefault, and a pop, change the index for the next query: which method only looks?",
        _bm25(unknown="postings.setdefault(token, {})"),
    ),
    _Mistake(
        "scores-as-a-column",
        "The scores are right, but they come in a column",
        "The text asks for the shape (n,): what is the shape of what you return?",
        _bm25(result="scores.reshape(-1, 1)"),
    ),
)
