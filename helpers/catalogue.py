"""Reading a catalogue: products, queries, and the human judgments that join them.

Three data sets share one shape. `demo` ships with the course and is synthetic; `wands` is the real WANDS data
(`python -m helpers download`); any folder with the same three files works too. Which one is read is decided
by, in this order: the argument data_dir, COURSE_DATA_DIR (a folder), COURSE_DATASET (demo, wands or auto;
auto is wands once it is downloaded, else demo). If no data_dir is passed, the choice is printed once.

Rules for real data:
- An empty field is a missing value (NaN) in every text column, and nothing else is: a product called "nan" or
  "NA" is a product. A query without text is an error, because nothing can be searched for.
- Text is kept letter for letter: no stripping, no repair of accents or quotation marks.
- Ids are whole numbers (int64) where all of a file's are, written plainly and below 2**63; otherwise all of them are
  text, letter for letter (UUIDs, SKUs, "007"). Labels have the kind of id that products and queries have.
- Needed are product_id and product_name; query_id and query; query_id, product_id and label. Another column that is
  absent is filled as missing, and names in the header may be capitalised; one line says so.
- Rows are kept in the order of the file. Product and query ids are unique; a pair judged twice stays two
  labels, and evaluation decides which one counts.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from .cache_folder import cache_folder
from .ids import check_alike
from .table_file import DataError, column_name, read_rows

GRADES = {"Exact": 2, "Partial": 1, "Irrelevant": 0}
DEMO_FOLDER = Path(__file__).parent / "demo"
_WHOLE_NUMBER = re.compile(r"0|-?[1-9]\d{0,18}", re.ASCII)
_TEXT = pd.Series(["text"]).dtype  # what this version of pandas keeps text in


class DataInUse(NamedTuple):
    """A data set: its name ("demo", "wands", else its folder's name) and the folder that holds its files."""

    name: str
    folder: Path


class _Id:
    """A column of ids, which are whole numbers or text."""


class _Table(NamedTuple):
    file_names: tuple[str, str]
    columns: dict[str, type]  # in the order of the frame
    needed: tuple[str, ...]


_PRODUCTS = _Table(
    ("product.csv", "wayfair-products.csv"),
    {
        "product_id": _Id,
        "product_name": str,
        "product_class": str,
        "category_hierarchy": str,
        "product_description": str,
        "product_features": str,
        "rating_count": float,
        "average_rating": float,
        "review_count": float,
    },
    needed=("product_id", "product_name"),
)
_QUERIES = _Table(
    ("query.csv", "wayfair-queries.csv"),
    {"query_id": _Id, "query": str, "query_class": str},
    needed=("query_id", "query"),
)
_LABELS = _Table(
    ("label.csv", "wayfair-labels.csv"),
    {"id": _Id, "query_id": _Id, "product_id": _Id, "label": str},
    needed=("query_id", "product_id", "label"),
)

_announced: set[Path | str] = set()  # folders, and sentences about their files


def load_wands_products(data_dir: str | Path | None = None) -> pd.DataFrame:
    """Read the products: one row per product, in the order of the file.

    Parameters
    ----------
    data_dir : folder of the data set; None means the one in use (see `data_in_use`).

    Returns
    -------
    DataFrame with product_id (int64, or text where not all are whole numbers; unique), product_name, product_class,
    category_hierarchy, product_description, product_features (text, NaN if empty), rating_count, average_rating,
    review_count (float64, NaN if empty).

    Raises
    ------
    DataError : a folder, file or needed column is missing, a row is not whole (the message names its line), or an id
        is empty or stands in two rows.
    """
    path = _find_file(folder_in_use(data_dir), _PRODUCTS)
    products = _read(path, _PRODUCTS)
    _check_unique(products["product_id"], path)
    return products


def load_wands_queries(data_dir: str | Path | None = None) -> pd.DataFrame:
    """Read the queries: query_id (int64 or text, unique), query (text), query_class (text, NaN if empty).

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
    """Read the human judgments: id, query_id, product_id (int64 or text), label (text), grade (int64).

    grade is 2 for Exact, 1 for Partial, 0 for Irrelevant. Repeated judgments of one pair are kept. The ids have the
    dtypes that they have in the folder's products and queries, where it holds these; an absent id column is NaN.

    Parameters and errors are those of `load_wands_products`; any other label is a DataError, and so are labels none of
    which is about a product and a query of the folder.
    """
    folder = folder_in_use(data_dir)
    path = _find_file(folder, _LABELS)
    others = {
        column: _ids_of(other, table)
        for column, table in (("query_id", _QUERIES), ("product_id", _PRODUCTS))
        if (other := _existing_file(folder, table))
    }
    labels = _read(path, _LABELS, others)
    grade = labels["label"].map(GRADES)
    unknown = labels.loc[grade.isna(), "label"]
    if len(unknown):
        shown = "an empty label" if pd.isna(unknown.iloc[0]) else f"the label {unknown.iloc[0]!r}"
        raise DataError(f"{path}: row {unknown.index[0] + 1} has {shown}; labels are {', '.join(GRADES)}.")
    labels["grade"] = grade.astype("int64")
    usable = pd.DataFrame({column: labels[column].isin(ids) for column, ids in others.items()}, index=labels.index)
    if not usable.all(axis=1).any():
        first = " and ".join(f"{column} {labels[column].iloc[0]}" for column in others)
        known = " and ".join(f"{column} {ids.iloc[0]}" for column, ids in others.items())
        raise DataError(
            f"{path}: none of the {len(labels):,} labels is about a query and a product of this folder (the first "
            f"label has {first}, the first query and product have {known}), so no search could be measured; "
            "put files that belong together into one folder."
        )
    return labels


def product_text(products: pd.DataFrame) -> pd.Series:
    """The text that stands for each product, (n,): name, space, class; a missing one adds nothing."""
    missing = [column for column in ("product_name", "product_class") if column not in products.columns]
    if missing:
        raise DataError(f"The products have no column {missing[0]!r}; pass the frame of load_wands_products().")
    name, kind = (
        products[column].astype(object).fillna("").astype(str) for column in ("product_name", "product_class")
    )
    return (name + " " + kind).str.strip()


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

    Raises
    ------
    ValueError : n is below 1.
    TypeError : ids of one table are text, and those of another are numbers.
    """
    if n < 1:
        raise ValueError(f"n is {n}; take a sample of at least one product.")
    check_alike("products' product_id", products["product_id"], "labels' product_id", labels["product_id"])
    check_alike("queries' query_id", queries["query_id"], "labels' query_id", labels["query_id"])
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
    if dataset != "demo" and _is_whole(wands):
        return DataInUse("wands", wands)
    if dataset == "wands":
        raise DataError(
            f"COURSE_DATASET is wands, but {wands} does not hold its three files; "
            "run `python -m helpers download`, or set COURSE_DATASET=demo."
        )
    return DataInUse("demo", DEMO_FOLDER)


def data_set_folder(name: str) -> Path | None:
    """The folder of the data set of this name, demo or wands, if it is here; None for any other name."""
    folder = {"demo": DEMO_FOLDER, "wands": wands_folder()}.get(name)
    return folder if folder and _is_whole(folder) else None


def _is_whole(folder: Path) -> bool:
    return all(_existing_file(folder, table) for table in (_PRODUCTS, _QUERIES, _LABELS))


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
        return (id if isinstance(id, str) else int(id) for id in column.tolist())
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


def _read(path: Path, table: _Table, others: dict[str, pd.Series] | None = None) -> pd.DataFrame:
    """The table's columns, in its order and types.

    others: ids of another file, by column: what the ids of that column are compared with, and so have to be like.
    """
    columns, lines = _fields(path, table)
    frame = pd.DataFrame(index=pd.RangeIndex(len(lines)))
    for name, kind in table.columns.items():
        if name not in columns:
            frame[name] = pd.Series(np.nan, index=frame.index, dtype=_TEXT if kind is str else "float64")
        elif kind is _Id:
            frame[name] = _ids(columns[name], name, path, lines, like=(others or {}).get(name))
        else:
            text = pd.Series([field or np.nan for field in columns[name]], dtype=_TEXT)
            frame[name] = text if kind is str else _numbers(text, name, path, lines)
    return frame


def _fields(path: Path, table: _Table) -> tuple[dict[str, Sequence[str]], list[int]]:
    """The fields of those of the table's columns that the file has, and the line of each row."""
    header, rows, lines = read_rows(path, id_column=next(iter(table.needed)))
    places: dict[str, int] = {}
    for place, written in enumerate(header):
        name = column_name(written)
        if name in table.columns and name in places:
            raise DataError(f"{path} has two columns {name}; rename or remove one of them.")
        places[name] = place
    missing = [name for name in table.needed if name not in places]
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)}; its header must name {', '.join(table.needed)}, and may name "
            f"{', '.join(name for name in table.columns if name not in table.needed)}."
        )
    if not rows:
        raise DataError(f"{path} has a header but no rows; put the data back into it.")
    _tell_of_header(path, table, header, places)
    columns = list(zip(*rows, strict=True))
    return {name: columns[places[name]] for name in table.columns if name in places}, lines


