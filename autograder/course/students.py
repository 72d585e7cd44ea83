"""A student's name as it was handed in, and the form of it under which nbgrader keeps the student."""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypeVar

PUNCTUATION = " _-.,@'()!~="
Who = TypeVar("Who")
LONGEST = 120  # bytes; leaves room for what file systems and nbgrader add


def student_id(name: str) -> str:
    """The folder, gradebook and page name of a student: `name` itself wherever nbgrader can use it.

    nbgrader reads names as patterns, strips spaces, skips names with a leading dot, and Formgrader puts them into
    pages unescaped. A name with such characters gets safe ones instead and eight letters of its hash, so that two
    students never become one. Applying it twice changes nothing.
    """
    clean = "".join(c if _safe(c) else "_" for c in unicodedata.normalize("NFC", name))
    if clean == name and clean.strip(" .") == name and 0 < len(name.encode()) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    start = clean.encode()[: LONGEST - 20].decode(errors="ignore").strip(" .")
    return f"{start or 'student'}-{digest}"


def told_apart(name: str) -> str:
    """What must differ between two students: their ids, also where a file system takes Ada and ada, or the two ways to
    write the letter é, for the same name."""
    return unicodedata.normalize("NFC", student_id(unicodedata.normalize("NFC", name))).lower()


def mixed_up(names: Mapping[Who, str]) -> dict[Who, list[Who]]:
    """{who: all that cannot be told apart from them, themselves included}, for those who are not alone.

    names: {who: the student's name}.
    """
    groups: dict[str, list[Who]] = {}
    for who, name in names.items():
        groups.setdefault(told_apart(name), []).append(who)
    return {who: group for group in groups.values() if len(group) > 1 for who in group}


def mixed_up_in_words(names: Sequence[str]) -> str:
    """The reason for each of a group of `mixed_up`."""
    return (
        f"These names cannot be told apart: {', '.join(shown_name(name) for name in names[:4])}. "
        "Give each student a name of their own, or leave out what is there twice."
    )


def full_name(first: str | None, last: str | None) -> str:
    """First and last name, as much of it as is known."""
    return " ".join(part for part in (first, last) if part)


def shown_name(name: str) -> str:
    """`name` as it can be printed and written to a page's text: one line, no control characters, bounded."""
    return "".join(c if c.isprintable() else "_" for c in name)[:200]


def _safe(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character in PUNCTUATION
