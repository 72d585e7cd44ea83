"""A room of its own for one program, made inside the sandbox before any code of a student's runs.

bubblewrap has built the sandbox: a file system that is read-only, and no network. This file forks a process into
namespaces of its own there, with an empty /tmp in memory, and takes away all privileges. Several rooms in one sandbox
see nothing of each other. Standard library only; runs in the sandbox:
    kernel_start.py SETTINGS COMMAND ARGUMENT...      SETTINGS is the JSON text of `sandbox.room_settings`
"""

import base64
import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable

WORK = "/tmp/autograder-work"  # a name that no folder of the grader's in /tmp has
SOCKETS = "/run/sockets"

# Linux's own numbers: linux/sched.h, linux/mount.h, linux/prctl.h, linux/capability.h, linux/sockios.h.
_NEW_MOUNTS, _NEW_NAMES, _NEW_IPC, _NEW_USER, _NEW_PIDS, _NEW_NET = 0x20000, 1 << 26, 1 << 27, 1 << 28, 1 << 29, 1 << 30
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_PROGRAMS, _AGAIN, _NO_LINKS = 1, 2, 4, 8, 1 << 5, 1 << 8
_BIND, _MOVE, _ALL_BELOW, _PRIVATE = 1 << 12, 1 << 13, 1 << 14, 1 << 18
_DIE_WITH_PARENT, _DUMPABLE, _SECCOMP, _NO_NEW_PRIVILEGES, _FILTER = 1, 4, 22, 38, 2
_CAPABILITIES_VERSION_3 = 0x20080522
_SET_INTERFACE_FLAGS, _UP = 0x8914, 1
_MOST_FILES = 20_000  # in each file system in memory: an empty file takes kernel memory that no size counts

_libc = ctypes.CDLL(None, use_errno=True)


