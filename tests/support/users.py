"""Programs run as a user without rights, also where the tests run as root."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from autograder.run import sandbox
from tests.support.processes import HANGS

REPOSITORY = Path(__file__).resolve().parents[2]


def run_as_ordinary_user(program: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the text of a program as a user without rights, with more variables in its environment."""
    # The data that other tests put in use lies in a folder of root's.
    everything = {name: value for name, value in os.environ.items() if name != "COURSE_DATA_DIR"} | environment
    return subprocess.run(
        as_ordinary_user([sys.executable, "-c", program]), env=everything, capture_output=True, text=True, timeout=HANGS
    )


def as_ordinary_user(command: list[str], user: int = 54321, room: Sequence[str] = (), start: str = "/tmp") -> list[str]:
    """A command line that runs `command` as a user without rights; as it is, where the tests run as one.

    room: more of bubblewrap's words, on what is to lie in /tmp, say, where otherwise nothing does; start: the folder
    that the command starts in.
    """
    if os.geteuid():
        return command
    become = (
        f"import os, sys; os.setgroups([]); os.setresgid({user}, {user}, {user}); "
        f"os.setresuid({user}, {user}, {user}); os.chdir({start!r}); os.execv(sys.argv[1], sys.argv[1:])"
    )
    words = [
        str(sandbox.bubblewrap()),
        "--dev-bind",
        "/",
        "/",
        "--cap-drop",
        "ALL",
        "--cap-add",
        "CAP_SETUID",
        "--cap-add",
        "CAP_SETGID",
        "--perms",
        "0777",
        "--tmpfs",
        "/tmp",
    ]
    needed = {Path(sys.base_prefix), Path(sys.prefix), REPOSITORY}
    closed = {folder for path in needed for folder in path.parents if not folder.stat().st_mode & 0o1}
    for folder in sorted(closed):
        words += ["--perms", "0755", "--tmpfs", str(folder)]
    for path in sorted(needed):
        for folder in reversed(path.parents):
            if any(folder.is_relative_to(outer) for outer in closed) or Path("/tmp") in folder.parents:
                words += ["--perms", "0755", "--dir", str(folder)]
        words += ["--ro-bind", str(path), str(path)]
    return [
        *words,
        "--setenv",
        "HOME",
        "/tmp",
        "--setenv",
        "COURSE_CACHE_DIR",
        "/tmp/cache",
        "--chdir",
        "/tmp",
        *room,
        "--",
        sys.executable,
        "-c",
        become,
        *command,
    ]
