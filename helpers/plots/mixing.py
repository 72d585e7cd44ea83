"""What alpha does: to one product's place, to one query's ranking, and to the recall of all queries."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..hybrid import fuse_scores
from ..ranking import check_k, check_same_length, top_k
from .picture import BLUE, GREEN, INK, MEANING, PURPLE, VERMILION, WORDS, Picture, drawing, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Among the first k of which search a product is: its colour, line and mark.
SOURCES = {
    "both searches": (GREEN, "-", "s"),
    "BM25 alone": (WORDS, "--", "v"),
    "semantic search alone": (MEANING, "-.", "^"),
    "neither: only the mix": (PURPLE, "-", "D"),
}


def hybrid_plane(
    semantic, bm25, alphas: Sequence[float] = (0.2, 0.5, 0.8), k: int = 10, title: str = "One line decides"
) -> Picture:
    """All products of a query by their two scores, and the line of equal hybrid score at which the first k end.

    Each alpha has its panel. The line is ``alpha * semantic + (1 - alpha) * bm25 = score of the k-th``; it turns from
    upright (alpha 0, BM25 decides) to level (alpha 1, semantic search decides).

    Parameters
    ----------
    semantic, bm25 : arrays of shape (n,)
        Scores of one query, normalised to [0, 1].
    alphas : floats in [0, 1]
        Weights of the semantic score.

    Raises
    ------
    ValueError
        If the shapes differ, there is no product or no alpha, or an alpha or `k` is out of range.
    """
    semantic, bm25, alphas = *_two_scores(semantic, bm25), list(alphas)
    if not alphas:
        raise ValueError("alphas must hold at least one weight.")
    with drawing(max(2.6 * len(alphas), 4.8) + 0.4, 3.9, title, panels=len(alphas)) as (figure, panels):
        for axes, alpha in zip(panels, alphas):
            plane(axes, semantic, bm25, alpha, k)
            if len(alphas) > 1:
                axes.set_title(f"alpha {alpha:.2f}", fontsize=10.5, weight="normal")
            else:
                axes.set_title(f"{title}: alpha {alpha:.2f}")
            if axes is not panels[0]:
                axes.set_ylabel("")
        key(figure, *panels[0].get_legend_handles_labels(), k, columns=4 if len(alphas) > 2 else 2)
    where = ", ".join(f"{alpha:.2f}" for alpha in alphas)
    return Picture(
        figure,
        f"{len(semantic):,} products by BM25 score across and semantic score up, one panel for each alpha "
        f"({where}). The first {k} lie on or above a line of equal hybrid score: upright at alpha 0, level at alpha 1.",
    )


def plane(axes: "Axes", semantic: np.ndarray, bm25: np.ndarray, alpha: float, k: int) -> None:
    """The products of one query, and the line above which the first k lie."""
    scores = fuse_scores(semantic, bm25, alpha)
    best = top_k(scores, k)
    rest = np.setdiff1d(np.arange(len(scores)), best)
    axes.scatter(bm25[rest], semantic[rest], s=7, color=INK, alpha=0.35, linewidths=0)
    source = np.array(sources(semantic, bm25, k))
    for name, (colour, _, marker) in SOURCES.items():
        some = best[source[best] == name]
        axes.scatter(bm25[some], semantic[some], s=46, color=colour, marker=marker, edgecolors="none", label=name)
    # alpha * y + (1 - alpha) * x = the score of the k-th, from one edge of the square to another.
    last, reach = scores[best[-1]], np.array([-0.06, 1.06])
    if alpha >= 0.5:
        line = np.column_stack([reach, (last - (1 - alpha) * reach) / alpha])
    else:
        line = np.column_stack([(last - alpha * reach) / (1 - alpha), reach])
    axes.plot(*line.T, color=INK, linewidth=1.8)
    axes.set(xlim=reach, ylim=reach, aspect="equal", xlabel="BM25, normalised", ylabel="semantic, normalised")


def key(figure: "Figure", handles: list, names: list[str], k: int, columns: int = 4) -> None:
    """The key to SOURCES, below everything else."""
    title = f"among the first {k} of"
    figure.legend(handles, names, loc="outside lower left", ncols=columns, title=title, alignment="left")


def sources(semantic: np.ndarray, bm25: np.ndarray, k: int) -> list[str]:
    """For each product the name in SOURCES: whether it is among the first k by one score alone, by both or by none.

    No word of the query, no rank: a BM25 score of 0 does not count.
    """
    words, meaning = np.zeros(len(bm25), dtype=bool), np.zeros(len(bm25), dtype=bool)
    words[top_k(bm25, k)] = True
    words &= bm25 > 0
    meaning[top_k(semantic, k)] = True
    both, one, other, none = SOURCES
    return [both if w and m else one if w else other if m else none for w, m in zip(words, meaning)]


def bump_chart(
    semantic, bm25, names: Sequence[str], alphas=None, k: int = 10, title: str = "How alpha moves the ranks"
) -> Picture:
    """The first k products of one query under each alpha, a line for each product.

    Names stand at both ends: left the ranking of BM25 alone, right that of semantic search alone. A product that only
    a mix brings into the first k has a letter and stands in the key.

    Parameters
    ----------
    semantic, bm25 : arrays of shape (n,)
        Scores of one query, normalised to [0, 1].
    names : n product names
    alphas : floats in [0, 1], rising, optional
        Default 0, 0.1, ..., 1.

    Raises
    ------
    ValueError
        If lengths differ, there is no product or fewer than two alphas, or an alpha or `k` is out of range.
    """
    semantic, bm25, names = *_two_scores(semantic, bm25), list(names)
    check_same_length(names=len(names), scores=len(semantic))
    alphas = np.linspace(0, 1, 11) if alphas is None else np.asarray(alphas, dtype=np.float64)
    if alphas.ndim != 1 or len(alphas) < 2 or (np.diff(alphas) <= 0).any():
        raise ValueError("alphas must hold at least two weights, rising.")
    from matplotlib.transforms import ScaledTranslation

    k = min(check_k(k), len(names))
    tops = np.array([top_k(fuse_scores(semantic, bm25, float(alpha)), k) for alpha in alphas])
    source = sources(semantic, bm25, k)
    between = [i for i in dict.fromkeys(tops[1:-1].ravel().tolist()) if i not in tops[0] and i not in tops[-1]]
    with drawing(8.3, 0.36 * k + 2.3 + 0.11 * len(between), title) as (figure, (axes,)):
        for product in dict.fromkeys(tops.ravel().tolist()):
            in_first = tops == product
            shown = in_first.any(axis=1)
            ranks = np.where(shown, in_first.argmax(axis=1) + 1.0, k + 0.8)
            near = shown | np.append(shown[1:], False) | np.append(False, shown[:-1])  # how it comes in and goes out
            colour, dashes, _ = SOURCES[source[product]]
            axes.plot(alphas, np.where(near, ranks, np.nan), color=colour, linestyle=dashes, linewidth=2)
            axes.plot(alphas[shown], ranks[shown], "o", color=colour, markersize=5)
            if product in between:
                best = int(ranks.argmin())
                axes.plot(alphas[best], ranks[best], "o", color=colour, markersize=14)
                letter: dict[str, Any] = {
                    "ha": "center",
                    "va": "center",
                    "color": "black",
                    "weight": "bold",
                    "fontsize": 9.5,
                }
                axes.text(alphas[best], ranks[best], _letter(between.index(product)), gid="pin", **letter)
        right = axes.twinx()
        for side, ranking, pattern in ((axes, tops[0], "{1}  {0}"), (right, tops[-1], "{0}  {1}")):
            side.set(xlim=(alphas[0] - 0.02, alphas[-1] + 0.02), ylim=(k + 0.8, 0.4))
            labels = [pattern.format(rank, short(names[i], 26)) for rank, i in enumerate(ranking, start=1)]
            side.set_yticks(range(1, k + 1), labels)
            side.tick_params(length=0)
            side.spines[:].set_visible(False)
        axes.set_xlabel("alpha: 0 is BM25 alone, 1 is semantic search alone")
        used = [name for name in SOURCES if name in {source[i] for i in tops.ravel()}]
        lines = [axes.plot([], [], color=SOURCES[name][0], linestyle=SOURCES[name][1], linewidth=2)[0] for name in used]
        key(figure, lines, used, k)
        if between:
            letters = [axes.scatter([], [], s=60, color=INK, marker=f"${_letter(i)}$") for i in range(len(between))]
            texts = [short(names[i], 44) for i in between]
            # Below the label of the axis; the layout keeps room for it above the other key.
            lower = axes.transAxes + ScaledTranslation(0, -46 / 72, figure.dpi_scale_trans)
            axes.legend(letters, texts, loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=lower, ncols=2)
    first, last = ([str(names[i]) for i in tops[end, :3]] for end in (0, -1))
    said = f" {len(between)} products are among them only in between." if between else ""
    return Picture(
        figure,
        f"The first {k} products under alpha from {alphas[0]:.2f} to {alphas[-1]:.2f}, a line for each product. First "
        f"three on the left: {', '.join(first)}; on the right: {', '.join(last)}. "
        f"{len(set(tops[0]) & set(tops[-1]))} of {k} are in both.{said}",
    )


def alpha_gain(
    alphas, gain, lower, upper, over: str = "BM25 alone", k: int = 10, title: str = "What a mix gains, query by query"
) -> Picture:
    """The mean paired difference of recall against alpha, with its 95% band.

    Each difference is taken on the same query (the same draw of queries), so the band says how sure the gain is; the
    band of the mean itself would mostly say how much queries differ.

    Parameters
    ----------
    alphas : array of shape (a,), weights of the semantic score
    gain : array of shape (a,)
        Mean over the queries of recall at this alpha minus recall of the search that `over` names.
    lower, upper : arrays of shape (a,)
        Percentiles 2.5 and 97.5 of the same difference over the draws of a bootstrap.

    Raises
    ------
    ValueError
        If the shapes differ or are empty.
    """
    alphas, gain, lower, upper = _of_one_length(alphas=alphas, gain=gain, lower=lower, upper=upper)
    best = int(gain.argmax())
    with drawing(7.6, 4.4, title) as (figure, (axes,)):
        axes.axhline(0, color=INK, linewidth=1, linestyle=":")
        axes.fill_between(alphas, lower, upper, color=BLUE, alpha=0.22, linewidth=0, label="95% of the draws")
        axes.plot(alphas, gain, color=BLUE, linewidth=2, marker="o", markersize=4, label="mean difference")
        star: dict[str, Any] = {"marker": "*", "markersize": 16, "color": VERMILION, "linestyle": "none"}
        axes.plot(alphas[best], gain[best], **star, label=f"highest here: {gain[best]:+.3f} at {alphas[best]:.2f}")
        axes.yaxis.set_major_formatter("{x:+.2f}")
        axes.set_xlabel("alpha (0 is BM25 alone, 1 is semantic search alone)")
        axes.set_ylabel(f"Recall@{k} minus that of {over}")
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.17), ncols=3, columnspacing=1.4)
    clear = alphas[lower > 0]
    sure = f"above zero at {len(clear)} of {len(alphas)} alphas" if len(clear) else "nowhere above zero as a whole"
    return Picture(
        figure,
        f"Curve of the mean paired difference in Recall@{k} to {over} against alpha, with a 95% band that lies {sure}. "
        f"Highest: {gain[best]:+.3f} (from {lower[best]:+.3f} to {upper[best]:+.3f}) at alpha {alphas[best]:.2f}.",
    )


def _two_scores(semantic, bm25) -> tuple[np.ndarray, np.ndarray]:
    semantic, bm25 = np.asarray(semantic, dtype=np.float64), np.asarray(bm25, dtype=np.float64)
    if semantic.ndim != 1 or semantic.shape != bm25.shape or not len(semantic):
        raise ValueError(
            f"semantic and bm25 must hold one score per product each; got shapes {semantic.shape} and {bm25.shape}."
        )
    for name, scores in (("semantic", semantic), ("bm25", bm25)):
        if not (scores.min() >= 0 and scores.max() <= 1):
            raise ValueError(f"{name} must lie between 0 and 1: pass normalize_scores(...) of the scores.")
    return semantic, bm25


def _of_one_length(**arrays) -> list[np.ndarray]:
    values = [np.asarray(array, dtype=np.float64) for array in arrays.values()]
    if values[0].ndim != 1 or not len(values[0]) or len({array.shape for array in values}) > 1:
        shapes = ", ".join(str(array.shape) for array in values)
        raise ValueError(f"{', '.join(arrays)} must have the same length, at least 1; got shapes {shapes}.")
    return values


def _letter(position: int) -> str:
    return chr(ord("a") + position % 26)
