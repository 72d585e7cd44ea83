"""Fetching the real WANDS data once, from one fixed commit, each file checked against git's hash of it."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from .catalogue import wands_folder
from .errors import CourseError
from .network_settings import setting_at_fault
from .progress import ProgressBar

WANDS_URL = "https://raw.githubusercontent.com/wayfair/WANDS/3b74dcf4ba29ab8ff3e6a50b5b09fc627cb882b5/dataset/"
_CHUNK = 2**16


class DownloadError(CourseError):
    """The data could not be fetched or stored; the message says why and what to do."""


class RemoteFile(NamedTuple):
    """A file to fetch: its name, git's blob id of its content, and roughly its size (for bar and disk)."""

    name: str
    blob_id: str
    about_bytes: int


WANDS_FILES = (
    RemoteFile("query.csv", "acb3c1f4cf1b775f494225afec79ec2163fc3e03", 19_942),
    RemoteFile("label.csv", "2c09a0d7b1f77f6040deb5873b5a90b8ef1e3ae9", 5_700_000),
    RemoteFile("product.csv", "a415f7295dc0d90b3163ef606da611a4e9ddeca8", 86_000_000),
)


def download_wands(
    to: str | Path | None = None,
    *,
    files: Sequence[RemoteFile] = WANDS_FILES,
    base_url: str = WANDS_URL,
) -> Path:
    """Fetch WANDS (about 90 MB) unless it is already there, and return its folder.

    A file takes its final name only once its content has been checked, so an interrupted download leaves
    nothing half-written; calling again fetches what is missing or wrong and keeps what is right.

    Parameters
    ----------
    to : folder to write to, made if needed; None means the place where the loaders look for WANDS.
    files, base_url : what to fetch from where; base_url ends with a slash.

    Raises
    ------
    DownloadError : no network, a variable that keeps it from being used (the message names it), a file that is
        not the expected one, or a folder that cannot be written to.
    """
    try:
        folder = (Path(to).expanduser() if to else wands_folder()).resolve()
    except RuntimeError:
        raise DownloadError(f"{to} lies in a home folder that is not known; write the whole path.") from None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [file for file in files if not _is_good(folder / file.name, file.blob_id)]
        if wanted:
            _check_disk_space(folder, sum(file.about_bytes for file in wanted))
            _fetch(wanted, folder, base_url)
    except OSError as error:
        raise DownloadError(_storage_problem(error, folder)) from None
    return folder


def git_blob_id(path: Path) -> str:
    """The id git gives a file's content: sha1 of b"blob <size>\\0" and the content (40 hex digits)."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _is_good(path: Path, blob_id: str) -> bool:
    return path.is_file() and git_blob_id(path) == blob_id


def _fetch(files: Sequence[RemoteFile], folder: Path, base_url: str) -> None:
    """Fetch each file into a temporary folder beside its final place, check it, and only then move it."""
    total = sum(file.about_bytes for file in files)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as unchecked,
        ProgressBar(total=total, desc="WANDS", unit="B", unit_scale=True) as bar,
    ):
        for file in files:
            path = Path(unchecked) / file.name
            _fetch_one(base_url + file.name, path, bar)
            if git_blob_id(path) != file.blob_id:
                raise DownloadError(
                    f"What came from {base_url}{file.name} is not the file of WANDS and was thrown away; "
                    "try again later or on another network. The demo catalogue works without it."
                )
            os.replace(path, folder / file.name)
        bar.total = bar.n  # the sizes were rough


def _fetch_one(url: str, path: Path, bar) -> None:
    import requests
    from pooch import HTTPDownloader

    downloader = HTTPDownloader(progressbar=_ShareOfBar(bar), chunk_size=_CHUNK, timeout=30)
    host, fault = urlsplit(url).hostname, None
    try:
        downloader(url, str(path), pooch=None)
        return
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "with an error"
        reason = f"the server answered {status} for {url}"
    except requests.exceptions.ChunkedEncodingError:
        reason = f"{host} broke off in the middle of {path.name}"
    except requests.exceptions.SSLError:
        fault = _setting_at_fault()
        reason = f"the certificate of {host} is not trusted on this network"
    except requests.exceptions.ProxyError:
        reason = "the proxy that HTTPS_PROXY or ALL_PROXY names cannot be reached"
    except requests.Timeout:
        reason = f"{host} did not answer in time"
    except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL):  # said of a proxy, too
        fault = _setting_at_fault()
        reason = f"{url} or the address of a proxy is not one that can be used"
    except requests.RequestException:
        reason = f"{host} cannot be reached from here"
    except OSError:  # the file cannot be written, or those with certificates cannot be read
        if (fault := _setting_at_fault()) is None:
            raise
        reason = fault
    remedy = "correct or remove that variable" if fault else "check the network"
    raise DownloadError(
        f"WANDS was not downloaded, because {fault or reason}; {remedy} and run "
        "`python -m helpers download` again. The demo catalogue works without it."
    )


def _setting_at_fault() -> str | None:
    return setting_at_fault(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), socks_package="PySocks")


class _ShareOfBar:
    """One file's share of a bar, in the form pooch expects: it may advance the bar, not restart it."""

    def __init__(self, bar):
        self._bar = bar
        self._finished = False
        self.total = 0

    def update(self, n: int) -> None:
        if not self._finished:
            self._bar.update(n)

    def reset(self) -> None:
        self._finished = True

    def close(self) -> None:
        self._finished = True


def _check_disk_space(folder: Path, needed: int) -> None:
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _storage_problem(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {folder} is full; free about 100 MB, or choose another place with --to DIR."
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return f"{error.filename or folder} is a file, not a folder; choose another place with --to DIR."
    reason = error.strerror or type(error).__name__
    return f"{folder} cannot be written to ({reason}); choose another place with --to DIR."
