"""Folders of a grader that was killed go with the next one's start; nobody else's do."""

import os
import signal
import tempfile

import pytest

from autograder.run import scratch
from autograder.run.scratch import Scratch
from tests.support.processes import Child, hang, until


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scratch.sweep.cache_clear()
    return tmp_path


def test_what_a_killed_process_left_is_swept_and_what_lives_stays(temporary, tmp_path_factory):
    notes = tmp_path_factory.mktemp("notes")

    def work():
        (Scratch().path / "kernel.json").touch()
        hang(notes / "reached")

    killed, alive = Child(work, notes / "a"), None
    try:
        until((notes / "reached").exists)
        (notes / "reached").unlink()
        alive = Child(work, notes / "b")
        until((notes / "reached").exists)
        (temporary / "autograder-file").touch()
        (temporary / "another").mkdir()
        (temporary / "autograder-link").symlink_to(temporary / "another")
        killed.kill()
        own = Scratch()
        left = sorted(path.name for path in temporary.iterdir() if not path.is_dir() or path.is_symlink())
        assert left == ["autograder-file", "autograder-link"] and (temporary / "another").is_dir()
        assert len(list(temporary.glob("autograder-*/kernel.json"))) == 1
        own.close()
        assert not own.path.exists()
    finally:
        if alive:
            os.kill(alive.pid, signal.SIGKILL)
            os.waitpid(alive.pid, 0)
