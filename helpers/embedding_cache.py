"""Embeddings kept on disk by content, so that a text is embedded once and every later run only reads.

One SQLite file holds float32 vectors under (model identity, sha256 of the text). Every call opens and closes
its own connection: nothing is shared between threads or across a fork; SQLite's locks keep processes apart.
What was read last stays in memory, because a search embeds the same few queries over and over.
Only finite numbers are kept and given back: a stored vector that has others, or does not fit its checksum, is
forgotten and computed again.
A cache is only ever a help. A damaged file is renamed, a new one begins, and one line on stderr says so. If the
file is locked or cannot be written, one line says that and embedding goes on without it; a file on a read-only
disk is read, and what is new is simply not kept.
"""

import hashlib
import os
import sqlite3
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TypeVar

import numpy as np

from .cache_folder import cache_folder
from .errors import CourseError, ShownInOneSentence
from .progress import ProgressBar

BUSY_SECONDS = 5.0  # how long to wait for another process that is writing

_KEYS_PER_QUERY = 500  # below the oldest SQLite limit of 999 variables
_CREATE = """CREATE TABLE IF NOT EXISTS embeddings (
    model TEXT NOT NULL, text_hash BLOB NOT NULL, checksum INTEGER NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (model, text_hash))"""
_RECENT = 1000  # vectors kept in memory; a call for more than this leaves them alone
_recent: dict[tuple[Path, str, str], np.ndarray] = {}  # (file, model, text) -> vector, read-only
_given_up: set[Path] = set()  # files that failed in this process: warned about once, then left alone
_Result = TypeVar("_Result")


class UnusableEmbedding(CourseError):
    """A model gave vectors that cannot be compared with others; the message says for which text, and what to do."""


class EmbeddingInterrupted(ShownInOneSentence, KeyboardInterrupt):
    """Embedding was interrupted; the message says that nothing is lost. A notebook shows it without the model's own
    frames, of which there are dozens."""


@contextmanager
def briefly_interrupted() -> Iterator[None]:
    """Turn an interrupt within into `EmbeddingInterrupted`."""
    try:
        yield
    except KeyboardInterrupt:
        raise EmbeddingInterrupted("Embedding stopped. What was done is kept: run the cell again to go on.") from None


