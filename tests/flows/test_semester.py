"""A semester of twelve students and three homeworks, from the roster to exported marks; all figures worked out by hand.

Each homework has 15 points: 10 for recall, judged (8 where the cut is forgotten), and 5 for an essay, marked by hand.
A day late costs a tenth of the 15, which is 1.5; more than three days late earns nothing.
"""

import csv
import json
import zipfile

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands.demo import make_course
from autograder.course.notebooks import read_notebook, released_form
from autograder.gradebook import marks
from autograder.gradebook.final import final_marks
from tests.support.small_homework import BLANK, RIGHT, UNCUT, make_small_homework, notebook_of, rewrite

ROSTER = """id,name,email,brightspace,gradescope,canvas,extension hw21
s01,Ada Lovelace,ada@x.org,501,g1,901,
s02,Bo Meyer,bo@x.org,502,g2,902,
s03,Carl Gauss,carl@x.org,503,g3,903,
s04,Dora Marsden,dora@x.org,504,g4,904,2
s05,Eve Moneypenny,eve@x.org,505,g5,905,
s06,Fay Wray,fay@x.org,506,g6,906,
s07,Gus Grissom,gus@x.org,507,g7,907,
s08,Kim Lee,kim@x.org,508,g8,908,
s09,Kim Lee,lee@x.org,509,g9,909,
s10,Ian Curtis,ian@x.org,510,g10,910,
s11,Jo March,jo@x.org,511,g11,911,
s12,Zoë de la Cruz,zoe@x.org,512,g12,912,
"""
DUE = "due = 2026-{day} 23:59:00\nzone = 'UTC'\n[late]\npercent_per_day = 10\ndays = 3\ngrace_minutes = 15\n"
DAYS = {"hw21": "09-11", "hw22": "10-09", "hw23": "11-06"}
NAMES = {line.split(",")[0]: line.split(",")[1] for line in ROSTER.splitlines()[1:]}

# What each student has at the end, None where there is no mark.
FIRST = {
    "s01": 10 + 4,
    "s02": 8 + 5,
    "s03": 10 + 3 - 1.5,  # the next morning
    "s04": 10 + 5,  # two days later, with two days more
    "s05": None,  # handed in nothing
    "s06": None,  # handed in a PDF
    "s07": 0,  # handed in the blank notebook
    "s08": 10 + 2,  # two students of one name
    "s09": 10 + 4,
    "s10": 0,  # five days late
    "s11": 10 + 1,  # of two attempts, the last
    "s12": 10 + 0,  # ten minutes late, within the grace
}
SECOND = {"s01": 10 + 4, "s02": 10 + 5, "s03": 9 + 3, "s08": 10 + 2, "s09": 10 + 2 - 3}
THIRD = {"s01": 10 + 5, "s02": 10 + 3}


@pytest.fixture(scope="module")
def semester(small_homework, sandboxed, tmp_path_factory):
    """The course after all of it, and what the commands said on the way."""
    course = make_course(tmp_path_factory.mktemp("semester") / "course")
    walk = Walk(course)
    for name, day in DAYS.items():
        make_small_homework(course, name)
        (course.homework(name) / "due.toml").write_text(DUE.format(day=day))
    (course.root / "roster.csv").write_text(ROSTER, encoding="utf-8")
    walk.command("roster", str(course.root / "roster.csv"))
    walk.first()
    walk.second()
    walk.third()
    for name in DAYS:
        walk.command("feedback", name)
        walk.command("report", name)
    walk.command("export", "--out", str(course.root / "all.csv"))
    return walk


