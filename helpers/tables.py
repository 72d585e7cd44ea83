"""Tables for reading: text starts at the left, numbers end at the right, and nothing but the columns is shown."""

import html
from collections.abc import Callable, Collection, Mapping

import pandas as pd


class Table:
    """A DataFrame as a page shows it; numbers that are not whole have three decimals.

    Parameters
    ----------
    frame : DataFrame
        An index with a name (it may be "") becomes the first column; any other index is left out.
    title : str
    widest : int
        Longer texts are cut off with an ellipsis.

    Examples
    --------
    >>> Table(pd.DataFrame({"query": ["sofa", "owl statue"], "recall": [0.25, 2 / 3]}), title="Two queries")
    Two queries
    query       recall
    sofa         0.250
    owl statue   0.667
    """

    def __init__(self, frame: pd.DataFrame, title: str = "", widest: int = 54) -> None:
        shown = frame if frame.index.name is None else frame.reset_index()
        self.title = title
        self.columns = [str(column) for column in shown.columns]
        self.of_numbers = [pd.api.types.is_numeric_dtype(kind) for kind in shown.dtypes]
        self.rows = [[_text(value, widest) for value in row] for row in shown.itertuples(index=False, name=None)]

    def _repr_html_(self) -> str:
        sides = ["right" if numbers else "left" for numbers in self.of_numbers]

        def line(tag: str, texts: list[str]) -> str:
            cells = (
                f'<{tag} style="text-align: {side}; vertical-align: top;">{html.escape(text)}</{tag}>'
                for side, text in zip(sides, texts)
            )
            return f"<tr>{''.join(cells)}</tr>"

        title = [f"<p><strong>{html.escape(self.title)}</strong></p>"] if self.title else []
        head, body = line("th", self.columns), [line("td", row) for row in self.rows]
        return "\n".join(
            [*title, '<table class="dataframe">', "<thead>", head, "</thead>", "<tbody>", *body, "</tbody>", "</table>"]
        )

    def __repr__(self) -> str:
        lines = [self.columns, *self.rows]
        padded = [
            [text.rjust(width) if numbers else text.ljust(width) for text in column]
            for column, numbers in zip(zip(*lines), self.of_numbers)
            for width in [max(map(len, column))]
        ]
        aligned = ["  ".join(line).rstrip() for line in zip(*padded)]
        return "\n".join([self.title, *aligned] if self.title else aligned)


def side_by_side(
    query: str, searches: Mapping[str, Callable[[str], pd.DataFrame]], relevant: Collection | None = None, k: int = 5
) -> Table:
    """The first k product names of several searches for one query.

    Parameters
    ----------
    query : str
    searches : dict of name -> callable query -> DataFrame with product_id and product_name, best first
    relevant : ids of the products that are relevant to the query, optional
        If given, their names get a tick and all others a dash, with a space that no line breaks at.
    k : int

    Returns
    -------
    Table with rank and one column per search; short lists are filled up with empty cells.
    """
    columns = {}
    for name, search in searches.items():
        found = search(query).head(k)
        marks = (
            [""] * len(found)
            if relevant is None
            else [
                "✓\N{NO-BREAK SPACE}" if product in relevant else "–\N{NO-BREAK SPACE}"
                for product in found["product_id"]
            ]
        )
        names = [mark + _text(text) for mark, text in zip(marks, found["product_name"])]
        columns[name] = names + [""] * (k - len(names))
    ranks = pd.RangeIndex(1, k + 1, name="rank")
    return Table(pd.DataFrame(columns, index=ranks), title=f"query: {query}")


def _text(value, widest: int | None = None) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3f}"
    text = "" if value is None or value is pd.NA else str(value)
    return text if widest is None or len(text) <= widest else text[: widest - 1] + "…"
