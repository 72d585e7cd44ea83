"""Rules for a search's answer: a ranked DataFrame of products, judged by the right scores of its rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.judge.evidence import Answer
from autograder.judge.question import Exchange, Probe, as_frame, each, five_decimals, unchanged
from autograder.judge.ties import TOLERANCE, first_wrong_row
from helpers.sentences import UNROUNDED, rounded


@dataclass(frozen=True)
class Right:
    """What the judge knows of a search probe, as its `about`: each product's right scores by the column that shows
    them, which of these ranks, and how many rows are asked."""

    ids: list[int]
    scores: dict[str, np.ndarray]
    ranked_by: str
    k: int

    @property
    def rows(self) -> int:
        return min(self.k, len(self.ids))


def _case(probe: Probe) -> str:
    others = "".join(f", {name}={value}" for name, value in probe.kwargs.items() if name != "k")
    return f"On a catalogue of {len(probe.about.ids)} products with k={probe.about.k}{others}"


def _positions(probe: Probe, answer: Answer, *columns: str):
    """The answer's frame and the positions of its products in the probe's catalogue, or a sentence."""
    frame = as_frame(answer, "product_id", *columns)
    if isinstance(frame, str):
        return frame
    position = {product_id: i for i, product_id in enumerate(probe.about.ids)}
    ids = [int(x) if isinstance(x, float) and x.is_integer() else x for x in frame.columns["product_id"]]
    unknown = [x for x in ids if x not in position]
    if unknown:
        return (
            f"{_case(probe)}, your result holds a product_id that is not in products_df. "
            "Do you use the products_df that is passed in, by position?"
        )
    return frame, [position[x] for x in ids]


def wrong_order(probe: Probe, answer: Answer) -> str | None:
    """The right products in the right order; the number of rows is judged apart, so only the common part counts."""
    found = _positions(probe, answer)
    if isinstance(found, str):
        return found
    _, positions = found
    right = probe.about
    if not positions:
        return f"{_case(probe)}, your result has no rows."
    row = first_wrong_row(positions[: right.rows], right.scores[right.ranked_by])
    if row is None:
        return None
    if positions[row] in positions[:row]:
        return f"{_case(probe)}, row {row + 1} repeats a product that stands higher."
    return (
        f"{_case(probe)}, row {row + 1} of your result is the wrong product: another one has a "
        f"higher {right.ranked_by.replace('_', ' ')}. Check the scores, the order (best first), and that row i "
        "of the scores belongs to row i of products_df."
    )


def wrong_columns(*columns: str) -> Callable[[Probe, Answer], str | None]:
    def problem(probe: Probe, answer: Answer) -> str | None:
        found = _positions(probe, answer, *columns)
        if isinstance(found, str):
            return found
        frame, positions = found
        if not positions:
            return f"{_case(probe)}, your result has no rows."
        for column in columns:
            right = probe.about.scores[column][positions]
            got = np.array([x if isinstance(x, (int, float)) else np.nan for x in frame.columns[column]], dtype=float)
            wrong = ~(np.abs(got - right) <= TOLERANCE)
            if not wrong.any() and five_decimals(got, right):
                return f"{_case(probe)}, column {column} is rounded to five decimals. {UNROUNDED}"
            if wrong.any():
                row = int(wrong.argmax())
                shown = "not a number" if np.isnan(got[row]) else f"{got[row]:.4g}"
                hint = (
                    UNROUNDED
                    if rounded(got, right)
                    else "Is each score kept with its own product"
                    + (", and normalised over all products?" if len(columns) > 1 else "?")
                )
                return (
                    f"{_case(probe)}, column {column} is {shown} in row {row + 1}, "
                    f"which is not that product's score. {hint}"
                )
        return None

    return problem


def wrong_rows(probe: Probe, answer: Answer) -> str | None:
    frame = as_frame(answer, "rank")
    if isinstance(frame, str):
        return frame
    wanted = probe.about.rows
    if frame.rows != wanted:
        return (
            f"{_case(probe)}, your result has {frame.rows} rows, but {wanted} "
            f"{'is' if wanted == 1 else 'are'} asked for (k, or all products where there are fewer)."
        )
    if frame.columns["rank"] != list(range(1, wanted + 1)):
        return f"{_case(probe)}, the rank column should count 1, 2, 3, ... from the best product down."
    return None


def wrong_twins(probe: Probe, answer: Answer) -> str | None:
    """Where all products are asked for and two have equal scores: each is there, once."""
    found = _positions(probe, answer)
    if isinstance(found, str):
        return found
    frame, positions = found
    case = f"{_case(probe)}, two of them with equal scores, your result"
    if len(set(positions)) < frame.rows:
        return f"{case} has a product twice: each should be there once."
    if frame.rows < probe.about.rows:
        return f"{case} lacks a product: all should be there."
    return None


def as_they_were(function: str) -> Callable[[Exchange, Any], str | None]:
    """The rule that products_df and arrays, the function's arguments that the probes look at, are as they were before
    the call."""

    def problem(probe: Probe, answer: Answer) -> str | None:
        given = probe.args[probe.argument or 0]
        if isinstance(given, np.ndarray):
            return unchanged(answer, given, "embeddings", function)
        frame = as_frame(answer, "product_id")
        if isinstance(frame, str):
            return frame
        if new := [name for name in frame.names if name not in given.columns]:
            return f"{function} writes a column {new[0]} into the very products_df that it is given: work on a copy."
        if frame.names != tuple(given.columns) or frame.columns["product_id"] != given["product_id"].tolist():
            return f"{function} changes the very products_df that it is given: work on a copy."
        if frame.index != tuple(given.index.tolist()):
            return f"{function} gives the very products_df that it is given a new index: work on a copy."
        return None

    return each(problem)
