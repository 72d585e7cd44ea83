"""What learning platforms hand out is sorted by student; the worst archive costs one student a reason in words."""

import io
import os
import stat
import struct
import tarfile
import zipfile

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands.collect import collect
from autograder.commands.demo import make_course
from autograder.commands.grade import find_submissions
from autograder.course.students import student_id
from autograder.gradebook import marks
from autograder.intake import archives
from autograder.intake.archives import CollectError


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


@pytest.fixture
def archive(tmp_path):
    """A function: a zip with the given {name: bytes}."""

    def make(files, name="submissions.zip"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as file:
            for inside, raw in files.items():
                file.writestr(inside, raw)
        return tmp_path / name

    return make


def tar(files):
    """The bytes of a .tar.gz with the given {name: bytes}."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as file:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return raw.getvalue()


def taken(course):
    """{student: text} of what lies in build/submitted."""
    found = (course.build / "submitted").glob("*/hw4/hw4.ipynb")
    return {path.parts[-3]: path.read_text() for path in found}


@pytest.mark.parametrize(
    "files",
    [
        {"ada/hw4.ipynb": "A", "bob/hw4/hw4.ipynb": "B"},
        {"handed-in/ada/hw4.ipynb": "A", "handed-in/bob/hw4.ipynb": "B"},
        {"submissions/ada.ipynb": "A", "submissions/bob.ipynb": "B"},
        {"ada_hw4.ipynb": "A", "bob-hw4.ipynb": "B", "readme.txt": "no"},
        {"ada_123_456_hw4.ipynb": "A", "bob_LATE_123_457_hw4-2.ipynb": "B"},
        {"submissions/ada_123_456_hw4.ipynb": "A", "submissions/bob_123_457_mine.ipynb": "B"},
        {"ada_17_assignsubmission_file_/hw4.ipynb": "A", "bob_18_assignsubmission_file_/sub/hw4.ipynb": "B"},
        {"ada_17_assignsubmission_file_hw4.ipynb": "A", "bob_18_assignsubmission_file_work.ipynb": "B"},
        {
            "hw4_ada_attempt_2026-01-02-10-00-00_hw4.ipynb": "A",
            "hw4_ada_attempt_2026-01-02-10-00-00.txt": "comment",
            "hw4_bob_attempt_2026-01-01-09-00-00_hw4.ipynb": "old",
            "hw4_bob_attempt_2026-01-02-09-00-00_hw4.ipynb": "B",
        },
        {
            "12-34 - ada - Jan 1, 2026 1200 PM/hw4.ipynb": "A",
            "13-34 - bob - Jan 1, 2026 1201 PM/hw4.ipynb": "B",
            "index.html": "no",
        },
        {"ada\\hw4.ipynb": "A", "bob\\hw4.ipynb": "B"},
        {
            "ada/hw4.ipynb": "A",
            "__MACOSX/ada/._hw4.ipynb": "x",
            "bob/hw4.ipynb": "B",
            "bob/.ipynb_checkpoints/hw4-checkpoint.ipynb": "x",
        },
    ],
)
def test_the_names_that_platforms_use(course, archive, files, tmp_path):
    path = archive(files)
    collected = collect(course, "hw4", path)
    assert taken(course) == {"ada": "A", "bob": "B"}
    assert [(c.student, c.status) for c in collected] == [("ada", "new"), ("bob", "new")]
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(path) as file:
        file.extractall(folder)
    assert [(c.student, c.status) for c in collect(course, "hw4", folder)] == [("ada", "same"), ("bob", "same")]


def test_names_with_spaces_and_accents(course, archive):
    collect(
        course,
        "hw4",
        archive(
            {
                "Zoë Müller_17_assignsubmission_file_/hw4.ipynb": "Z",
                "O'Brien, Pat_18_assignsubmission_file_/hw4.ipynb": "P",
            }
        ),
    )
    assert taken(course) == {"Zoë Müller": "Z", "O'Brien, Pat": "P"}


def test_names_without_the_utf8_mark(course, archive):
    path = archive({"Zo__/hw4.ipynb": "Z", "bob/hw4.ipynb": "B"})
    path.write_bytes(path.read_bytes().replace(b"Zo__", "Zoë".encode()))
    collect(course, "hw4", path)
    assert taken(course) == {"Zoë": "Z", "bob": "B"}


def test_odd_names_stay_apart_and_inside(course, archive):
    collected = collect(
        course,
        "hw4",
        archive(
            {
                "a[1]/hw4.ipynb": "1",
                "a*1/hw4.ipynb": "2",
                "-rf/hw4.ipynb": "3",
                "<b>/hw4.ipynb": "4",
                "x" * 240 + "/hw4.ipynb": "5",
            }
        ),
    )
    assert sorted(taken(course).values()) == ["1", "2", "3", "4", "5"]
    assert {c.status for c in collected} == {"new"}
    assert len(find_submissions(course.build / "submitted", "hw4")) == 5


@pytest.mark.parametrize(
    "name",
    [
        "../../evil/hw4.ipynb",
        "/etc/evil/hw4.ipynb",
        "ada/../../evil/hw4.ipynb",
        "..\\..\\evil\\hw4.ipynb",
        "C:\\evil\\hw4.ipynb",
    ],
)
def test_a_path_outside_is_not_taken(course, archive, tmp_path, name):
    before = set(tmp_path.rglob("*"))
    collected = collect(course, "hw4", archive({name: "E", "bob/hw4.ipynb": "B"}))
    assert taken(course) == {"bob": "B"}
    assert [c.note for c in collected if c.status == "failed"] == [
        "A file name in the archive points outside of it; that file was not taken."
    ]
    new = {p for p in tmp_path.rglob("*") if p.is_file()} - before
    assert all(course.build in p.parents or p.suffix == ".zip" for p in new)


def test_links_in_archives_and_folders_are_not_followed(course, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w") as file:
        link = zipfile.ZipInfo("ada/hw4.ipynb")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, str(secret))
        file.writestr("bob/hw4.ipynb", "B")
    [ada, bob] = collect(course, "hw4", path)
    assert (ada.status, bob.status) == ("failed", "new") and "link" in ada.note
    folder = tmp_path / "folder"
    (folder / "ada").mkdir(parents=True)
    (folder / "ada" / "hw4.ipynb").symlink_to(secret)
    (folder / "carl").symlink_to(tmp_path)
    os.mkfifo(folder / "ada" / "pipe.ipynb")
    [ada] = collect(course, "hw4", folder)
    assert ada.status == "failed" and "link" in ada.note
    assert taken(course) == {"bob": "B"}


def test_a_zip_bomb_costs_its_own_student_only(course, archive):
    collected = collect(course, "hw4", archive({"ada/hw4.ipynb": b"\0" * 30 * 2**20, "bob/hw4.ipynb": "B"}))
    assert [(c.student, c.status) for c in collected] == [("ada", "failed"), ("bob", "new")]
    assert "zip bomb" in collected[0].note and taken(course) == {"bob": "B"}


def test_a_header_that_lies_about_the_size(course, archive):
    path = archive({"ada/hw4.ipynb": b"\0" * 30 * 2**20, "bob/hw4.ipynb": "B"})
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 30 * 2**20), struct.pack("<I", 10)))
    collected = collect(course, "hw4", path)
    assert [c.status for c in collected] == ["failed", "new"] and taken(course) == {"bob": "B"}


def test_an_archive_within_the_archive(course, archive, tmp_path):
    inner = archive({"whatever/hw4.ipynb": "A"}, "inner.zip").read_bytes()
    deeper = archive({"x.zip": inner}, "deeper.zip").read_bytes()
    deepest = archive({"y.zip": deeper}, "deepest.zip").read_bytes()
    outside = archive({"../../hw4.ipynb": "E"}, "outside.zip").read_bytes()
    collected = collect(
        course,
        "hw4",
        archive(
            {
                "ada_1_2_hw4.zip": inner,
                "bob_1_3_hw4.zip": b"PK\x03\x04 no",
                "carl_1_4_hw4.zip": deepest,
                "dora_1_5_hw4.zip": outside,
                "emmy_1_6_hw4.zip": archive({"a.txt": "x"}, "empty.zip").read_bytes(),
            }
        ),
    )
    assert [(c.student, c.status) for c in collected] == [
        ("ada", "new"),
        ("bob", "failed"),
        ("carl", "failed"),
        ("dora", "failed"),
        ("emmy", "failed"),
    ]
    assert [c.note.split()[-2:] for c in collected[1:]] == [
        ["not", "opened."],
        ["not", "opened."],
        ["not", "taken."],
        ["no", "notebook."],
    ]
    assert taken(course) == {"ada": "A"}


def test_locked_and_damaged_entries(course, archive):
    path = archive({"ada/hw4.ipynb": os.urandom(500), "bob/hw4.ipynb": "B"})
    raw = bytearray(path.read_bytes())
    start = raw.index(b"ada/hw4.ipynb") + 40
    raw[start : start + 100] = bytes(100)
    path.write_bytes(raw)
    assert [c.status for c in collect(course, "hw4", path)] == ["failed", "new"]
    raw[6] |= 1
    central = raw.index(b"PK\x01\x02")
    raw[central + 8] |= 1
    path.write_bytes(raw)
    [ada, _] = collect(course, "hw4", path)
    assert ada.note == "The file is locked with a password; it was not taken."


@pytest.mark.parametrize("raw", [b"", b"no zip", b"PK\x05\x06"])
def test_what_is_no_archive_is_one_sentence(course, tmp_path, raw):
    (tmp_path / "x.zip").write_bytes(raw)
    with pytest.raises(CollectError, match="cannot be read as a zip archive"):
        collect(course, "hw4", tmp_path / "x.zip")
    with pytest.raises(CollectError, match="no folder or zip"):
        collect(course, "hw4", tmp_path / "absent")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(CollectError, match="holds no notebook"):
        collect(course, "hw4", tmp_path / "nothing")


def test_several_notebooks_of_one_student(course, archive):
    collected = collect(
        course,
        "hw4",
        archive(
            {
                "ada/hw4.ipynb": "A",
                "ada/scratch.ipynb": "x",
                "bob/one.ipynb": "x",
                "bob/two.ipynb": "x",
                "carl/hw4 (1).ipynb": "C",
                "carl/other.ipynb": "x",
            }
        ),
    )
    assert [(c.student, c.status) for c in collected] == [("ada", "new"), ("bob", "failed"), ("carl", "new")]
    assert "which one counts" in collected[1].note and "was called hw4 (1).ipynb" in collected[2].note
    assert taken(course) == {"ada": "A", "carl": "C"}


def test_a_changed_file_keeps_the_earlier_one(course, archive):
    marks.register(course, "hw4")
    collect(course, "hw4", archive({"ada/hw4.ipynb": "A"}))
    [ada] = collect(course, "hw4", archive({"ada/hw4.ipynb": "A2"}, "later.zip"))
    assert ada.status == "changed" and taken(course) == {"ada": "A2"}
    [earlier] = (course.build / "earlier" / "hw4" / "ada").iterdir()
    assert earlier.read_text() == "A"


def test_the_command(course, archive):
    path = archive({"ada/hw4.ipynb": "A", "[bold]/readme.ipynb.zip": "x"})
    run = CliRunner().invoke(app, ["collect", "hw4", "--from", str(path), "--course", str(course.root)])
    assert run.exit_code == 1, run.output
    assert "ada: new" in run.output and "[bold]: failed" in run.output and "1 of 2 students" in run.output


# --- who is who ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "students"),
    [
        (
            {f"Participant_{n}_assignsubmission_file_/hw4.ipynb": str(n) for n in (4001, 4002, 4003)},
            {"Participant 4001": "4001", "Participant 4002": "4002", "Participant 4003": "4003"},
        ),
        (
            {
                "Kim Lee_4001_assignsubmission_file_/hw4.ipynb": "A",
                "Kim Lee_4002_assignsubmission_file_/hw4.ipynb": "B",
                "Bo_4003_assignsubmission_file_/hw4.ipynb": "C",
            },
            {"Kim Lee (4001)": "A", "Kim Lee (4002)": "B", "Bo": "C"},
        ),
        (
            {"leekim_101_9001_hw4.ipynb": "A", "leekim_LATE_202_9002_hw4.ipynb": "B"},
            {"leekim (101)": "A", "leekim (202)": "B"},
        ),
        (
            {
                "101-9 - Kim Lee - Sep 9, 2026 1015 AM/hw4.ipynb": "A",
                "202-9 - Kim Lee - Sep 9, 2026 1016 AM/hw4.ipynb": "B",
                "303-9 - Anne - Marie - Sep 9, 2026 1016 AM/hw4.ipynb": "C",
            },
            {"Kim Lee (101)": "A", "Kim Lee (202)": "B", "Anne - Marie": "C"},
        ),
        (
            {
                "HW4_bo_meyer_attempt_2026-01-02-10-00-00_hw4.ipynb": "A",
                "HW4_al_meyer_attempt_2026-01-02-10-00-00_hw4.ipynb": "B",
            },
            {"bo_meyer": "A", "al_meyer": "B"},
        ),
        ({"kim_7_1_hw4.ipynb": "A", "Kim_8_2_hw4.ipynb": "B"}, {"kim (7)": "A", "Kim (8)": "B"}),
        (
            {
                "Homework_4_bo_meyer_attempt_2026-01-02-10-00-00_hw4.ipynb": "A",
                "Homework_4_al_meyer_attempt_2026-01-02-10-00-00_hw4.ipynb": "B",
            },
            {"bo_meyer": "A", "al_meyer": "B"},
        ),
    ],
)
def test_people_of_one_name_stay_apart(course, archive, files, students):
    path = archive(files)
    collected = collect(course, "hw4", path)
    assert taken(course) == students
    for one in collected:
        assert one.status == "new" and ("Others have this name too" in (one.note or "")) == ("(" in one.student)
    assert {one.status for one in collect(course, "hw4", path)} == {"same"}


def test_a_second_student_of_a_name_never_gets_the_work_of_the_first(course, archive):
    collect(course, "hw4", archive({"leekim_101_9001_hw4.ipynb": "A"}))
    assert taken(course) == {"leekim": "A"}
    collect(course, "hw4", archive({"leekim_202_9002_hw4.ipynb": "B"}, "later.zip"))
    collect(course, "hw4", archive({"leekim_101_9003_hw4.ipynb": "A", "leekim_202_9002_hw4.ipynb": "B"}, "last.zip"))
    assert taken(course) == {"leekim": "A", "leekim (202)": "B"}


@pytest.mark.parametrize("pair", [("Ada", "ada"), ("Zo\u00eb", "Zoe\u0308"), ("a*b", student_id("a*b"))])
def test_names_that_cannot_be_told_apart_are_reported(course, archive, pair):
    collected = collect(course, "hw4", archive({f"{name}/hw4.ipynb": name for name in (*pair, "bob")}))
    assert taken(course) == {"bob": "bob"}
    told = [one for one in collected if one.status == "failed"]
    assert len(told) == 2 and all("cannot be told apart" in one.note for one in told)


def test_a_name_is_compared_with_those_taken_in_before(course, archive):
    collect(course, "hw4", archive({"ada/hw4.ipynb": "A"}))
    [other] = collect(course, "hw4", archive({"Ada/hw4.ipynb": "B"}, "later.zip"))
    assert other.status == "failed" and "Ada, ada (taken in before)." in other.note
    assert taken(course) == {"ada": "A"}


# --- who handed in no notebook ---------------------------------------------------------------------------


def test_everybody_who_handed_in_something_has_a_line(course, archive, tmp_path):
    files = {
        "ada/hw4.ipynb": "A",
        "bob/answers.pdf": "x",
        "carl/hw4.7z": "x",
        "dora/": "",
        "emmy/hw4.html": "x",
        "emmy/hw4.py": "x",
        "fay/.ipynb_checkpoints/hw4-checkpoint.ipynb": "x",
        "fay/notes.md": "x",
    }
    path = archive(files)
    collected = {one.student: (one.status, one.note) for one in collect(course, "hw4", path)}
    assert collected == {
        "ada": ("new", None),
        "bob": ("failed", "There is no notebook, only answers.pdf."),
        "carl": ("failed", "There is no notebook, only hw4.7z."),
        "dora": ("failed", "There is no hw4.ipynb: the folder is empty."),
        "emmy": ("failed", "There is no notebook, only hw4.html, hw4.py."),
        "fay": ("failed", "There is no notebook, only notes.md."),
    }
    with zipfile.ZipFile(path) as file:
        file.extractall(tmp_path / "folder")
    assert [one.status for one in collect(course, "hw4", tmp_path / "folder")] == ["same"] + ["failed"] * 5
    graded = {one.student: one.reason for one in find_submissions(course.build / "submitted", "hw4")}
    assert set(graded) == set(collected) and graded["bob"]


def test_a_receipt_alone_and_a_loose_file_with_the_homework_in_its_name(course, archive):
    path = archive(
        {
            "hw4_ada_attempt_2026-01-02-10-00-00_hw4.ipynb": "A",
            "hw4_bob_attempt_2026-01-02-10-00-00.txt": "receipt",
            "readme.txt": "of nobody",
        }
    )
    assert [(one.student, one.status) for one in collect(course, "hw4", path)] == [("ada", "new"), ("bob", "failed")]
    path = archive({"ada_hw4.ipynb": "A", "bob_hw4.pdf": "x", "index.html": "of nobody"}, "flat.zip")
    assert [(one.student, one.status) for one in collect(course, "hw4", path)] == [("ada", "same"), ("bob", "failed")]


def test_notebooks_in_other_clothes(course, archive):
    collect(
        course,
        "hw4",
        archive(
            {
                "ada/hw4.ipynb.txt": "A",
                "bob_hw4.ipynb.json": "B",
                "carl_1_2_hw4.tar.gz": tar({"work/hw4.ipynb": b"C", "work/data.csv": b"1"}),
                "dora.tgz": tar({"hw4.ipynb": b"D"}),
            }
        ),
    )
    assert taken(course) == {"ada": "A", "bob": "B", "carl": "C", "dora": "D"}


def test_a_failed_resubmission_is_told(course, archive):
    collect(course, "hw4", archive({"ada/hw4.ipynb": "A"}))
    [ada, _] = collect(course, "hw4", archive({"ada/hw4.pdf": "x", "bob/hw4.ipynb": "B"}, "later.zip"))
    assert ada.status == "failed" and ada.note.endswith("The file that was taken in before stays, and is graded.")


# --- which attempt ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("7-1 - ada - Sep 9, 2026 1015 AM/hw4.ipynb", "7-1 - ada - Sep 24, 2026 1015 AM/hw4.ipynb"),
        ("7-1 - ada - Sep 9, 2026 1015 AM/hw4.ipynb", "7-1 - ada - Sep 9, 2026 1005 PM/hw4.ipynb"),
        ("7-1 - ada - Sep 9, 2026 10:15 AM/hw4.ipynb", "7-1 - ada - Sep 9, 2026 10:05 PM/hw4.ipynb"),
        ("7-1 - ada - Nov 30, 2026 1015 AM/hw4.ipynb", "7-1 - ada - Dec 1, 2026 1015 AM/hw4.ipynb"),
        ("7-1 - ada - Dec 31, 2026 1015 AM/hw4.ipynb", "7-1 - ada - Jan 1, 2027 1015 AM/hw4.ipynb"),
        ("7-1 - ada - Sep 9, 2026 1015 AM - hw4.ipynb", "7-1 - ada - Sep 24, 2026 1015 AM - hw4.ipynb"),
        ("ada_7_99998_hw4.ipynb", "ada_7_100002_hw4-1.ipynb"),
        ("ada/Version 9/hw4.ipynb", "ada/Version 10/hw4.ipynb"),
        ("hw4_ada_attempt_2026-09-09-10-00-00_hw4.ipynb", "hw4_ada_attempt_2026-09-24-09-00-00_other.ipynb"),
    ],
)
def test_the_last_attempt_is_the_last_in_time(course, archive, old, new):
    files = {old: "old", new: "new"}
    for name, order in (("one.zip", [old, new]), ("other.zip", [new, old])):
        [ada, *_] = collect(course, "hw4", archive({key: files[key] for key in order}, name))
        assert ada.student == "ada" and "the last" in ada.note
    assert taken(course) == {"ada": "new"}


def test_where_no_order_can_be_told_it_is_asked(course, archive):
    path = archive({"7-1 - ada - le 9 sept/hw4.ipynb": "1", "7-1 - ada - le 24 sept/hw4.ipynb": "2"})
    [ada] = collect(course, "hw4", path)
    assert ada.status == "failed" and "nothing tells which is the last" in ada.note


# --- budgets ---------------------------------------------------------------------------------------------


def test_too_much_costs_its_own_student_only(course, archive, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    monkeypatch.setattr(archives, "MAX_TOTAL", 100_000)
    crowd = archive({f"{i}.txt": "" for i in range(11)} | {"hw4.ipynb": "x"}, "crowd.zip").read_bytes()
    bomb = archive({"hw4.ipynb": "x", **{f"{i}.ipynb": bytes(50_000) for i in range(3)}}, "bomb.zip").read_bytes()
    files = {"ada_1_1_hw4.zip": crowd, "bob_2_2_hw4.zip": bomb, "carl_3_3_hw4.ipynb": "C"}
    collected = collect(course, "hw4", archive(files))
    assert [(one.student, one.status) for one in collected] == [("ada", "failed"), ("bob", "failed"), ("carl", "new")]
    assert "more than 10 files" in collected[0].note and "zip bomb" in collected[1].note
    assert taken(course) == {"carl": "C"}


def test_far_too_much_in_all_names_who_used_most(course, archive, monkeypatch):
    path = archive({f"s{i}/hw4.ipynb": os.urandom(1000 + 100 * i) for i in range(5)})
    monkeypatch.setattr(archives, "MAX_ALL_TOTAL", 5_000)
    with pytest.raises(CollectError, match=r"Nothing was taken. Most is used by s4 .*, s3 "):
        collect(course, "hw4", path)
    monkeypatch.undo()
    monkeypatch.setattr(archives, "MAX_ALL_ENTRIES", 3)
    with pytest.raises(CollectError, match=r"more than 3 files in it. Nothing was taken. Most is used by"):
        collect(course, "hw4", path)
    assert taken(course) == {}
