"""Sliders: a picture that follows a number, such as alpha with its plane and the ranks that move."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from ..hybrid import fuse_scores
from ..ranking import check_same_length, top_k
from .mixing import SOURCES, bump_chart, key, plane, sources
from .picture import INK, Picture, drawing, short


def alpha_slider(semantic, bm25, names: Sequence[str], k: int = 10):
    """A slider for alpha above the plane and the first k products, whose ranks move with it.

    Where no notebook window is there to move it (a page on the web, a notebook that a program runs), the same is
    shown as the picture of `bump_chart`.

    Parameters
    ----------
    semantic, bm25 : arrays of shape (n,)
        Scores of one query, normalised to [0, 1].
    names : n product names

    Returns
    -------
    an ipywidgets box, or a Picture

    Raises
    ------
    ValueError
        As for `bump_chart`.
    """
    return with_slider(
        "alpha",
        lambda alpha: mix_at(semantic, bm25, names, alpha, k),
        bump_chart(semantic, bm25, names, k=k),
        value=0.5,
        max=1,
        step=0.05,
    )


def with_slider(name: str, draw: Callable[[float], Picture], still: Picture, value: float, max: float, step: float):
    """A slider from 0 to `max` above the picture that `draw` makes of its value; where no window is there, `still`.

    Returns
    -------
    an ipywidgets box, or a Picture
    """
    if not _has_window():
        return still
    import ipywidgets

    page = lru_cache(maxsize=None)(lambda number: draw(number).html())  # a step is drawn once
    slider = ipywidgets.FloatSlider(value, min=0, max=max, step=step, description=name, layout={"width": "60%"})
    picture = ipywidgets.HTML(page(value))
    slider.observe(lambda change: setattr(picture, "value", page(round(change["new"], 2))), names="value")
    return ipywidgets.VBox([slider, picture])


def mix_at(semantic, bm25, names: Sequence[str], alpha: float, k: int = 10) -> Picture:
    """One position of the slider: left the plane, right the first k with their ranks by each score alone."""
    semantic, bm25 = np.asarray(semantic, dtype=np.float64), np.asarray(bm25, dtype=np.float64)
    check_same_length(names=len(names), semantic=len(semantic), bm25=len(bm25))
    best = top_k(fuse_scores(semantic, bm25, alpha), k)
    source, names = sources(semantic, bm25, k), list(names)
    alone = [np.argsort(np.argsort(-scores, kind="stable"), kind="stable") + 1 for scores in (bm25, semantic)]
    with drawing(8.2, 4.4, f"alpha {alpha:.2f}", panels=2) as (figure, (left, right)):
        plane(left, semantic, bm25, alpha, k)
        right.set_axis_off()
        right.set(xlim=(0, 1), ylim=(k + 1.0, -0.2))
        columns = ((0.0, "left"), (0.12, "left"), (0.79, "right"), (1.0, "right"))
        for (x, side), text in zip(columns, ("rank", "product", "BM25", "semantic")):
            right.text(x, 0, text, ha=side, va="center", weight="bold", fontsize=9.5)
        for rank, i in enumerate(best.tolist(), start=1):
            words = f"{alone[0][i]}" if bm25[i] > 0 else "–"
            for (x, side), text in zip(columns, (rank, short(names[i], 24), words, alone[1][i])):
                right.text(x, rank, str(text), ha=side, va="center", fontsize=9.5)
            colour, _, marker = SOURCES[source[i]]
            right.plot(0.085, rank, marker=marker, color=colour, markersize=7)
        right.plot([0, 1], [0.5, 0.5], color=INK, linewidth=0.8)
        key(figure, *left.get_legend_handles_labels(), k, columns=2)
    shown = ", ".join(str(names[i]) for i in best)
    return Picture(figure, f"Ranking at alpha {alpha:.2f}: {shown}.")


def _has_window() -> bool:
    """Whether a cell of an open notebook asked for this: Jupyter's windows name the cell, programs do not."""
    from IPython.core.getipython import get_ipython

    asked = getattr(get_ipython(), "get_parent", None)
    return asked is not None and "cellId" in asked().get("metadata", {})
