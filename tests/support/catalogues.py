"""Small catalogues of other shapes, cut from the demo's: few products, ids that are text, no columns but the needed."""

import contextlib
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from helpers.catalogue import (
    DEMO_FOLDER,
    load_wands_labels,
    load_wands_products,
    load_wands_queries,
    sample_catalogue,
)


def write_catalogue(folder: Path, n: int, text_ids: bool = False, bare: bool = False) -> Path:
    """A folder with n products of the demo, the queries judged on them and their labels.

    text_ids: ids such as "00042" and "Q-7". bare: only the columns that every catalogue needs.
    """
    products, queries, labels = sample_catalogue(
        load_wands_products(DEMO_FOLDER), load_wands_queries(DEMO_FOLDER), load_wands_labels(DEMO_FOLDER), n, n
    )
    labels = labels.drop(columns="grade")
    if text_ids:
        for table in (products, labels):
            table["product_id"] = table["product_id"].map("{:05d}".format)
        for table in (queries, labels):
            table["query_id"] = table["query_id"].map("Q-{}".format)
    if bare:
        products = products[["product_id", "product_name"]]
        queries = queries[["query_id", "query"]]
        labels = labels[["query_id", "product_id", "label"]]
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in (("product", products), ("query", queries), ("label", labels)):
        table.to_csv(folder / f"{name}.csv", sep="\t", index=False)
    return folder


def _clean_up(space: dict) -> None:
    for value in space.values():
        if isinstance(value, TemporaryDirectory):
            value.cleanup()


def run_cells(
    path: Path, leave_out: tuple[str, ...] = (), instead: dict[str, str] | None = None, then: str = ""
) -> str:
    """Run a notebook's code cells in this process, without the hidden tests -> what they printed.

    Cells that hold one of the texts to leave out, and magics, are not run. `instead` holds other code for some cells,
    by their ids; `then` is run last, among the notebook's variables. The first error is raised.
    """
    space: dict = {"__name__": "notebook", "display": lambda *shown: None}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.ExitStack() as made:
        made.callback(_clean_up, space)
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and not any(text in cell.source for text in leave_out):
                source = (instead or {}).get(cell.id, cell.source.split("### BEGIN HIDDEN TESTS")[0])
                exec(compile(source, f"<cell {cell.id}>", "exec"), space)
        exec(compile(then, "<then>", "exec"), space)
    return printed.getvalue()
