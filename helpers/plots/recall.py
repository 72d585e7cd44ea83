"""What searches found: slot by slot, and by both or one or neither."""

import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from ..measures import calculate_recall
from .picture import BLUE, GREEN, INK, MEANING, WORDS, Picture, drawing

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.patches import Patch

_UNIT = 0.37  # inches, the side of a square


def recall_grid(rows: Mapping[str, tuple[Iterable, Collection]], k: int = 10, title: str | None = None) -> Picture:
    """The k slots of each result, filled where a product is relevant, and the recall below its ceiling.

    No search can fill more than k slots: where a query has R > k relevant products, recall ends at k / R.

    Parameters
    ----------
    rows : dict of name -> (ids found, best first; ids that are relevant)
        Where the second is a mapping of id -> grade, grades above 0 are relevant, and a product that is not in it is
        shown as one that nobody judged.
    k : int

    Raises
    ------
    ValueError
        If there is no row.
    """
    if not rows:
        raise ValueError("rows must hold at least one result.")
    said, bar, length = [], k + 0.3, 3.2  # where the bars begin, and what a recall of 1 is long
    width = bar + length + 0.6
    room = _UNIT * width + 3.1, 1.15 * _UNIT * len(rows) + 1.6
    with drawing(*room, title or f"Recall@{k}, slot by slot") as (figure, (axes,)):
        for y, (name, (found, relevant)) in enumerate(rows.items()):
            judged = relevant if isinstance(relevant, Mapping) else None
            good = set(relevant) if judged is None else {i for i, grade in judged.items() if grade > 0}
            slots = list(islice(found, k))
            marks = ["✓" if i in good else "–" if judged is None or i in judged else "?" for i in slots]
            for x, mark in enumerate(marks + [""] * (k - len(marks))):
                axes.add_patch(_square(x, y, GREEN if mark == "✓" else "none"))
                axes.text(x, y, mark, ha="center", va="center", color="white" if mark == "✓" else INK, weight="bold")
            recall, ceiling = calculate_recall(slots, good, k), min(k, len(good)) / max(len(good), 1)
            axes.barh(y, length, left=bar, height=0.4, color="none", edgecolor=INK, linewidth=0.8)
            axes.barh(y, length * recall, left=bar, height=0.4, color=GREEN)
            axes.plot(
                [bar + length * ceiling] * 2, [y - 0.38, y + 0.38], color=BLUE, linewidth=3, solid_capstyle="butt"
            )
            share, limit = f"{marks.count('✓')} of {len(good)}: {recall:.3f}", f"(at most {ceiling:.3f})"
            beside: dict[str, Any] = {
                "xycoords": axes.get_yaxis_transform(),
                "textcoords": "offset points",
                "va": "center",
                "fontsize": 9.5,
            }
            axes.annotate(f"{share}\n{limit}", (1, y), (4, 0), **beside)
            said.append(f"{name}: {share} {limit}")
        names = ["\n".join(textwrap.wrap(name, 24, max_lines=2, placeholder="…")) for name in rows]
        axes.set_yticks(range(len(rows)), names, fontsize=9.5)
        axes.set_xticks([*range(k), bar, bar + length], [*map(str, range(1, k + 1)), "0", "1"], fontsize=9)
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.spines[:].set_visible(False)
        axes.set(xlim=(-0.6, width - 0.6), ylim=(len(rows) - 0.4, -0.6))
        keys: list[Artist] = [_key("✓ relevant", GREEN), _key("– not relevant", "none")]
        if any(text.get_text() == "?" for text in axes.texts):
            keys.append(_key("? without a label", "none"))
        keys.append(axes.plot([], [], color=BLUE, linewidth=3, label="as high as recall can be")[0])
        figure.legend(handles=keys, loc="outside lower left", ncols=2)
    return Picture(figure, f"The first {k} slots of each result, filled where relevant. Found {'; '.join(said)}.")


def found_by(
    first: Sequence[Iterable],
    second: Sequence[Iterable],
    relevant: Sequence[Collection],
    names: tuple[str, str] = ("BM25", "semantic search"),
    k: int = 10,
    title: str = "Who finds the relevant products?",
) -> Picture:
    """A hundred squares for all relevant products of all queries: found by both searches, by one, by neither.

    Parameters
    ----------
    first, second : q rankings of each search, ids best first; the first k of each count
    relevant : q collections of ids
    names : of the two searches

    Raises
    ------
    ValueError
        If the lengths differ, or no query has a relevant product.
    """
    if not len(first) == len(second) == len(relevant):
        raise ValueError(
            "there must be two rankings and one collection of relevant ids for each query; got "
            f"{len(first)}, {len(second)} and {len(relevant)}."
        )
    counts, reachable = np.zeros(4, dtype=int), 0
    for one, other, good in zip(first, second, map(set, relevant)):
        one, other = good & set(islice(one, k)), good & set(islice(other, k))
        counts += [len(one & other), len(one - other), len(other - one), len(good - one - other)]
        reachable += min(len(good), k)
    total = int(counts.sum())
    if not total:
        raise ValueError("no query has a relevant product, so there is nothing to find.")
    labels = ["found by both", f"only by {names[0]}", f"only by {names[1]}", "by neither"]
    labels = [f"{label}: {count:,} ({count / total:.0%})" for label, count in zip(labels, counts)]
    looks = [(GREEN, "xx"), (WORDS, "//"), (MEANING, ".."), ("none", "")]
    shares = 100 * counts / total
    squares = np.floor(shares).astype(int)  # the squares that are left go to the largest remainders
    squares[np.argsort(squares - shares, kind="stable")[: 100 - squares.sum()]] += 1
    with drawing(7.6, 3.4, title) as (figure, (axes,)):
        for place, look in enumerate(np.repeat(np.arange(4), squares)):
            axes.add_patch(_square(place // 5, place % 5, *looks[look]))
        axes.set(xlim=(-0.6, 19.6), ylim=(4.6, -0.6), aspect="equal")
        axes.set_axis_off()
        keys = [_key(label, *look) for look, label in zip(looks, labels)]
        limit = (
            f"{total:,} relevant products, of which one search alone can reach {reachable:,} ({reachable / total:.0%})"
        )
        room = {"ncols": 2, "handleheight": 1.4, "title": limit, "alignment": "left"}
        axes.legend(handles=keys, loc="upper left", bbox_to_anchor=(0, -0.02), **room)
    return Picture(
        figure,
        f"A hundred squares for {total:,} relevant products of {len(relevant):,} queries, first {k} results of each "
        f"search: {'; '.join(labels)}. One search alone can reach {reachable:,} of them at most.",
    )


def _square(x: float, y: float, colour: str, hatch: str = "") -> "Patch":
    """A slot with its centre at (x, y). A pattern lies on a lighter ground of its own colour."""
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    ground = colour if colour == "none" or not hatch else to_rgba(colour, 0.45)
    edge = INK if colour == "none" else colour
    return Rectangle((x - 0.42, y - 0.42), 0.84, 0.84, facecolor=ground, edgecolor=edge, hatch=hatch, linewidth=1)


def _key(label: str, colour: str, hatch: str = "") -> "Patch":
    """The square of a legend."""
    patch = _square(0, 0, colour, hatch)
    patch.set_label(label)
    return patch
