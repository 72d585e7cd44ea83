"""The page that a student reads: the marks at the top, then the notebook with a verdict under each question.

It takes the place of nbgrader's own page (see nbgrader_config.py) and needs neither scripts nor a network:
formulas become MathML, which browsers draw by themselves. `present` has made everything from the submission
harmless; here it is escaped once more, and the page's Content-Security-Policy forbids whatever might still act.
"""

import html
import re
from xml.etree.ElementTree import tostring

from jinja2 import Environment, PackageLoader
from latex2mathml.converter import Converter
from markupsafe import Markup, escape
from nbconvert.exporters.exporter import Exporter
from nbconvert.filters import ansi2html
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import GetGrades
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.course.cells import answered_question, grade_id, tested_question
from autograder.course.students import full_name
from autograder.gradebook.present import VERDICT
from autograder.judge.verdict import Verdict, told_problems

MAX_FORMULA = 2_000
MAX_LAID_OUT = 20_000  # characters; longer text of a student's, and longer code, is shown as it is
CHARACTER = re.compile(r"&#[xX]?[0-9a-fA-F]{1,6};")
MATHS = {
    "xmlns",
    "display",
    "displaystyle",
    "scriptlevel",
    "mathvariant",
    "stretchy",
    "fence",
    "form",
    "lspace",
    "rspace",
    "accent",
    "movablelimits",
    "minsize",
    "maxsize",
    "width",
    "linethickness",
    "columnalign",
    "rowspacing",
    "columnspacing",
    "separator",
}
LIGHT, DARK = (HtmlFormatter(style=style, cssclass="code") for style in ("default", "github-dark"))


class Marks(GetGrades):
    """nbgrader's marks and comments into the cells, whether a mark still waits for a reader, and the student's name."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        nb, resources = super().preprocess(nb, resources)
        with Gradebook(self.db_url) as gradebook:
            student = gradebook.find_student(self.student_id)
            resources["nbgrader"]["name"] = full_name(student.first_name, student.last_name)
        return nb, resources

    def _get_score(self, cell: NotebookNode, resources: dict) -> None:
        super()._get_score(cell, resources)
        grade = self.gradebook.find_grade(grade_id(cell), self.notebook_id, self.assignment_id, self.student_id)
        cell.metadata.nbgrader["waiting"] = bool(grade.needs_manual_grade)


class FeedbackExporter(Exporter):
    """A graded notebook -> the student's page, one HTML file."""

    def _file_extension_default(self) -> str:
        return ".html"

    # nbconvert's base class promises a notebook, though its own exporters give text, as this one does.
    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict | None = None, **kwargs
    ) -> tuple[str, dict]:
        nb, resources = super().from_notebook_node(nb, resources, **kwargs)
        environment = Environment(
            loader=PackageLoader("autograder.pages", "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        environment.filters |= {"code": _code, "printed": lambda text: Markup(ansi2html(text)), "number": "{:g}".format}
        about = resources.get("nbgrader", {})
        titles = {kept["id"]: kept["title"] for cell in nb.cells if (kept := cell.metadata.get(VERDICT))}
        parts = [_part(cell, titles) for cell in nb.cells]
        marked = [part for part in parts if part["points"] is not None]
        page = environment.get_template("feedback.html").render(
            assignment=about.get("assignment", "the homework"),
            student=about.get("student", ""),
            name=about.get("name", ""),
            parts=parts,
            marked=marked,
            score=max(0.0, sum(part["score"] for part in marked) - about.get("late_penalty", 0)),
            points=sum(part["points"] for part in marked),
            late=about.get("late_penalty", 0),
            waiting=sum(part["points"] for part in marked if part["waiting"]),
            light=LIGHT.get_style_defs(),
            dark=DARK.get_style_defs(),
        )
        return page, resources


def failed_page(assignment: str, student: str, reason: str) -> str:
    """The page of a student whose work could not be graded: why, and what to do."""
    environment = Environment(loader=PackageLoader("autograder.pages", "templates"), autoescape=True)
    return environment.get_template("failed.html").render(assignment=assignment, student=student, reason=reason)


def _part(cell: NotebookNode, titles: dict[str, str]) -> dict:
    """What the page shows of one cell."""
    mark = cell.metadata.get("nbgrader", {})
    answered, tested = answered_question(cell), tested_question(cell)
    question = answered or tested or ""
    outputs = list(cell.get("outputs", ()))
    plain = "text" if cell.cell_type != "code" else "code"
    part = {
        "kind": "answer" if answered else "test" if tested else plain,
        "id": question,
        "title": titles.get(question, question),
        "source": cell.source,
        "is_code": cell.cell_type == "code",
        "outputs": outputs,
        "verdict": None,
        "comment": markdown(mark.get("comment") or "", trusted=False),
        "score": float(mark.get("score") or 0),
        "waiting": bool(mark.get("waiting")),
        "points": float(mark["points"]) if mark.get("grade") and "points" in mark else None,
    }
    if tested and (verdict := cell.metadata.get(VERDICT)):
        part["verdict"] = _read(verdict)
        part["outputs"] = outputs[:-2]  # the last two are the verdict's own
        part["by_hand"] = part["score"] != verdict["score"]
    if cell.cell_type != "code":
        part["html"] = markdown(cell.source, trusted=bool(grade_id(cell)) and not answered)
    return part


def _read(kept: dict) -> dict:
    verdict = Verdict.from_json(kept)
    return {
        "score": verdict.score,
        "message": verdict.message,
        "checks": list(zip(verdict.checks, told_problems(verdict))),
    }


def _code(source: str) -> Markup:
    if len(source) > MAX_LAID_OUT:
        return _as_it_is(source)
    return Markup(highlight(source, PythonLexer(), LIGHT))


def markdown(text: str, trusted: bool) -> Markup:
    """Markdown as HTML with MathML. trusted: the course's own text, whose HTML and links are kept.

    The libraries for Markdown and for colours take a time that grows with the square of the length of some texts, so
    that others than the course's are laid out only up to a length.
    """
    if not trusted and len(text) > MAX_LAID_OUT:
        return _as_it_is(text)
    renderer = _Renderer(escape=not trusted, allow_harmful_protocols=trusted, exclude_anchor_links=True)
    try:
        return Markup(MarkdownWithMath(renderer=renderer).render(text))
    except Exception:  # such as an attachment that is not there, or lists nested without end
        return _as_it_is(text)


def _as_it_is(text: str) -> Markup:
    return Markup("<pre>") + escape(text) + Markup("</pre>")


class _Renderer(IPythonRenderer):
    """nbconvert's renderer, with formulas drawn and long tables in a box of their own."""

    def block_math(self, body: str) -> str:
        return formula(body, "block")

    def inline_math(self, body: str) -> str:
        return formula(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")


def formula(tex: str, display: str) -> str:
    """LaTeX -> MathML as text; what cannot be read as a formula is shown as it was written.

    display: "block" or "inline". Only attributes in MATHS stay, and text is escaped: latex2mathml's own `convert`
    unescapes it, so that \\text{<b>} would become a tag.
    """
    try:
        if len(tex) > MAX_FORMULA or "newcommand" in tex:  # commands that use each other fill any memory
            raise ValueError("not drawn")
        element = Converter(display=display).convert_to_element(tex.strip())
        for part in element.iter():
            part.attrib = {name: value for name, value in part.attrib.items() if name in MATHS}
            part.text = CHARACTER.sub(lambda found: html.unescape(found.group()), part.text or "")
        return tostring(element, encoding="unicode")
    except Exception:
        return f"<code>{escape(tex)}</code>"
