"""Downloads as each platform names them: who handed in what, and when."""

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands.collect import collect
from autograder.commands.demo import make_course
from autograder.commands.roster import take_in
from autograder.course.files import kept_time
from autograder.gradebook import marks
from autograder.intake.archives import CollectError

WRITTEN = (2026, 10, 9, 20, 30, 0)  # on the clock of whoever wrote the file
DUE = "due = 2026-10-09 23:59:00\nzone = 'Europe/Berlin'\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("template") / "course")
    (course.homework("hw4") / "due.toml").write_text(DUE)
    marks.register(course, "hw4")
    return course


@pytest.fixture
def archive(tmp_path):
    def make(files, name="download.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as file:
            for inside, text in files.items():
                file.writestr(zipfile.ZipInfo(inside, WRITTEN), text)
        return tmp_path / name

    return make


def taken(course):
    return {path.parts[-3]: path.read_text() for path in (course.build / "submitted").glob("*/hw4/hw4.ipynb")}


def times(course):
    found = {student: kept_time(course, "hw4", student) for student in taken(course)}
    return {student: (f"{time:%d %H:%M}", said_by) for student, (time, said_by) in found.items()}


GRADESCOPE = """---
submission_1001:
  :submitters:
  - :name: Ada Lovelace
    :sid: '0101'
    :email: ada@x.org
  :created_at: 2026-10-09 14:55:13.123456789 -07:00
  :score:
submission_1002:
  :submitters:
  - :name: Kim Lee
    :sid: '202'
    :email: kim@x.org
  - :name: Kim Lee
    :sid: '303'
    :email: lee@x.org
  :created_at: 2026-10-10 00:05:00 Z
submission_1003:
  :submitters:
  - :name: Bo
    :sid:
    :email: bo@x.org
  :created_at: 2026-10-09T10:00:00.5Z
"""
EXCHANGE = "nbgrader's exchange"
FILE, BERLIN = "the file's own time", "09 18:30"  # half past eight in the evening, in the zone of due.toml


@pytest.mark.parametrize(
    ("files", "found", "when"),
    [
        pytest.param(
            {
                "assignment_77_export/submission_metadata.yml": GRADESCOPE,
                "assignment_77_export/submission_1001/hw4.ipynb": "A",
                "assignment_77_export/submission_1002/work/hw4.ipynb": "K",
                "assignment_77_export/submission_1003/hw4.ipynb": "B",
            },
            {"Ada Lovelace": "A", "Kim Lee (202)": "K", "Kim Lee (303)": "K", "Bo": "B"},
            {"Ada Lovelace": ("09 21:55", "Gradescope"), "Kim Lee (303)": ("10 00:05", "Gradescope")},
            id="Gradescope",
        ),
        pytest.param(
            {
                "Homework 4/Ada Lovelace - hw4.ipynb": "A",
                "Homework 4/Bo Meyer - hw4 (1).ipynb": "B",
                "Homework 4/Al - Kim - hw4.ipynb": "C",
            },
            {"Ada Lovelace": "A", "Bo Meyer": "B", "Al - Kim": "C"},
            {"Bo Meyer": (BERLIN, FILE)},
            id="Google Classroom",
        ),
        pytest.param(
            {
                "Student Work/Submitted files/Ada Lovelace/Homework 4/Version 2/hw4.ipynb": "A",
                "Student Work/Submitted files/Ada Lovelace/Homework 4/Version 1/hw4.ipynb": "old",
                "Student Work/Submitted files/Ada Lovelace/Homework 3/Version 5/hw3.ipynb": "other",
                "Student Work/Submitted files/Ada Lovelace/Homework 40/Version 7/hw40.ipynb": "other",
                "Student Work/Submitted files/Bo Meyer/Homework 4/Version 10/hw4.ipynb": "B",
                "Student Work/Submitted files/Bo Meyer/Homework 4/Version 9/hw4.ipynb": "old",
                "Student Work/Working files/Ada Lovelace/Homework 4/hw4.ipynb": "draft",
                "Student Work/Working files/Carl/Homework 4/hw4.ipynb": "draft",
            },
            {"Ada Lovelace": "A", "Bo Meyer": "B"},
            {"Ada Lovelace": (BERLIN, FILE)},
            id="Teams",
        ),
        pytest.param(
            {
                "Exercise 4/Lovelace_Ada_alove_4101/hw4.ipynb": "A",
                "Exercise 4/Lee_Kim_klee_4102/hw4.ipynb": "K",
                "Exercise 4/Lee_Kim_klee2_4103/hw4.ipynb": "L",
                "Exercise 4/Team_7/Meyer_Bo_bmeyer_4104/hw4.ipynb": "B",
            },
            {"Ada Lovelace": "A", "Kim Lee (4102)": "K", "Kim Lee (4103)": "L", "Bo Meyer": "B"},
            {"Ada Lovelace": (BERLIN, FILE)},
            id="ILIAS",
        ),
        pytest.param(
            {f"hw4-submissions/hw4-{name}/hw4.ipynb": name for name in ("ada", "anna-maria", "anna-lena")},
            {name: name for name in ("ada", "anna-maria", "anna-lena")},
            {},
            id="GitHub Classroom",
        ),
        pytest.param(
            {f"homework-4-submissions/homework-4-{name}/hw4.ipynb": name for name in ("anna-maria", "anna-lena")},
            {name: name for name in ("anna-maria", "anna-lena")},
            {},
            id="GitHub Classroom, another title",
        ),
        pytest.param(
            {f"{name}/hw4.ipynb": name for name in ("anna-maria", "anna-lena")},
            {name: name for name in ("anna-maria", "anna-lena")},
            {},
            id="plain folders",
        ),
        pytest.param(
            {
                "home/jupyter-ada/hw4/hw4.ipynb": "A",
                "home/jupyter-ada/hw4/.ipynb_checkpoints/hw4-checkpoint.ipynb": "x",
                "home/jupyter-ada/hw3/hw3.ipynb": "x",
                "home/jupyter-ada/.local/share/Trash/files/hw4/hw4.ipynb": "x",
                "home/jupyter-ada/miniconda3/lib/python3.11/site-packages/x/hw4.ipynb": "x",
                "home/jupyter-bo/course/homework/hw4/hw4.ipynb": "B",
                "home/jupyter-bo/.bashrc": "x",
            },
            {"ada": "A", "bo": "B"},
            {},
            id="JupyterHub",
        ),
        pytest.param(
            {
                "exchange/nlp/inbound/ada+hw4+2026-10-09 21:15:00.000000 UTC/hw4.ipynb": "old",
                "exchange/nlp/inbound/ada+hw4+2026-10-09 21:15:00.000000 UTC/timestamp.txt": "2026-10-09",
                "exchange/nlp/inbound/ada+hw4+2026-10-10 08:00:00.000000 UTC+c0ffee/hw4.ipynb": "A",
                "exchange/nlp/inbound/ada+hw3+2026-10-11 08:00:00.000000 UTC/hw3.ipynb": "other",
                "exchange/nlp/inbound/bo+hw4+2026-10-09 23:15:00.5 NOWHERE/hw4.ipynb": "B",
                "exchange/nlp/inbound/carl+hw4+2026-10-09 23:15:00.5 +0200/hw4.ipynb": "C",
            },
            {"ada": "A", "bo": "B", "carl": "C"},
            {
                "ada": ("10 08:00", "nbgrader's exchange"),
                "bo": (BERLIN, FILE),
                "carl": ("09 21:15", "nbgrader's exchange"),
            },
            id="nbgrader's exchange",
        ),
        pytest.param(
            {
                "exchange/nlp/outbound/hw4/hw4.ipynb": "released",
                "exchange/nlp/inbound/ada+hw4+2026-10-10 08:00:00.090000 UTC+dec0de/hw4.ipynb": "old",
                "exchange/nlp/inbound/ada+hw4+2026-10-10 08:00:00.100000 UTC+c0ffee/hw4.ipynb": "A",
                "exchange/nlp/inbound/bo+hw4+2026-10-10 09:00:00.000000 UTC+c0ffee/inbound/hw4.ipynb": "B",
                "exchange/nlp/feedback/c0ffee.html": "page",
                "exchange/statistics/outbound/hw1/hw1.ipynb": "released",
                "exchange/statistics/inbound/eve+hw1+2026-10-10 08:00:00.000000 UTC+c0ffee/hw1.ipynb": "E",
            },
            {"ada": "A", "bo": "B"},
            {"ada": ("10 08:00", "nbgrader's exchange"), "bo": ("10 09:00", "nbgrader's exchange")},
            id="nbgrader's whole exchange",
        ),
        pytest.param(
            {
                "ada/inbound/hw4.ipynb": "A",
                "ada/outbound/hw4.txt": "x",
                "bo/hw4.ipynb": "B",
            },
            {"ada": "A", "bo": "B"},
            {},
            id="no exchange",
        ),
        pytest.param(
            {
                "submitted/ada/hw4/hw4.ipynb": "A",
                "submitted/ada/hw4/timestamp.txt": "2026-10-09 21:15:00.123 UTC\n",
                "submitted/bo/hw4/hw4.ipynb": "B",
                "submitted/bo/hw4/timestamp.txt": "soon",
            },
            {"ada": "A", "bo": "B"},
            {"ada": ("09 21:15", "timestamp.txt"), "bo": (BERLIN, FILE)},
            id="nbgrader's submitted folder",
        ),
        pytest.param(
            {
                "1-2 - Ada - Oct 9, 2026 1159 PM/hw4.ipynb": "A",
                "2-2 - Bo - Oct 10, 2026 1205 AM/hw4.ipynb": "B",
            },
            {"Ada": "A", "Bo": "B"},
            {"Ada": ("09 21:59", "Brightspace"), "Bo": ("09 22:05", "Brightspace")},
            id="Brightspace",
        ),
        pytest.param(
            {
                "hw4_ada_attempt_2026-10-09-23-58-00_hw4.ipynb": "A",
                "hw4_bo_attempt_2026-10-10-00-01-00_hw4.ipynb": "B",
            },
            {"ada": "A", "bo": "B"},
            {"ada": ("09 21:58", "Blackboard"), "bo": ("09 22:01", "Blackboard")},
            id="Blackboard",
        ),
        pytest.param(
            {
                "Ada_41_assignsubmission_file_/hw4.ipynb": "A",
                "Ada_41_assignsubmission_file_/timestamp.txt": "2020-01-01 00:00:00 UTC",
                "Participant_42_assignsubmission_file_/hw4.ipynb": "B",
                "Participant_42_assignsubmission_file_/timestamp.txt": "2020-01-01 00:00:00 UTC",
            },
            {"Ada": "A", "Participant 42": "B"},
            {"Ada": (BERLIN, FILE), "Participant 42": (BERLIN, FILE)},
            id="a student writes the time, in Moodle",
        ),
    ],
)
def test_who_and_when(course, archive, files, found, when):
    path = archive(files)
    collected = collect(course, "hw4", path)
    assert taken(course) == found
    assert when.items() <= times(course).items()
    assert {one.status for one in collected} == {"new"} and len(collected) == len(found)
    again = collect(course, "hw4", path)
    assert {one.status for one in again} == {"same"} and when.items() <= times(course).items()


def test_files_that_say_nobodys_name_are_never_one_student(course, archive):
    """As a Drive folder holds them, and as a second download of it does."""
    for first in ("A", "other"):
        files = {"d/hw4.ipynb": first, "d/hw4 (1).ipynb": "B", "d/Copy of hw4.ipynb": "C", "d/hw4-submission.zip": "x"}
        collected = collect(course, "hw4", archive(files | {"d/Ada - hw4.ipynb": "D"}))
        assert taken(course) == {"Ada": "D"}
        told = [one for one in collected if one.status == "failed"]
        assert len(told) == 4 and sum("says whose it is" in one.note for one in told) == 3


def test_the_same_work_keeps_the_time_that_it_was_first_handed_in(course, archive):
    collect(course, "hw4", archive({"hw4_ada_attempt_2026-10-09-10-00-00_hw4.ipynb": "A"}))
    [ada] = collect(course, "hw4", archive({"hw4_ada_attempt_2026-10-12-10-00-00_hw4.ipynb": "A"}))
    assert (ada.status, ada.days_late) == ("same", 0)
    [ada] = collect(course, "hw4", archive({"hw4_ada_attempt_2026-10-12-10-00-00_hw4.ipynb": "A2"}))
    assert (ada.status, ada.days_late) == ("changed", 3)


def packed(homework="hw4", text="A", checked="A"):
    """What `python -m helpers check` packs (its manifest shortened)."""
    notebook = {"file": f"{homework}.ipynb", "sha256": hashlib.sha256(checked.encode()).hexdigest()}
    manifest = {"made by": "python -m helpers check", "homework": homework, "who": "eve", "notebook": notebook}
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as file:
        file.writestr(f"{homework}.ipynb", text)
        file.writestr("manifest.json", json.dumps(manifest))
    return raw.getvalue()


def test_what_the_students_own_check_packs_is_recognised(course, archive):
    files = {
        "ada_1_1_hw4-submission.zip": packed(),
        "bo_2_2_hw4-submission.zip": packed(text="B"),
        "carl_3_3_hw4-submission.zip": packed(homework="hw3"),
        "dora_4_4_work.zip": packed().replace(b"manifest.json", b"something.txt"),
    }
    notes = {one.student: one.note for one in collect(course, "hw4", archive(files))}
    assert taken(course) == {"ada": "A", "bo": "B", "dora": "A"}, "what it says of the student is nobody's name"
    assert notes["ada"] is None and notes["dora"] is None
    assert "is not the one that `helpers check` had packed" in notes["bo"]
    assert notes["carl"] == "The archive was packed for 'hw3', not for hw4: hand in the one for hw4."


# --- the roster ------------------------------------------------------------------------------------------

ROSTER = """id,name,email,canvas,moodle,extension
s1,Ada Lovelace,ada@x.org,101,,
s2,Kim Lee,kim@x.org,202,,2
s3,Kim Lee,lee@x.org,203,,
s4,Zoë de la Cruz,zoe@y.org,,,
"""


@pytest.fixture
def listed(course, tmp_path):
    def take(text=ROSTER):
        (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
        return take_in(course, tmp_path / "roster.csv")

    take()
    return take


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"lovelaceada_101_1_hw4.ipynb": "A", "leekim_LATE_203_2_hw4.ipynb": "K"}, {"s1": "A", "s3": "K"}),
        ({"lovelaceada_999_1_hw4.ipynb": "A"}, {"lovelaceada": "A"}),  # the roster says that Ada is 101
        ({"delacruzzoe_7_1_hw4.ipynb": "Z"}, {"s4": "Z"}),
        ({"Kim Lee_7_assignsubmission_file_/hw4.ipynb": "?"}, {"Kim Lee": "?"}),  # which one is not said
        ({"Ada Lovelace_7_assignsubmission_file_/hw4.ipynb": "A"}, {"s1": "A"}),
        ({"s1/hw4.ipynb": "A", "zoe@y.org/hw4.ipynb": "Z", "202/hw4.ipynb": "K"}, {"s1": "A", "s4": "Z", "s2": "K"}),
        ({"Lovelace_Ada_ada_9/hw4.ipynb": "A", "x/hw4.ipynb": "X"}, {"s1": "A", "x": "X"}),
        (
            {
                "submission_metadata.yml": GRADESCOPE,
                "submission_1001/hw4.ipynb": "A",
                "submission_1002/hw4.ipynb": "K",
                "submission_1003/hw4.ipynb": "B",
            },
            {"s1": "A", "s2": "K", "s3": "K", "Bo": "B"},
        ),
    ],
)
def test_who_is_on_the_roster_has_its_id(course, archive, listed, files, found):
    collected = {one.student: one for one in collect(course, "hw4", archive(files))}
    assert taken(course) == found
    for student in ("s1", "s2", "s3", "s4"):
        assert collected[student].status == ("new" if student in found else "missing")
    for student in set(found) - {"s1", "s2", "s3", "s4"}:
        assert "The roster has nobody of this name" in collected[student].note
    assert collected["s4"].name == "Zoë de la Cruz"


