"""Reads the manifest of hw4-submission.zip, which `python -m helpers check` packs beside the notebook.

Anybody can write one, so that nothing in it decides a mark, an identity or a time; it tells of a wrong file.
"""

import hashlib
import json
from typing import Any

from helpers.hand_in import MADE_BY


def read_manifest(text: str) -> dict[str, Any]:
    """What stands in a manifest of ours; empty for any other text."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) and content.get("made by") == MADE_BY else {}


def other_homework(manifest: dict[str, Any], assignment: str) -> str | None:
    """The reason where the archive was packed for another homework."""
    packed = manifest.get("homework")
    if not isinstance(packed, str) or packed == assignment:
        return None
    return f"The archive was packed for {packed[:40]!r}, not for {assignment}: hand in the one for {assignment}."


def changed_since(manifest: dict[str, Any], raw: bytes) -> str | None:
    """A sentence where the notebook in the archive is not the one that was checked."""
    notebook = manifest.get("notebook")
    checked = notebook.get("sha256") if isinstance(notebook, dict) else None
    if not isinstance(checked, str) or checked == hashlib.sha256(raw).hexdigest():
        return None
    return "The notebook in the archive is not the one that `helpers check` had packed; it was taken as it is."
