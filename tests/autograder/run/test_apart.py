"""The process that listens to a student's kernel may die of it: that student's run ends, and nothing else does."""

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.run import apart, parents
from autograder.run.apart import run_notebook
from autograder.run.notebook import OUTPUT, OUTSIDE, TIME, Limits, RunFailed
from tests.autograder.run.test_notebook import REPOSITORY, kilobytes, shown
from tests.support.processes import HANGS, until

pytestmark = pytest.mark.usefixtures("sandboxed")

# The kernel's own channel for outputs, replaced by one that speaks ZMTP 3.0 and sends parts of one message for ever.
ENDLESS = """
import json, os, socket, time
kernel = get_ipython().kernel
path = f"/run/sockets/k-{json.load(open('/run/sockets/kernel.json'))['iopub_port']}"
kernel.iopub_thread.socket.close(0)
time.sleep(0.5)
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
listener.settimeout(20)
peer, _ = listener.accept()
peer.sendall(b"\\xff" + bytes(8) + b"\\x7f\\x03\\x00NULL" + bytes(16) + bytes(1) + bytes(31))
peer.recv(2**16)
ready = b"\\x05READY\\x0bSocket-Type" + (3).to_bytes(4) + b"PUB"
peer.sendall(b"\\x04" + bytes([len(ready)]) + ready)
part = b"\\x03" + (2**20).to_bytes(8) + bytes(2**20)
for _ in range(8000):
    peer.sendall(part)
"""


def go(*cells: str, limits: Limits = Limits(), **options):
    return run_notebook(new_notebook(cells=[new_code_cell(textwrap.dedent(c)) for c in cells]), {}, limits, **options)


@pytest.fixture(autouse=True)
def no_workers_from_before():
    apart._workers.close()


def test_the_grader_is_asked_what_the_evidence_settles():
    ask = json.dumps({"nonce": "n1", "question": "cosine", "kind": "again/", "probes": []})
    seen = []

    def settled(evidence):
        seen.append(evidence)
        return {"cosine"}

    notebook = new_notebook(cells=[new_code_cell("1")])
    assert run_notebook(notebook, {"again/cosine": ask}, Limits(), settled).evidence == {}
    assert seen == [{}]
    assert list(run_notebook(notebook, {"again/cosine": ask}).evidence) == ["again/cosine"]


def test_an_error_in_what_is_settled_is_the_graders_own():
    def settled(evidence):
        raise ZeroDivisionError

    ask = json.dumps({"nonce": "n1", "question": "cosine", "kind": "again/", "probes": []})
    with pytest.raises(ZeroDivisionError):
        run_notebook(new_notebook(cells=[new_code_cell("1")]), {"again/cosine": ask}, Limits(), settled)
    assert go("1 + 1").problem is None


def flooded() -> dict:
    """A notebook whose message never ends, with another beside it and one after it: what became of each."""
    before = kilobytes("VmHWM")
    beside = []
    other = threading.Thread(target=lambda: beside.append(go("import time; time.sleep(2)", "'fine'")))
    other.start()
    done = go(ENDLESS, limits=Limits(idle_seconds=5))
    other.join()
    after = go("1 + 1")
    grown = kilobytes("VmHWM") - before
    apart._workers.close()
    return {
        "problem": done.problem,
        "ended by": done.ended_by,
        "others": [shown(beside[0].notebook.cells[1]), shown(after.notebook.cells[0])],
        "grown": grown,
        "most": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
    }


def test_a_message_whose_parts_never_end_costs_its_student_alone():
    # In a grader of its own, and a small one: Linux counts what a child has had of its parent's memory before it became
    # another program.
    program = "import json; from tests.autograder.run.test_apart import flooded; print(json.dumps(flooded()))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=HANGS
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    # What a worker has no memory for either ends it or makes it hang up on the kernel.
    assert found["problem"] and found["ended by"] in (OUTPUT, TIME)
    assert found["others"] == ["'fine'", "2"] and found["grown"] < 50_000
    most = found["most"]
    assert apart.MEMORY_BYTES / 2 < most < apart.MEMORY_BYTES + 300 * 2**20, "the flood did not come, or was not held"


