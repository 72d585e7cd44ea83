"""A cut of the data set in use, on which a self-test takes a minute; a key that searches it gives it as its own."""

from pathlib import Path

import numpy as np
import pandas as pd

from helpers import load_wands_labels, load_wands_products, load_wands_queries, sample_catalogue


def write_cut(folder: Path, products: int = 500, queries: int = 16, relevant: int = 1) -> None:
    """A data set of so many products and queries, cut from the one in use.

    Its queries have few and many relevant products, none fewer than `relevant` where there are enough such, and one has
    none, as happens in samples. The labels of products left out stay in the files, as for any sample.
    """
    everything, all_queries, all_labels = load_wands_products(), load_wands_queries(), load_wands_labels()
    few, asked, labels = sample_catalogue(everything, all_queries, all_labels, n=products)
    good = labels[labels["grade"] > 0]
    counts = asked["query_id"].map(good["query_id"].value_counts()).fillna(0).sort_values(kind="stable")
    unlucky = asked["query_id"].loc[counts.index[0]]
    few = few[~few["product_id"].isin(good.loc[good["query_id"] == unlucky, "product_id"])]
    others = counts.iloc[1:]
    enough = (others >= relevant).sum() >= queries - 1
    lucky = others.index[others >= (relevant if enough else 1)]
    places = np.unique(np.linspace(0, len(lucky) - 1, queries - 1).astype(int))
    asked = asked.loc[[counts.index[0], *lucky[places]]].sort_index()
    labels = all_labels[all_labels["query_id"].isin(asked["query_id"])]
    _write(few.rename(columns={"category_hierarchy": "category hierarchy"}), folder, "product")
    _write(asked, folder, "query")
    _write(labels.drop(columns="grade"), folder, "label")


def _write(table: pd.DataFrame, folder: Path, name: str) -> None:
    table.to_csv(folder / f"{name}.csv", sep="\t", index=False)
