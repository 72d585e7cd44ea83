"""Kernels forked from a warm parent: as separate as if each had been started alone, and none the worse for it."""

import ast
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.run import parents, sandbox
from autograder.run.notebook import run_notebook
from autograder.run.sandbox import SandboxUnavailable
from helpers.catalogue import DEMO_FOLDER
from tests.support.processes import HANGS
from tests.support.users import run_as_ordinary_user

REPOSITORY = str(Path(__file__).resolve().parents[3])


pytestmark = pytest.mark.usefixtures("sandboxed")


def go(*cells: str) -> list[str]:
    """Run a notebook -> what each cell printed, or its error's name."""
    done = run_notebook(new_notebook(cells=[new_code_cell(textwrap.dedent(cell)) for cell in cells]), {})
    assert done.problem is None
    return [
        "".join(
            output.get("text") or output.get("ename") or output.data.get("text/plain", "") for output in cell.outputs
        ).strip()
        for cell in done.notebook.cells
    ]


def warm_parents() -> list[psutil.Process]:
    """The process of each warm parent, outside its sandbox called by its own id."""
    inside = [
        child
        for place in parents._places.values()
        for child in psutil.Process(place.parent.process.pid).children(recursive=True)
    ]
    return [process for process in inside if process.name().startswith("python") and process.parent().name() == "bwrap"]


@pytest.mark.parametrize("name", parents.ALWAYS)
def test_what_every_warm_parent_imports_is_there(name):
    """It passes over what cannot be imported; each kernel would then import it again, or wait for it."""
    assert importlib.util.find_spec(name)


def test_kernels_share_one_parent_and_nothing_that_they_wrote():
    leave = """
    import builtins, os, numpy, sys
    open('/tmp/left', 'w').write('x'); open('/dev/shm/left', 'w').write('x'); builtins.left = sys.left = numpy.left = 1
    os.environ['LEFT'] = 'x'
    """
    look = """
    import builtins, os, numpy, sys
    [os.path.exists('/tmp/left'), os.path.exists('/dev/shm/left'), hasattr(builtins, 'left'), hasattr(sys, 'left'),
     hasattr(numpy, 'left'), 'LEFT' in os.environ]
    """
    assert go(leave, look)[1] == "[True, True, True, True, True, True]"
    before = {process.pid for process in warm_parents()}
    assert go(look) == ["[False, False, False, False, False, False]"]
    assert {process.pid for process in warm_parents()} == before


def test_kernels_at_the_same_time_do_not_meet():
    """Each listens where the other could find it (loopback, an abstract name, /tmp) and looks for the other."""
    cell = """
    import os, socket, time
    port, name = socket.socket(), socket.socket(socket.AF_UNIX)
    port.bind(('127.0.0.1', {own})); port.listen(); name.bind('\\0room-{own}'); name.listen()
    open('/tmp/{own}', 'w').close(); open('/dev/shm/{own}', 'w').close()
    found, until = set(), time.time() + 1.5
    def tried(address, family):
        with socket.socket(family) as s:
            return s.connect_ex(address) == 0
    tried(('127.0.0.1', {own}), socket.AF_INET) or found.add('its own port is closed')
    while time.time() < until:
        tried(('127.0.0.1', {other}), socket.AF_INET) and found.add('port')
        try:
            tried('\\0room-{other}', socket.AF_UNIX) and found.add('name')
        except OSError:
            pass
        found |= {{path for path in ('/tmp/{other}', '/dev/shm/{other}') if os.path.exists(path)}}
        found |= {{p for p in os.listdir('/proc') if p.isdigit()}} - {{'1', '2'}}
        time.sleep(0.05)
    [sorted(found), len(os.listdir('/dev/pts')), time.time()]
    """
    for _ in range(5):  # on a busy machine one may have looked before the other was there
        with ThreadPoolExecutor(2) as pool:
            cells = [cell.format(own=own, other=other) for own, other in ((4001, 4002), (4002, 4001))]
            first, second = (ast.literal_eval(said[0]) for said in pool.map(go, cells))
        assert first[0] == second[0] == [] and first[1] == second[1] == 1
        if abs(first[2] - second[2]) < 1.4:
            return
    pytest.fail("they never looked at the same time")


def test_kernels_have_users_of_their_own_or_no_rights_at_all():
    cell = "import os; [os.getuid(), open('/proc/self/status').read().split('CapEff:')[1].split()[0]]"
    first, second = (ast.literal_eval(go(cell)[0].replace("'", '"')) for _ in range(2))
    assert int(first[1], 16) == int(second[1], 16) == 0
    if sandbox.is_real_root():
        assert first[0] != second[0] and min(first[0], second[0]) >= 10**9


