"""What a right answer to each question of homework 4 is like, and how your notebook shows it.

A question is a function, a property a sentence with its points, an example a call of your function with what it should
give. A property without an example is asked in grading only; there, all the others are asked again with inputs that you
have not seen. Changing this file changes no mark.
"""

import numpy as np
import pandas as pd

from helpers import get_embedding_local, product_text, score_bm25
from helpers.checks import gives, prop, says
from helpers.sentences import shown

SET_UP = (
    *("np", "pd", "evaluate_search", "get_embedding_local", "batch_embed_local", "score_bm25", "product_text"),
    *("check", "data", "products", "queries", "choose_queries", "report_queries", "labels", "ALPHAS"),
    *("index", "doc_lengths", "product_embeddings"),
)


def cosine(cosine_similarity):
    """Measure how alike two directions are."""

    def of(a, b):
        return lambda: cosine_similarity(np.array(a), np.array(b))

    return [
        prop(
            "the cosine of two ordinary vectors",
            2,
            gives(of([1.0, 0.0], [1.0, 1.0]), 0.5**0.5, "Divide the dot product by both lengths."),
            gives(of([3.0, 4.0], [-3.0, -4.0]), -1, "Opposite directions have cosine -1."),
        ),
        prop(
            "whole numbers, float32 and very long or short vectors",
            1,
            gives(of([1, 2], [10, 20]), 1, "A longer vector in the same direction is just as similar."),
        ),
        prop(
            "a zero vector has cosine 0 with everything",
            1,
            gives(of([0.0, 0.0], [1.0, 1.0]), 0, "What happens when a length is zero?"),
        ),
        prop("one plain number comes out, and both vectors stay as they were", 1),
    ]


def batch_cosine(batch_cosine_similarity):
    """Compare one query with every product at once."""

    def of(query, docs):
        return lambda: batch_cosine_similarity(np.array(query), np.array(docs))

    three = [[1.0, 1.0], [0.0, 2.0], [-3.0, 0.0]]
    return [
        prop(
            "the cosine of a query with each row",
            5,
            gives(of([1.0, 0.0], three), [0.5**0.5, 0, -1], "Divide each dot product by that row's length too."),
        ),
        prop(
            "zero rows and a zero query have similarity 0, short rows their own",
            2,
            gives(of([1.0, 0.0], [[0.0, 0.0], [2.0, 0.0]]), [0, 1], "Divide only where the length is not zero."),
        ),
        prop("whole numbers go in too; out comes a new array of shape (n,)", 1),
        prop("a real query against every product of the sample", 2),
    ]


def recall(recall_at_k):
    """Measure what a search has found."""
    return [
        prop(
            "the share of the relevant ids that was found",
            4,
            gives(lambda: recall_at_k([7, 3, 9], {3, 9, 4, 8}), 0.5, "Divide by the number of relevant ids."),
            gives(lambda: recall_at_k([1, 2, 3], {1, 2}), 1, "All that is relevant was found."),
        ),
        prop(
            "only the first k retrieved ids count",
            2,
            gives(lambda: recall_at_k([7, 3, 9], {3, 9, 4, 8}, k=2), 0.25, "Look only at the first k."),
            gives(lambda: recall_at_k([5, 5, 8], {5, 8}, k=2), 0.5, "A repeated id still takes up a place."),
        ),
        prop(
            "with no relevant ids the recall is 0.0",
            2,
            gives(lambda: recall_at_k([1, 2, 3], set()), 0, "What do you divide by when nothing is relevant?"),
        ),
        prop(
            "an id retrieved twice counts once",
            1,
            gives(lambda: recall_at_k([5, 5, 5, 6], {5, 8}), 0.5, "Retrieved three times, 5 is still one product."),
        ),
        prop("relevant ids may be a list, nothing is changed, one plain number comes out", 1),
    ]


def semantic(semantic_search, *, queries, products, product_embeddings):
    """Search by meaning."""

    def found(k=5):
        return semantic_search(queries["query"].iloc[0], product_embeddings, products, k=k)

    def three(k):
        """Products with index labels in disorder: one that says the opposite, one that fits, one of zeros."""
        query = queries["query"].iloc[0]
        fits = get_embedding_local(query)
        few = pd.DataFrame({"product_id": [11, 12, 13]}, index=[2, 0, 1])
        return semantic_search(query, np.stack([-fits, fits, 0 * fits]), few, k=k)

    by_position = "Take rows by position (iloc), not by label (loc), from the most similar down."
    return [
        prop(
            "the right products, best first",
            7,
            says(lambda: without_column(found(), "product_id", "similarity", "rank")),
            gives(lambda: three(3)["product_id"], [12, 13, 11], by_position),
        ),
        prop(
            "each product's own similarity",
            4,
            gives(lambda: three(3)["similarity"], [1, 0, -1], "Is each similarity kept with its own product?"),
        ),
        prop(
            "k rows (all, where there are fewer), ranked from 1",
            3,
            gives(lambda: found()["rank"], lambda: ranks(5, products), "Return k rows and count ranks from 1."),
            gives(lambda: three(10)["rank"], [1, 2, 3], "Where k is larger than the catalogue, return all of it."),
        ),
        prop("products with equal scores are each there, once", 1),
        prop("Recall@10 on the whole sample", 4),
        prop("products_df and product_embeddings stay as they were", 1, says(lambda: writes_into(found, products))),
    ]


