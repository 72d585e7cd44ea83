"""What becomes of a notebook's run: its outputs and evidence, its bounds, and nothing left behind."""

import ast
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.inside.collector import EVIDENCE_TYPE
from autograder.inside.kernel_start import WORK
from autograder.run import notebook as run
from autograder.run import parents, provisioner, sandbox
from autograder.run.notebook import Limits, RunFailed, run_notebook
from autograder.run.sandbox import SandboxUnavailable
from tests.support.processes import HANGS, until

REPOSITORY = Path(__file__).resolve().parents[3]
MEGABYTE = 2**20
TIGHT = Limits(
    cell_seconds=1,
    total_seconds=30,
    idle_seconds=2,
    output_bytes=MEGABYTE,
    memory_bytes=500 * MEGABYTE,
    disk_bytes=16 * MEGABYTE,
    processes=40,
)


pytestmark = pytest.mark.usefixtures("sandboxed")


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch, capfd):
    """After every run: no process of it lives, no file of it lies about, and nothing was said on stderr.

    Its value is a list of what lived inside when the kernel was killed.
    """
    inside, folders, kernels = [], [], provisioner.SandboxProvisioner.kill

    async def kill(self, restart=False):
        inside.extend(self.inside())
        folders.append(Path(self.parent.connection_file).parent)
        await kernels(self, restart)

    monkeypatch.setattr(provisioner.SandboxProvisioner, "kill", kill)
    monkeypatch.setattr(run, "GRACE_SECONDS", 1)
    yield inside
    assert [process for process in inside if process.is_running()] == []
    assert [folder for folder in folders if folder.exists()] == []
    assert capfd.readouterr().err == ""


def go(*cells: str, limits: Limits = TIGHT, requests: dict | None = None):
    """Run a notebook of these cells -> (run, what each cell printed or the error's name)."""
    notebook = new_notebook(cells=[new_code_cell(textwrap.dedent(cell)) for cell in cells])
    done = run_notebook(notebook, requests or {}, limits)
    return done, [shown(cell) for cell in done.notebook.cells]


def shown(cell) -> str:
    return "".join(
        output.get("text") or output.get("ename") or output.data.get("text/plain", "") for output in cell.outputs
    ).strip()


def test_cells_run_in_order_and_share_their_names():
    done, said = go("x = 20", "x + 1", "print(x + 2)")
    assert said == ["", "21", "22"] and done.problem is None


def test_the_given_notebook_is_left_as_it_is():
    notebook = new_notebook(cells=[new_markdown_cell("Text"), new_code_cell("1")])
    done = run_notebook(notebook, {})
    assert notebook.cells[1].outputs == [] and done.notebook.cells[1].outputs


def test_an_error_does_not_stop_the_cells_after_it():
    done, said = go("1 / 0", "print('next')")
    assert said == ["ZeroDivisionError", "next"] and done.problem is None


def test_what_a_kernel_sees_of_the_grader(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    _, said = go(
        "import os; os.listdir()",
        "import glob; sorted(glob.glob('/tmp/*'))",
        "[p for p in os.listdir('/proc') if p.isdigit()]",
        """
        for path in ('/proc/self/environ', '/proc/1/environ'):
            try:
                assert 'hunter2' not in open(path).read()
            except OSError:
                pass
        """,
        "import autograder",
        "from helpers import snowball_tokenize; snowball_tokenize('Couches')",
    )
    # What is shown of this machine may lie in /tmp too.
    shown_places = {parent for path in sandbox.visible() for parent in (path, *path.parents)}
    assert [path for path in ast.literal_eval(said[1]) if Path(path) not in shown_places] == [WORK]
    assert said[2] == "['1', '2']"
    assert said[3:] == ["", "ModuleNotFoundError", "['couch']"]


def test_a_cell_that_runs_too_long_is_interrupted_and_the_next_one_runs():
    done, said = go("while True: pass", "print('next')")
    assert said == ["KeyboardInterruptTimeoutError", "next"] and done.problem is None
    assert done.ended_by == run.TIME
    assert done.notebook.cells[0].outputs[1].evalue == "The cell took more than 1 seconds of computing and was stopped."


def test_a_cell_that_only_waits_is_ended_by_the_clock_and_by_nothing_sooner():
    done, said = go("import time; time.sleep(1.5)", "time.sleep(60)", "print('next')")
    assert said == ["", "KeyboardInterruptTimeoutError", "next"] and done.ended_by == run.TIME
    assert "waited for more than 2 seconds without computing" in done.notebook.cells[1].outputs[1].evalue


def test_the_computing_of_processes_that_have_ended_counts():
    part = "if not os.fork():\n    while time.process_time() < 0.3: pass\n    os._exit(0)\nos.wait()"
    done, _ = go("import os, time", *[part] * 5, limits=Limits(total_seconds=1))
    assert done.problem == "The notebook as a whole took more than 1 seconds of computing."
    assert done.ended_by == run.TIME


def test_a_room_has_one_core():
    _, said = go("import os; len(os.sched_getaffinity(0))", "os.sched_setaffinity(0, {0, 1})")
    assert said == ["1", "PermissionError"]


@pytest.fixture
def neighbours():
    """Busy processes beside the test, four for each core; they end by themselves too."""
    spin = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
    others = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(4 * (os.cpu_count() or 1))]
    yield
    for other in others:
        other.kill()
        other.wait()


