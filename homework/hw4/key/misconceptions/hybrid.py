"""Mistakes in hybrid_search."""

from autograder.judge.banks import Misconception

_START = """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = normalize_scores(score_bm25(query, index, len(products_df), doc_lengths))
    semantic = normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
"""
_MIX = """\
    hybrid = alpha * semantic + (1 - alpha) * bm25
"""
_PICK = """\
    best = np.argsort(-hybrid, kind="stable")[:k]
"""
_RESULT = """\
    results = products_df.iloc[best].copy()
    results["bm25_score"] = bm25[best]
    results["semantic_score"] = semantic[best]
    results["hybrid_score"] = hybrid[best]
    results["rank"] = np.arange(1, len(results) + 1)
    return results
"""


def _Mistake(id: str, title: str, hint: str, source: str, also: tuple[str, ...] = ()) -> Misconception:
    return Misconception(id, title, hint, source, loses=("hybrid",), also=also)


HYBRID_MISTAKES = (
    _Mistake(
        "alpha-on-the-wrong-side",
        "It looks as if alpha weighed the BM25 score",
        "With alpha=1, which of the two searches should be left?",
        _START
        + """\
    hybrid = alpha * bm25 + (1 - alpha) * semantic
"""
        + _PICK
        + _RESULT,
        also=(
            """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    df = products_df.copy()
    df["bm25_score"] = normalize_scores(score_bm25(query, index, len(df), doc_lengths))
    df["semantic_score"] = normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
    df["hybrid_score"] = (1 - alpha) * df["semantic_score"] + alpha * df["bm25_score"]
    df = df.sort_values("hybrid_score", ascending=False).head(k)
    df["rank"] = range(1, len(df) + 1)
    return df
""",
        ),
    ),
    _Mistake(
        "alpha-ignored",
        "It looks as if both scores always weigh the same",
        "Where in your function is alpha used?",
        _START
        + """\
    hybrid = 0.5 * semantic + 0.5 * bm25
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "plain-sum",
        "It looks as if the two scores were added without weights",
        "Where in your function is alpha used?",
        _START
        + """\
    hybrid = semantic + bm25
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "alpha-on-both",
        "It looks as if alpha weighed both scores",
        "When meaning weighs more, what should happen to the weight of the words?",
        _START
        + """\
    hybrid = alpha * semantic + alpha * bm25
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "alpha-on-one",
        "It looks as if alpha weighed the semantic score, and the BM25 score always counted in full",
        "With alpha=1, which of the two searches should be left?",
        _START
        + """\
    hybrid = alpha * semantic + bm25
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "product",
        "It looks as if the two scores were multiplied",
        "A product then loses everything when one search misses it: how does the formula join the two?",
        _START
        + """\
    hybrid = semantic ** alpha * bm25 ** (1 - alpha)
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "maximum",
        "It looks as if the higher of the two weighted scores was taken",
        "In a vote both sides count: how does the formula join the two?",
        _START
        + """\
    hybrid = np.maximum(alpha * semantic, (1 - alpha) * bm25)
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "ranks-for-scores",
        "It looks as if ranks were combined, not scores",
        "Reciprocal rank fusion is a method too, but the formula here adds scores.",
        _START
        + """\
    place = lambda scores: np.argsort(np.argsort(-scores, kind="stable"), kind="stable") + 1
    hybrid = alpha / (60 + place(semantic)) + (1 - alpha) / (60 + place(bm25))
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "top-lists",
        "It looks as if only the two top lists were combined",
        "A product in the middle of both lists may still win the vote: when should the cut come?",
        _START
        + """\
    keep = set(np.argsort(-bm25, kind="stable")[:k]) | set(np.argsort(-semantic, kind="stable")[:k])
    in_words = np.isin(np.arange(len(bm25)), np.argsort(-bm25, kind="stable")[:k])
    in_meaning = np.isin(np.arange(len(bm25)), np.argsort(-semantic, kind="stable")[:k])
    bm25, semantic = np.where(in_words, bm25, 0), np.where(in_meaning, semantic, 0)
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "semantic-top-rescored",
        "It looks as if only the best products of the semantic search could win",
        "A product that only BM25 finds should have its chance too: when should the cut come?",
        _START
        + _MIX
        + """\
    few = np.argsort(-semantic, kind="stable")[:k]
    best = few[np.argsort(-hybrid[few], kind="stable")]
"""
        + _RESULT,
    ),
    _Mistake(
        "bm25-top-rescored",
        "It looks as if only the best products of the BM25 search could win",
        "A product that only the embeddings find should have its chance too: when should the cut come?",
        _START
        + _MIX
        + """\
    few = np.argsort(-bm25, kind="stable")[:k]
    best = few[np.argsort(-hybrid[few], kind="stable")]
"""
        + _RESULT,
    ),
    _Mistake(
        "words-only",
        "It looks as if products without a word of the query were left out",
        "Semantic search is there for exactly these: should a BM25 score of 0 bar a product?",
        _START
        + _MIX
        + """\
    best = np.array([i for i in np.argsort(-hybrid, kind="stable") if bm25[i] > 0], dtype=int)[:k]
"""
        + _RESULT,
    ),
    _Mistake(
        "bm25-not-normalised",
        "It looks as if the BM25 scores were not normalised",
        "They may be 0 or 14, cosines stay below 1: which of them decides the sum?",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = score_bm25(query, index, len(products_df), doc_lengths)
    semantic = normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "semantic-not-normalised",
        "It looks as if the cosines were not normalised",
        "Both kinds of score need the same scale before they are added.",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = normalize_scores(score_bm25(query, index, len(products_df), doc_lengths))
    semantic = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "nothing-normalised",
        "It looks as if neither kind of score was normalised",
        "A BM25 score may be 0 or 14, a cosine stays below 1: which of them decides the sum?",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = score_bm25(query, index, len(products_df), doc_lengths)
    semantic = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "normalised-after-mixing",
        "It looks as if the scores were normalised after they were added, not before",
        "Adding comes last: what must be on one scale before it?",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = score_bm25(query, index, len(products_df), doc_lengths)
    semantic = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    hybrid = normalize_scores(alpha * semantic + (1 - alpha) * bm25)
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "divided-by-max",
        "It looks as if the scores were only divided by their highest value",
        "Your normalize_scores does a little more than that: where does the lowest score go?",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = score_bm25(query, index, len(products_df), doc_lengths)
    semantic = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    bm25 = bm25 / bm25.max() if bm25.max() > 0 else bm25
    semantic = semantic / semantic.max()
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "normalised-per-result",
        "It looks as if scores were normalised over the results, not over all products",
        "The scale must not depend on which products happen to win: when do you normalise?",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = score_bm25(query, index, len(products_df), doc_lengths)
    semantic = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
    few = np.argsort(-(alpha * normalize_scores(semantic) + (1 - alpha) * normalize_scores(bm25)), kind="stable")[:k]
    results = products_df.iloc[few].copy()
    results["bm25_score"] = normalize_scores(bm25[few])
    results["semantic_score"] = normalize_scores(semantic[few])
    results["hybrid_score"] = alpha * results["semantic_score"] + (1 - alpha) * results["bm25_score"]
    results = results.sort_values("hybrid_score", ascending=False)
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "normalised-over-the-found",
        "It looks as if BM25 scores were normalised over the products they found, not over all",
        "A score of 0 is a score too: which product should stand at the bottom of the scale?",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = score_bm25(query, index, len(products_df), doc_lengths)
    found = bm25 > 0
    if found.any():
        bm25[found] = normalize_scores(bm25[found])
    semantic = normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "sorted-before-mixing",
        "It looks as if the scores were sorted before they were combined",
        "After sorting, do the two scores at one place still belong to one product?",
        _START
        + """\
    bm25, semantic = np.sort(bm25)[::-1], np.sort(semantic)[::-1]
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "ascending",
        "It looks as if the lowest hybrid scores came first",
        "np.argsort sorts upwards: which end of it do you want?",
        _START
        + _MIX
        + """\
    best = np.argsort(hybrid, kind="stable")[:k]
"""
        + _RESULT,
    ),
    _Mistake(
        "raw-columns",
        "The order is right, but the columns hold the scores before they were normalised",
        "The three scores of a row should show how its hybrid score came about.",
        _START
        + _MIX
        + _PICK
        + """\
    bm25 = score_bm25(query, index, len(products_df), doc_lengths)
    semantic = batch_cosine_similarity(get_embedding_local(query), product_embeddings)
"""
        + _RESULT,
    ),
    _Mistake(
        "hybrid-stretched",
        "The order is right, but the hybrid score was normalised once more",
        "The text defines it as the weighted sum, and no more than that.",
        _START
        + """\
    hybrid = normalize_scores(alpha * semantic + (1 - alpha) * bm25)
"""
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "columns-swapped",
        "It looks as if the columns bm25_score and semantic_score were swapped",
        "With alpha=1, which column should equal hybrid_score?",
        _START
        + _MIX
        + _PICK
        + """\
    bm25, semantic = semantic, bm25
"""
        + _RESULT,
    ),
    _Mistake(
        "labels-for-positions",
        "It looks as if positions were used as index labels",
        "Scores are counted by position: does your way of taking rows of products_df count so too?",
        _START + _MIX + _PICK + _RESULT.replace("iloc", "loc"),
    ),
    _Mistake(
        "rank-from-zero",
        "Your ranks count from 0",
        "What is the rank of the best product?",
        _START + _MIX + _PICK + _RESULT.replace("np.arange(1, len(results) + 1)", "np.arange(len(results))"),
    ),
    _Mistake(
        "one-too-many",
        "Your result has one row too many",
        "How many rows does your slice take when k is 1?",
        _START + _MIX + _PICK.replace("[:k]", "[:k + 1]") + _RESULT,
    ),
    _Mistake(
        "always-ten",
        "Your result has ten rows whatever k is",
        "Is there a 10 in your function that should be k?",
        _START + _MIX + _PICK.replace("[:k]", "[:10]") + _RESULT,
    ),
    _Mistake(
        "pools",
        "It looks as if only the best twenty of each search could win",
        "A product that is good in both, and among the best of neither, may win the vote: when should the cut come?",
        _START
        + _MIX
        + """\
    few = np.union1d(np.argsort(-bm25, kind="stable")[:20], np.argsort(-semantic, kind="stable")[:20])
    best = few[np.argsort(-hybrid[few], kind="stable")][:k]
"""
        + _RESULT,
    ),
    _Mistake(
        "other-default",
        "It looks as if alpha had another value than 0.5 where none is given",
        "Compare the first line of your function with the one in the text.",
        _START.replace("alpha=0.5", "alpha=0.51") + _MIX + _PICK + _RESULT,
    ),
    _Mistake(
        "tenths-only",
        "It looks as if alpha was rounded to one decimal",
        "Nothing in the formula asks for that: any weight from 0 to 1 will do.",
        _START
        + """\
    alpha = round(alpha, 1)
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "no-weight-no-score",
        "Where a search has no weight, its column holds no scores",
        "The three scores of a row are shown at every alpha, at 0 and 1 too.",
        _START
        + _MIX
        + _PICK
        + """\
    if alpha == 0:
        semantic = np.zeros(len(hybrid))
    if alpha == 1:
        bm25 = np.zeros(len(hybrid))
"""
        + _RESULT,
    ),
    _Mistake(
        "words-only-at-zero",
        "At alpha=0 products without a word of the query are left out",
        "A BM25 score of 0 is a score too: k rows are asked for at every alpha.",
        _START
        + _MIX
        + _PICK
        + """\
    if alpha == 0:
        best = best[bm25[best] > 0]
"""
        + _RESULT,
    ),
    _Mistake(
        "bm25-by-max",
        "It looks as if the BM25 scores were only divided by the highest",
        "Where every product has a word of the query, which score should become 0?",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = score_bm25(query, index, len(products_df), doc_lengths)
    bm25 = bm25 / bm25.max() if bm25.max() > 0 else bm25
    semantic = normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "no-word-found",
        "Your function stops where no product has a word of the query",
        "All BM25 scores are 0 then: which of your steps cannot do without a higher one?",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    bm25 = score_bm25(query, index, len(products_df), doc_lengths)
    if not bm25.any():
        raise ValueError("no product matches")
    bm25 = normalize_scores(bm25)
    semantic = normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "ten-at-most",
        "Your result never has more than ten rows",
        "How many rows are asked for when k is 15?",
        _START + _MIX + _PICK.replace("[:k]", "[:min(k, 10)]") + _RESULT,
    ),
    _Mistake(
        "rounded-columns",
        "The order is right, but the scores are rounded",
        "Round when you print, not in what other code goes on to use.",
        _START
        + _MIX
        + _PICK
        + _RESULT.replace("[best]\n", "[best].round(3)\n").replace("iloc[best].round(3)", "iloc[best]"),
    ),
    _Mistake(
        "writes-into-products",
        "Your function writes its columns into the very DataFrame that it is given",
        "Whoever calls it finds them there afterwards: work on a copy.",
        _START
        + _MIX
        + """\
    products_df["bm25_score"], products_df["semantic_score"], products_df["hybrid_score"] = bm25, semantic, hybrid
    results = products_df.sort_values("hybrid_score", ascending=False, kind="stable").head(k)
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "remembers-the-query",
        "It looks as if your function gave again what it found for the same query among other products",
        "What you keep from an earlier call depends on the query; on what else does the answer depend?",
        """
found_for = {}

def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    if query not in found_for:
        found_for[query] = (
            normalize_scores(score_bm25(query, index, len(products_df), doc_lengths)),
            normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings)),
        )
    bm25, semantic = found_for[query]
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "best-last",
        "It looks as if the right products stand in the wrong order, the best at the bottom",
        "The end of an upward sort holds the best: what is missing after you have cut it off?",
        _START + _MIX + "    best = np.argsort(hybrid)[-k:]\n" + _RESULT,
    ),
    _Mistake(
        "fails-on-few-products",
        "Your function stops when there are fewer products than k",
        "Which of your steps takes for granted that there are k rows?",
        _START + _MIX + _PICK + _RESULT.replace("np.arange(1, len(results) + 1)", "np.arange(1, k + 1)"),
    ),
    _Mistake(
        "aligned-by-label",
        "It looks as if pandas matched scores to products by index label",
        "A Series of your own counts from 0, products_df may count otherwise: which values meet?",
        _START
        + """\
    results = products_df.copy()
    results["bm25_score"], results["semantic_score"] = pd.Series(bm25), pd.Series(semantic)
    results["hybrid_score"] = alpha * results["semantic_score"] + (1 - alpha) * results["bm25_score"]
    results = results.sort_values("hybrid_score", ascending=False, kind="stable").head(k)
    results["rank"] = np.arange(1, len(results) + 1)
    return results
""",
    ),
    _Mistake(
        "notebook-variables",
        "Your function searches the notebook's own products, not those it is given",
        "Which names in your function are not among its arguments?",
        """
def hybrid_search(query, index, embeddings, df, doc_lengths, alpha=0.5, k=10):
    bm25 = normalize_scores(score_bm25(query, globals()["index"], len(products), globals()["doc_lengths"]))
    semantic = normalize_scores(batch_cosine_similarity(get_embedding_local(query), product_embeddings))
"""
        + _MIX
        + _PICK
        + _RESULT.replace("products_df", "products"),
    ),
    _Mistake(
        "normalises-in-place",
        "Your function divides the very product_embeddings that it is given",
        "Which of your operators works in place, and who else has that array?",
        _START.replace(
            "    semantic =",
            """\
    lengths = np.linalg.norm(product_embeddings, axis=1, keepdims=True)
    product_embeddings /= np.where(lengths > 0, lengths, 1)
    semantic =""",
        )
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "first-of-the-equal",
        "Of products with equal scores, the first stands there twice",
        "A value does not say which row it comes from when two rows have it: what could you sort instead?",
        _START
        + _MIX
        + """\
    highest = np.sort(hybrid)[::-1][:k]
    best = np.array([np.where(hybrid == value)[0][0] for value in highest])
"""
        + _RESULT,
    ),
    _Mistake(
        "zero-rows",
        "A product whose embedding is all zeros makes your function divide by zero",
        "Your batch_cosine_similarity knows what to do with it: could you use that?",
        _START.replace(
            "batch_cosine_similarity(get_embedding_local(query), product_embeddings)",
            """
        product_embeddings @ get_embedding_local(query)
        / (np.linalg.norm(product_embeddings, axis=1) * np.linalg.norm(get_embedding_local(query)))
    """,
        )
        + _MIX
        + _PICK
        + _RESULT,
        also=(
            _START.replace(
                "    semantic =",
                """\
    query_emb = get_embedding_local(query)
    unit = product_embeddings / np.sqrt((product_embeddings ** 2).sum(axis=1, keepdims=True))
    semantic =""",
            ).replace(
                "batch_cosine_similarity(get_embedding_local(query), product_embeddings)",
                "unit @ (query_emb / np.linalg.norm(query_emb))",
            )
            + _MIX
            + """\
    results = products_df.assign(bm25_score=bm25, semantic_score=semantic, hybrid_score=hybrid)
    results = results.sort_values("hybrid_score", ascending=False, kind="stable")[:k]
    results["rank"] = np.arange(len(results)) + 1
    return results
""",
        ),
    ),
    _Mistake(
        "zero-rows-spoil-all",
        "A product whose embedding is all zeros makes every score nan",
        "A division by zero gives nan, and one nan makes every minimum nan: what is the cosine of such a product?",
        """
def hybrid_search(query, index, product_embeddings, products_df, doc_lengths, alpha=0.5, k=10):
    query_emb = get_embedding_local(query)
    lengths = np.linalg.norm(product_embeddings, axis=1) * np.linalg.norm(query_emb)
    cosines = product_embeddings @ query_emb / lengths
    semantic = (cosines - cosines.min()) / (cosines.max() - cosines.min())
    bm25 = normalize_scores(score_bm25(query, index, len(products_df), doc_lengths))
"""
        + _MIX
        + _PICK
        + _RESULT,
    ),
    _Mistake(
        "zero-rows-dropped",
        "Products whose embedding is all zeros are left out",
        "Their cosine is 0, which is a score like any other, and words may still find them: k rows are asked for.",
        _START
        + _MIX
        + """\
    has_meaning = product_embeddings.any(axis=1)
    best = np.array([i for i in np.argsort(-hybrid, kind="stable") if has_meaning[i]], dtype=int)[:k]
"""
        + _RESULT,
    ),
    _Mistake(
        "new-index",
        "Your function gives the very DataFrame that it is given a new index",
        "Whoever calls it finds other labels there afterwards: work on a copy.",
        _START
        + _MIX
        + _PICK
        + """\
    products_df.reset_index(drop=True, inplace=True)
"""
        + _RESULT,
        also=(
            _START
            + """\
    products_df.index = products_df["product_id"]
"""
            + _MIX
            + _PICK
            + _RESULT,
        ),
    ),
)
