"""What the visible checks of a question found, as text, as HTML, and as data for other programs."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

CHECKS_TYPE = "application/vnd.embeddings-course.checks+json"  # beside the list in a notebook's output
HOLDS, FAILS, GRADING, SKIPPED = "holds", "fails", "grading", "skipped"  # the states of a property
SIGNS = {HOLDS: "✓", FAILS: "✗", GRADING: "·", SKIPPED: "–"}
STILL_EMPTY = "is still to be written."


@dataclass(frozen=True)
class Outcome:
    """One property: state is HOLDS, FAILS with a sentence, GRADING (asked in grading only), or SKIPPED because what
    came before it stopped everything."""

    title: str
    points: float
    state: str
    sentence: str | None = None


@dataclass(frozen=True)
class Checked:
    """The outcomes of one question's properties."""

    question: str
    number: int
    title: str
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        """Whether every property that the notebook shows holds."""
        return all(o.state in (HOLDS, GRADING) for o in self.outcomes)

    @property
    def empty(self) -> bool:
        """Whether the answer is still the released stub."""
        return any(o.sentence and o.sentence.endswith(STILL_EMPTY) for o in self.outcomes)

    @property
    def sentence(self) -> str | None:
        """The first sentence on what is wrong."""
        return next((o.sentence for o in self.outcomes if o.sentence), None)

    @property
    def in_words(self) -> str:
        return "passes the visible checks" if self.passed else "empty" if self.empty else f"not yet: {self.sentence}"

    @property
    def verdict(self) -> str:
        shown = [o for o in self.outcomes if o.state != GRADING]
        holding = sum(o.state == HOLDS for o in shown)
        if self.passed:
            return "All visible checks hold. Grading asks the same with inputs you have not seen."
        core = "" if self.outcomes[0].state != FAILS else " Without the first property a question earns nothing."
        return f"Not yet: {holding} of {len(shown)} properties shown here hold.{core}"

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "question": self.question,
            "title": self.title,
            "passed": self.passed,
            "empty": self.empty,
            "properties": [asdict(outcome) for outcome in self.outcomes],
        }

    def __str__(self) -> str:
        lines = []
        for o in self.outcomes:
            lines.append(f"  {SIGNS[o.state]} {_points(o.points)}  {_titled(o)}")
            lines += [f"      {o.sentence}"] if o.sentence else []
        return "\n".join([*lines, self.verdict])

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        rows = "".join(
            f"<li style='padding-left:1.5em;text-indent:-1.5em'>{SIGNS[o.state]} <b>{_points(o.points)}</b> "
            + escape(_titled(o))
            + (f"<div style='text-indent:0'>{escape(o.sentence)}</div>" if o.sentence else "")
            + "</li>"
            for o in self.outcomes
        )
        html = (
            f"<ul style='list-style:none;margin:0;padding:0;text-align:left'>{rows}</ul><p>{escape(self.verdict)}</p>"
        )
        return {"text/plain": str(self), "text/html": html, CHECKS_TYPE: self.to_json()}


@dataclass(frozen=True)
class Summary:
    """The whole homework: (number, title, points, state in words) for each question."""

    homework: str
    questions: Sequence[tuple[int, str, float, str]]

    @property
    def hand_in(self) -> list[str]:
        return [
            f"Before you hand in: save, then run `python -m helpers check {self.homework}` in a terminal, in the "
            "course folder. It runs your notebook from top to bottom in a fresh kernel, as grading does, and packs "
            f"{self.homework}-submission.zip. Or run `check.hand_in()` in a cell of your own, which does the same.",
            "Hand in that file where your teachers collect the homework.",
        ]

    def __str__(self) -> str:
        lines = [f"  {n}. {title} ({_points(points)}): {state}" for n, title, points, state in self.questions]
        return "\n".join([*lines, *self.hand_in])

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        rows = "".join(
            f"<tr><td>{n}</td><td style='text-align:left'>{escape(title)}</td><td>{points:g}</td>"
            f"<td style='text-align:left'>{escape(state)}</td></tr>"
            for n, title, points, state in self.questions
        )
        head = "<tr><th></th><th style='text-align:left'>question</th><th>points</th><th style='text-align:left'>"
        advice = "".join(f"<p>{_with_code(line)}</p>" for line in self.hand_in)
        return {"text/plain": str(self), "text/html": f"<table>{head}state</th></tr>{rows}</table>{advice}"}


def _with_code(text: str) -> str:
    """As HTML, with what stands in backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _points(points: float) -> str:
    return f"{points:g} point{'s' * (points != 1)}"


def _titled(outcome: Outcome) -> str:
    return outcome.title + {GRADING: " (asked in grading only)", SKIPPED: " (not looked at yet)"}.get(outcome.state, "")