def _tell_of_header(path: Path, table: _Table, header: list[str], places: dict[str, int]) -> None:
    """Say in one line, once for each file, which columns were found under another name and which are missing."""
    usual = {"category hierarchy"}  # as WANDS itself has it
    renamed = [
        f"{header[places[name]]} as {name}"
        for name in table.columns
        if name in places and header[places[name]] not in {name, *usual}
    ]
    absent = [name for name in table.columns if name not in places]
    parts = [f"reads {', '.join(renamed)}"] if renamed else []
    parts += [f"fills {', '.join(absent)} as missing"] if absent else []
    line = f"Data: {path} has another header; the course {' and '.join(parts)}."
    if parts and line not in _announced:
        _announced.add(line)
        print(line)


def _ids(fields: Sequence[str], name: str, path: Path, lines: list[int], like: pd.Series | None = None) -> pd.Series:
    """The ids as int64 where all are whole numbers in that range, else as text; of the kind that `like` is of."""
    if "" in fields:
        raise DataError(f"{path}: line {lines[fields.index('')]} has nothing as {name}; write an id there.")
    wrong = next((place for place, field in enumerate(fields) if not _is_whole_number(field)), None)
    if wrong is None and (like is None or like.dtype == "int64"):
        return pd.Series([int(field) for field in fields], dtype="int64")
    if wrong is not None and like is not None and like.dtype == "int64":
        raise DataError(
            f"{path}: line {lines[wrong]} has {fields[wrong]!r} as {name}; write a whole number there, because every "
            f"{name} that it could be compared with is one."
        )
    return pd.Series(fields, dtype=_TEXT)


