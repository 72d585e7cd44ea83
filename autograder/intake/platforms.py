"""Recognises whose a file is, and which attempt it belongs to, in the names that learning platforms give to downloads.

Whoever hands in is one person: the name and, where the platform gives one, its own id. People are never put together
by less than both.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from autograder.course.files import TIMESTAMP, read_stamp
from autograder.intake import gradescope
from autograder.intake.archives import OUTSIDE, CollectError, Listed, is_wanted, name_parts, stem
from autograder.intake.choose import NOT_THEIRS, HandedIn, begins_with
from autograder.intake.gradescope import Submission

TIME = r"[^-/]*\b\d{4},?\s\d{1,2}[:.]?\d{2}(?:\s?[AaPp][Mm])?"
CANVAS = re.compile(r"(?P<student>[^_/]+)(?:_LATE)?_(?P<user>\d+)_(?P<upload>\d+)_(?P<file>.+)")
MOODLE = re.compile(r"(?P<student>.+?)_(?P<user>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
BLACKBOARD = re.compile(r"[^_/]+_(?P<student>[^/]+?)_attempt_(?P<time>[\d-]+)_?(?P<file>.*)")
BRIGHTSPACE = re.compile(rf"(?P<user>\d+)-\d+ - (?P<student>.+) - (?P<time>{TIME})(?: - (?P<file>.+))?")
# A date written otherwise than in English: the last part.
BRIGHTSPACE_OTHER = re.compile(r"(?P<user>\d+)-\d+ - (?P<student>.+) - (?P<time>.+)")
ILIAS = re.compile(r"(?P<last>[^_/]+)_(?P<first>[^_/]+)_(?P<login>[^_/]+)_(?P<user>\d+)")
# nbgrader's exchange, where each student leaves a folder; a copy on another system may have no colons.
EXCHANGE = re.compile(
    r"(?P<student>[^+/]+)\+(?P<assignment>[^+/]+)\+"
    r"(?P<time>\d{4}-\d\d-\d\d \d\d[:_-]?\d\d[:_-]?\d\d(?:\.\d+)?)(?: (?P<zone>[+-]\d{4}|[^+/]+))?(?:\+.*)?"
)
INBOUND, OUTBOUND = "inbound", "outbound"  # of each course in the exchange: what came in, and what was released
TEAM = re.compile(r"Team_\d+", flags=re.I)  # of ILIAS, above the folders of its members
HANDED_IN, NOT_YET = "submitted files", "working files"  # Teams keeps both, in one library
# With blind marking all are called Participant, and only the number tells them apart.
BLIND = "Participant"
PLATFORM = {CANVAS: "Canvas", MOODLE: "Moodle", BLACKBOARD: "Blackboard", EXCHANGE: "nbgrader"}
FILE_TIME = "the file's own time"
VERSION = re.compile(r"version (\d{1,9})", flags=re.I)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Person:
    """Who handed in: the name as given and, where there is one, the platform and the id that it uses; email or login
    where the platform tells it. nameless: nothing says whose it is, the name is the file's."""

    name: str
    platform: str | None = None
    number: str | None = None
    email: str = field(default="", compare=False)
    nameless: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.number})" if self.number else self.name


@dataclass(frozen=True)
class Place:
    """A file of one person: its path below the person's folder, and what is told of it (see `Candidate`)."""

    file: Listed
    parts: tuple[str, ...]
    attempt: tuple[int, ...] = ()
    upload: int = 0
    reason: str | None = None
    handed_in: HandedIn | None = None


def by_person(listed: Sequence[Listed], assignment: str) -> dict[Person, list[Place]]:
    """Everybody to whom a file or folder of the download belongs, those without a notebook too, and their files.

    A loose file that is no notebook belongs to nobody, unless a platform or the homework is in its name. Raises
    CollectError for an exchange in which several courses have a homework of this name.
    """
    wrapper = _inbound(listed, assignment) or _wrapping(listed, assignment)
    everything = _below(listed, wrapper)
    title = _blackboard_title(parts[0] for _, parts in everything if parts)
    folders = [parts[0] for file, parts in everything if parts and (len(parts) > 1 or file.is_folder)]
    start = len(_start_of_all(folders, wrapper, assignment))
    exported = _gradescope(everything)
    people: dict[Person, list[Place]] = {}
    for file, parts in everything:
        if parts is None:
            safe = [p for p in re.split(r"[/\\]+", file.name) if p not in ("", ".", "..") and ":" not in p]
            person = Person(safe[0] if len(safe) > 1 else "unknown")
            people.setdefault(person, []).append(Place(file, (), reason=OUTSIDE))
            continue
        if not parts or NOT_THEIRS & set(parts) or _belongs_to_nobody(parts, file, assignment):
            continue
        if parts[0] in exported:
            created = exported[parts[0]].created_at
            said = HandedIn(created, "Gradescope") if created else None
            owners = [
                Person(one.name or one.email, "Gradescope", one.sid or one.email or None, one.email)
                for one in exported[parts[0]].submitters
            ]
            place = Place(file, parts[1:], _version(parts[1:]), handed_in=said)
            found = [(owner, place) for owner in owners]
        else:
            found = [_recognise(parts, file, assignment, title, start)]
        for person, place in found:
            places = people.setdefault(person, [])
            if not file.is_folder:
                places.append(place)
    return {person: _of_this_homework(_timed(person, places), assignment) for person, places in people.items()}


