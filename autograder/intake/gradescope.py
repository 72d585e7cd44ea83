"""Reads submission_metadata.yml, in which Gradescope says who handed in which folder, and when.

Its export is a folder assignment_<id>_export/ with one folder a submission and this list beside them. Keys carry a
leading colon, as Ruby writes symbols; a group has several submitters.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

FILE = "submission_metadata.yml"
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)? ?(Z|UTC|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True)
class Submitter:
    """One of those who handed in a folder; empty where Gradescope knows nothing."""

    name: str
    sid: str
    email: str


@dataclass(frozen=True)
class Submission:
    submitters: tuple[Submitter, ...]
    created_at: datetime | None


def read_metadata(text: str) -> dict[str, Submission]:
    """{folder: who handed it in, and when}; empty where the text is no such list."""
    try:
        # A loader that takes every value as text: an id such as 0123 keeps its zero.
        content = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    found = {}
    for folder, entry in content.items():
        people = _of(entry, "submitters")
        if isinstance(people, list):
            found[str(folder)] = Submission(
                tuple(Submitter(*(_text(_of(one, key)) for key in ("name", "sid", "email"))) for one in people),
                _moment(_of(entry, "created_at")),
            )
    return found


def _of(entry: Any, key: str) -> Any:
    return entry.get(f":{key}", entry.get(key)) if isinstance(entry, dict) else None


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) and value not in ("~", "null") else ""


def _moment(value: Any) -> datetime | None:
    match = TIME.fullmatch(_text(value))
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone in (None, "Z", "UTC") else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0').ljust(6, '0')}{offset}")
    except ValueError:
        return None
