"""Runs a submission's notebook and brings back what it said: outputs to show, evidence to judge.

The kernel is untrusted and sits in a sandbox. It gets the cells one by one and, after each test cell, a
request for evidence; what comes back is kept as text. Nothing here decides about points.
"""

import asyncio
import json
import logging
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NoReturn, cast

import nbformat
import psutil
import zmq
import zmq.asyncio
from jupyter_client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import LocalProvisioner
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.course.cells import tested_question
from autograder.inside import collector
from autograder.run import parents, provisioner, sandbox
from autograder.run.sandbox import Limits
from autograder.run.scratch import Scratch
from autograder.run.usage import Usage
from helpers.errors import CourseError

# What is asked comes beside the cell, in the message's metadata: ipykernel hashes a cell's source in Python, byte by
# byte, and sends it back.
ASK = """\
def _ask():
    import json
    from IPython import get_ipython
    sent = get_ipython().kernel.get_parent()["metadata"]
    space = {"__name__": "collector"}
    exec(compile(sent["collector"], "<collector>", "exec"), space)
    space["send_evidence"](json.loads(sent["request"]), globals())
try:
    _ask()
finally:
    del _ask
"""

# The instructor's own visible checks, whatever a student's copy says. What they find is shown and counts for nothing.
WRITE_CHECKS = """\
with open("checks.py", "w", encoding="utf-8") as _file:
    _file.write({text!r})
del _file
"""

NO_SHELL = Path(collector.__file__).with_name("no_shell.py")  # run in each kernel before the first cell

STARTS = 2  # on a shared machine one failed start proves nothing
GRACE_SECONDS = 5  # of computing, or of idleness: what an interrupted cell has to come to its end
LOST_OUTPUT_SECONDS = 60  # how long output may come later than the reply that ends a cell
WATCH_SECONDS = 0.2  # between two looks at what is in use
WAITING_MESSAGES = 1000  # unread messages that the grader keeps; beyond them the kernel drops output
RECONNECT_MILLISECONDS = 10  # zmq's own 100 would be most of the time that a kernel takes to start
# Bytes. A larger message is not taken in. What a loop prints in the fifth of a second between two messages stays below
# it, so that endless printing is counted, and told as what it is.
LARGEST_MESSAGE = 64 * 2**20

PRINTED_TOO_MUCH = "The notebook printed more output than is allowed."
LOST_OUTPUT = "The output of a cell was lost: it was more than is allowed, or the cell broke the kernel's own channels."
MIXED_UP = "The notebook's kernel sent messages that no kernel sends."
KILLED = (
    "The notebook's kernel was ended from outside while it ran, by the machine or by somebody on it: "
    "that says nothing about the work. Grade it again."
)
CRASHED = "The kernel crashed while the notebook ran."
ENDED = "A cell ended the kernel's process, so the cells after it could not run."


# What may have ended a run, or a part of it, early (`Run.ended_by`).
TIME, MEMORY, OUTPUT, CRASH, OUTSIDE = "time limit", "memory limit", "output limit", "crash", "outside"


class RunFailed(CourseError):
    """The notebook could not be run at all, through no fault of its own."""


class WorkersLost(RunFailed):
    """A notebook that took one machine after the other with it; it has been run more than once already."""


@dataclass
class Run:
    """One notebook, run; its outputs are plain text and pictures as text.

    `evidence` holds every text that came back for a question; `problem` says in words why the run ended
    early, where it did; `late` holds the questions whose answers took longer than they may. `ended_by` is one of TIME,
    MEMORY, OUTPUT, CRASH and OUTSIDE where that, and not the notebook's own code, ended the run or one cell of it: a
    reason to run it once more, with nothing beside it, before anybody loses a mark.
    """

    notebook: NotebookNode
    evidence: dict[str, list[str]] = field(default_factory=dict)
    problem: str | None = None
    late: set[str] = field(default_factory=set)
    ended_by: str | None = None

    def to_json(self) -> dict:
        """As JSON values."""
        return asdict(self) | {"late": sorted(self.late)}

    @classmethod
    def from_json(cls, values: dict) -> "Run":
        return cls(**values | {"notebook": nbformat.from_dict(values["notebook"]), "late": set(values["late"])})


