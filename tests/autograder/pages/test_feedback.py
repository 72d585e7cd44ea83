"""The student's page: marks, verdicts, formulas without a network, and nothing on it that acts."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.gradebook.present import present
from autograder.judge.question import Question
from autograder.judge.verdict import CheckResult, Verdict, by_hand
from autograder.pages.feedback import MAX_LAID_OUT, FeedbackExporter, formula, markdown
from tests.support import attacks

RESOURCES = {"nbgrader": {"assignment": "hw4", "student": "ada", "late_penalty": 0}}


def marked(cell, grade_id, score=None, points=None, **more):
    cell.metadata["nbgrader"] = {
        "grade_id": grade_id,
        "grade": points is not None,
        "score": score,
        "points": points,
        **more,
    }
    return cell


def page_of(*cells, resources=RESOURCES):
    return FeedbackExporter().from_notebook_node(new_notebook(cells=list(cells)), {**resources})[0]


def a_test_cell(score=5.0, verdict=None):
    cell = marked(
        new_code_cell("check()", outputs=[new_output("stream", name="stdout", text="Not yet: 1 < 2")]),
        "test_cosine",
        score,
        10.0,
    )
    checks = (
        CheckResult("ordinary", "ordinary vectors", 5.0, 5.0, None),
        CheckResult("zero", "zero", 5.0, 0.0, "It gave nan."),
    )
    present(
        new_notebook(cells=[cell]),
        [
            verdict
            or Verdict(
                "cosine", 5.0, 10.0, "A zero vector fails.", checks=checks, title="Measure how alike two directions are"
            )
        ],
    )
    return cell


def test_a_question_has_its_title_its_points_and_its_verdict_once():
    page = page_of(
        new_markdown_cell("# Homework"), marked(new_code_cell("def f(): pass"), "answer_cosine"), a_test_cell()
    )
    assert '<a href="#cosine">Measure how alike two directions are</a>' in page and page.count('id="cosine"') == 1
    assert page.count("A zero vector fails.") == page.count("It gave nan.") == 1
    assert "5 of 10 points" in page and "0 of 5</td><td>zero" in page and "Not yet: 1 &lt; 2" in page
    assert "Your answer" in page and "[5/5]" not in page and "5.0" not in page


def test_what_waits_is_not_called_lost_and_comments_are_shown():
    written = marked(
        new_markdown_cell("because $x$"), "answer_reflection", 0.0, 5.0, waiting=True, comment="**Well** <b>seen</b>"
    )
    present(new_notebook(cells=[written]), [by_hand(Question("reflection", 5, "Explain it"))])
    page = page_of(a_test_cell(), written)
    assert page.count("not marked yet") >= 2 and "5 more can come" in page and "0 of 5 points" not in page
    assert "<strong>Well</strong> &lt;b&gt;seen" in page
    written.metadata["nbgrader"] |= {"waiting": False, "score": 4.0}
    assert "4 of 5 points" in page_of(written) and "not marked yet" not in page_of(written)


def test_a_mark_changed_by_hand_and_a_late_penalty():
    page = page_of(a_test_cell(score=9.0), resources={"nbgrader": RESOURCES["nbgrader"] | {"late_penalty": 2}})
    assert "changed by hand; the grader gave 5" in page and "Handed in late" in page and "7 of 10 points" in page


def test_formulas_need_no_network():
    text = "The cosine:\n\n$$\\cos(a, b) = \\frac{a \\cdot b}{\\lVert a \\rVert \\lVert b \\rVert}$$\n\nwith $x_i < y$."
    page = page_of(marked(new_markdown_cell(text), "text", None))
    assert page.count("<math") == 2 and "<mfrac>" in page and "$" not in page.split("<body>")[1]
    assert "http" not in page.replace("http://www.w3.org/1998/Math/MathML", "").replace("http-equiv", "")
    assert "<script" not in page and "default-src 'none'" in page


@pytest.mark.parametrize("tex", ["\\frac{", "{" * 500, "x" * 5000, "\\newcommand{\\a}{\\b\\b}\\a"])
def test_what_is_no_formula_is_shown_as_written(tex):
    assert formula(tex, "inline") == f"<code>{tex}</code>"


@pytest.mark.parametrize(
    "tex",
    [
        "\\text{<script>alert(1)</script>}",
        "\\href{javascript:alert(1)}{x}",
        "\\text{&#60;img src=x&#62;}",
        "\\style{x}{<b>}",
        "\\class{a}{b}",
        '"><script>',
        "\\color{red;x}{y}",
    ],
)
def test_a_formula_never_becomes_a_tag(tex):
    page = attacks.Page(formula(tex, "block"))
    assert page.acts() == attacks.HARMLESS and all(tag.startswith("m") or tag == "code" for tag in page.tags)


@pytest.mark.parametrize("attack", attacks.ATTACKS)
def test_nothing_of_a_student_acts_even_if_it_was_not_made_harmless(attack):
    """`present` is left out on purpose: this page holds without it."""
    outputs = [
        new_output("stream", name="stdout", text=attack),
        new_output("error", ename=attack, evalue=attack, traceback=[attack]),
        new_output("display_data", data={"text/html": attack, "image/svg+xml": attack, "text/plain": attack}),
    ]
    own = page_of(new_markdown_cell("x"), new_code_cell("x"))
    page = page_of(
        new_markdown_cell(attack),
        new_code_cell(attack, outputs=outputs),
        marked(new_markdown_cell(attack), "answer_reflection", 0.0, 5.0, comment=attack),
        a_test_cell(verdict=Verdict("cosine", 0.0, 10.0, attack)),
        resources={"nbgrader": {"assignment": attack, "student": attack, "late_penalty": 0}},
    )
    bad, loads, scripts, links = attacks.Page(page).acts()
    assert bad <= attacks.Page(own).acts()[0] == {"meta", "style"} and not (scripts or links)
    assert all(not source or source.startswith("data:") or "evil" in source for source in loads)
    assert attack.strip() not in page or "<" not in attack


def test_markdown_of_the_course_keeps_its_html_and_a_students_does_not():
    text = "<details><summary>Hint</summary>x</details>\n\n[a](https://example.org)"
    assert "<details>" in markdown(text, trusted=True) and "<details>" not in markdown(text, trusted=False)
    assert "<pre>" in markdown("![x](attachment:absent)", trusted=False)


@pytest.mark.parametrize("unit", ["\\begin{a}", "$a", "*a ", "f'{"])
def test_long_text_and_long_code_are_shown_as_they_are(unit, monkeypatch):
    """The libraries that lay them out may take minutes for half a million characters."""
    text = unit * (500_000 // len(unit))

    def laid_out(*_):
        raise AssertionError("the library was asked")

    monkeypatch.setattr("autograder.pages.feedback.highlight", laid_out)
    monkeypatch.setattr("autograder.pages.feedback.MarkdownWithMath", laid_out)
    page = page_of(new_code_cell(text), new_markdown_cell(text))
    assert page.count("<pre") >= 2 and len(text) > MAX_LAID_OUT


@pytest.mark.parametrize(
    ("about", "alt"),
    [({"alt": 'Bars of "sofa" <b>'}, "Bars of &#34;sofa&#34; &lt;b&gt;"), ({}, "picture"), ("odd", "picture")],
)
def test_a_picture_keeps_its_description(about, alt):
    output = new_output("display_data", {"image/png": "iVBORw0KGgo="}, metadata={"image/png": about})
    page = page_of(marked(new_code_cell("draw()", outputs=[output]), "answer_cosine"), a_test_cell())
    assert f'<img alt="{alt}" src="data:image/png;base64,iVBORw0KGgo="' in page
