"""Folders for one run each, which go even where their owner was killed: the next run removes what nobody holds."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

PREFIX = "autograder-"


class Scratch:
    """A new, empty folder below the system's folder for temporary files, held by a lock that ends with this process."""

    def __init__(self) -> None:
        sweep()
        # Where another process sweeps between the making and the locking, the folder is lost, and the next one tried.
        while (lock := _locked(path := Path(tempfile.mkdtemp(prefix=PREFIX)))) is None:
            pass
        self.path, self._lock = path, lock

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


@lru_cache(maxsize=1)
def sweep() -> None:
    """Remove the folders of processes that have ended; once for each process."""
    for path in left_behind():
        shutil.rmtree(path, ignore_errors=True)


def left_behind() -> Iterator[Path]:
    """Folders of this kind, of this user, that nobody holds any more; held here while each is looked at."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            ours = path.lstat().st_uid == os.geteuid() and path.is_dir() and not path.is_symlink()
        except OSError:
            continue
        if ours and (lock := _locked(path)) is not None:
            yield path
            os.close(lock)


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock on a folder; None where another process does, or the folder is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
