"""The set-up script: what it asks of pip, what it says, and where torch comes from. The package indexes are ours."""

import hashlib
import importlib.util
import os
import socket
import stat
import subprocess
import sys
import threading
import time
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.processes import HANGS

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "requirements" / "install.py"
LOCK = "# made by a test\nnumpy==2.4.6\n    # via nothing\ntorch==2.13.0\ncolorama==0.4.6 ; sys_platform == 'win32'\n"
PIP = "-m pip --disable-pip-version-check --no-input install"
FROM_CPU_INDEX = "--no-deps --index-url {} torch==2.13.0"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the pretended Python is a shell script")


@pytest.fixture
def install(tmp_path, monkeypatch):
    """The script in a course folder of its own, with a pretended Python that notes what it is asked to do."""
    spec = importlib.util.spec_from_file_location("install", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "all.txt").write_text(LOCK)
    fake = program(
        tmp_path / "fake-python",
        f"""
        echo "$@" >> {tmp_path}/calls
        case "$2" in
            venv) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
            pip) echo "much said"
                if echo "$*" | grep -q -f {tmp_path}/fails; then
                    printf 'ERROR: a thing\\nmuch more\\nno such thing\\n'
                    exit 1
                fi ;;
            *) test -e {tmp_path}/torch-is-there ;;
        esac
        """,
    )
    (tmp_path / "fails").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "CPU_INDEX", "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setattr(module.sys, "executable", str(fake))
    monkeypatch.setenv("PATH", f"{tmp_path}/programs:{os.environ['PATH']}")
    (tmp_path / "programs").mkdir()
    program(tmp_path / "programs" / "nvidia-smi", "exit 9")
    return module


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def calls(tmp_path: Path) -> list[str]:
    """What was asked of Python, but for the question whether torch is there."""
    lines = (tmp_path / "calls").read_text().splitlines()
    (tmp_path / "calls").unlink()
    return [line.removeprefix(PIP).strip() for line in lines if not line.startswith("-c")]


@pytest.fixture
def index(install, tmp_path, monkeypatch):
    """A package index on loopback with a torch for the CPU."""
    folder = tmp_path / "index" / "torch"
    folder.mkdir(parents=True)
    wheel = "torch-2.13.0+cpu-py3-none-any.whl"
    with zipfile.ZipFile(folder / wheel, "w") as archive:
        archive.writestr("torch/__init__.py", "made_by = 'a test'\n")
        about = "torch-2.13.0+cpu.dist-info"
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: torch\nVersion: 2.13.0+cpu\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    digest = hashlib.sha256((folder / wheel).read_bytes()).hexdigest()
    (folder / "index.html").write_text(f'<a href="{wheel.replace("+", "%2B")}#sha256={digest}">{wheel}</a>')

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder.parent))

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(install, "CPU_INDEX", f"http://127.0.0.1:{server.server_port}")
    yield install.CPU_INDEX
    server.shutdown()
    server.server_close()


# --- what is installed ------------------------------------------------------------------------------------


def test_the_locked_versions_and_then_the_course(install, tmp_path, capsys):
    assert install.main([]) == 0
    assert calls(tmp_path) == [
        "-m venv .venv",
        f"-r {tmp_path}/requirements/all.txt",
        "--no-deps --no-build-isolation -e .",
    ]
    told = capsys.readouterr().out
    assert "the packages of requirements/all.txt" in told and "much said" not in told
    assert told.endswith("Ready. To work in it: source .venv/bin/activate\n")
    assert len(told.splitlines()) == 6 and ".venv/setup.log" in told.splitlines()[0]
    assert "much said" in (tmp_path / ".venv" / "setup.log").read_text()


def test_students_have_a_list_of_their_own(install, tmp_path, capsys):
    (tmp_path / "requirements" / "all.txt").rename(tmp_path / "requirements" / "students.txt")
    assert install.main(["elsewhere"]) == 0
    assert calls(tmp_path)[:2] == ["-m venv elsewhere", f"-r {tmp_path}/requirements/students.txt"]
    assert install.main(["--newest"]) == 0
    assert calls(tmp_path)[1:] == ["--upgrade --upgrade-strategy eager -e ."]


def test_the_newest_versions(install, tmp_path):
    assert install.main([".venv-newest", "--newest"]) == 0
    assert calls(tmp_path) == ["-m venv .venv-newest", "--upgrade --upgrade-strategy eager -e .[dev]"]