def test_the_control_socket_is_not_in_reach():
    """Process 1 has nothing open but its three silent streams; the kernel, no socket that the parent has."""
    cell = """
    import os
    for process in (1, 2):
        folder = f'/proc/{process}/fd/'
        print({fd: os.readlink(folder + fd) for fd in os.listdir(folder) if os.path.lexists(folder + fd)})
    """
    said = go(cell)[0]
    first, kernel = map(ast.literal_eval, said.splitlines())
    parents_own = {link for process in warm_parents() for link in links_of(process) if link.startswith("socket:")}
    assert first == dict.fromkeys("012", "/dev/null") and parents_own
    assert len(kernel) > 10 and not parents_own & {*kernel.values()}


def links_of(process: psutil.Process) -> list[str]:
    """What the open files of a process are called."""
    return [os.readlink(path) for path in Path(f"/proc/{process.pid}/fd").iterdir()]


def test_memory_is_not_shared():
    """Some libraries make a lock when they are imported, in memory that every fork would share with all others."""
    program = """
import mmap, os, sys
sys.path.insert(0, sys.argv[1])
import warm_parent
memory = mmap.mmap(-1, 4096)
memory[:5] = b"mine "
warm_parent.share_no_memory()
child = os.fork()
if child:
    os.waitpid(child, 0)
    print(memory[:5].decode())
else:
    memory[:5] = b"yours"
    os._exit(0)
"""
    folder = str(sandbox.PACKAGE / "inside")
    done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True)
    assert done.stdout.strip() == "mine", done.stderr
    look = "[line for line in open('/proc/self/maps') if 'rw-s' in line or 'rwxs' in line]"
    assert go(look, f"import torch, sklearn\n{look}") == ["[]", "[]"]


def test_links_among_the_sockets_lead_nowhere():
    """The grader connects to /run/sockets by way of /proc: a link's target would be looked up on its own machine."""
    cell = """
    import os
    name = '/run/sockets/k-1'
    os.rename(name, '/run/sockets/moved'); os.symlink('/dev/null', name)
    try:
        print(open(name))
    except OSError as problem:
        print(problem.strerror)
    os.remove(name); os.rename('/run/sockets/moved', name)
    """
    assert go(cell) == ["Too many levels of symbolic links"]


def test_a_student_stays_the_first_to_go_where_memory_runs_out():
    cell = """
    for path in ('/proc/self/oom_score_adj', '/proc/1/oom_score_adj', '/proc/1/mem'):
        try:
            print(open(path, 'r+b'))
        except OSError as problem:
            print(problem.strerror)
    print(open('/proc/self/oom_score_adj').read().strip(), open('/proc/1/oom_score_adj').read().strip())
    """
    assert go(cell)[0].splitlines() == ["Read-only file system"] * 3 + ["1000 1000"]


def test_the_number_of_files_is_bounded():
    cell = "import os; max(os.statvfs(path).f_files for path in ('/tmp', '/dev/shm', '/run/sockets'))"
    assert 0 < int(go(cell)[0]) <= 20_000


def test_page_tables_are_memory_too():
    """Looking at empty bytes, far apart from each other, takes no page but up to 4096 bytes each to remember where."""
    cell = """
    import ctypes, time
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    place = libc.mmap(None, 2**38, 1, 0x4022, -1, 0)  # for reading, private, not reserved
    libc.madvise(place, 2**38, 15)  # no huge pages
    for number in range(2**17):
        ctypes.string_at(place + number * 2**21, 1)
    time.sleep(2)
    """
    limits = sandbox.Limits(memory_bytes=400 * 2**20)
    done = run_notebook(new_notebook(cells=[new_code_cell(textwrap.dedent(cell))]), {}, limits)
    assert "memory" in (done.problem or "")


def test_chance_is_not_shared():
    cell = "import random, numpy, uuid; [random.random(), numpy.random.rand(), uuid.uuid4().hex]"
    first, second = (ast.literal_eval(go(cell)[0]) for _ in range(2))
    assert all(a != b for a, b in zip(first, second))


def test_a_parent_has_imported_only_what_notebooks_ask_for():
    cell = """
    import sys
    print(*sorted({'torch', 'litellm', 'matplotlib', 'sentence_transformers', 'pandas'} & sys.modules.keys()))
    """
    assert go(cell) == ["pandas"]
    assert parents.heavy_imports(
        ["x = 1\nimport matplotlib.pyplot as plt", "  from torch import nn", "# import litellm", "import numpy"]
    ) == {"matplotlib", "torch"}