class Walk:
    """An instructor's way through the semester."""

    def __init__(self, course):
        self.course, self.said = course, {}

    def command(self, *words, ends=0):
        done = CliRunner().invoke(app, [*words, "--course", str(self.course.root)])
        assert done.exit_code == ends, (words, done.output, done.exception)
        return done.output

    def download(self, files):
        path = self.course.root / "download.zip"
        with zipfile.ZipFile(path, "w") as file:
            for name, raw in files.items():
                file.writestr(zipfile.ZipInfo(name, (2026, 11, 6, 12, 0, 0)), raw)
        return str(path)

    def mark(self, homework, essays, **overrides):
        with marks.opened(self.course) as book:
            for cell, scores in (("answer_essay", essays), ("test_recall", overrides)):
                for student, score in scores.items():
                    grade = book.find_grade(cell, homework, homework, student)
                    grade.manual_score, grade.needs_manual_grade = score, False
            book.db.commit()

    def first(self):
        """Brightspace: times in the names, two attempts, a PDF, and two students of one name."""
        course = self.course
        right, blank = notebook_of(course, "hw21"), self.blank("hw21")
        files = {
            "501-7 - Ada Lovelace - Sep 11, 2026 1000 AM": right,
            "502-7 - Bo Meyer - Sep 11, 2026 1155 PM": notebook_of(course, "hw21", UNCUT),
            "503-7 - Carl Gauss - Sep 12, 2026 1000 AM": right,
            "504-7 - Dora Marsden - Sep 13, 2026 0900 PM": right,
            "507-7 - Gus Grissom - Sep 9, 2026 1000 AM": blank,
            "508-7 - Kim Lee - Sep 11, 2026 1001 AM": right,
            "509-7 - Kim Lee - Sep 11, 2026 1002 AM": right,
            "510-7 - Ian Curtis - Sep 16, 2026 1000 AM": right,
            "511-7 - Jo March - Sep 9, 2026 1005 PM": blank,
            "511-7 - Jo March - Sep 10, 2026 1015 AM": right,
            "512-7 - Zoë de la Cruz - Sep 12, 2026 1209 AM": right,
        }
        files = {f"{name}/hw21.ipynb": raw for name, raw in files.items()}
        files["506-7 - Fay Wray - Sep 11, 2026 1000 AM/hw21.pdf"] = b"%PDF"
        self.said["collect"] = self.command("collect", "hw21", "--from", self.download(files), ends=1)
        json_file = course.root / "hw21.json"
        self.said["grade"] = self.command("grade", "hw21", "-j", "2", "--json", str(json_file), ends=1)
        self.json = json.loads(json_file.read_text())
        self.mark("hw21", {"s01": 4, "s02": 5, "s03": 3, "s04": 5, "s08": 2, "s09": 4, "s10": 5, "s11": 1, "s12": 0})

    def second(self):
        """Gradescope, with a group; a regrade of one question after its key was wrong; an override."""
        course, times = self.course, {1: "10-09", 2: "10-09", 3: "10-09", 4: "10-09"}
        times[5] = "10-11"
        entries = ""
        files = {}
        answers = {1: RIGHT, 2: UNCUT, 3: BLANK, 4: RIGHT, 5: RIGHT}
        for number, student in ((1, "s01"), (2, "s02"), (3, "s03"), (4, "s08"), (5, "s09")):
            sid = "g" + student[1:].lstrip("0")
            entries += f"submission_{number}:\n  :submitters:\n  - :name: {NAMES[student]}\n    :sid: {sid}\n"
            entries += f"    :email:\n  :created_at: 2026-{times[number]} 20:00:00.000000000 Z\n"
            files[f"assignment_9_export/submission_{number}/hw22.ipynb"] = notebook_of(course, "hw22", answers[number])
        files["assignment_9_export/submission_metadata.yml"] = entries.encode()
        self.command("collect", "hw22", "--from", self.download(files))
        self.command("grade", "hw22", "-j", "2")
        self.mark("hw22", {"s01": 4, "s02": 5, "s03": 3, "s08": 2, "s09": 2}, s03=9)
        # Whoever forgets the cut shall lose nothing: the probes of that check are mended, and one question run again.
        rewrite(course, "hw22", "key/recall.py", r"for k in \(3, 5\)", "for k in (8, 9)")
        self.said["regrade"] = self.command("grade", "hw22", "--question", "recall")

    def third(self):
        """Canvas: handed in, marked, and handed in again, once with another essay, once with the same."""
        course = self.course
        canvas = {"s01": "lovelaceada_901", "s02": "meyerbo_902"}
        for attempt, answers in enumerate(
            [{"s01": (RIGHT, "Once."), "s02": (UNCUT, "Same.")}, {"s01": (RIGHT, "Twice."), "s02": (RIGHT, "Same.")}]
        ):
            files = {f"{canvas[s]}_{attempt}_hw23.ipynb": notebook_of(course, "hw23", *a) for s, a in answers.items()}
            self.said["again"] = self.command("collect", "hw23", "--from", self.download(files))
            self.said["graded again"] = self.command("grade", "hw23", "-j", "2")
            if attempt == 0:
                self.mark("hw23", {"s01": 4, "s02": 3})
        self.before_marking = final_marks(course, "hw23")
        self.said["waits"] = self.command("grade", "hw23")
        self.mark("hw23", {"s01": 5})

    def blank(self, homework):
        released = released_form(read_notebook(self.course.source(homework)))
        [essay] = [c.source for c in released.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "answer_essay"]
        return notebook_of(self.course, homework, BLANK, essay)


