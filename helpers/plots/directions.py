"""Vectors as arrows on the unit circle."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .picture import CYCLE, FAINT, INK, Picture, drawing
from .placing import place_labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def angles(vectors: Mapping[str, Sequence[float]], title: str = "Directions, and the unit circle") -> Picture:
    """Vectors of two numbers as arrows, with the angle of each to the first as an arc, and its cosine.

    The dotted circle holds all vectors of length 1; a dot on it is where an arrow points once its length is divided
    out. Lengths between 0.5 and 2 show best. Where arrows are too crowded for their labels, a key lists them.

    Parameters
    ----------
    vectors : dict of name -> two numbers; the first one is what the others are compared with.

    Raises
    ------
    ValueError
        If there is no vector, one is not two numbers, or one is zero and so has no direction.
    """
    arrows = np.array(list(vectors.values()), dtype=np.float64)
    if arrows.ndim != 2 or arrows.shape[1:] != (2,) or not np.linalg.norm(arrows, axis=1).all():
        raise ValueError("every vector must be two numbers, not both zero.")
    lengths = np.linalg.norm(arrows, axis=1)
    cosines = np.clip(arrows @ arrows[0] / (lengths * lengths[0]), -1, 1)
    start = np.arctan2(arrows[0, 1], arrows[0, 0])
    turns = np.arctan2(arrows @ [-np.sin(start), np.cos(start)], arrows @ [np.cos(start), np.sin(start)])
    names = list(vectors)
    labels = [names[0]] + [
        f"{name}: {np.degrees(abs(turn)):.0f}°, cosine {cosine:.2f}"
        for name, turn, cosine in zip(names[1:], turns[1:], cosines[1:])
    ]
    figure, labelled = _draw(arrows, start, turns, names[0], title, labels)
    if labelled < len(labels):
        figure, _ = _draw(arrows, start, turns, names[0], title, names, key=labels)
    said = "; ".join(labels[1:])
    return Picture(figure, f"Arrows from the centre of the unit circle. Angle with {names[0]}, and its cosine: {said}.")


def _draw(
    arrows: np.ndarray,
    start: float,
    turns: np.ndarray,
    first: str,
    title: str,
    labels: list[str],
    key: Sequence[str] = (),
) -> "tuple[Figure, int]":
    """The figure, and how many labels found a place at their arrows; `key` lists others below."""
    lengths = np.linalg.norm(arrows, axis=1)
    reach = max(1.0, lengths.max())
    with drawing(7.6, 4.8 + 0.11 * len(key), title) as (figure, (axes,)):
        circle = np.linspace(0, 2 * np.pi, 241)
        round_about = np.column_stack([np.cos(circle), np.sin(circle)])
        axes.plot(*round_about.T, color=INK, linewidth=1.1, linestyle=":")
        # One arc for each angle, however many vectors share it.
        first_of = [
            i for i, turn in enumerate(turns) if i and not np.isclose(turn, turns[1:i]).any() and abs(turn) > 1e-9
        ]
        inner = 0.24 * reach + 0.11 * reach * np.arange(len(first_of))
        along = np.linspace(-8 * reach, 8 * reach, 1200)
        cross = np.vstack([np.column_stack(pair) for pair in ((along, 0 * along), (0 * along, along))])
        marks = [round_about, cross]
        for i, radius in zip(first_of, inner):
            arc = start + np.linspace(0, turns[i], 60)
            curve = radius * np.column_stack([np.cos(arc), np.sin(arc)])
            axes.plot(*curve.T, color=CYCLE[i % len(CYCLE)], linewidth=1.6)
            marks.append(curve)
        for i, (x, y) in enumerate(arrows):
            colour = CYCLE[i % len(CYCLE)]
            arrowprops = {"arrowstyle": "-|>", "color": colour, "linewidth": 2.2, "mutation_scale": 16, "shrinkB": 0}
            axes.annotate("", xy=(x, y), xytext=(0, 0), arrowprops=arrowprops)
            axes.plot(x / lengths[i], y / lengths[i], "o", color=colour, markersize=6)
            marks.append(np.linspace((0, 0), (x, y), 60))
        low, high = (f(np.vstack([arrows, -np.ones(2), np.ones(2)]), axis=0) for f in (np.min, np.max))
        edge = 0.12 * reach
        axes.set(aspect="equal", xlim=(low[0] - 8 * edge, high[0] + 8 * edge), ylim=(low[1] - edge, high[1] + 2 * edge))
        axes.set(xlabel=f"first number (angles and cosines are with {first})", ylabel="second number")
        axes.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
        axes.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
        if key:
            lines = [axes.plot([], [], color=CYCLE[i % len(CYCLE)], linewidth=2.2)[0] for i in range(len(key))]
            figure.legend(lines, key, loc="outside lower left", ncols=2)
        return figure, place_labels(axes, arrows, labels, np.vstack(marks), 2.0)
