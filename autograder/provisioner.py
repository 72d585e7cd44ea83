"""Jupyter's door to the sandbox: a provisioner that starts, interrupts, weighs and kills a kernel in it."""

import json
import os
import signal
import subprocess
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from traitlets import Dict

from autograder.sandbox import Limits, Room, SandboxUnavailable

NAME = "autograder-sandbox"
CONNECTION_FILE = "/run/kernel.json"
KERNEL = 2  # the kernel's process id inside; 1 is bubblewrap's


class SandboxProvisioner(LocalProvisioner):
    """Starts a kernel in a sandbox of its own; a kernel specification names it "autograder-sandbox".

    The manager's transport is ipc, and its ip a file name in an empty folder. The kernel's sockets lie in the
    sandbox's own memory, where they can fill no disk of the grader's; the folder becomes a link there.
    """

    limits = Dict(help="The fields of sandbox.Limits that differ from the defaults.").tag(config=True)
    _first = None  # a process file descriptor of the sandbox's first process: with it, everything inside ends

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """The kernel's command and environment; `env` is all that the kernel gets."""
        environment = kwargs["env"]
        prepared = await super().pre_launch(**kwargs)
        written = os.path.realpath(self.parent.connection_file)
        os.chmod(written, 0o644)  # for a kernel with another user id; outside, only the grader gets this far
        prepared["cmd"] = [word.replace(written, CONNECTION_FILE) for word in prepared["cmd"]]
        return prepared | {"env": environment}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the sandbox and wait until its first process exists."""
        sockets = Path(self.parent.ip).parent
        reader, writer = os.pipe()
        shown = {CONNECTION_FILE: Path(self.parent.connection_file)}
        with open(reader) as told, Room(Limits(**self.limits), sockets, shown) as room:
            try:
                self.process = subprocess.Popen(
                    room.command(cmd, info_fd=writer), env=kwargs["env"], pass_fds=(*room.pass_fds, writer),
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                    start_new_session=True)
            finally:
                os.close(writer)
            answer = told.read()
        self.pid = self.process.pid
        try:
            first = json.loads(answer)["child-pid"]
            self._first = os.pidfd_open(first)
        except (ValueError, KeyError, OSError):
            self.process.kill()
            self.process.wait()
            raise SandboxUnavailable("bubblewrap ended without a word.") from None
        sockets.rmdir()
        sockets.symlink_to(f"/proc/{first}/root{sockets}")
        return self.connection_info

    async def last_words(self) -> str:
        """What bubblewrap said last on stderr, where it has ended; else nothing."""
        if self.process is None or await self.poll() is None:
            return ""
        words = self.process.stderr.read().decode(errors="replace").strip()
        return words.splitlines()[-1] if words else ""

    def inside(self) -> list[psutil.Process]:
        """Every process in the sandbox; the first one is bubblewrap's own."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def memory_bytes(self, enough: int = 0) -> int:
        """The memory that all processes inside use now, each page counted once.

        The exact count takes time, so it is made only where a quick, too high one is above `enough`.
        """
        inside = self.inside()
        quick = sum(_ask(p, lambda p: p.memory_info().rss) for p in inside)
        if quick <= enough:
            return quick
        return sum(_ask(p, lambda p: p.memory_full_info().pss) for p in inside)

    async def send_signal(self, signum: int) -> None:
        """SIGKILL ends everything inside; any other signal goes to the kernel's process alone."""
        if signum == signal.SIGKILL:
            await self.kill()
            return
        for process in self.inside():
            if _id_inside(process.pid) == KERNEL:
                process.send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """End every process inside: with its first process, Linux takes down a whole pid namespace."""
        if self._first is not None:
            try:
                signal.pidfd_send_signal(self._first, signal.SIGKILL)
            except ProcessLookupError:
                pass
        elif self.process:
            self.process.kill()

    async def terminate(self, restart: bool = False) -> None:
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        if self._first is not None:
            os.close(self._first)
            self._first = None
        await super().cleanup(restart)


# Registered here and not by an entry point: those are read from an installation that may be older than this.
KernelProvisionerFactory.instance().provisioners[NAME] = EntryPoint(
    NAME, f"{__name__}:SandboxProvisioner", "jupyter_client.kernel_provisioners")


def _ask(process: psutil.Process, question) -> int:
    try:
        return question(process)
    except psutil.Error:
        return 0


def _id_inside(pid: int) -> int | None:
    """A process's id in its innermost pid namespace."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[-1]) for line in lines if line.startswith("NSpid:")), None)
