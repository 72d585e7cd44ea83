"""What the commands tell on the terminal."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:  # the grader's packages take time to import, and kernels are started meanwhile
    from autograder.gradebook.results import StudentResult
    from autograder.judge.verdict import Verdict

out = Console(highlight=False)


def show_results(results: "list[StudentResult]") -> None:
    """A table with one line per student, then a sentence per lost question."""
    questions = results[0].questions
    table = Table(
        "student",
        *[q.id.replace("_", "\n") for q in questions],
        "total",
        box=None,
        header_style="bold",
        pad_edge=False,
        collapse_padding=True,
        caption_justify="left",
        caption=f"of {results[0].max_score:g} points; … waits to be marked by hand",
    )
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "right", True
    table.columns[0].overflow = "fold"  # names that begin alike stay apart in a narrow window
    for result in results:
        if result.status == "failed":
            table.add_row(escape(result.student), *["–"] * len(questions), "failed")
        else:
            table.add_row(escape(result.student), *[_points(q) for q in result.questions], f"{result.score:g}")
    out.print(table, end="\n\n")
    for result in results:
        if result.status == "failed":
            _tell(result.student, f"not graded. {result.reason}")
            continue
        if result.unsettled:
            _tell(result.student, f"{result.unsettled}.")
        for repair in [*result.notes, *result.repairs]:
            _tell(result.student, repair)
        for question in result.questions:
            if question.score < question.max_score and not question.waiting:
                _tell(f"{result.student}, {question.id}", question.message)


def _tell(about: str, sentence: str) -> None:
    """One sentence: a paragraph on a terminal, a single line in a file."""
    out.print(Text.assemble((f"{about}: ", "bold"), sentence), soft_wrap=not out.is_terminal)


def _points(question: "Verdict") -> str:
    if question.waiting:
        return "…"
    colour = "green" if question.score == question.max_score else "yellow" if question.score else "red"
    return f"[{colour}]{question.score:g}[/]"
