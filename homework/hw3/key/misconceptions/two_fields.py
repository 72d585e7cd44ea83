"""Mistakes in the search over two fields."""

from functools import partial

from autograder.judge.banks import Misconception

_Mistake = partial(Misconception, loses=("two_fields",))


def _fields(
    scores: str = "weight * in_name + (1 - weight) * in_class",
    mix: str = "weight * in_name + (1 - weight) * in_class",
    queries: str = "tuning_queries",
    grades: str = "grades_of.get(query_id, {})",
    begin: str = "",
    best: str = "WEIGHTS[int(np.argmax(means))]",
    order: str = '(-scores, kind="stable")[:k]',
    mean: str = "np.mean(found, axis=0)",
    each: str = "ndcg_at_k(ids[order[:10]].tolist(), {grades})",
    skip: str = "False",
) -> str:
    return f"""
def two_fields(query, names, classes, products_df, weight, k=10):
    in_name, in_class = np.asarray(bm25(query, *names)), np.asarray(bm25(query, *classes))
    {begin}
    scores = {scores}
    best = np.argsort{order}
    return products_df.iloc[best].assign(rank=np.arange(1, len(best) + 1))

names, classes = build_index(products["product_name"]), build_index(products["product_class"])
grades_of = {{i: dict(zip(part["product_id"], part["grade"])) for i, part in labels.groupby("query_id")}}
ids = products["product_id"].to_numpy()
found = []
for query_id, query in zip({queries}["query_id"], {queries}["query"]):
    if {skip}:
        continue
    in_name, in_class = np.asarray(bm25(query, *names)), np.asarray(bm25(query, *classes))
    row = []
    for weight in WEIGHTS:
        order = np.argsort(-({mix}), kind="stable")
        row.append({each.replace("{grades}", grades)})
    found.append(row)
means = {mean}
weight_table = pd.DataFrame({{"weight": WEIGHTS, "mean_ndcg": means}})
best_weight = {best}
"""


TWO_FIELDS_MISTAKES = (
    _Mistake(
        "names-only",
        "It looks as if only the names were searched",
        "A product whose class alone has the query's word should be found too: where do the classes come in?",
        _fields(scores="in_name"),
    ),
    _Mistake(
        "classes-only",
        "It looks as if only the classes were searched",
        "A product whose name alone has the query's word should be found too: where do the names come in?",
        _fields(scores="in_class"),
    ),
    _Mistake(
        "both-needed",
        "It looks as if a product needs a word in both fields",
        "The two scores are added: what does a product with a match in one field have?",
        _fields(scores="in_name * in_class"),
    ),
    _Mistake(
        "worst-first",
        "It looks as if the worst products came first",
        "argsort sorts upwards: which end of it holds the best?",
        _fields(order='(scores, kind="stable")[:k]'),
    ),
    _Mistake(
        "always-ten",
        "It looks as if ten rows came whatever k is",
        "Is there a 10 in your function that should be k?",
        _fields(order='(-scores, kind="stable")[:10]'),
    ),
    _Mistake(
        "the-sample-s-index",
        "It looks as if your function searched the sample's own index, whatever it is given",
        "names and classes are arguments: is the name of a variable outside used in your function?",
        """
names, classes = build_index(products["product_name"]), build_index(products["product_class"])
sample_names, sample_classes = names, classes
"""
        + _fields(
            begin="in_name, in_class = np.asarray(bm25(query, *sample_names)), np.asarray(bm25(query, *sample_classes))"
        ),
    ),
    _Mistake(
        "weight-on-the-wrong-side",
        "It looks as if the weight went to the classes",
        "The weight belongs to the name, what is left of 1 to the class.",
        _fields("weight * in_class + (1 - weight) * in_name", mix="weight * in_class + (1 - weight) * in_name"),
    ),
    _Mistake(
        "report-half",
        "It looks as if the weight was chosen on the report half",
        "Then its figure there is no test any more: which queries are there to choose on?",
        _fields(queries="report_queries"),
    ),
    _Mistake(
        "all-queries",
        "It looks as if the weight was chosen on all queries, the report half among them",
        "Then its figure there is no test any more: which queries are there to choose on?",
        _fields(queries="queries"),
    ),
    _Mistake(
        "nothing-relevant-left-out",
        "It looks as if queries that found nothing were left out of the mean",
        "A query with an nDCG of 0 is a query too.",
        _fields(mean="np.array(found).sum(axis=0) / np.maximum(1, (np.array(found) > 0).sum(axis=0))"),
    ),
    _Mistake(
        "sum-for-mean",
        "It looks as if your table holds sums, not means",
        "By how many queries do you divide?",
        _fields(mean="np.sum(found, axis=0)"),
    ),
    _Mistake(
        "best-query",
        "It looks as if your table holds each weight's best query",
        "The mean is over all queries of the half.",
        _fields(mean="np.max(found, axis=0)"),
    ),
    _Mistake(
        "median",
        "It looks as if your table holds medians",
        "The mean is asked for.",
        _fields(mean="np.median(found, axis=0)"),
    ),
    _Mistake(
        "exact-only",
        "It looks as if only products of grade 2 counted in your table",
        "A product of grade 1 gains too: do you pass the grades on as they are?",
        _fields(grades="{i: grade for i, grade in grades_of.get(query_id, {}).items() if grade == 2}"),
    ),
    _Mistake(
        "recall-for-ndcg",
        "It looks as if your table holds recall",
        "The measure of this question is your ndcg_at_k.",
        _fields(
            each="len([i for i in ids[order[:10]].tolist() if {grades}.get(i, 0) > 0]) / "
            "max(1, sum(grade > 0 for grade in {grades}.values()))"
        ),
    ),
    _Mistake(
        "worst-weight",
        "It looks as if the weight with the lowest mean was taken",
        "Higher is better.",
        _fields(best="WEIGHTS[int(np.argmin(means))]"),
    ),
    _Mistake(
        "row-for-weight",
        "It looks as if the row number of the best weight was taken for the weight",
        "argmax says where the highest mean stands: which weight is that?",
        _fields(best="int(np.argmax(means))"),
    ),
    _Mistake(
        "mean-for-weight",
        "It looks as if the highest mean was taken for the weight",
        "Which weight has that mean?",
        _fields(best="float(np.max(means))"),
    ),
    _Mistake(
        "series-for-weight",
        "The weight is right, but it comes as a column or an array with one number in it",
        "One plain number is asked for: how do you take the only value out of it?",
        _fields(best="np.array(WEIGHTS)[np.array(means) == max(means)][:1]"),
    ),
)
