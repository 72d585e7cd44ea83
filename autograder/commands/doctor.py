"""Can this machine grade? The students' checks, then what only the grader needs, one line each."""

import importlib.metadata
import io
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

import psutil
from nbformat.v4 import new_code_cell, new_notebook

from autograder.run import cgroup, sandbox
from autograder.run.apart import run_notebook
from autograder.run.sandbox import Limits
from helpers.doctor import CHECKS as STUDENTS_CHECKS
from helpers.doctor import Finding

# Tried inside: each line must end in an error there.
FORBIDDEN = {
    "it reached a network": "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",
    "it saw the grader's code": "import autograder.cli",  # a hidden package is an empty folder, which can be imported
    "it wrote into a folder of the grader's": "open(__import__('helpers').__path__[0] + '/x', 'w').close()",
    "it made a namespace": "import os, ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
}


def check_nbgrader() -> Finding:
    """The gradebook's own tools are installed."""
    if not (Path(sys.executable).parent / "alembic").exists():
        return Finding(
            "problem",
            "nbgrader",
            "the command alembic, which makes its gradebook, is not beside "
            "Python; run `pip install -e '.[instructor]'`.",
        )
    return Finding("ok", "nbgrader", importlib.metadata.version("nbgrader"))


def check_bubblewrap() -> Finding:
    """One bwrap on this machine can build the sandbox."""
    sandbox.require()
    passed_over = [path for path in sandbox.candidates() if path != sandbox.bubblewrap()]
    says = f"{sandbox.bubblewrap()} works"
    return Finding("ok", "bubblewrap", says + "".join(f"; {path} does not" for path in passed_over[:1]))


def check_sandbox() -> Finding:
    """A kernel starts in the sandbox, and what it must not do fails there."""
    if not sandbox.is_wanted():
        return Finding(
            "warning",
            "sandbox",
            f"not used, because {sandbox.UNSAFE} is set; unset it, unless you trust every submission.",
        )
    cells = [new_code_cell(source) for source in FORBIDDEN.values()]
    began = time.perf_counter()
    run = run_notebook(new_notebook(cells=cells), {})
    seconds = time.perf_counter() - began
    if run.problem:
        return Finding("problem", "sandbox", f"{run.problem} Close other programs and try again.")
    for what, cell in zip(FORBIDDEN, run.notebook.cells):
        if not any(output.output_type == "error" for output in cell.outputs):
            return Finding("problem", "sandbox", f"{what}; grade in the container of Dockerfile instead.")
    user = "an unused user id of its own" if sandbox.is_real_root() else "your user id, without rights"
    if group := cgroup.memory_group(Limits().memory_bytes):
        group.close()
    memory = "bounded by Linux (a control group)" if group else "looked at five times a second"
    return Finding(
        "ok", "sandbox", f"a notebook ran in {seconds:.1f} s, under {user}, its memory {memory}, and reached nothing"
    )


def check_memory() -> Finding:
    """Enough memory for one submission that uses all it may."""
    free, needed = psutil.virtual_memory().available, Limits().memory_bytes
    if free < needed:
        return Finding(
            "warning",
            "memory",
            f"{free / 2**30:.1f} GB are free, but one submission may use "
            f"{needed / 2**30:.0f} GB: close other programs, and grade with -j 1.",
        )
    return Finding("ok", "memory", f"{free / 2**30:.1f} GB free, enough for -j {free // needed}")


def check_reference() -> Finding:
    """Every homework of the course can be judged: its key can be read, and its reference values are there for the data
    set in use."""
    from autograder.course.folder import Course, CourseFolderError
    from autograder.judge.homework import find_homework

    try:
        course = Course.find()
    except CourseFolderError as reason:
        return Finding("warning", "course folder", str(reason))
    names = course.homeworks()
    with redirect_stdout(io.StringIO()):  # loading says which data is in use, and so has an earlier line
        homeworks = [find_homework(course.homework(name)) for name in names]
    measured = [homework.name for homework in homeworks if homework.shop.reference]
    if not measured:
        return Finding("ok", "reference values", f"no homework needs any ({', '.join(names) or 'there is none yet'})")
    return Finding("ok", "reference values", f"there for the data set in use ({', '.join(measured)})")


CHECKS = (*STUDENTS_CHECKS, check_nbgrader, check_bubblewrap, check_sandbox, check_memory, check_reference)
