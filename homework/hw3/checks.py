"""What a right answer to each question of homework 3 is like, and how your notebook shows it.

A question is a function, a property a sentence with its points, an example a call of your function with what it should
give. A property without an example is asked in grading only; there, all the others are asked again with inputs that you
have not seen. Changing this file changes no mark.
"""

import numpy as np
import pandas as pd

from helpers.checks import gives, prop, says

SET_UP = (
    *("np", "pd", "string", "stem", "check", "data", "WEIGHTS", "unstemmed"),
    *("products", "queries", "labels", "tuning_queries", "report_queries"),
)
# What build_index should make of the three names "red sofa", "blue sofa" and "red lamp shade".
POSTINGS = {"red": {0: 1, 2: 1}, "sofa": {0: 1, 1: 1}, "blue": {1: 1}, "lamp": {2: 1}, "shade": {2: 1}}
LENGTHS = [2, 2, 3]


def tokenize(tokenize):
    """Cut a text into tokens."""
    return [
        prop(
            "each word's stem, in order, repeats kept",
            4,
            gives(lambda: tokenize("two sofas and a sofa"), ["two", "sofa", "and", "a", "sofa"], "Stem each word."),
            gives(lambda: tokenize(" dining  tables\t"), ["dine", "tabl"], "White space of any kind parts words."),
        ),
        prop("capitals make no difference", 2, gives(lambda: tokenize("SOFAS"), ["sofa"], "Which step comes first?")),
        prop(
            "each mark of string.punctuation parts words",
            2,
            gives(lambda: tokenize("mid-century!"), ["mid", "centuri"], "A mark becomes a space."),
        ),
        prop(
            "other marks and letters stay in their words", 1, gives(lambda: tokenize("café™"), ["café™"], "Is ™ in it?")
        ),
        prop(
            "a text that is missing or has no words has no tokens", 1, gives(lambda: tokenize(None), [], "Ask first.")
        ),
    ]


def postings(build_index):
    """Build the inverted index."""
    names = ["red sofa", "Sofas: a sofa, red", ""]

    def rows():
        postings, _ = build_index(names)
        if not hasattr(postings, "keys"):
            return f"The first of what build_index returns is a {type(postings).__name__}; it should be a dict."
        if set(postings) != {"red", "sofa", "a"}:
            return (
                f"build_index({names})[0] has the tokens {sorted(map(str, postings))}, expected ['a', 'red', 'sofa']."
            )
        found = sorted(dict(postings["sofa"]))
        return None if found == [0, 1] else f"postings['sofa'] has the rows {found}, expected [0, 1]."

    def counts():
        found = dict(build_index(names)[0]["sofa"])
        return None if found == {0: 1, 1: 2} else f"dict(postings['sofa']) is {found}, expected {{0: 1, 1: 2}}."

    return [
        prop("the rows that have each token", 6, says(rows)),
        prop("how often each of them has it", 4, says(counts)),
        prop(
            "how many tokens each text has",
            3,
            gives(lambda: build_index(names)[1], [2, 4, 0], "Count repeats too.", what=f"build_index({names})[1]"),
        ),
        prop("a column with any labels, and texts without tokens", 2),
    ]


def idf(idf):
    """Weigh a term by how rare it is."""
    return [
        prop(
            "the formula, for rare and for common terms",
            3,
            gives(lambda: idf(1, 4), 1.2039728043259361, "The natural logarithm of (4 - 1 + 0.5) / (1 + 0.5) + 1."),
            gives(lambda: idf(30, 1000), 3.4910280957018545, "Compare each part with the formula."),
        ),
        prop(
            "terms of most, of all and of no documents",
            1,
            gives(lambda: idf(4, 4), 0.10536051565782635, "Never negative: where does the + 1 stand?"),
        ),
        prop("one plain number comes out", 1),
    ]