def normalize(normalize_scores):
    """Bring two kinds of score to one scale."""

    def of(*scores):
        return lambda: normalize_scores(np.array(scores))

    return [
        prop(
            "the lowest score becomes 0, the highest 1",
            2,
            gives(of(2.0, 4.0, 6.0), [0, 0.5, 1], "Subtract the lowest; divide by the distance to the highest."),
            gives(of(-1.0, 0.0, 3.0), [0, 0.25, 1], "Negative scores are scores too."),
        ),
        prop("equal scores all become 0", 1, gives(of(5.0, 5.0, 5.0), [0, 0, 0], "Highest minus lowest is zero here.")),
        prop("whole numbers, float32, large numbers and small", 1),
        prop("the result is a new array of shape (n,)", 1),
    ]


def hybrid(hybrid_search, *, queries, index, product_embeddings, products, doc_lengths):
    """Let words and meaning vote together."""

    def found(alpha, k, query=None):
        query = query or queries["query"].iloc[0]
        return hybrid_search(query, index, product_embeddings, products, doc_lengths, alpha=alpha, k=k)

    def at_an_end(alpha, column):
        """The best product of one search alone has 1 there; a query is asked that shares a word with some product."""
        texts = queries["query"].head(50)
        sharing = [text for text in texts if score_bm25(text, index, len(products), doc_lengths).any()]
        if not sharing and alpha == 0:
            return None  # nothing to see in a catalogue whose texts share no word with any query
        first = found(alpha, 1, (sharing or [texts.iloc[0]])[0])[column].iloc[0]
        if abs(first - 1) <= 1e-6:
            return None
        return f"At alpha={alpha} the first {column} is {shown(first)}, expected 1: normalise over all products."

    def mixed():
        table = found(0.3, 8)
        off = np.abs(table["hybrid_score"] - 0.3 * table["semantic_score"] - 0.7 * table["bm25_score"])
        return None if off.max() <= 1e-6 else "hybrid_score is not alpha * semantic_score + (1 - alpha) * bm25_score."

    columns = ("product_id", "bm25_score", "semantic_score", "hybrid_score", "rank")
    return [
        prop(
            "the right products, best first",
            7,
            says(lambda: without_column(found(0.3, 8), *columns)),
            says(lambda: rising(found(0.3, 8), "hybrid_score")),
        ),
        prop(
            "alpha=0 is BM25 alone, alpha=1 is semantic search alone",
            3,
            says(lambda: at_an_end(0, "bm25_score")),
            says(lambda: at_an_end(1, "semantic_score")),
        ),
        prop("each product's own three scores", 3, says(mixed)),
        prop(
            "k rows (all, where there are fewer), ranked from 1",
            2,
            gives(lambda: found(0.5, 8)["rank"], lambda: ranks(8, products), "Return k rows and count ranks from 1."),
        ),
        prop("products with equal scores are each there, once", 1),
        prop("Recall@10 on the whole sample", 3),
        prop(
            "products_df and product_embeddings stay as they were",
            1,
            says(lambda: writes_into(lambda: found(0.5, 5), products)),
        ),
    ]


