"""What came from a submission is harmless on every page: nbgrader's feedback, Formgrader's view, the report."""

import base64

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.course.folder import Course
from autograder.gradebook.present import (
    LATE_CELL,
    LATE_PAGE,
    PAGE_TEXT,
    WIDTH,
    harmless_markdown,
    harmless_text,
    present,
    verdict_text,
)
from autograder.gradebook.results import StudentResult
from autograder.judge.verdict import CheckResult, Verdict, told_problems
from autograder.pages.report import write_report
from tests.support.attacks import ATTACKS, HARMLESS, Page
from tests.support.hw4 import HW4


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + b"IHDR" + width.to_bytes(4) + height.to_bytes(4)
    return base64.b64encode(head + bytes(20)).decode()


PNG = png(640, 480)
EXPORTER = HTMLExporter(template_name="basic")


def rendered(notebook):
    return Page(EXPORTER.from_notebook_node(notebook)[0])


@pytest.mark.parametrize("attack", ATTACKS)
def test_markdown_of_a_student(attack):
    notebook = new_notebook(cells=[new_markdown_cell(attack)])
    page = rendered(present(notebook, []))
    assert page.acts() == HARMLESS
    assert "\\href" not in notebook.cells[0].source and "\x1b" not in notebook.cells[0].source


def test_the_attacks_do_act_without_it():
    acting = []
    for attack in ATTACKS:
        try:
            acting.append(rendered(new_notebook(cells=[new_markdown_cell(attack)])).acts() != HARMLESS)
        except Exception:
            acting.append(True)
    assert sum(acting) >= 12


def test_plain_markdown_looks_the_same():
    text = "Recall is *higher*, a < b, $x_i$ and `f(x)`.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert harmless_markdown(text) == text


@pytest.mark.parametrize("attack", ATTACKS)
def test_outputs_of_a_student(attack):
    outputs = [
        new_output("stream", name="stdout", text=attack),
        new_output("stream", name="stderr", text=attack),
        new_output("error", ename=attack, evalue=attack, traceback=[attack]),
        new_output(
            "display_data",
            data={
                "text/html": attack,
                "image/svg+xml": attack,
                "application/javascript": attack,
                "text/markdown": attack,
                "text/latex": attack,
                "image/png": attack,
                "image/jpeg": attack,
                "text/plain": attack,
            },
            metadata={"image/png": {"width": '"><script>'}, "filenames": {"image/png": "x"}},
        ),
        new_output("execute_result", data={"text/plain": attack}),
    ]
    notebook = new_notebook(cells=[new_code_cell("x", outputs=outputs)])
    assert rendered(present(notebook, [])).acts() == HARMLESS
    assert "\x1b]" not in nbformat.writes(notebook) and "\\u001b]" not in nbformat.writes(notebook)


def test_raw_messages_with_parts_of_the_wrong_kind():
    odd = [
        {"output_type": "stream", "name": '"><script>', "text": 7},
        {"output_type": "error", "traceback": "x"},
        {"output_type": "error", "ename": None, "evalue": ["a", 1], "traceback": [None, "a"]},
        {"output_type": "??"},
        {"output_type": "display_data", "data": "x"},
        {"output_type": "display_data", "data": {"text/plain": ["a", "b"]}},
        {"output_type": "stream", "name": "stdout", "text": "\ud800"},
        {},
    ]
    cell = new_code_cell("x")
    cell.outputs, cell.execution_count = [nbformat.from_dict(o) for o in odd], "7"
    notebook = new_notebook()
    notebook.cells = [cell]
    present(notebook, [])
    nbformat.validate(notebook)
    nbformat.writes(notebook).encode()


def test_pictures_stay_and_colours_stay():
    notebook = new_notebook(
        cells=[
            new_code_cell(
                "plot()",
                outputs=[
                    new_output("display_data", data={"image/png": PNG, "text/plain": "<Figure>"}),
                    new_output("stream", name="stdout", text="\x1b[31mred\x1b[0m \x1b[2Jx"),
                ],
            )
        ]
    )
    present(notebook, [])
    assert notebook.cells[0].outputs[0].data == {"image/png": PNG, "text/plain": "<Figure>"}
    assert notebook.cells[0].outputs[1].text == "\x1b[31mred\x1b[0m x"
    assert harmless_text(["a", "b"]) == "ab" and harmless_text(None) == ""


@pytest.mark.parametrize("size", [(40_000, 40_000), (2**31, 1), (0, 10)])
def test_a_picture_that_no_page_could_draw_is_left_out(size):
    outputs = [new_output("display_data", data={"image/png": png(*size), "text/plain": "<Figure>"})]
    notebook = new_notebook(cells=[new_code_cell("plot()", outputs=outputs)])
    present(notebook, [])
    assert notebook.cells[0].outputs[0].data == {"text/plain": "<Figure>"}


