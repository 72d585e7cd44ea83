"""Writes marks into the file that a platform exported: its rows, columns, order and form stay as they are."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from autograder.course.sheet import Sheet, SheetError
from autograder.gradebook.layouts import Layout, Listed, points

DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
DECIMAL_POINT = re.compile(r"-?\d+\.\d+")
POSSIBLE = re.compile(r"\s*points possible\s*", flags=re.I)


@dataclass
class Filled:
    """A filled file, and whom it could not serve.

    unknown: rows of the file that are none of ours; missing: ours with a mark that the file does not have; doubtful:
    rows that fit several of ours, or whose columns name different ones, left as they were; by_name: ours that only
    their name told; ids: {student: the platform's own id in the file, such as Moodle's Identifier}.
    """

    sheet: Sheet
    filled: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    by_name: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)


def fill_in(
    sheet: Sheet, layout: Layout, homeworks: dict[str, float], students: Sequence[Listed], column: str | None = None
) -> Filled:
    """The exported file with the students' marks in their homework's columns.

    homeworks: {name: points}; column: the header of the one homework's column, where it is not called like it.
    Raises SheetError where a column is missing, ambiguous, or worth other points than the homework.
    """
    header = [cell.strip() for cell in sheet.header]
    places = {name: _column(header, layout, name, homeworks, column) for name in homeworks}
    for name, place in places.items():
        _check_points(sheet, layout, header, place, name, homeworks[name])
    rows = [list(row) for row in sheet.rows]
    at = {kind: _places(header, names) for kind, names in _kinds(layout).items()}
    if not (at["numbers"] or at["mails"] or at["names"]):
        raise SheetError(f"The file has no column that says who is who; it has {_listed(header)}.")
    first_id = _places(header, layout.numbers[:1])
    found, claimed = _who(rows, at, first_id if layout.downloads else [], students)
    result = Filled(sheet)
    by_row = {row: who for who, own in claimed.items() for row in own}
    for number in range(1, len(rows)):
        row, told = rows[number], _told(rows[number], at)
        if not told or POSSIBLE.fullmatch(told):
            continue
        who = by_row.get(number)
        if who is None:
            (result.doubtful if found.get(number) else result.unknown).append(told)
        elif len(claimed[who]) > 1:
            result.doubtful.append(told)
        else:
            row += [""] * (len(header) - len(row))
            student = students[who]
            for name, place in places.items():
                if name in student.marks:
                    row[place] = _as_in(sheet, place, header, student.marks[name])
            if student.marks:
                result.filled.append(student.student)
            if first_id and (key := _key(_cell(row, first_id[0]))):
                result.ids[student.student] = key
            if not _keys_of(row, at["numbers"]) & _numbers(student) and not _mails(row, at) & {
                student.email.casefold()
            }:
                result.by_name.append(student.student)
    served = {who for who, own in claimed.items() if len(own) == 1}
    result.missing = [s.student for place, s in enumerate(students) if s.marks and place not in served]
    result.sheet = sheet.with_rows(rows)
    return result


# --- which column ----------------------------------------------------------------------------------------


def _column(
    header: Sequence[str], layout: Layout, homework: str, homeworks: dict[str, float], wanted: str | None
) -> int:
    """The place of the column that holds a homework's grades."""
    lowered = [cell.casefold() for cell in header]
    if wanted is None and len(homeworks) == 1 and layout.worksheet in lowered and "identifier" in lowered:
        return lowered.index(layout.worksheet)
    titles = {}
    taken = {*layout.numbers, *layout.mails, *layout.names}
    for place, cell in enumerate(header):
        match = layout.title.fullmatch(cell)
        if match and cell.casefold() not in taken:
            titles[place] = match["title"]
    if wanted is not None:
        fits = [place for place, cell in enumerate(header) if wanted.strip() in (cell, titles.get(place))]
    else:
        fits = [place for place, title in titles.items() if _plain(title) == _plain(homework)]
        fits = fits or [place for place, title in titles.items() if _is_called(title, homework)]
    if len(fits) == 1:
        return fits[0]
    what = f"called {wanted}" if wanted else f"for {homework}"
    found = _listed([header[place] for place in fits or titles]) or "none at all"
    if fits:
        raise SheetError(f"The file has several columns {what} ({found}): name one in full with --column.")
    raise SheetError(f"The file has no column {what}: name one with --column. Its columns: {found}.")


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _is_called(title: str, homework: str) -> bool:
    """Whether a title begins with the homework's name, or with the word that hw is short for and its number."""
    short = re.fullmatch(r"hw(\d+)", homework, flags=re.I)
    name = rf"(?:{re.escape(homework)}|homework\W*{short[1]})" if short else re.escape(homework)
    return re.match(rf"\W*{name}\b", title, flags=re.I) is not None


