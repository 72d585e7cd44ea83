"""A student's name as it was handed in, and the form of it under which nbgrader keeps the student."""

import hashlib
import unicodedata

PUNCTUATION = " _-.,@'()!~="
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


def shown_name(name: str) -> str:
    """`name` as it can be printed and written to a page's text: one line, no control characters, bounded."""
    return "".join(c if c.isprintable() else "_" for c in name)[:200]


def _safe(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character in PUNCTUATION
