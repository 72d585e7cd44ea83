"""The commands of docs/run-a-course.md, in the page's order, on a small homework in the place of homework 4."""

import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.commands.demo import make_course
from autograder.gradebook import marks
from tests.conftest import REPOSITORY
from tests.support.small_homework import UNCUT, make_small_homework, notebook_of

PAGE = (REPOSITORY / "docs" / "run-a-course.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]


def block(language):
    [text] = [text for kind, text in BLOCKS if kind == language]
    return text.replace("hw4", "hw9")


@pytest.fixture(scope="module")
def walked(small_homework, sandboxed, tmp_path_factory):
    """(course, {command: what it said}) after the whole page."""
    course = make_course(tmp_path_factory.mktemp("page") / "course")
    make_small_homework(course, "hw9")
    (course.root / "roster.csv").write_text(block("csv"))
    (course.homework("hw9") / "due.toml").write_text(block("toml"))
    (course.root / "downloads").mkdir()
    with zipfile.ZipFile(course.root / "downloads" / "hw9.zip", "w") as file:
        late = (2026, 10, 11, 22, 0, 0)
        file.writestr(zipfile.ZipInfo("lovelaceada_101_1_hw9.ipynb", late), notebook_of(course, "hw9"))
        file.writestr(zipfile.ZipInfo("meyerbo_LATE_102_2_hw9.ipynb", late), notebook_of(course, "hw9", UNCUT))
    said = {}
    for command in COMMANDS:
        if command.startswith("autograder report"):
            mark_essays(course)
        words = [word.replace("hw4", "hw9") for word in shlex.split(command)]
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=course.root,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        said[command] = done.stdout
    return course, said


def mark_essays(course):
    with marks.opened(course) as book:
        for student, score in (("ada", 4), ("bo", 5)):
            mark = book.find_grade("answer_essay", "hw9", "hw9", student)
            mark.manual_score, mark.needs_manual_grade = score, False
        book.db.commit()


def test_the_page_has_the_commands_of_a_semester():
    assert [command.split()[1] for command in COMMANDS] == [
        *("roster", "release", "collect", "grade", "report", "feedback", "export", "grade", "grade", "release")
    ]


def test_what_the_commands_say(walked):
    _, said = walked
    collected = said["autograder collect hw4 --from downloads/hw4.zip"]
    assert "ada (Ada Lovelace): new. Handed in 2026-10-11 20:00 UTC (the file's own time), 2 days late" in collected
    assert "bo (Bo Meyer): new. Handed in 2026-10-11 20:00 UTC (the file's own time)" in collected
    assert "eve (Eve Moneypenny): missing" in collected
    table = said["autograder grade hw4 --only bo"]
    assert ["bo", "final", "mark", "13", "13"] in [line.split() for line in table.splitlines()]


def test_the_final_marks_arrive_in_the_platforms_file(walked):
    """Ada has 10 + 4 and is two days late, a tenth of 15 points each; Bo has 8 + 5 and two days more."""
    course, _ = walked
    [written] = Path(course.build / "exports").glob("*.csv")
    rows = written.read_text(encoding="utf-8-sig")
    assert re.search(r"Lovelace.*\b11(\.0+)?\b", rows) and re.search(r"Meyer.*\b13(\.0+)?\b", rows)
    page = (course.build / "feedback" / "ada" / "hw9" / "hw9.html").read_text()
    assert "11 of 15 points" in page
    assert ">11<" in (course.build / "reports" / "hw9.html").read_text()
