"""Final marks for a learning platform, in the file that it imports, and the pages for the students in an archive."""

import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from autograder.commands.feedback import page_of
from autograder.course.files import kept_origin, require_writable, write_whole
from autograder.course.folder import Course
from autograder.course.roster import by_student_id
from autograder.course.sheet import SheetError, read_sheet
from autograder.course.students import shown_name, student_id
from autograder.gradebook.fill_in import Filled, fill_in
from autograder.gradebook.layouts import LAYOUTS, Listed
from autograder.gradebook.results import StudentResult, load_results
from autograder.intake.platforms import platform_of, returned_as
from helpers.errors import CourseError


class ExportRefused(CourseError):
    """Marks that are not to go out yet, or have nowhere to go."""


@dataclass
class Exported:
    """What was written. ungraded: those without a mark, with the reason; waiting: how many answers count as 0 until
    somebody marks them; pages, pageless: the archive of pages and for whom it has none."""

    path: Path
    filled: Filled | None
    students: list[Listed]
    ungraded: list[tuple[str, str]]
    waiting: int
    pages: Path | None = None
    pageless: list[str] | None = None

    @property
    def incomplete(self) -> bool:
        """Whether somebody's mark found no place."""
        return bool(self.filled and (self.filled.missing or self.filled.doubtful))

    def told(self) -> list[str]:
        """What to say of it, line by line; whom the file could not serve in full."""
        marked = [s for s in self.students if s.marks]
        lines = [f"{len(self.filled.filled if self.filled else marked)} students' marks: {self.path}"]
        if self.filled:
            for what, who in (
                ("In the file, but none of ours (left as they were)", self.filled.unknown),
                ("In doubt: two students fit, or none for certain (left as they were)", self.filled.doubtful),
                ("Marked here, but not in the file", self.filled.missing),
                ("Found by their name alone, please look", self.filled.by_name),
            ):
                if who:
                    lines.append(f"{what} ({len(who)}): {'; '.join(map(shown_name, who))}.")
        lines += [f"No mark for {who}: {why}" for who, why in self.ungraded]
        if self.waiting:
            lines.append(f"{self.waiting} answers wait to be marked by hand and count as 0.")
        if self.pages:
            lines.append(f"Feedback pages: {self.pages}")
            if self.pageless:
                lines.append(f"No page in it for ({len(self.pageless)}): {'; '.join(self.pageless)}.")
        elif self.pageless:
            lines.append("No archive of pages: write them with `autograder feedback`, and collect from this platform.")
        return lines


def export(
    course: Course,
    assignment: str | None,
    platform: str,
    into: Path | None = None,
    out: Path | None = None,
    column: str | None = None,
    with_waiting: bool = False,
) -> Exported:
    """Write the final marks of one homework, or of all that are graded -> what was written.

    into: the platform's own exported file, to be filled in. out: where (default: build/exports). Raises ExportRefused
    where nothing is graded or answers wait to be marked (unless with_waiting), SheetError where `into` does not fit.
    """
    if platform not in LAYOUTS:
        raise ExportRefused(f"There is no format {platform!r}; there is {', '.join(LAYOUTS)}.")
    layout = LAYOUTS[platform]
    if out:
        require_writable(out)
    results = {name: load_results(course, name) for name in ([assignment] if assignment else course.homeworks())}
    results = {name: own for name, own in results.items() if any(r.status == "graded" for r in own)}
    if not results:
        what = assignment or "HOMEWORK"
        raise ExportRefused(f"Nothing is graded yet: run `autograder grade {what}` first.")
    if column and not assignment:
        raise ExportRefused("--column names one homework's column: say which homework.")
    waiting = _waiting(results)
    if waiting and not with_waiting:
        raise ExportRefused(_still_waiting(waiting))
    students = _listed(course, platform, results)
    homeworks = {name: next(r.max_score for r in own if r.status == "graded") for name, own in results.items()}
    name = f"{'-'.join(results) if assignment else 'all'}-{platform}"
    if into is None:
        sheet, filled = layout.blank(homeworks, [s for s in students if s.marks]), None
        target = out or course.build / "exports" / f"{name}.{'xls' if platform == 'blackboard' else 'csv'}"
    else:
        filled = fill_in(read_sheet(_read(into), into.name), layout, homeworks, students, column)
        sheet = filled.sheet
        target = out or course.build / "exports" / f"{name}{into.suffix or '.csv'}"
    write_whole(target, sheet.to_bytes())
    ungraded = [(r.student, r.reason or "not graded") for own in results.values() for r in own if r.status != "graded"]
    answers = sum(sum(own.values()) for own in waiting.values())
    exported = Exported(target, filled, students, ungraded, answers)
    if assignment:
        ids = filled.ids if filled else {}
        exported.pages, exported.pageless = _pages(course, assignment, platform, students, ids, target)
    return exported


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise SheetError(f"{path} cannot be read ({problem.strerror}).") from None


