"""Makes a virtual environment with this course in it: `python requirements/install.py [FOLDER] [--newest]`.

Needs Python 3.11 or newer and nothing else. The versions are those of the list beside this file: all.txt where the
whole course is, students.txt in the student edition; with --newest, the newest that pyproject.toml allows. FOLDER is
.venv unless another is named. What pip says goes to FOLDER/setup.log. After an interruption, run it again: what is
installed stays.

On Linux, PyPI's torch brings gigabytes of CUDA packages. Where no NVIDIA GPU would use them, torch comes from PyTorch's
own index of CPU builds; where that cannot be reached, from PyPI all the same.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parents[1]
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CPU_INDEX_SECONDS = 4  # to answer; then PyPI it is
DOT_SECONDS = 3


class StepFailed(Exception):
    """A command did not do its work; the log says why."""


class Log:
    """Runs commands, one line on the screen and all their output in a file."""

    def __init__(self, path):
        self.path = path
        path.write_text("", encoding="utf-8")

    def run(self, what, *command):
        """Run a command under a line that says what it is for and grows by a dot every few seconds."""
        print("  " + what, end=" ", flush=True)
        began = time.monotonic()
        with self.path.open("a", encoding="utf-8") as file:
            print("\n$", *command, file=file, flush=True)
            process = subprocess.Popen(command, cwd=str(ROOT), stdout=file, stderr=subprocess.STDOUT)
            try:
                while not self._ended(process):
                    print(".", end="", flush=True)
            except BaseException:
                process.terminate()
                process.wait()
                raise
        print(f" {time.monotonic() - began:.0f} s" if process.returncode == 0 else " failed", flush=True)
        if process.returncode != 0:
            raise StepFailed(what)

    @staticmethod
    def _ended(process):
        try:
            process.wait(DOT_SECONDS)
            return True
        except subprocess.TimeoutExpired:
            return False

    def last_words(self):
        """What the last command had to say: its lines of errors and its last line, or else its last lines."""
        lines = self.path.read_text(encoding="utf-8", errors="replace").rpartition("\n$")[2].splitlines()[1:]
        errors = [line for line in lines[:-1] if line.startswith("ERROR")]
        return errors[-4:] + lines[-1:] if errors else lines[-5:]


def locked():
    """The lock that lies beside this file, and its lines, one a package."""
    paths = [ROOT / "requirements" / name for name in ("all.txt", "students.txt")]
    path = next(path for path in paths if path.is_file())
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return path, [line for line in lines if line and not line.startswith("#")]


def has_nvidia_gpu():
    """Whether NVIDIA's own program finds a GPU."""
    try:
        done = subprocess.run(["nvidia-smi", "-L"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.startswith(b"GPU")


def answers(index):
    """Whether a package index has torch and says so in time, looking up its name included."""
    answered = []

    def ask():
        try:
            urllib.request.urlopen(index + "/torch/", timeout=CPU_INDEX_SECONDS).close()
            answered.append(True)
        except Exception:  # whatever speaks against it, there is a way back
            pass

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CPU_INDEX_SECONDS)
    return bool(answered)


def install_cpu_torch(log, python, pip, torch):
    """Install torch from the index of CPU builds, where that spares gigabytes and can be done."""
    if not sys.platform.startswith("linux") or has_nvidia_gpu():
        return
    program = "import sys, importlib.metadata as m; sys.exit(m.version('torch').split('+')[0] != sys.argv[1])"
    version = torch.partition("==")[2]
    if subprocess.run([python, "-c", program, version], stderr=subprocess.DEVNULL).returncode == 0:
        return
    if answers(CPU_INDEX):
        try:
            log.run(torch + " for the CPU", *pip, "install", "--no-deps", "--index-url", CPU_INDEX, torch)
            return
        except StepFailed:
            pass
    print("  PyTorch's CPU builds cannot be reached: torch comes from PyPI, whose build may bring gigabytes for GPUs.")


def install(folder, newest):
    """Make the environment and fill it; StepFailed where a command fails."""
    log = Log(folder / "setup.log")
    path, packages = locked()
    torch = next(line for line in packages if line.startswith("torch==")).partition(";")[0].strip()
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Setting up {folder} with Python {version}; the log is {log.path}")
    try:
        log.run("an empty environment", sys.executable, "-m", "venv", str(folder))
        python = str(folder.resolve() / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
        install_cpu_torch(log, python, pip, torch)
        if newest:
            what, extras = "the newest packages that pyproject.toml allows", "[dev]" if path.name == "all.txt" else ""
            log.run(what, *pip, "install", "--upgrade", "--upgrade-strategy", "eager", "-e", "." + extras)
        else:
            what = f"the packages of requirements/{path.name}"
            log.run(what, *pip, "install", "-r", str(path))
            log.run("the course itself", *pip, "install", "--no-deps", "--no-build-isolation", "-e", ".")
    except StepFailed:
        print(*log.last_words(), "", sep="\n", file=sys.stderr)
        print(f"The set-up failed. All of pip's output: {log.path}. Run it again to go on.", file=sys.stderr)
        raise
    activate = f"{folder}\\Scripts\\activate" if os.name == "nt" else f"source {folder}/bin/activate"
    print(f"Ready. To work in it: {activate}")


def main(arguments=None):
    """Returns an exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].partition(":")[0] + ".")
    parser.add_argument("folder", nargs="?", default=".venv", type=Path, help="where it goes (default: .venv)")
    parser.add_argument("--newest", action="store_true", help="the newest versions that are allowed")
    wanted = parser.parse_args(arguments)
    if sys.version_info[:2] < OLDEST_PYTHON:
        print(f"Python 3.11 or newer is needed, and {sys.executable} is older.", file=sys.stderr)
        return 1
    wanted.folder.mkdir(parents=True, exist_ok=True)
    try:
        install(wanted.folder, wanted.newest)
    except StepFailed:
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run it again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
