"""Reading catalogues: what is read, which data set is chosen, and what each kind of broken file says."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import catalogue
from helpers.catalogue import (
    DataError,
    data_in_use,
    dataset_fingerprint,
    load_wands_labels,
    load_wands_products,
    load_wands_queries,
    product_text,
    sample_catalogue,
)
from helpers.errors import CourseError
from helpers.evaluation import evaluate_search

SHARED = Path(__file__).parents[2].parent / "shared" / "wands"
PRODUCT_HEADER = [
    "product_id",
    "product_name",
    "product_class",
    "category hierarchy",
    "product_description",
    "product_features",
    "rating_count",
    "average_rating",
    "review_count",
]
PRODUCT_COLUMNS = [name.replace(" ", "_") for name in PRODUCT_HEADER]
PRODUCTS = [
    [10, "solid wood sofa", "Sofas", "Furniture / Sofas", "a sofa", "wood", 15.0, 4.5, 15.0],
    [20, "nan", "Décor", "Décor", "", "", "", "", ""],
    [30, "NA", "", "", "", "", "", "", ""],
    [40, "", "Beds", "", "", "", "", "", ""],
]
QUERIES = [[0, "couch", "Sofas"], [1, "null", ""], [2, "bed", "Beds"]]
LABELS = [
    [0, 0, 10, "Exact"],
    [1, 0, 20, "Irrelevant"],
    [2, 1, 20, "Partial"],
    [3, 1, 20, "Exact"],
    [4, 2, 40, "Exact"],
]


def write_table(path: Path, header, rows, separator="\t", encoding="utf-8"):
    lines = [separator.join(map(str, row)) for row in [header, *rows]]
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))


def write_folder(folder: Path, prefix="", suffix="", separator="\t", **kwargs) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    names = [prefix + word + suffix + ".csv" for word in ("product", "query", "label")]
    if suffix:
        names[1] = f"{prefix}queries.csv"
    write_table(folder / names[0], PRODUCT_HEADER, PRODUCTS, separator, **kwargs)
    write_table(folder / names[1], ["query_id", "query", "query_class"], QUERIES, separator, **kwargs)
    write_table(folder / names[2], ["id", "query_id", "product_id", "label"], LABELS, separator, **kwargs)
    return folder


@pytest.fixture(autouse=True)
def no_choice_yet(monkeypatch, tmp_path):
    """Nothing is set, nothing is downloaded, nothing has been said."""
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    monkeypatch.delenv("COURSE_DATASET", raising=False)
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(catalogue, "_announced", set())


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "shop")


# --- what is read -----------------------------------------------------------------------------------------


def test_products_have_the_promised_columns_and_types(folder):
    products = load_wands_products(folder)
    assert list(products.columns) == PRODUCT_COLUMNS
    assert products["product_id"].tolist() == [10, 20, 30, 40]
    assert products["product_id"].dtype == "int64"
    assert products["rating_count"].dtype == "float64"
    assert products["average_rating"][0] == 4.5


def test_an_empty_field_is_missing_and_the_word_nan_is_a_word(folder):
    products = load_wands_products(folder)
    assert products["product_name"].tolist()[:3] == ["solid wood sofa", "nan", "NA"]
    assert products["product_name"].isna().tolist() == [False, False, False, True]
    assert products["product_class"].isna().tolist() == [False, False, True, False]
    assert products["review_count"].isna().tolist() == [False, True, True, True]
    assert load_wands_queries(folder)["query"].tolist() == ["couch", "null", "bed"]


def test_queries_and_labels(folder):
    queries, labels = load_wands_queries(folder), load_wands_labels(folder)
    assert list(queries.columns) == ["query_id", "query", "query_class"]
    assert list(labels.columns) == ["id", "query_id", "product_id", "label", "grade"]
    assert labels["grade"].tolist() == [2, 0, 1, 2, 2]
    assert labels["grade"].dtype == "int64"


def test_a_pair_judged_twice_stays_two_labels(folder):
    labels = load_wands_labels(folder)
    assert len(labels[(labels["query_id"] == 1) & (labels["product_id"] == 20)]) == 2


@pytest.mark.parametrize("separator", ["\t", ","])
def test_files_named_wayfair_may_use_tabs_or_commas(tmp_path, folder, separator):
    other = write_folder(tmp_path / "other", "wayfair-", "s", separator)
    assert load_wands_products(other).equals(load_wands_products(folder))
    assert load_wands_queries(other).equals(load_wands_queries(folder))
    assert load_wands_labels(other).equals(load_wands_labels(folder))


def test_files_saved_by_a_spreadsheet_are_read(tmp_path, folder):
    other = write_folder(tmp_path / "other", encoding="utf-8-sig")
    path = other / "product.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_wands_products(other).equals(load_wands_products(folder))


def test_columns_in_another_order_and_columns_of_ones_own(tmp_path):
    path = write_folder(tmp_path) / "query.csv"
    write_table(path, ["shop", "query", "query_class", "query_id"], [["x", "couch", "Sofas", 7]])
    queries = load_wands_queries(tmp_path)
    assert list(queries.columns) == ["query_id", "query", "query_class"]
    assert queries["query_id"].tolist() == [7]


def test_quotation_marks_and_inches(tmp_path):
    path = write_folder(tmp_path) / "query.csv"
    path.write_text('query_id\tquery\tquery_class\n1\t"48"" table"\t\n2\t70 \'\' h shelf\t\n', encoding="utf-8")
    assert load_wands_queries(tmp_path)["query"].tolist() == ['48" table', "70 '' h shelf"]


# --- which data set ---------------------------------------------------------------------------------------


def test_demo_is_used_until_something_else_is_chosen():
    assert data_in_use() == ("demo", catalogue.DEMO_FOLDER)


def test_wands_is_used_once_it_is_downloaded(tmp_path, monkeypatch):
    wands = write_folder(tmp_path / "cache" / "wands")
    assert data_in_use() == ("wands", wands)
    monkeypatch.setenv("COURSE_DATASET", "demo")
    assert data_in_use().name == "demo"
    monkeypatch.setenv("COURSE_DATASET", "wands")
    assert data_in_use().name == "wands"


def test_half_of_wands_is_not_wands(tmp_path):
    (write_folder(tmp_path / "cache" / "wands") / "label.csv").unlink()
    assert data_in_use().name == "demo"


def test_argument_comes_before_environment(tmp_path, folder, monkeypatch):
    mine = write_folder(tmp_path / "mine")
    monkeypatch.setenv("COURSE_DATASET", "demo")
    monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
    assert data_in_use() == ("shop", folder.resolve())
    assert data_in_use(mine).name == "mine"
    assert data_in_use(str(mine)).name == "mine"


def test_wands_asked_for_but_not_downloaded(monkeypatch):
    monkeypatch.setenv("COURSE_DATASET", "wands")
    with pytest.raises(DataError, match="python -m helpers download"):
        load_wands_products()


def test_unknown_dataset(monkeypatch):
    monkeypatch.setenv("COURSE_DATASET", "imagenet")
    with pytest.raises(DataError, match="'imagenet'; set it to demo, wands or auto"):
        load_wands_products()


def test_missing_folder_says_which_setting_named_it(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="no folder .*nowhere; set data_dir"):
        load_wands_products(tmp_path / "nowhere")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(CourseError, match="set COURSE_DATA_DIR"):
        load_wands_labels()


def test_the_data_set_is_said_once(folder, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA_DIR", str(folder))
    load_wands_products()
    load_wands_queries()
    load_wands_products()
    assert capsys.readouterr().out == f"Data: the catalogue in {folder.resolve()}\n"


def test_the_demo_is_said_to_be_synthetic(capsys):
    load_wands_queries()
    assert capsys.readouterr().out.startswith("Data: demo catalogue (synthetic")


def test_a_folder_named_by_the_caller_is_not_announced(folder, capsys):
    load_wands_products(folder)
    assert capsys.readouterr().out == ""


# --- broken files -----------------------------------------------------------------------------------------


def test_missing_file(folder):
    (folder / "label.csv").unlink()
    with pytest.raises(DataError, match=r"has no label\.csv \(nor wayfair-labels\.csv\)"):
        load_wands_labels(folder)


def test_missing_column_is_named_with_its_file(folder):
    write_table(folder / "query.csv", ["query_id", "query_class"], [[0, "Sofas"]])
    with pytest.raises(
        DataError, match=r"query\.csv has no column query; its header must name query_id, query, and may"
    ):
        load_wands_queries(folder)


@pytest.mark.parametrize("separator", [";", "|"])
def test_wrong_delimiter(tmp_path, separator):
    folder = write_folder(tmp_path, separator=separator)
    with pytest.raises(DataError, match=rf"separates its columns with '\{separator}'; save it with tabs or commas"):
        load_wands_products(folder)


def test_no_delimiter_at_all(folder):
    (folder / "product.csv").write_text("<html>Not found</html>\n")
    with pytest.raises(DataError, match="no tabs or commas"):
        load_wands_products(folder)


@pytest.mark.parametrize("shown, label", [("'Exactly'", "Exactly"), ("an empty label", "")])
def test_unknown_label(folder, shown, label):
    write_table(
        folder / "label.csv",
        ["id", "query_id", "product_id", "label"],
        [[0, 0, 10, "Exact"], [1, 0, 20, label]],
    )
    with pytest.raises(DataError, match=f"row 2 has .*{shown}; labels are Exact, Partial, Irrelevant"):
        load_wands_labels(folder)


def test_repeated_ids(folder):
    write_table(folder / "product.csv", PRODUCT_HEADER, [*PRODUCTS, PRODUCTS[0]])
    with pytest.raises(DataError, match="product_id 10 stands in more than one row"):
        load_wands_products(folder)


def test_an_id_in_every_row(folder):
    write_table(folder / "query.csv", ["query_id", "query", "query_class"], [[0, "couch", ""], ["", "bed", ""]])
    with pytest.raises(DataError, match="line 3 has nothing as query_id; write an id there"):
        load_wands_queries(folder)


def test_ratings_are_numbers(folder):
    write_table(folder / "product.csv", PRODUCT_HEADER, [[*PRODUCTS[0][:6], "many", 4.5, 1]])
    with pytest.raises(DataError, match="line 2 has 'many' as rating_count; write a number"):
        load_wands_products(folder)


def test_query_without_text(folder):
    write_table(folder / "query.csv", ["query_id", "query", "query_class"], [[7, "", "Beds"]])
    with pytest.raises(DataError, match="query_id 7 has no text"):
        load_wands_queries(folder)


def test_empty_files(folder):
    (folder / "product.csv").write_bytes(b"")
    with pytest.raises(DataError, match=r"product\.csv is empty"):
        load_wands_products(folder)
    write_table(folder / "query.csv", ["query_id", "query", "query_class"], [])
    with pytest.raises(DataError, match="has a header but no rows"):
        load_wands_queries(folder)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_other_encodings(tmp_path, encoding):
    folder = write_folder(tmp_path, encoding=encoding)
    with pytest.raises(DataError, match="is not UTF-8 text"):
        load_wands_products(folder)


def test_rows_longer_than_the_header(folder):
    path = folder / "label.csv"
    path.write_text(path.read_text() + "9\t1\t10\tExact\tno\tyes\n")
    with pytest.raises(DataError, match="give every row the columns of the header"):
        load_wands_labels(folder)


def test_every_row_longer_than_the_header(folder):
    write_table(folder / "label.csv", ["id", "query_id", "product_id", "label"], [[*row, "x"] for row in LABELS])
    with pytest.raises(DataError, match="give every row the columns of the header"):
        load_wands_labels(folder)


@pytest.mark.parametrize("row", [["50", "a chair"], ["50", "a chair", *[""] * 6], ["50"]])
@pytest.mark.parametrize("place", [1, 3, 4])
def test_rows_shorter_than_the_header_are_named_by_their_line(folder, row, place):
    rows = [*PRODUCTS[:place], row, *PRODUCTS[place:]]
    write_table(folder / "product.csv", PRODUCT_HEADER, rows)
    with pytest.raises(DataError, match=f"line {place + 2} has {len(row)} of 9 fields; give every row the columns"):
        load_wands_products(folder)


def test_empty_lines_are_no_rows_and_count_as_lines(folder):
    path = folder / "label.csv"
    path.write_text(path.read_text().replace("\n1\t", "\n\n1\t") + "\n\n9\t1\n")
    with pytest.raises(DataError, match="line 10 has 2 of 4 fields"):
        load_wands_labels(folder)
    path.write_text(path.read_text().replace("9\t1\n", ""))
    assert len(load_wands_labels(folder)) == len(LABELS)


def test_two_columns_of_one_name(folder):
    write_table(folder / "query.csv", ["query_id", "query", "Query"], [[0, "couch", "sofa"]])
    with pytest.raises(DataError, match="two columns query; rename or remove one"):
        load_wands_queries(folder)


# --- quotation marks: no row is ever swallowed ------------------------------------------------------------

SIX = ["oak desk", '"Alpha', "owl clock", "red rug", '"Beta" chair', "door mat"]


def write_names(folder, names, separator="\t"):
    write_table(
        folder / "product.csv", PRODUCT_HEADER, [[i, name, *[""] * 7] for i, name in enumerate(names)], separator
    )
    return folder


@pytest.mark.parametrize("last", ['"Beta" chair', '"Beta', 'Beta"', '48" Beta', "Beta"])
def test_names_that_begin_with_a_mark_and_have_no_second_one(folder, last):
    names = [*SIX[:4], last, SIX[5]]
    found = load_wands_products(write_names(folder, names))
    assert found["product_name"].tolist() == names
    # pandas, told that a mark is a letter, reads the same
    plain = pd.read_csv(folder / "product.csv", sep="\t", quoting=csv.QUOTE_NONE)
    assert found["product_name"].tolist() == plain["product_name"].tolist()


@pytest.mark.parametrize("names", [[*SIX, '"48"" table"'], ['"48"" table"', *SIX], [*SIX, '"desk, oak"']])
def test_a_file_that_mixes_both_ways_is_refused(folder, names):
    with pytest.raises(
        DataError, match=r"line \d has a quotation mark \(\"\) that opens a field and does not close it"
    ):
        load_wands_products(write_names(folder, names))


def test_marks_that_swallow_rows_of_commas_are_refused(folder):
    with pytest.raises(DataError, match=r"line 3 has a quotation mark .* closed only in line 6"):
        load_wands_products(write_names(folder, [*SIX[:4], 'Beta"', SIX[5]], ","))


@given(st.lists(st.text(st.sampled_from("a \"'\t\n,"), min_size=1).filter(lambda text: text.strip(" ")), min_size=1))
@pytest.mark.parametrize("separator", ["\t", ","])
def test_what_pandas_writes_is_read_letter_for_letter(tmp_path_factory, separator, names):
    folder = tmp_path_factory.mktemp("written")
    products = pd.DataFrame({"product_id": range(len(names)), "product_name": names, "product_description": "x"})
    products.to_csv(folder / "product.csv", sep=separator, index=False)
    try:
        assert load_wands_products(folder)["product_name"].tolist() == names
    except DataError as error:
        assert "quotation mark" in str(error)  # a text that looks like rows


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real queries are not on this machine")
def test_quoted_queries_of_wands_as_csv_reads_them():
    with (SHARED / "query.csv").open(encoding="utf-8", newline="") as file:
        expected = [row["query"] for row in csv.DictReader(file, delimiter="\t")]
    queries = load_wands_queries(SHARED)
    assert len(queries) == 480 and queries["query"].tolist() == expected
    assert 'fawkes 36" blue vanity' in expected


# --- ids --------------------------------------------------------------------------------------------------


def shop_with_ids(folder, product_ids, query_ids=(0, 1), pairs=None):
    write_table(folder / "product.csv", ["product_id", "product_name"], [[i, f"chair {i}"] for i in product_ids])
    write_table(folder / "query.csv", ["query_id", "query"], [[i, "chair"] for i in query_ids])
    pairs = pairs or [(query_ids[0], product_ids[0]), (query_ids[1], product_ids[1])]
    write_table(folder / "label.csv", ["query_id", "product_id", "label"], [[*pair, "Exact"] for pair in pairs])
    return load_wands_products(folder), load_wands_queries(folder), load_wands_labels(folder)


@pytest.mark.parametrize(
    "ids",
    [
        ["0a1b-77", "0a1b-78"],  # as UUIDs
        ["SKU 1", "sku 1"],
        ["007", "7"],
        ["10", "11", "A-12"],
        ["18446744073709551615", "18446744073709551614"],
        ["1.0", "1"],
        ["1e3", "1000"],
        ["\u0661", "1"],  # a digit of another script
    ],
)
def test_ids_that_are_no_whole_numbers_are_text_letter_for_letter(folder, ids):
    products, queries, labels = shop_with_ids(folder, ids, query_ids=ids)
    assert products["product_id"].tolist() == ids and queries["query_id"].tolist() == ids
    assert labels["product_id"].tolist() == labels["query_id"].tolist() == ids[:2]
    assert {type(i) for column in (products["product_id"], labels["product_id"]) for i in column} == {str}
    sampled, asked, judged = sample_catalogue(products, queries, labels)
    assert len(asked) == len(judged) == 2
    relevant = evaluate_search(lambda query: sampled.head(1), asked, judged, verbose=False)
    assert relevant["recall"].tolist() == [1.0, 0.0]
    assert len(dataset_fingerprint(sampled, asked, judged)) == 64


def test_ids_never_go_through_float(folder):
    ids = [9007199254740993, 9007199254740992, 2**63 - 1, -(2**63)]
    products, _, labels = shop_with_ids(folder, ids)
    assert products["product_id"].tolist() == ids
    assert labels["product_id"].tolist() == ids[:2]
    assert products["product_id"].dtype == labels["product_id"].dtype == "int64"


def test_labels_take_the_kind_of_id_that_products_have(folder):
    products, _, labels = shop_with_ids(folder, ["10", "11", "A-12"], pairs=[(0, "10"), (1, "11")])
    assert labels["product_id"].dtype == products["product_id"].dtype
    assert labels["product_id"].tolist() == ["10", "11"]
    with pytest.raises(DataError, match="line 3 has 'A-12' as product_id; write a whole number there, because every"):
        shop_with_ids(folder, ["10", "11"], pairs=[(0, "10"), (1, "A-12")])


@pytest.mark.parametrize(
    "pairs, says",
    [
        (
            [(0, "77"), (1, "78")],
            "none of the 2 labels is .* has query_id 0 and product_id 77, .* query_id 0 and product_id 10",
        ),
        ([(5, "10"), (6, "11")], "none of the 2 labels is .* has query_id 5 and product_id 10, "),
        ([(0, "77"), (6, "11")], "none of the 2 labels is about a query and a product of this folder"),
    ],
)
def test_labels_of_another_catalogue_are_one_sentence_at_load(folder, pairs, says):
    with pytest.raises(DataError, match=says):
        shop_with_ids(folder, ["10", "11"], pairs=pairs)


def test_labels_alone_are_read(folder):
    (folder / "product.csv").unlink()
    (folder / "query.csv").unlink()
    assert load_wands_labels(folder)["product_id"].tolist() == [10, 20, 20, 20, 40]


def test_a_sample_of_tables_whose_ids_are_never_equal(folder):
    products, queries, labels = (load(folder) for load in (load_wands_products, load_wands_queries, load_wands_labels))
    with pytest.raises(
        TypeError, match="products' product_id holds numbers, such as 10, and labels' product_id holds text"
    ):
        sample_catalogue(products, queries, labels.astype({"product_id": str}))


# --- headers ----------------------------------------------------------------------------------------------


def test_columns_that_search_does_not_need_may_be_absent(folder, capsys):
    write_table(folder / "product.csv", ["product_id", "product_name"], [row[:2] for row in PRODUCTS])
    write_table(folder / "query.csv", ["query_id", "query"], [row[:2] for row in QUERIES])
    write_table(folder / "label.csv", ["query_id", "product_id", "label"], [row[1:] for row in LABELS])
    whole = load_wands_products(write_folder(folder.parent / "whole"))
    products, queries, labels = (load(folder) for load in (load_wands_products, load_wands_queries, load_wands_labels))
    assert list(products.columns) == PRODUCT_COLUMNS and (products.dtypes == whole.dtypes).all()
    assert products.drop(columns=["product_id", "product_name"]).isna().all(axis=None)
    assert queries["query_class"].isna().all() and labels["id"].isna().all()
    assert product_text(products).tolist() == ["solid wood sofa", "nan", "NA", ""]
    load_wands_queries(folder)
    said = capsys.readouterr().out.splitlines()
    assert said[1].endswith("query.csv has another header; the course fills query_class as missing.")
    assert len(said) == 3, "each file once"


def test_headers_may_be_capitalised(folder, capsys):
    expected = load_wands_products(folder)
    header = ["Product_ID", "Product Name", *(name.upper() for name in PRODUCT_HEADER[2:])]
    write_table(folder / "product.csv", header, PRODUCTS)
    assert load_wands_products(folder).equals(expected)
    assert "the course reads Product_ID as product_id, Product Name as product_name, " in capsys.readouterr().out


def test_the_header_of_wands_needs_no_line(folder, capsys):
    load_wands_products(folder)
    assert capsys.readouterr().out == ""


# --- text, sample, fingerprint ----------------------------------------------------------------------------


def test_product_text_takes_nothing_from_missing_fields(folder):
    assert product_text(load_wands_products(folder)).tolist() == [
        "solid wood sofa Sofas",
        "nan Décor",
        "NA",
        "Beds",
    ]


def test_product_text_keeps_the_rows_index(folder):
    assert product_text(load_wands_products(folder).iloc[[2, 0]]).index.tolist() == [2, 0]


def test_product_text_of_categorical_columns(folder):
    products = load_wands_products(folder)
    assert product_text(products.astype("category")).tolist() == product_text(products).tolist()


def test_product_text_of_another_frame():
    with pytest.raises(DataError, match="no column 'product_class'"):
        product_text(pd.DataFrame({"product_name": ["sofa"]}))


def test_sample_of_a_small_catalogue_keeps_all_products_in_order(folder):
    products, queries, labels = (
        load_wands_products(folder),
        load_wands_queries(folder),
        load_wands_labels(folder),
    )
    sampled, asked, judged = sample_catalogue(products, queries, labels, n=4)
    assert sampled.equals(products) and asked.equals(queries) and judged.equals(labels)


def test_sample_keeps_what_concerns_its_products(folder):
    products, queries, labels = (
        load_wands_products(folder),
        load_wands_queries(folder),
        load_wands_labels(folder),
    )
    sampled, asked, judged = sample_catalogue(products, queries, labels, n=2, random_state=42)
    assert sampled.equals(products.sample(n=2, random_state=42).reset_index(drop=True))
    assert set(judged["product_id"]) <= set(sampled["product_id"])
    assert set(asked["query_id"]) == set(judged["query_id"])
    assert asked.index.tolist() == list(range(len(asked)))
    assert judged.index.tolist() == list(range(len(judged)))
    assert len(products) == 4  # what was passed in is unchanged


def test_sample_of_nothing(folder):
    with pytest.raises(ValueError, match="n is 0"):
        sample_catalogue(load_wands_products(folder), load_wands_queries(folder), load_wands_labels(folder), n=0)


def test_fingerprint_is_of_the_content_alone(folder):
    frames = load_wands_products(folder), load_wands_queries(folder), load_wands_labels(folder)
    # A fixed value: reference values are stored with it, so it must not change with pandas or this code.
    assert dataset_fingerprint(*frames) == "37a4ef8f3e593cce405e8d7c1801b22965eda5dfd53bcfe9071892a40b66c43e"
    as_objects = [frame.astype(object).where(frame.notna(), None) for frame in frames]
    assert dataset_fingerprint(*as_objects) == dataset_fingerprint(*frames)
    described = frames[0].assign(product_description="other words")
    assert dataset_fingerprint(described, *frames[1:]) == dataset_fingerprint(*frames)


@pytest.mark.parametrize(
    "which, column, value",
    [
        (0, "product_name", "sofa"),
        (0, "product_class", ""),
        (0, "product_id", 11),
        (1, "query", "sofa"),
        (2, "label", "Partial"),
    ],
)
def test_fingerprint_changes_with_the_content(folder, which, column, value):
    frames = [load_wands_products(folder), load_wands_queries(folder), load_wands_labels(folder)]
    before = dataset_fingerprint(*frames)
    frames[which].loc[0, column] = value
    assert dataset_fingerprint(*frames) != before


# --- real data --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not (SHARED / "pool").is_dir(), reason="the real WANDS pool is not beside this repository")
def test_real_pool_is_loaded_unharmed():
    products, queries, labels = (
        load_wands_products(SHARED / "pool"),
        load_wands_queries(SHARED / "pool"),
        load_wands_labels(SHARED / "pool"),
    )
    assert (len(products), len(queries), len(labels)) == (6482, 40, 6986)
    assert products["product_name"].notna().all()
    assert products["product_class"].isna().sum() == 456
    assert set(labels["product_id"]) == set(products["product_id"])
    assert set(labels["query_id"]) == set(queries["query_id"])
    pair = labels[(labels["query_id"] == 12) & (labels["product_id"] == 34349)]
    assert len(pair) > 1 and pair["label"].nunique() > 1
    assert products.set_index("product_id").loc[30, "product_name"].count("''") == 3
    assert queries.set_index("query_id").loc[12, "query_class"] == "Wall Décor"


@pytest.mark.skipif(
    not (SHARED / "query.csv").is_file(), reason="the real WANDS queries are not beside this repository"
)
def test_real_queries():
    queries = load_wands_queries(SHARED)
    assert len(queries) == 480
    assert queries["query"].notna().all()
    assert queries["query"].iloc[0] == "salon chair"
