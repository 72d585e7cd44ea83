"""Warm parents, seen from the grader: each is a sandbox with one process in it that forks kernels (`warm_parent.py`).

A parent is started when the first notebook needs it and stays as long as this process. Notebooks that import much more
than the homework does share a second parent, which has imported that too.
"""

import atexit
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from nbformat import NotebookNode

from autograder.run import sandbox
from autograder.run.sandbox import SandboxUnavailable

ALWAYS = (
    "IPython",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    # What every kernel imports when it starts.
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "numpy",
    "pandas",
    "scipy.sparse",
    "helpers.withholding",
    "helpers.homework_data",
    "helpers.checks",
    "helpers.evaluation",
    "helpers.tuning",
    "helpers.hybrid",
    "helpers.similarity",
)
# What notebooks import beside, at their own cost of seconds: import name -> what to have ready.
HEAVY = {
    "matplotlib": "matplotlib.pyplot",
    "sentence_transformers": "sentence_transformers",
    "torch": "torch",
    "litellm": "litellm",
    "sklearn": "sklearn.metrics",
}
MOST_PARENTS = 3
MESSAGE_BYTES = 4096
START_SECONDS = 120  # what the heaviest libraries may take on a busy machine
MOST_LOOKED_AT, BYTES_LOOKED_AT = 500, 2**20  # files, and bytes of each
# At the beginning of a line, or of a text or a line in JSON. Blanks alone may stand before it, no newlines: each place
# is then looked at once, whatever the text.
IMPORT = re.compile(r'(?:^|"|\\n)[ \t]*(?:from|import)[ \t]+(\w{1,100})', re.MULTILINE)


def heavy_imports(sources: Iterable[str]) -> frozenset[str]:
    """Which of HEAVY these cells import, by a look at their text: a wrong guess costs time and nothing else."""
    names = {match for source in sources for match in IMPORT.findall(source)}
    return frozenset(names & HEAVY.keys())


