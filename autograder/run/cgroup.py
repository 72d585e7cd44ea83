"""A control group for each room, where the machine gives one: Linux then bounds what all its processes have together.

The look at what is in use (`notebook.Kernel.watch`) comes five times a second; what many processes take between two
looks only Linux can refuse. Both versions of control groups are known: https://docs.kernel.org/admin-guide/cgroup-v2.html,
and version 1 as in https://docs.kernel.org/admin-guide/cgroup-v1/memory.html.
"""

import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

PREFIX = "autograder-"
PROC = Path("/proc")
_numbers = itertools.count()


class Group:
    """One group, new and empty. OSError where it cannot be made.

    most_bytes: the memory that all processes in it may have at one moment, with what lies in files in memory and what
    Linux itself keeps for them.
    """

    def __init__(self, parent: Path, most_bytes: int):
        _sweep(parent)
        self.folder = parent / f"{PREFIX}{os.getpid()}-{next(_numbers)}"
        self.folder.mkdir()
        try:
            bound = [self._set(name, most_bytes) for name in ("memory.max", "memory.limit_in_bytes")]  # either version
            if not any(bound):
                raise OSError("no memory is counted here")
            for name, value in (("memory.swap.max", 0), ("memory.memsw.limit_in_bytes", most_bytes)):
                self._set(name, value)  # where swap is counted
            self._set("memory.oom.group", 1)
        except OSError:
            self.close()
            raise

    def _set(self, name: str, value: int) -> bool:
        """Whether there is such a file; it holds the value now."""
        if known := (self.folder / name).exists():
            (self.folder / name).write_text(str(value))
        return known

    def add(self, processes: Iterable[int]) -> None:
        """Take in the processes with these ids, but for those that have ended. What they start later is in it too."""
        for process in processes:
            try:
                (self.folder / "cgroup.procs").write_text(str(process))
            except ProcessLookupError:
                continue

    def ran_out(self) -> bool:
        """Whether Linux has ended a process of the group because it had no more memory to give."""
        for name in ("memory.events", "memory.oom_control"):
            try:
                lines = (self.folder / name).read_text().splitlines()
            except OSError:
                continue
            return any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in lines)
        return False

    def close(self) -> None:
        """Remove the group, once its processes have ended; while they have not, that is left to the next sweep."""
        try:
            self.folder.rmdir()
        except OSError:
            pass


def memory_group(most_bytes: int) -> Group | None:
    """A new group below the nearest one of this process's own that may have groups below it; None where there is none,
    as on most machines where no one has been given the right to make groups."""
    for parent in _parents():
        try:
            return Group(parent, most_bytes)
        except OSError:
            continue
    return None


def _parents() -> Iterator[Path]:
    """The groups of this process that count memory, the nearest first."""
    for hierarchy, place in _mounted():
        own = Path(os.path.normpath(hierarchy / place.lstrip("/")))  # in a container it may lie outside
        for folder in (own, *own.parents):
            if not folder.is_relative_to(hierarchy):
                break
            passed_on = folder / "cgroup.subtree_control"  # version 2: what groups below may bound
            if not passed_on.exists() or "memory" in passed_on.read_text().split():
                yield folder


def _mounted() -> Iterator[tuple[Path, str]]:
    """(where it is mounted, this process's place in it) for each hierarchy of groups that may count memory."""
    try:
        lines = (PROC / "self/cgroup").read_text().splitlines()
        mounts = [line.split() for line in (PROC / "self/mounts").read_text().splitlines()]
    except OSError:  # no Linux
        return
    for number, controllers, place in (line.split(":", 2) for line in lines):
        for _, folder, kind, options, *_ in mounts:
            if (number == "0" and kind == "cgroup2") or (
                kind == "cgroup" and "memory" in controllers.split(",") and "memory" in options.split(",")
            ):
                yield Path(folder), place


def _sweep(parent: Path) -> None:
    """Remove the empty groups of graders that have ended."""
    for folder in parent.glob(f"{PREFIX}*"):
        if not (PROC / folder.name.removeprefix(PREFIX).split("-")[0]).exists():
            try:
                folder.rmdir()
            except OSError:
                continue
