"""Reading a catalogue: products, queries, and the human judgments that join them.

Three data sets share one shape. `demo` ships with the course and is synthetic; `wands` is the real WANDS data
(`python -m helpers download`); any folder with the same three files works too. Which one is read is decided
by, in this order: the argument data_dir, COURSE_DATA_DIR (a folder), COURSE_DATASET (demo, wands or auto;
auto is wands once it is downloaded, else demo). If no data_dir is passed, the choice is printed once.

Rules for real data:
- An empty field is a missing value (NaN) in every text column, and nothing else is: a product called "nan" or
  "NA" is a product. A query without text is an error, because nothing can be searched for.
- Text is kept letter for letter: no stripping, no repair of accents or quotation marks.
- Rows are kept in the order of the file. Product and query ids are unique; a pair judged twice stays two
  labels, and evaluation decides which one counts.
"""

import csv
import hashlib
import json
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from .cache_folder import cache_folder
from .errors import CourseError

GRADES = {"Exact": 2, "Partial": 1, "Irrelevant": 0}
DEMO_FOLDER = Path(__file__).parent / "demo"


class DataError(CourseError):
    """A catalogue cannot be found, or a file of it cannot be used; the message says what to do."""


class DataInUse(NamedTuple):
    """A data set: its name ("demo", "wands", else its folder's name) and the folder that holds its files."""

    name: str
    folder: Path


class _Table(NamedTuple):
    file_names: tuple[str, str]
    columns: dict[str, type]  # in the order of the frame


_PRODUCTS = _Table(
    ("product.csv", "wayfair-products.csv"),
    {
        "product_id": int,
        "product_name": str,
        "product_class": str,
        "category_hierarchy": str,
        "product_description": str,
        "product_features": str,
        "rating_count": float,
        "average_rating": float,
        "review_count": float,
    },
)
_QUERIES = _Table(("query.csv", "wayfair-queries.csv"), {"query_id": int, "query": str, "query_class": str})
_LABELS = _Table(("label.csv", "wayfair-labels.csv"), {"id": int, "query_id": int, "product_id": int, "label": str})

_announced: set[Path] = set()


def load_wands_products(data_dir: str | Path | None = None) -> pd.DataFrame:
    """Read the products: one row per product, in the order of the file.

    Parameters
    ----------
    data_dir : folder of the data set; None means the one in use (see `data_in_use`).

    Returns
    -------
    DataFrame with product_id (int64, unique), product_name, product_class, category_hierarchy,
    product_description, product_features (text, NaN if empty), rating_count, average_rating, review_count
    (float64, NaN if empty).

    Raises
    ------
    DataError : a folder, file or column is missing, or the file is not a clean tab- or comma-separated table.
    """
    path = _find_file(folder_in_use(data_dir), _PRODUCTS)
    products = _read(path, _PRODUCTS)
    _check_unique(products["product_id"], path)
    return products


def load_wands_queries(data_dir: str | Path | None = None) -> pd.DataFrame:
    """Read the queries: query_id (int64, unique), query (text), query_class (text, NaN if empty).

    Parameters and errors are those of `load_wands_products`; a query without text is a DataError.
    """
    path = _find_file(folder_in_use(data_dir), _QUERIES)
    queries = _read(path, _QUERIES)
    _check_unique(queries["query_id"], path)
    without_text = queries.loc[queries["query"].isna(), "query_id"]
    if len(without_text):
        raise DataError(f"{path}: query_id {without_text.iloc[0]} has no text; write its query or remove the row.")
    return queries


def load_wands_labels(data_dir: str | Path | None = None) -> pd.DataFrame:
    """Read the human judgments: id, query_id, product_id (int64), label (text), grade (int64).

    grade is 2 for Exact, 1 for Partial, 0 for Irrelevant. Repeated judgments of one pair are kept.
    Parameters and errors are those of `load_wands_products`; any other label is a DataError.
    """
    path = _find_file(folder_in_use(data_dir), _LABELS)
    labels = _read(path, _LABELS)
    grade = labels["label"].map(GRADES)
    unknown = labels.loc[grade.isna(), "label"]
    if len(unknown):
        shown = "an empty label" if pd.isna(unknown.iloc[0]) else f"the label {unknown.iloc[0]!r}"
        raise DataError(f"{path}: row {unknown.index[0] + 1} has {shown}; labels are {', '.join(GRADES)}.")
    labels["grade"] = grade.astype("int64")
    return labels