def best_alpha(alpha_table, best_alpha, held_out, *, ALPHAS):
    """Choose on one half, report on the other."""

    def looks_right():
        if problem := without_column(alpha_table, "alpha", "mean_recall", name="alpha_table"):
            return problem
        alphas, means = np.sort(alpha_table["alpha"]), alpha_table["mean_recall"]
        if len(alphas) != len(ALPHAS) or np.abs(alphas - ALPHAS).max() > 1e-9:
            return f"alpha_table has the alphas {shown(alphas)}, but should have one row for each value of ALPHAS."
        outside = means[~means.between(0, 1)]
        return f"mean_recall is {outside.iloc[0]:.4g} in a row, but a share is from 0 to 1." if len(outside) else None

    def is_best():
        if np.ndim(best_alpha) or not np.isclose(ALPHAS, best_alpha).any():
            return f"best_alpha is {shown(best_alpha)}, but should be one value of ALPHAS, a plain number."
        mine = alpha_table.loc[np.isclose(alpha_table["alpha"], best_alpha), "mean_recall"].iloc[0]
        higher = alpha_table["mean_recall"].max()
        return f"best_alpha has the mean {mine:.4f}, but another row has {higher:.4f}." if higher > mine else None

    def is_reported():
        if not isinstance(held_out, dict) or not {"bm25", "semantic", "hybrid"} <= set(held_out):
            return f"held_out is {shown(held_out)}, but should be a dict with the keys bm25, semantic and hybrid."
        for name in ("bm25", "semantic", "hybrid"):
            if np.ndim(held_out[name]) or not 0 <= held_out[name] <= 1:
                return f"held_out[{name!r}] is {shown(held_out[name])}, but should be a mean recall, from 0 to 1."
        return None

    return [
        prop("the mean Recall@10 at each alpha, on choose_queries", 6, says(looks_right)),
        prop("the alpha with the highest mean", 3, says(is_best)),
        prop("three searches on report_queries", 6, says(is_reported)),
    ]


def misaligned(misaligned_rows, *, products, product_embeddings):
    """Find the vectors that have come apart from their rows."""

    def of(rows, vectors_of, labels=None, noise=0.0):
        """What is found in a table of these products whose vectors are those of the products `vectors_of`."""
        table = products.iloc[rows].reset_index(drop=True)
        vectors = product_embeddings[vectors_of] + np.float32(noise)
        return misaligned_rows(vectors, table if labels is None else table.set_axis(labels))

    def found(expected, *args, **kwargs):
        """Whether just these positions were found, in any order."""
        got = of(*args, **kwargs)
        got = sorted(np.asarray(list(got), dtype=float).ravel().tolist()) if got is not None else None
        if got == expected:
            return None
        mistaken = "None: is there a return at its end?" if got is None else shown(got)
        return f"With rows {shown(expected)} misaligned, in a table of {len(args[0])}, misaligned_rows gave {mistaken}"

    def different():
        """Six products with texts of their own, or as many as there are."""
        return list(product_text(products).drop_duplicates().index[:6])

    def exchanged(**kwargs):
        """The first and the last row have each other's vector."""
        rows = different()
        return found([0.0, len(rows) - 1.0], rows, [rows[-1], *rows[1:-1], rows[0]], **kwargs)

    def moved():
        """All but the first have the vector of the row before, as where one was lost; the second has the last's."""
        rows = different()
        return found([float(i) for i in range(1, len(rows))], rows, [rows[0], rows[-1], *rows[1:-1]])

    return [
        prop("vectors exchanged, moved along, or of a product elsewhere", 5, says(exchanged), says(moved)),
        prop("also where two texts are much alike", 2),
        prop("a difference in the last digits does not count", 1, says(lambda: exchanged(noise=5e-6))),
        prop(
            "nothing where every row fits, equal texts included",
            1,
            says(lambda: found([], [*different()] * 2, [*different()] * 2)),
        ),
        prop(
            "positions, whatever the labels are; both arguments as they were",
            1,
            says(lambda: exchanged(labels=range(100, 100 + len(different())))),
        ),
    ]


def reflection():
    """Explain what you measured."""
    return [prop("marked by hand", 5)]


QUESTIONS = [cosine, batch_cosine, recall, semantic, normalize, hybrid, best_alpha, misaligned, reflection]


# What several examples look at. Each returns a sentence where something is wrong.


def without_column(table, *columns, name="Your result"):
    """Whether a DataFrame has all of these columns."""
    if table is None:
        return f"{name} is None: is there a return at the end of your function?"
    if not isinstance(table, pd.DataFrame):
        return f"{name} is a {type(table).__name__}, but a DataFrame is asked for."
    absent = [column for column in columns if column not in table.columns]
    return (
        f"{name} has no column {absent[0]}; its columns are {', '.join(map(str, table.columns))}." if absent else None
    )


def rising(table, column):
    """Whether a column rises somewhere, though the best row comes first."""
    rows = np.flatnonzero(np.diff(table[column]) > 1e-9)
    return f"{column} rises from row {rows[0] + 1} to row {rows[0] + 2}: sort best first." if len(rows) else None


def ranks(k, products):
    """1, 2, ... for k rows, or as many as there are products."""
    return list(range(1, min(k, len(products)) + 1))


def writes_into(search, products):
    """Whether a search changes the very table that it is given."""
    before = list(products.columns)
    search()
    new = [column for column in products.columns if column not in before]
    if new:
        products.drop(columns=new, inplace=True)
        return f"Your search writes a column {new[0]} into the very products_df that it is given: work on a copy."
    return None
