"""Processes of the tests' own, and waiting for what another process does."""

import json
import os
import signal
import time
import traceback


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


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def hang(reached):
    reached.touch()
    time.sleep(600)
