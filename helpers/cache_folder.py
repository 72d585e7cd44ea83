"""Where the course keeps what it can make again: embeddings, checked weights, downloads."""

import os
import stat
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the folder for made things: ``COURSE_CACHE_DIR`` if set, else the user's own cache folder.

    The folder may not exist yet: whoever writes to it first makes it. A user without a home folder, as in many
    containers, has a temporary one, which all processes of that user share; one line on stderr says so.
    """
    return _lasting_folder() or _temporary_folder()


def is_temporary() -> bool:
    """Whether what lies in `cache_folder()` may be gone tomorrow, because the user has no home folder."""
    return _lasting_folder() is None


def _lasting_folder() -> Path | None:
    chosen = os.environ.get("COURSE_CACHE_DIR", "").strip()
    try:
        if chosen:
            return Path(chosen).expanduser()
        folder = platformdirs.user_cache_path("embeddings-course", appauthor=False)
    except RuntimeError:  # there is no home folder
        return None
    return folder if folder.is_absolute() else None  # older versions of platformdirs leave a "~" that they cannot read


@cache
def _temporary_folder() -> Path:
    folder = _private_temporary_folder()
    print(
        f"This user has no home folder, so embeddings and downloads are kept in {folder} for now: "
        "set COURSE_CACHE_DIR to a folder that stays.",
        file=sys.stderr,
    )
    return folder


def _private_temporary_folder() -> Path:
    """The same folder in every process of this user; one of this process's own where that name is taken."""
    try:
        if hasattr(os, "geteuid"):
            folder = Path(tempfile.gettempdir()) / f"embeddings-course-{os.geteuid()}"
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            # Anybody may have made it, and what a cache gives back is believed.
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                return folder
        return Path(tempfile.mkdtemp(prefix="embeddings-course-"))
    except OSError:  # a machine where nothing can be written: the cache will say so and be done without
        return Path("embeddings-course").absolute()
