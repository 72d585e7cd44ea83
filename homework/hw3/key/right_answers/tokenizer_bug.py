"""Right answers to losing_queries."""

from autograder.judge.banks import RightAnswer

TOKENIZER_BUG_ANSWERS = (
    RightAnswer(
        "sets of rows",
        """
def losing_queries(queries_df, right, broken):
    lost = []
    for query_id, query in zip(queries_df["query_id"], queries_df["query"]):
        tokens = tokenize(query)
        found = {row for token in tokens for row in right.get(token, {})}
        still = {row for token in tokens for row in broken.get(token, {})}
        if found - still:
            lost.append(query_id)
    return lost
""",
    ),
    RightAnswer(
        "pandas: a column of the table",
        """
def losing_queries(queries_df, right, broken):
    def rows(postings, query):
        return set().union(*(postings.get(token, {}) for token in tokenize(query)))
    loses = [not rows(right, query) <= rows(broken, query) for query in queries_df["query"]]
    return queries_df.loc[loses, "query_id"]
""",
    ),
    RightAnswer(
        "a set of ids",
        """
def losing_queries(queries_df, right, broken):
    return {
        query.query_id
        for query in queries_df.itertuples()
        for token in tokenize(query.query)
        for row in right.get(token, {})
        if not any(row in broken.get(other, {}) for other in tokenize(query.query))
    }
""",
    ),
    RightAnswer(
        "masks over the rows, as an array",
        """
def losing_queries(queries_df, right, broken):
    n = 1 + max((row for rows in [*right.values(), *broken.values()] for row in rows), default=0)
    def mask(postings, query):
        found = np.zeros(n, dtype=bool)
        for token in tokenize(query):
            found[list(postings.get(token, {}))] = True
        return found
    lost = [bool((mask(right, q) & ~mask(broken, q)).any()) for q in queries_df["query"]]
    return queries_df["query_id"].to_numpy()[np.array(lost, dtype=bool)]
""",
    ),
)
