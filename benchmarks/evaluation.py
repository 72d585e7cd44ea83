"""Evaluation: recall of 480 queries from 233,448 judgments

The search is left out (a table that is there already), so this is the cost of the evaluation itself.
"""

from benchmarks import data, harness, plain
from helpers import build_index, evaluate_search, search_bm25
from helpers.bm25 import top_bm25_batch
from helpers.evaluation import evaluate_rankings


def claims():
    queries_df, labels_df = data.judgments(data.WANDS)
    products = data.products()
    index, doc_lengths = build_index(products["product_name"])
    tables = {query: search_bm25(query, index, products, doc_lengths) for query in queries_df["query"]}
    rows, _ = top_bm25_batch(queries_df["query"], index, len(products), doc_lengths)

    def one_by_one():
        return [
            plain.recall(tables[query], query_id, labels_df)
            for query_id, query in zip(queries_df["query_id"], queries_df["query"])
        ]

    def ours(search=tables.get):
        return evaluate_search(search, queries_df, labels_df, verbose=False)["recall"].tolist()

    same = (
        "yes"
        if ours() == one_by_one() == evaluate_rankings(rows, queries_df, labels_df)["recall"].tolist()
        else "NO"
    )
    yield harness.Claim(
        "Evaluate 480 rankings",
        [
            harness.Way("plain", one_by_one),
            harness.Way("helpers (evaluate_search), recall", ours, same=same),
            harness.Way(
                "helpers (evaluate_rankings), recall and nDCG",
                lambda: evaluate_rankings(rows, queries_df, labels_df),
                same=same,
            ),
            harness.Way(
                "480 searches (search_bm25) and evaluate_search",
                lambda: ours(lambda query: search_bm25(query, index, products, doc_lengths)),
                same=same,
            ),
        ],
        unit="ms",
        note="The last row is what a notebook waits for: most of it is the searches.",
    )


if __name__ == "__main__":
    harness.main()
