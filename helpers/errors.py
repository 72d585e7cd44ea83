"""The course's own friendly errors."""

import linecache
import traceback
from types import TracebackType


class ShownInOneSentence(BaseException):
    """An exception that a notebook shows as its sentence and the notebook's own line, instead of a traceback.

    IPython asks an exception for `_render_traceback_`. Everywhere else, a script's traceback and `raise` included,
    nothing is different.
    """

    def _render_traceback_(self) -> list[str]:
        notes: list[str] = getattr(self, "__notes__", [])
        return [f"{type(self).__name__}: {self}", *notes, *notebook_line(self.__traceback__)]


class CourseError(ShownInOneSentence, Exception):
    """Base of every error the course raises on purpose for something outside the caller's code.

    A missing data set, a model that cannot be reached, an API without a key: each lives beside the code that
    raises it and subclasses this one, so a notebook can catch all of them with one ``except CourseError``.
    The message says what is wrong and what to do. A wrong argument is a plain ValueError or TypeError.
    """


def notebook_line(raised: TracebackType | None) -> list[str]:
    """The last line of the notebook's own code that an exception came through, in words; nothing if there is none."""
    lines = [
        (frame.f_code.co_filename, number)
        for frame, number in traceback.walk_tb(raised)
        if frame.f_globals.get("__name__") == "__main__"
    ]
    if not lines:
        return []
    filename, number = lines[-1]
    source = linecache.getline(filename, number).strip()
    return [f"Line {number} of the cell: {source}"] if source else []
