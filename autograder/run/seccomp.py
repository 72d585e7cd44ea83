"""The system calls that a student's kernel may not make, as a BPF program for bubblewrap's --seccomp.

It closes what namespaces and resource limits leave open: new namespaces (and with them mounts without a size
limit), memory that no limit counts, cores beside the room's own, other processes' memory, kernel interfaces that
notebooks never need, and socket families that network namespaces do not contain (vsock reaches a virtual machine's
host).
"""

import errno
import platform
import struct

# (number on x86_64, number on aarch64); from 424 on all machines share one numbering.
_DENIED = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "open_tree_attr": (467, 467),
    "open_by_handle_at": (304, 265),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "sched_setaffinity": (203, 122),
    "syslog": (103, 116),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
_CLONE, _SOCKET, _CLONE3, _MMAP = (56, 220), (41, 198), (435, 435), (9, 222)
_AUDIT_ARCH = (0xC000003E, 0xC00000B7)
_MACHINES = {"x86_64": 0, "aarch64": 1}
_NEW_NAMESPACE = 0x7E020000  # the CLONE_NEW* flags
_FAMILIES = (1, 2, 10, 16)  # unix, inet, inet6, netlink
_SHARED, _ANONYMOUS = 0x01, 0x20  # of mmap's flags
_X32 = 0x40000000  # x86_64's second numbering of the same calls

# seccomp_data: number at 0, architecture at 4, low half of the first argument at 16, of the fourth at 40.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000


def supported() -> bool:
    """Whether the numbers of this machine's system calls are known here."""
    return platform.machine() in _MACHINES


def program(machine: str | None = None) -> bytes:
    """The filter for `machine` (default: this one), as an array of struct sock_filter."""
    column = _MACHINES[machine or platform.machine()]
    steps = [_step(_LOAD, 4), *_unless(_AUDIT_ARCH[column], _KILL), _step(_LOAD, 0)]
    if column == _MACHINES["x86_64"]:
        steps += _when(_AT_LEAST, _X32, _ERROR | errno.ENOSYS)
    for numbers in _DENIED.values():
        steps += _when(_EQUAL, numbers[column], _ERROR | errno.EPERM)
    # clone3 keeps its flags in memory, out of a filter's sight; told that it does not exist, libc uses clone.
    steps += _when(_EQUAL, _CLONE3[column], _ERROR | errno.ENOSYS)
    clone = [_step(_LOAD, 16), *_when(_ANY_BIT, _NEW_NAMESPACE, _ERROR | errno.EPERM), _step(_RETURN, _ALLOW)]
    steps += [_step(_EQUAL, _CLONE[column], 0, len(clone)), *clone]
    # Memory without a file that is shared: with madvise or munmap a process lets go of it and still has it, uncounted.
    # What shares memory in earnest uses files in /dev/shm, whose size is bounded.
    mmap = [_step(_LOAD, 40), _step(_ANY_BIT, _ANONYMOUS, 0, 2), *_when(_ANY_BIT, _SHARED, _ERROR | errno.EPERM)]
    mmap.append(_step(_RETURN, _ALLOW))
    steps += [_step(_EQUAL, _MMAP[column], 0, len(mmap)), *mmap]
    socket = [_step(_LOAD, 16)]
    for family in _FAMILIES:
        socket += _when(_EQUAL, family, _ALLOW)
    socket.append(_step(_RETURN, _ERROR | errno.EAFNOSUPPORT))
    steps += [_step(_EQUAL, _SOCKET[column], 0, len(socket)), *socket, _step(_RETURN, _ALLOW)]
    return b"".join(steps)


def _step(code: int, value: int, skip_if_true: int = 0, skip_if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, skip_if_true, skip_if_false, value)


def _when(test: int, value: int, result: int) -> list[bytes]:
    return [_step(test, value, 0, 1), _step(_RETURN, result)]


def _unless(value: int, result: int) -> list[bytes]:
    return [_step(_EQUAL, value, 1, 0), _step(_RETURN, result)]
