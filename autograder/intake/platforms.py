"""Recognises whose a file is in the names that learning platforms give to downloads."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from autograder.intake.archives import Entry, name_parts

CANVAS = re.compile(r"(?P<student>[^_/]+)(?:_LATE)?_(?P<user>\d+)_(?P<upload>\d+)_(?P<file>.+)")
MOODLE = re.compile(r"(?P<student>.+?)_(?P<user>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
BLACKBOARD = re.compile(r".+?_(?P<student>[^_/]+)_attempt_(?P<upload>[\d-]+)_?(?P<file>.*)")
BRIGHTSPACE = re.compile(r"\d+-\d+ - (?P<student>.+?) - (?P<upload>.+)")


def by_student(entries: list[Entry], assignment: str) -> Iterator[tuple[str, str, Entry]]:
    """(student, file name, entry) for every entry that belongs to one."""
    parts_of = {id(entry): name_parts(entry.name) for entry in entries}
    common = _wrapping(list(parts_of.values()), assignment)
    for entry in entries:
        parts = parts_of[id(entry)]
        if parts is None:
            safe = [p for p in re.split(r"[/\\]+", entry.name) if p not in ("", ".", "..") and ":" not in p]
            yield (
                (safe[0] if len(safe) > 1 else "unknown"),
                "",
                Entry(entry.name, None, "A file name in the archive points outside of it; that file was not taken."),
            )
            continue
        student, file = _recognise(parts[common:], assignment)
        yield student, file, entry


def _wrapping(all_names: list[list[str] | None], assignment: str) -> int:
    """How many folders at the top wrap everything: archives often hold one folder with the rest in it."""
    names = [parts for parts in all_names if parts]
    depth = 0
    while names and all(len(parts) > depth + 1 for parts in names) and len({parts[depth] for parts in names}) == 1:
        top, below = names[0][depth], {parts[depth + 1] for parts in names}
        telling = "submi" in top.lower() or top.lower() == assignment
        deep = all(len(parts) > depth + 2 for parts in names) and len(below) > 1
        if _platform(top) or not (telling or deep or all(map(_platform, below))):
            break
        depth += 1
    return depth


def _platform(part: str) -> re.Match | None:
    for pattern in (MOODLE, BLACKBOARD, BRIGHTSPACE, CANVAS):
        if match := pattern.fullmatch(part):
            return match
    return None


def _recognise(parts: list[str], assignment: str) -> tuple[str, str]:
    """(student, file name) from a path such as Moodle's, Canvas's, Blackboard's, Brightspace's or plain folders."""
    match = _platform(parts[0])
    if match:
        named = match.groupdict()
        file = parts[-1] if len(parts) > 1 else named.get("file") or parts[0]
        # Canvas adds -1, -2 to the name of a file that was handed in again.
        file = re.sub(r"-\d+(?=\.ipynb$)", "", file) if match.re is CANVAS and len(parts) == 1 else file
        return named["student"].strip(), file
    if len(parts) == 1:
        stem = re.sub(rf"[_-]?{re.escape(assignment)}$", "", PurePosixPath(parts[0]).stem)
        return stem or "unknown", parts[0]
    return parts[0], parts[-1]
