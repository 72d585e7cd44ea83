"""Mistakes in losing_queries."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("tokenizer_bug",))


def _losing(
    loses: str,
    result: str = "lost",
    kept: str = "query_id",
    tokens: str = "tokenize(query)",
    found: str = "{row for token in tokens for row in right.get(token, {})}",
    still: str = "{row for token in tokens for row in broken.get(token, {})}",
) -> str:
    return f"""
def losing_queries(queries_df, right, broken):
    lost = []
    for place, (query_id, query) in enumerate(zip(queries_df["query_id"], queries_df["query"])):
        tokens = {tokens}
        found = {found}
        still = {still}
        if {loses}:
            lost.append({kept})
    return {result}
"""


TOKENIZER_BUG_MISTAKES = (
    _Mistake(
        "nothing-left",
        "It looks as if only queries that find nothing any more were named",
        "A query that still finds one of two products has lost one too.",
        _losing("found and not still"),
        also=(_losing("len(still) == 0 and len(found) > 0"),),
    ),
    _Mistake(
        "nothing-found",
        "It looks as if every query that finds nothing in the broken index was named",
        "What was never found cannot be lost: what does the query find in right?",
        _losing("not still"),
    ),
    _Mistake(
        "counts",
        "It looks as if you compared how many products are found, not which",
        "A query may find another product in place of the one that it loses.",
        _losing("len(still) < len(found)"),
    ),
    _Mistake(
        "any-difference",
        "It looks as if queries were named that only find more",
        "A query that finds another product beside its own loses none.",
        _losing("found != still"),
    ),
    _Mistake(
        "gains",
        "It looks as if you looked for products that are found only in the broken index",
        "Which of the two sets loses, and which is taken away from it?",
        _losing("still - found"),
    ),
    _Mistake(
        "token-by-token",
        "It looks as if a token that finds less was enough",
        "Another token of the query may still find the same product.",
        _losing("any(set(right.get(t, {})) - set(broken.get(t, {})) for t in tokens)"),
    ),
    _Mistake(
        "missing-token",
        "It looks as if you asked whether a token is missing from the broken index",
        "A token may be there and find fewer products, or be missed by nobody: which products does the query find?",
        _losing("any(t not in broken for t in tokens)"),
        also=(_losing("not all(t in broken for t in tokens)"),),
    ),
    _Mistake(
        "missing-from-one",
        "It looks as if you asked whether a token of the right index is missing from the broken one",
        "A token may be in both and find fewer products: which products does the query find?",
        _losing("any(t in right and t not in broken for t in tokens)"),
    ),
    _Mistake(
        "query-tokenized-wrongly",
        "It looks as if the query was not tokenised with your tokenize",
        "The queries are read with the right tokenizer; only the index is broken.",
        _losing("found - still", tokens="query.lower().split()"),
        also=(_losing("found - still", tokens="query.split()"),),
    ),
    _Mistake(
        "all-tokens",
        "It looks as if only products with all tokens of the query counted as found",
        "BM25 finds a product by any one token.",
        _losing(
            "found - still",
            found="set.intersection(*(set(right.get(t, {})) for t in tokens)) if tokens else set()",
            still="set.intersection(*(set(broken.get(t, {})) for t in tokens)) if tokens else set()",
        ),
    ),
    _Mistake(
        "texts",
        "It looks as if the texts of the queries came back, not their ids",
        "The text asks for the values of query_id.",
        _losing("found - still", kept="query"),
    ),
    _Mistake(
        "how-many",
        "It looks as if only the number of losing queries came back",
        "Which ones? A list of ids is asked for.",
        _losing("found - still", result="len(lost)"),
    ),
    _Mistake(
        "the-others",
        "It looks as if the queries that lose nothing were named",
        "Turn the condition around.",
        _losing("not (found - still)"),
    ),
)