def test_busy_neighbours_change_nothing(neighbours):
    """By the clock, each of these cells takes several times its limit here."""
    work = "import time\nwhile time.process_time() < {}: pass\nprint('done')"
    limits = Limits(cell_seconds=1, evidence_seconds=1, total_seconds=4, idle_seconds=1)
    done, said = go(work.format(0.7), work.format(1.4), "while True: pass", work.format(2.9), limits=limits)
    assert said == ["done", "done", "KeyboardInterruptTimeoutError", "done"] and done.problem is None


def test_a_cell_that_cannot_be_interrupted_ends_the_run():
    done, said = go("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass", "print('next')")
    assert done.problem == "A cell took more than 1 seconds of computing and could not be interrupted."
    assert said[1] == ""


def test_the_notebook_as_a_whole_has_its_time():
    done, _ = go("import time", *["time.sleep(0.4)"] * 10, limits=Limits(wall_seconds=1))
    assert done.problem == "The notebook did not end within 1 seconds." and done.ended_by == run.TIME


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("import os; os._exit(0)", run.ENDED),
        ("import os; os._exit(3)", run.ENDED),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", run.KILLED),
        ("import ctypes; ctypes.string_at(0)", run.CRASHED),
        ("while True: print('x' * 1000)", run.PRINTED_TOO_MUCH),
        (
            "from IPython.display import display\ndisplay({'text/html': 'x' * 900_000}, raw=True)\n"
            "display({'text/html': 'x' * 900_000}, raw=True)",
            run.PRINTED_TOO_MUCH,
        ),
    ],
)
def test_why_a_run_ended_early_is_said_in_words(cell, problem):
    done, said = go("print('first')", cell, "print('next')")
    assert done.problem == problem
    assert said[0] == "first" and said[2] == ""


def test_one_enormous_message_is_never_taken_in(monkeypatch):
    """It is refused before it is in the grader's memory; what the cell said is lost with it, and the run ends."""
    monkeypatch.setattr(run, "LOST_OUTPUT_SECONDS", 1)
    Path("/proc/self/clear_refs").write_text("5")  # the peak of the memory in use counts from here
    before = kilobytes("VmHWM")
    done, said = go("print('x' * 200_000_000)", "print('next')", limits=Limits(cell_seconds=20, total_seconds=60))
    assert done.problem == run.LOST_OUTPUT and said == ["", ""]
    assert kilobytes("VmHWM") - before < 50_000