def test_what_a_notebook_imports_is_ready_in_a_second_parent_and_no_thread_runs_there():
    """A fork takes only one thread along: whatever another one held would stay locked for ever."""
    said = go(
        "import sys; 'matplotlib.pyplot' in sys.modules, 'sentence_transformers' in sys.modules",
        "import matplotlib.pyplot as plt, numpy as np; np.ones((300, 300)) @ np.ones((300, 300)); len(plt.plot([1]))",
        "import sentence_transformers, torch; float((torch.ones(500, 500) @ torch.ones(500, 500)).sum())",
    )
    assert said[0] == "(True, True)" and said[2] == "125000000.0"
    assert [process.num_threads() for process in warm_parents()] == [1] * len(warm_parents())


def test_parents_are_started_ahead_for_what_a_folder_of_notebooks_imports(tmp_path):
    for student, first_line in (("ada", "import matplotlib.pyplot as plt"), ("blaise", "x = 1"), ("carl", "")):
        (tmp_path / student).mkdir()
        notebook = new_notebook(cells=[new_code_cell(f"1 + 1\n{first_line}")])
        (tmp_path / student / "hw4.ipynb").write_text(nbformat.writes(notebook) if first_line else "no notebook")
    os.mkfifo(tmp_path / "carl" / "waits-for-ever.ipynb")
    parents.close_all()
    parents.prepare(tmp_path, sandbox.environment()).join(timeout=HANGS)
    assert {key[0] for key in parents._places} == {frozenset(), frozenset({"matplotlib"})}
    before = {process.pid for process in warm_parents()}
    assert go("import matplotlib.pyplot, sys; len(sys.modules) > 0") == ["True"]
    assert {process.pid for process in warm_parents()} == before


def test_a_parent_that_was_killed_is_replaced():
    go("1")
    killed = warm_parents()
    for process in killed:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(killed, timeout=HANGS)
    assert go("print('here')") == ["here"]


@pytest.mark.parametrize("answers", [[], ["no room"]], ids=["the parent is gone", "it makes no room"])
def test_a_room_that_cannot_be_made_leaves_nothing_open(answers):
    own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with own, tempfile.TemporaryFile() as said, ThreadPoolExecutor(1) as threads:
        parent = parents.Parent(None, own, said)
        if answers:
            answering = threads.submit(_answer, theirs, answers)
        else:
            theirs.close()
        before = set(os.listdir("/proc/self/fd"))
        with pytest.raises(SandboxUnavailable):
            parent.fork({}, {}, [], 30)
        if answers:
            answering.result()
        assert set(os.listdir("/proc/self/fd")) <= before
        theirs.close()


def _answer(parents_end, problems):
    for problem in problems:
        _, [answer], _, _ = socket.recv_fds(parents_end, 65_536, 1)
        with socket.socket(fileno=answer) as channel:
            channel.send(json.dumps({"problem": problem}).encode())


def test_another_environment_gets_another_parent(monkeypatch, tmp_path):
    """With an empty cache that one computes nothing ahead: a model's threads would not survive a fork."""
    cell = """
    import os, sys
    print(os.environ['COURSE_CACHE_DIR'], 'torch' in sys.modules, 'onnxruntime' in sys.modules)
    """
    go(cell)
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path))
    assert go(cell) == [f"{tmp_path} False False"]
    assert len(parents._places) == 1  # the one before had nothing to do any more


def test_a_grader_who_is_not_root_runs_notebooks_too():
    """Run as root, this becomes an ordinary user, in a room where that user can read the interpreter."""
    program = """
import os, sys
sys.path.insert(0, os.environ["REPOSITORY"])
from nbformat.v4 import new_code_cell, new_notebook
from autograder.run.notebook import run_notebook
from autograder.run import sandbox
assert os.geteuid() != 0
sandbox.require()
for _ in range(2):
    done = run_notebook(new_notebook(cells=[new_code_cell(os.environ["CELL"])]), {})
    print(done.problem, "".join(output.get("text") or str(output) for output in done.notebook.cells[0].outputs).strip())
"""
    cell = """
import os, time, warnings
warnings.simplefilter("ignore")  # Python 3.12 warns of a fork where there are threads
count = 0
try:
    while count < 1000:
        if not os.fork():
            time.sleep(60)
        count += 1
except OSError:
    pass
rights = [line.split()[1] for line in open('/proc/self/maps')]
shared = [r for r in rights if r.startswith('rw') and r.endswith('s')]
print(0 < count < 128, os.path.exists('/tmp/left'), len(os.listdir('/proc/self/fd')) > 0, shared)
open('/tmp/left', 'w').close()
"""
    done = run_as_ordinary_user(program, REPOSITORY=REPOSITORY, CELL=cell, COURSE_DATASET="demo")
    if "SandboxUnavailable" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.stdout.splitlines() == ["None True False True []"] * 2, done.stderr


