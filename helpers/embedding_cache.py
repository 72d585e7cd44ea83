"""Embeddings kept on disk by content, so that a text is embedded once and every later run only reads.

One SQLite file holds float32 vectors under (model identity, sha256 of the text). Every call opens and closes
its own connection: nothing is shared between threads or across a fork; SQLite's locks keep processes apart.
What was read last stays in memory, because a search embeds the same few queries over and over.
A cache is only ever a help. If its file is damaged, locked or cannot be written, one line on stderr says so
and embedding goes on without it; a file on a read-only disk is read, and what is new is simply not kept.
"""

import hashlib
import sqlite3
import sys
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from .cache_folder import cache_folder
from .progress import ProgressBar

BUSY_SECONDS = 5.0  # how long to wait for another process that is writing

_KEYS_PER_QUERY = 500  # below the oldest SQLite limit of 999 variables
_CREATE = """CREATE TABLE IF NOT EXISTS embeddings (
    model TEXT NOT NULL, text_hash BLOB NOT NULL, checksum INTEGER NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (model, text_hash))"""
_RECENT = 1000  # vectors kept in memory; a call for more than this leaves them alone
_recent: dict[tuple[Path, str, str], np.ndarray] = {}  # (file, model, text) -> vector, read-only
_given_up: set[Path] = set()  # files that failed in this process: warned about once, then left alone


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
        try:
            if not text_of or path in _given_up or not path.exists():
                return known
            read = {text_of[key]: vector for key, vector in _read(path, model, list(text_of)).items()}
        except (sqlite3.Error, OSError) as error:
            _give_up(path, error)
            return known
        if len(read) <= _RECENT:
            for old in list(_recent)[: max(0, len(_recent) + len(read) - _RECENT)]:
                _recent.pop(old, None)
            _recent.update({(path, model, text): vector for text, vector in read.items()})
        return known | read

    def put(self, model: str, texts: Sequence[str], vectors: np.ndarray) -> None:
        """Keep `vectors` (n, d) for the n `texts` in one transaction. What is already kept stays as it is."""
        path = self.path
        if path in _given_up:
            return
        rows = []
        for text, vector in zip(texts, np.asarray(vectors, dtype="<f4"), strict=True):
            blob = vector.tobytes()
            rows.append((model, _text_hash(text), zlib.crc32(blob), blob))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(_connect(path, "mode=rwc")) as db:
                db.execute("BEGIN IMMEDIATE")
                db.execute(_CREATE)
                db.executemany("INSERT OR IGNORE INTO embeddings VALUES (?, ?, ?, ?)", rows)
                db.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            if not _is_read_only(path, error):
                _give_up(path, error)


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
    (n, d) float32 array of the caller's own, row i for texts[i]; n must be at least 1.
    """
    vector_of: dict[str, np.ndarray] = dict(cache.get(model, texts))
    unknown = sorted((text for text in dict.fromkeys(texts) if text not in vector_of), key=len, reverse=True)
    if unknown:
        encode = open_encoder()
        with ProgressBar(total=len(unknown), desc="Embedding", unit=" texts", show=show_progress) as bar:
            for start in range(0, len(unknown), chunk_size):
                chunk = unknown[start : start + chunk_size]
                vectors = np.asarray(encode(chunk), dtype=np.float32)
                cache.put(model, chunk, vectors)
                vector_of.update(zip(chunk, vectors, strict=True))
                bar.update(len(chunk))
    return np.concatenate([vector_of[text] for text in texts]).reshape(len(texts), -1)


def as_texts(texts: Iterable[str]) -> list[str]:
    """Return `texts` (list, tuple, 1-D array, Series or other ordered iterable of str) as a list of str.

    Raises
    ------
    ValueError : a text is missing (None, NaN), or `texts` has more than one dimension.
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
    """Return `text` as a plain str; a missing text is a ValueError, what is no string a TypeError."""
    if isinstance(text, str):
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


def _read(path: Path, model: str, keys: list[bytes]) -> dict[bytes, np.ndarray]:
    # mode=rw so that SQLite can undo what a killed writer left half done; where the file cannot be written it
    # opens it for reading by itself. "immutable" takes no locks, for disks that have none: right only for a
    # file that was left clean, that is without a journal beside it.
    try:
        return _select(path, "mode=rw", model, keys)
    except sqlite3.OperationalError as error:
        if _code(error) == sqlite3.SQLITE_BUSY or path.with_name(path.name + "-journal").exists():
            raise
        return _select(path, "mode=ro&immutable=1", model, keys)


def _select(path: Path, options: str, model: str, keys: list[bytes]) -> dict[bytes, np.ndarray]:
    found = {}
    with closing(_connect(path, options)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'embeddings'").fetchone():
            return {}
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            part = keys[start : start + _KEYS_PER_QUERY]
            rows = db.execute(
                "SELECT text_hash, checksum, vector FROM embeddings WHERE model = ? "
                f"AND text_hash IN ({','.join('?' * len(part))})",
                [model, *part],
            )
            for key, checksum, blob in rows:
                if zlib.crc32(blob) != checksum:
                    raise sqlite3.DatabaseError("a stored vector is damaged")
                found[key] = np.frombuffer(blob, dtype="<f4")
    return found


def _code(error: Exception) -> int:
    """The primary SQLite result code of `error`, or -1."""
    return error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else -1


def _is_read_only(path: Path, error: Exception) -> bool:
    """Whether a write failed only because the (existing) file, its folder or its disk is read-only."""
    return _code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN) and path.is_file()


def _give_up(path: Path, error: Exception) -> None:
    _given_up.add(path)
    damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
    remedy = "delete that file" if damaged else "set COURSE_CACHE_DIR to a folder that can be written"
    print(
        f"The embedding cache {path} cannot be used ({error}), so embeddings are computed each time: {remedy}.",
        file=sys.stderr,
    )