def _is_whole_number(text: str) -> bool:
    """Whether an int64 would keep the text letter for letter."""
    return _WHOLE_NUMBER.fullmatch(text) is not None and -(2**63) <= int(text) < 2**63


def _ids_of(path: Path, table: _Table) -> pd.Series:
    stat = path.stat()
    return _known_ids(path, table.needed[0], stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _known_ids(path: Path, name: str, modified: int, size: int) -> pd.Series:
    """The ids in a file of products or queries, which is read once as long as its time and size stay."""
    table = _PRODUCTS if name == "product_id" else _QUERIES
    columns, lines = _fields(path, table)
    return _ids(columns[name], name, path, lines)


def _numbers(text: pd.Series, name: str, path: Path, lines: list[int]) -> pd.Series:
    """The column as float64, NaN where the field is empty."""
    numbers = pd.to_numeric(text, errors="coerce")
    wrong = numbers.isna() & text.notna()
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise DataError(f"{path}: line {lines[row]} has {text.iloc[row]!r} as {name}; write a number there.")
    return numbers.astype("float64")


def _check_unique(ids: pd.Series, path: Path) -> None:
    repeated = ids[ids.duplicated()]
    if len(repeated):
        raise DataError(f"{path}: {ids.name} {repeated.iloc[0]} stands in more than one row; give each row its own.")
