"""Evaluation: recall of 480 queries from 233,448 judgments

The plain way looks up each query's judgments among all of them; helpers groups them once. The searches are
left out here (their tables are there already), so these are the costs of the evaluation itself.
"""

import statistics

import numpy as np

from benchmarks import data, harness, plain
from helpers import build_index, evaluate_scores, evaluate_search, score_bm25_batch, search_bm25
from helpers.bm25 import top_bm25_batch
from helpers.evaluation import evaluate_rankings


def claims():
    queries_df, labels_df = data.judgments(data.WANDS)
    products, queries = data.products(), queries_df["query"].tolist()
    index, doc_lengths = build_index(products["product_name"])
    ids = products["product_id"].to_numpy()
    scores = score_bm25_batch(queries, index, len(products), doc_lengths)

    def search(query):
        return search_bm25(query, index, products, doc_lengths)

    rows, _ = top_bm25_batch(queries, index, len(products), doc_lengths)
    tables = {query: search(query) for query in queries}

    def one_by_one():
        return [
            plain.recall(tables[query], query_id, labels_df) for query_id, query in zip(queries_df["query_id"], queries)
        ]

    evaluations = {
        "helpers (evaluate_search), a search function": lambda: evaluate_search(
            tables.__getitem__, queries_df, labels_df, verbose=False
        ),
        "helpers (evaluate_rankings), rankings, with nDCG": lambda: evaluate_rankings(ids[rows], queries_df, labels_df),
        "helpers (evaluate_scores), a matrix of 480 x 42,994 scores, with nDCG": lambda: evaluate_scores(
            scores, ids, queries_df, labels_df
        ),
    }
    expected = one_by_one()
    same = {name: way()["recall"].tolist() == expected for name, way in evaluations.items()}
    differing = [name for name, is_same in same.items() if not is_same]
    ways = [harness.Way(name, way, same="yes" if same[name] else "NO") for name, way in evaluations.items()]
    yield harness.Claim(
        "Evaluating 480 rankings",
        [harness.Way("plain", one_by_one), *ways],
        unit="ms",
        verdicts=[
            harness.Verdict(
                "Evaluating 480 rankings: recalls",
                "the plain way's",
                ", ".join(differing) or "all",
                not differing,
            )
        ],
    )
    yield _share(lambda: [search(query) for query in queries], ways[0].run)


def _share(search_all, evaluate) -> harness.Listing:
    """What a notebook waits for when it evaluates a search function: the searches, or the evaluation?"""
    ways = [harness.Way("searches", search_all), harness.Way("evaluation", evaluate)]
    times = harness.measure(harness.Claim("", ways))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    share = float(np.median([b / (a + b) for a, b in zip(*times.values())]))
    return harness.Listing(
        "Where the time of an evaluation goes",
        ["part", "median, ms"],
        [
            ["480 searches (search_bm25)", f"{medians['searches'] * 1e3:.0f}"],
            ["evaluate_search beside them", f"{medians['evaluation'] * 1e3:.0f}"],
        ],
        verdicts=[
            harness.Verdict(
                "Evaluation is not the bottleneck: evaluate_search with search_bm25",
                "less than half of the time",
                f"{share:.0%}",
                share < 0.5,
            )
        ],
    )


if __name__ == "__main__":
    harness.main()