def kilobytes(name: str) -> int:
    """What Linux says of this process's memory under this name."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def test_more_memory_than_allowed_is_a_memory_error():
    done, said = go("b = bytearray(2**30)", "print('next')")
    assert said == ["MemoryError", "next"] and done.problem is None


def test_all_processes_together_have_the_memory_of_one():
    cell = """
        import os, time
        for _ in range(4):
            if not os.fork():
                b = b'1' * (200 * 2**20)
                time.sleep(20)
        time.sleep(20)
        """
    done, _ = go(cell, limits=Limits(cell_seconds=20, memory_bytes=500 * MEGABYTE))
    assert done.problem == "The notebook used more than 0.5 GB of memory." and done.ended_by == run.MEMORY


def test_there_is_no_shared_memory_but_in_files_of_a_bounded_size():
    """Let go of with madvise, it would stay taken and count for no process."""
    done, said = go(
        "import mmap; mmap.mmap(-1, 2**20)",
        "with open('/dev/zero', 'r+b') as zero: mmap.mmap(zero.fileno(), 2**20)",
        """
        with open('/dev/shm/x', 'w+b') as file:
            file.truncate(2**27)
            shared = mmap.mmap(file.fileno(), 2**27)
        for place in range(0, 2**27, 2**20):
            shared[place : place + 2**20] = b'1' * 2**20
        """,
        limits=Limits(cell_seconds=20),
    )
    assert said[:2] == ["PermissionError", "OSError"] and done.ended_by == run.CRASH


def test_what_shares_memory_in_earnest_works():
    _, said = go(
        """
        import multiprocessing
        context = multiprocessing.get_context('fork')
        value, lock = context.Value('i', 1), context.RLock()
        def work():
            with lock:
                value.value += 41
        child = context.Process(target=work)
        child.start(); child.join()
        value.value
        """,
        limits=Limits(cell_seconds=20),
    )
    assert said == ["42"]


def test_a_fork_bomb_is_bounded_and_ends_with_the_run(nothing_stays):
    done, said = go("""
        import os
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """)
    # Whether the interrupt is heard depends on where in fork() it arrives.
    unheard = done.problem == "A cell took more than 1 seconds of computing and could not be interrupted."
    assert unheard or (done.problem is None and said[0].startswith("KeyboardInterrupt"))
    assert TIGHT.processes / 2 < len(nothing_stays) <= TIGHT.processes


def test_processes_and_threads_that_outlive_their_cell_end_with_the_run():
    """`nothing_stays` looks for them afterwards."""
    done, said = go(
        """
        import os, threading, time
        if not os.fork():
            os.setsid()
            time.sleep(60)
        threading.Thread(target=time.sleep, args=(60,)).start()
        """,
        "print('next')",
    )
    assert said[1] == "next" and done.problem is None


def test_the_disk_is_bounded_everywhere_a_kernel_can_write():
    _, said = go("""
        import glob, os
        for folder in ('.', '/tmp', '/dev/shm', *glob.glob('/run/sockets')):
            try:
                with open(folder + '/x', 'wb') as file:
                    while file.tell() < 2**30:
                        file.write(bytes(2**20))
            except OSError:
                print(os.path.getsize(folder + '/x') <= 64 * 2**20)
        """)
    assert said == ["True\nTrue\nTrue\nTrue"]


def test_messages_that_no_kernel_sends_end_the_run():
    done, said = go(
        """
        kernel = get_ipython().kernel
        kernel.session.send(kernel.iopub_socket, 'stream', {'nonsense': 1}, parent=kernel.get_parent('shell'))
        """,
        "print('next')",
    )
    assert done.problem == run.MIXED_UP and said[1] == ""


def test_a_count_that_is_no_number_is_left_out():
    done, said = go(
        """
        kernel = get_ipython().kernel
        content = {'code': '', 'execution_count': 'many'}
        _ = kernel.session.send(kernel.iopub_socket, 'execute_input', content, parent=kernel.get_parent('shell'))
        """,
        "print('next')",
    )
    nbformat.validate(done.notebook)
    assert done.notebook.cells[0].execution_count is None and said[1] == "next"


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "stream", "name": "stdout", "text": 5},
        {"output_type": "stream", "name": [], "text": "x"},
        {"output_type": "stream", "name": "stderr", "text": "half \ud800"},
        {"output_type": "stream"},
        {"output_type": "error", "ename": 1, "evalue": {}, "traceback": "x"},
        {"output_type": "error", "traceback": [1]},
        {"output_type": "display_data", "data": "x"},
        {"output_type": "display_data", "data": {"a": 1, "b\ud800": "c"}},
        {"output_type": "execute_result", "data": None},
        {"output_type": []},
        {},
    ],
)
def test_whatever_an_output_holds_a_notebook_can_be_written_with_it(output):
    plain = run._plain(nbformat.from_dict(output))
    notebook = new_notebook(cells=[new_code_cell("x", outputs=[plain] if plain else [])])
    nbformat.validate(notebook)
    assert nbformat.writes(notebook).encode()


def test_a_kernel_with_a_wrong_key_is_not_listened_to():
    done, said = go(
        """
        kernel = get_ipython().kernel
        kernel.session.key = b'another'
        print('forged')
        """,
        "print('next')",
        limits=Limits(idle_seconds=2, wall_seconds=10),
    )
    assert done.problem is not None and "forged" not in said[0]


def test_a_replaced_socket_leads_nowhere(tmp_path):
    """The kernel's sockets become links to one of the grader's own; the grader, which connects again, follows none."""
    address = str(tmp_path / "listener")
    replace = f"""
        import glob, os
        for path in glob.glob('/run/sockets/k-*'):
            os.remove(path)
            os.symlink({address!r}, path)
        print(sum(map(os.path.islink, glob.glob('/run/sockets/*'))))
        """
    hang_up = "get_ipython().kernel.iopub_thread.socket.close(0); import time; time.sleep(0.5)"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        listener.setblocking(False)
        done, said = go(replace, hang_up, "print('next')")
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert said == ["5", "", ""] and done.problem


ASKED = {"cosine": json.dumps({"nonce": "n1", "question": "cosine", "kind": "", "probes": []})}


def asked_cell(source: str):
    return new_code_cell(source, metadata={"nbgrader": {"grade_id": "test_cosine"}})


def test_evidence_comes_back_as_text_and_leaves_no_trace():
    cells = [new_code_cell("x = 1"), asked_cell("print('visible')"), new_code_cell("print(sorted(globals()))")]
    done = run_notebook(new_notebook(cells=cells), ASKED)
    assert [json.loads(text) for text in done.evidence["cosine"]] == [{"nonce": "n1", "answers": []}]
    assert shown(done.notebook.cells[1]) == "visible"
    assert "_ask" not in shown(done.notebook.cells[2])
    assert done.late == set() and done.problem is None


def test_what_is_asked_may_be_large_and_is_no_part_of_any_cell():
    """Source is hashed in Python by ipykernel, a tenth of a second for each megabyte, and comes back as output."""
    asked = {"nonce": "n1", "question": "cosine", "kind": "", "probes": [], "more": "x" * 3 * MEGABYTE}
    shows = new_code_cell("print(get_ipython().kernel.get_parent()['metadata'].keys() & {'request', 'collector'})")
    done = run_notebook(new_notebook(cells=[asked_cell("1"), shows]), {"cosine": json.dumps(asked)}, TIGHT)
    assert [json.loads(text) for text in done.evidence["cosine"]] == [{"nonce": "n1", "answers": []}]
    assert shown(done.notebook.cells[1]) == "set()" and done.problem is None


def test_an_output_that_a_question_shows_may_be_changed_later():
    show = (
        "import IPython.display\n"
        "def answer():\n    global shown\n    shown = IPython.display.display('old', display_id='one')\n"
        "real = IPython.display.publish_display_data\n"
        "def late(data, **others):\n    'shown' in globals() or answer()\n    real(data, **others)\n"
        "IPython.display.publish_display_data = late"
    )
    change = new_code_cell("IPython.display.update_display('new', display_id='one')\nprint('next')")
    again = asked_cell("print('visible')")
    again.metadata.nbgrader.grade_id = "test_recall"
    cells = [new_code_cell(show), asked_cell("1"), change, again]
    done = run_notebook(new_notebook(cells=cells), ASKED | {"recall": ASKED["cosine"]})
    assert done.problem is None and [len(done.evidence[q]) for q in ("cosine", "recall")] == [1, 1]
    assert len(done.notebook.cells) == 4 and shown(done.notebook.cells[2]) == "next"
    assert [shown(cell) for cell in done.notebook.cells[1::2]] == ["1", "visible"]


def test_what_the_evidence_settles_is_not_asked_again():
    asked = {
        kind + question: json.dumps({"nonce": kind + question, "question": question, "kind": kind, "probes": []})
        for question in ("cosine", "recall")
        for kind in ("", "again/")
    }
    seen = []

    def settled(evidence):
        seen.append({name: [json.loads(text)["nonce"] for text in texts] for name, texts in evidence.items()})
        return {"cosine"}

    cells = [asked_cell("1"), asked_cell("2")]
    cells[1].metadata.nbgrader.grade_id = "test_recall"
    done = run_notebook(new_notebook(cells=cells), asked, Limits(), settled)
    assert seen == [{"cosine": ["cosine"], "recall": ["recall"]}]
    assert list(done.evidence) == ["cosine", "recall", "again/recall"]
    everything = run_notebook(new_notebook(cells=cells), asked).evidence
    assert list(everything) == ["cosine", "recall", "again/cosine", "again/recall"]


def test_evidence_sent_twice_is_brought_back_twice():
    forge = (
        f"from IPython.display import publish_display_data as real\n"
        f"import IPython.display\n"
        f"def twice(data, **others):\n"
        f"    real(data)\n"
        f"    real({{{EVIDENCE_TYPE!r}: 'forged', 'text/plain': ''}})\n"
        f"IPython.display.publish_display_data = twice"
    )
    done = run_notebook(new_notebook(cells=[new_code_cell(forge), asked_cell("")]), ASKED)
    assert len(done.evidence["cosine"]) == 2


def test_an_answer_has_a_time_of_its_own():
    slow = "import IPython.display, time\nIPython.display.publish_display_data = lambda data, **others: time.sleep(60)"
    limits = Limits(cell_seconds=20, evidence_seconds=1, idle_seconds=1)
    cells = [new_code_cell(slow), asked_cell("1"), new_code_cell("print('next')")]
    done = run_notebook(new_notebook(cells=cells), ASKED, limits)
    assert done.evidence == {"cosine": []} and done.late == {"cosine"} and done.ended_by == run.TIME
    assert shown(done.notebook.cells[2]) == "next"


def test_evidence_gathered_before_the_run_ended_is_kept():
    cells = [asked_cell("1"), new_code_cell("import os; os._exit(1)"), asked_cell("1")]
    cells[2].metadata.nbgrader.grade_id = "test_recall"
    done = run_notebook(new_notebook(cells=cells), ASKED | {"recall": ASKED["cosine"]})
    assert list(done.evidence) == ["cosine"] and done.problem == run.ENDED


def test_inside_a_running_event_loop_as_in_formgrader():
    async def grade():
        return run_notebook(new_notebook(cells=[new_code_cell("1 + 1")]), {})

    assert shown(asyncio.run(grade()).notebook.cells[0]) == "2"


def test_a_kernel_that_fails_to_start_gets_a_second_chance(monkeypatch):
    start, attempts = run.Kernel.start, []

    async def fails_once(self):
        attempts.append(self)
        if len(attempts) == 1:
            raise RunFailed("too busy")
        await start(self)

    monkeypatch.setattr(run.Kernel, "start", fails_once)
    _, said = go("print('here')")
    assert said == ["here"] and len(attempts) == 2


def test_a_kernel_that_never_starts_is_not_the_students_fault(monkeypatch):
    monkeypatch.setattr(run.Kernel, "argv", [sys.executable, "-c", "raise SystemExit(1)"])
    with pytest.raises(RunFailed, match="No kernel could be started in 2 attempts .* run `autograder doctor`"):
        go("print('here')")


def test_a_sandbox_that_cannot_be_made_is_not_the_students_fault(monkeypatch):
    parents.close_all()
    monkeypatch.setattr(sandbox, "SYSTEM_FILES", ("/proc/version",))
    monkeypatch.setattr(sandbox, "SOCKETS", "/proc/no-folder-can-be-here")
    with pytest.raises(RunFailed, match="bwrap: "):
        go("print('here')")


def test_without_a_sandbox_nothing_runs_unless_the_instructor_says_so(monkeypatch):
    monkeypatch.setattr(sandbox, "_problem", lambda: "no namespaces here.")
    with pytest.raises(SandboxUnavailable, match="--unsafe-no-sandbox"):
        go("print('here')")
    monkeypatch.setenv(sandbox.UNSAFE, "1")
    _, said = go("print('here')", "import os; os.listdir()", "while True: pass", "print('next')")
    assert said == ["here", "[]", "KeyboardInterruptTimeoutError", "next"]


def test_everything_ends_when_the_grader_is_killed():
    program = (
        "import sys; from nbformat.v4 import *; from autograder.run.notebook import run_notebook\n"
        "cell = new_code_cell('import os, time\\nif not os.fork(): os.setsid()\\ntime.sleep(60)')\n"
        "run_notebook(new_notebook(cells=[cell]), {})"
    )
    grader = subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY)
    try:
        until(lambda: len(psutil.Process(grader.pid).children(recursive=True)) >= 7)
        inside = psutil.Process(grader.pid).children(recursive=True)
    finally:
        os.kill(grader.pid, signal.SIGKILL)
        grader.wait()
    assert len(inside) >= 7  # bubblewrap twice, the warm parent, the kernel's keeper, process 1, the kernel, its child
    _, alive = psutil.wait_procs(inside, timeout=HANGS)
    assert alive == []
