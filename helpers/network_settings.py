"""Which environment variable keeps requests from being sent, asked only after something has failed.

Libraries read these variables at different moments and fail over them in ways of their own (ImportError,
FileNotFoundError, InvalidURL, ...). So the variables are looked at, not the failure.
"""

import importlib.metadata
import os
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def setting_at_fault(certificates: Sequence[str], socks_package: str) -> str | None:
    """Say in one clause which variable cannot be followed, or return None if each of them can.

    Of the values only the names of files are repeated: the address of a proxy may hold a password.

    Parameters
    ----------
    certificates : the variables that give the caller's library its certificates.
    socks_package : the distribution that this library needs for SOCKS proxies.
    """
    for name in certificates:
        path = os.environ.get(name)
        if path and not _holds_certificates(path, folders=name != "SSL_CERT_FILE"):
            return f"{name} is set to {path}, where no certificates can be read"
    for name, value in os.environ.items():
        if name.lower() in _PROXIES and value:
            scheme = _scheme(value)
            if scheme.startswith("socks"):
                if not _is_installed(socks_package):
                    return f"{name} is set to a SOCKS proxy, which needs the package {socks_package}"
            elif scheme not in ("http", "https"):
                return f"{name} is set to something that is not the address of a proxy"
    return None


def _holds_certificates(path: str, folders: bool) -> bool:
    if os.path.isdir(path):
        return folders
    try:
        ssl.create_default_context(cafile=path)
    except OSError:  # no such file; or, as ssl.SSLError, a file of something else
        return False
    return True


def _scheme(proxy: str) -> str:
    """The scheme of a proxy's address, by default http; "" if it is no address."""
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        _ = parts.port  # a ValueError if it is a word
    except ValueError:
        return ""
    return parts.scheme if parts.hostname else ""


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
