"""Recognises whose a file is, and which attempt it belongs to, in the names that learning platforms give to downloads.

Whoever hands in is one person: the name and, where the platform gives one, its own id. People are never put together
by less than both.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.intake.archives import OUTSIDE, Listed, is_wanted, name_parts, stem
from autograder.intake.choose import NOT_THEIRS

TIME = r"[^-/]*\b\d{4},?\s\d{1,2}[:.]?\d{2}(?:\s?[AaPp][Mm])?"
CANVAS = re.compile(r"(?P<student>[^_/]+)(?:_LATE)?_(?P<user>\d+)_(?P<upload>\d+)_(?P<file>.+)")
MOODLE = re.compile(r"(?P<student>.+?)_(?P<user>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
BLACKBOARD = re.compile(r"[^_/]+_(?P<student>[^/]+?)_attempt_(?P<time>[\d-]+)_?(?P<file>.*)")
BRIGHTSPACE = re.compile(rf"(?P<user>\d+)-\d+ - (?P<student>.+) - (?P<time>{TIME})(?: - (?P<file>.+))?")
# A date written otherwise than in English: the last part.
BRIGHTSPACE_OTHER = re.compile(r"(?P<user>\d+)-\d+ - (?P<student>.+) - (?P<time>.+)")
# With blind marking all are called Participant, and only the number tells them apart.
BLIND = "Participant"
VERSION = re.compile(r"version (\d{1,9})", flags=re.I)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Person:
    """Who handed in: the name as given and, where there is one, the platform and the id that it uses."""

    name: str
    platform: str | None = None
    number: str | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.number})" if self.number else self.name


@dataclass(frozen=True)
class Place:
    """A file of one person: its path below the person's folder, the attempt and the upload (see `Candidate`)."""

    file: Listed
    parts: tuple[str, ...]
    attempt: tuple[int, ...] = ()
    upload: int = 0
    reason: str | None = None


def by_person(listed: Sequence[Listed], assignment: str) -> dict[Person, list[Place]]:
    """Everybody to whom a file or folder of the download belongs, those without a notebook too, and their files.

    A loose file that is no notebook belongs to nobody, unless a platform or the homework is in its name.
    """
    wrapper = _wrapping(listed, assignment)
    everything = [name_parts(file.name) for file in listed]
    title = _blackboard_title(parts[len(wrapper)] for parts in everything if parts and len(parts) > len(wrapper))
    people: dict[Person, list[Place]] = {}
    for file, parts in zip(listed, everything, strict=True):
        if parts is None:
            safe = [p for p in re.split(r"[/\\]+", file.name) if p not in ("", ".", "..") and ":" not in p]
            person = Person(safe[0] if len(safe) > 1 else "unknown")
            people.setdefault(person, []).append(Place(file, (), reason=OUTSIDE))
            continue
        if parts[: len(wrapper)] == wrapper:
            parts = parts[len(wrapper) :]
        if not parts or NOT_THEIRS & set(parts) or _belongs_to_nobody(parts, file, assignment):
            continue
        person, place = _recognise(parts, file, assignment, title)
        places = people.setdefault(person, [])
        if not file.is_folder:
            places.append(place)
    return people


def _belongs_to_nobody(parts: tuple[str, ...], file: Listed, assignment: str) -> bool:
    if parts[0].startswith(".") and not is_wanted(file.name):
        return True
    loose = len(parts) == 1 and not file.is_folder
    return loose and not (is_wanted(parts[0]) or _platform(parts[0]) or assignment.lower() in parts[0].lower())


def _wrapping(listed: Iterable[Listed], assignment: str) -> tuple[str, ...]:
    """The folders at the top that wrap everything: archives often hold one folder with the rest in it."""
    wanted = [name_parts(file.name) for file in listed if is_wanted(file.name) and not file.is_folder]
    names = [parts for parts in wanted if parts]
    depth = 0
    while names and all(len(parts) > depth + 1 for parts in names) and len({parts[depth] for parts in names}) == 1:
        top, below = names[0][depth], {parts[depth + 1] for parts in names}
        telling = "submi" in top.lower() or top.lower() == assignment
        deep = (
            all(len(parts) > depth + 2 for parts in names) and len(below) > 1 and not all(map(VERSION.fullmatch, below))
        )
        if _platform(top) or not (telling or deep or all(map(_platform, below))):
            break
        depth += 1
    return names[0][:depth] if names else ()


