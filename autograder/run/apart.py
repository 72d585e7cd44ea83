"""Runs notebooks in processes of the grader's own, each with a limit on its memory: what a student's kernel sends,
however much it is, can end only the process that listens to it, and that costs this student alone.

A worker is started when it is first needed and runs one notebook at a time, many in turn. Kernels are forked from the
warm parents of the grader's process, whose sockets go to the worker with each notebook. Both ways goes JSON text:
a notebook, then perhaps the evidence so far and the questions that it settles, then the run.
    python -m autograder.run.apart FD CORE        FD is the worker's end of a socket pair, CORE the core it keeps to
"""

import atexit
import json
import os
import queue
import resource
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.run import parents, sandbox
from autograder.run.notebook import OUTPUT, OUTSIDE, Limits, Run, RunFailed, Settled
from autograder.run.notebook import run_notebook as run_here
from autograder.run.sandbox import SandboxUnavailable

MEMORY_BYTES = 2**30  # of a worker; an honest notebook needs a tenth of it
REPLY_BYTES = 256 * 2**20
RUNS = 50  # after so many a worker is replaced, so that nothing that it keeps adds up
FLOODED = "The notebook's kernel sent more messages, or larger ones, than the grader takes in."
KILLED = (
    "The process that listened to the notebook's kernel was ended from outside: that says nothing about the work. "
    "Grade it again."
)


# --- in the grader's process -----------------------------------------------------------------------------


@dataclass
class _Worker:
    process: subprocess.Popen
    channel: socket.socket
    number: int
    runs: int = 0

    def close(self) -> int:
        """Its exit status, a negative number for a signal."""
        self.channel.close()
        return self.process.wait()


class _Workers:
    """The workers of one process: those at rest, and the numbers of those that are there."""

    def __init__(self) -> None:
        self.owner, self.lock = os.getpid(), threading.Lock()
        self.resting: list[_Worker] = []
        self.running: list[_Worker] = []
        self.numbers: set[int] = set()

    def take(self) -> _Worker:
        with self.lock:
            if self.owner != os.getpid():  # a fork has none of its parent's
                self.owner, self.resting, self.running, self.numbers = os.getpid(), [], [], set()
            if self.resting:
                self.running.append(self.resting.pop())
                return self.running[-1]
            number = next(n for n in range(len(self.numbers) + 1) if n not in self.numbers)
            self.numbers.add(number)
        worker = _start(number)
        with self.lock:
            self.running.append(worker)
        return worker

    def give_back(self, worker: _Worker) -> None:
        worker.runs += 1
        if worker.runs < RUNS:
            with self.lock:
                self.running.remove(worker)
                self.resting.append(worker)
        else:
            self.end(worker)

    def end(self, worker: _Worker) -> int:
        with self.lock:
            self.numbers.discard(worker.number)
            if worker in self.running:
                self.running.remove(worker)
        return worker.close()

    def close(self) -> None:
        with self.lock:
            resting, self.resting = self.resting, []
        if self.owner == os.getpid():
            for worker in resting:
                self.end(worker)

    def end_runs(self) -> None:
        with self.lock:
            for worker in self.running:
                with suppress(OSError):
                    worker.channel.shutdown(socket.SHUT_RDWR)  # it then ends, as it does where the grader is gone


_workers = _Workers()
atexit.register(_workers.close)


def end_runs() -> None:
    """End the notebooks that run now; whoever waits for one gets a Run that was ended. For a grader that stops."""
    _workers.end_runs()


def run_notebook(
    notebook: NotebookNode,
    requests: dict[str, str],
    limits: Limits = Limits(),
    settled: Settled | None = None,
    sandboxed: bool | None = None,
    data_folder: Path | None = None,
) -> Run:
    """As `notebook.run_notebook`, in a worker."""
    if sandboxed is None:
        sandboxed = sandbox.is_wanted()
    task = {
        "notebook": notebook,
        "requests": requests,
        "limits": asdict(limits),
        "sandboxed": sandboxed,
        "asks_what_is_settled": settled is not None,
        "data_folder": str(data_folder) if data_folder else None,
        "environment": dict(os.environ),
    }
    worker = _workers.take()  # it starts while a warm parent does
    try:
        with _descriptors(notebook, sandboxed, data_folder) as descriptors:
            try:
                _send(worker.channel, task, descriptors)
                reply = _receive(worker.channel, REPLY_BYTES)[0]
                if settled and reply and "so_far" in reply:
                    _send(worker.channel, {"settled": sorted(settled(reply["so_far"]))}, [])
                    reply = _receive(worker.channel, REPLY_BYTES)[0]
            except (OSError, ValueError):
                worker.process.kill()
                _workers.end(worker)
                return Run(nbformat.from_dict(notebook), problem=FLOODED, ended_by=OUTPUT)
    except BaseException:
        _workers.end(worker)
        raise
    if reply is None:
        killed = _workers.end(worker) == -signal.SIGKILL
        problem, by = (KILLED, OUTSIDE) if killed else (FLOODED, OUTPUT)
        return Run(nbformat.from_dict(notebook), problem=problem, ended_by=by)
    _workers.give_back(worker)
    if "refused" in reply:
        raise SandboxUnavailable(reply["refused"])
    if "failed" in reply:
        raise RunFailed(reply["failed"])
    if "broke" in reply:
        raise RuntimeError(f"in the process that ran the notebook:\n{reply['broke']}")
    return Run.from_json(reply["run"])


