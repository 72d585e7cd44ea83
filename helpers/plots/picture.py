"""What all pictures share: colours, style, and a drawing that carries its description wherever it is exported.

A picture has no ground of its own. Its colours stand out from white and from the near-black of dark themes alike: ink
has a contrast of about 4 with both, and so in lines and large marks have the first four colours, at least 3. They are
those of Okabe & Ito, "Color Universal Design" (2008), which stay apart for colour-blind eyes; marks, patterns or words
say again whatever a colour says.
"""

import base64
import html
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, ORANGE, INK, FAINT = "#56B4E9", "#E69F00", "#7B7B7B", "#7B7B7B59"
WORDS, MEANING = VERMILION, BLUE  # BM25 and semantic search, in every picture that shows both
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE, INK)
MARKERS = "osD^vPX"
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
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 1.2,
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
        from PIL import Image

        drawn, packed = io.BytesIO(), io.BytesIO()
        with style():  # ticks are only made when the figure is drawn
            self.figure.savefig(drawn, format="png", dpi=_DPI)
        # 256 colours are plenty, and make the file a third as large. It holds no date and no program's name, so that
        # the same drawing gives the same bytes.
        Image.open(drawn).quantize(256, Image.Quantize.FASTOCTREE).save(packed, "png", optimize=True)
        return packed.getvalue()

    def save(self, path: str | Path) -> None:
        """Write the picture to a PNG file."""
        Path(path).write_bytes(self.png())

    def html(self) -> str:
        """The picture as an element of a web page, with its description."""
        return _element(self.png(), self.description, self._size()[0])

    def _size(self) -> tuple[int, int]:
        width, height = (round(inches * _SHOWN_DPI) for inches in self.figure.get_size_inches())
        return width, height

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        # Pages show the first, because neither Jupyter nor nbconvert gives a PNG its description. Paper takes the PNG.
        png, (width, height) = self.png(), self._size()
        data = {
            "text/html": _element(png, self.description, width),
            "image/png": base64.b64encode(png).decode("ascii"),
            "text/plain": self.description,
        }
        return data, {"image/png": {"width": width, "height": height, "alt": self.description}}

    def __repr__(self) -> str:
        return self.description


def _element(png: bytes, description: str, width: int) -> str:
    source = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    return f'<img alt="{html.escape(description)}" width="{width}" src="{source}">'


@contextmanager
def style() -> Iterator[None]:
    """The course's style, whatever the notebook's own is; afterwards that one holds again."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


@contextmanager
def drawing(width: float, height: float, title: str, panels: int = 1) -> "Iterator[tuple[Figure, list[Axes]]]":
    """A figure of width x height inches: one pair of axes with a title, or panels side by side below it.

    Its layout is made when the drawing is done, and stays.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with style():
        layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1, wspace=0.04)
        figure = Figure(figsize=(width, height), dpi=_DPI, layout=layout)
        axes = list(figure.subplots(1, panels, squeeze=False)[0])
        if panels == 1:
            axes[0].set_title(title)
        else:
            figure.suptitle(title, x=0.02, ha="left", weight="bold", size=12)
        yield figure, axes
        settle(figure)


def settle(figure: "Figure") -> None:
    """Make the layout now and keep it, so that what is measured from here on stays true."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def luminance(colour) -> float:
    """Relative luminance of a colour, 0 (black) to 1 (white), as the Web Content Accessibility Guidelines define it."""
    from matplotlib.colors import to_rgb

    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def short(name: object, most: int = 28) -> str:
    """A name that fits: its end is cut off where it is longer than `most` characters."""
    text = str(name)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
