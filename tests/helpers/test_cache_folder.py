"""Where the cache lies, for users with a home folder and for those without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import cache_folder as module
from helpers.cache_folder import cache_folder, is_temporary

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows always knows a home folder")


@pytest.fixture
def nobody(monkeypatch, tmp_path):
    """A user of a container: HOME is not set, and no account has this id. Temporary files go to tmp_path."""
    import pwd

    def unknown(*args):
        raise KeyError("no such user")

    for name in ("HOME", "XDG_CACHE_HOME", "COURSE_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(pwd, "getpwnam", unknown)
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    module._temporary_folder.cache_clear()
    yield tmp_path / f"embeddings-course-{os.geteuid()}"
    module._temporary_folder.cache_clear()


def test_a_chosen_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE_DIR", f" {tmp_path / 'chosen'} ")
    assert cache_folder() == tmp_path / "chosen" and not is_temporary()


@posix
def test_a_chosen_folder_at_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COURSE_CACHE_DIR", "~/chosen")
    assert cache_folder() == tmp_path / "chosen" and not is_temporary()


@posix
@pytest.mark.parametrize("chosen", [None, "~/chosen"])
def test_without_a_home_folder_there_is_a_temporary_one(nobody, monkeypatch, capfd, chosen):
    if chosen:
        monkeypatch.setenv("COURSE_CACHE_DIR", chosen)
    assert cache_folder() == cache_folder() == nobody and is_temporary()
    assert nobody.stat().st_mode & 0o777 == 0o700
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1
    assert f"kept in {nobody} for now: set COURSE_CACHE_DIR" in err


@posix
def test_older_versions_of_platformdirs_leave_the_home_unread(nobody, monkeypatch):
    monkeypatch.setattr(module.platformdirs, "user_cache_path", lambda *names, **more: Path("~/.cache/course"))
    assert cache_folder() == nobody


@posix
@pytest.mark.parametrize("taken", [lambda path: path.touch(), lambda path: path.symlink_to(path.parent)])
def test_a_name_that_is_taken_is_not_trusted(nobody, taken):
    taken(nobody)
    folder = cache_folder()
    assert folder != nobody and folder.is_dir() and folder.parent == nobody.parent
    assert cache_folder() == folder


@posix
def test_where_nothing_can_be_written_there_is_still_a_name(nobody, monkeypatch):
    def refuse():
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(module.tempfile, "gettempdir", refuse)
    assert cache_folder().is_absolute()


@posix
def test_work_goes_on_without_a_home_folder(tmp_path):
    """In processes of their own, one after the other: the second finds what the first has kept."""
    code = """
import os, pwd, sys
def unknown(*args): raise KeyError
pwd.getpwuid = pwd.getpwnam = unknown
from helpers.local_model import LocalModel
import numpy as np
def load(): print("loaded"); return Model()
class Model:
    def encode(self, texts, **options): return np.ones((len(texts), 2))
print(LocalModel("x", "x", load).encode(["sofa"]).tolist())
"""
    plain = {n: value for n, value in os.environ.items() if n not in ("HOME", "XDG_CACHE_HOME", "COURSE_CACHE_DIR")}
    command = [sys.executable, "-c", code]
    for loads in (["loaded"], []):
        done = subprocess.run(
            command, cwd=ROOT, env=plain | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines() == [*loads, "[[1.0, 1.0]]"]
        assert done.stderr.startswith("This user has no home folder") and done.stderr.count("\n") == 1
