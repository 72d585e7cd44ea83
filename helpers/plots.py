"""The lectures' pictures: each function draws one, from plain arrays, and a cell needs one line for it.

A picture has a white ground, so that it reads the same in a light and in a dark notebook; its colours are those of
Okabe & Ito, "Color Universal Design" (2008), which stay apart for colour-blind eyes, and nothing is told by colour
alone. Each picture says in words what it shows, for readers who cannot see it. matplotlib is imported when
something is drawn, not before.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, INK, DARK_GREY, GREY = "#56B4E9", "#CC79A7", "#222222", "#707070", "#B8B8B8"
_CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, DARK_GREY)
_MARKERS = "osD^vPX"
_DPI, _SHOWN_DPI = 132, 88  # more dots than a page needs, so that the picture is sharp on a fine screen
_STYLE: "dict[RcKeyType, Any]" = {
    "font.family": "sans-serif",
    "font.size": 10.5,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "white",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": False,
    "legend.frameon": False,
}


class Picture:
    """A finished drawing. As the last line of a cell it is shown once, with its description for screen readers.

    Parameters
    ----------
    figure : matplotlib Figure
    description : str
        What the picture shows, in a sentence or two.
    """

    def __init__(self, figure: "Figure", description: str) -> None:
        self.figure = figure
        self.description = description

    def png(self) -> bytes:
        """The picture as a PNG file."""
        buffer = io.BytesIO()
        # Without the name of the program, the same drawing gives the same bytes.
        with _style():  # ticks are only made when the figure is drawn
            self.figure.savefig(buffer, format="png", dpi=_DPI, facecolor="white", metadata={"Software": None})
        return buffer.getvalue()

    def save(self, path: str | Path) -> None:
        """Write the picture to a PNG file."""
        Path(path).write_bytes(self.png())

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        width, height = (round(inches * _SHOWN_DPI) for inches in self.figure.get_size_inches())
        data = {"image/png": base64.b64encode(self.png()).decode("ascii"), "text/plain": self.description}
        return data, {"image/png": {"width": width, "height": height, "alt": self.description}}

    def __repr__(self) -> str:
        return self.description


def angles(vectors: Mapping[str, Sequence[float]], title: str = "Directions from the origin") -> Picture:
    """Vectors of two numbers as arrows, with the cosine of each with the first.

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
    cosines = arrows @ arrows[0] / (lengths * lengths[0])
    with _drawing(7.0, 4.1, title) as (figure, axes):
        for i, ((x, y), name, colour) in enumerate(zip(arrows, vectors, _CYCLE * len(arrows))):
            axes.annotate(
                "",
                xy=(x, y),
                xytext=(0, 0),
                arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2, "mutation_scale": 16},
            )
            label = f"{name}\ncosine {cosines[i]:.2f}" if i else f"{name}\n(all cosines are with {name})"
            # Beside the tip, on the side away from the arrow and from a longer one of the same direction.
            place = {"xytext": (9, 3), "va": "top"} if x > 0 else {"xytext": (0, 5), "va": "bottom", "ha": "center"}
            axes.annotate(label, (x, y), textcoords="offset points", color=INK, **place)
        low, high = np.minimum(arrows.min(axis=0), 0), np.maximum(arrows.max(axis=0), 0)
        reach = max(high - low)
        axes.set(
            xlim=(low[0] - 0.16 * reach, high[0] + 0.5 * reach),
            aspect="equal",
            ylim=(low[1] - 0.08 * reach, high[1] + 0.18 * reach),
            xlabel="first number",
            ylabel="second number",
        )
        axes.axhline(0, color=GREY, linewidth=0.8, zorder=0)
        axes.axvline(0, color=GREY, linewidth=0.8, zorder=0)
    first, *others = vectors
    said = ", ".join(f"{name} {cosine:.2f}" for name, cosine in zip(others, cosines[1:]))
    return Picture(figure, f"Arrows from the origin. Cosine with {first}: {said}.")


def similarity_heatmap(similarities, labels: Sequence[str], title: str = "Cosine similarity") -> Picture:
    """A table of similarities as coloured squares with the number in each.

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
    with _drawing(0.62 * n + 2.6, 0.5 * n + 1.5, title) as (figure, axes):
        image = axes.imshow(similarities, cmap="cividis", vmin=min(0.0, similarities.min()), vmax=1, aspect="auto")
        axes.set_xticks(range(n), labels, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(n), labels)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        for (row, column), value in np.ndenumerate(similarities):
            dark = image.norm(value) < 0.6
            axes.text(
                column, row, f"{value:.2f}", ha="center", va="center", fontsize=9, color="white" if dark else "black"
            )
        figure.colorbar(image, ax=axes, label="cosine", fraction=0.04).outline.set_visible(False)
    off_diagonal = np.where(np.eye(n, dtype=bool), -np.inf, similarities)
    row, column = np.unravel_index(off_diagonal.argmax(), off_diagonal.shape)
    return Picture(
        figure,
        f"Table of cosines between {n} texts. The most similar two are {labels[row]!r} and "
        f"{labels[column]!r} ({similarities[row, column]:.2f}).",
    )


def principal_axes(embeddings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two directions along which the embeddings differ most (PCA; Pearson 1901), by singular value decomposition.

    Parameters
    ----------
    embeddings : array of shape (n, d), n and d at least 2

    Returns
    -------
    centre : (d,) mean of the rows
    axes : (2, d), of length 1; each points to where its largest component is positive, so that two runs agree
    shares : (2,) of the variance; NaN if all rows are equal
    """
    embeddings = np.asarray(embeddings, dtype=np.float64)
    if embeddings.ndim != 2 or min(embeddings.shape) < 2:
        raise ValueError(f"embeddings must have at least 2 rows and 2 columns; got shape {embeddings.shape}.")
    centre = embeddings.mean(axis=0)
    _, spread, directions = np.linalg.svd(embeddings - centre, full_matrices=False)
    axes = directions[:2]
    axes = axes * np.sign(axes[[0, 1], np.abs(axes).argmax(axis=1)])[:, np.newaxis]
    with np.errstate(invalid="ignore"):
        return centre, axes, spread[:2] ** 2 / (spread**2).sum()