def test_a_worker_serves_many_and_answers_as_the_run_in_one_process_does():
    one, two = go("print('here'); 1 / 0"), go("while True: pass", "'next'", limits=Limits(cell_seconds=1))
    assert shown(one.notebook.cells[0]) == "here\nZeroDivisionError" and one.problem is one.ended_by is None
    assert shown(two.notebook.cells[1]) == "'next'" and two.ended_by == TIME
    [worker] = apart._workers.resting
    assert worker.runs == 2


def test_a_worker_or_a_kernel_killed_from_outside_is_nobodys_fault():
    found = []
    run = threading.Thread(target=lambda: found.append(go("import time; time.sleep(100)")))
    run.start()
    until(lambda: workers() and kernels())
    [inside] = kernels()
    workers()[0].kill()
    run.join()
    assert (found[0].problem, found[0].ended_by) == (apart.KILLED, OUTSIDE)
    assert psutil.wait_procs([inside], timeout=HANGS)[1] == []
    assert shown(go("1 + 1").notebook.cells[0]) == "2"


def workers() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if apart.__name__ in p.cmdline()]


def kernels() -> list[psutil.Process]:
    """Process 1 of each room."""
    processes = [p.process for p in (place.parent for place in parents._places.values()) if p]
    keepers = [k for process in processes for k in psutil.Process(process.pid).children(recursive=True)]
    return [k for k in keepers if Path(f"/proc/{k.pid}/status").read_text().count("NSpid") and _inner(k.pid) == "1"]


def _inner(pid: int) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    words = next(line.split()[1:] for line in lines if line.startswith("NSpid:"))
    return words[-1] if len(words) >= 3 else ""


def test_workers_end_with_a_grader_that_is_killed():
    program = (
        "from nbformat.v4 import *; from autograder.run.apart import run_notebook\n"
        "run_notebook(new_notebook(cells=[new_code_cell('import time; time.sleep(100)')]), {})"
    )
    grader = subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY)
    try:
        until(lambda: len(psutil.Process(grader.pid).children(recursive=True)) >= 7)
        inside = psutil.Process(grader.pid).children(recursive=True)
    finally:
        os.kill(grader.pid, signal.SIGKILL)
        grader.wait()
    assert len(inside) >= 7
    assert psutil.wait_procs(inside, timeout=HANGS)[1] == []


def test_without_a_sandbox_and_without_a_kernel(monkeypatch):
    assert shown(go("1 + 1", sandboxed=False).notebook.cells[0]) == "2"
    parents.close_all()
    monkeypatch.setattr(parents.sandbox, "SYSTEM_FILES", ("/proc/version",))
    monkeypatch.setattr(parents.sandbox, "SOCKETS", "/proc/no-folder-can-be-here")
    with pytest.raises(RunFailed, match="bwrap: "):
        go("print('here')")


def test_runs_are_ended_at_once_with_their_kernels_and_the_next_notebook_runs():
    go("'everything that a kernel is forked from is there now'")
    before, done = set(_below()), []
    thread = threading.Thread(target=lambda: done.append(go("import time\nwhile True: time.sleep(1)")))
    thread.start()
    until(lambda: set(_below()) - before)
    kernels = set(_below()) - before
    apart.end_runs()
    thread.join(30)
    assert not thread.is_alive() and done[0].problem and done[0].ended_by in (OUTPUT, OUTSIDE)
    until(lambda: not any(map(_alive, kernels)))
    assert kernels and not any(map(_alive, kernels))
    assert not apart._workers.running and shown(go("1 + 1").notebook.cells[0]) == "2"


def _below() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