def test_the_list_in_the_course_itself_pins_torch_and_what_builds_the_course(install, monkeypatch):
    monkeypatch.setattr(install, "ROOT", ROOT)
    path, packages = install.locked()
    assert path == ROOT / "requirements" / "all.txt" and "torch==2.13.0" in packages
    assert any(line.startswith("setuptools==") for line in packages), "the course is built without a download"


# --- where torch comes from -------------------------------------------------------------------------------


def test_torch_is_the_build_for_the_cpu(install, index, tmp_path, capsys):
    assert install.main([]) == 0
    assert calls(tmp_path)[1] == FROM_CPU_INDEX.format(index)
    assert "torch==2.13.0 for the CPU" in capsys.readouterr().out


@pytest.mark.parametrize("newest", [[], ["--newest"]])
def test_a_gpu_gets_pypis_torch(install, index, tmp_path, newest):
    program(tmp_path / "programs" / "nvidia-smi", "echo 'GPU 0: a fast one'")
    assert install.main(newest) == 0
    assert not any("--index-url" in call for call in calls(tmp_path))


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_ask_pypi_at_once(install, index, tmp_path, monkeypatch, system):
    monkeypatch.setattr(install.sys, "platform", system)
    assert install.main([]) == 0
    assert not any("--index-url" in call for call in calls(tmp_path))


def test_a_torch_that_is_there_stays(install, index, tmp_path):
    (tmp_path / "torch-is-there").touch()
    assert install.main([]) == 0
    assert not any("--index-url" in call for call in calls(tmp_path))


def test_pypi_is_the_way_back(install, tmp_path, capsys):
    assert install.main([]) == 0
    assert calls(tmp_path)[1].startswith("-r ")
    assert "PyTorch's CPU builds cannot be reached: torch comes from PyPI" in capsys.readouterr().out


def test_pypi_is_the_way_back_too_where_the_index_has_no_fitting_build(install, index, tmp_path, capsys):
    (tmp_path / "fails").write_text("--index-url\n")
    assert install.main([]) == 0
    assert calls(tmp_path)[2].startswith("-r ")
    assert "torch comes from PyPI" in capsys.readouterr().out


def test_an_index_that_never_answers_is_given_up_soon(install, monkeypatch):
    monkeypatch.setattr(install, "CPU_INDEX_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        assert not install.answers(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - began < HANGS


def test_a_real_pip_takes_torch_from_such_an_index(install, index, tmp_path, monkeypatch):
    monkeypatch.undo()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(install, "CPU_INDEX", index)
    monkeypatch.setattr(install, "has_nvidia_gpu", lambda: False)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "real"], check=True)
    python = str(tmp_path / "real" / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    log = install.Log(tmp_path / "log")
    for _ in range(2):  # the second time it is there
        install.install_cpu_torch(log, python, pip, "torch==2.13.0")
    command = [python, "-c", "import torch; print(torch.made_by)"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "a test\n", log.path.read_text()
    assert log.path.read_text().count("$") == 1


# --- what goes wrong --------------------------------------------------------------------------------------


def test_a_failure_says_why_and_where_the_rest_is(install, tmp_path, capsys):
    (tmp_path / "fails").write_text("requirements\n")
    assert install.main([]) == 1
    told = capsys.readouterr()
    assert "failed" in told.out.splitlines()[-1]
    assert told.err.splitlines()[:2] == ["ERROR: a thing", "no such thing"] and "much" not in told.err
    assert ".venv/setup.log" in told.err and "Run it again" in told.err
    (tmp_path / "fails").write_text("")
    assert install.main([]) == 0


def test_a_failure_without_a_line_of_its_own_shows_the_last_ones(install, tmp_path):
    log = install.Log(tmp_path / "log")
    with pytest.raises(install.StepFailed):
        log.run("a try", "sh", "-c", "seq 9; exit 3")
    assert log.last_words() == ["5", "6", "7", "8", "9"]


def test_there_is_a_sign_of_progress(install, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(install, "DOT_SECONDS", 0.1)
    install.Log(tmp_path / "log").run("something slow", "sleep", "0.55")
    assert "something slow ...." in capsys.readouterr().out


def test_an_interruption_ends_what_runs(install, monkeypatch, capsys):
    started = []

    def interrupted(process):
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(install.Log, "_ended", staticmethod(interrupted))
    assert install.main([]) == 130
    assert "Run it again to go on" in capsys.readouterr().err
    assert started[0].poll() is not None


def test_an_old_python_is_told_what_to_do(install, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(install.sys, "version_info", (3, 10, 12))
    assert install.main([]) == 1
    assert capsys.readouterr().err.startswith("Python 3.11 or newer is needed, and ")
    assert not (tmp_path / ".venv").exists() and not (tmp_path / "calls").exists()