class EmbeddingCache:
    """Vectors by (model, text) in ``<folder>/embeddings.sqlite3``.

    Parameters
    ----------
    folder : folder of the cache file; by default ``cache_folder()``, looked up at each call. It is made at
        the first write.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The cache file, which need not exist yet."""
        return Path(self._folder or cache_folder()).absolute() / "embeddings.sqlite3"

    def get(self, model: str, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Return {text: vector (d,) float32, read-only} for those of `texts` that are known for `model`."""
        path = self.path
        known = {text: _recent[path, model, text] for text in texts if (path, model, text) in _recent}
        text_of = {_text_hash(text): text for text in texts if text not in known}
        if not text_of:
            return known
        found = _attempt(path, lambda: _read(path, model, list(text_of))) or {}
        read = {text_of[key]: vector for key, vector in found.items()}
        if len(read) <= _RECENT:
            for old in list(_recent)[: max(0, len(_recent) + len(read) - _RECENT)]:
                _recent.pop(old, None)
            _recent.update({(path, model, text): vector for text, vector in read.items()})
        return known | read

    def put(self, model: str, texts: Sequence[str], vectors: np.ndarray) -> None:
        """Keep those of the `vectors` (n, d) of n `texts` that are finite, in one transaction.

        What is already kept stays as it is.
        """
        rows = []
        for text, vector in zip(texts, np.asarray(vectors, dtype="<f4"), strict=True):
            if np.isfinite(vector).all():
                blob = vector.tobytes()
                rows.append((model, _text_hash(text), zlib.crc32(blob), blob))
        if rows:
            _attempt(self.path, lambda: _write(self.path, rows))

    def is_damaged(self) -> bool:
        """Whether SQLite finds damage anywhere in the file, all of which is read for that."""
        try:
            with closing(_connect(self.path, "mode=ro")) as db:
                return db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",)
        except sqlite3.Error as error:
            return _is_damage(error)

    def damaged_files(self) -> list[Path]:
        """Files that were renamed because of damage; nothing reads them any more."""
        return sorted(self.path.parent.glob(f"{self.path.name}.damaged-*"))


def embed_through_cache(
    texts: Sequence[str],
    model: str,
    cache: EmbeddingCache,
    open_encoder: Callable[[], Callable[[list[str]], np.ndarray]],
    chunk_size: int,
    show_progress: bool,
) -> np.ndarray:
    """Return the vectors of `texts`, computing each distinct unknown text once.

    `open_encoder` is called only if something is unknown, and gives the function that turns a list of m texts
    into an (m, d) array. The unknown texts go to it longest first (texts of like length need little padding),
    `chunk_size` at a time; each chunk is kept at once, so an interrupt loses at most the chunk in hand.

    Returns
    -------
    (n, d) float32 array of the caller's own, row i for texts[i], every number finite; n must be at least 1.

    Raises
    ------
    UnusableEmbedding : the model gave NaN or infinity for a text (its position is named), or vectors of another
        length than those in the cache.
    EmbeddingInterrupted : a KeyboardInterrupt came while something was computed.
    """
    vector_of: dict[str, np.ndarray] = dict(cache.get(model, texts))
    unknown = sorted((text for text in dict.fromkeys(texts) if text not in vector_of), key=len, reverse=True)
    if unknown:
        with (
            briefly_interrupted(),
            ProgressBar(total=len(unknown), desc="Embedding", unit=" texts", show=show_progress) as bar,
        ):
            encode = open_encoder()
            for start in range(0, len(unknown), chunk_size):
                chunk = unknown[start : start + chunk_size]
                with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, and is refused
                    vectors = np.asarray(encode(chunk), dtype=np.float32)
                cache.put(model, chunk, vectors)
                wrong = ~np.isfinite(vectors).all(axis=1)
                if wrong.any():
                    position = texts.index(chunk[wrong.argmax()])
                    raise UnusableEmbedding(
                        f"The model gave NaN or infinity for the text at position {position}: "
                        "change that text, or use another model."
                    )
                vector_of.update(zip(chunk, vectors, strict=True))
                bar.update(len(chunk))
    rows = [vector_of[text] for text in texts]
    lengths = sorted({len(row) for row in rows})
    if len(lengths) > 1:
        raise UnusableEmbedding(
            f"Some vectors have {lengths[0]} numbers and others {lengths[-1]}, as if another model had taken the "
            f"name of an earlier one: delete {cache.path}, then embed again."
        )
    return np.concatenate(rows).reshape(len(rows), -1)


def as_texts(texts: Iterable[str]) -> list[str]:
    """Return `texts` (list, tuple, 1-D array, Series or other ordered iterable of str) as a list of str.

    Raises
    ------
    ValueError : a text is missing (None, NaN) or holds half a character (see `as_text`), or `texts` has more than
        one dimension.
    TypeError : a text is not a string, or `texts` is one string, or has no order.
    """
    if isinstance(texts, (str, bytes)):
        raise TypeError("Expected several texts, got a single string: put it in a list, [text].")
    if isinstance(texts, (Mapping, set, frozenset)) or not isinstance(texts, Iterable):
        raise TypeError(f"Expected a list or a column of texts, got {type(texts).__name__}: pass a list of strings.")
    if getattr(texts, "ndim", 1) != 1:
        raise ValueError(
            f"Expected one column of texts, got a table of shape {getattr(texts, 'shape', ())}: "
            "pass one column, for example products['product_name']."
        )
    return [as_text(text, f"The text at position {i}") for i, text in enumerate(texts)]


def as_text(text: str, name: str = "The text") -> str:
    """Return `text` as a plain str.

    Raises
    ------
    ValueError : it is missing (None, NaN), or holds half a character (a lone surrogate, such as "\\ud83d", which is
        left of an emoji that was cut in two): no model could tell what was meant.
    TypeError : it is not a string.
    """
    if isinstance(text, str):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{name} holds half a character ({text[error.start]!r}, character {error.start}): "
                "repair it first, for example with text.encode(errors='replace').decode()."
            ) from None
        return str(text)
    import pandas as pd

    if pd.api.types.is_scalar(text) and pd.isna(text):
        raise ValueError(f"{name} is missing ({text!r}): fill missing texts first, for example texts.fillna('').")
    raise TypeError(f"{name} is not a string but {type(text).__name__}: convert it first, for example with str().")


def check_batch_size(batch_size: int, most: int | None = None) -> int:
    """Return `batch_size` as an int of at least 1 and at most `most`, or raise a ValueError."""
    whole = isinstance(batch_size, (int, np.integer)) and not isinstance(batch_size, bool)
    if not whole or batch_size < 1 or (most is not None and batch_size > most):
        limits = "of at least 1" if most is None else f"from 1 to {most}"
        raise ValueError(f"batch_size is {batch_size!r}: give a whole number {limits}.")
    return int(batch_size)


def _text_hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _connect(path: Path, options: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?{options}", uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _attempt(path: Path, action: Callable[[], _Result]) -> _Result | None:
    """Do something with the cache file; None where that cannot be done. After damage it is tried again, once."""
    if path in _given_up:
        return None
    for tried in (False, True):
        seen = _file_id(path)
        try:
            return action()
        except (sqlite3.Error, OSError) as error:
            if tried or not _is_damage(error) or not _make_way(path, seen):
                _give_up(path, error)
                break
    return None


def _read(path: Path, model: str, keys: list[bytes]) -> dict[bytes, np.ndarray]:
    if not path.exists():
        return {}
    # mode=rw so that SQLite can undo what a killed writer left half done; where the file cannot be written it
    # opens it for reading by itself. "immutable" takes no locks, for disks that have none: right only for a
    # file that was left clean, that is without a journal beside it.
    try:
        rows = _select(path, "mode=rw", model, keys)
    except sqlite3.OperationalError as error:
        if _code(error) == sqlite3.SQLITE_BUSY or path.with_name(path.name + "-journal").exists():
            raise
        rows = _select(path, "mode=ro&immutable=1", model, keys)
    found = {key: vector for key, checksum, blob in rows if (vector := _vector(checksum, blob)) is not None}
    spoilt = [(model, key, checksum) for key, checksum, _ in rows if key not in found]
    if spoilt:
        _forget(path, spoilt)
    return found


def _select(path: Path, options: str, model: str, keys: list[bytes]) -> list[tuple]:
    """(text_hash, checksum, vector) of those `keys` that are there, in the form in which they are stored."""
    rows: list = []
    with closing(_connect(path, options)) as db:
        db.text_factory = bytes  # damage can turn bytes into text, even into text that is none
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'embeddings'").fetchone():
            return []
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            part = keys[start : start + _KEYS_PER_QUERY]
            rows += db.execute(
                "SELECT text_hash, checksum, vector FROM embeddings WHERE model = ? "
                f"AND text_hash IN ({','.join('?' * len(part))})",
                [model, *part],
            )
    return rows


def _vector(checksum: int, blob: bytes) -> np.ndarray | None:
    """The stored vector, read-only; None if it is damaged or not finite."""
    if not isinstance(blob, bytes) or zlib.crc32(blob) != checksum:
        return None
    vector = np.frombuffer(blob, dtype="<f4")
    return vector if np.isfinite(vector).all() else None


def _forget(path: Path, spoilt: list[tuple[str, bytes, int]]) -> None:
    """Delete these (model, text_hash, checksum), so that what is computed instead can be kept."""
    with suppress(sqlite3.Error), closing(_connect(path, "mode=rw")) as db:  # a read-only file keeps them
        db.execute("BEGIN IMMEDIATE")
        # Another process may have put a good vector there meanwhile, which has another checksum.
        db.executemany("DELETE FROM embeddings WHERE model = ? AND text_hash = ? AND checksum IS ?", spoilt)
        db.execute("COMMIT")


def _write(path: Path, rows: list[tuple[str, bytes, int, bytes]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(_connect(path, "mode=rwc")) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute(_CREATE)
            db.executemany("INSERT OR IGNORE INTO embeddings VALUES (?, ?, ?, ?)", rows)
            db.execute("COMMIT")
    except sqlite3.Error as error:
        # An existing file that is read-only, or lies in such a folder or on such a disk, is used as it is.
        if _code(error) not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN) or not path.is_file():
            raise


def _make_way(path: Path, seen: tuple[int, int] | None) -> bool:
    """Rename the damaged file with the id `seen`, unless another process has done so -> whether `path` is rid of it."""
    try:
        with closing(_connect(path.with_name("embeddings.lock"), "mode=rwc")) as lock:
            lock.execute("BEGIN EXCLUSIVE")  # one process at a time: the second finds the new file, and leaves it
            if _file_id(path) != seen:
                return True
            with closing(_connect(path, "mode=rw")) as db:
                try:
                    # Nobody may be writing: the journal of a file that has gone would be taken for the new one's.
                    db.execute("BEGIN EXCLUSIVE")
                except sqlite3.DatabaseError as error:
                    if not _is_damage(error):  # with damage in its first page, nobody can write to it either
                        raise
                if os.name != "nt":
                    _rename(path)
            if os.name == "nt":  # there, a file that anybody has open cannot be renamed
                _rename(path)
        return True
    except (sqlite3.Error, OSError):
        return False


def _rename(path: Path) -> None:
    aside = next(name for i in count(1) if not (name := path.with_name(f"{path.name}.damaged-{i}")).exists())
    for companion in ("-journal", "-wal", "-shm", ""):  # the file itself last: they must not meet the new one
        with suppress(FileNotFoundError):
            path.with_name(path.name + companion).rename(f"{aside}{companion}")
    print(
        f"The embedding cache {path} was damaged: it is now called {aside.name}, and a new one begins.",
        file=sys.stderr,
    )


def _file_id(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


def _code(error: Exception) -> int:
    """The primary SQLite result code of `error`, or -1."""
    return error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else -1


def _is_damage(error: Exception) -> bool:
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _give_up(path: Path, error: Exception) -> None:
    _given_up.add(path)
    remedy = "delete that file" if _is_damage(error) else "set COURSE_CACHE_DIR to a folder that can be written"
    print(
        f"The embedding cache {path} cannot be used ({error}), so embeddings are computed each time: {remedy}.",
        file=sys.stderr,
    )