def in_room(settings: dict, inside: Callable[[], None], started: Callable[[int], None] = lambda first: None) -> int:
    """Run `inside` as process 2 of a new room; its process 1 only waits. Returns a shell's exit status at the end.

    started: called, outside the room, with the process id of process 1. What goes wrong before `inside` is an OSError's
    text on stderr and status 125.
    """
    _call("unshare", _NEW_MOUNTS | _NEW_PIDS | _NEW_IPC | _NEW_NET | _NEW_NAMES)
    first = os.fork()
    if first == 0:
        try:
            _first_process(settings, inside)
        except BaseException as problem:
            print(f"{type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
        os._exit(125)
    started(first)
    return _shell_status(os.waitpid(first, 0)[1])


def die_with_parent() -> None:
    """Have Linux kill this process as soon as its parent has ended."""
    _call("prctl", _DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def _first_process(settings: dict, inside: Callable[[], None]) -> None:
    """Never returns. Everything is given up here, so that process 1 has no more rights than the student's code."""
    os.setsid()
    processes = _new_file_systems(settings["disk_bytes"], settings["shared_memory_bytes"], settings["kept_in_tmp"])
    _loopback()
    os.chdir(WORK)
    _drop_privileges(settings["user"], processes)
    os.sched_setaffinity(0, {settings["core"]})
    _limit(settings["limits"])
    die_with_parent()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        if settings["silent"] or stream == 0:
            os.dup2(nothing, stream)
    os.closerange(3, 2**20)
    _allow_only(base64.b64decode(settings["filter"]))
    second = os.fork()
    if second == 0:
        inside()
        os._exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ended, status = os.wait()
        if ended == second:
            os._exit(_shell_status(status))


def _new_file_systems(disk_bytes: int, shared_memory_bytes: int, kept_in_tmp: list[str]) -> int:
    """Everything that may be written to, new and empty: /tmp, /dev/shm, terminals, the folder of the kernel's sockets.

    kept_in_tmp: names of what the sandbox shows under /tmp, which stay there, read-only.
    Returns a file descriptor of /proc as it can be written to. By its path it cannot: a student's process could take
    back there that it goes first where memory runs out, and write into process 1.
    """
    _call("mount", b"none", b"/", None, _ALL_BELOW | _PRIVATE, None)
    _mount("proc", "/proc", "proc", _NO_PROGRAMS)
    processes = os.open("/proc", os.O_PATH)
    _mount("/proc", "/proc", "", _BIND)
    _mount("none", "/proc", "", _BIND | _AGAIN | _READ_ONLY | _NO_PROGRAMS)
    files = f"nr_inodes={_MOST_FILES}"
    _mount("tmpfs", SOCKETS, "tmpfs", 0, f"size={disk_bytes},{files},mode=1777")  # the new /tmp, until it is furnished
    for name in kept_in_tmp:
        (os.mkdir if os.path.isdir(f"/tmp/{name}") else os.mknod)(f"{SOCKETS}/{name}")
        _mount(f"/tmp/{name}", f"{SOCKETS}/{name}", "", _BIND | _ALL_BELOW)
        _mount("none", f"{SOCKETS}/{name}", "", _BIND | _AGAIN | _READ_ONLY)
    _call("mount", SOCKETS.encode(), b"/tmp", None, _MOVE, None)
    _mount("/dev/null", "/dev/zero", "", _BIND)  # mapped, it is shared memory that no limit counts
    _mount("tmpfs", "/dev/shm", "tmpfs", 0, f"size={shared_memory_bytes},{files},mode=1777")
    # The grader connects to what lies there: a link would lead it to any socket of its own machine.
    _mount("tmpfs", SOCKETS, "tmpfs", _NO_LINKS, f"size={2**20},{files},mode=0777")
    _call("mount", b"devpts", b"/dev/pts", b"devpts", _NO_SUID | _NO_PROGRAMS, b"newinstance,ptmxmode=0666,mode=620")
    os.mkdir(WORK)
    os.chmod(WORK, 0o777)
    return processes


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    _call("mount", source.encode(), target.encode(), kind.encode(), flags | _NO_SUID | _NO_DEVICES, options.encode())


def _loopback() -> None:
    """A new network has only 127.0.0.1, and that is off."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_INTERFACE_FLAGS, struct.pack("16sh14x", b"lo", _UP))


def _drop_privileges(user: int | None, processes: int) -> None:
    """user: the id to become, for root. Anybody else stays who they are, in a user namespace of the room's own, where
    the limit on processes counts this room's alone. processes: /proc, to write to."""

    def tell(name: str, text: str) -> None:
        descriptor = os.open(f"self/{name}", os.O_WRONLY, dir_fd=processes)
        os.write(descriptor, text.encode())
        os.close(descriptor)

    tell("oom_score_adj", "1000")  # if the machine runs out of memory, this process goes first
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    else:
        own, group = os.getuid(), os.getgid()
        _call("unshare", _NEW_USER)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{own} {own} 1"), ("gid_map", f"{group} {group} 1")):
            tell(name, text)
    os.close(processes)
    _call("capset", struct.pack("=II", _CAPABILITIES_VERSION_3, 0), bytes(24))
    # A change of user hides a process from its own user; the grader reaches the kernel's sockets through /proc.
    _call("prctl", _DUMPABLE, 1, 0, 0, 0)
    _call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _limit(limits: dict[str, int]) -> None:
    for name, value in limits.items():
        most = resource.getrlimit(getattr(resource, name))[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(getattr(resource, name), (value, value))


def _allow_only(program: bytes) -> None:
    """Put the system call filter (an array of struct sock_filter, 8 bytes each) in force; it cannot be taken back."""
    steps = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(steps))
    _call("prctl", _SECCOMP, _FILTER, header, 0, 0)


def _call(name: str, *arguments) -> None:
    """A function of libc, with its error as OSError."""
    words = [ctypes.c_ulong(a) if isinstance(a, int) and name != "unshare" else a for a in arguments]
    if getattr(_libc, name)(*words) < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def _shell_status(status: int) -> int:
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.exit(in_room(json.loads(sys.argv[1]), lambda: os.execv(sys.argv[2], sys.argv[2:])))
