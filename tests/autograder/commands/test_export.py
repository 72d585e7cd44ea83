"""Marks on their way to a platform: its own file filled in, nobody's mark in another's row, and no formula in any cell.

What is written is read back by pandas, which shares nothing with what wrote it.
"""

import io
import json
import shutil
import zipfile
from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.commands import export as exporting
from autograder.commands.collect import collect
from autograder.commands.demo import make_course
from autograder.commands.export import ExportRefused, export
from autograder.commands.feedback import page_of
from autograder.course.folder import Course
from autograder.course.roster import Student, keep_roster
from autograder.course.sheet import Sheet, SheetError, harmless, read_sheet
from autograder.gradebook.final import FinalMark
from autograder.gradebook.layouts import LAYOUTS
from autograder.gradebook.results import StudentResult
from autograder.judge.verdict import Verdict

PLATFORMS = sorted(LAYOUTS)


def result(student: str, score: float, name: str = "", email: str = "", **changes) -> StudentResult:
    final = FinalMark(student, name or student, email, penalty=changes.pop("penalty", 0.0))
    verdicts = [Verdict("cosine", score, 80.0, "x"), Verdict("reflection", 0.0, 20.0, "y")]
    return replace(StudentResult(student, "graded", None, verdicts, final=final), **changes)


CLASS = [
    result("ada", 73.5, "Ada Lovelace", "ada@uni.example", penalty=3.25),
    result("bo", 80.0, "Bo Diddley Jr", "Bo@uni.example"),
    result("Kim Lee (101)", 41.0, "Kim Lee"),
    result("Kim Lee (202)", 42.0, "Kim Lee"),
    result("emmy", 0.0, "Emmy Noether", status="failed", reason="It is no notebook."),
]
MARKS = {"ada": 70.25, "bo": 80.0, "Kim Lee (101)": 41.0, "Kim Lee (202)": 42.0}
IDS = {"ada": "1001", "bo": "1002", "Kim Lee (101)": "101", "Kim Lee (202)": "202", "emmy": "1005"}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def course(template, monkeypatch):
    """A course whose results are CLASS, with a roster that knows every platform's ids."""
    held = {"hw4": CLASS}
    monkeypatch.setattr(exporting, "load_results", lambda course, name: held.get(name, []))
    template.build.mkdir(exist_ok=True)
    known = {who: {name: number for name in LAYOUTS if name != "csv"} for who, number in IDS.items()}
    keep_roster(template, {who: Student(who, ids=ids) for who, ids in known.items()})
    (template.build / "people.json").unlink(missing_ok=True)
    return template, held


def frame(raw: bytes, platform: str) -> pd.DataFrame:
    """The file as pandas reads it, every cell as text."""
    wide = {"encoding": "utf-16", "sep": "\t"} if platform == "blackboard" else {"encoding": "utf-8"}
    return pd.read_csv(io.BytesIO(raw), dtype=str, keep_default_na=False, **wide)


FILES = {
    "canvas": (
        b"Student,ID,SIS User ID,SIS Login ID,Section,Homework 3 (7),hw4 (8),Current Score\r\n"
        b"    Points Possible,,,,,10,100,(read only)\r\n"
        b'"Lovelace, Ada",1001,S1,ada@x,A,9,,90\r\n"Diddley Jr, Bo",1002,S2,bo@x,A,8,12,80\r\n'
        b'"Lee, Kim",101,S3,kl@x,A,,,\r\n"Lee, Kim",202,S4,kl2@x,B,,,\r\n"Stranger, Sam",999,S9,sam@x,B,,55,\r\n'
    ),
    "moodle": (
        "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (grade),Feedback comments\n"
        "Participant 1001,Ada Lovelace,ada@uni.example,Submitted,,100.00,-,\n"
        "Participant 1002,Bo Diddley Jr,bo@uni.example,Submitted,12.00,100.00,-,Müßig\n"
        "Participant 101,Kim Lee,k1@uni.example,Submitted,,100.00,-,\n"
        "Participant 202,Kim Lee,k2@uni.example,Submitted,,100.00,-,\n"
        "Participant 999,Sam Stranger,sam@uni.example,,55.00,100.00,-,\n"
    ).encode(),
    "blackboard": (
        '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Availability"\t"hw4 [Total Pts: 100 Score] |8"\n'
        '"Lovelace"\t"Ada"\t"1001"\t"S1"\t"Yes"\t""\n"Diddley Jr"\t"Bo"\t"1002"\t"S2"\t"Yes"\t"12"\n'
        '"Lee"\t"Kim"\t"101"\t"S3"\t"Yes"\t""\n"Lee"\t"Kim"\t"202"\t"S4"\t"Yes"\t""\n'
        '"Stranger"\t"Sam"\t"999"\t"S9"\t"Yes"\t"55"\n'
    ).encode("utf-16"),
    "brightspace": (
        b"OrgDefinedId,Username,Last Name,First Name,hw4 Points Grade <Numeric MaxPoints:100 Weight:5>,"
        b"End-of-Line Indicator\r\n"
        b"#1001,#ada.l,Lovelace,Ada,,#\r\n#1002,#bo.d,Diddley Jr,Bo,12,#\r\n#101,#kl1,Lee,Kim,,#\r\n"
        b"#202,#kl2,Lee,Kim,,#\r\n#999,#sam,Stranger,Sam,55,#\r\n"
    ),
}
COLUMN = {
    "canvas": ("ID", "hw4 (8)"),
    "moodle": ("Identifier", "Grade"),
    "blackboard": ("Username", "hw4 [Total Pts: 100 Score] |8"),
    "brightspace": ("OrgDefinedId", "hw4 Points Grade <Numeric MaxPoints:100 Weight:5>"),
}


