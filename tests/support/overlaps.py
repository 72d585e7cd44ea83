"""What of a drawn figure covers what: the boxes of its texts, and the marks of its data."""

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Annotation, Text


def overlaps(figure: Figure) -> list[str]:
    """A line for each text that covers another, covers data, or is cut off at the edge of the figure."""
    figure.draw_without_rendering()
    marks = np.vstack([np.zeros((0, 3)), *(_marks(figure, axes) for axes in figure.axes)])
    texts = [(text.get_text(), _boxes(text)) for text in _texts(figure)]
    found = []
    for n, (words, boxes) in enumerate(texts):
        low, high = boxes[:, :2], boxes[:, 2:]
        if (low < -0.5).any() or (high > np.array(figure.bbox.size) + 0.5).any():
            found.append(f"{words!r} is cut off")
        for a, b in zip(low, high):
            gaps = np.linalg.norm(marks[:, :2] - np.clip(marks[:, :2], a, b), axis=1)
            if (gaps < np.maximum(marks[:, 2] - 1, 1e-9)).any():
                found.append(f"{words!r} covers data")
                break
        for other, others in texts[n + 1 :]:
            apart = (low[:, None] >= others[None, :, 2:]) | (high[:, None] <= others[None, :, :2])
            if not apart.any(axis=2).all():
                found.append(f"{words!r} covers {other!r}")
    return found


def _texts(figure: Figure) -> list[Text]:
    """The texts that can be seen. A pin, a mark with a number or letter in it, is data."""
    found, legends = list(figure.texts), list(figure.legends)
    for axes in figure.axes:
        legends += axes.findobj(Legend)
        found += axes.texts
        if axes.axison:
            found += [
                axes.xaxis.label,
                axes.yaxis.label,
                *(child for child in axes.get_children() if isinstance(child, Text)),
            ]
            for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
                ticks = [tick for tick in axis.get_major_ticks() if min(limits) <= tick.get_loc() <= max(limits)]
                found += [label for tick in ticks for label in (tick.label1, tick.label2) if label.get_visible()]
    found += [text for legend in legends for text in legend.findobj(Text)]
    unique = {id(text): text for text in found}.values()
    return [text for text in unique if text.get_text().strip() and text.get_visible() and text.get_gid() != "pin"]


def _boxes(text: Text) -> np.ndarray:
    """Boxes that cover a text, a pixel smaller so that to touch is not to cover: left, bottom, right, top.

    One for a text that lies level, and many along one that is turned.
    """
    extent = np.array(text.get_window_extent().extents)
    if not text.get_rotation() % 90:
        return extent[None] + [1, 1, -1, -1]
    turn, centre = np.deg2rad(text.get_rotation()), (extent[:2] + extent[2:]) / 2
    text.set_rotation(0)
    width, height = text.get_window_extent().size
    text.set_rotation(np.rad2deg(turn))
    along = np.linspace(-0.5, 0.5, 40)[:, None] * (width - height) * [np.cos(turn), np.sin(turn)]
    return np.hstack([centre + along - 0.4 * height, centre + along + 0.4 * height])


def _marks(figure: Figure, axes: Axes) -> np.ndarray:
    """The data that can be seen, in pixels: x, y, radius. Lines are sampled; bars and cells hold their texts."""
    pixels, found = figure.dpi / 72, [np.zeros((0, 3))]
    for points in axes.collections:
        if isinstance(points, PathCollection) and points.get_alpha() != 0:
            at = axes.transData.transform(np.asarray(points.get_offsets()).reshape(-1, 2))
            radii = np.sqrt(np.broadcast_to(points.get_sizes(), len(at))) / 2 * pixels
            found.append(np.column_stack([at, 0.8 * radii]))  # a triangle does not fill its circle
    for line in axes.lines:
        ends = line.get_transform().transform(np.column_stack(line.get_data()).astype(float))
        if line.get_marker() not in ("None", None):
            found.append(np.column_stack([ends, np.full(len(ends), line.get_markersize() / 2 * pixels)]))
        if line.get_linestyle() != "None":
            found += [np.column_stack([np.linspace(a, b, 80), np.zeros(80)]) for a, b in pairwise(ends)]
    for note in axes.texts:
        if isinstance(note, Annotation) and note.arrow_patch is not None and not note.get_text():
            start, end = axes.transData.transform([note.xyann, note.xy])
            found.append(np.column_stack([np.linspace(start, end, 80), np.zeros(80)]))
    marks = np.vstack(found)
    seen = np.isfinite(marks).all(axis=1) & (marks[:, :2] >= axes.bbox.p0 - 1).all(axis=1)
    return marks[seen & (marks[:, :2] <= axes.bbox.p1 + 1).all(axis=1)]