def bm25(bm25):
    """Score a catalogue for one query."""

    def of(query, **kwargs):
        return lambda: bm25(query, {term: dict(rows) for term, rows in POSTINGS.items()}, np.array(LENGTHS), **kwargs)

    by_hand = "Work out one score by hand, term by term."
    return [
        prop(
            "the sum over the query's tokens",
            9,
            gives(of("lamp"), [0, 0, 0.8782], by_hand, tolerance=1e-4),
            gives(of("Red sofas"), [0.9984, 0.4992, 0.4208], by_hand, tolerance=1e-4),
        ),
        prop(
            "other k1 and b, up to their ends",
            4,
            gives(of("lamp", b=0.0), [0, 0, 0.9808], "With b=0 the length has no part in it.", tolerance=1e-4),
        ),
        prop(
            "a token that the query repeats counts each time",
            2,
            gives(of("lamp lamps"), [0, 0, 1.7564], "The sum goes over the tokens, repeats too.", tolerance=1e-4),
        ),
        prop(
            "a token that no document has adds nothing",
            3,
            gives(of("oak lamp"), [0, 0, 0.8782], "Go on with the next token.", tolerance=1e-4),
        ),
        prop("a new array of shape (n,); what was given stays as it was", 2),
    ]


def search(search):
    """Rank the products."""

    def found(query, k):
        three = pd.DataFrame({"product_id": [13, 11, 12]}, index=[2, 0, 1])
        return search(query, POSTINGS, np.array(LENGTHS), three, k=k)

    def columns():
        return without_column(found("red lamp", 2), "product_id", "bm25_score", "rank")

    return [
        prop(
            "the right products, best first",
            4,
            says(columns),
            gives(
                lambda: found("red lamp", 2)["product_id"], [12, 13], "By position (iloc), from the best score down."
            ),
        ),
        prop("each product's own score", 2, says(lambda: falls(found("red lamp", 3)["bm25_score"]))),
        prop(
            "k rows (all, where there are fewer), ranked from 1",
            2,
            gives(lambda: found("lamp", 10)["rank"], [1, 2, 3], "All three, also those without a score."),
        ),
        prop(
            "equal scores keep the order of products_df",
            1,
            gives(
                lambda: found("sofa", 3)["product_id"], [13, 11, 12], "Which kind of sort keeps equal ones in order?"
            ),
        ),
        prop("products_df stays as it was", 1),
    ]


def ndcg(ndcg_at_k):
    """Measure a ranking by graded judgments."""
    grades = {7: 2, 8: 1, 9: 0}
    return [
        prop(
            "the ranking's DCG divided by the best possible DCG",
            6,
            gives(lambda: ndcg_at_k([7, 8, 9], grades), 1, "No order is better than this one."),
            gives(lambda: ndcg_at_k([8, 7], grades), 0.8597187, "Divide 1 + 2 / log2(3) by 2 + 1 / log2(3)."),
            gives(lambda: ndcg_at_k([8], grades), 0.3800938, "The best ranking is made of all judged products."),
        ),
        prop(
            "only the first k count, in the ideal ranking too",
            3,
            gives(lambda: ndcg_at_k([8, 7, 9], grades, k=1), 0.5, "The best that one place can hold is 2."),
        ),
        prop(
            "with nothing relevant it is 0.0", 2, gives(lambda: ndcg_at_k([9], {9: 0}), 0, "Decide before you divide.")
        ),
        prop("what nobody judged gains nothing", 1, gives(lambda: ndcg_at_k([5], grades), 0, "Which grade has it?")),
        prop(
            "an id gains only the first time",
            2,
            gives(lambda: ndcg_at_k([8, 8, 7], grades), 0.7601876, "The second 8 takes up a place and gains nothing."),
        ),
        prop("any grades and ids go in, one plain number comes out", 1),
    ]