@contextmanager
def _descriptors(notebook: NotebookNode, sandboxed: bool, data_folder: Path | None) -> Iterator[list[int]]:
    """What a worker needs of a warm parent to fork kernels from it."""
    if not sandboxed:
        yield []
        return
    sandbox.require()
    try:
        parent = parents.parent_of(notebook, sandbox.environment(data_folder=data_folder))
    except SandboxUnavailable as problem:
        raise RunFailed(str(problem)) from None
    with parent.in_use():
        yield [parent.control.fileno(), parent.said.fileno()]


def _start(number: int) -> _Worker:
    cores = sorted(os.sched_getaffinity(0))
    own, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno()), str(cores[number % len(cores)])],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the grader, which then ends its workers
        )
    return _Worker(process, own, number)


# --- both ways -------------------------------------------------------------------------------------------


def _send(channel: socket.socket, message: dict, descriptors: list[int]) -> None:
    data = json.dumps(message).encode()
    socket.send_fds(channel, [len(data).to_bytes(8)], descriptors)
    channel.sendall(data)


def _receive(channel: socket.socket, most: int) -> tuple[dict | None, list[int]]:
    """The next message and its descriptors; None where the other end is gone."""
    head, descriptors, _, _ = socket.recv_fds(channel, 8, 2, socket.MSG_WAITALL)
    data = bytearray()
    if len(head) == 8:
        length = int.from_bytes(head)
        if length > most:
            raise ValueError(f"a message of {length} bytes")
        while len(data) < length and (part := channel.recv(min(length - len(data), 2**20))):
            data += part
        if len(data) == length:
            return json.loads(data), descriptors
    return None, descriptors


# --- in a worker -----------------------------------------------------------------------------------------


def _serve(channel: socket.socket, core: int) -> None:
    os.sched_setaffinity(0, {core})  # the kernel's core too, so that it does not wander
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    tasks: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(channel, tasks), daemon=True).start()
    while True:
        try:
            task, descriptors = tasks.get()
            _send(channel, _outcome(task, descriptors, partial(_settled, channel, tasks)), [])
        except MemoryError:
            os.abort()


def _listen(channel: socket.socket, tasks: queue.SimpleQueue) -> None:
    """Ends the process where the grader is gone, also in the middle of a run; its kernel ends with it."""
    while True:
        task, descriptors = _receive(channel, 2**40)
        if task is None:
            os._exit(0)
        tasks.put((task, descriptors))


def _settled(channel: socket.socket, tasks: queue.SimpleQueue, evidence: dict[str, list[str]]) -> list[str]:
    """What the grader says to the evidence so far."""
    _send(channel, {"so_far": evidence}, [])
    return tasks.get()[0]["settled"]


def _outcome(task: dict, descriptors: list[int], settled: Settled) -> dict:
    os.environ.clear()
    os.environ.update(task["environment"])
    parent = parents.borrowed(*descriptors) if descriptors else None
    try:
        run = run_here(
            nbformat.from_dict(task["notebook"]),
            task["requests"],
            Limits(**task["limits"]),
            settled if task["asks_what_is_settled"] else None,
            task["sandboxed"],
            Path(task["data_folder"]) if task["data_folder"] else None,
            parent,
        )
    except SandboxUnavailable as reason:
        return {"refused": str(reason)}
    except RunFailed as reason:
        return {"failed": str(reason)}
    except MemoryError:
        raise
    except Exception:
        return {"broke": traceback.format_exc()}
    finally:
        if parent:
            parent.close()
    return {"run": run.to_json()}


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
