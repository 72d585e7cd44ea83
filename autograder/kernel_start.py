"""The first program in the sandbox: takes its limits upon itself, gives up root, becomes the kernel.

Runs alone (python -I -S, standard library only), before any code of the student:
    kernel_start.py '{"limits": {"RLIMIT_NPROC": 128, ...}, "user": null, "silent": true}' COMMAND ARGUMENT...
"""

import json
import os
import resource
import sys


def start(settings: dict, command: list[str]) -> None:
    """Never returns. user: the user id to become, or None; silent: whether all output is dropped."""
    for name, value in settings["limits"].items():
        most = resource.getrlimit(getattr(resource, name))[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(getattr(resource, name), (value, value))
    # If the machine runs out of memory, this process goes first.
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    if settings["user"] is not None:
        os.setgroups([])
        os.setresgid(*[settings["user"]] * 3)
        os.setresuid(*[settings["user"]] * 3)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        if settings["silent"] or stream == 0:
            os.dup2(nothing, stream)
    os.execv(command[0], command)


if __name__ == "__main__":
    start(json.loads(sys.argv[1]), sys.argv[2:])
