"""Rules for choosing a parameter by measuring: a table of its values with the mean that each reaches, and the best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.judge.evidence import Answer, Number
from autograder.judge.question import Exchange, Probe, as_frame, as_number, describe
from autograder.judge.ties import TOLERANCE


@dataclass(frozen=True)
class Means:
    """The least and the greatest mean at each value that right answers can have: the `about` of a table's probe."""

    least: np.ndarray
    most: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, float]]) -> "Means":
        """Those of a table among the reference values, a row for each value; none while they are being measured."""
        return cls(np.array([row["least"] for row in rows]), np.array([row["most"] for row in rows]))


@dataclass(frozen=True)
class Sweep:
    """What is asked, in the notebook's names: a DataFrame `table` with the columns `parameter` and `mean`, one row for
    each of `values`, which the notebook calls `listed`; and `best`, the value with the highest mean.

    asked: what the mean is, for a sentence that ends with it; none: what an item without anything to find counts as.
    """

    table: str
    parameter: str
    mean: str
    best: str
    listed: str
    values: Sequence[float]
    asked: str
    none: str

    def looks(self, prefix: str, right: Means) -> list[Probe]:
        """Probes that read both variables."""
        return [
            Probe(f"{prefix}/0", read=self.table, columns=(self.parameter, self.mean), about=right),
            Probe(f"{prefix}/1", read=self.best),
        ]

    def wrong_table(self, exchange: Exchange, shop: Any) -> str | None:
        """`Check.problem` for the means."""
        table = self._table(exchange[0][1])
        if isinstance(table, str):
            return table
        _, means = table
        right = exchange[0][0].about
        wrong = (means < right.least - TOLERANCE) | (means > right.most + TOLERANCE)
        if not wrong.any():
            return None
        first = int(np.flatnonzero(wrong)[0])
        return (
            f"{int(wrong.sum())} of {len(means)} means in {self.table} differ from the reference; the first is that of "
            f"{self.parameter}={self.values[first]}, where you have {means[first]:.4f}. It should be {self.asked}."
        )

    def wrong_best(self, exchange: Exchange, shop: Any) -> str | None:
        """`Check.problem` for the best value: it is judged by the student's own table."""
        table, best = self._table(exchange[0][1]), as_number(exchange[1][1])
        if isinstance(best, str):
            return best
        if not isinstance(exchange[1][1], Number):
            return (
                f"{self.best} is {describe(exchange[1][1])}. It should be one plain number: take the one that it holds."
            )
        if isinstance(table, str):
            return table
        values, means = table
        if not np.isclose(values, best, atol=1e-9).any():
            return f"{self.best} is {best:.4g}, which is not one of {self.listed}."
        if means[np.isclose(values, best, atol=1e-9)][0] < means.max() - 1e-12:
            return f"{self.best} is {best:.4g}, but another row of your {self.table} has a higher {self.mean}."
        return None

    def _table(self, answer: Answer) -> tuple[np.ndarray, np.ndarray] | str:
        """The values and means of a student's table, sorted by value, or a sentence."""
        frame = as_frame(answer, self.parameter, self.mean)
        if isinstance(frame, str):
            return frame
        cells = frame.columns[self.parameter] + frame.columns[self.mean]
        if not all(isinstance(x, (int, float)) and np.isfinite(x) for x in cells):
            return f"{self.table} holds something that is not a number. {self.none}"
        values = np.array(frame.columns[self.parameter], float)
        means = np.array(frame.columns[self.mean], float)
        if len(values) != len(self.values):
            return (
                f"{self.table} has {len(values)} rows; it should have {len(self.values)}, one for every value of "
                f"{self.listed}."
            )
        order = np.argsort(values)
        if np.abs(values[order] - self.values).max() > 1e-9:
            return f"The {self.parameter} column of {self.table} should hold exactly the values of {self.listed}."
        return values[order], means[order]
