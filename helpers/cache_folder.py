"""Where the course keeps what it can make again: embeddings, checked weights, downloads."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the folder for made things: ``COURSE_CACHE_DIR`` if set, else the user's own cache folder.

    The folder may not exist yet: whoever writes to it first makes it.
    """
    chosen = os.environ.get("COURSE_CACHE_DIR", "").strip()
    if chosen:
        return Path(chosen).expanduser()
    return Path(platformdirs.user_cache_dir("embeddings-course", appauthor=False))