def embedding_map(
    embeddings,
    classes: Sequence[str],
    query_embeddings=None,
    queries: Sequence[str] = (),
    most: int = 7,
    title: str = "Product embeddings on two principal axes",
) -> Picture:
    """A map of the products of the commonest classes, with queries drawn in.

    The axes are the principal axes of the products shown; queries are projected on the same axes.

    Parameters
    ----------
    embeddings : array of shape (n, d)
    classes : n class names; missing ones (NaN, None) are not shown, unless fewer than two products have a class:
        then all are shown alike
    query_embeddings : array of shape (q, d), optional
    queries : q texts
    most : int
        How many of the commonest classes to show, at most 7.

    Raises
    ------
    ValueError
        If lengths do not fit, or there are fewer than two products.
    """
    embeddings, queries = np.asarray(embeddings), list(queries)
    kinds = np.array([name if isinstance(name, str) else "" for name in classes])
    points = np.zeros((0, embeddings.shape[1])) if query_embeddings is None else np.asarray(query_embeddings)
    if len(embeddings) != len(kinds) or len(points) != len(queries):
        raise ValueError(
            f"every embedding needs its class and every query its embedding; got {len(embeddings)} "
            f"embeddings, {len(kinds)} classes, {len(points)} query embeddings, {len(queries)} queries."
        )
    if (kinds != "").sum() < 2:
        kinds = np.full(len(kinds), "no class")
    names, counts = np.unique(kinds[kinds != ""], return_counts=True)
    shown = names[np.argsort(-counts, kind="stable")[: min(most, len(_CYCLE))]]
    centre, directions, shares = principal_axes(embeddings[np.isin(kinds, shown)])
    with _drawing(8.4, 5.4, title) as (figure, axes):
        for name, colour, marker in zip(shown, _CYCLE, _MARKERS):
            x, y = directions @ (embeddings[kinds == name] - centre).T
            axes.scatter(x, y, s=16, color=colour, marker=marker, alpha=0.55, linewidths=0, label=_short(name))
        for (x, y), query in zip((points - centre) @ directions.T, queries):
            axes.plot(x, y, marker="*", markersize=17, color="black", markeredgecolor="white", linestyle="none")
            axes.annotate(
                query,
                (x, y),
                xytext=(9, 5),
                textcoords="offset points",
                weight="bold",
                bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
            )
        for set_label, place, share in zip((axes.set_xlabel, axes.set_ylabel), ("first", "second"), shares):
            set_label(f"{place} principal axis ({share:.0%} of the variance)")
        legend = axes.legend(title="product class", loc="upper left", bbox_to_anchor=(1.01, 1), markerscale=1.6)
        for handle in legend.legend_handles:
            handle.set_alpha(1)
    said = f", with the queries {', '.join(map(repr, queries))} as stars" if queries else ""
    return Picture(
        figure,
        f"Map of products of the {len(shown)} commonest classes ({', '.join(shown)}){said}. "
        f"The two axes keep {shares.sum():.0%} of the variance.",
    )


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
    bins = np.linspace(everything.min(), max(everything.max(), everything.min() + 0.01), 50)
    with _drawing(7.6, 3.8, title) as (figure, axes):
        for (name, values), colour, pattern in zip(groups.items(), _CYCLE, ("", "///", "...") * 3):
            weights = np.full(len(values), 1 / len(values))
            median = np.median(values)
            axes.hist(values, bins, weights=weights, histtype="stepfilled", color=colour, alpha=0.35)
            axes.hist(
                values,
                bins,
                weights=weights,
                histtype="step",
                edgecolor=colour,
                linewidth=1.6,
                hatch=pattern,
                label=f"{name} (median {median:.2f})",
            )
            axes.axvline(median, color=colour, linestyle="--", linewidth=1.4)
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axes.set(xlabel="cosine similarity", ylabel="share of the pairs")
        axes.set_ylim(top=axes.get_ylim()[1] * 1.25)
        axes.legend(loc="upper right", frameon=True, facecolor="white", edgecolor="none", framealpha=1)
    said = ", ".join(f"{name} {np.median(values):.2f}" for name, values in groups.items())
    return Picture(figure, f"Histograms of cosine similarity. Medians: {said}.")


