"""A homework is found by its folder: what its key may lack, and what is said of one that cannot be used."""

import pytest

from autograder.commands.demo import make_course
from autograder.commands.new import new_homework
from autograder.exploits.range import Range
from autograder.judge.homework import Homework, HomeworkError, find_homework, small_homework


@pytest.fixture
def course(tmp_path):
    course = make_course(tmp_path / "course")
    new_homework(course, "hw9")
    return course


def change(course, file, before, after):
    path = course.homework("hw9") / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_a_homework_without_data_is_judged_by_its_imports_and_its_kernel_part(course):
    set_up = '\n\ndef set_up(only=()):\n    return {"shelf": list(only) or [1, 2]}\n\n\ndef stand_ins'
    change(course, "kernel.py", "\n\ndef stand_ins", set_up)
    change(course, "hw9.ipynb", "from helpers import withhold", "%time import math\\nfrom helpers import withhold")
    homework = find_homework(course.homework("hw9"))
    space = homework.shop.notebook()
    assert space["shelf"] == [1, 2] and {"load_checks", "withhold"} <= space.keys()
    assert homework.set_up() == {"shelf": [1, 2]} and homework.set_up((7,)) == {"shelf": [7]}
    assert not homework.shop.reference and homework.save_reference() is None
    with small_homework(homework.folder) as small:
        assert small.questions is homework.questions


@pytest.mark.parametrize(
    "file, before, after, says",
    [
        ("key/__init__.py", "QUESTIONS = ", "QUESTION = ", "names no QUESTIONS"),
        ("key/recall.py", "import Check,", "import Czech,", "does not fit this grader .*Czech"),
        ("kernel.py", '{"recall_at_k": recall_at_k}', "{}", "has no stand-in: .*recall_at_k"),
        ("key/__init__.py", "(RECALL,))", "(replace(RECALL, right_answers=()),))", "has no right answer"),
        ("key/recall.py", 'writes="recall_at_k"', "writes=None", "asks for no function"),
    ],
)
def test_a_key_that_cannot_be_used(course, file, before, after, says):
    twice = "from dataclasses import replace\n\nfrom .recall import RECALL\n\nAGAIN = replace(RECALL, id='again', "
    change(course, "key/__init__.py", "from .recall import RECALL\n", f"{twice}builds_on=(RECALL,))\n")
    change(course, "key/__init__.py", "= (RECALL,)\n", "= (RECALL, AGAIN)\n")
    change(course, file, before, after)
    with pytest.raises(HomeworkError, match=says):
        find_homework(course.homework("hw9"))


def test_a_folder_without_a_key(course, tmp_path):
    with pytest.raises(HomeworkError, match=r"has no answer key: .*write-a-homework.md"):
        _ = Homework(tmp_path).questions


def test_the_exploit_bank_needs_two_questions(course):
    homework = find_homework(course.homework("hw9"))
    homework.key.PLAIN_TESTS = {"recall": "assert True"}
    with pytest.raises(HomeworkError, match="names recall: name two questions"):
        Range(course, homework)