def test_two_who_claim_one_place_on_the_roster_are_reported(course, archive, listed):
    files = {
        "Ada Lovelace_7_assignsubmission_file_/hw4.ipynb": "A",
        "Ada Lovelace_8_assignsubmission_file_/hw4.ipynb": "B",
    }
    told = [one for one in collect(course, "hw4", archive(files)) if one.status == "failed"]
    assert len(told) == 2 and taken(course) == {}


def test_an_extension_moves_the_due_date(course, archive, listed):
    files = {f"x_{n}_1_hw4.ipynb": "x" for n in (202, 203)}
    with zipfile.ZipFile(archive(files)) as file:
        file.extractall(course.root / "plain")
    names = {
        "202": "hw4_s2_attempt_2026-10-11-12-00-00_hw4.ipynb",
        "203": "hw4_s3_attempt_2026-10-11-12-00-00_hw4.ipynb",
    }
    late = {one.student: one.days_late for one in collect(course, "hw4", archive(dict.fromkeys(names.values(), "x")))}
    assert late["s2"] == 0 and late["s3"] == 2


def test_the_command_says_who_is_new_gone_changed_missing_and_unknown(course, archive, listed, tmp_path):
    collect(course, "hw4", archive({"lovelaceada_101_1_hw4.ipynb": "A", "bo_7_2_hw4.ipynb": "B"}))
    later = ROSTER.replace("s4,Zoë", "s5,Zoë").replace("202,,2", "202,,3").replace("ada@x", "al@x")
    (tmp_path / "later.csv").write_text(later, encoding="utf-8")
    run = CliRunner().invoke(app, ["roster", str(tmp_path / "later.csv"), "--course", str(course.root)])
    assert run.exit_code == 0, run.output
    assert run.output.splitlines() == [
        "s5: new",
        "s4: no longer on the list",
        "s1: changed, e-mail ada@x.org -> al@x.org",
        "s2: changed, extensions 2 days -> 3 days",
        "s2: hw4 is missing",
        "s3: hw4 is missing",
        "s5: hw4 is missing",
        "bo: handed in hw4 and is not on the list",
        "4 students on the list.",
    ]
    with marks.opened(course) as book:
        student = book.find_student("s2")
        assert (student.first_name, student.last_name, student.lms_user_id) == ("Kim", "Lee", "202")
    shown = CliRunner().invoke(app, ["roster", "--course", str(course.root)])
    assert "s2: Kim Lee, 3 days longer" in shown.output and shown.exit_code == 0
    (tmp_path / "bad.csv").write_text("id,name\n,x\n")
    run = CliRunner().invoke(app, ["roster", str(tmp_path / "bad.csv"), "--course", str(course.root)])
    assert (
        run.exit_code != 0
        and "s2: Kim Lee, 3 days" in CliRunner().invoke(app, ["roster", "--course", str(course.root)]).output
    )


