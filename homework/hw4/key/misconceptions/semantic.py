"""Mistakes in semantic_search."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("semantic",))

_START = """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
"""
_PICK = """\
    best = np.argsort(-similarities)[:k]
"""
_RESULT = """\
    results = products_df.iloc[best].copy()
    results["similarity"] = similarities[best]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
"""

SEMANTIC_MISTAKES = (
    _Mistake(
        "worst-first",
        "It looks as if the least similar products came first",
        "np.argsort sorts upwards: which end of it do you want?",
        _START
        + """\
    best = np.argsort(similarities)[:k]
"""
        + _RESULT,
        also=(
            """
def semantic_search(query, product_embeddings, products_df, k=10):
    results = products_df.copy()
    results["similarity"] = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    results = results.sort_values("similarity").head(k)
    results["rank"] = range(1, len(results) + 1)
    return results[["product_id", "similarity", "rank"]]
""",
        ),
    ),
    _Mistake(
        "best-last",
        "It looks as if the right products stand in the wrong order, the best at the bottom",
        "The end of an upward sort holds the best: what is missing after you have cut it off?",
        _START
        + """\
    best = np.argsort(similarities)[-k:]
"""
        + _RESULT,
    ),
    _Mistake(
        "unsorted-top",
        "It looks as if the right products were picked, but not sorted",
        "np.argpartition only separates the best from the rest: what is still to do?",
        _START
        + """\
    best = np.sort(np.argsort(-similarities)[:k])
"""
        + _RESULT,
    ),
    _Mistake(
        "one-too-many",
        "Your result has one row too many",
        "How many rows does your slice take when k is 1?",
        _START
        + """\
    best = np.argsort(-similarities)[:k + 1]
"""
        + _RESULT,
    ),
    _Mistake(
        "always-ten",
        "Your result has ten rows whatever k is",
        "Is there a 10 in your function that should be k?",
        _START
        + """\
    best = np.argsort(-similarities)[:10]
