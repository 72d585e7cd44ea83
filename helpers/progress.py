"""The course's progress bar: only for work that lasts, and gone when it is done.

In a terminal it is a line on stderr, in a notebook a line of the cell's output that is updated in place; into a pipe
or a file nothing is written.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from warnings import catch_warnings, simplefilter

from tqdm import TqdmWarning, tqdm

DELAY_SECONDS = 2


class ProgressBar(tqdm):
    """A tqdm bar that appears after `DELAY_SECONDS`, without tqdm's monitor thread, which would not survive a fork."""

    monitor_interval = 0

    def __init__(self, iterable: Iterable | None = None, show: bool = True, **kwargs: Any):
        # None leaves the bar out where its file is no terminal.
        disable, file = None if show else True, _NotebookLine() if _in_notebook() else None
        super().__init__(iterable, disable=disable, file=file, delay=DELAY_SECONDS, leave=False, **kwargs)


class _NotebookLine:
    """A file for tqdm that is shown in the cell's output, without ipywidgets and without stderr's red box.

    It is an updatable display that begins and ends without content: nothing to see stays in the saved notebook, and
    nbval, which knows no updates, finds the same outputs with and without a bar.
    """

    encoding = "utf-8"  # so that tqdm draws with blocks

    def __init__(self) -> None:
        self._display: Any = None  # IPython's handle of the display, once there is something to show

    def write(self, text: str) -> None:
        """Take "\\r" and a line as the new content; what else tqdm writes moves a terminal's cursor."""
        if not text.startswith("\r"):
            return
        from IPython.display import display

        if self._display is None:
            self._display = display({}, raw=True, display_id=True)
        line = text.strip()
        self._display.update({"text/plain": line} if line else {}, raw=True)

    def flush(self) -> None:
        pass


def _in_notebook() -> bool:
    """Whether this is a Jupyter kernel; IPython in a terminal has no `kernel`."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@contextmanager
def no_advice_on_widgets() -> Iterator[None]:
    """Keep tqdm's red advice to install ipywidgets out of a notebook while libraries that use it are imported."""
    with catch_warnings():
        simplefilter("ignore", TqdmWarning)
        yield