def test_the_command_shows_times_and_lateness(course, archive, listed):
    path = archive({"hw4_s1_attempt_2026-10-11-12-00-00_hw4.ipynb": "A"})
    run = CliRunner().invoke(app, ["collect", "hw4", "--from", str(path), "--course", str(course.root)])
    assert run.exit_code == 0, run.output
    assert "s1 (Ada Lovelace): new. Handed in 2026-10-11 10:00 UTC (Blackboard), 2 days late" in run.output
    assert "s2 (Kim Lee): missing. Nothing was handed in." in run.output and "1 of 4 students" in run.output
    assert datetime(2026, 10, 11, 10, tzinfo=UTC) == kept_time(course, "hw4", "s1")[0]


def test_an_exchange_with_a_homework_of_this_name_in_several_courses(course, archive):
    """Whoever is in both would be one student, with one of the two notebooks."""
    files = {}
    for name in ("nlp", "statistics"):
        files[f"exchange/{name}/outbound/hw4/hw4.ipynb"] = "released"
        files[f"exchange/{name}/inbound/ada+hw4+2026-10-10 08:00:00.000000 UTC+c0ffee/hw4.ipynb"] = name
    with pytest.raises(CollectError, match="exchange/nlp, exchange/statistics. Give the folder of yours"):
        collect(course, "hw4", archive(files))
    assert not taken(course)
