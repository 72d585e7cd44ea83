"""What a mark depends on beside the submission: the grader's code, and what it runs on."""

import hashlib
import platform
from importlib import metadata
from pathlib import Path

import autograder
import helpers

# Packages whose version may change what a notebook gives. A cluster's workers must have the grader's.
PACKAGES = ("numpy", "pandas", "scipy", "PyStemmer", "ipykernel", "nbclient")


def grader_version(homework: Path | None = None) -> str:
    """A hash of the code that reads, runs and judges (with that of one homework's folder, where it is named): when it
    changes, kept results do not count any more."""
    folders = [Path(autograder.__file__).parent, Path(helpers.__file__).parent, *([homework] if homework else [])]
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return digest(*(path.read_bytes() for path in files))


def surroundings() -> dict[str, str]:
    """{what: version} of this process: the course's code, Python and the packages that notebooks compute
    with."""
    return {
        "course code": grader_version()[:12],
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **{name: metadata.version(name) for name in PACKAGES},
    }


def digest(*parts: str | bytes) -> str:
    """SHA-256 (64 hex digits) of the parts, each with its length."""
    whole = hashlib.sha256()
    for part in parts:
        part = part.encode() if isinstance(part, str) else part
        whole.update(len(part).to_bytes(8) + part)
    return whole.hexdigest()