def _check_points(sheet: Sheet, layout: Layout, header: Sequence[str], place: int, homework: str, most: float) -> None:
    """SheetError where the platform has other points for the column: it would take 73 of 100 for 73 of 10."""
    match, told = layout.title.fullmatch(header[place]), None
    if match and "points" in layout.title.groupindex:
        told = _number(match["points"])
    rows = [row for row in sheet.rows[1:4] if row and POSSIBLE.fullmatch(row[0]) and place < len(row)]
    if rows:
        told = _number(rows[0][place])
    lowered = [cell.casefold() for cell in header]
    if "maximum grade" in lowered and header[place].casefold() == layout.worksheet:
        told = next((n for row in sheet.rows[1:] if (n := _number(_cell(row, lowered.index("maximum grade"))))), None)
    if told and abs(told - most) > 1e-6:
        raise SheetError(
            f"The column {header[place]!r} is worth {told:g} points, and {homework} is worth {most:g}: "
            f"set it to {most:g} on the platform, then export the file again."
        )


def _number(text: str | None) -> float | None:
    try:
        return float((text or "").strip().replace(",", "."))
    except ValueError:
        return None


def _as_in(sheet: Sheet, place: int, header: Sequence[str], mark: float) -> str:
    """A mark with the decimal sign that the file uses in this column, or for its maximum."""
    lowered = [cell.casefold() for cell in header]
    places = [place, *([lowered.index("maximum grade")] if "maximum grade" in lowered else [])]
    cells = [_cell(row, p).strip() for row in sheet.rows[1:] for p in places]
    comma = any(map(DECIMAL_COMMA.fullmatch, cells)) and not any(map(DECIMAL_POINT.fullmatch, cells))
    return points(mark).replace(".", ",") if comma else points(mark)


# --- which student ---------------------------------------------------------------------------------------


def _kinds(layout: Layout) -> dict[str, tuple[str, ...]]:
    return {"numbers": layout.numbers, "mails": layout.mails, "names": layout.names}


def _places(header: Sequence[str], names: Iterable[str]) -> list[int]:
    lowered = [cell.strip().casefold() for cell in header]
    return [lowered.index(name) for name in names if name in lowered]


def _who(
    rows: Sequence[Sequence[str]], at: dict[str, list[int]], first_id: list[int], students: Sequence[Listed]
) -> tuple[dict[int, set[int]], dict[int, list[int]]]:
    """({row: the students that it may mean}, {student: the rows that mean them and nobody else}).

    Ids and addresses count first; where they say nothing, a name that one student alone has. first_id: the column that
    holds what downloads call students by; in any other one the same number would be somebody else's.
    """
    numbers, mails, names, downloads = defaultdict(set), defaultdict(set), defaultdict(set), defaultdict(set)
    for who, student in enumerate(students):
        for key in _numbers(student):
            numbers[key].add(who)
        if student.download:
            downloads[_key(student.download)].add(who)
        if student.email:
            mails[student.email.casefold()].add(who)
        for name in {student.name, student.student}:
            names[_words(name)].add(who)
    found: dict[int, set[int]] = {}
    for number, row in enumerate(rows[1:], 1):
        told = [numbers[key] for key in _keys_of(row, at["numbers"]) if key in numbers]
        told += [downloads[key] for key in _keys_of(row, first_id) if key in downloads]
        told += [mails[mail] for mail in _mails(row, at) if mail in mails]
        if told:
            found[number] = set.union(*told)
    known, doubtful = set().union(*found.values()), set()
    for number, row in enumerate(rows[1:], 1):
        # Whoever has a row by their id is not meant by another one that only bears the same name.
        if number not in found and (own := names[_words(_name(row, at))]) - known:
            found[number] = own
            if known and any(students[who].number or (first_id and students[who].download) for who in own):
                doubtful.add(number)  # the file's ids are the ones that we know, and this row's is another one
    claimed: dict[int, list[int]] = defaultdict(list)
    for number, own in found.items():
        if len(own) == 1 and number not in doubtful:
            claimed[min(own)].append(number)
    return found, claimed


def _numbers(student: Listed) -> set[str]:
    return {key for text in (student.number, student.student) if (key := _key(text))}


def _key(text: str) -> str:
    """An id as it is compared: without Brightspace's # and Moodle's Participant."""
    return re.sub(r"^(?:#|participant\s+)", "", text.strip().casefold())


def _keys_of(row: Sequence[str], places: Iterable[int]) -> set[str]:
    return {key for place in places if (key := _key(_cell(row, place)))}


def _mails(row: Sequence[str], at: dict[str, list[int]]) -> set[str]:
    return {mail for place in at["mails"] if (mail := _cell(row, place).strip().casefold())}


def _name(row: Sequence[str], at: dict[str, list[int]]) -> str:
    """The row's name; first and last name stand in two columns, in the order of the layout."""
    return " ".join(part for place in at["names"] if (part := _cell(row, place).strip()))


def _words(name: str) -> tuple[str, ...]:
    """A name as it is compared: its words, whatever their order, case and commas."""
    return tuple(sorted(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name).casefold())))


def _told(row: Sequence[str], at: dict[str, list[int]]) -> str:
    """How a row's student is called in a message; empty for a row without anybody."""
    return _name(row, at) or ", ".join(filter(None, (_cell(row, p).strip() for p in at["numbers"] + at["mails"])))


def _cell(row: Sequence[str], place: int) -> str:
    return row[place] if place < len(row) else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (" and more" if len(names) > 12 else "")
