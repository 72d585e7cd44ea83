"""Runs a notebook's cells from top to bottom in a fresh kernel, with the limits on computing that grading has.

Every cell is run, also after one that stops with an error. What is limited is computing, the CPU time of the kernel and
of the processes it starts, so that a slow or busy machine takes nothing away; a cell that only waits is ended too.
"""

import ast
import builtins
import os
import queue
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.manager import KernelManager

from .calls import why_stopped
from .errors import CourseError
from .limits import ALL_SECONDS, CELL_SECONDS, IDLE_SECONDS, UNATTENDED

_START_SECONDS = 120
_LOOK_SECONDS = 0.5
_LET_GO_SECONDS = 10
_AT_WORK = 0.02  # a kernel that computes for less than this share of the time does nothing


class KernelUnavailable(CourseError):
    """No kernel could be started here."""


@dataclass
class CellRun:
    """What a cell did: the data of its outputs, by MIME type, and the sentence for what stopped it, if anything did.

    error: the exception's class ("" where a limit ended the cell, or it was not run at all).
    """

    outputs: list[dict[str, Any]] = field(default_factory=list)
    stopped: str | None = None
    error: str = ""


def run_cells(sources: Sequence[str], folder: Path) -> Iterator[CellRun]:
    """Run the cells one after another in a new kernel that works in `folder`; one CellRun each, as they end.

    Raises KernelUnavailable.
    """
    manager = KernelManager(kernel_name="python3")
    environment = os.environ | {UNATTENDED: "1"}
    try:
        manager.start_kernel(cwd=str(folder), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=_START_SECONDS)
    except Exception as problem:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
        raise KernelUnavailable(
            f"No Python kernel could be started here ({type(problem).__name__}: {problem}): "
            "run `python -m helpers doctor`, which says what to do."
        ) from None
    kernel = _Kernel(manager, client)
    try:
        for source in sources:
            yield kernel.run(source)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


class _Kernel:
    def __init__(self, manager, client) -> None:
        self.manager, self.client = manager, client
        self.process = psutil.Process(manager.provisioner.pid)
        self.began = self.cpu = _computing(self.process)
        self.ended: str | None = None  # why no further cell is run

    def run(self, source: str) -> CellRun:
        if self.ended:
            return CellRun(stopped=f"not run: {self.ended}")
        run = CellRun()
        request = self.client.execute(source, allow_stdin=False, stop_on_error=False)
        run.stopped = self._listen(request, run)
        if run.stopped and self.manager.is_alive():
            self._interrupt(request, run)
        elif run.stopped:
            self.ended = "the kernel had ended before."
        elif run.error:
            run.stopped = self._why_stopped(run)
        return run

    def _listen(self, request: str, run: CellRun) -> str | None:
        """Take in what the cell says until it has ended; returns the sentence where a limit or the kernel did."""
        began, idle, last, looked = self.cpu, 0.0, self.cpu, time.monotonic()
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=_LOOK_SECONDS)
                if _has_ended(message, request, run):
                    self.cpu = max(self.cpu, _computing(self.process))
                    return None
            except queue.Empty:
                pass
            passed = time.monotonic() - looked
            if passed < _LOOK_SECONDS:
                continue
            if not self.manager.is_alive():
                return "the kernel ended while this cell ran: did it use more memory than there is?"
            self.cpu, looked = max(self.cpu, _computing(self.process)), looked + passed
            idle, last = idle + (passed if self.cpu - last < _AT_WORK * passed else 0), self.cpu
            if self.cpu - self.began > ALL_SECONDS:
                self.ended = f"the notebook had computed for {ALL_SECONDS} seconds, which is all that grading gives it."
                return self.ended.replace("had computed", "has computed")
            if self.cpu - began > CELL_SECONDS:
                return f"stopped after {CELL_SECONDS} seconds of computing, which is all that grading gives a cell."
            if idle > IDLE_SECONDS:
                return f"stopped after {IDLE_SECONDS} seconds in which it only waited."

    def _interrupt(self, request: str, run: CellRun) -> None:
        """Stop the cell; where it does not let go, stop the kernel."""
        self.manager.interrupt_kernel()
        end = time.monotonic() + _LET_GO_SECONDS
        while time.monotonic() < end:
            with suppress(queue.Empty):
                if _has_ended(self.client.get_iopub_msg(timeout=_LOOK_SECONDS), request, run):
                    run.error = ""
                    return
        self.ended = "an earlier cell could not be stopped."

    def _why_stopped(self, run: CellRun) -> str:
        """The sentence for the last exception, from the kernel, which knows the line."""
        ask = f"__import__({__name__!r}, fromlist=['']).last_exception()"
        try:
            reply = self.client.execute(
                "", silent=True, user_expressions={"why": ask}, reply=True, timeout=_LET_GO_SECONDS
            )
            return ast.literal_eval(reply["content"]["user_expressions"]["why"]["data"]["text/plain"])
        except (TimeoutError, RuntimeError, KeyError, ValueError, SyntaxError):
            return f"it stopped with {run.error}."


def last_exception() -> str:
    """In a kernel: the sentence for the exception that ended the last cell, with the student's own line."""
    from IPython.core.error import StdinNotImplementedError

    error: BaseException = sys.last_value  # type: ignore[assignment]  # there is one: the cell has ended with it
    if isinstance(error, SyntaxError):
        where = f" Line {error.lineno} of your cell: {(error.text or '').strip()}" if error.lineno else ""
        return f"{type(error).__name__}: {error.msg}.{where}"
    if isinstance(error, CourseError):
        return str(error)
    if isinstance(error, StdinNotImplementedError):
        return "it asks for input(), and nobody is there to answer when your work is graded."
    names = {**vars(sys.modules["__main__"]), **vars(builtins)}
    return why_stopped(error, "it", lambda name: None, names)


def _has_ended(message: dict[str, Any], request: str, run: CellRun) -> bool:
    """Whether the cell has ended with this message; what it shows is added to `run`."""
    kind, content = message["msg_type"], message["content"]
    if message["parent_header"].get("msg_id") != request:
        return False
    if kind in ("execute_result", "display_data"):
        run.outputs.append(content["data"])
    elif kind == "error":
        run.error = content["ename"]
    return kind == "status" and content["execution_state"] == "idle"


def _computing(process: psutil.Process) -> float:
    """CPU seconds of a process and all that it has started; 0 where it has ended."""
    total = 0.0
    with suppress(psutil.Error):
        for one in [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                used = one.cpu_times()
                total += (
                    used.user + used.system + getattr(used, "children_user", 0) + getattr(used, "children_system", 0)
                )
    return total