def _below(listed: Sequence[Listed], wrapper: tuple[str, ...]) -> list[tuple[Listed, tuple[str, ...] | None]]:
    """(file, its path below the folders that wrap everything), without what the library of Teams and nbgrader's
    exchange hold beside what was handed in; None for a path that points outside."""
    every = [(file, name_parts(file.name)) for file in listed]
    if wrapper[-1:] == (INBOUND,):
        return [(f, p and p[len(wrapper) :]) for f, p in every if p is None or p[: len(wrapper)] == wrapper]
    below = [
        (file, parts and (parts[len(wrapper) :] if parts[: len(wrapper)] == wrapper else parts))
        for file, parts in every
    ]
    tops = {parts[0].lower() for _, parts in below if parts}
    if HANDED_IN not in tops:
        return below
    return [(file, parts and parts[1:]) for file, parts in below if not parts or parts[0].lower() == HANDED_IN]


def _inbound(listed: Sequence[Listed], assignment: str) -> tuple[str, ...]:
    """The folder of what came in, where this is nbgrader's exchange or one course of it: every notebook lies in what
    came in or in what was released. () where it is anything else."""
    paths = {parts: file for file in listed if (parts := name_parts(file.name))}
    places = {p[: p.index(INBOUND) + 1] for p in paths if INBOUND in p}
    released = {p[: p.index(OUTBOUND)] for p in paths if OUTBOUND in p}
    courses = {place for place in places if place[:-1] in released}
    handed_in: dict[tuple[str, ...], set[str]] = {place: set() for place in courses}
    for parts, file in paths.items():
        if not is_wanted(file.name) or file.is_folder:
            continue
        if OUTBOUND in parts and (*parts[: parts.index(OUTBOUND)], INBOUND) in courses:
            continue
        place = parts[: parts.index(INBOUND) + 1] if INBOUND in parts else ()
        match = EXCHANGE.fullmatch(parts[len(place)])
        if place not in courses or not match:
            return ()
        handed_in[place].add(match["assignment"])
    here = sorted(place for place, names in handed_in.items() if assignment in names)
    if len(here) > 1:
        raise CollectError(
            f"Several courses of this exchange have {assignment}: {', '.join('/'.join(p[:-1]) for p in here)}. "
            "Give the folder of yours."
        )
    return next(iter(here or sorted(courses)), ())


def other_owner(file: Listed) -> str | None:
    """A sentence where a folder of nbgrader's exchange names one student and another account has written it; everybody
    may write any name there."""
    match = EXCHANGE.fullmatch(own_name(file.name))
    if not match or file.owner in ("", match["student"]):
        return None
    return f"The account {file.owner} has handed it in under this name: ask both before you count it."


def _start_of_all(folders: Iterable[str], wrapper: Sequence[str], assignment: str) -> str:
    """What all folders' names begin with before the student's own: GitHub Classroom writes <homework>-<student>, often
    in <homework>-submissions, and The Littlest JupyterHub jupyter-<student>."""
    names = set(folders)
    starts = [f"{assignment}-", "jupyter-"] + [
        w.removesuffix("submissions") for w in wrapper if w.endswith("-submissions")
    ]
    fits = [one for one in starts if names and all(n.lower().startswith(one.lower()) and n[len(one) :] for n in names)]
    return fits[0] if fits else ""


def _gradescope(everything: Sequence[tuple[Listed, tuple[str, ...] | None]]) -> dict[str, Submission]:
    """{folder: who handed it in}, where Gradescope's list lies beside the folders."""
    lists = [file for file, parts in everything if parts == (gradescope.FILE,) and not file.is_folder]
    return gradescope.read_metadata(lists[0].read()) if lists else {}


