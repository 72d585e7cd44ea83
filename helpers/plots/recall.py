"""What searches found: slot by slot, by both or one or neither, and query by query."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from ..measures import calculate_recall
from .picture import BLUE, GREEN, INK, MEANING, WORDS, Picture, drawing, short
from .placing import place_labels

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.patches import Patch

_UNIT = 0.42  # inches, the side of a square


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
    said, bar, length = [], k + 0.3, 4.2  # where the bars begin, and what a recall of 1 is long
    width = bar + length + 0.9
    named = [short(name, 34) for name in rows]
    with drawing(
        _UNIT * width + 0.09 * max(map(len, named)) + 3.2, _UNIT * len(rows) + 1.6, title or f"Recall@{k}, slot by slot"
    ) as (
        figure,
        (axes,),
    ):
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
            text = f"{marks.count('✓')} of {len(good)}: {recall:.3f} (at most {ceiling:.3f})"
            beside: dict[str, Any] = {
                "xycoords": axes.get_yaxis_transform(),
                "textcoords": "offset points",
                "va": "center",
            }
            axes.annotate(text, (1, y), (4, 0), **beside)
            said.append(f"{name}: {text}")
        axes.set_yticks(range(len(rows)), named)
        axes.set_xticks([*range(k), bar, bar + length], [*map(str, range(1, k + 1)), "0", "1"], fontsize=9)
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.spines[:].set_visible(False)
        axes.set(xlim=(-0.6, width - 0.6), ylim=(len(rows) - 0.4, -0.6))
        keys: list[Artist] = [_key("✓ relevant", GREEN), _key("– not relevant", "none")]
        if any(text.get_text() == "?" for text in axes.texts):
            keys.append(_key("? nobody judged it", "none"))
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


def recall_scatter(
    x,
    y,
    x_name: str = "BM25",
    y_name: str = "semantic search",
    k: int = 10,
    title: str = "Recall of each query, both ways",
    queries: Sequence[str] = (),
    labelled: int = 6,
) -> Picture:
    """Recall of two searches, query by query: one marker per pair of values, larger where more queries coincide.

    Parameters
    ----------
    x, y : arrays of shape (q,)
    queries : q texts, optional
        The `labelled` of them on which the searches differ most stand at their markers, where there is room.

    Raises
    ------
    ValueError
        If the shapes differ or there is no query.
    """
    x, y, queries = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), list(queries)
    if x.ndim != 1 or x.shape != y.shape or not len(x):
        raise ValueError(f"x and y must hold one recall per query each; got shapes {x.shape} and {y.shape}.")
    if queries and len(queries) != len(x):
        raise ValueError(f"queries must hold one text for each of the {len(x)} recalls; got {len(queries)}.")
    places, of_place, counts = np.unique(
        np.round(np.column_stack([x, y]), 6), axis=0, return_inverse=True, return_counts=True
    )
    areas = 26.0 * counts
    above, below = places[:, 1] > places[:, 0], places[:, 1] < places[:, 0]
    groups = [
        (f"{y_name} finds more", above, MEANING, "^"),
        (f"{x_name} finds more", below, WORDS, "v"),
        ("both find as much", ~above & ~below, INK, "o"),
    ]
    end = min(1.0, places.max() * 1.08) or 1.0
    edge = (-0.13 * end, 1.13 * end)
    with drawing(9.0, 5.4, title) as (figure, (axes,)):
        axes.plot(edge, edge, color=INK, linewidth=0.9, linestyle=":", zorder=0)
        keys = []
        for label, chosen, colour, marker in groups:
            at, size = places[chosen], areas[chosen]
            axes.scatter(
                at[:, 0], at[:, 1], s=size, color=colour, marker=marker, alpha=0.75, edgecolors=INK, linewidths=0.5
            )
            label = f"{label}: {counts[chosen].sum()}"
            keys.append(axes.scatter([], [], s=60, color=colour, marker=marker, label=label))
        axes.set(xlim=edge, ylim=edge, aspect="equal")
        axes.set(xlabel=f"Recall@{k} of {x_name}", ylabel=f"Recall@{k} of {y_name}")
        figure.legend(handles=keys, loc="outside right upper", title="queries", labelspacing=0.8)
        sizes = sorted({1, int(np.sqrt(counts.max())), int(counts.max())})
        circles = [axes.scatter([], [], s=26 * size, color=INK, alpha=0.5, linewidths=0) for size in sizes]
        room: dict[str, Any] = {"labelspacing": 1.5, "handletextpad": 1.2, "borderpad": 1}
        figure.legend(circles, list(map(str, sizes)), loc="outside right lower", title="queries at one point", **room)
        marks = np.vstack([places, np.column_stack([np.linspace(*edge, 300)] * 2)])
        radii = np.concatenate([np.sqrt(areas) / 2 + 1, np.full(300, 0.5)])
        # One label for each marker, the widest difference first, in turn from either side of the line.
        name_of = {int(place): short(query) for place, query in reversed(list(zip(of_place.reshape(-1), queries)))}
        widest = np.argsort(-np.abs(places[:, 1] - places[:, 0]), kind="stable")
        for side, most in ((above, (labelled + 1) // 2), (below, labelled // 2)):
            told = [i for i in widest.tolist() if side[i]] if queries else []
            texts = [name_of[i] + (f" and {counts[i] - 1} more" if counts[i] > 1 else "") for i in told]
            place_labels(axes, places[told], texts, marks, radii, most)
    return Picture(
        figure,
        f"Scatter of Recall@{k} per query, {x_name} across and {y_name} up, {len(x)} queries: "
        f"{y_name} finds more for {int((x < y).sum())}, {x_name} for {int((x > y).sum())}, equal for "
        f"{int((x == y).sum())}.",
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
