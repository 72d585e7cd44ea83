"""Marks and comments by hand stand on the answer that they were given for, and on no other."""

import json

import nbformat
import pytest
from nbgrader.converters import Autograde

from autograder.commands.collect import collect
from autograder.course.files import file_name
from autograder.course.notebooks import read_notebook, with_answers
from autograder.gradebook import marks
from autograder.gradebook.final import final_mark
from autograder.gradebook.results import load_results

TEXT, OTHER = "Because of the rare words.", "Because of the frequent words."


@pytest.fixture
def hand_in(course, stubs):
    """A function: ada hands in, right on cosine, with these answers -> the file's name among earlier ones."""

    def put(**answers):
        answers = {q: text for q, text in stubs.items() if q != "cosine"} | answers
        notebook = with_answers(read_notebook(course.source("hw4")), answers)
        raw = nbformat.writes(notebook).encode()
        course.submitted("hw4", "ada").write_bytes(raw)
        return file_name(raw)

    return put


@pytest.fixture
def read(course):
    """A function: what a reader does in Formgrader with ada's work."""

    def mark(reflection=4.0, comment="Well said.", cosine=None):
        with marks.opened(course) as book:
            grade = book.find_grade("answer_reflection", "hw4", "hw4", "ada")
            grade.manual_score, grade.needs_manual_grade = reflection, False
            book.find_comment("answer_reflection", "hw4", "hw4", "ada").manual_comment = comment
            if cosine is not None:
                grade = book.find_grade("test_cosine", "hw4", "hw4", "ada")
                grade.manual_score, grade.needs_manual_grade = cosine, False
                book.find_comment("answer_cosine", "hw4", "hw4", "ada").manual_comment = "Late, but right."
            book.db.commit()

    return mark


@pytest.fixture
def stands(course):
    """A function: (score, waiting, comment) of one of ada's questions, as the gradebook has it."""

    def find(question):
        with marks.opened(course) as book:
            comment = book.find_comment(f"answer_{question}", "hw4", "hw4", "ada").comment
        mark = final_mark(course, "hw4", "ada").questions[question]
        return mark.score, mark.waiting, comment

    return find


def ada(results):
    return next(result for result in results if result.student == "ada")


def test_a_regrade_keeps_and_confirms_what_was_given_by_hand(course, runs, grade, hand_in, read, stands):
    hand_in(reflection=TEXT)
    grade()
    read(cosine=7)
    for _ in range(2):
        result = ada(grade(regrade=True))
        assert stands("reflection") == (4, False, "Well said.")
        assert stands("cosine") == (7, False, "Late, but right.")
        assert (result.score, result.notes) == (11, [])
    assert ada(grade()).kept and ada(grade()).score == 11


def test_marks_from_before_hashes_were_kept_survive_too(course, runs, grade, hand_in, read, stands):
    hand_in(reflection=TEXT)
    grade()
    read()
    (course.build / "answers" / "hw4" / "ada.json").unlink()
    grade(regrade=True)
    assert stands("reflection") == (4, False, "Well said.")


def test_a_mark_that_a_reader_takes_away_stays_away(course, runs, grade, hand_in, read, stands):
    hand_in(reflection=TEXT)
    grade()
    read()
    grade(regrade=True)
    read(reflection=None, comment=None)
    grade(regrade=True)
    assert stands("reflection") == (0, True, None)


def test_another_text_waits_for_its_reader_and_the_older_work_is_kept(course, runs, grade, hand_in, read, stands):
    first = hand_in(reflection=TEXT)
    kept = course.submitted("hw4", "ada").read_bytes()
    grade()
    read(cosine=7)
    hand_in(reflection=OTHER)
    result = ada(grade())
    assert stands("reflection") == (0, True, None)
    assert stands("cosine") == (7, False, "Late, but right."), "its answer is the same"
    [note] = result.notes
    assert note.startswith("reflection: the mark by hand (4) was given for an answer that has changed")
    assert ada(load_results(course, "hw4")).notes == result.notes
    folder = course.build / "earlier" / "hw4" / "ada"
    earlier = json.loads((folder / f"{first}.json").read_text())["questions"]
    assert (earlier["reflection"]["by_hand"], earlier["reflection"]["comment"]) == (4, "Well said.")
    assert earlier["cosine"]["score"] == 7
    assert not (folder / f"{first}.ipynb").exists() or (folder / f"{first}.ipynb").read_bytes() == kept
    assert ada(grade(regrade=True)).notes == [], "said once"

    hand_in(reflection=TEXT)
    grade()
    assert stands("reflection") == (4, False, "Well said.")


def test_the_same_answer_elsewhere_in_the_notebook_keeps_its_mark(course, runs, grade, hand_in, read, stands):
    """An own cell beside the answer belongs to it; one beside another answer does not."""
    hand_in(reflection=TEXT, semantic="def semantic_search(): ...")
    grade()
    read(cosine=7)
    hand_in(reflection=TEXT + "\n", semantic="def semantic_search(): return 1")
    grade()
    assert stands("reflection")[:2] == (4, False) and stands("cosine")[:2] == (7, False)


def test_a_run_that_fails_counts_nothing_and_loses_nothing(course, runs, grade, hand_in, read, stands):
    hand_in(reflection=TEXT)
    grade()
    read(cosine=7)
    course.submitted("hw4", "ada").write_bytes(b"{")
    assert ada(grade()).status == "failed"
    assert final_mark(course, "hw4", "ada").score == 0 and stands("reflection") == (0, True, None)
    assert ada(grade()).status == "failed"
    hand_in(reflection=TEXT)
    assert ada(grade()).score == 11 and stands("reflection") == (4, False, "Well said.")


def test_what_is_collected_anew_takes_back_and_keeps(course, runs, grade, hand_in, read, stands, tmp_path):
    first = hand_in(reflection=TEXT)
    before = course.submitted("hw4", "ada").read_bytes()
    grade()
    read()
    hand_in(reflection=OTHER)
    (tmp_path / "new" / "ada").mkdir(parents=True)
    (tmp_path / "new" / "ada" / "hw4.ipynb").write_bytes(course.submitted("hw4", "ada").read_bytes())
    course.submitted("hw4", "ada").write_bytes(before)
    assert [one.status for one in collect(course, "hw4", tmp_path / "new")] == ["changed"]
    assert final_mark(course, "hw4", "ada").score == 0 and stands("reflection") == (0, True, None)
    folder = course.build / "earlier" / "hw4" / "ada"
    assert {path.name for path in folder.iterdir()} == {f"{first}.ipynb", f"{first}.json"}
    assert (folder / f"{first}.ipynb").read_bytes() == before
    assert "reflection" in ada(grade()).notes[0]


def test_nbgraders_own_command_keeps_them_too(course, runs, grade, hand_in, read, stands):
    hand_in(reflection=TEXT)
    grade()
    read(cosine=7)

    def autograde():
        converter = Autograde(coursedir=course.directory(student="ada", assignment="hw4"), config=course.config())
        converter.force = True
        converter.start()

    autograde()
    assert stands("reflection") == (4, False, "Well said.") and stands("cosine") == (7, False, "Late, but right.")
    hand_in(reflection=OTHER)
    autograde()
    assert stands("reflection") == (0, True, None) and stands("cosine")[:2] == (7, False)
    assert "reflection" in ada(load_results(course, "hw4")).notes[0]
