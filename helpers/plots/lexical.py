"""What a lexical search counts: postings, the curves that BM25 is made of, a score term by term, and k1 by b."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .picture import BLUE, CYCLE, GREEN, INK, PURPLE, VERMILION, Picture, drawing, short
from .slider import with_slider

_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


def postings_lists(
    postings: Mapping[str, Mapping[int, int]], query: Sequence[str] = (), title: str = "Postings lists"
) -> Picture:
    """Terms at the left, and for each a list of boxes: the number of a document, and how often it contains the term.

    Parameters
    ----------
    postings : mapping of term -> {document: tf}
    query : terms whose lists a search reads; they are drawn filled

    Raises
    ------
    ValueError
        If there is no term.
    """
    if not postings:
        raise ValueError("postings must contain at least one term.")
    texts = {term: [f"{document} ×{tf}" for document, tf in sorted(found.items())] for term, found in postings.items()}
    longest = max(1, *map(len, texts.values()))
    box = 0.26 + 0.085 * max((len(text) for boxes in texts.values() for text in boxes), default=5)  # inches
    left = 0.5 + 0.1 * max(len(short(term, 20)) for term in postings)  # where the lists begin
    width, height = max(left + (box + 0.1) * longest, 4.8), 0.5 * len(postings) + 0.45
    with drawing(width + 0.3, height + 0.7, title) as (figure, (axes,)):
        axes.set(xlim=(0, width), ylim=(height - 0.2, -0.3))
        axes.set_axis_off()
        for y, (term, boxes) in enumerate(texts.items()):
            weight = "bold" if term in query else "normal"
            axes.text(left - 0.36, y * 0.5, short(term, 20), ha="right", va="center", color=INK, weight=weight)
            arrow = {"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", (left, y * 0.5), (left - 0.3, y * 0.5), arrowprops=arrow)
            for place, text in enumerate(boxes):
                _box(axes, left + 0.05 + (box + 0.1) * place, y * 0.5, box, text, term in query)
        says = "0 ×2: name 0 contains the word twice" + ("; filled: read for this query" if query else "")
        axes.text(0, height - 0.45, says, va="center", fontsize=9.5)
    said = "; ".join(
        f"{term}: {', '.join(f'{document} ({tf})' for document, tf in sorted(documents.items())) or 'none'}"
        for term, documents in postings.items()
    )
    read = f" Read for the query: {', '.join(term for term in postings if term in query)}." if query else ""
    return Picture(figure, f"Postings lists, each document with its term frequency in brackets. {said}.{read}")


def _box(axes, x: float, y: float, width: float, text: str, filled: bool) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((x, y - 0.19), width, 0.38, facecolor=BLUE if filled else "none", edgecolor=INK, gid="box")
    )
    colour, weight = ("white", "bold") if filled else (INK, "normal")
    axes.text(x + width / 2, y, text, ha="center", va="center", fontsize=9.5, color=colour, weight=weight)


def saturation_curves(
    k1s: Sequence[float] = (0, 0.5, 1.2, 3), most: int = 10, title: str = "What further occurrences are worth"
) -> Picture:
    """tf * (k1 + 1) / (tf + k1) against tf, one curve for each k1, and the plain count beside them.

    Parameters
    ----------
    k1s : numbers of at least 0
    most : int
        The largest tf that is drawn.

    Raises
    ------
    ValueError
        If there is no k1, or one is negative.
    """
    k1s = _numbers(k1s, "k1s", 0, np.inf)
    tf = np.linspace(0, most, 201)
    curves = {f"k1 = {k1:g}": np.where(tf > 0, tf * (k1 + 1) / np.maximum(tf + k1, 1e-12), 0.0) for k1 in k1s}
    top = 1.1 * max(most * 4 / (most + 3), *(curve[-1] for curve in curves.values()))  # room for k1 = 3, at least
    with drawing(7.6, 4.2, title) as (figure, (axes,)):
        axes.plot(tf, tf, color=INK, linewidth=1.2, linestyle=":")
        axes.annotate("plain count", (0.93 * top, 0.93 * top), (6, -2), textcoords="offset points", va="top")
        _lines(axes, tf, curves, 0.055 * top)
        axes.set(xlim=(0, most), ylim=(0, top), xticks=range(0, most + 1, max(1, most // 10)))
        axes.set(xlabel="tf, how often the word occurs in the name", ylabel="counts as")
    said = "; ".join(f"{name}: {curve[-1]:.2f} at tf {most}" for name, curve in curves.items())
    return Picture(
        figure, f"Curves that begin at 0, pass through 1 at tf 1 and flatten, unlike the plain count. {said}."
    )


def k1_slider():
    """`saturation_curves` of the one k1 that a slider is set to; of four where no notebook window is there."""
    return with_slider("k1", lambda k1: saturation_curves([k1]), saturation_curves(), value=1.2, max=3, step=0.1)


def length_curves(
    bs: Sequence[float] = (0, 0.4, 0.75, 1), k1: float = 1.2, title: str = "What one occurrence is worth in a long name"
) -> Picture:
    """(k1 + 1) / (1 + k1 * (1 - b + b * length / average)) against the relative length, one curve for each b.

    Parameters
    ----------
    bs : numbers from 0 to 1
    k1 : number of at least 0

    Raises
    ------
    ValueError
        If there is no b, or a number is out of range.
    """
    bs, [k1] = _numbers(bs, "bs", 0, 1), _numbers([k1], "k1", 0, np.inf)
    length = np.linspace(0.1, 3, 200)
    curves = {f"b = {b:g}": (k1 + 1) / (1 + k1 * (1 - b + b * length)) for b in bs}
    values = (k1 + 1) / (1 + k1 * length)  # of b = 1, the widest, so that the axes stay when b is moved
    room = 0.1 * max(values[0] - values[-1], 0.5)
    with drawing(7.6, 4.2, title) as (figure, (axes,)):
        axes.axvline(1, color=INK, linewidth=1, linestyle=":")
        axes.set(xlim=(0, 3), ylim=(min(values[-1], 0.9) - room, values[0] + 2 * room))
        axes.annotate("average length", (1, axes.get_ylim()[1]), (5, -3), textcoords="offset points", va="top")
        _lines(axes, length, curves, 0.9 * room)
        axes.set(xlabel="length of the name / average length", ylabel="one occurrence counts as")
    said = "; ".join(f"{name}: {curve[0]:.2f} in a very short name, {curve[-1]:.2f} at three times the average"
                     for name, curve in curves.items())  # fmt: skip
    return Picture(figure, f"Curves that meet at 1 where a name has average length, k1 = {k1:g}. {said}.")


def b_slider():
    """`length_curves` of the one b that a slider is set to; of four where no notebook window is there."""
    return with_slider("b", lambda b: length_curves([b]), length_curves(), value=0.75, max=1, step=0.05)


def idf_curves(n: int = 1000, title: str = "Three ways to weigh a word by its rarity") -> Picture:
    """ln(n / df), the idf of Robertson and Spärck Jones, and Lucene's, against the share of documents with the word.

    Parameters
    ----------
    n : int
        Number of documents, at least 2.

    Raises
    ------
    ValueError
        If n is less than 2.
    """
    if n < 2:
        raise ValueError(f"n must be at least 2, got {n!r}.")
    df = np.linspace(1, n, 400)
    ratio = (n - df + 0.5) / (df + 0.5)
    curves = {
        "ln(N / df)": np.log(n / df),
        "Robertson: ln(ratio)": np.log(ratio),
        "Lucene: ln(ratio + 1)": np.log1p(ratio),
    }
    share = df / n
    with drawing(7.6, 4.4, title) as (figure, (axes,)):
        axes.axhspan(-np.log(2 * n + 1) * 1.05, 0, color=VERMILION, alpha=0.1, linewidth=0)
        axes.axhline(0, color=INK, linewidth=0.8)
        # Lucene's curve runs along ln(N / df) and lies below it, wide and pale, so that both are seen.
        looks: list[dict[str, Any]] = [
            {"color": GREEN, "linestyle": "--", "linewidth": 1.8, "zorder": 4},
            {"color": VERMILION, "linestyle": "-.", "linewidth": 2.2, "zorder": 3},
            {"color": BLUE, "linewidth": 6, "alpha": 0.55, "zorder": 2},
        ]
        for (name, curve), look in zip(curves.items(), looks):
            axes.plot(share, curve, label=name, **look)
        axes.text(0.02, -0.55 * np.log(2 * n + 1), "below 0: a name is punished\nfor containing the word", va="center")
        axes.set(xlim=(0, 1), ylim=(-np.log(2 * n + 1) * 1.05, np.log(n) * 1.08))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.set(xlabel="share of the documents that contain the word (df / N)", ylabel="idf")
        axes.legend(loc="upper right", title="ratio = (N - df + 0.5) / (df + 0.5)")
    return Picture(
        figure,
        f"Three idf curves for {n:,} documents. All fall as a word becomes commoner. Robertson's passes below 0 at one "
        f"half and ends at {curves['Robertson: ln(ratio)'][-1]:.1f}; ln(N / df) ends at 0; Lucene's stays above 0 and "
        f"ends at {curves['Lucene: ln(ratio + 1)'][-1]:.4f}.",
    )


def score_parts(parts: Mapping[str, Mapping[str, float]], title: str = "One score, term by term") -> Picture:
    """A bar for each document, made of what each term of the query adds to its score.

    Parameters
    ----------
    parts : mapping of document -> {term: what it adds}

    Raises
    ------
    ValueError
        If there is no document, or a part is below 0.
    """
    if not parts or any(not value >= 0 for added in parts.values() for value in added.values()):
        raise ValueError("parts must contain at least one document, and numbers of at least 0.")
    terms = list(dict.fromkeys(term for added in parts.values() for term in added))
    totals = {name: sum(added.values()) for name, added in parts.items()}
    reach = max(1e-9, *totals.values())
    looks: list[dict[str, Any]] = [
        {"color": CYCLE[i % len(CYCLE)], "hatch": ("", "//", "..", "xx")[i % 4]} for i in range(len(terms))
    ]
    with drawing(8.3, 0.52 * len(parts) + 1.7, title) as (figure, (axes,)):
        for y, (name, added) in enumerate(parts.items()):
            end = 0.0
            for term, value in added.items():
                axes.barh(y, value, left=end, height=0.62, edgecolor="white", linewidth=1, **looks[terms.index(term)])
                if value > 0.09 * reach:
                    ground = {"facecolor": "#222222", "edgecolor": "none", "pad": 1.5, "alpha": 0.75}
                    where: dict[str, Any] = {
                        "ha": "center",
                        "va": "center",
                        "fontsize": 9.5,
                        "color": "white",
                        "weight": "bold",
                    }
                    axes.text(end + value / 2, y, f"{value:.2f}", bbox=ground, **where)
                end += value
            axes.text(end + 0.015 * reach, y, f"{totals[name]:.3f}", va="center", weight="bold")
        axes.set_yticks(range(len(parts)), [short(name, 40) for name in parts])
        axes.set(xlim=(0, reach * 1.16), ylim=(len(parts) - 0.45, -0.55), xlabel="BM25 score")
        axes.tick_params(axis="y", length=0)
        handles = [axes.barh(0, 0, edgecolor="white", label=short(t, 20), **look) for t, look in zip(terms, looks)]
        figure.legend(handles=handles, loc="outside lower left", ncols=max(1, min(len(terms), 5)))
    said = "; ".join(
        f"{name}: {' + '.join(f'{term} {value:.2f}' for term, value in added.items()) or 'no term'}, "
        f"in all {totals[name]:.3f}"
        for name, added in parts.items()
    )
    return Picture(figure, f"Bars of BM25 scores by term. {said}.")


def k1_b_heatmaps(
    k1s: Sequence[float],
    bs: Sequence[float],
    choose,
    report,
    measure: str = "nDCG@10",
    title: str = "Chosen here, reported there",
) -> Picture:
    """The mean of a measure for each k1 and b, on the queries that choose and on those that report.

    A frame marks the best cell of the first half in both, a dotted one the best of the second half.

    Parameters
    ----------
    k1s, bs : m and n numbers
    choose, report : arrays of shape (m, n)

    Raises
    ------
    ValueError
        If a shape does not fit.
    """
    choose, report = np.asarray(choose, dtype=np.float64), np.asarray(report, dtype=np.float64)
    if not choose.shape == report.shape == (len(k1s), len(bs)) or not choose.size:
        raise ValueError(
            f"choose and report must have a row for each of {len(k1s)} k1s and a column for each of {len(bs)} bs, at "
            f"least one; got shapes {choose.shape} and {report.shape}."
        )
    chosen = np.unravel_index(choose.argmax(), choose.shape)
    best = np.unravel_index(report.argmax(), report.shape)
    with drawing(0.51 * 2 * len(bs) + 3.2, 0.42 * len(k1s) + 2.2, title, panels=2) as (figure, panels):
        for axes, values, name in zip(panels, (choose, report), ("the half that chooses", "the half that reports")):
            axes.imshow(values, cmap="cividis", aspect="auto")
            axes.set_xticks(range(len(bs)), [f"{b:g}" for b in bs])
            axes.set_yticks(range(len(k1s)), [f"{k1:g}" for k1 in k1s])
            axes.set(xlabel=f"b\n{name}")
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
            for (row, column), value in np.ndenumerate(values):
                dark = value < values.min() + 0.55 * np.ptp(values)
                axes.text(
                    column,
                    row,
                    f"{value:.3f}",
                    ha="center",
                    va="center",
                    fontsize=9,
                    color="white" if dark else "black",
                )
            _frame(axes, chosen, "-")
        if tuple(best) != tuple(chosen):
            _frame(panels[1], best, ":")
        panels[0].set_ylabel("k1")
        handles = [_line("-", "best on the half that chooses")]
        if tuple(best) != tuple(chosen):
            handles.append(_line(":", "best on the half that reports"))
        figure.legend(handles=handles, loc="outside lower left")
    return Picture(
        figure,
        f"Two heat maps of mean {measure} by k1 and b. On the half that chooses, k1 = {k1s[chosen[0]]:g} and "
        f"b = {bs[chosen[1]]:g} are best with {choose[chosen]:.3f}; on the other half they reach {report[chosen]:.3f}, "
        f"where k1 = {k1s[best[0]]:g} and b = {bs[best[1]]:g} are best with {report[best]:.3f}.",
    )


def _frame(axes, cell, line: str) -> None:
    from matplotlib.patches import Rectangle

    look: dict[str, Any] = {
        "facecolor": "none",
        "edgecolor": VERMILION,
        "linewidth": 3,
        "linestyle": line,
        "gid": "frame",
    }
    axes.add_patch(Rectangle((cell[1] - 0.5, cell[0] - 0.5), 1, 1, clip_on=False, zorder=3, **look))


def _line(line: Any, label: str):
    from matplotlib.lines import Line2D

    return Line2D([], [], color=VERMILION, linewidth=3, linestyle=line, label=label)


def _lines(axes, x: np.ndarray, curves: Mapping[str, np.ndarray], apart: float) -> None:
    """Curves with their names at the right ends, moved apart where they would cover each other."""
    for curve, colour, line in zip(curves.values(), (GREEN, BLUE, VERMILION, PURPLE) * len(curves), _STYLES * 9):
        axes.plot(x, curve, color=colour, linestyle=line, linewidth=2.2)
    order = sorted(curves, key=lambda name: curves[name][-1])
    height = -np.inf
    for name in order:
        height = max(curves[name][-1], height + apart)
        axes.annotate(
            name, (x[-1], height), (7, 0), textcoords="offset points", va="center", annotation_clip=False, gid="name"
        )


def _numbers(values: Sequence[float], name: str, low: float, high: float) -> list[float]:
    numbers = [float(value) for value in values]
    if not numbers or not all(low <= number <= high for number in numbers):
        reach = f"from {low:g} to {high:g}" if high < np.inf else f"of at least {low:g}"
        raise ValueError(f"{name} must be numbers {reach}, got {list(values)!r}.")
    return numbers