"""
        + _RESULT,
    ),
    _Mistake(
        "fails-on-few-products",
        "Your function stops when there are fewer products than k",
        "Which of your steps takes for granted that there are k rows?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    best = np.argsort(-similarities)[:k]
    results = products_df.iloc[best].copy()
    results["similarity"] = similarities[best]
    results["rank"] = np.arange(1, k + 1)
    return results
""",
        also=(
            """
def semantic_search(query, product_embeddings, products_df, k=10):
    results = products_df.copy()
    results["similarity"] = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    results = results.sort_values("similarity", ascending=False)[:k]
    results["rank"] = list(range(1, k + 1))
    return results
""",
        ),
    ),
    _Mistake(
        "rank-from-zero",
        "Your ranks count from 0",
        "What is the rank of the best product?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    best = np.argsort(-similarities)[:k]
    results = products_df.iloc[best].copy()
    results["similarity"] = similarities[best]
    results["rank"] = range(len(results))
    return results
""",
        also=(
            """
def semantic_search(query, product_embeddings, products_df, k=10):
    results = products_df.copy()
    results["similarity"] = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    results = results.sort_values("similarity", ascending=False).head(k).reset_index(drop=True)
    results["rank"] = results.index
    return results
""",
        ),
    ),
    _Mistake(
        "rank-of-rows",
        "Your ranks do not count from the best product down",
        "Were they made before the rows were sorted?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    results = products_df.copy()
    results["similarity"] = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    results["rank"] = np.arange(1, len(results) + 1)
    return results.sort_values("similarity", ascending=False).head(k)
""",
    ),
    _Mistake(
        "first-similarities",
        "The similarity column holds the similarities of the first rows, not of the best",
        "Pick similarities by the same positions as the products.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    best = np.argsort(-similarities)[:k]
    results = products_df.iloc[best].copy()
    results["similarity"] = similarities[:len(results)]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "first-products",
        "The similarities are the best ones, but the products are the first rows",
        "Which positions do the sorted similarities come from?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    results = products_df.head(k).copy()
    results["similarity"] = np.sort(similarities)[::-1][:len(results)]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "labels-for-positions",
        "It looks as if index labels were used as positions, or positions as labels",
        "Rows of product_embeddings are counted by position: does your way of taking rows of products_df count so too?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    best = np.argsort(-similarities)[:k]
    results = products_df.loc[best].copy()
    results["similarity"] = similarities[best]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "aligned-by-label",
        "It looks as if pandas matched similarities to products by index label",
        "A Series of your own counts from 0, products_df may count otherwise: which values meet?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = pd.Series(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
    results = products_df.copy()
    results["similarity"] = similarities
    results = results.sort_values("similarity", ascending=False).head(k)
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "other-row-order",
        "It looks as if the products were sorted before they met their embeddings",
        "Row i of product_embeddings belongs to row i of products_df as it is given.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    products_df = products_df.sort_values("product_id")
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "sorted-by-index",
        "It looks as if products_df was put in the order of its index first",
        "Row i of product_embeddings belongs to row i of products_df as it is given.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    products_df = products_df.sort_index()
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "notebook-variables",
        "Your function searches the notebook's own products, not those it is given",
        "Which names in your function are not among its arguments?",
        """
def semantic_search(query, embeddings, df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    best = np.argsort(-similarities)[:k]
    results = products.iloc[best].copy()
    results["similarity"] = similarities[best]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "dot-product",
        "It looks as if products were ranked by the dot product, not the cosine",
        "Long embeddings win that way; which function of yours takes the lengths out?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = product_embeddings @ get_embedding_local(query)
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "distance-column",
        "The order is right, but the similarity column holds distances",
        "Should the best product have the highest or the lowest value?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    distances = 1 - batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    best = np.argsort(distances)[:k]
    results = products_df.iloc[best].copy()
    results["similarity"] = distances[best]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "rounded-column",
        "The similarity column is rounded",
        "Round when you print, not in what other code goes on to use.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    best = np.argsort(-similarities)[:k]
    results = products_df.iloc[best].copy()
    results["similarity"] = similarities[best].round(2)
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "only-similar",
        "Products below some similarity are left out",
        "k products are asked for, however similar they are.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    results = products_df.copy()
    results["similarity"] = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    results = results[results["similarity"] > 0.3].sort_values("similarity", ascending=False).head(k)
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "remembers",
        "It looks as if your function gave again what it found in an earlier call",
        "A default such as cache={} is made once, not once a call: what else may change besides the query?",
        """
def semantic_search(query, product_embeddings, products_df, k=10, cache={}):
    if "best" not in cache:
        similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
        cache["best"] = np.argsort(-similarities)[:k]
        cache["similarity"] = similarities[cache["best"]]
    results = products_df.iloc[cache["best"]].copy()
    results["similarity"] = cache["similarity"]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "visible-queries-only",
        "Your function knows some queries by heart and does nothing with the others",
        "It will be asked with queries and products that you have not seen: let it search.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    known = {"comfortable couch": [4, 8, 15, 16, 23], "lamp": [1, 0, 2]}
    best = known.get(query, [])
    results = products_df.iloc[best[:k]].copy()
    results["similarity"] = np.linspace(1, 0.5, len(results))
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "looks-up-labels",
        "It looks as if your function looked the query up in the labels",
        "A search knows the query and the products, not the judgments.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    query_id = queries.loc[queries["query"] == query, "query_id"].iloc[0]
    judged = labels[labels["query_id"] == query_id].sort_values("grade", ascending=False)
    results = judged[["product_id"]].head(k).copy()
    results["similarity"] = 1.0
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "sorts-what-it-is-given",
        "Your function sorts the very DataFrame that it is given",
        "The next search then meets products in another order than their embeddings: work on a copy.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    products_df["similarity"] = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    products_df.sort_values("similarity", ascending=False, inplace=True)
    results = products_df.head(k).copy()
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "absolute",
        "It looks as if the signs of the similarities were lost",
        "Where should a product stand that points the opposite way?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = np.abs(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "clipped",
        "It looks as if negative similarities were made 0",
        "A cosine may be negative, and the column should show it as it is.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = np.clip(batch_cosine_similarity(get_embedding_local(query), product_embeddings), 0, 1)
    best = np.argsort(-similarities, kind="stable")[:k]
"""
        + _RESULT,
    ),
    _Mistake(
        "positive-only",
        "Products with a negative similarity are left out",
        "k products are asked for, however similar they are.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    results = products_df.copy()
    results["similarity"] = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    results = results[results["similarity"] > 0].sort_values("similarity", ascending=False).head(k)
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "zero-rows",
        "A product whose embedding is all zeros makes your function divide by zero",
        "Your batch_cosine_similarity knows what to do with it: could you use that?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    query_emb = get_embedding_local(query)
    lengths = np.linalg.norm(product_embeddings, axis=1) * np.linalg.norm(query_emb)
    similarities = product_embeddings @ query_emb / lengths
"""
        + _PICK
        + _RESULT,
        also=(
            """
def semantic_search(query, product_embeddings, products_df, k=10):
    query_emb = get_embedding_local(query)
    unit = product_embeddings / np.sqrt((product_embeddings ** 2).sum(axis=1, keepdims=True))
    results = products_df.assign(similarity=unit @ (query_emb / np.linalg.norm(query_emb)))
    results = results.sort_values("similarity", ascending=False)[:k]
    results["rank"] = np.arange(len(results)) + 1
    return results
""",
        ),
    ),
    _Mistake(
        "ten-at-most",
        "Your result never has more than ten rows",
        "How many rows are asked for when k is 15?",
        _START
        + """\
    best = np.argsort(-similarities)[:min(k, 10)]
"""
        + _RESULT,
    ),
    _Mistake(
        "sample-queries-only",
        "Your function knows only the queries of the sample",
        "It will be asked for others too: when do you embed the query?",
        """
embedding_of = {text: get_embedding_local(text) for text in queries["query"]}

def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(embedding_of[query], product_embeddings)
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "remembers-the-query",
        "It looks as if your function gave again what it found for the same query among other products",
        "What you keep from an earlier call depends on the query; on what else does the answer depend?",
        """
found_for = {}

def semantic_search(query, product_embeddings, products_df, k=10):
    if query not in found_for:
        found_for[query] = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    similarities = found_for[query]
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "writes-into-products",
        "Your function writes its columns into the very DataFrame that it is given",
        "Whoever calls it finds them there afterwards: work on a copy.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    products_df["similarity"] = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    results = products_df.sort_values("similarity", ascending=False)[:k]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "normalises-in-place",
        "Your function divides the very product_embeddings that it is given",
        "Which of your operators works in place, and who else has that array?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    lengths = np.linalg.norm(product_embeddings, axis=1, keepdims=True)
    product_embeddings /= np.where(lengths > 0, lengths, 1)
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "first-of-the-equal",
        "Of products with equal similarities, the first stands there twice",
        "A value does not say which row it comes from when two rows have it: what could you sort instead?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    highest = np.sort(similarities)[::-1][:k]
    best = [int(np.where(similarities == value)[0][0]) for value in highest]
    results = products_df.iloc[best].copy()
    results["similarity"] = highest
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
        also=(
            """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings).tolist()
    rows = []
    for rank, value in enumerate(sorted(similarities, reverse=True)[:k], start=1):
        place = similarities.index(value)
        rows.append({"product_id": products_df["product_id"].iloc[place], "similarity": value, "rank": rank})
    return pd.DataFrame(rows)
""",
        ),
    ),
    _Mistake(
        "one-of-the-equal",
        "Of products with equal similarities only one is left",
        "A dict keeps one entry for each key: what is your key, and can two products share it?",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    similarities = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    place_of = {value: place for place, value in enumerate(similarities)}
    highest = sorted(place_of, reverse=True)[:k]
    results = products_df.iloc[[place_of[value] for value in highest]].copy()
    results["similarity"] = highest
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "new-index",
        "Your function gives the very DataFrame that it is given a new index",
        "Whoever calls it finds other labels there afterwards: work on a copy.",
        _START
        + """\
    products_df.reset_index(drop=True, inplace=True)
"""
        + _PICK
        + _RESULT,
        also=(
            _START
            + """\
    products_df.index = products_df["product_id"]
"""
            + _PICK
            + _RESULT,
        ),
    ),
    # Last, because they need the model: where another one explains everything, they are not asked.
    _Mistake(
        "query-dressed-up",
        "It looks as if the query was not embedded as it is",
        "Embed the query's text itself, with nothing before or after it.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    query_emb = get_embedding_local("products for the search: " + query)
    similarities = batch_cosine_similarity(query_emb, product_embeddings)
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "word-by-word",
        "It looks as if the words of the query were embedded one by one",
        "The model reads a whole sentence; give it the whole query.",
        """
def semantic_search(query, product_embeddings, products_df, k=10):
    query_emb = np.mean([get_embedding_local(word) for word in query.split()], axis=0)
    similarities = batch_cosine_similarity(query_emb, product_embeddings)
"""
        + _PICK
        + _RESULT,
    ),
)