def _platform(part: str) -> re.Match | None:
    for pattern in (MOODLE, BLACKBOARD, BRIGHTSPACE, BRIGHTSPACE_OTHER, CANVAS):
        if match := pattern.fullmatch(part):
            return match
    return None


def _recognise(parts: tuple[str, ...], file: Listed, assignment: str, title: str) -> tuple[Person, Place]:
    """Whose a file is, from a path such as Moodle's, Canvas's, Blackboard's, Brightspace's or plain folders."""
    if match := _platform(parts[0]):
        named = match.groupdict()
        inside = parts[1:] or (named.get("file") or parts[0],)
        if match.re is CANVAS and len(parts) == 1:
            # Canvas adds -1, -2 to the name of a file that was handed in again.
            inside = (re.sub(r"-\d+(?=\.ipynb$)", "", inside[0]),)
        name, number = named["student"].strip(), named.get("user")
        if match.re is BLACKBOARD:
            name = name.removeprefix(title)
        if match.re is MOODLE and name == BLIND:
            name, number = f"{name} {number}", None
        if number:
            name = unicodedata.normalize("NFC", name)
        platform = {CANVAS: "Canvas", MOODLE: "Moodle"}.get(match.re, "Brightspace") if number else None
        attempt = _moment(named["time"]) if named.get("time") else _version(inside)
        return Person(name, platform, number), Place(file, inside, attempt, int((named.get("upload") or "0")[:18]))
    if len(parts) == 1 and not file.is_folder:
        name = re.sub(rf"[_-]?{re.escape(assignment)}$", "", stem(parts[0]))
        return Person(name or "unknown"), Place(file, parts)
    return Person(parts[0]), Place(file, parts[1:], _version(parts[1:]))


def _blackboard_title(starts: Iterable[str]) -> str:
    """What Blackboard's names have in common between the title's first word and the student: numbers, as in
    Homework_4_ada. Other words may belong to the student's name."""
    matches = [match for start in set(starts) if (match := BLACKBOARD.fullmatch(start))]
    numbers = {re.sub(r"^((?:\d+_)*).*", r"\1", match["student"], flags=re.S) for match in matches}
    return numbers.pop() if len(numbers) == 1 else ""


# --- which attempt ---------------------------------------------------------------------------------------


def _version(parts: tuple[str, ...]) -> tuple[int, ...]:
    """The number in a folder such as Teams's Version 2."""
    return next(((int(match[1]),) for part in parts[:-1] if (match := VERSION.fullmatch(part))), ())


def _moment(text: str) -> tuple[int, ...]:
    """(year, month, day, hour, minute ...) of a time such as 2026-01-02-10-00-00 or Sep 9, 2026 1015 AM; else ()."""
    if re.fullmatch(r"\d{4}(-\d{1,2}){2,5}", text):
        return tuple(int(number) for number in text.split("-"))
    match = re.fullmatch(
        r"(?:(?P<month>[a-z]{3,9})\.? (?P<day>\d{1,2})|(?P<day2>\d{1,2})\.? (?P<month2>[a-z]{3,9})\.?),? "
        r"(?P<year>\d{4}),? (?P<hour>\d{1,2})[:.]?(?P<minute>\d{2})(?: ?(?P<half>[ap])m)?",
        " ".join(text.lower().split()),
    )
    if match is None:
        return ()
    month = (match["month"] or match["month2"])[:3]
    if month not in MONTHS:
        return ()
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"] == "p" else 0)
    return int(match["year"]), MONTHS.index(month) + 1, int(match["day"] or match["day2"]), hour, int(match["minute"])
