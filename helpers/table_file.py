"""Reading a tab- or comma-separated file, strictly: every row whole, every text letter for letter, or an error.

Two ways of writing quotation marks are in use. In most files a field that begins with a mark ends with one, and
marks within it are doubled, as spreadsheets and pandas write: ``"fawkes 36"" blue vanity"``. In others a mark is a
letter like any other: ``"Alpha" chair``. A file is read in the first way; where that does not give whole rows, in
the second; where a file mixes both, nobody can tell where its rows end, and it is refused.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from .errors import CourseError

_QUOTED = re.compile(r'"([^"]|"")*"')


class DataError(CourseError):
    """A catalogue cannot be found, or a file of it cannot be used; the message says what to do."""


class _NotWhole(Exception):
    """A row is not whole: the line it begins in, counted from 1, and what is wrong with it.

    may_be_meant: it is a row of several lines that may have been written so.
    """

    def __init__(self, line: int, problem: str, may_be_meant: bool = False) -> None:
        super().__init__(line, problem)
        self.line, self.problem, self.may_be_meant = line, problem, may_be_meant


def column_name(written: str) -> str:
    """How the course writes the name of a column: ``Product ID`` and ``product_id`` are one."""
    return "_".join(written.strip().lower().split())


def read_rows(path: Path, id_column: str) -> tuple[list[str], list[list[str]], list[int]]:
    """The names in the header, the rows, and the line of the file in which each row begins, counted from 1.

    Rows have as many fields as the header; an empty field is "". Empty lines are left out. Separated is by what makes
    `id_column` a field of the header.

    Raises
    ------
    DataError
        The file cannot be read, is not UTF-8, has other separators, or has a row that is not whole.
    """
    separator, header = _header(path, id_column)
    try:
        rows, lines = _as_quoted(path, separator, len(header))
    except _NotWhole as fault:
        refusal = DataError(
            f"{path} is not a clean table: line {fault.line} {fault.problem}; give every row the columns of the header."
        )
        if fault.may_be_meant and separator == ",":
            raise refusal from None
        try:
            rows, lines = _as_it_stands(path, separator, len(header))
        except _NotWhole:
            raise refusal from None
    return header, rows, lines


def _header(path: Path, id_column: str) -> tuple[str, list[str]]:
    """The separator, tab or comma, and the names in the first line."""
    first = next(_lines(path), "").strip("\r\n")
    if not first.strip():
        raise DataError(f"{path} is empty; copy or download it again.")
    for separator in "\t,;|":
        names = next(csv.reader([first], delimiter=separator))
        if len(names) > 1 and id_column in map(column_name, names):
            if separator in "\t,":
                return separator, names
            raise DataError(f"{path} separates its columns with {separator!r}; save it with tabs or commas.")
    for separator in "\t,":
        if separator in first:
            return separator, next(csv.reader([first], delimiter=separator))
    raise DataError(f"{path} has no tabs or commas in its header; save it as a tab- or comma-separated table.")


def _as_quoted(path: Path, separator: str, width: int) -> tuple[list[list[str]], list[int]]:
    """Rows and their lines, with quotation marks around fields taken off."""
    lines_read: list[str] = []  # of the row in hand

    def remembered() -> Iterator[str]:
        for line in _lines(path):
            lines_read.append(line)
            yield line

    reader = csv.reader(remembered(), delimiter=separator, strict=True)
    next(reader)
    rows: list[list[str]] = []
    begins: list[int] = []
    while True:
        begin = reader.line_num + 1
        lines_read.clear()
        try:
            row = next(reader)
        except StopIteration:
            return rows, begins
        except csv.Error:  # a mark in the midst of a field that began with one, or none at its end
            raise _NotWhole(begin, 'has a quotation mark (") that opens a field and does not close it') from None
        if not row:
            continue
        if len(row) != width:
            raise _NotWhole(begin, f"has {len(row)} of {width} fields")
        if len(lines_read) > 1 and all(line.count(separator) == width - 1 for line in lines_read):
            # Each of the lines could be a row: the mark that opens the field is probably a letter of its text.
            closed = f'has a quotation mark (") that is closed only in line {reader.line_num}'
            raise _NotWhole(begin, closed, may_be_meant=True)
        rows.append(row)
        begins.append(begin)


def _as_it_stands(path: Path, separator: str, width: int) -> tuple[list[list[str]], list[int]]:
    """Rows and their lines, where a quotation mark is a letter and each line is a row; _NotWhole where that is not so,
    or where a field is quoted in the other way all the same."""
    rows, begins = [], []
    for number, line in enumerate(_lines(path), 1):
        text = line.rstrip("\r\n")
        if number == 1 or not text:
            continue
        row = text.split(separator)
        if len(row) != width or any(field.startswith('"') and _QUOTED.fullmatch(field) for field in row):
            raise _NotWhole(number, "")
        rows.append(row)
        begins.append(number)
    return rows, begins


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from file
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text; save it again with the encoding UTF-8.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check the file and its permissions.") from None
