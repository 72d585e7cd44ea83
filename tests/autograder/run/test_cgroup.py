"""Control groups, which bound the memory of a room as a whole where the machine gives them."""

import os
import signal
import subprocess
import sys
import time

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.run import cgroup
from autograder.run import notebook as run
from autograder.run.sandbox import Limits

MEGABYTE = 2**20
# Takes memory in several processes that each stay small, once it is told to.
TAKES_MEMORY = """
import os, sys, time
input()
for _ in range(8):
    if os.fork() == 0:
        taken = bytearray(os.urandom(1) * (32 * 2**20))
        time.sleep(60)
while True:
    os.wait()
"""


@pytest.fixture
def group():
    found = cgroup.memory_group(100 * MEGABYTE)
    if found is None:
        pytest.skip("this machine gives no right to make a control group")
    yield found
    found.close()


def test_all_processes_together_never_have_more_memory_than_the_group(group):
    with subprocess.Popen(
        [sys.executable, "-c", TAKES_MEMORY], stdin=subprocess.PIPE, start_new_session=True
    ) as taking:
        group.add([taking.pid])
        assert not group.ran_out()
        taking.stdin.write(b"\n")
        taking.stdin.flush()
        try:
            while not group.ran_out():
                assert taking.poll() in (None, -signal.SIGKILL)
                time.sleep(0.01)
            most = next(group.folder.glob("memory.max_usage_in_bytes"), None) or group.folder / "memory.peak"
            assert int(most.read_text()) <= 100 * MEGABYTE
        finally:
            os.killpg(taking.pid, signal.SIGKILL)
    while (group.folder / "cgroup.procs").read_text():
        time.sleep(0.01)


def test_a_group_goes_with_its_processes_and_those_of_ended_graders_go_with_the_next(group):
    left = group.folder.with_name(f"{cgroup.PREFIX}{2**22 + 1}-0")  # no Linux gives such a process id
    left.mkdir()
    parent = group.folder.parent
    group.close()
    assert not group.folder.exists() and left.exists()
    cgroup.Group(parent, MEGABYTE).close()
    assert not left.exists()


def test_a_room_is_in_its_group_and_told_what_ended_it(monkeypatch):
    """Its own look at the memory is kept away, so that only Linux can have ended it."""
    if (group := cgroup.memory_group(MEGABYTE)) is None:
        pytest.skip("this machine gives no right to make a control group")
    group.close()
    monkeypatch.setattr(run.provisioner.SandboxProvisioner, "memory_bytes", lambda self, enough=0: 0)
    cell = """
import os, time
for _ in range(10):
    if os.fork() == 0:
        taken = b"x" * (60 * 2**20)
        time.sleep(60)
time.sleep(60)
"""
    limits = Limits(memory_bytes=500 * MEGABYTE, disk_bytes=MEGABYTE, idle_seconds=20)
    done = run.run_notebook(new_notebook(cells=[new_code_cell(cell)]), {}, limits, sandboxed=True)
    assert done.problem == "The notebook used more than 0.5 GB of memory." and done.ended_by == run.MEMORY
    assert not list(group.folder.parent.glob(f"{cgroup.PREFIX}{os.getpid()}-*"))


@pytest.mark.parametrize(
    ("groups", "mounts", "passed_on", "expected"),
    [
        (
            "0::/u/app/term",
            "none /c cgroup2 rw 0 0",
            {".": "", "u": "pids memory", "u/app": "memory", "u/app/term": ""},
            "u/app u",
        ),
        ("4:memory:/a/b\n0::/", "none /c cgroup rw,memory 0 0\nnone /d cgroup rw,pids 0 0", {}, "a/b a ."),
        ("0::/", "none /c cgroup2 rw 0 0", {".": "pids"}, ""),
        ("0::/../outside", "none /c cgroup2 rw 0 0", {".": "memory"}, ""),
    ],
)
def test_groups_are_sought_from_the_own_one_upwards(tmp_path, monkeypatch, groups, mounts, passed_on, expected):
    root, proc = tmp_path / "c", tmp_path / "proc/self"
    for path in (root, proc):
        path.mkdir(parents=True)
    (proc / "cgroup").write_text(groups)
    (proc / "mounts").write_text(mounts.replace("/c", str(root)))
    for name, controllers in passed_on.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name / "cgroup.subtree_control").write_text(controllers)
    monkeypatch.setattr(cgroup, "PROC", tmp_path / "proc")
    assert [str(folder.relative_to(root)) for folder in cgroup._parents()] == expected.split()


def test_without_the_right_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroup, "_parents", lambda: iter([tmp_path]))  # an ordinary folder, which counts nothing
    assert cgroup.memory_group(MEGABYTE) is None and not list(tmp_path.iterdir())