def test_data_that_lies_in_tmp_is_seen_and_stays_as_it_is(monkeypatch):
    """/tmp inside is a new one for each kernel, but what the sandbox shows may lie there on the grader's machine."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        for file in DEMO_FOLDER.glob("*.csv"):
            shutil.copy(file, folder)
        os.chmod(folder, 0o755)
        monkeypatch.setenv("COURSE_DATA_DIR", folder)
        said = go(
            f"from helpers import load_wands_queries; len(load_wands_queries({folder!r}))",
            f"open({folder!r} + '/x', 'w')",
            f"open({folder!r} + '/query.csv', 'a')",
            "import os; sorted(os.listdir('/tmp'))",
        )
    assert said[0] == "200" and set(said[1:3]) <= {"OSError", "PermissionError"}
    assert Path(folder).name in said[3] and "work" in said[3]


def test_a_file_right_in_tmp_is_seen_too(monkeypatch):
    with tempfile.NamedTemporaryFile(dir="/tmp") as file:
        file.write(b"seen")
        file.flush()
        os.chmod(file.name, 0o644)
        shown = sandbox.visible()
        monkeypatch.setattr(sandbox, "visible", lambda world=None: sorted({*shown, Path(file.name)}))
        said = go(f"print(open({file.name!r}).read())", f"open({file.name!r}, 'a')")
    assert said[0] == "seen" and said[1] in ("OSError", "PermissionError")


def test_root_of_a_rootless_container_may_grade_and_notebooks_get_no_rights():
    """There the grader has the user id 0, which means nothing outside."""
    cell = """
import os, subprocess, sys
look = "print(open('/proc/self/status').read().split('CapEff:')[1].split()[0])"
said = subprocess.run([sys.executable, "-I", "-S", "-c", look], capture_output=True, text=True).stdout
print(os.getuid(), int(said, 16))
"""
    program = f"""
import ctypes, os, sys
own, group = os.getuid(), os.getgid()
if ctypes.CDLL(None).unshare(0x10000000):
    sys.exit("SandboxUnavailable: no user namespaces here")
for name, text in (("setgroups", "deny"), ("uid_map", f"0 {{own}} 1"), ("gid_map", f"0 {{group}} 1")):
    with open(f"/proc/self/{{name}}", "w") as file:
        file.write(text)
sys.path.insert(0, os.environ["REPOSITORY"])
from nbformat.v4 import new_code_cell, new_notebook
from autograder.run.notebook import run_notebook
done = run_notebook(new_notebook(cells=[new_code_cell({cell!r})]), {{}})
print(done.problem, "".join(output.get("text") or str(output) for output in done.notebook.cells[0].outputs).strip())
"""
    done = run_as_ordinary_user(program, REPOSITORY=REPOSITORY, COURSE_DATASET="demo")
    if "SandboxUnavailable" in done.stderr and "PermissionError" not in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.stdout.split() == ["None", "0", "0"], done.stderr


@pytest.mark.parametrize("unit", ["\n", " ", "\t\n", "from ", '"', "\\n", "import a\n"])
def test_the_look_at_a_text_takes_time_in_proportion_to_it(unit, tmp_path):
    """The least of three measurements each, of computing alone; a square would make it a hundred times as much."""
    small, large = unit * (100_000 // len(unit)), unit * (1_000_000 // len(unit))

    def cost(text):
        times = []
        for _ in range(3):
            begun = time.process_time()
            parents.heavy_imports([text])
            times.append(time.process_time() - begun)
        return min(times)

    assert cost(large) < 40 * cost(small) + 0.1


def test_what_a_notebook_imports_is_found_in_its_text_and_in_its_file(tmp_path):
    cells = ["x = 1\n    import torch\nimportant = 2", "from matplotlib import pyplot", "# import litellm"]
    found = {"torch", "matplotlib"}
    assert parents.heavy_imports(cells) == found
    file = tmp_path / "hw4.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), file)
    assert parents._likely_imports(file) == found