def test_everybody_has_a_line_with_the_time_and_the_reason(semester):
    lines = {line.split(" ")[0].rstrip(":"): line for line in semester.said["collect"].splitlines()}
    assert set(NAMES) <= set(lines)
    assert "missing" in lines["s05"] and "only hw21.pdf" in lines["s06"]
    assert "2026-09-12 10:00 UTC (Brightspace), 1 day late" in lines["s03"]
    assert "5 days late" in lines["s10"] and "late" not in lines["s04"] + lines["s12"] + lines["s01"]
    assert "There are 2 attempts; the last one counts." in lines["s11"]
    students = {s["student"]: s for s in semester.json["students"]}
    assert {s: one["name"] for s, one in students.items()} == NAMES
    assert {s for s, one in students.items() if one["status"] == "failed"} == {"s05", "s06"}


@pytest.mark.parametrize(("homework", "right"), [("hw21", FIRST), ("hw22", SECOND), ("hw23", THIRD)])
def test_the_final_marks(semester, homework, right):
    found = final_marks(semester.course, homework)
    assert {s: one.score if one.questions else None for s, one in found.items()} == {s: right.get(s) for s in NAMES}
    assert {one.name for one in found.values()} == set(NAMES.values())


def test_a_question_was_regraded_and_no_mark_by_hand_was_lost(semester):
    rows = [line.split() for line in semester.said["regrade"].splitlines()]
    assert ["s02", "recall", "8", "10"] in rows and ["s02", "final", "mark", "13", "15"] in rows
    assert ["s03", "final", "mark", "12", "12"] in rows
    found = final_marks(semester.course, "hw22")
    assert found["s03"].overridden == ("recall",) and found["s03"].questions["recall"].automatic == 0
    assert not any(one.waiting for one in found.values())


def test_who_handed_in_again_is_marked_for_the_new_text(semester):
    assert "s01 (Ada Lovelace): changed" in semester.said["again"]
    assert semester.before_marking["s01"].waiting == ("essay",) and semester.before_marking["s02"].waiting == ()
    assert (semester.before_marking["s01"].score, semester.before_marking["s02"].score) == (10, 13)
    assert "the mark by hand (4) was given for an answer that has changed" in semester.said["graded again"]
    folder = semester.course.build / "earlier" / "hw23" / "s01"
    assert len(list(folder.glob("*.ipynb"))) == 1
    assert any(json.loads(p.read_text())["questions"]["essay"]["by_hand"] == 4 for p in folder.glob("*.json"))


def test_pages_and_reports_show_the_same(semester):
    for homework, right in (("hw21", FIRST), ("hw22", SECOND), ("hw23", THIRD)):
        report = (semester.course.build / "reports" / f"{homework}.html").read_text()
        for student, mark in right.items():
            assert NAMES[student] in report
            page = semester.course.build / "feedback" / student / homework / f"{homework}.html"
            if mark is not None:
                assert f"{student} ({NAMES[student]}) · {mark:g} of 15 points" in page.read_text(), homework


def test_what_is_exported(semester):
    with open(semester.course.root / "all.csv", encoding="utf-8-sig", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file) if row["id"]}
    for homework, right in (("hw21", FIRST), ("hw22", SECOND), ("hw23", THIRD)):
        [column] = [name for name in next(iter(rows.values())) if name.startswith(homework)]
        found = {student: row[column] for student, row in rows.items()}
        assert {s: float(mark) for s, mark in found.items() if mark} == {
            s: m for s, m in right.items() if m is not None
        }
