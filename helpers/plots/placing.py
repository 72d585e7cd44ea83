"""Labels that cover nothing: a text goes to the nearest free place around its point, a pin right onto it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .picture import INK, settle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DISTANCES = (5, 9, 14, 20, 27, 36, 48, 64, 84)  # points, from the mark's edge to the label
_AROUND = np.linspace(0, 2 * np.pi, 12, endpoint=False)
_DIRECTIONS = np.deg2rad([15, -15, 165, -165, 60, 120, -60, -120, 90, -90])


def place_labels(axes: "Axes", points, texts: Sequence[str], marks=(), radii=0.0) -> int:
    """Write texts beside points, so that no text covers a mark, another text or the edge of the axes.

    The layout of the figure is settled first, so limits, titles and legends have to be there already. Texts that are
    there already are kept clear of. A label that is not right beside its point gets a thin line to it.

    Parameters
    ----------
    points : array of shape (n, 2), in data units
    texts : n strings, the most important first
    marks : array of shape (m, 2), in data units
        What must stay visible, the points' own marks among it.
    radii : float or array of shape (m,), in points (1/72 inch)
        Of the marks.

    Returns
    -------
    int
        How many of the texts found a place.
    """
    figure = axes.figure.figure
    settle(figure)
    pixels = figure.dpi / 72
    points, marks = (np.asarray(array, dtype=np.float64).reshape(-1, 2) for array in (points, marks))
    places = axes.transData.transform(points)
    taken = _Taken(axes.bbox, np.vstack([axes.transData.transform(marks), places]))
    taken.radii = pixels * np.concatenate([np.broadcast_to(radii, len(marks)), np.full(len(points), 2.0)])
    old = [np.asarray(line.get_xydata()) for line in axes.lines if line.get_gid() == "leader"]
    taken.lines = np.vstack(
        [taken.lines, *(axes.transData.transform(np.linspace(ends[0], ends[-1], 24)) for ends in old)]
    )
    taken.boxes = [np.array(text.get_window_extent().extents) for text in axes.texts if text.get_text()]
    done = 0
    for point, place, text in zip(points, places, texts):
        label = axes.annotate(text, point, textcoords="offset points", xytext=(0, 0), in_layout=False, fontsize=9.5)
        start = label.get_window_extent()
        edge = taken.radii[np.linalg.norm(taken.points - place, axis=1) < 1].max()
        for distance in _DISTANCES:
            corner = taken.free_corner(place, edge + distance * pixels, np.array(start.size))
            if corner is None:
                continue
            box = np.concatenate([corner, corner + start.size])
            near = np.clip(place, box[:2], box[2:])  # there a line to the mark ends
            trail = np.linspace(place + (near - place) * edge / np.linalg.norm(near - place), near, 24)
            if distance > _DISTANCES[0] and not taken.may_run(trail):
                continue
            if distance > _DISTANCES[0]:
                ends = axes.transData.inverted().transform(trail[[0, -1]])
                axes.plot(*ends.T, color=INK, linewidth=0.8, scalex=False, scaley=False, gid="leader")
                taken.lines = np.vstack([taken.lines, trail])
            label.xyann = (corner - start.p0) / pixels
            taken.boxes.append(box)
            done += 1
            break
        else:
            label.remove()
    return done


def place_pins(axes: "Axes", points) -> None:
    """Mark points by numbers from 1, in black discs that do not overlap: one that would is drawn aside, with a line.

    Parameters
    ----------
    points : array of shape (n, 2), in data units
    """
    figure = axes.figure.figure
    points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    axes.scatter(points[:, 0], points[:, 1], s=60, alpha=0)  # so that the limits have room for them
    settle(figure)
    radius = 8.0 * figure.dpi / 72
    places, back = axes.transData.transform(points), axes.transData.inverted().transform
    done = np.zeros((0, 2))
    for number, (point, place) in enumerate(zip(points, places), start=1):
        rings = [place + ring * radius * np.array([np.cos(a), np.sin(a)]) for ring in (2.4, 3.6, 5) for a in _AROUND]
        free = (spot for spot in [place, *rings] if (np.linalg.norm(done - spot, axis=1) > 2.2 * radius).all())
        spot = next(free, place)
        done = np.vstack([done, spot])
        x, y = back(spot)
        axes.plot(*zip(point, (x, y)), color="black", linewidth=1, zorder=3, gid="leader")
        axes.plot(x, y, "o", markersize=16, color="black", markeredgecolor="white", zorder=4)
        pin: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "color": "white",
            "weight": "bold",
            "fontsize": 9,
            "zorder": 5,
        }
        axes.text(x, y, str(number), gid="pin", **pin)


class _Taken:
    """What a new label must keep clear of; all in pixels."""

    def __init__(self, frame, points: np.ndarray) -> None:
        self.frame = frame
        self.points = points
        self.radii = np.zeros(len(points))
        self.boxes: list[np.ndarray] = []  # left, bottom, right, top
        self.lines = np.zeros((0, 2))

    def free_corner(self, place: np.ndarray, distance: float, size: np.ndarray) -> np.ndarray | None:
        """Lower left corner of the first free box that touches a circle around a place, or None."""
        for towards in _DIRECTIONS:
            direction = np.array([np.cos(towards), np.sin(towards)])
            # The box lies beside the point, above it or below, where the direction leads.
            corner = place + distance * direction - size * np.select([direction > 0.3, direction < -0.3], [0, 1], 0.5)
            if self._is_free(corner, corner + size):
                return corner
        return None

    def _is_free(self, low: np.ndarray, high: np.ndarray) -> bool:
        frame = self.frame
        if (low < frame.p0 + 1).any() or (high > frame.p1 - 1).any():
            return False
        if any((low < box[2:] + 3).all() and (high > box[:2] - 3).all() for box in self.boxes):
            return False
        gaps = np.linalg.norm(self.points - np.clip(self.points, low, high), axis=1)
        return bool((gaps > self.radii + 1.5).all()) and not _any_inside(self.lines, low, high)

    def may_run(self, trail: np.ndarray) -> bool:
        """Whether a line to a label crosses no other label."""
        return not any(_any_inside(trail, box[:2], box[2:]) for box in self.boxes)


def _any_inside(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    return bool(((points > low - 2) & (points < high + 2)).all(axis=1).any())