class Stopped(Exception):
    """The run had to end before the notebook did; the message is for the student, `by` for `Run.ended_by`."""

    def __init__(self, message: str, by: str | None = None):
        super().__init__(message)
        self.by = by


class BoundedClient(NotebookClient):
    """A notebook client that counts the bytes a kernel sends and gives up on the cell past a limit."""

    def __init__(self, *args, output_bytes: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.left = output_bytes

    def process_message(self, msg, cell, cell_index):
        self.left -= len(json.dumps([msg["content"], msg["metadata"]], default=str))
        self.left -= sum(map(len, msg["buffers"]))
        if self.left < 0:
            if self.task_poll_for_reply is not None:
                self.task_poll_for_reply.cancel()
            raise Stopped(PRINTED_TOO_MUCH, OUTPUT)
        return super().process_message(msg, cell, cell_index)


class Kernel:
    """A started kernel and the client that listens to it; everything of it is gone after `stop`."""

    # This interpreter's own kernel, not one that a user's Jupyter folder calls python3. In a sandbox, what stands
    # before the connection file has happened already (`warm_parent.py`).
    argv: ClassVar[list[str]] = [
        sys.executable,
        "-Xfrozen_modules=off",
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
        "--HistoryManager.enabled=False",
        f"--IPKernelApp.exec_lines=exec({NO_SHELL.read_text()!r}, {{}})",
    ]

    def __init__(
        self,
        notebook: NotebookNode,
        limits: Limits,
        sandboxed: bool,
        data_folder: Path | None,
        parent: parents.Parent | None = None,
    ):
        self.limits, self.sandboxed, self.data_folder, self.parent = limits, sandboxed, data_folder, parent
        self.notebook = notebook
        self.scratch = Scratch()
        self.folder = self.scratch.path
        self.context = zmq.asyncio.Context()
        # Set here, they hold for every socket of a client that is given this context.
        self.context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        self.context.setsockopt(zmq.RCVHWM, WAITING_MESSAGES)
        self.context.setsockopt(zmq.LINGER, 0)
        self.context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MILLISECONDS)
        log = logging.Logger("autograder.run.notebook", level=logging.CRITICAL)
        (self.folder / "sockets").mkdir()
        self.manager = provisioner.SandboxManager(
            context=self.context,
            log=log,
            transport="ipc",
            ip=str(self.folder / "sockets" / "k"),
            connection_file=str(self.folder / "kernel.json"),
        )
        self.manager._kernel_spec = self._specification()
        self.usage = Usage(self._processes)
        self.unanswered: set[str] = set()  # the questions that it said to have no answer to yet
        self.client = BoundedClient(
            notebook,
            km=self.manager,
            log=log,
            timeout=None,
            allow_errors=True,
            raise_on_iopub_timeout=True,
            iopub_timeout=LOST_OUTPUT_SECONDS,
            output_bytes=limits.output_bytes,
            record_timing=False,
        )

    def _specification(self) -> KernelSpec:
        chosen: dict[str, Any] = {"provisioner_name": "local-provisioner"}
        if self.sandboxed:
            chosen = {
                "provisioner_name": provisioner.NAME,
                "config": {"limits": asdict(self.limits)},
            }
        return KernelSpec(
            argv=self.argv, display_name="submission", language="python", metadata={"kernel_provisioner": chosen}
        )

    async def start(self) -> None:
        """Raises RunFailed, with the sandbox's own words where it has some, unless the kernel answers."""
        place, environment = None, sandbox.environment(data_folder=self.data_folder)
        if not self.sandboxed:
            place = self.folder / "tmp" / "work"
            place.mkdir(parents=True)
            environment = sandbox.environment(str(place.parent), self.data_folder)
        try:
            if self.sandboxed:
                self.manager.warm_parent = self.parent or parents.parent_of(self.notebook, environment)
            await self.manager.start_kernel(
                env=environment, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            self.client.kc = channels = self.manager.client(context=self.context)
            channels.start_channels()
            await asyncio.wait_for(self._answer(channels), self.limits.start_seconds)
            channels.allow_stdin = False
            if isinstance(self.manager.provisioner, provisioner.SandboxProvisioner):
                self.manager.provisioner.bound_memory()
            self.usage.look()
            self.began = self.usage.cpu, self.usage.last
        except Exception as problem:
            raise RunFailed(str(problem) or type(problem).__name__) from problem

    async def _answer(self, channels: AsyncKernelClient) -> None:
        """Return once the kernel has answered and what it publishes comes through.

        jupyter_client's own wait ends with a fifth of a second of silence, for every student.
        """
        while True:
            channels.kernel_info()
            try:
                await channels.get_shell_msg(timeout=1)
                await channels.get_iopub_msg(timeout=0.2)
                return
            except queue.Empty:
                if not await self.manager.is_alive():
                    raise RuntimeError("the kernel ended at once") from None

    async def stop(self) -> None:
        if self.client.kc is not None:
            self.client.kc.stop_channels()
        if self.manager.provisioner is not None and self.manager.provisioner.has_process:
            await self.manager.provisioner.kill()
            await self.manager.provisioner.wait()
            await self.manager.provisioner.cleanup()
        self.context.destroy(linger=0)
        self.scratch.close()

    @contextmanager
    def sending(self, what: dict[str, str]) -> Iterator[None]:
        """Meanwhile the metadata of all messages to the kernel hold this."""
        session = cast(AsyncKernelClient, self.client.kc).session
        before = session.metadata
        session.metadata = before | what
        try:
            yield
        finally:
            session.metadata = before

    async def execute(self, cell: NotebookNode, position: int, seconds: float, in_history=True) -> bool:
        """Execute one cell -> whether it ended by itself, with no more than `seconds` of computing and not idle for too
        long. Raises Stopped where the kernel is lost."""
        execution = asyncio.ensure_future(self.client.async_execute_cell(cell, position, store_history=in_history))
        try:
            if too_much := await self._limit_passed(execution, seconds, self.limits.idle_seconds):
                await self.manager.interrupt_kernel()
                if await self._limit_passed(execution, GRACE_SECONDS, GRACE_SECONDS):
                    raise Stopped(f"A cell {too_much} and could not be interrupted.", TIME)
            await execution
            if too_much:
                words = f"The cell {too_much} and was stopped."
                cell.outputs.append(new_output("error", ename="TimeoutError", evalue=words, traceback=[words]))
            return not too_much
        except CellTimeoutError:
            raise Stopped(LOST_OUTPUT, OUTPUT) from None
        except DeadKernelError:
            raise (Stopped(PRINTED_TOO_MUCH, OUTPUT) if self.client.left < 0 else await self._why_dead()) from None
        except (Stopped, asyncio.CancelledError):
            raise
        except Exception:
            raise Stopped(MIXED_UP) from None
        finally:
            execution.cancel()

    async def _limit_passed(self, execution: asyncio.Future, seconds: float, idle_seconds: float) -> str | None:
        """Wait for the end of a cell -> None, or in words the limit that it passed before; it then goes on.

        What was in use when it began is known from the last look of `watch`, usually a fifth of a second ago; what the
        cell before used since then counts for this one. A look of its own would take as long as most cells.
        """
        cpu, idle = self.usage.cpu, self.usage.idle
        while not (await asyncio.wait({execution}, timeout=WATCH_SECONDS))[0]:
            if self.usage.cpu - cpu > seconds:
                return f"took more than {seconds:g} seconds of computing"
            if self.usage.idle - idle > idle_seconds:
                return f"waited for more than {idle_seconds:g} seconds without computing"
        return None

    async def _why_dead(self) -> Stopped:
        room = self.manager.provisioner
        status = await room.poll() if room is not None else None
        if isinstance(room, provisioner.SandboxProvisioner) and room.ran_out_of_memory():
            return self._too_much_memory()
        # The kernel's own status, or as shells tell a signal: 128 more than its number.
        if status in (-signal.SIGKILL, 128 + signal.SIGKILL):
            return Stopped(KILLED, OUTSIDE)
        return Stopped(CRASHED, CRASH) if status is None or status < 0 or status > 128 else Stopped(ENDED)

    def _too_much_memory(self) -> Stopped:
        return Stopped(f"The notebook used more than {self.limits.memory_bytes / 2**30:.1f} GB of memory.", MEMORY)

    def _processes(self) -> list[psutil.Process]:
        """The kernel and all that it has started, parents first."""
        room = self.manager.provisioner
        if isinstance(room, provisioner.SandboxProvisioner):
            return room.inside()
        try:
            kernel = psutil.Process(cast(LocalProvisioner, room).pid)
            return [kernel, *kernel.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    async def watch(self) -> NoReturn:
        """Keep `usage` up to date; raises Stopped when the notebook as a whole uses more than it may."""
        most = self.limits.memory_bytes
        room = self.manager.provisioner
        cpu, clock = self.began
        while True:
            self.usage.look()
            if self.usage.cpu - cpu > self.limits.total_seconds:
                words = f"took more than {self.limits.total_seconds:g} seconds of computing"
                raise Stopped(f"The notebook as a whole {words}.", TIME)
            if self.usage.last - clock > self.limits.wall_seconds:
                raise Stopped(f"The notebook did not end within {self.limits.wall_seconds:g} seconds.", TIME)
            if isinstance(room, provisioner.SandboxProvisioner) and (
                room.memory_bytes(most) > most or room.ran_out_of_memory()
            ):
                raise self._too_much_memory()
            await asyncio.sleep(WATCH_SECONDS)


# From the evidence so far, as in `Run`, to the questions that need not be asked with the course's functions too.
Settled = Callable[[dict[str, list[str]]], Collection[str]]


def run_notebook(
    notebook: NotebookNode,
    requests: dict[str, str],
    limits: Limits = Limits(),
    settled: Settled | None = None,
    sandboxed: bool | None = None,
    data_folder: Path | None = None,
    parent: parents.Parent | None = None,
) -> Run:
    """Run a clean notebook; after each test cell ask for the evidence of its question, and at the end for the rest.

    requests: {kind and question id: JSON text of the request}, see `inside.collector`, and the text of the visible
    checks, if there are any. settled: asked once, before the last kind of request; what it names is left out (default:
    everything is asked). sandboxed: False runs it with the grader's own rights (default: what the environment says, see
    `sandbox.is_wanted`). data_folder: the data set that the notebook works on (default: the one in use). parent: what
    its kernel is forked from in a sandbox (default: one of this process's own). Whatever the notebook does ends up in
    the Run.
    Raises SandboxUnavailable where this machine cannot run notebooks safely, RunFailed where none starts.
    """
    sandboxed = sandbox.is_wanted() if sandboxed is None else sandboxed
    if sandboxed and parent is None:
        sandbox.require()
    own = nbformat.from_dict(notebook)
    work = _run(own, requests, lambda: Kernel(own, limits, sandboxed, data_folder, parent), settled)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    # Formgrader grades inside its server's event loop, which can run no other: a thread can.
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _run(
    notebook: NotebookNode, requests: dict[str, str], new_kernel: Callable[[], Kernel], settled: Settled | None
) -> Run:
    # What tasks of an abandoned kernel still have to say is of no interest to anybody.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    run = Run(notebook)
    length = len(notebook.cells)
    kernel = await _started(new_kernel)
    work = asyncio.ensure_future(_work(kernel, run, requests, settled))
    watch = asyncio.ensure_future(kernel.watch())
    try:
        ended, _ = await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        await (work if work in ended else watch)
    except Stopped as reason:
        run.problem = str(reason)
        run.ended_by = reason.by
    finally:
        for task in (work, watch):
            task.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)
        await kernel.stop()
    del notebook.cells[length:]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [plain for output in cell.outputs if (plain := _plain(output))]
            cell.execution_count = cell.execution_count if isinstance(cell.execution_count, int) else None
    return run


async def _started(new_kernel: Callable[[], Kernel]) -> Kernel:
    """A kernel that answers, or RunFailed."""
    for _ in range(STARTS):
        kernel = new_kernel()
        try:
            await kernel.start()
            return kernel
        except RunFailed as problem:
            reason = str(problem).rstrip(".")
            await kernel.stop()
        except BaseException:
            await kernel.stop()
            raise
    raise RunFailed(
        f"No kernel could be started in {STARTS} attempts ({reason}): run `autograder doctor`, then grade again."
    )


async def _work(kernel: Kernel, run: Run, requests: dict[str, str], settled: Settled | None) -> None:
    """Execute every cell in order and gather evidence into `run`."""
    requests = dict(requests)
    if text := requests.pop(collector.CHECKS, ""):
        run.notebook.cells.append(nbformat.v4.new_code_cell(WRITE_CHECKS.format(text=text)))
        place = len(run.notebook.cells) - 1
        await kernel.execute(run.notebook.cells[place], place, kernel.limits.cell_seconds, in_history=False)
        del run.notebook.cells[place]
    for position, cell in enumerate(list(run.notebook.cells)):
        if cell.cell_type == "code":
            if not await kernel.execute(cell, position, kernel.limits.cell_seconds):
                run.ended_by = TIME
        if (question := tested_question(cell)) in requests:
            run.evidence[question] = await _ask(kernel, run, question, requests[question])
    for name, request in requests.items():
        if name.startswith(collector.END) and name.removeprefix(collector.END) in kernel.unanswered:
            run.evidence[name] = await _ask(kernel, run, name, request)
    again = {name.removeprefix(collector.AGAIN): name for name in requests if name.startswith(collector.AGAIN)}
    if again and settled:
        so_far = {name: texts for name, texts in run.evidence.items() if name not in run.late}
        for question in await asyncio.to_thread(settled, so_far):
            again.pop(question, None)
    for name in again.values():
        run.evidence[name] = await _ask(kernel, run, name, requests[name])


async def _ask(kernel: Kernel, run: Run, question: str, request: str) -> list[str]:
    """Every evidence text that the kernel sends in reply to one request."""
    # A cell with a place of its own, until the run's end: an output shown here may be changed by any cell after it.
    cell = nbformat.v4.new_code_cell(ASK)
    run.notebook.cells.append(cell)
    place = len(run.notebook.cells) - 1
    with kernel.sending({"collector": Path(collector.__file__).read_text(), "request": request}):
        ended = await kernel.execute(cell, place, kernel.limits.evidence_seconds, in_history=False)
    if not ended:
        run.late.add(question)
        run.ended_by = TIME
    outputs = [plain for output in cell.outputs if (plain := _plain(output))]
    sent = [o.data for o in outputs if o.output_type == "display_data" and collector.EVIDENCE_TYPE in o.data]
    said = {data.get("text/plain") for data in sent}
    if collector.CUT_SHORT in said:
        run.ended_by = TIME
    if collector.NO_ANSWER_YET in said:
        kernel.unanswered.add(question)
    return [data[collector.EVIDENCE_TYPE] for data in sent]


def _plain(output: NotebookNode) -> NotebookNode | None:
    """An output made anew from what is text in it, because a kernel may send anything; None for no output."""
    kind = output.get("output_type")
    if kind == "stream" and output.get("name") in ("stdout", "stderr"):
        return new_output(kind, name=output.name, text=_text(output.get("text")))
    if kind == "error":
        lines = output.get("traceback")
        return new_output(
            kind,
            ename=_text(output.get("ename")),
            evalue=_text(output.get("evalue")),
            traceback=[_text(line) for line in lines] if isinstance(lines, list) else [],
        )
    if kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
        data = {_text(name): _text(value) for name, value in output.data.items() if isinstance(value, str)}
        return new_output(kind, data=data) if data else None
    return None


def _text(value) -> str:
    """`value` as text that any file can hold; nothing where it is no text."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
