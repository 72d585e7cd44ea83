"""Processes of the tests' own, and waiting for what another process does."""

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

import autograder

HANGS = 900  # seconds: what has not come to its end by then hangs, however busy the machine is


class Child:
    """A grader in a process of its own, forked so that it starts at once."""

    def __init__(self, work, report):
        self.report, self.pid = report, os.fork()
        if self.pid == 0:
            try:
                report.write_text(json.dumps({"found": work()}))
            except BaseException as problem:
                report.write_text(
                    json.dumps({"problem": f"{type(problem).__name__}: {problem}", "trace": traceback.format_exc()})
                )
            finally:
                os._exit(0)

    def wait(self):
        os.waitpid(self.pid, 0)
        return json.loads(self.report.read_text())

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def until(true):
    """Wait for it; AssertionError where it hangs."""
    end = time.monotonic() + HANGS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def hang(reached):
    reached.touch()
    time.sleep(2 * HANGS)


def nbgrader(course, *arguments):
    """nbgrader as a user's shell starts it, where no environment is activated."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("VIRTUAL_ENV", "PYTHONPATH"))}
    environment |= {"PATH": os.defpath, "PYTHONPATH": str(Path(autograder.__file__).parents[1])}
    return subprocess.run(
        [str(Path(sys.executable).parent / "nbgrader"), *arguments],
        cwd=course.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