def _waiting(results: dict[str, list[StudentResult]]) -> dict[str, dict[str, int]]:
    """{homework: {student: how many answers wait}}, without those of whom none does."""
    found = {}
    for name, own in results.items():
        counts = {r.student: sum(q.waiting for q in r.questions) for r in own if r.status == "graded"}
        found[name] = {student: count for student, count in counts.items() if count}
    return {name: own for name, own in found.items() if own}


def _still_waiting(waiting: dict[str, dict[str, int]]) -> str:
    told = []
    for name, own in waiting.items():
        who, answers = list(own), sum(own.values())
        several = f"{', '.join(who[:3])}{f' and {len(who) - 3} more' if len(who) > 3 else ''}"
        told.append(f"{answers} answer{'s wait' if answers > 1 else ' waits'} to be marked in {name} ({several})")
    return f"{'; '.join(told)}: mark them in Formgrader, or give --with-waiting to count them as 0."


def _listed(course: Course, platform: str, results: dict[str, list[StudentResult]]) -> list[Listed]:
    """Everybody who has a result or is on the roster, in the order of their names here."""
    roster = by_student_id(course)
    numbers = _numbers(course, platform, list(results))
    marks: dict[str, dict[str, float]] = {who: {} for who in roster}
    names, mails = {}, {}
    for homework, own in results.items():
        for result in own:
            who = student_id(result.student)
            marks.setdefault(who, {})
            if result.status == "graded":
                marks[who][homework] = result.score
            names[who] = result.name
            if result.final:
                mails[who] = result.final.email
    found = []
    for who in sorted(marks):
        listed = roster.get(who)
        number = listed.ids.get(platform, "") if listed else ""
        name = names.get(who) or (listed.name if listed else "") or who
        email = mails.get(who) or (listed.email if listed else "") or ""
        found.append(Listed(who, name, email, number, marks[who], numbers.get(who, "")))
    return found


def _numbers(course: Course, platform: str, homeworks: list[str]) -> dict[str, str]:
    """{student: the id that the platform's downloads gave them}, as `collect` has noted it.

    Moodle numbers students anew for each homework, so its numbers tell nothing about several.
    """
    path = course.build / "people.json"
    if not path.is_file():
        return {}
    known = json.loads(path.read_text(encoding="utf-8"))
    where = f"Moodle {homeworks[0]}" if platform == "moodle" else platform.capitalize()
    if platform == "moodle" and len(homeworks) > 1:
        return {}
    own = {student_id(name): owner[1] for name, owner in known.get(where, {}).items()}
    if platform == "moodle":  # with blind marking the number stands in the name
        folders = (p.name for p in (course.build / "submitted").glob("Participant *"))
        own |= {name: name.removeprefix("Participant ") for name in folders}
    return own


# --- the pages -------------------------------------------------------------------------------------------


def _pages(
    course: Course, assignment: str, platform: str, students: list[Listed], ids: dict[str, str], beside: Path
) -> tuple[Path | None, list[str]]:
    """An archive of the feedback pages, named so that the platform knows whose each is -> it, and who is not in it."""
    written, without = io.BytesIO(), []
    target = beside.with_name(f"{beside.stem}-feedback.zip")
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for student in students:
            page = page_of(course, assignment, student.student)
            name = _page_name(course, platform, assignment, student, ids.get(student.student, ""))
            if page.is_file() and name:
                archive.write(page, name)
            elif page.is_file() or student.marks:
                without.append(student.student)
        if not archive.namelist():
            return None, without
    write_whole(target, written.getvalue())
    return target, without


def _page_name(course: Course, platform: str, assignment: str, student: Listed, number: str) -> str | None:
    """Where a student's page lies in the archive; None where the platform could not tell whose it is.

    number: the platform's id in its own file. Moodle's participants have another one in each homework, which its
    worksheet or the download tells; the id in a roster comes last.
    """
    page, origin = f"{assignment}-feedback.html", kept_origin(course, assignment, student.student)
    if platform == "csv":
        return f"{student.student}/{page}"
    if platform_of(origin) == platform and not (platform == "moodle" and number.isdecimal()):
        return returned_as(origin, page)
    number = number or student.download or student.number
    if platform == "moodle" and number.isdecimal():
        name = re.sub(r"[^\w .,'@()-]|_", "", student.name).strip(" .") or "student"
        return f"{name}_{number}_assignsubmission_file/{page}"
    return None
