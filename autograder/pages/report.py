"""The instructor's report on a homework: one HTML page with nothing from the network.

Its one script sorts and filters tables; the page's Content-Security-Policy names the script by its hash, so that no
other can run, and all that comes from a submission is escaped.
"""

import base64
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from autograder.course.cells import ANSWER, TEST
from autograder.course.files import write_whole
from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook, released_form, solved
from autograder.course.students import student_id
from autograder.gradebook.results import StudentResult, load_results, results_before
from autograder.judge.homework import Homework
from autograder.pages.attention import needs_attention, repairs_in_words
from autograder.pages.item_analysis import FEW, changes, items, mistakes, spread
from autograder.pages.similarity import Answer, Pair, pairs


@dataclass(frozen=True)
class Row:
    """One student in the report: anchor, links as they stand in the page (None where there is nothing), history."""

    place: int
    result: StudentResult
    page: str | None
    notebook: str | None
    history: list[str]


def write_report(course: Course, homework: Homework, results: list[StudentResult], path: Path) -> Path:
    """Write the page; the file appears whole or not at all."""
    environment = Environment(
        loader=PackageLoader("autograder.pages", "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["points"] = "{:.6g}".format
    graded = [r for r in results if r.status == "graded"]
    assignment, questions = homework.name, homework.questions
    before = results_before(course, assignment)
    script = resources.files("autograder.pages").joinpath("templates/report.js").read_text(encoding="utf-8")
    rows = _rows(course, assignment, results, before, path)
    alike, alike_in_all = _alike(course, homework, graded)
    no_file = {r.student for r in results if not course.submitted(assignment, student_id(r.student)).is_file()}
    attention = needs_attention(results, no_file)
    kinds: dict[str, list[str]] = {r.student: [] for r in results}
    for kind, looks in attention.items():
        for look in looks:
            kinds[look.result.student].append(kind)
    page = environment.get_template("report.html").render(
        assignment=assignment,
        rows=rows,
        places={row.result.student: row.place for row in rows},
        questions=questions,
        when=datetime.now().strftime("%d %B %Y, %H:%M"),
        spread=spread(results),
        most=max((r.max_score for r in graded), default=0),
        attention=attention,
        kinds=kinds,
        items=items(results, questions),
        mistakes=mistakes(results, questions),
        few=len(graded) < FEW,
        alike=alike,
        alike_in_all=alike_in_all,
        changes=changes(before, results, questions),
        regraded=sum(r.student in before for r in results),
        waiting=sum(q.waiting for r in graded for q in r.questions),
        graded=len(graded),
        repairs_in_words=repairs_in_words,
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    write_whole(path, page)
    return path


# --- each student ----------------------------------------------------------------------------------------


def _rows(
    course: Course, assignment: str, results: Sequence[StudentResult], before: dict[str, StudentResult], path: Path
) -> list[Row]:
    others: dict[str, list[str]] = defaultdict(list)
    for name in course.homeworks():
        if name != assignment and course.results(name).is_dir():
            for other in load_results(course, name):
                mark = f"{other.score:g} of {other.max_score:g}" if other.status == "graded" else "not graded"
                others[other.student].append(f"{name}: {mark}")
    rows = []
    for place, result in enumerate(results, 1):
        who = student_id(result.student)
        history = list(others[result.student])
        if result.student in before:
            earlier = before[result.student]
            mark = f"{earlier.points:g}" if earlier.status == "graded" else "not graded"
            history.append(f"the run before this one: {mark}")
        if handed_in := sum(1 for _ in (course.build / "earlier" / assignment / who).glob("*.ipynb")):
            history.append(f"{handed_in} earlier version{'s' if handed_in > 1 else ''} of the file kept")
        page = course.build / "feedback" / who / assignment / f"{assignment}.html"
        made, handed = (
            course.build / kind / who / assignment / f"{assignment}.ipynb" for kind in ("autograded", "submitted")
        )
        notebook = made if made.is_file() else handed
        rows.append(Row(place, result, _link(page, path), _link(notebook, path), history))
    return rows


def _link(target: Path, page: Path) -> str | None:
    """From the page to a file, relative, so that a course folder may be moved; None where there is no file."""
    if not target.is_file():
        return None
    return quote(os.path.relpath(target, page.parent.resolve()).replace(os.sep, "/"))


# --- answers that are alike ------------------------------------------------------------------------------


def _alike(course: Course, homework: Homework, graded: Sequence[StudentResult]) -> tuple[list[Pair], int]:
    """The pairs of students with answers that are alike; see `similarity`."""
    right = {r.student: {q.id for q in r.questions if q.complete} for r in graded}
    released, known = [], {q.id: [answer.source for answer in q.right_answers] for q in homework.questions}
    source = read_notebook(homework.folder / f"{homework.name}.ipynb")
    released = [(cell.source, cell.cell_type == "code") for cell in released_form(source).cells]
    for cell in solved(source).cells:
        if name := cell.metadata.get("nbgrader", {}).get("grade_id", ""):
            known.setdefault(name.removeprefix(ANSWER), []).append(cell.source)

    def answers(student: str) -> dict[str, Answer]:
        path = course.build / "autograded" / student_id(student) / homework.name / f"{homework.name}.ipynb"
        return _answers(path, right[student])

    return pairs(answers, list(right), known, released)


def _answers(path: Path, right: set[str]) -> dict[str, Answer]:
    """{question: answer} of a graded notebook; cells of the student's own count to the answer before them."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return {}
    texts: dict[str, list[str]] = defaultdict(list)
    code: dict[str, bool] = {}
    question = None
    for cell in cells:
        text, is_code = "".join(cell["source"]), cell["cell_type"] == "code"
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name.startswith(ANSWER):
            question = name.removeprefix(ANSWER)
            code[question] = is_code
        elif name and not name.startswith(TEST):
            continue
        if question and not name.startswith(TEST) and is_code == code[question]:
            texts[question].append(text)
    return {q: Answer("\n".join(parts), code[q], q in right) for q, parts in texts.items()}