def _timed(person: Person, places: list[Place]) -> list[Place]:
    """The places, with the time of nbgrader's timestamp.txt where the platform itself gives none, else the file's."""
    stamps = {place.parts[:-1]: place.file for place in places if place.parts[-1:] == (TIMESTAMP,)}
    found = []
    for place in places:
        said = place.handed_in
        by_itself = person.platform is None and not any(map(_platform, name_parts(place.file.name) or ()))
        if said is None and by_itself and (stamp := stamps.get(place.parts[:-1])):
            said = _stamped(stamp.read())
        if said is None and place.file.time is not None:
            said = HandedIn(place.file.time, FILE_TIME)
        found.append(replace(place, handed_in=said))
    return found


def _stamped(text: str, said_by: str = TIMESTAMP) -> HandedIn | None:
    time = read_stamp(text)
    return HandedIn(time, said_by) if time else None


def _of_this_homework(places: list[Place], assignment: str) -> list[Place]:
    """Without what lies in folders of other homework: where one folder holds a notebook of this homework's name, only
    that counts. Teams keeps the versions of all homework of a student side by side."""
    folders = {place.parts[0] for place in places if len(place.parts) > 2 and VERSION.fullmatch(place.parts[1])}
    own = {
        place.parts[0]
        for place in places
        if len(place.parts) > 2 and is_wanted(place.parts[-1]) and begins_with(place.parts[-1], assignment)
    }
    if len(folders) < 2 or not own:
        return places
    return [place for place in places if not place.parts or place.parts[0] in own]


def _belongs_to_nobody(parts: tuple[str, ...], file: Listed, assignment: str) -> bool:
    if parts[0].startswith(".") and not is_wanted(file.name):
        return True
    if (match := EXCHANGE.fullmatch(parts[0])) and match["assignment"] != assignment:
        return True
    loose = len(parts) == 1 and not file.is_folder
    return loose and not (is_wanted(parts[0]) or _platform(parts[0]) or assignment.lower() in parts[0].lower())


def _wrapping(listed: Iterable[Listed], assignment: str) -> tuple[str, ...]:
    """The folders at the top that wrap everything: archives often hold one folder with the rest in it."""
    wanted = [name_parts(file.name) for file in listed if is_wanted(file.name) and not file.is_folder]
    names = [parts for parts in wanted if parts]
    depth = 0
    for level in range(min(map(len, names), default=0)):
        if all(_platform(parts[level]) for parts in names):
            return names[0][:level]
        if len({parts[level] for parts in names}) > 1:
            break
    while names and all(len(parts) > depth + 1 for parts in names) and len({parts[depth] for parts in names}) == 1:
        top, below = names[0][depth], {parts[depth + 1] for parts in names}
        telling = "submi" in top.lower() or top.lower() == assignment
        deep = (
            all(len(parts) > depth + 2 for parts in names) and len(below) > 1 and not all(map(VERSION.fullmatch, below))
        )
        # A folder of Drive's: everybody's files side by side.
        loose = sum(assignment.lower() in name.lower() for name in below if is_wanted(name)) > 1
        if _platform(top) or not (telling or deep or loose or all(map(_platform, below))):
            break
        depth += 1
    return names[0][:depth] if names else ()


def _platform(part: str) -> re.Match | None:
    for pattern in (EXCHANGE, MOODLE, BLACKBOARD, BRIGHTSPACE, BRIGHTSPACE_OTHER, CANVAS):
        if match := pattern.fullmatch(part):
            return match
    return None


def _recognise(parts: tuple[str, ...], file: Listed, assignment: str, title: str, start: int) -> tuple[Person, Place]:
    """Whose a file is, from a path such as Moodle's, Canvas's, Blackboard's, Brightspace's or plain folders.

    title: what Blackboard's names begin with; start: the length of what all
    folders' names do.
    """
    if TEAM.fullmatch(parts[0]) and len(parts) > 2 and ILIAS.fullmatch(parts[1]):
        parts = parts[1:]
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
        says = PLATFORM.get(match.re, "Brightspace")
        attempt = _moment(named["time"]) if named.get("time") else _version(inside)
        said = _said(attempt, says, named.get("zone")) if named.get("time") else None
        upload = int((named.get("upload") or "0")[:18])
        return Person(name, says if number else None, number), Place(file, inside, attempt, upload, handed_in=said)
    if (match := ILIAS.fullmatch(parts[0])) and (len(parts) > 1 or file.is_folder):
        name = unicodedata.normalize("NFC", f"{match['first']} {match['last']}")
        return Person(name, "ILIAS", match["user"]), Place(file, parts[1:], _version(parts[1:]))
    if len(parts) == 1 and not file.is_folder:
        return _from_file_name(stem(parts[0]), assignment), Place(file, parts)
    return Person(parts[0][start:]), Place(file, parts[1:], _version(parts[1:]))


