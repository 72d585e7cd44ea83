"""A call of a student's code: it may take a stated time, and where it stops a sentence says why and in which line."""

import _thread
import difflib
import linecache
import signal
import threading
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from .check_results import STILL_EMPTY

SECONDS = 60


class TookTooLong(Exception):
    """A call that was stopped because it took longer than it may."""


@contextmanager
def at_most(seconds: float = SECONDS) -> Iterator[None]:
    """TookTooLong in what takes longer, by the clock, on Linux, macOS and Windows: it is what Ctrl-C does.

    One operation of a library written in C ends first; on Windows, so does time.sleep. Outside the main thread nothing
    can be stopped this way, and there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over, is_late, turn = threading.Event(), threading.Event(), threading.Lock()
    # A process that was started in the background may have been told to ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def watch():
        wait = seconds
        while not over.wait(wait):
            is_late.set()
            with turn:
                if not over.is_set():
                    _interrupt_main()
            wait = 1  # code that catches everything is interrupted again

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except KeyboardInterrupt:
        if not is_late.is_set():
            raise
        raise TookTooLong(f"it took more than {seconds:g} seconds") from None
    finally:
        with turn:
            over.set()
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


def _interrupt_main() -> None:
    if hasattr(signal, "pthread_kill"):  # reaches a sleeping thread too
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def why_stopped(error: BaseException, what: str, known: Callable[[str], str | None], names: Collection[str]) -> str:
    """The sentence for an exception that a call of student's code ended with.

    what: the call as it is shown. known: the sentence for a missing name that the homework knows. names: all that are
    there, to find the one that was meant.
    """
    if isinstance(error, NotImplementedError):
        return f"{what.split('(')[0]} {STILL_EMPTY}"
    line = line_of(error)
    if isinstance(error, TookTooLong):
        return f"{what} was stopped: {error}. Does a loop never end?{line}"
    if isinstance(error, NameError) and error.name:
        return (known(error.name) or unknown_name(error.name, names)) + line
    text = str(error).strip().rstrip(".")
    return f"{what} stopped with {type(error).__name__}{': ' * bool(text)}{text}.{line}"


def unknown_name(name: str, names: Collection[str]) -> str:
    """The sentence for a name that nobody has given."""
    alike = difflib.get_close_matches(name, [other for other in names if not other.startswith("_")], n=1, cutoff=0.75)
    return f"{name} is not defined: {f'do you mean {alike[0]}?' if alike else 'check how it is written.'}"


def line_of(error: BaseException) -> str:
    """ " Line 3 of your cell: ..." for the last line of the notebook's own code that an exception came through."""
    own = [
        (frame.f_code.co_filename, number)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__") == "__main__"
    ]
    if not own:
        return ""
    source = linecache.getline(*own[-1]).strip()
    return f" Line {own[-1][1]} of your cell: {source}" if source else ""
