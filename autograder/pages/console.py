"""What the commands tell on the terminal."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from autograder.pages.progress import called

if TYPE_CHECKING:  # the grader's packages take time to import, and kernels are started meanwhile
    from autograder.gradebook.results import Changed, StudentResult
    from autograder.judge.verdict import Verdict

out = Console(highlight=False)
WIDE = 10_000  # characters: in a file no name and no line is broken
SHOWN = 8  # names of a kind that a terminal lists


def show_results(results: "list[StudentResult]", no_file: Collection[str] = ()) -> None:
    """A table with one line per student, a sentence per lost question, and at the end who needs a look.

    no_file: the students of whom there is no notebook.
    """
    ids = [question.id for question in results[0].questions]
    caption = f"of {max(r.max_score for r in results):g} points; … waits to be marked by hand; * after lateness"
    table = _marks(results, [one.replace("_", "\n") for one in ids], caption)
    if out.is_terminal and out.measure(table, options=out.options.update(width=WIDE)).maximum > out.width:
        numbered = ", ".join(f"{number}\N{NO-BREAK SPACE}{one}" for number, one in enumerate(ids, start=1))
        table = _marks(results, [str(number) for number in range(1, len(ids) + 1)], f"{numbered}\n{caption}")
    _show(table)
    for result in results:
        for question in result.questions if result.status == "graded" else ():
            if question.score < question.max_score and not question.waiting:
                _tell(f"{result.student}, {question.id}", question.message)
    show_attention(results, no_file)


def _marks(results: "list[StudentResult]", heads: list[str], caption: str) -> Table:
    table = Table("student", *heads, "total", box=None, header_style="bold", pad_edge=False, collapse_padding=True)
    table.caption, table.caption_justify = caption, "left"
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "right", True
    table.columns[0].overflow = "fold"  # names that begin alike stay apart in a narrow window
    for result in results:
        if result.status == "failed":
            table.add_row(escape(called(result)), *["–"] * len(heads), "failed")
        else:
            late = "*" if result.penalty else ""
            table.add_row(escape(called(result)), *[_points(q) for q in result.questions], f"{result.score:g}{late}")
    return table


def show_changes(changes: "list[Changed]") -> None:
    """Before and after a regrade: the questions whose mark changed, and each student's final mark."""
    table = Table("student", "question", "before", "after", box=None, header_style="bold", pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    for one in changes:
        marks = [Text("–" if mark is None else f"{mark:g}") for mark in (one.before, one.after)]
        style = "bold" if one.before != one.after else ""
        table.add_row(escape(one.student), escape(one.question) or "final mark", *marks, style=style)
    _show(table)


def _show(table: Table) -> None:
    console = out if out.is_terminal else Console(file=out.file, width=WIDE, highlight=False)
    console.print(table, end="\n\n")


def show_attention(results: "list[StudentResult]", no_file: Collection[str]) -> None:
    """Who needs a look, kind by kind: on a terminal as many as a glance takes in, in a file everybody on one line."""
    from autograder.pages.attention import BRIEF, needs_attention

    found = needs_attention(results, no_file)
    if not found:
        return
    out.print(
        f"\nNeeds attention ({len({look.result.student for looks in found.values() for look in looks})}):", style="bold"
    )
    for kind, looks in found.items():
        if kind in BRIEF and out.is_terminal and len(looks) > SHOWN:
            several = ", ".join(look.result.student for look in looks[:SHOWN])
            out.print(Text.assemble((f"{kind} ({len(looks)}): ", "bold"), f"{several} and {len(looks) - SHOWN} more"))
            continue
        for look in looks:
            _tell(f"{kind}: {called(look.result)}", look.told, one_line=kind in BRIEF)


def _tell(about: str, sentence: str, one_line: bool = False) -> None:
    """One sentence: a paragraph, or as much as fits on one line, on a terminal; a single line in a file."""
    text = Text.assemble((f"{about}: " if sentence else about, "bold"), " ".join(sentence.split()))
    if out.is_terminal and one_line:
        out.print(text, no_wrap=True, overflow="ellipsis", crop=True)
    else:
        out.print(text, soft_wrap=not out.is_terminal)


def _points(question: "Verdict") -> str:
    if question.waiting:
        return "…"
    colour = "green" if question.score == question.max_score else "yellow" if question.score else "red"
    return f"[{colour}]{question.score:g}[/]"
