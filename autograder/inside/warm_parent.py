"""The warm parent: imports once what notebooks import, then forks a kernel into a room of its own for each notebook.

Runs in the sandbox, beside kernel_start.py, and ends when the grader closes its end of the control socket. It never
runs a student's code and knows nothing of any: a fork shares with the next one only what was there before.
    warm_parent.py FD        FD is the control socket
Requests are JSON texts, each with one more socket for what this kernel's end has to say:
    first  {"import": [module, ...]}                                answered with {"ready": true} once they are imported
    then   {"settings": {...}, "connection": {...}, "argv": [...]}  answered on its own socket, with {} and two process
           file descriptors (the kernel's keeper outside its room, the room's process 1), and at the end {"status": n}
"""

import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys

from kernel_start import SOCKETS, die_with_parent, in_room

MESSAGE_BYTES = 2**20
_READ_AND_WRITE, _PRIVATE_NEW_AND_HERE = 1 | 2, 0x2 | 0x20 | 0x10  # for mmap, of Linux's asm-generic/mman-common.h


def main(control: socket.socket) -> None:
    order, answer = _receive(control)
    for name in order["import"]:
        try:
            importlib.import_module(name)
        except ImportError:
            pass  # the notebook will say so, if it needs it
    _load_data()
    share_no_memory()
    gc.collect()
    gc.freeze()  # so that no collection in a child writes to, and copies, what it shares with its parent
    answer.sendall(b'{"ready": true}')
    answer.close()
    while True:
        order, answer = _receive(control)
        _reap()
        if os.fork() == 0:
            control.close()
            _keep(order, answer)
        answer.close()


def _receive(control: socket.socket) -> tuple[dict, socket.socket]:
    """The next request with its socket; ends the process where the grader is gone."""
    text, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 1)
    if not text:
        os._exit(0)
    return json.loads(text), socket.socket(fileno=descriptors[0])


def _load_data() -> None:
    """Have the homework's data read and indexed, and what is known of its queries, so that kernels only copy it.

    Only where the embedding cache knows all its texts: a model that had computed here would not survive the forks.
    """
    try:
        from helpers import batch_embed_local, load_homework_data
        from helpers.catalogue import data_in_use
        from helpers.local_model import cache_only

        with cache_only():
            data = load_homework_data(data_in_use().folder)  # a folder spelt out is not announced: kernels do that
            batch_embed_local(data.queries["query"], show_progress=False)
    except Exception:
        pass  # a notebook that needs it gets the reason itself


def share_no_memory() -> None:
    """Put a copy of its own in place of memory that forks would go on sharing, as of the locks that some libraries make
    when they are imported: one student's code could leave a message there for the next, or keep such a lock."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    with open("/proc/self/maps") as file:
        mapped = [line.split()[:2] for line in file]
    for place, rights in mapped:
        if rights.startswith("rw") and rights.endswith("s"):
            start, end = (int(number, 16) for number in place.split("-"))
            held = ctypes.string_at(start, end - start)
            if libc.mmap(start, end - start, _READ_AND_WRITE, _PRIVATE_NEW_AND_HERE, -1, 0) != start:
                raise OSError(ctypes.get_errno(), "shared memory could not be replaced")
            ctypes.memmove(start, held, end - start)


def _keep(order: dict, answer: socket.socket) -> None:
    """Never returns: waits outside the room for the kernel's end, and tells the grader. Where nobody is left to be
    told, the room ends."""

    def started(first: int) -> None:
        room = os.pidfd_open(first)
        socket.send_fds(answer, [b"{}"], [os.pidfd_open(os.getpid()), room])
        either = select.poll()
        either.register(room, select.POLLIN)
        either.register(answer, 0)  # that the other end is gone is always told
        if room not in dict(either.poll()):
            signal.pidfd_send_signal(room, signal.SIGKILL)

    try:
        die_with_parent()
        status = in_room(order["settings"], lambda: _kernel(order["connection"], order["argv"]), started)
        answer.sendall(json.dumps({"status": status}).encode())
    except BaseException as problem:
        answer.sendall(json.dumps({"problem": f"{type(problem).__name__}: {problem}"}).encode())
    finally:
        os._exit(0)


def _kernel(connection: dict, argv: list[str]) -> None:
    """Become ipykernel, as its launcher would start it."""
    from ipykernel.kernelapp import IPKernelApp

    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # else all children would draw the same numbers
    file = f"{SOCKETS}/kernel.json"
    with open(file, "w") as written:
        json.dump(connection, written)
    sys.argv = ["ipykernel_launcher", *argv]
    IPKernelApp.launch_instance(argv=["-f", file, *argv])


def _reap() -> None:
    """Let go of keepers that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder is no place for notebooks to import from
    main(socket.socket(fileno=int(sys.argv[1])))
