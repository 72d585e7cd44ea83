"""Tables as platforms and spreadsheets exchange them: read in the form that they have, written in the same one.

A cell never begins what a spreadsheet would take for a formula (OWASP, "CSV Injection": = + - @, tab and carriage
return, and their wide forms), neither at its start nor behind what another country's spreadsheet takes for a separator.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from helpers.errors import CourseError

MOST_BYTES = 64 * 2**20
SEPARATORS = ",;\t"
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
NUMBER = re.compile(r"-?\d[\d.,]*%?")
BEGINS = re.compile(r"[\t\r\n]|[\s\u200b\ufeff]*[=+\-@＝＋－＠﹢﹣﹦﹫]")
BEHIND = re.compile(r"([,;\t\r\n|][\s\"\u200b\ufeff]*)(?=[=+\-@＝＋－＠﹢﹣﹦﹫])")


class SheetError(CourseError):
    """A file that is no table, or not the one that is wanted."""


@dataclass(frozen=True)
class Sheet:
    """A table as text: rows of cells, and the form in which it is written."""

    rows: list[list[str]]
    encoding: str = "utf-8"
    delimiter: str = ","
    quoted: bool = False
    newline: str = "\r\n"

    @property
    def header(self) -> list[str]:
        return self.rows[0]

    def with_rows(self, rows: Sequence[Sequence[str]]) -> "Sheet":
        return replace(self, rows=[list(row) for row in rows])

    def to_bytes(self) -> bytes:
        """The file, in its form; what would act as a formula has an apostrophe before it."""
        text = io.StringIO()
        quoting: Literal[0, 1] = csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL
        writer = csv.writer(text, delimiter=self.delimiter, quoting=quoting, lineterminator=self.newline)
        # A lone carriage return would end the line for some readers, and csv puts no quotes around it.
        writer.writerows([re.sub(r"\r(?!\n)", " ", harmless(cell)) for cell in row] for row in self.rows)
        return text.getvalue().encode(self.encoding)


def harmless(cell: str) -> str:
    """The cell as text that no spreadsheet computes. Numbers, and the lone dash that stands for none, stay."""
    if cell == "-" or NUMBER.fullmatch(cell):
        return cell
    return harmless_text(cell)


def harmless_text(cell: str) -> str:
    """The same for what a person chose, such as a name: also what looks like a number begins like no formula."""
    cell = BEHIND.sub(r"\1'", cell)
    return f"'{cell}" if BEGINS.match(cell) else cell


def read_sheet(raw: bytes, name: str) -> Sheet:
    """A table from a file's bytes, see `read_text` and `delimiter_of`. SheetError where it is none."""
    text, encoding = read_text(raw, name)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = delimiter_of(first)
    newline = "\r\n" if "\r\n" in text else "\n" if "\n" in text else "\r\n"
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as problem:
        raise SheetError(f"{name} cannot be read as a table ({problem}): export it again.") from None
    if not rows or len(rows[0]) < 2:
        raise SheetError(f"{name} is no table with a header: give the file that the platform exported.")
    quoted = first.count('"') >= 2 * len(rows[0])
    return Sheet(rows, encoding, delimiter, quoted, newline)


def read_text(raw: bytes, name: str) -> tuple[str, str]:
    """(text, encoding) of a table's file: UTF-8 or UTF-16 with or without a mark, else Windows's western letters.
    SheetError where it is no text."""
    if len(raw) > MOST_BYTES:
        raise SheetError(f"{name} is larger than {MOST_BYTES // 2**20} MB: it is no list of students.")
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise SheetError(f"{name} is a workbook: save it as CSV, or give the file that the platform exported.")
    text, encoding = _decoded(raw)
    if "\0" in text:
        raise SheetError(f"{name} is no text file: save it as CSV, or give the file that the platform exported.")
    return text, encoding


def delimiter_of(header: str) -> str:
    """What separates the columns of a table: spreadsheets take commas, semicolons or tabs."""
    return max(SEPARATORS, key=header.count)


def _decoded(raw: bytes) -> tuple[str, str]:
    for mark, encoding in BOMS:
        if raw.startswith(mark):
            return _strictly(raw, encoding)
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(raw) > 3 and raw[place] == raw[place + 2] == 0:
            return _strictly(raw, encoding)
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), "cp1252"


def _strictly(raw: bytes, encoding: str) -> tuple[str, str]:
    try:
        return raw.decode(encoding), encoding
    except UnicodeDecodeError:
        raise SheetError("The file is cut off in the middle of a letter: export it again.") from None