def two_fields(two_fields, weight_table, best_weight, *, WEIGHTS):
    """Search names and classes."""

    def found():
        """Four products: the word stands in a name, in a class, and in neither."""
        names = {"sofa": {0: 1}, "red": {0: 1, 1: 1}, "lamp": {1: 1, 2: 1}, "oak": {2: 1}, "bench": {3: 2}}
        classes = {"seat": {0: 1, 3: 1}, "light": {1: 1, 2: 1}, "sofa": {3: 1}}
        four = pd.DataFrame({"product_id": [14, 11, 12, 13]}, index=[2, 0, 1, 7])
        lengths = np.array([2, 2, 2, 2]), np.array([1, 1, 1, 2])
        return two_fields("sofas", (names, lengths[0]), (classes, lengths[1]), four, 0.5, k=3)

    def both():
        table = found()
        if problem := without_column(table, "product_id"):
            return problem
        first = set(table["product_id"].iloc[:2])
        return None if first == {14, 13} else "A product with the word in its class alone should be found as well."

    def looks_right():
        if problem := without_column(weight_table, "weight", "mean_ndcg", name="weight_table"):
            return problem
        if len(weight_table) != len(WEIGHTS) or not np.allclose(np.sort(weight_table["weight"]), WEIGHTS):
            return "weight_table should have one row for each value of WEIGHTS."
        means = weight_table["mean_ndcg"]
        return None if means.between(0, 1).all() else "mean_ndcg should be a number from 0 to 1 in every row."

    def is_best():
        if np.ndim(best_weight) or not np.isclose(WEIGHTS, best_weight).any():
            return f"best_weight is {best_weight!r}: it should be one value of WEIGHTS, a plain number."
        return None

    return [
        prop("a word counts in the name and in the class", 4, says(both)),
        prop("mean nDCG@10 on the report half", 5),
        prop("mean nDCG@10 of each weight on the tuning half", 4, says(looks_right)),
        prop("the weight with the highest mean", 2, says(is_best)),
    ]


def tokenizer_bug(losing_queries):
    """Find what a second tokenizer breaks."""
    right = {"red": {0: 1, 2: 1}, "sofa": {0: 1, 1: 1}, "lamp": {2: 1}}
    broken = {"red": {0: 1, 2: 1}, "sofa": {0: 1}, "sofas": {1: 1}, "lamp": {2: 1}}

    def of(*texts):
        asked = pd.DataFrame({"query_id": [5, 6, 7][: len(texts)], "query": texts})
        return lambda: sorted(losing_queries(asked, right, broken))

    return [
        prop(
            "the queries that lose a product, and no others",
            3,
            gives(of("red lamps", "sofas", "oak"), [6], "sofas misses product 1; oak never found one."),
        ),
        prop("other rows found instead do not make up for a loss", 1),
        prop("an empty list where nothing is lost", 1, gives(of("lamp", "red"), [], "Nothing is lost here.")),
    ]


def reflection():
    """Explain what you measured."""
    return [prop("marked by hand", 5)]


QUESTIONS = [tokenize, postings, idf, bm25, search, ndcg, two_fields, tokenizer_bug, reflection]


# What several examples look at. Each returns a sentence where something is wrong.


def without_column(table, *columns, name="Your result"):
    """Whether a DataFrame has all of these columns."""
    found = list(getattr(table, "columns", []))
    absent = [column for column in columns if column not in found]
    if not absent:
        return None
    if found:
        return f"{name} has no column {absent[0]}; its columns are {', '.join(map(str, found))}."
    return f"{name} is a {type(table).__name__}, but a DataFrame with {', '.join(columns)} is asked for."


def falls(scores):
    """Whether scores fall from row to row, down to the 0 of a product that has no word of the query."""
    values = np.asarray(scores, dtype=float)
    wanted = "expected are three that fall, the last of them 0"
    return (
        None
        if (np.diff(values) < 0).all() and values[-1] == 0
        else f"bm25_score is {values.round(4).tolist()}; {wanted}."
    )
