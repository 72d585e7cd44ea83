"""The list of students, as spreadsheets write it."""

import pytest

from autograder.course.folder import Course
from autograder.course.roster import keep_roster, read_roster, roster_of
from autograder.course.sheet import SheetError

PLAIN = 'id,name,email,canvas,extension,extension hw4\nada,Ada Lovelace,ada@x.org,101,,2\nkim,"Lee, Kim",,202,1,\n'


@pytest.fixture
def listed(tmp_path):
    def read(text, encoding="utf-8"):
        path = tmp_path / "students.csv"
        path.write_bytes(text.encode(encoding))
        return read_roster(path)

    return read


@pytest.mark.parametrize("change", [lambda t: t, lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t])
def test_a_list(listed, change):
    students = listed(change(PLAIN))
    ada, kim = students["ada"], students["kim"]
    assert (ada.name, ada.email, ada.ids) == ("Ada Lovelace", "ada@x.org", {"canvas": "101"})
    assert (ada.extension("hw4"), ada.extension("hw5")) == (2, 0)
    assert (kim.name, kim.last_name) == ("Kim Lee", "Lee") and (kim.extension("hw4"), kim.extension("hw5")) == (1, 1)


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_other_spreadsheets(listed, separator, encoding):
    text = separator.join(["ID", "First_Name", "Last name", "E-Mail", "Extension"]) + "\n"
    text += separator.join(["007", "Zoë", "de la Cruz", "zoe@x.org", "1,5" if separator == ";" else "1.5"]) + "\n\n"
    [student] = listed(text, encoding).values()
    assert (student.id, student.name, student.extension("hw4")) == ("007", "Zoë de la Cruz", 1.5)


def test_what_is_kept_is_read_back(listed, tmp_path):
    course = Course(tmp_path)
    assert roster_of(course) == {}
    students = listed(PLAIN + '"=cmd,""x",A,,,,\nsolo,Plato,,,,0\n')
    keep_roster(course, students)
    assert roster_of(course) == students


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\x0b", "\u2028"])
def test_a_line_that_ends_within_a_value_is_read_back(listed, tmp_path, end):
    course = Course(tmp_path)
    students = listed(f'id,name,email,canvas\nada,"Ada{end}Lovelace",a@x.org,"1{end}"\nbo,Bo,,2\n')
    assert (students["ada"].name, students["ada"].ids) == ("Ada Lovelace", {"canvas": "1"})
    keep_roster(course, students)
    assert roster_of(course) == students


@pytest.mark.parametrize("homework", ["hw-4", "hw_4", "HW4", "hw4-part_2"])
def test_an_extension_for_a_homework_whatever_its_name(listed, tmp_path, homework):
    course = Course(tmp_path)
    keep_roster(course, listed(f"id,extension,extension {homework}\nada,1,3\n"))
    ada = roster_of(course)["ada"]
    assert (ada.extension(homework), ada.extension("another")) == (3, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column id"),
        ("name\nAda\n", "has no column id; it has name"),
        ("id,name\n", "names no student"),
        ("id,id\nada,x\n", "two columns id"),
        ("id,name\n,Ada\n", "Line 2 of students.csv has no id"),
        ("id,name\nada,A\nada,B\n", "Line 3 of students.csv: there is a student ada already"),
        ("id\nAda\nada\n", "cannot be told apart"),
        ("id,name\nada,A,B\n", "Line 2 of students.csv has 3 fields"),
        ("id,extension\nada,two\n", "'two' is no number of days"),
        ("id,extension\nada,-1\n", "'-1' is no number of days"),
        ("id,extension\nada,nan\n", "'nan' is no number of days"),
        ("id,canvas\nada,7\nbob,7\n", "gives ada and bob the same canvas id, 7"),
        ("PK\x03\x04id\n", "is a workbook"),
        (f"id,name\nada,{'a' * 200_000}\n", "Line 2 of students.csv cannot be read as CSV"),
    ],
)
def test_what_cannot_be_meant_so_is_said(listed, text, said):
    with pytest.raises(SheetError) as refused:
        listed(text)
    assert said in str(refused.value)