def product_text(products: pd.DataFrame) -> pd.Series:
    """The text that stands for each product, (n,): name, space, class; a missing one adds nothing."""
    missing = [column for column in ("product_name", "product_class") if column not in products.columns]
    if missing:
        raise DataError(f"The products have no column {missing[0]!r}; pass the frame of load_wands_products().")
    name = products["product_name"].fillna("").astype(str)
    return (name + " " + products["product_class"].fillna("").astype(str)).str.strip()


def sample_catalogue(
    products: pd.DataFrame,
    queries: pd.DataFrame,
    labels: pd.DataFrame,
    n: int = 5000,
    random_state: int = 42,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """A catalogue small enough for a lesson: at most n products, with their queries and labels.

    Of more than n products, products.sample(n=n, random_state=random_state) is taken; otherwise all stay, in
    order. Labels are those of the products taken; queries are those with at least one such label. Every index
    restarts at 0.
    """
    if n < 1:
        raise ValueError(f"n is {n}; take a sample of at least one product.")
    if len(products) > n:
        products = products.sample(n=n, random_state=random_state)
    labels = labels[labels["product_id"].isin(products["product_id"])]
    queries = queries[queries["query_id"].isin(labels["query_id"])]
    return products.reset_index(drop=True), queries.reset_index(drop=True), labels.reset_index(drop=True)


def data_in_use(data_dir: str | Path | None = None) -> DataInUse:
    """Which data set the loaders read now; nothing is opened and nothing is printed.

    Raises DataError if the choice cannot be followed: no such folder, an unknown COURSE_DATASET, or
    COURSE_DATASET=wands before the download.
    """
    chosen = data_dir or os.environ.get("COURSE_DATA_DIR")
    if chosen:
        folder = Path(chosen).expanduser().resolve()
        if not folder.is_dir():
            source = "data_dir" if data_dir else "COURSE_DATA_DIR"
            raise DataError(
                f"There is no folder {folder}; "
                f"set {source} to a folder that holds product.csv, query.csv and label.csv."
            )
        return DataInUse(folder.name, folder)

    dataset = os.environ.get("COURSE_DATASET") or "auto"
    if dataset not in ("demo", "wands", "auto"):
        raise DataError(f"COURSE_DATASET is {dataset!r}; set it to demo, wands or auto, or remove it.")
    wands = wands_folder()
    if dataset != "demo" and all(_existing_file(wands, table) for table in (_PRODUCTS, _QUERIES, _LABELS)):
        return DataInUse("wands", wands)
    if dataset == "wands":
        raise DataError(
            f"COURSE_DATASET is wands, but {wands} does not hold its three files; "
            "run `python -m helpers download`, or set COURSE_DATASET=demo."
        )
    return DataInUse("demo", DEMO_FOLDER)


def wands_folder() -> Path:
    """Where the downloaded WANDS data lies, whether or not it is there yet."""
    return cache_folder() / "wands"


def dataset_fingerprint(products: pd.DataFrame, queries: pd.DataFrame, labels: pd.DataFrame) -> str:
    """SHA-256 (64 hex digits) of what search and evaluation see of a catalogue.

    Covers, row by row in order: product_id, product_name, product_class; query_id, query, query_class;
    query_id, product_id, label. A missing text counts as null, however this version of pandas writes it.
    """
    digest = hashlib.sha256()
    for name, frame, columns in (
        ("products", products, ("product_id", "product_name", "product_class")),
        ("queries", queries, ("query_id", "query", "query_class")),
        ("labels", labels, ("query_id", "product_id", "label")),
    ):
        digest.update(f"{name} {len(frame)}\n".encode())
        for row in zip(*(_plain(frame[column]) for column in columns), strict=True):
            digest.update(json.dumps(row).encode() + b"\n")
    return digest.hexdigest()


def _plain(column: pd.Series) -> Iterable[int | str | None]:
    """The values as Python's own int, str or None."""
    if str(column.name).endswith("_id"):
        return column.astype("int64").tolist()
    return (None if missing else str(value) for value, missing in zip(column, column.isna(), strict=True))


def folder_in_use(data_dir: str | Path | None = None) -> Path:
    """The folder that the loaders read. A choice the caller did not spell out is said once, in one line."""
    data = data_in_use(data_dir)
    if not data_dir and data.folder not in _announced:
        _announced.add(data.folder)
        if data.folder == DEMO_FOLDER:
            print("Data: demo catalogue (synthetic; `python -m helpers download` fetches the real WANDS data)")
        elif data.folder == wands_folder():
            print("Data: WANDS (real products, queries and human judgments)")
        else:
            print(f"Data: the catalogue in {data.folder}")
    return data.folder


def _existing_file(folder: Path, table: _Table) -> Path | None:
    return next((folder / name for name in table.file_names if (folder / name).is_file()), None)


def _find_file(folder: Path, table: _Table) -> Path:
    path = _existing_file(folder, table)
    if path is None:
        remedy = (
            "the course is installed incompletely, so install it again"
            if folder == DEMO_FOLDER
            else "put the file there, or choose another folder"
        )
        raise DataError(f"{folder} has no {table.file_names[0]} (nor {table.file_names[1]}); {remedy}.")
    return path


def _read(path: Path, table: _Table) -> pd.DataFrame:
    """The table's columns, in its order and types; whatever fails is a DataError that names the file."""
    try:
        separator = _separator(path, id_column=next(iter(table.columns)))
        with warnings.catch_warnings():
            # With index_col=False, pandas only warns of rows that are longer than the header, and cuts them.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                path,
                sep=separator,
                dtype=str,
                keep_default_na=False,
                na_values=[""],
                index_col=False,
                encoding="utf-8-sig",
            )
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text; save it again with the encoding UTF-8.") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise DataError(
            f"{path} is not a clean table ({str(error).strip()}); give every row the columns of the header."
        ) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check the file and its permissions.") from None

    frame = frame.rename(columns={"category hierarchy": "category_hierarchy"})
    missing = [column for column in table.columns if column not in frame.columns]
    if missing:
        raise DataError(f"{path} has no column {', '.join(missing)}; its header must name {', '.join(table.columns)}.")
    if frame.empty:
        raise DataError(f"{path} has a header but no rows; put the data back into it.")
    frame = frame[list(table.columns)].copy()
    for column, kind in table.columns.items():
        if kind is not str:
            frame[column] = _numbers(frame[column], kind, path)
    return frame


