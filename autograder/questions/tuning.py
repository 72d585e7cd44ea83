"""The questions on choosing alpha and on reflecting about it."""

import numpy as np

from autograder.homework import ALPHAS, Homework
from autograder.questions.base import Check, Exchange, Probe, Question, as_frame, as_number

MEAN_TOLERANCE = 1e-6


def _look(check: str):
    return lambda rng, homework: [
        Probe(f"best_alpha/{check}/0", read="alpha_table", columns=("alpha", "mean_recall")),
        Probe(f"best_alpha/{check}/1", read="best_alpha")]


def _table(answer) -> tuple[np.ndarray, np.ndarray] | str:
    """The alphas and means of a student's table, sorted by alpha, or a sentence."""
    frame = as_frame(answer, "alpha", "mean_recall")
    if isinstance(frame, str):
        return frame
    cells = frame.columns["alpha"] + frame.columns["mean_recall"]
    if not all(isinstance(x, (int, float)) and np.isfinite(x) for x in cells):
        return "alpha_table holds something that is not a number. Does a query without relevant products count as 0.0?"
    alphas, means = np.array(frame.columns["alpha"], float), np.array(frame.columns["mean_recall"], float)
    if len(alphas) != len(ALPHAS):
        return f"alpha_table has {len(alphas)} rows; it should have {len(ALPHAS)}, one for every value of ALPHAS."
    order = np.argsort(alphas)
    if np.abs(alphas[order] - ALPHAS).max() > 1e-9:
        return "The alpha column of alpha_table should hold exactly the values of ALPHAS."
    return alphas[order], means[order]


def _wrong_table(exchange: Exchange, homework: Homework) -> str | None:
    table = _table(exchange[0][1])
    if isinstance(table, str):
        return table
    _, means = table
    least = np.array([row["least"] for row in homework.reference["alpha_table"]])
    most = np.array([row["most"] for row in homework.reference["alpha_table"]])
    wrong = (means < least - MEAN_TOLERANCE) | (means > most + MEAN_TOLERANCE)
    if not wrong.any():
        return None
    first = int(np.flatnonzero(wrong)[0])
    return (f"{int(wrong.sum())} of {len(means)} means in alpha_table differ from the reference; the first is that of "
            f"alpha={ALPHAS[first]}, where you have {means[first]:.4f}. It should be the mean Recall@10 of "
            "hybrid_search over all rows of queries, with relevant products from labels (grade > 0).")


def _wrong_best(exchange: Exchange, homework: Homework) -> str | None:
    table, best = _table(exchange[0][1]), as_number(exchange[1][1])
    if isinstance(best, str):
        return best
    if isinstance(table, str):
        return table
    alphas, means = table
    if not np.isclose(alphas, best, atol=1e-9).any():
        return f"best_alpha is {best:.4g}, which is not one of ALPHAS."
    if means[np.isclose(alphas, best, atol=1e-9)][0] < means.max() - 1e-12:
        return f"best_alpha is {best:.4g}, but another row of your alpha_table has a higher mean_recall."
    return None


BEST_ALPHA = Question("best_alpha", 10, "Choose the mix by measuring", (
    Check("table", 6, "the mean Recall@10 at each alpha", _look("table"), _wrong_table),
    Check("best", 4, "the alpha with the highest mean", _look("best"), _wrong_best),
))

REFLECTION = Question("reflection", 5, "Explain what you measured")
