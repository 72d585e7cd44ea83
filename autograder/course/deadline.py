"""When a homework is due and what it costs to hand it in late: homework/<name>/due.toml, which the instructor writes.

due = 2026-10-09 23:59:00        # a date alone means its end
zone = "Europe/Berlin"           # of this file, and of times that platforms write without a zone

[late]                           # without it, late work is named and costs nothing
percent_per_day = 10             # of the homework's points, for each day that has begun
days = 3                         # work that is more days late earns nothing
grace_minutes = 15               # not counted as late
"""

import math
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from autograder.course.folder import Course
from helpers.errors import CourseError

FILE = "due.toml"
KNOWN = {"due", "zone", "late"}
RULE = {"percent_per_day", "days", "grace_minutes"}
MOST = 1_000_000  # of any of them


class DeadlineError(CourseError):
    """A due.toml that cannot be followed; the message says what is wrong with it."""


@dataclass(frozen=True)
class Deadline:
    """A due date with its late rule. due: with its zone; percent_per_day: of the homework's points, for each day begun;
    days: later work earns nothing (None: it may be as late as it likes)."""

    due: datetime
    zone: tzinfo
    percent_per_day: float = 0.0
    days: int | None = None
    grace: timedelta = timedelta()

    def due_with(self, extension: float = 0.0) -> datetime:
        """The due date of a student who has so many more days, in UTC: at the same time of day, whatever the clocks
        did between."""
        return (self.due + timedelta(days=extension)).astimezone(UTC)

    def days_late(self, handed_in: datetime, extension: float = 0.0) -> int:
        """How many days have begun since the due date; 0 within the grace."""
        late = handed_in - self.due_with(extension)
        return math.ceil(late / timedelta(days=1)) if late > self.grace else 0

    def penalty(self, points: float, max_points: float, days_late: int) -> float:
        """How many of `points` work so late loses, out of a homework of `max_points`; never more than it earned."""
        if days_late and self.days is not None and days_late > self.days:
            return points
        return min(points, round(max_points * self.percent_per_day / 100 * days_late, 6))


def deadline_of(course: Course, assignment: str) -> Deadline | None:
    """The homework's deadline, None where it has no due.toml. DeadlineError where that cannot be followed."""
    path = course.homework(assignment) / FILE
    where = f"homework/{assignment}/{FILE}"
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise DeadlineError(f"{where} cannot be read as TOML ({problem}): correct it.") from None
    rule = written.get("late", {})
    if odd := sorted((set(written) - KNOWN) | (set(rule) - RULE if isinstance(rule, dict) else {"late"})):
        raise DeadlineError(f"{where} says {odd[0]!r}, which means nothing there: it knows due, zone and [late].")
    zone = _zone(written.get("zone"), where)
    due = written.get("due")
    if not isinstance(due, date):  # a datetime is one too
        raise DeadlineError(f"{where} names no due date: write, say, due = 2026-10-09 23:59:00.")
    moment = due if isinstance(due, datetime) else datetime.combine(due, time(23, 59, 59))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone) if zone else moment.astimezone()
    percent, days, grace = (_number(rule, name, where) for name in ("percent_per_day", "days", "grace_minutes"))
    return Deadline(
        moment,
        zone or moment.tzinfo or UTC,
        float(percent or 0),
        None if days is None else int(days),
        timedelta(minutes=grace or 0),
    )


def _zone(name: object, where: str) -> tzinfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        raise DeadlineError(f"{where} names an unknown zone, {name!r}: write, say, zone = 'Europe/Berlin'.") from None


def _number(rule: dict, name: str, where: str) -> float | None:
    value = rule.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (is_number and 0 <= value <= MOST):
        raise DeadlineError(f"{where} says {name} = {value!r}: write a number from 0 to {MOST:,}.")
    return value