def _separator(path: Path, id_column: str) -> str:
    """Tab or comma: the one that makes id_column a field of the header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline().strip("\r\n")
    if not header.strip():
        raise DataError(f"{path} is empty; copy or download it again.")
    for separator in "\t,;|":
        if separator in header and id_column in next(csv.reader([header], delimiter=separator)):
            if separator in "\t,":
                return separator
            raise DataError(f"{path} separates its columns with {separator!r}; save it with tabs or commas.")
    if "\t" in header or "," in header:
        return "\t" if "\t" in header else ","
    raise DataError(f"{path} has no tabs or commas in its header; save it as a tab- or comma-separated table.")


def _numbers(text: pd.Series, kind: type, path: Path) -> pd.Series:
    """The column as int64 (a value in every row) or float64 (NaN where the field is empty)."""
    numbers = pd.to_numeric(text, errors="coerce")
    wrong = (numbers.isna() | (numbers % 1 != 0)) if kind is int else (numbers.isna() & text.notna())
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        shown = "nothing" if pd.isna(text.iloc[row]) else repr(text.iloc[row])
        wanted = "a whole number" if kind is int else "a number"
        raise DataError(f"{path}: row {row + 1} has {shown} as {text.name}; write {wanted} there.")
    return numbers.astype("int64" if kind is int else "float64")


def _check_unique(ids: pd.Series, path: Path) -> None:
    repeated = ids[ids.duplicated()]
    if len(repeated):
        raise DataError(f"{path}: {ids.name} {repeated.iloc[0]} stands in more than one row; give each row its own.")
