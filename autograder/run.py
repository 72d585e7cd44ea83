"""Runs a submission's notebook and brings back what it said: outputs to show, evidence to judge.

The kernel is untrusted. It gets the cells one by one and, after each test cell, a request for evidence; what
comes back is kept as text. Nothing here decides about points.
"""

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from autograder import collector
from autograder.cells import tested_question
from helpers.cache_folder import cache_folder

ASK = """\
def _ask(request):
    import json
    space = {{"__name__": "collector"}}
    exec(compile({collector!r}, "<collector>", "exec"), space)
    space["send_evidence"](json.loads(request), globals())
try:
    _ask({request!r})
finally:
    del _ask
"""


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Times in seconds, sizes in bytes."""
    cell_seconds: int = 60
    total_seconds: int = 300
    output_bytes: int = 8 * 2**20


@dataclass
class Run:
    """One notebook, run. `evidence` holds every text that came back for a question; `problem` says in words
    why the run ended early, where it did."""
    notebook: NotebookNode
    evidence: dict[str, list[str]] = field(default_factory=dict)
    problem: str | None = None


class OutOfBounds(Exception):
    """The notebook used more than it may; the message is for the student."""


class BoundedClient(NotebookClient):
    """A notebook client that counts the bytes a kernel sends and stops listening past a limit."""

    def __init__(self, *args, output_bytes: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.left = output_bytes

    def process_message(self, msg, cell, cell_index):
        self.left -= len(json.dumps(msg["content"], default=str))
        if self.left < 0:
            raise OutOfBounds("The notebook printed more output than is allowed.")
        return super().process_message(msg, cell, cell_index)


def kernel_environment(folder: Path) -> dict[str, str]:
    """The environment of a student's kernel: where the data and the embedding cache lie, and nothing else of ours."""
    environment = {
        "PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8",
        "IPYTHONDIR": str(folder / ".ipython"), "MPLCONFIGDIR": str(folder), "MPLBACKEND": "agg",
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "PYTHONDONTWRITEBYTECODE": "1",
        "COURSE_CACHE_DIR": str(cache_folder()),
    }
    for name in ("COURSE_DATA_DIR", "COURSE_DATASET"):
        if os.environ.get(name):
            value = os.environ[name]
            environment[name] = str(Path(value).resolve()) if name == "COURSE_DATA_DIR" else value
    return environment


def run_notebook(notebook: NotebookNode, requests: dict[str, str], limits: Limits = Limits()) -> Run:
    """Run a clean notebook; after each test cell ask for the evidence of its question.

    requests: {question id: JSON text of the request}. Never raises for what the notebook does.
    """
    return asyncio.run(_run(nbformat.from_dict(notebook), requests, limits))


async def _run(notebook: NotebookNode, requests: dict[str, str], limits: Limits) -> Run:
    run = Run(notebook)
    folder = Path(tempfile.mkdtemp(prefix="run-"))
    manager = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=str(folder / "kernel"))
    client = BoundedClient(
        notebook, km=manager, timeout=limits.cell_seconds, interrupt_on_timeout=True, allow_errors=True,
        output_bytes=limits.output_bytes, resources={"metadata": {"path": str(folder)}})
    try:
        await manager.start_kernel(cwd=str(folder), env=kernel_environment(folder),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        await client.async_start_new_kernel_client()
        async with asyncio.timeout(limits.total_seconds):
            for position, cell in enumerate(notebook.cells):
                if cell.cell_type == "code":
                    await client.async_execute_cell(cell, position, store_history=True)
                if (question := tested_question(cell)) in requests:
                    run.evidence[question] = await _ask(client, position, requests[question])
    except OutOfBounds as problem:
        run.problem = str(problem)
    except TimeoutError:
        run.problem = f"The notebook as a whole took longer than {limits.total_seconds} seconds."
    except (DeadKernelError, CellExecutionError, RuntimeError):
        run.problem = "The kernel died while the notebook ran: did a cell use up the memory or end the process?"
    finally:
        await manager.shutdown_kernel(now=True)
        if client.kc is not None:
            client.kc.stop_channels()
        shutil.rmtree(folder, ignore_errors=True)
    return run


async def _ask(client: NotebookClient, position: int, request: str) -> list[str]:
    """Every evidence text that the kernel sends in reply to one request."""
    source = ASK.format(collector=Path(collector.__file__).read_text(), request=request)
    kept = client.nb.cells[position]
    cell = nbformat.v4.new_code_cell(source)
    client.nb.cells[position] = cell
    try:
        await client.async_execute_cell(cell, position, store_history=False)
    finally:
        client.nb.cells[position] = kept
    return [output.data[collector.EVIDENCE_TYPE] for output in cell.outputs
            if output.output_type == "display_data" and collector.EVIDENCE_TYPE in output.data]
