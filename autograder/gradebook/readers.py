"""What readers gave by hand, marks and comments: it stands on the answer that it was given for, and on no other.

What is graded leaves hashes of its answers in build/answers/<homework>/<student>.json. Before its marks and comments
are replaced or taken back, they are put aside, with these hashes, in build/earlier/<homework>/<student>/<file>.json,
beside the file that was handed in. After a grading run what was given by hand is put back where the student's answer is
the same again, and confirmed; elsewhere it is taken back, and a note says where it is kept.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry

from autograder.course.cells import ANSWER, answered_question, grade_id, with_own_cells
from autograder.course.files import write_whole
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook
from autograder.course.students import student_id
from autograder.course.version import digest


def put_aside(course: Course, gradebook: Gradebook, assignment: str, student: str) -> None:
    """Keep the marks and comments as they stand now, with the answers that they were given for."""
    name = student_id(student)
    try:
        submission = gradebook.find_submission(assignment, name)
        held = gradebook.find_submission_notebook(assignment, assignment, name)
    except MissingEntry:
        return
    comments = {comment.name.removeprefix(ANSWER): comment.manual_comment for comment in held.comments}
    questions = {}
    for grade in held.grades:
        question = grade.name.split("_", 1)[1]
        questions[question] = {
            "score": grade.score,
            "max_score": grade.max_score,
            "automatic": grade.auto_score,
            "by_hand": grade.manual_score,
            "extra_credit": grade.extra_credit,
            "waiting": bool(grade.needs_manual_grade),
            "comment": comments.get(question),
        }
    file, answers = _graded(course, assignment, name)
    if not answers and not any(_given(kept) for kept in questions.values()):
        return
    for question, kept in questions.items():
        kept["answer"] = answers.get(question)
    now = datetime.now(UTC)
    kept = {
        "put_aside": now.isoformat(),
        "handed_in": submission.timestamp.isoformat() if submission.timestamp else None,
        "penalty": held.late_submission_penalty or 0.0,
        "questions": questions,
    }
    where = _folder(course, assignment, name) / f"{file or digest(json.dumps(questions))[:16]}.json"
    write_whole(where, json.dumps(kept, indent=1) + "\n")
    _answers(course, assignment, name).unlink(missing_ok=True)  # nothing is graded until `put_back`


def take_back(gradebook: Gradebook, assignment: str, student: str) -> None:
    """Leave no mark and no comment, automatic or by hand."""
    try:
        held = gradebook.find_submission_notebook(assignment, assignment, student_id(student))
    except MissingEntry:
        return
    for grade in held.grades:
        grade.auto_score = grade.manual_score = grade.extra_credit = None
        grade.needs_manual_grade = True
    for comment in held.comments:
        comment.manual_comment = None
    held.late_submission_penalty = held.assignment.timestamp = None


def put_back(
    course: Course, gradebook: Gradebook, assignment: str, student: str, graded: NotebookNode, file: str
) -> list[str]:
    """Put back what was given by hand for the answers of this notebook, made from `file` (see `file_name`) -> a note
    for each mark or comment that was given for another answer."""
    held = gradebook.find_submission_notebook(assignment, assignment, student_id(student))
    answers, kept, notes = answers_in(graded), _kept(course, assignment, student), []
    comments = {comment.name.removeprefix(ANSWER): comment for comment in held.comments}
    for grade in held.grades:
        question = grade.name.split("_", 1)[1]
        given = [one[question] for one in kept if question in one]
        if not any(_given(one) for one in given):
            continue
        same = next((one for one in given if one["answer"] and one["answer"] == answers.get(question)), {})
        fits = same.get("max_score", grade.max_score) == grade.max_score
        grade.manual_score = same.get("by_hand") if fits else None
        grade.extra_credit = same.get("extra_credit") if fits else None
        grade.needs_manual_grade = same["waiting"] if grade.manual_score is not None else grade.auto_score is None
        if question in comments:
            comments[question].manual_comment = same.get("comment")
        last, why = given[0], "for an answer that has changed since"
        if same:
            last, why = {} if fits else same | {"comment": None}, f"out of {same.get('max_score', 0):g} points"
        if _given(last):
            what = "the comment" if last["by_hand"] is None else f"the mark by hand ({last['by_hand']:g})"
            notes.append(
                f"{question}: {what} was given {why}; it is kept in build/earlier/{assignment}/{student_id(student)}."
            )
    gradebook.db.commit()
    write_whole(_answers(course, assignment, student_id(student)), json.dumps({"file": file, "answers": answers}))
    return notes


def graded_file(course: Course, assignment: str, student: str) -> str | None:
    """The name (see `file_name`) of the file that is graded now; None where that is not known."""
    return _graded(course, assignment, student_id(student))[0]


def answers_in(notebook: NotebookNode) -> dict[str, str]:
    """{question: a hash of the student's answer}: the answer cell and the student's own code around it."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" or grade_id(cell)]
    texts: dict[str, list[str]] = {}
    for place, cell in enumerate(cells):
        if not (question := answered_question(cell)):
            continue
        start, end = with_own_cells(cells, place, place + 1)
        texts.setdefault(question, []).extend(one.source.strip() for one in cells[start:end])
    return {question: digest(*sources) for question, sources in texts.items()}


def _given(kept: dict) -> bool:
    return kept.get("by_hand") is not None or bool(kept.get("extra_credit")) or bool(kept.get("comment"))


def _graded(course: Course, assignment: str, student: str) -> tuple[str | None, dict[str, str]]:
    """The file that is graded now, None where that is not known, and its answers."""
    try:
        kept = json.loads(_answers(course, assignment, student).read_text(encoding="utf-8"))
        return kept["file"], kept["answers"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    path = course.build / "autograded" / student / assignment / f"{assignment}.ipynb"
    try:  # graded by a version that left no hashes
        return None, answers_in(read_notebook(path))
    except (OSError, ValueError):
        return None, {}


def _kept(course: Course, assignment: str, student: str) -> list[dict[str, dict]]:
    """{question: what was put aside}, of all that was put aside, the latest first."""
    found = []
    for path in _folder(course, assignment, student_id(student)).glob("*.json"):
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            found.append((kept["put_aside"], kept["questions"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return [questions for _, questions in sorted(found, key=lambda one: one[0], reverse=True)]


def _answers(course: Course, assignment: str, student: str) -> Path:
    return course.build / "answers" / assignment / f"{student}.json"


def _folder(course: Course, assignment: str, student: str) -> Path:
    return course.build / "earlier" / assignment / student
