"""Many similarities at once: all pairs of a few texts, and the spread over thousands of pairs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .picture import CYCLE, FAINT, Picture, drawing, luminance, short


def similarity_heatmap(similarities, labels: Sequence[str], title: str = "Cosine similarity") -> Picture:
    """A table of similarities as coloured squares with the number in each.

    The diagonal, each text with itself, is left grey: there the cosine is 1, whatever the text.

    Parameters
    ----------
    similarities : array of shape (n, n)
    labels : n names, for rows and columns

    Raises
    ------
    ValueError
        If the shape does not fit the labels.
    """
    similarities, labels = np.asarray(similarities, dtype=np.float64), list(labels)
    n = len(labels)
    if similarities.shape != (n, n):
        raise ValueError(f"{n} labels need similarities of shape ({n}, {n}); got {similarities.shape}.")
    others = np.ma.masked_array(similarities, np.eye(n, dtype=bool) | np.isnan(similarities))
    low, high = (0.0, 1.0) if n < 2 else (min(0.0, others.min()), others.max())
    named = [short(label) for label in labels]
    room = 0.09 * max(map(len, named), default=0)  # inches for the longest of them
    with drawing(max(0.66 * n + room + 0.6, 3.5), 0.5 * n + 0.6 * room + 1, title) as (figure, (axes,)):
        image = axes.imshow(others, cmap="cividis", vmin=low, vmax=max(high, low + 0.01), aspect="auto")
        axes.set_facecolor(FAINT)
        axes.set_xticks(range(n), named, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(n), named)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        for (row, column), value in np.ndenumerate(similarities):
            if row != column:
                light = luminance(image.to_rgba(value)) > 0.18  # there black and white stand out alike
                number: dict[str, Any] = {
                    "ha": "center",
                    "va": "center",
                    "fontsize": 9.5,
                    "color": "black" if light else "white",
                }
                axes.text(column, row, f"{value:.2f}", **number)
    said = f"Table of cosines between {n} texts."
    if n > 1:
        order = np.where(np.eye(n, dtype=bool), -np.inf, np.nan_to_num(similarities, nan=-np.inf))
        row, column = np.unravel_index(order.argmax(), order.shape)
        least = np.unravel_index(others.argmin(), others.shape)
        said += (
            f" The most similar two are {labels[row]!r} and {labels[column]!r} ({similarities[row, column]:.2f}),"
            f" the least {labels[least[0]]!r} and {labels[least[1]]!r} ({similarities[least]:.2f})."
        )
    return Picture(figure, said)


def similarity_histograms(
    similarities: Mapping[str, Sequence[float]], title: str = "How similar are two products?"
) -> Picture:
    """Histograms of similarities, one over the other, each with its median as a dashed line.

    Parameters
    ----------
    similarities : dict of name -> array of cosines
        A group without any is not drawn, and one line says so.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    groups = {name: np.asarray(values, dtype=np.float64) for name, values in similarities.items()}
    if absent := [name for name, values in groups.items() if not len(values)]:
        print(f"Not drawn, because this catalogue has none: {', '.join(absent)}.")
    groups = {name: values for name, values in groups.items() if len(values)}
    if not groups:
        raise ValueError("similarities must hold at least one group with at least one number.")
    everything = np.concatenate(list(groups.values()))
    bins = np.linspace(everything.min(), max(everything.max(), everything.min() + 0.01), 50).tolist()
    said = {
        name: f"{short(name, 50)}: {len(values):,}, median {np.median(values):.2f}" for name, values in groups.items()
    }
    with drawing(7.6, 3.9 + 0.22 * len(groups), title) as (figure, (axes,)):
        for (name, values), colour, pattern in zip(groups.items(), CYCLE * len(groups), ("", "//", "..") * len(groups)):
            weights = np.full(len(values), 1 / len(values))
            axes.hist(values, bins, weights=weights, histtype="stepfilled", color=colour, alpha=0.3)
            outline: dict[str, Any] = {"edgecolor": colour, "linewidth": 1.8, "hatch": pattern, "label": said[name]}
            axes.hist(values, bins, weights=weights, histtype="step", **outline)
            axes.axvline(np.median(values), color=colour, linestyle="--", linewidth=1.6)
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axes.set(xlabel="cosine similarity (dashed: median)", ylabel="share of the group's own pairs")
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.18))
    return Picture(figure, f"Histograms of cosine similarity. Number of pairs: {'; '.join(said.values())}.")
