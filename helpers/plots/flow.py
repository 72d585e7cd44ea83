"""Semantic search as two lanes: what is done once, and what is done for each query."""

from typing import TYPE_CHECKING, Any

from .picture import BLUE, INK, VERMILION, Picture, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HALF = 0.4  # the width of a box, where the columns are 1 apart


def pipeline(n: int | None = None, d: int = 384, k: int = 10, title: str = "Semantic search, in two lanes") -> Picture:
    """The steps of semantic search: one lane once, before anybody searches, the other for each query.

    Parameters
    ----------
    n : int, optional
        Number of products; default the letter n.
    d : int
        Dimension of the embeddings.
    k : int
        Length of the result.
    """
    many = "n" if n is None else f"{n:,}"
    steps = {
        (0, 1): f"{many}\nproducts",
        (1, 1): "texts:\nname + class",
        (2, 1): "model",
        (3, 1): f"embeddings\n{many} × {d}",
        (1, 0): "query",
        (2, 0): "same model",
        (3, 0): f"embedding\n1 × {d}",
        (4, 0): f"{many}\ncosines",
        (5, 0): f"top {k}",
    }
    lanes = {1: ("once, before anybody searches", VERMILION), 0: ("for each query", BLUE)}
    with drawing(8.3, 3.1, title) as (figure, (axes,)):
        axes.set(xlim=(-0.6, 5.6), ylim=(-0.32, 1.62))
        axes.set_axis_off()
        for lane, (name, colour) in lanes.items():
            axes.axhspan(lane - 0.3, lane + 0.56, color=colour, alpha=0.1, linewidth=0)
            axes.text(-0.52, lane + 0.43, name, weight="bold", va="center")
        for (column, lane), text in steps.items():
            _box(axes, column, lane, text, lanes[lane][1])
            if (column + 1, lane) in steps:
                _arrow(axes, (column + _HALF, lane), (column + 1 - _HALF, lane))
        _arrow(axes, (3 + _HALF, 1), (4, 0.21), connectionstyle="angle,angleA=0,angleB=90")
        axes.plot([2, 2], [0.21, 0.79], color=INK, linewidth=1.4, linestyle=":")
    return Picture(
        figure,
        f"Two lanes. Once, before anybody searches: {many} products, their texts (name and class), the model, "
        f"an array of {many} embeddings of {d} numbers. For each query: the query, the same model, one embedding of "
        f"{d} numbers, its cosine with each of the {many} stored embeddings, the {k} products with the highest cosine.",
    )


def _box(axes: "Axes", x: float, y: float, text: str, colour: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape: dict[str, Any] = {
        "boxstyle": "round,pad=0,rounding_size=0.06",
        "facecolor": "none",
        "edgecolor": colour,
        "linewidth": 1.6,
    }
    axes.add_patch(FancyBboxPatch((x - _HALF, y - 0.2), 2 * _HALF, 0.4, **shape))
    axes.text(x, y, text, ha="center", va="center", fontsize=10)


def _arrow(axes: "Axes", start: tuple[float, float], end: tuple[float, float], **path) -> None:
    look = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.6, "mutation_scale": 14, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops=look | path)