def marks_in(raw: bytes, platform: str) -> dict[str, str]:
    key, column = COLUMN[platform]
    read = frame(raw, platform)
    return {one.strip("#").removeprefix("Participant "): mark for one, mark in zip(read[key], read[column])}


@pytest.mark.parametrize("platform", sorted(FILES))
def test_the_platforms_own_file_is_filled_in_and_else_stays_as_it_was(platform, course, tmp_path):
    into = tmp_path / f"grades.{'xls' if platform == 'blackboard' else 'csv'}"
    into.write_bytes(FILES[platform])
    done = export(course[0], "hw4", platform, into, tmp_path / f"out{into.suffix}")
    raw = done.path.read_bytes()
    told = marks_in(raw, platform)
    assert {who: float(told[IDS[who]]) for who in MARKS} == MARKS and float(told["999"]) == 55
    before, after = frame(FILES[platform], platform), frame(raw, platform)
    assert list(before.columns) == list(after.columns)
    same = [c for c in before.columns if c != COLUMN[platform][1]]
    assert before[same].equals(after[same])
    assert raw[:3] == FILES[platform][:3] and raw.count(b"\r") == FILES[platform].count(b"\r")
    assert [w for w in done.filled.unknown if "Stranger" in w] == done.filled.unknown and len(done.filled.unknown) == 1
    assert done.filled.missing == done.filled.doubtful == [] and sorted(done.filled.filled) == sorted(MARKS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_new_file_has_the_layout_and_each_ones_mark(platform, course):
    done = export(course[0], "hw4", platform)
    read = frame(done.path.read_bytes(), platform)
    [column] = [c for c in read.columns if c.startswith("hw4")]
    given = [float(mark) for mark in read[column] if mark and mark != "100"]
    assert sorted(given) == sorted(MARKS.values())
    assert "emmy" in "".join(who for who, _ in done.ungraded) and "It is no notebook." in done.told()[1]
    first = {"csv": "id", "canvas": "Student", "moodle": "Full name", "blackboard": "Last Name"}
    assert read.columns[0] == first.get(platform, "OrgDefinedId")
    if platform == "brightspace":
        assert read.columns[-1] == "End-of-Line Indicator" and set(read[read.columns[-1]]) == {"#"}
        assert column == "hw4 Points Grade <Numeric MaxPoints:100>"


def test_two_of_one_name_never_get_each_others_mark(course, tmp_path):
    """Without ids of ours nobody can tell them apart, so neither row is touched; a third one's id is no match."""
    into = tmp_path / "grades.csv"
    into.write_text(
        'Student,ID,Section,hw4\nPoints Possible,,,100\n"Lee, Kim",7,A,\n"Lee, Kim",8,A,\nAda Lovelace,9,A,\n'
    )
    keep_roster(course[0], {"ada": Student("ada", "Ada", "Lovelace")})
    done = export(course[0], "hw4", "canvas", into, tmp_path / "out.csv")
    read = frame(done.path.read_bytes(), "canvas")
    assert list(read["hw4"]) == ["100", "", "", "70.25"] and len(done.filled.doubtful) == 2
    assert done.filled.by_name == ["ada"] and set(done.filled.missing) == set(MARKS) - {"ada"}
    keep_roster(
        course[0],
        {"ada": Student("ada", "Ada", "Lovelace", ids={"canvas": "1"}), "bo": Student("bo", ids={"canvas": "7"})},
    )
    done = export(course[0], "hw4", "canvas", into, tmp_path / "out.csv")
    read = frame(done.path.read_bytes(), "canvas")
    assert list(read["hw4"]) == ["100", "80", "", ""] and "Ada Lovelace" in done.filled.doubtful


@pytest.mark.parametrize(
    "platform, header, given",
    [
        ("moodle", "ID number,Email address,hw4", {"hw4": ""}),
        ("moodle", "Identifier,Email address,Grade", {"Grade": "70.25"}),
        ("brightspace", "OrgDefinedId,Username,hw4 Points Grade", {"hw4 Points Grade": ""}),
        ("canvas", "ID,SIS User ID,hw4", {"hw4": "70.25"}),
        ("canvas", "SIS User ID,SIS Login ID,hw4", {"hw4": ""}),
    ],
)
def test_a_number_of_a_download_counts_only_where_the_platform_writes_it_again(
    platform, header, given, course, tmp_path
):
    """Elsewhere the same number is somebody else's."""
    keep_roster(course[0], {"ada": Student("ada")})
    where = "Moodle hw4" if platform == "moodle" else platform.capitalize()
    (course[0].build / "people.json").write_text(json.dumps({where: {"ada": ["ada", "4001"]}}))
    into = tmp_path / "grades.csv"
    into.write_text(f"{header}\n4001,someone,\n")
    read = frame(export(course[0], "hw4", platform, into, tmp_path / "out.csv").path.read_bytes(), platform)
    assert {column: read[column][0] for column in given} == given


def test_a_row_whose_columns_name_different_students_is_left_alone(course, tmp_path):
    into = tmp_path / "grades.csv"
    into.write_text("Email address,ID number,hw4\nada@uni.example,1002,1\nbo@uni.example,1002,2\n")
    done = export(course[0], "hw4", "moodle", into, tmp_path / "out.csv")
    assert list(frame(done.path.read_bytes(), "moodle")["hw4"]) == ["1", "80"] and len(done.filled.doubtful) == 1
    assert done.incomplete


@pytest.mark.parametrize(
    "text, said",
    [
        ("Student,ID,Section,Quiz\nx,1,A,\n", "no column for hw4"),
        ("Student,ID,Section,hw4 (1),hw4 (2)\nx,1,A,,\n", "several columns for hw4"),
        ("Student,ID,Section,hw4\nPoints Possible,,,10\nx,1,A,\n", "worth 10 points, and hw4 is worth 100"),
        ("hw4,mark\n1,2\n", "no column that says who is who"),
        ("only one line", "no table with a header"),
        ("a\0b,c\n", "no text file"),
    ],
)
def test_a_file_that_does_not_fit_is_told_in_one_sentence(text, said, course, tmp_path):
    into = tmp_path / "grades.csv"
    into.write_text(text)
    with pytest.raises(SheetError, match=said):
        export(course[0], "hw4", "canvas", into, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_column_may_be_called_otherwise_and_a_decimal_comma_stays(course, tmp_path):
    into = tmp_path / "noten.csv"
    into.write_bytes("E-Mail-Adresse;ID number;Suche (Real)\nx;1001;12,50\nm\xfc;1002;\n".encode("cp1252"))
    done = export(course[0], "hw4", "moodle", into, tmp_path / "out.csv", column="Suche")
    assert done.path.read_bytes() == "E-Mail-Adresse;ID number;Suche (Real)\nx;1001;70,25\nm\xfc;1002;80\n".encode(
        "cp1252"
    )


@pytest.mark.parametrize("header", ["hw4", "HW4", "Homework 4: hybrid", "homework-4", "hw4 - Embeddings (77)"])
def test_the_column_is_found_by_the_homeworks_name(header, course, tmp_path):
    into = tmp_path / "grades.csv"
    into.write_text(f"Student,ID,Section,Homework 40,hw41,{header}\nx,1001,A,,,\n")
    done = export(course[0], "hw4", "canvas", into, tmp_path / "out.csv")
    assert list(frame(done.path.read_bytes(), "canvas")[header]) == ["70.25"]


def test_nothing_goes_out_while_something_waits_unless_told(course):
    waits = replace(CLASS[0], questions=[replace(q, waiting=q.id == "reflection") for q in CLASS[0].questions])
    course[1]["hw4"] = [waits, *CLASS[1:]]
    with pytest.raises(ExportRefused, match=r"1 answer waits to be marked in hw4 \(ada\).*--with-waiting"):
        export(course[0], "hw4", "csv")
    assert "1 answers wait" in " ".join(export(course[0], "hw4", "csv", with_waiting=True).told())
    course[1]["hw4"] = []
    with pytest.raises(ExportRefused, match="Nothing is graded yet"):
        export(course[0], None, "csv")
    with pytest.raises(ExportRefused, match="no format 'excel'"):
        export(course[0], None, "excel")


def test_all_homework_in_one_file(course):
    course[1]["hw3"] = [result("ada", 10.0), result("zoe", 20.0)]
    exporting_all = export(replace_homeworks(course[0]), None, "csv")
    read = frame(exporting_all.path.read_bytes(), "csv").set_index("id")
    assert list(read.columns) == ["name", "email", "hw3", "hw4", "max hw3", "max hw4"]
    assert set(read["max hw4"]) == {"100"}
    assert list(read.loc["ada", ["hw3", "hw4"]]) == ["10", "70.25"] and list(read.loc["zoe", ["hw3", "hw4"]]) == [
        "20",
        "",
    ]


def replace_homeworks(course):
    """The course with another homework beside hw4, as far as its name goes."""
    folder = course.homework("hw3")
    folder.mkdir(exist_ok=True)
    (folder / "hw3.ipynb").touch()
    return course


FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "＝1", "=cmd|' /C calc'!A0", "Lee;=1"]
FORMULAS += ["Lee,+1", "Lee\t@x", 'Lee;"=1', "\u200b=1", "-1", "+49 1", "=", "@"]
LOOKS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", FORMULAS)
def test_no_formula_goes_out_in_a_name(name, platform, course):
    course[1]["hw4"] = [result("ada", 5.0, name, name), result("-x+1", 6.0, "x")]
    ids = {n: name for n in LAYOUTS if n != "csv"} if name.isprintable() else {}
    keep_roster(course[0], {"ada": Student("ada", ids=ids)})
    raw = export(course[0], "hw4", platform).path.read_bytes()
    text = raw.decode("utf-16" if platform == "blackboard" else "utf-8")
    for separator in ",;\t":
        for row in (
            pd.read_csv(io.StringIO(text), sep=separator, header=None, dtype=str, names=range(40)).fillna("").values
        ):
            for cell in row:
                assert not cell.lstrip(' "\u200b').startswith(LOOKS), (separator, cell)


def test_a_formula_in_the_platforms_own_file_is_text_afterwards(course, tmp_path):
    into = tmp_path / "grades.csv"
    into.write_text('Student,ID,Section,Old,hw4\n"=HYPERLINK(""http://evil"")",1001,A,-5.5,\n"x;=1",1002,A,-,\n')
    read = frame(export(course[0], "hw4", "canvas", into, tmp_path / "o.csv").path.read_bytes(), "canvas")
    assert list(read["Student"]) == ['\'=HYPERLINK("http://evil")', "x;'=1"] and list(read["Old"]) == ["-5.5", "-"]
    assert all(harmless(harmless(formula)) == harmless(formula) for formula in FORMULAS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("quoted", [True, False])
def test_a_table_keeps_its_form(encoding, delimiter, quoted):
    sheet = Sheet(
        [["Name", "ID", "Ort"], ["Zoë", "1", "Köln"], ["a\nb", "2", 'say "x"']], encoding, delimiter, quoted, "\n"
    )
    raw = sheet.to_bytes()
    again = read_sheet(raw, "x.csv")
    assert again.rows == sheet.rows and again.to_bytes() == raw
    assert (again.encoding, again.delimiter, again.quoted) == (encoding, delimiter, quoted)


def test_the_archive_of_pages_is_named_as_moodle_names_folders(course, tmp_path):
    for who in ("ada", "bo", "emmy"):
        page = course[0].build / "feedback" / who / "hw4" / "hw4.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"the page of {who}")
    done = export(course[0], "hw4", "moodle", out=tmp_path / "marks.csv")
    with zipfile.ZipFile(done.pages) as archive:
        pages = {name: archive.read(name).decode() for name in archive.namelist()}
    assert pages == {
        f"{name}_{IDS[who]}_assignsubmission_file/hw4-feedback.html": f"the page of {who}"
        for who, name in (("ada", "Ada Lovelace"), ("bo", "Bo Diddley Jr"), ("emmy", "Emmy Noether"))
    }
    assert sorted(done.pageless) == ["Kim Lee (101)", "Kim Lee (202)"]
    keep_roster(course[0], {"ada": Student("ada")})
    (course[0].build / "people.json").write_text(json.dumps({"Moodle hw4": {"ada": ["ada", "4001"]}}))
    with zipfile.ZipFile(export(course[0], "hw4", "moodle", out=tmp_path / "marks.csv").pages) as archive:
        assert archive.namelist() == ["Ada Lovelace_4001_assignsubmission_file/hw4-feedback.html"]
    into = tmp_path / "worksheet.csv"
    into.write_text("Identifier,Email address,Grade\nParticipant 77,ada@uni.example,\n")
    with zipfile.ZipFile(export(course[0], "hw4", "moodle", into, tmp_path / "marks.csv").pages) as archive:
        assert archive.namelist() == ["Ada Lovelace_77_assignsubmission_file/hw4-feedback.html"]


NAMES = {
    "canvas": ("leekim_LATE_101_9001_hw4.ipynb", "leekim_LATE_101_9001_hw4-feedback.html"),
    "moodle": (
        "Kim Lee_4001_assignsubmission_file_/hw4.ipynb",
        "Kim Lee_4001_assignsubmission_file_/hw4-feedback.html",
    ),
    "blackboard": (
        "hw4_klee_attempt_2026-10-09-10-15-00_hw4.ipynb",
        "hw4_klee_attempt_2026-10-09-10-15-00_hw4-feedback.html",
    ),
    "brightspace": (
        "101-77 - Kim Lee - Sep 9, 2026 1015 AM/hw4.ipynb",
        "101-77 - Kim Lee - Sep 9, 2026 1015 AM/hw4-feedback.html",
    ),
}


@pytest.mark.parametrize("platform", sorted(NAMES))
def test_a_page_goes_back_under_the_name_that_the_platform_gave(platform, template, tmp_path, monkeypatch):
    """Collected as the platform hands it out; Canvas, say, takes back only what bears the number of the upload."""
    shutil.copytree(template.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    shutil.rmtree(course.build, ignore_errors=True)
    course.build.mkdir()
    given, back = NAMES[platform]
    path = tmp_path / "download" / given
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    [one] = collect(course, "hw4", tmp_path / "download")
    page = page_of(course, "hw4", one.student)
    page.parent.mkdir(parents=True)
    page.write_text("the page")
    monkeypatch.setattr(exporting, "load_results", lambda *_: [result(one.student, 5.0)])
    done = export(course, "hw4", platform)
    with zipfile.ZipFile(done.pages) as archive:
        assert archive.namelist() == [back] and not done.pageless
    other = "canvas" if platform != "canvas" else "brightspace"
    assert export(course, "hw4", other).pageless == [one.student]
    assert export(course, "hw4", other).told()[-1].startswith("No archive of pages")


def test_the_command(course, tmp_path):
    into = tmp_path / "grades.csv"
    into.write_text("Student,ID,Section,hw4\nx,1001,A,\n")
    words = ["export", "hw4", "--format", "canvas", "--into", str(into), "--course", str(course[0].root)]
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 1 and "Marked here, but not in the file (3)" in run.output
    assert str(course[0].build / "exports" / "hw4-canvas.csv") in run.output
    assert "No mark for emmy: It is no notebook." in run.output


@pytest.mark.parametrize("words", [["grade", "hw4", "--json"], ["report", "hw4", "--out"], ["export", "hw4", "--out"]])
def test_a_path_that_cannot_be_written_fails_before_the_work(words, course, tmp_path, monkeypatch):
    def worked(*_, **__):
        raise AssertionError("the work began")

    monkeypatch.setattr("autograder.commands.grade.grade_all", worked)
    monkeypatch.setattr("autograder.pages.report.write_report", worked)
    monkeypatch.setattr("autograder.cli.prepare_kernels", lambda folder: None)
    monkeypatch.setattr("autograder.cli.runner_here", lambda unsafe: None)
    monkeypatch.setattr("autograder.gradebook.results.load_results", lambda *_: CLASS)
    (tmp_path / "a-file").touch()
    for target in (tmp_path, tmp_path / "a-file" / "x.json"):
        run = CliRunner().invoke(app, [*words, str(target), "--course", str(course[0].root)])
        assert "cannot be written" in str(run.exception) and "choose another place" in str(run.exception)
