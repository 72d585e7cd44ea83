"""Jupyter's door to the sandbox: a provisioner that starts, interrupts, weighs and kills a kernel in it."""

import asyncio
import json
import signal
from importlib.metadata import EntryPoint
from pathlib import Path
from subprocess import Popen
from typing import Any, cast

import psutil
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from traitlets import Dict

from autograder.inside.kernel_start import SOCKETS
from autograder.run import cgroup, parents, sandbox
from autograder.run.sandbox import Limits

NAME = "autograder-sandbox"
KERNEL = 2  # the kernel's process id inside; 1 waits for its end
WAIT_SECONDS = 0.01  # between two looks whether everything inside has ended


class SandboxManager(AsyncKernelManager):
    """A kernel manager that knows which warm parent its kernel is to be forked from."""

    warm_parent: parents.Parent


class SandboxProvisioner(LocalProvisioner):
    """Has a kernel forked in a sandbox; a kernel specification names it "autograder-sandbox".

    The manager's transport is ipc, and its ip a file name in an empty folder. The kernel's sockets lie in its
    room's own memory, where they can fill no disk of the grader's; the folder becomes a link there.
    """

    limits = Dict(help="The fields of sandbox.Limits that differ from the defaults.").tag(config=True)
    forked: parents.Forked | None = None
    group: cgroup.Group | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """`env` is all that the kernel gets."""
        return await super().pre_launch(**kwargs) | {"env": kwargs["env"]}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel from the manager's warm parent; of `cmd` it gets what stands behind the connection file."""
        limits = Limits(**self.limits)
        manager = cast(SandboxManager, self.parent)
        sockets = Path(manager.ip).parent
        written = json.loads(Path(manager.connection_file).read_text())
        connection = written | {"ip": f"{SOCKETS}/{Path(manager.ip).name}"}
        options = cmd[cmd.index(manager.connection_file) + 1 :]
        self.forked = manager.warm_parent.fork(
            sandbox.room_settings(limits, world=kwargs["env"]), connection, options, limits.start_seconds
        )
        self.process = cast(Popen, self.forked)  # it has what LocalProvisioner uses of one
        self.pid = self.forked.pid
        sockets.rmdir()
        sockets.symlink_to(f"/proc/{self.forked.first}/root{SOCKETS}")
        return self.connection_info

    def inside(self) -> list[psutil.Process]:
        """Every process in the kernel's room."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def bound_memory(self) -> None:
        """Have Linux bound the memory of all that is inside, where it can, by what the other limits allow together.

        To be called before any code of a student's runs.
        """
        limits = Limits(**self.limits)
        files = limits.disk_bytes + sandbox.SHARED_MEMORY_BYTES  # they lie in memory
        self.group = cgroup.memory_group(limits.memory_bytes + files)
        if self.group is not None:
            self.group.add(process.pid for process in self.inside())

    def ran_out_of_memory(self) -> bool:
        """Whether Linux has ended something inside for that."""
        return self.group is not None and self.group.ran_out()

    def memory_bytes(self, enough: int = 0) -> int:
        """The memory that all processes inside use now, each page counted once, and what Linux needs to keep the pages'
        addresses: a process that looks at a thousand billion empty bytes has no page of its own, but 2 GB of that.

        The exact count takes time, so it is made only where a quick, too high one is above `enough`.
        """
        inside = self.inside()
        tables = sum(_page_table_bytes(p.pid) for p in inside)
        quick = tables + sum(_ask(p, lambda p: p.memory_info().rss) for p in inside)
        if quick <= enough:
            return quick
        return tables + sum(_ask(p, lambda p: p.memory_full_info().pss) for p in inside)

    async def send_signal(self, signum: int) -> None:
        """SIGKILL ends everything inside; any other signal goes to the kernel's process alone."""
        if signum == signal.SIGKILL:
            await self.kill()
            return
        for process in self.inside():
            if _id_inside(process.pid) == KERNEL:
                process.send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """End every process inside."""
        if self.process is not None:
            self.process.kill()

    async def wait(self) -> int | None:
        """The exit status, once everything inside has ended."""
        while (status := await self.poll()) is None:
            await asyncio.sleep(WAIT_SECONDS)
        self.process = None
        return status

    async def terminate(self, restart: bool = False) -> None:
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        if self.forked is not None:
            self.forked.close()
            self.forked = None
        if self.group is not None:
            self.group.close()
            self.group = None
        await super().cleanup(restart)


# Registered here and not by an entry point: those are read from an installation that may be older than this.
KernelProvisionerFactory.instance().provisioners[NAME] = EntryPoint(
    NAME, f"{__name__}:SandboxProvisioner", "jupyter_client.kernel_provisioners"
)


def _ask(process: psutil.Process, question) -> int:
    try:
        return question(process)
    except psutil.Error:
        return 0


def _page_table_bytes(pid: int) -> int:
    return 1024 * int((_status(pid, "VmPTE") or ["0"])[0])


def _id_inside(pid: int) -> int | None:
    """A process's id in its innermost pid namespace."""
    return int(words[-1]) if (words := _status(pid, "NSpid")) else None


def _status(pid: int, name: str) -> list[str]:
    """The words that Linux has for a process under this name; none where the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except OSError:
        return []
    return next((line.split()[1:] for line in lines if line.startswith(f"{name}:")), [])
