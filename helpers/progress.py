"""The course's progress bar: on stderr, only for work that lasts, gone when it is done."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

DELAY_SECONDS = 2


class ProgressBar(tqdm):
    """A tqdm bar that appears after `DELAY_SECONDS`, without tqdm's monitor thread, which would not survive a fork."""

    monitor_interval = 0

    def __init__(self, iterable: Iterable | None = None, **kwargs: Any):
        super().__init__(iterable, delay=DELAY_SECONDS, leave=False, **kwargs)
