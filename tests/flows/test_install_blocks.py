"""The blocks of the READMEs can be pasted: those for macOS and Linux are run here, in bash and in zsh.

They run as they stand, in an interactive shell, in a student edition, with the real set-up script and the real lock.
What is saved is time: the new environment sees the packages of this one, so that pip finds each of them there already,
in the version that is locked, and downloads none. That pip can download them is seen wherever the course is set up.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.support.processes import HANGS

ROOT = Path(__file__).parents[2]
READMES = {"students": ROOT / "autograder" / "commands" / "students-README.md", "instructors": ROOT / "README.md"}
SHELLS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


def blocks(text: str) -> list[str]:
    """The indented blocks of a README."""
    found = re.findall(r"(?:^    .*\n)+", text, flags=re.M)
    return [re.sub("^    ", "", block, flags=re.M) for block in found]


def students_blocks(heading: str) -> list[str]:
    text = READMES["students"].read_text()
    return blocks(text.partition(f"\n### {heading}\n")[2].partition("\n### ")[0].partition("\n## ")[0])


@pytest.fixture(scope="module")
def installed_here(tmp_path_factory):
    """The packages of this environment, without the course itself; skipped where they are not the locked ones."""
    for line in (ROOT / "requirements" / "students.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            locked = Requirement(line)
            if locked.marker is None or locked.marker.evaluate():
                if not locked.specifier.contains(version(locked.name)):
                    pytest.skip(f"this environment has {locked.name} {version(locked.name)}, not the locked one")
    folder = tmp_path_factory.mktemp("packages")
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(("__editable__", "embeddings_course")):
            (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="there is another block for Windows")
@pytest.mark.parametrize("shell", SHELLS)
def test_the_block_without_conda_sets_up_what_a_student_needs(shell, edition, installed_here, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"this machine has no {shell}")
    folder = tmp_path / "the edition"
    shutil.copytree(edition, folder)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    (tmp_path / "bin" / "python").write_text("#!/bin/sh\necho not activated\nexit 9\n")
    (tmp_path / "bin" / "python").chmod(0o755)
    block = students_blocks("Linux")[0]
    own = {"PYTHONPATH": str(installed_here), "PIP_NO_INDEX": "1", "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | own
    done = subprocess.run(
        SHELLS[shell], input=block, cwd=folder, env=environment, capture_output=True, text=True, timeout=HANGS
    )
    said = done.stdout + (folder / ".venv" / "setup.log").read_text()
    assert "Ready. To work in it: source .venv/bin/activate" in said and "Downloading" not in said, said
    findings = dict(re.findall(r"^(?:ok|warning|problem) +(\w+(?: \w+)*)  +(.*)$", done.stdout, flags=re.M))
    assert str(folder / ".venv") in findings["python"] and "all " in findings["packages"], done.stdout
    assert re.search(r"^ok +notebooks ", done.stdout, flags=re.M) and "problem " not in done.stdout, done.stdout


def test_macos_and_linux_have_the_block_that_is_tested():
    assert students_blocks("macOS") == students_blocks("Linux")
    assert len(students_blocks("Linux")) == len(students_blocks("Windows")) == 2
    assert students_blocks("Windows")[1] == students_blocks("Linux")[1]


@pytest.mark.parametrize("reader", READMES)
def test_nothing_in_a_block_means_something_else_to_a_shell(reader):
    """zsh takes a comment for arguments when it is typed, and [ ] * ? ~ = ! for patterns and history."""
    text = READMES[reader].read_text()
    chosen = text if reader == "students" else text.partition("## For instructors")[2].partition("Then:")[0]
    found = [line for block in blocks(chosen) for line in block.splitlines()]
    assert len(found) > 10
    for line in found:
        assert not re.search(r"[][#*?~=!&<>|;$`\"]", re.sub(r"'[^']*'", "", line)), line


def test_what_a_block_names_is_in_the_edition(edition):
    for name in re.findall(r"\S+\.(?:py|yml)\b", "".join(blocks(READMES["students"].read_text()))):
        assert (edition / name.replace("\\", "/")).is_file(), name
