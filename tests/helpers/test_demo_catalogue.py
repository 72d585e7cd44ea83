"""The demo catalogue: made again byte for byte, labelled fairly, and able to show what the course teaches."""

import csv
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from demo_catalogue import make as maker
from demo_catalogue.make import Product, judge, make_query
from helpers.bm25 import build_index, score_bm25_batch
from helpers.catalogue import (
    DEMO_FOLDER,
    load_wands_labels,
    load_wands_products,
    load_wands_queries,
    product_text,
    sample_catalogue,
)
from helpers.evaluation import evaluate_scores
from helpers.local_model import batch_embed_local
from helpers.similarity import cosine_similarity_matrix
from helpers.tuning import sweep_alpha

DEMO = DEMO_FOLDER
REAL = Path(__file__).resolve().parents[3] / "shared" / "wands"
FILES = ("product.csv", "query.csv", "label.csv")
ALPHAS = [round(step / 10, 1) for step in range(11)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The catalogue made anew: its folder, and the products, queries and labels it was written from."""
    folder = tmp_path_factory.mktemp("demo")
    products, queries, labels = maker.make(folder)
    return SimpleNamespace(folder=folder, products=products, queries=queries, labels=labels)


@pytest.fixture(scope="module")
def demo():
    """The committed files, as notebooks read them."""
    return load_wands_products(DEMO), load_wands_queries(DEMO), load_wands_labels(DEMO)


# --- Files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_made_again_it_has_the_same_bytes(made, name):
    assert (made.folder / name).read_bytes() == (DEMO / name).read_bytes()


def test_files_have_the_layout_of_wands():
    headers = {name: (DEMO / name).read_text("utf-8").split("\n", 1)[0].split("\t") for name in FILES}
    assert headers["product.csv"] == [
        *("product_id", "product_name", "product_class", "category hierarchy", "product_description"),
        *("product_features", "rating_count", "average_rating", "review_count"),
    ]
    assert headers["query.csv"] == ["query_id", "query", "query_class"]
    assert headers["label.csv"] == ["id", "query_id", "product_id", "label"]
    for name in FILES:
        raw = (DEMO / name).read_bytes()
        assert b"\r" not in raw and b'"' not in raw and raw.endswith(b"\n")


def test_sizes_are_within_their_limits(demo):
    products, queries, labels = demo
    assert 5600 <= len(products) <= 6500
    assert 160 <= len(queries) <= 200
    assert 25_000 <= len(labels) <= 40_000
    assert sum((DEMO / name).stat().st_size for name in FILES) <= 3_500_000


def test_labels_join_products_and_queries_once(demo):
    products, queries, labels = demo
    assert labels["product_id"].isin(products["product_id"]).all()
    assert set(labels["query_id"]) == set(queries["query_id"])
    assert not labels.duplicated(["query_id", "product_id"]).any()
    assert set(labels["label"]) == {"Exact", "Partial", "Irrelevant"}


def test_every_query_has_a_relevant_product_and_most_have_few(demo):
    _, queries, labels = demo
    relevant = labels[labels["grade"] > 0].groupby("query_id").size()
    relevant = relevant.reindex(queries["query_id"], fill_value=0)
    assert relevant.min() >= 1
    assert relevant.between(4, 45).mean() > 0.75


def test_names_look_like_the_real_ones(demo):
    products, queries, _ = demo
    words = products["product_name"].str.split().str.len()
    assert words.between(3, 12).all()
    assert (products["product_name"] == products["product_name"].str.lower()).all()
    assert (queries["query"] == queries["query"].str.lower()).all()
    assert not queries["query"].duplicated().any()


def test_a_few_warts_are_there(demo):
    products, _, _ = demo
    assert 0.01 < products["product_class"].isna().mean() < 0.08
    assert 0.02 < products["product_class"].str.contains("|", regex=False).mean() < 0.15
    assert 3 <= products["product_name"].duplicated().sum() <= 60
    assert products["product_name"].str.contains("''", regex=False).any()
    assert products["product_name"].str.contains("é").any()


def test_nothing_is_copied_from_wands(demo):
    if not (REAL / "query.csv").is_file():
        pytest.skip("the real WANDS names to compare with are not on this machine")

    def column(path, name):
        with path.open(encoding="utf-8", newline="") as file:
            return {" ".join(row[name].lower().split()) for row in csv.DictReader(file, delimiter="\t")}

    products, queries, _ = demo
    assert not set(products["product_name"]) & column(REAL / "pool" / "product.csv", "product_name")
    assert not set(queries["query"]) & column(REAL / "query.csv", "query")


# --- Labels -----------------------------------------------------------------------------------------------


def a(kind, *features, **facets):
    return Product(kind, facets, features)


GREY_VELVET = make_query("attributes", "grey velvet sofa", "sofa", "colour=grey; material=velvet")
TUFTED_NAVY = make_query("attributes", "tufted navy loveseat", "loveseat", "feature=tufted; colour=navy")
WALNUT_DESK = make_query(
    "attributes", "large l shaped walnut desk", "desk", "feature=l shape; material=walnut; size=large"
)
PIRATE_RUG = make_query("themes", "pirate ship rug", "kids rug", "theme=pirate ship")
UNICORN = make_query("themes", "unicorn", "", "theme=unicorn")
COATS = make_query("needs", "something to hang coats on", "coat rack", "")
GRESWICK = make_query("collections", "greswick bed", "bed", "collection=greswick")


@pytest.mark.parametrize(
    ("query", "product", "label"),
    [
        (GREY_VELVET, a("sofa", colour="charcoal", material="velvet"), "Exact"),  # charcoal is a grey
        (GREY_VELVET, a("sofa", colour="navy", material="velvet"), "Partial"),
        (GREY_VELVET, a("sofa", colour="grey", material="linen"), "Partial"),
        (GREY_VELVET, a("sofa", colour="navy", material="linen"), "Irrelevant"),
        (GREY_VELVET, a("sectional", colour="grey", material="velvet"), "Partial"),  # a near kind
        (GREY_VELVET, a("sectional", colour="red", material="velvet"), "Irrelevant"),
        (GREY_VELVET, a("curtain", colour="grey", material="velvet"), "Irrelevant"),
        (TUFTED_NAVY, a("loveseat", "tufted", "pillows", colour="navy"), "Exact"),
        (TUFTED_NAVY, a("loveseat", "tufted", colour="light blue"), "Partial"),  # nearly navy
        (TUFTED_NAVY, a("loveseat", colour="light blue"), "Irrelevant"),  # and not tufted
        (WALNUT_DESK, a("desk", "l shape", material="walnut", size="60 wide"), "Exact"),  # 60 '' is large
        (WALNUT_DESK, a("desk", "l shape", material="walnut", size="24 wide"), "Partial"),
        (WALNUT_DESK, a("desk", "l shape", material="oak", size="24 wide"), "Irrelevant"),
        (PIRATE_RUG, a("kids rug", theme="pirate ship"), "Exact"),
        (PIRATE_RUG, a("kids rug", theme="treasure map"), "Partial"),
        (PIRATE_RUG, a("kids rug", theme="unicorn"), "Irrelevant"),
        (UNICORN, a("decal", theme="unicorn"), "Exact"),
        (UNICORN, a("decal", theme="dragon"), "Irrelevant"),  # with no kind asked, only the motif counts
        (COATS, a("coat rack", colour="red"), "Exact"),
        (COATS, a("dresser", colour="red"), "Irrelevant"),
        (GRESWICK, a("bed", collection="greswick"), "Exact"),
        (GRESWICK, a("daybed", collection="greswick"), "Partial"),
        (GRESWICK, a("dresser", collection="greswick"), "Irrelevant"),
        (GRESWICK, a("bed", collection="tavford"), "Irrelevant"),
        (GRESWICK, a("bed"), "Irrelevant"),
    ],
)
def test_judge_compares_attributes(query, product, label):
    assert judge(query, product) == label


def test_judge_does_not_read_names(made):
    for query_id, product_id, label in made.labels[::97]:
        true = made.products[product_id]
        blank = Product(true.kind, true.facets, true.features, name="grey velvet sofa", product_class="Sofas")
        assert judge(made.queries[query_id], blank) == label


def test_every_relevant_product_is_judged(made):
    judged = {(query_id, product_id) for query_id, product_id, _ in made.labels}
    for query_id, query in list(enumerate(made.queries))[::20]:
        for product in made.products:
            assert (query_id, product.product_id) in judged or judge(query, product) == "Irrelevant"


def test_what_queries_and_kinds_speak_of_exists(made):
    """A misspelt attribute in the vocabulary would make a want that nothing can meet."""
    known = set()
    for product in made.products:
        known |= {("feature", feature) for feature in product.features}
        for facet, value in product.facets.items():
            known |= {(facet, value), (facet, maker.family_of(facet, value, product.kind))}
    assert {want for query in made.queries for want in query.wants} <= known
    assert {("feature", feature) for feature in maker.RIVALS} <= known
    assert set(maker.KIN) <= set(maker.KINDS)


def test_no_product_has_features_that_exclude_each_other(made):
    for product in made.products:
        assert not any(set(product.features) & maker.RIVALS[feature] for feature in product.features)


# --- What it shows: lexically -----------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["whole catalogue", "homework sample"])
def lexical(request, demo):
    """One size of the catalogue, with the BM25 scores of all its queries."""
    products, queries, labels = demo if request.param == "whole catalogue" else sample_catalogue(*demo)
    index, lengths = build_index(products["product_name"])
    bm25 = score_bm25_batch(queries["query"], index, len(products), lengths)
    return SimpleNamespace(products=products, queries=queries, labels=labels, index=index, bm25=bm25)


def top(data, scores, text, k=10):
    """The rows of `data.products` that rank first for the query `text`."""
    row = data.queries.index[data.queries["query"] == text][0]
    return data.products.iloc[np.argsort(-scores[row], kind="stable")[:k]]


def share_relevant(data, found, text):
    query_id = data.queries.loc[data.queries["query"] == text, "query_id"].iloc[0]
    good = data.labels[(data.labels["query_id"] == query_id) & (data.labels["grade"] > 0)]["product_id"]
    return found["product_id"].isin(good).mean()


def says(word, found):
    return found["product_name"].str.contains(rf"\b{word}\b")


def test_the_homework_sample_leaves_products_out(demo):
    products, queries, _ = sample_catalogue(*demo)
    assert len(products) == 5000 < len(demo[0])
    assert len(queries) >= 160


def test_couch_and_sofa_are_strangers_to_bm25(lexical):
    couch, sofa = top(lexical, lexical.bm25, "couch"), top(lexical, lexical.bm25, "sofa")
    assert says("couch", couch).all() and says("sofa", sofa).all()
    assert not set(couch["product_id"]) & set(sofa["product_id"])
    assert len(lexical.index["couch"]) < 30 < 100 < len(lexical.index["sofa"])


def test_bm25_finds_no_place_to_sit(lexical):
    text = "place to sit and relax"
    found = top(lexical, lexical.bm25, text)
    assert share_relevant(lexical, found, text) <= 0.1
    assert says("relax|sit|place", found).any()  # what it finds shares words with the query


# --- What it shows: semantically --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def embeddings(demo):
    """The real model's vectors of all products and queries; kept in the embedding cache between runs."""
    products, queries, _ = demo
    of_products = batch_embed_local(product_text(products), show_progress=False)
    of_queries = batch_embed_local(queries["query"], show_progress=False)
    return dict(zip(products["product_id"], of_products)), dict(zip(queries["query_id"], of_queries))


@pytest.fixture(scope="module")
def both(lexical, embeddings):
    """`lexical` with the semantic scores, recalls of both methods, and the alpha table."""
    of_products, of_queries = embeddings
    ids = lexical.products["product_id"]
    query_vectors = np.stack([of_queries[i] for i in lexical.queries["query_id"]])
    semantic = cosine_similarity_matrix(query_vectors, np.stack([of_products[i] for i in ids]))
    judged = (ids, lexical.queries, lexical.labels)
    return SimpleNamespace(
        **vars(lexical),
        semantic=semantic,
        recall_bm25=evaluate_scores(lexical.bm25, *judged)["recall"].to_numpy(),
        recall_semantic=evaluate_scores(semantic, *judged)["recall"].to_numpy(),
        table=sweep_alpha(semantic, lexical.bm25, *judged, ALPHAS),
    )


def test_couch_and_sofa_meet_in_meaning(both):
    couch, sofa = top(both, both.semantic, "couch"), top(both, both.semantic, "sofa")
    assert share_relevant(both, couch, "couch") >= 0.9 and share_relevant(both, sofa, "sofa") >= 0.9
    assert (~says("couch", couch)).sum() >= 3  # things that are not called a couch
    assert says("couch", sofa).any()
    assert set(couch["product_id"]) & set(sofa["product_id"])
    wide = [set(top(both, both.semantic, word, 50)["product_id"]) for word in ("couch", "sofa")]
    assert len(wide[0] & wide[1]) >= 25


def test_meaning_finds_a_place_to_sit(both):
    text = "place to sit and relax"
    assert share_relevant(both, top(both, both.semantic, text), text) >= 0.5


def test_a_rare_collection_is_found_by_its_word_alone(both, made):
    texts = {query.text for query in made.queries if query.family == "collections" and not query.kinds}
    rows = both.queries["query"].isin(texts).to_numpy()
    assert rows.sum() >= 12
    assert both.recall_bm25[rows].mean() > 0.75
    assert both.recall_semantic[rows].mean() < both.recall_bm25[rows].mean() - 0.25


def test_each_method_wins_on_a_fifth_of_the_queries(both):
    assert (both.recall_bm25 > both.recall_semantic).mean() >= 0.2
    assert (both.recall_semantic > both.recall_bm25).mean() >= 0.2


def test_both_methods_are_in_one_league(both):
    assert 0.25 <= both.recall_bm25.mean() <= 0.5
    assert 0.25 <= both.recall_semantic.mean() <= 0.5
    assert abs(both.recall_bm25.mean() - both.recall_semantic.mean()) < 0.05


def test_hybrid_is_best_strictly_between(both):
    recalls = both.table["mean_recall"].to_numpy()
    best = int(recalls.argmax())
    assert 0 < best < len(ALPHAS) - 1
    assert recalls[best] >= max(recalls[0], recalls[-1]) + 0.025
    assert recalls[0] == pytest.approx(both.recall_bm25.mean())
    assert recalls[-1] == pytest.approx(both.recall_semantic.mean())


def test_it_says_that_it_is_synthetic():
    import demo_catalogue

    for text in (demo_catalogue.__doc__, (DEMO / "README.md").read_text("utf-8")):
        assert re.search(r"synthetic", text)
        assert re.search(r"no\s+evidence\s+about\s+real\s+search", text)
