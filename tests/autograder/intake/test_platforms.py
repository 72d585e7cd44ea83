"""Names that platforms give to downloads tell the person, the file and the attempt."""

import pytest

from autograder.intake.archives import Listed
from autograder.intake.platforms import Person, by_person


def sorted_out(*names):
    listed = [Listed(name.removesuffix("/"), name.endswith("/"), lambda budget: iter(())) for name in names]
    people = by_person(listed, "hw4")
    return {who: [(place.parts, place.attempt, place.upload) for place in places] for who, places in people.items()}


@pytest.mark.parametrize(
    ("name", "person", "parts", "attempt", "upload"),
    [
        ("ada/hw4.ipynb", Person("ada"), ("hw4.ipynb",), (), 0),
        ("ada_hw4.ipynb", Person("ada"), ("ada_hw4.ipynb",), (), 0),
        ("ada_hw4.ipynb.txt", Person("ada"), ("ada_hw4.ipynb.txt",), (), 0),
        ("leekim_101_9001_hw4-2.ipynb", Person("leekim", "Canvas", "101"), ("hw4.ipynb",), (), 9001),
        ("leekim_LATE_101_9001_a_b.ipynb", Person("leekim", "Canvas", "101"), ("a_b.ipynb",), (), 9001),
        ("Kim Lee_41_assignsubmission_file_/x/hw4.ipynb", Person("Kim Lee", "Moodle", "41"), ("x", "hw4.ipynb"), (), 0),
        ("Participant_41_assignsubmission_file_/hw4.ipynb", Person("Participant 41"), ("hw4.ipynb",), (), 0),
        ("hw4_bo_m_attempt_2026-01-02-10-00-00_hw4.ipynb", Person("bo_m"), ("hw4.ipynb",), (2026, 1, 2, 10, 0, 0), 0),
        (
            "1-2 - An - Na - Sep 9, 2026 115 PM/hw4.ipynb",
            Person("An - Na", "Brightspace", "1"),
            ("hw4.ipynb",),
            (2026, 9, 9, 13, 15),
            0,
        ),
        (
            "1-2 - Ada - 9 September 2026 10:15 - hw4.ipynb",
            Person("Ada", "Brightspace", "1"),
            ("hw4.ipynb",),
            (2026, 9, 9, 10, 15),
            0,
        ),
        ("1-2 - Ada - le 9 sept/hw4.ipynb", Person("Ada", "Brightspace", "1"), ("hw4.ipynb",), (), 0),
        ("ada/Version 12/hw4.ipynb", Person("ada"), ("Version 12", "hw4.ipynb"), (12,), 0),
    ],
)
def test_one_name(name, person, parts, attempt, upload):
    assert sorted_out(name) == {person: [(parts, attempt, upload)]}


def test_midnight_and_noon():
    times = ["1200 AM", "1201 AM", "1159 AM", "1200 PM", "1201 PM", "1159 PM"]
    [(_, places)] = sorted_out(*(f"1-2 - Ada - Sep 9, 2026 {time}/hw4.ipynb" for time in times)).items()
    attempts = [attempt for _, attempt, _ in places]
    assert attempts == sorted(attempts) and attempts[0][3:] == (0, 0) and attempts[-1][3:] == (23, 59)


def test_folders_and_files_of_nobody():
    found = sorted_out(
        "all/", "all/ada/", "all/ada/hw4.ipynb", "all/bob/", "all/carl/x.pdf", "all/dora/hw4.ipynb", "a.txt"
    )
    assert {str(who): len(places) for who, places in found.items()} == {"ada": 1, "bob": 0, "carl": 1, "dora": 1}
    assert sorted_out("hw4.ipynb", "hw4 (1).ipynb").keys() == {Person("unknown"), Person("hw4 (1)")}
    assert sorted_out("ada/hw4.ipynb", "__MACOSX/ada/._hw4.ipynb", ".DS_Store").keys() == {Person("ada")}


def test_a_student_cannot_change_how_the_others_are_read():
    odd = "hw4_ada_attempt_2026-01-02-10-00-00_hw_7_x_attempt_2026-01-02-10-00-00.ipynb"
    people = sorted_out(odd, "hw4_bob_attempt_2026-01-02-10-00-00_hw4.ipynb")
    assert people.keys() == {Person("ada"), Person("bob")}