def recall_scatter(
    x,
    y,
    x_name: str = "BM25",
    y_name: str = "semantic search",
    k: int = 10,
    title: str = "Recall of each query, both ways",
) -> Picture:
    """Recall of two searches, query by query: one marker per pair of values, larger where more queries coincide.

    Parameters
    ----------
    x, y : arrays of shape (q,)

    Raises
    ------
    ValueError
        If the shapes differ or there is no query.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or not len(x):
        raise ValueError(f"x and y must hold one recall per query each; got shapes {x.shape} and {y.shape}.")
    places, counts = np.unique(np.round(np.column_stack([x, y]), 6), axis=0, return_counts=True)
    x_wins, y_wins = int((x > y).sum()), int((x < y).sum())
    colours = np.select([places[:, 0] > places[:, 1], places[:, 0] < places[:, 1]], [ORANGE, BLUE], GREY)
    end = min(1.0, places.max() * 1.08) or 1.0
    edge = (-0.13 * end, 1.13 * end)
    with _drawing(7.4, 5.6, title) as (figure, axes):
        axes.plot(edge, edge, color=INK, linewidth=0.9, linestyle=":", zorder=0)
        axes.scatter(places[:, 0], places[:, 1], s=26 * counts, c=colours, alpha=0.75, edgecolors=INK, linewidths=0.5)
        axes.text(-0.1 * end, 1.07 * end, f"{y_name} finds more: {y_wins}", va="center", weight="bold")
        axes.text(1.1 * end, -0.07 * end, f"{x_name} finds more: {x_wins}", va="center", ha="right", weight="bold")
        axes.set(
            xlim=edge, ylim=edge, aspect="equal", xlabel=f"Recall@{k} of {x_name}", ylabel=f"Recall@{k} of {y_name}"
        )
        sizes = sorted({1, int(np.sqrt(counts.max())), int(counts.max())})
        handles = [axes.scatter([], [], s=26 * size, color=GREY, edgecolors=INK, linewidths=0.5) for size in sizes]
        axes.legend(
            handles,
            sizes,
            title="queries\nat this point",
            loc="upper left",
            bbox_to_anchor=(1.01, 1),
            labelspacing=1.6,
            handletextpad=1.2,
            borderpad=1,
        )
    return Picture(
        figure,
        f"Scatter of Recall@{k} per query, {x_name} across and {y_name} up, {len(x)} queries: "
        f"{y_name} finds more for {y_wins}, {x_name} for {x_wins}, equal for "
        f"{len(x) - x_wins - y_wins}.",
    )


def alpha_curve(
    alphas, mean_recall, lower, upper, k: int = 10, title: str = "What a mix of both searches is worth"
) -> Picture:
    """Mean recall against alpha, with a 95% band and the best alpha marked.

    Parameters
    ----------
    alphas, mean_recall, lower, upper : arrays of shape (a,)

    Raises
    ------
    ValueError
        If the shapes differ or are empty.
    """
    alphas, mean_recall, lower, upper = (
        np.asarray(values, dtype=np.float64) for values in (alphas, mean_recall, lower, upper)
    )
    if alphas.ndim != 1 or not len(alphas) or not alphas.shape == mean_recall.shape == lower.shape == upper.shape:
        raise ValueError(
            "alphas, mean_recall, lower and upper must have the same length, at least 1; got shapes "
            f"{alphas.shape}, {mean_recall.shape}, {lower.shape}, {upper.shape}."
        )
    best = int(mean_recall.argmax())
    with _drawing(7.6, 4.2, title) as (figure, axes):
        axes.fill_between(alphas, lower, upper, color=SKY, alpha=0.3, linewidth=0, label="95% band (bootstrap)")
        axes.plot(alphas, mean_recall, color=BLUE, linewidth=2, marker="o", markersize=4, label="mean over the queries")
        axes.plot(
            alphas[best],
            mean_recall[best],
            marker="*",
            markersize=17,
            color=VERMILION,
            linestyle="none",
            markeredgecolor="white",
            label=f"best here: alpha = {alphas[best]:.2f}",
        )
        axes.set(xlabel="alpha (0 is BM25 alone, 1 is semantic search alone)", ylabel=f"mean Recall@{k}")
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.2), ncols=3, columnspacing=1.4)
    return Picture(
        figure,
        f"Curve of mean Recall@{k} against alpha with a 95% band: {mean_recall[0]:.3f} at "
        f"alpha {alphas[0]:.2f}, {mean_recall[-1]:.3f} at {alphas[-1]:.2f}, highest "
        f"{mean_recall[best]:.3f} at {alphas[best]:.2f}.",
    )


@contextmanager
def _style():
    """The course's style, whatever the notebook's own is; afterwards that one holds again."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


@contextmanager
def _drawing(width: float, height: float, title: str):
    """A figure of width x height inches with one pair of axes."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with _style():
        figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))
        axes = figure.add_subplot()
        yield figure, axes
        axes.set_title(title)


def _short(name: str, most: int = 28) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