def _from_file_name(name: str, assignment: str) -> Person:
    """Ada of ada_hw4, hw4-ada and "Ada - hw4 (1)"; nobody where the homework's name is all there is, as in hw4 (1)."""
    homework = rf"{re.escape(assignment)}(?:[-_ ]submission)?"
    copy = r"(?:\s*\(\d+\)|[-_ ]+copy)*"
    if re.fullmatch(rf"(?:copy of )?{homework}{copy}", name, flags=re.I):
        return Person("unknown" if name == assignment else name, nameless=True)
    own = re.sub(rf"[\s_-]*{homework}{copy}$", "", name, flags=re.I)
    if own == name:
        own = re.sub(rf"^{homework}[\s_-]+(?=.*[^\W\d])", "", name, flags=re.I)
    return Person(own)


def _said(moment: tuple[int, ...], platform: str, zone: str | None) -> HandedIn | None:
    """What a platform's own name says of the time; without a zone, as most do."""
    try:
        year, month, day, hour, minute, *rest = moment
        second, microsecond = [*rest, 0, 0][:2]
        time = datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError:  # no moment, or none that there is
        return None
    if platform != PLATFORM[EXCHANGE]:
        return HandedIn(time, platform)
    return _stamped(f"{time} {zone or 'UTC'}", "nbgrader's exchange")


def _blackboard_title(starts: Iterable[str]) -> str:
    """What Blackboard's names have in common between the title's first word and the student: numbers, as in
    Homework_4_ada. Other words may belong to the student's name."""
    matches = [match for start in set(starts) if (match := BLACKBOARD.fullmatch(start))]
    numbers = {re.sub(r"^((?:\d+_)*).*", r"\1", match["student"], flags=re.S) for match in matches}
    return numbers.pop() if len(numbers) == 1 else ""


def own_name(path: str) -> str:
    """The file or folder of a download that bears the platform's own name for what one student handed in; else ""."""
    return next((part for part in name_parts(path) or () if _platform(part)), "")


def platform_of(origin: str) -> str:
    """The platform that gives such names, in lower case; else ""."""
    match = _platform(origin)
    names = {CANVAS: "canvas", MOODLE: "moodle", BLACKBOARD: "blackboard"}
    names |= {BRIGHTSPACE: "brightspace", BRIGHTSPACE_OTHER: "brightspace"}
    return names.get(match.re, "") if match else ""


def returned_as(origin: str, name: str) -> str:
    """Where a file called `name` lies in an archive that goes back to the platform, so that it knows whose it is.

    Canvas takes lastname_user_upload_file and nothing else (`generate_comments_from_files` of instructure/canvas-lms),
    Moodle the folder or the start of the file (mod/assign/feedback/file/importziplib.php).
    """
    match = _platform(origin)
    if match and match.groupdict().get("file"):
        return f"{origin[: match.start('file')]}{name}"
    return f"{origin}/{name}"


# --- which attempt ---------------------------------------------------------------------------------------


def _version(parts: tuple[str, ...]) -> tuple[int, ...]:
    """The number in a folder such as Teams's Version 2."""
    return next(((int(match[1]),) for part in parts[:-1] if (match := VERSION.fullmatch(part))), ())


def _moment(text: str) -> tuple[int, ...]:
    """(year, month, day, hour, minute ...), down to the microsecond where that is told, of a time such as
    2026-01-02-10-00-00 or Sep 9, 2026 1015 AM; else ()."""
    if re.fullmatch(r"\d{4}(-\d{1,2}){2,5}|\d{4}-\d\d-\d\d \d\d[:_-]?\d\d[:_-]?\d\d(\.\d+)?", text):
        whole, _, fraction = text.partition(".")
        microsecond = (int(f"{fraction:0<6}"[:6]),) if fraction else ()
        return (*(int(number) for number in re.findall(r"^\d{4}|\d{1,2}", whole)), *microsecond)
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