@dataclass
class Forked:
    """A kernel's keeper, much like a Popen: it lives as long as the kernel's room, and tells how the kernel ended."""

    pid: int
    first: int  # the process id of the room's process 1
    first_fd: int
    answer: socket.socket
    on_close: Callable[[], None]
    returncode: int | None = None
    stdin = stdout = stderr = None

    def poll(self) -> int | None:
        """A shell's exit status of the kernel, or None while it runs."""
        if self.returncode is None:
            try:
                text = self.answer.recv(MESSAGE_BYTES)
            except BlockingIOError:
                return None
            except OSError:
                text = b""
            self.returncode = json.loads(text).get("status", 125) if text else 128 + signal.SIGKILL
        return self.returncode

    def kill(self) -> None:
        """End everything in the room: with its process 1, Linux takes down a whole pid namespace."""
        try:
            signal.pidfd_send_signal(self.first_fd, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def close(self) -> None:
        os.close(self.first_fd)
        self.answer.close()
        self.on_close()


@dataclass
class Parent:
    """One sandbox and its parent process."""

    process: subprocess.Popen | None  # None where another process has started it, and this one only borrows it
    control: socket.socket
    said: BinaryIO
    running: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fork(self, settings: dict, connection: dict, argv: list[str], seconds: float) -> Forked:
        """A new kernel in a room of its own. SandboxUnavailable where none is made in time."""
        own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ExitStack() as unless_made:
            unless_made.enter_context(own)
            with theirs:
                self._send({"settings": settings, "connection": connection, "argv": argv}, theirs)
            own.settimeout(seconds)
            try:
                text, descriptors, _, _ = socket.recv_fds(own, MESSAGE_BYTES, 2)
            except OSError as problem:
                raise SandboxUnavailable(f"No room could be made in the sandbox: {problem}.") from None
            for descriptor in descriptors:
                unless_made.callback(os.close, descriptor)
            if len(descriptors) < 2:
                reason = json.loads(text)["problem"] if text else self.last_words() or "it ended without a word"
                raise SandboxUnavailable(f"No room could be made in the sandbox: {reason}.")
            own.setblocking(False)
            keeper, first = descriptors
            forked = Forked(_process_id(keeper), _process_id(first), first, own, on_close=lambda: self._count(-1))
            unless_made.pop_all()
        os.close(keeper)
        self._count(1)
        return forked

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """It is not closed meanwhile, though another process forks from it."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self.lock:
            self.running += more

    def _send(self, order: dict, answer: socket.socket) -> None:
        try:
            with self.lock:
                socket.send_fds(self.control, [json.dumps(order).encode()], [answer.fileno()])
        except OSError:
            raise SandboxUnavailable(
                f"The sandbox is gone: {self.last_words() or 'it ended without a word'}."
            ) from None

    def wait_until_ready(self, modules: Iterable[str]) -> None:
        own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with own:
            with theirs:
                self._send({"import": list(modules)}, theirs)
            own.settimeout(START_SECONDS)
            try:
                ready = own.recv(MESSAGE_BYTES)
            except TimeoutError:
                ready = b""
        if not ready:
            words = self.last_words() or f"nothing was ready after {START_SECONDS} seconds"
            raise SandboxUnavailable(f"The sandbox could not be started: {words}.")

    def last_words(self) -> str:
        """The last line that the sandbox has said on stderr."""
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").strip().splitlines()
        return lines[-1].rstrip(".") if lines else ""

    @property
    def alive(self) -> bool:
        return self.process is None or self.process.poll() is None

    def close(self) -> None:
        """End the parent and everything that it has forked; one that is borrowed goes on."""
        self.control.close()
        if self.process is not None:
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.said.close()


@dataclass
class _Place:
    """Where a parent is or will be; its lock is held while one starts, so that others need not wait for that."""

    parent: Parent | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_places: dict[tuple, _Place] = {}
_choosing = threading.Lock()


def parent_of(notebook: NotebookNode, environment: dict[str, str]) -> Parent:
    """A living parent for this notebook."""
    heavy = heavy_imports(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return parent_for(heavy, environment)


def borrowed(control: int, said: int) -> Parent:
    """A parent of another process's, by the descriptors of its two sockets; to be closed after use."""
    return Parent(None, socket.socket(fileno=control), os.fdopen(said, "rb"))


def parent_for(heavy: frozenset[str], environment: dict[str, str]) -> Parent:
    """A living parent with these imports, for this environment and what the sandbox shows now."""
    with _choosing:
        # Another cache file or data set at the same path is another world.
        shown = tuple((str(path), path.stat().st_ino) for path in sandbox.visible(environment))
        world = (os.getpid(), tuple(sorted(environment.items())), shown)
        for key, place in list(_places.items()):
            parent = place.parent
            if parent and (not parent.alive or (key[1] != world and not parent.running)):
                del _places[key]
                parent.close()
        if (heavy, world) not in _places and len(_places) >= MOST_PARENTS:
            heavy = frozenset()
        place = _places.setdefault((heavy, world), _Place())
    with place.lock:
        if place.parent is None:
            place.parent = _start(heavy, environment)
        return place.parent


def prepare(folder: Path, environment: dict[str, str]) -> threading.Thread:
    """Start in the background, ahead of their use, the parents that the notebooks below a folder are likely to need."""

    def work() -> None:
        try:
            parent_for(frozenset(), environment)
            asked = Counter(map(_likely_imports, islice(folder.glob("*/**/*.ipynb"), MOST_LOOKED_AT)))
            for heavy, _ in asked.most_common(MOST_PARENTS - 1):
                parent_for(heavy, environment)
        except (SandboxUnavailable, OSError):
            pass  # whoever needs a parent is told

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _likely_imports(notebook: Path) -> frozenset[str]:
    """As `heavy_imports`, from the first bytes of a file that nobody has looked at yet."""
    if not notebook.is_file():
        return frozenset()
    with open(notebook, "rb") as file:
        text = file.read(BYTES_LOOKED_AT).decode(errors="replace")
    return heavy_imports([text])


def close_all() -> None:
    """End all parents of this process; the next kernel starts a new one. One that is just starting ends by itself, when
    it finds that nobody waits for it."""
    with _choosing:
        while _places:
            place = _places.popitem()[1]
            if place.lock.acquire(blocking=False):
                if place.parent:
                    place.parent.close()
                place.lock.release()


atexit.register(close_all)


def _start(heavy: frozenset[str], environment: dict[str, str]) -> Parent:
    own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ExitStack() as unless_ready:
        said = unless_ready.enter_context(tempfile.TemporaryFile())
        unless_ready.enter_context(own)
        with theirs:
            process = subprocess.Popen(
                sandbox.command_of_warm_parent(theirs.fileno(), environment),
                env=environment,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
        parent = Parent(process, own, said)
        unless_ready.callback(parent.close)
        parent.wait_until_ready([*ALWAYS, *(HEAVY[name] for name in sorted(heavy))])
        unless_ready.pop_all()
    return parent


def _process_id(pidfd: int) -> int:
    """The id, in this process's own pid namespace, of a process that another namespace has named."""
    text = Path(f"/proc/self/fdinfo/{pidfd}").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pid:"))