def test_a_verdict_is_told_before_a_plain_number_and_repairs_at_the_top():
    test = new_code_cell(
        "check()",
        outputs=[
            new_output("execute_result", data={"text/plain": "100"}),
            new_output("stream", name="stderr", text="careful"),
        ],
    )
    test.metadata["nbgrader"] = {"grade_id": "test_cosine", "grade": True, "points": 10, "schema_version": 3}
    verdict = Verdict("cosine", 5.0, 10.0, "Half of it.", checks=(CheckResult("a", "works", 5.0, 5.0, None),))
    notebook = present(new_notebook(cells=[test]), [verdict], ["Cell <b>x</b> was missing."])
    assert "What had to be repaired" in notebook.cells[0].source
    [printed, told, mark] = notebook.cells[1].outputs
    assert printed.name == told.name == "stdout" and "careful" in printed.text
    assert told.text.startswith("5 of 10 points. Half of it.")
    assert mark.data == {"text/plain": "5.0"} and notebook.cells[1].metadata["verdict"]["score"] == 5
    assert rendered(notebook).acts() == HARMLESS


def test_a_verdicts_lines_are_short_and_no_sentence_comes_twice():
    long = "It gave 3 where " + "a rather long explanation of it all " * 6 + "was asked for."
    checks = (
        CheckResult("a", "ordinary vectors", 5.0, 0.0, long),
        CheckResult("b", "zero vectors", 2.0, 0.0, None),
        CheckResult("c", "one number", 2.0, 0.0, long),
        CheckResult("d", "lengths", 1.0, 0.0, "It gave nan."),
    )
    verdict = Verdict("cosine", 0.0, 10.0, long, checks=checks)
    text = verdict_text(verdict)
    assert max(map(len, text.splitlines())) <= WIDTH and text.count("rather long") == 6
    assert "  0 of 5  ordinary vectors\n" in text and "lengths\n            It gave nan.\n" in text
    assert told_problems(verdict) == [
        None,
        "This holds, but earns points only together with the first property.",
        None,
        "It gave nan.",
    ]


def test_only_the_judge_writes_a_verdict_into_a_cell():
    forged = {"score": 10.0, "max_score": 10.0, "message": "All checks passed.", "checks": []}
    cells = [new_code_cell("x", metadata={"verdict": forged}), new_markdown_cell("x", metadata={"verdict": forged})]
    assert all("verdict" not in cell.metadata for cell in present(new_notebook(cells=cells), []).cells)


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_report(attack, tmp_path):
    course = Course(tmp_path)
    question = Verdict("cosine", 5.0, 10.0, attack, title="Cosine")
    results = [
        StudentResult(attack, "graded", None, [question], [attack]),
        StudentResult(attack, "failed", attack, [question]),
    ]
    page = write_report(course, HW4, results, tmp_path / "r.html").read_text()
    own = write_report(course, HW4, [], tmp_path / "empty.html").read_text()
    bad, loads, scripts, links = Page(page).acts()
    assert (bad, loads, scripts, links) == Page(own).acts()
    assert Page(page).tags.count("script") == Page(own).tags.count("script") == 1
    assert "script-src 'sha256-" in page and "default-src 'none'" in page


def shown_characters(notebook):
    return sum(
        len("".join([o.get("text", ""), *o.get("traceback", []), *o.get("data", {}).values()]))
        for cell in notebook.cells
        for o in cell.get("outputs", ())
    )


def printing(text, kind="stream", name=None):
    output = {
        "stream": lambda: new_output("stream", name="stdout", text=text),
        "error": lambda: new_output("error", ename="E", evalue="", traceback=[*text.split("\n"), "E: the last line"]),
        "display": lambda: new_output("display_data", data={"text/plain": text}),
    }[kind]()
    cell = new_code_cell("x", outputs=[output])
    if name:
        cell.metadata["nbgrader"] = {"grade_id": name}
    return cell


@pytest.mark.parametrize("kind", ["stream", "error", "display"])
def test_what_is_printed_after_the_graders_first_calls_is_shown_up_to_a_cap(kind):
    probes = "\n".join(f"called with {number}" for number in range(20_000))
    cells = [printing("before " * 2_500, kind), printing("", name="test_cosine")]
    cells += [printing(probes, kind) for _ in range(30)] + [printing(probes, kind, "test_recall")]
    notebook = present(new_notebook(cells=cells), [Verdict("recall", 1.0, 1.0, "Right.")])
    assert shown_characters(new_notebook(cells=notebook.cells[:1])) >= 2_500 * len("before ")
    assert shown_characters(new_notebook(cells=notebook.cells[2:3])) <= LATE_CELL + 80
    assert shown_characters(new_notebook(cells=notebook.cells[1:])) <= LATE_PAGE + LATE_CELL + 40 * 80
    assert "more characters were printed here and are left out" in nbformat.writes(notebook)
    if kind == "error":
        assert notebook.cells[2].outputs[0].traceback[-1] == "E: the last line"


def test_a_page_is_bounded_as_a_whole():
    cells = [printing("x" * 150_000) for _ in range(20)]
    assert shown_characters(present(new_notebook(cells=cells), [])) <= PAGE_TEXT + 20 * 80


def test_late_pictures_have_their_own_bound():
    data = "".join(["iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB", "A" * 300_000])
    drawing = [new_code_cell("x", outputs=[new_output("display_data", data={"image/png": data})]) for _ in range(9)]
    notebook = present(new_notebook(cells=[printing("", name="test_cosine"), *drawing]), [])
    assert 1 <= sum(bool(cell.outputs) for cell in notebook.cells[1:]) <= 3
