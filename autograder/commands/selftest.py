"""Measures the judge itself: is right work accepted, is wrong work caught, and is the mistake named?

Everything runs on a cut of the data set in use, where the key makes one, so that it takes a minute. The banks
of answers are judged in this process, where they are our own code; whole notebooks also go through the sandboxed
kernel, as submissions do.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import nbformat
from nbformat import NotebookNode
from rich.table import Table

from autograder.course.folder import Course
from autograder.course.notebooks import read_notebook, released_form, solved, with_answers
from autograder.exploits.range import exploit_rows
from autograder.inside.collector import AGAIN
from autograder.intake.merge import Submission
from autograder.judge.banks import Misconception, run_answer, unwarned
from autograder.judge.diagnosis import RIGHT as RIGHT_ANSWER
from autograder.judge.diagnosis import likeness_of
from autograder.judge.homework import Homework, small_homework
from autograder.judge.judge import Request, judge_here, simulated
from autograder.judge.question import Question
from autograder.judge.submission import Runner, draw_requests, grade_submission
from autograder.judge.verdict import Verdict
from autograder.run.apart import run_notebook

WHOLE, RIGHT, MISTAKE, SAME_MISTAKE = "whole notebook", "right answer", "misconception", "the same in other words"
EXPLOIT = "exploit"


@dataclass(frozen=True)
class Row:
    """One thing that was judged: `right` is whether its points are as they should be, `named` whether the feedback
    names the mistake (None where there is none to name). alike: a cell that is run again, and what it is taken for
    leaves the same on these data, so that nothing could tell the two apart."""

    kind: str
    question: str
    what: str
    found: str
    right: bool
    named: bool | None = None
    alike: bool = False

    @property
    def holds(self) -> bool:
        return self.alike or (self.right and self.named is not False)


def selftest(
    course: Course, assignment: str, seed: int, exploits: bool = True, sandboxed: bool | None = None
) -> Iterator[Row]:
    """Every row of the self-test, in the order of the table."""
    with small_homework(course.homework(assignment)) as homework:
        runner = partial(run_notebook, sandboxed=sandboxed, data_folder=homework.data_folder)
        yield from whole_notebooks(course, homework, seed, runner)
        yield from banks(homework, seed)
        if exploits and hasattr(homework.key, "PLAIN_TESTS"):
            yield from exploit_bank(course, homework)


def banks(homework: Homework, seed: int, only: Collection[str] = (), alone: bool = False) -> Iterator[Row]:
    """Right answers and misconceptions, one at a time in a notebook whose other answers are right.

    only: ids of the questions whose answers are judged (default: all). alone: a misconception's later questions, which
    it might reach, are not judged; that takes half the time.
    """
    questions = homework.judged
    requests = draw_requests(questions, homework, seed)
    for question in [q for q in questions if not only or q.id in only]:
        for answer in question.right_answers:
            verdicts = judge_answers({question.id: answer.source}, [question], requests, homework)
            yield right_row(question.id, answer.title, verdicts)
        reached = [q for q in questions if q is question or (question in q.builds_on and not alone)]
        for misconception in question.misconceptions:
            for i, source in enumerate((misconception.source, *misconception.also)):
                answers = answers_that_use(question, reached) | {question.id: source}
                verdicts = judge_answers(answers, reached, requests, homework)
                row = mistake_row(MISTAKE if i == 0 else SAME_MISTAKE, question.id, misconception, verdicts)
                taken_for = verdicts[question.id].misconception or RIGHT_ANSWER
                alike = not row.holds and _alike(requests[question.id], misconception.id, taken_for, homework)
                yield replace(row, alike=alike)


def _alike(request: Request, one: str, other: str, homework: Homework) -> bool:
    """Whether two of the simulated answers are the same where the cells are run again. What these leave comes from the
    data alone; a function that is not told apart from another lacks a probe."""
    if not request.is_rerun or one == other:
        return False
    found = simulated(request, AGAIN, homework)
    mine, others = found.answers(one), found.answers(other)
    return all(likeness_of(mine[probe.id], others[probe.id]) == 1 for probe in request.asked(AGAIN))


def answers_that_use(question: Question, later: list[Question]) -> dict[str, str]:
    """Right answers to later questions that call this question's function where there are any, so that a mistake
    in it reaches as far as it can."""
    using: dict[str, str] = {}
    for q in later:
        calls = [a.source for a in q.right_answers if question.writes and question.writes in a.source]
        using |= {q.id: calls[0]} if calls else {}
    return using


def judge_answers(
    answers: Mapping[str, str], questions: list[Question], requests: dict[str, Request], homework: Homework
) -> dict[str, Verdict]:
    """The verdicts on some questions of a notebook of plain right answers, some of them replaced, in this process."""
    wanted = {question.id for question in questions}
    space = homework.shop.notebook()
    verdicts: dict[str, Verdict] = {}
    lost: list[str] = []
    with unwarned():
        for question, source in {**homework.plain_answers(), **answers}.items():
            run_answer(source, space)
            if question in wanted:
                verdicts[question] = _judge_anywhere(requests[question], space, homework, source, lost)
                if not verdicts[question].complete:
                    lost.append(question)
            if wanted == verdicts.keys():
                break
    return verdicts


def _judge_anywhere(request: Request, space: dict, homework: Homework, source: str, lost: list[str]) -> Verdict:
    """The verdict on an answer. Where its cell can be run again, one that is right is judged by that too: on the whole
    data a mistake may come to the right figures by chance, as where both halves of the queries choose the same alpha.
    """
    verdict = judge_here(request, space, homework, source, lost)
    if not verdict.complete or not request.is_rerun:
        return verdict
    return judge_here(replace(request, probes=request.again, again={}), space, homework, source, lost)


def right_row(question: str, title: str, verdicts: Mapping[str, Verdict]) -> Row:
    lost = _lost(verdicts)
    return Row(RIGHT, question, title, f"refused: {_points(lost)}" if lost else "accepted", not lost)


def mistake_row(kind: str, question: str, misconception: Misconception, verdicts: Mapping[str, Verdict]) -> Row:
    lost = _lost(verdicts)
    named = verdicts[question].misconception
    return Row(
        kind,
        question,
        misconception.id,
        f"caught: {_points(lost)}" if lost else "missed",
        {v.id for v in lost} == set(misconception.loses),
        named == misconception.id,
    )


def _lost(verdicts: Mapping[str, Verdict]) -> list[Verdict]:
    return [v for v in verdicts.values() if not v.complete]


def _points(lost: list[Verdict]) -> str:
    return ", ".join(f"{v.id} {v.score:g}/{v.max_score:g}" for v in lost)


def whole_notebooks(course: Course, homework: Homework, seed: int, runner: Runner) -> Iterator[Row]:
    """Notebooks through the kernel: the solution, the blank one, all clothes at once, a mistake in every question."""
    source = read_notebook(course.source(homework.name))
    judged = [q.id for q in homework.judged]
    last = {q.id: q.right_answers[-1].source for q in homework.judged if q.right_answers}
    first = {q.id: q.misconceptions[0] for q in homework.judged if q.misconceptions}

    def verdicts(handed_in: NotebookNode) -> dict[str, Verdict]:
        graded = grade_submission(Submission(nbformat.from_dict(handed_in)), homework, seed, runner=runner)
        return {v.id: v for v in graded.verdicts if v.id in judged}

    for what, handed_in in (
        ("the instructor's solution", solved(source)),
        ("right answers in other clothes", with_answers(source, last)),
    ):
        lost = _lost(verdicts(handed_in))
        yield Row(WHOLE, "all", what, f"refused: {_points(lost)}" if lost else "accepted", not lost)
    blank = verdicts(released_form(source))
    score = sum(v.score for v in blank.values())
    yield Row(
        WHOLE,
        "all",
        "the blank notebook",
        f"{score:g} points",
        score == 0,
        all(v.misconception is None for v in blank.values()),
    )
    found = verdicts(with_answers(source, {q: m.source for q, m in first.items()}))
    lost = _lost(found)
    named = [q for q in first if found[q].misconception == first[q].id]
    yield Row(
        WHOLE,
        "all",
        "a mistake in every question",
        f"caught: {len(lost)} of {len(first)}, named: {len(named)}",
        {v.id for v in lost} >= set(first),
        named == list(first),
    )


def exploit_bank(course: Course, homework: Homework) -> Iterator[Row]:
    """Submissions that try to cheat, through the sandboxed kernel: none may gain, leak or harm anything."""
    for found in exploit_rows(course, homework):
        went_wrong = [f"gained {found.gained:g}"] if found.gained else []
        went_wrong += found.leaked + found.harmed
        yield Row(EXPLOIT, found.kind, found.title, "; ".join(went_wrong) or "gained nothing", found.ok)


@dataclass(frozen=True)
class Summary:
    """How many of how many."""

    what: str
    good: int
    of: int


def summarise(rows: list[Row]) -> list[Summary]:
    """The figures; a kind of row that did not run has none."""

    def count(what: str, kind: str, good: Callable[[Row], bool]) -> Summary:
        chosen = [row for row in rows if row.kind == kind]
        return Summary(what, sum(map(good, chosen)), len(chosen))

    figures = [
        count("whole notebooks are judged as they should be, through the kernel", WHOLE, lambda r: r.holds),
        count("right answers in other clothes earn full marks", RIGHT, lambda r: r.right),
        count("misconceptions lose points on exactly the questions they should", MISTAKE, lambda r: r.right),
        count("misconceptions are named in the feedback", MISTAKE, lambda r: bool(r.named)),
        count("of the same mistakes in other words are caught", SAME_MISTAKE, lambda r: r.right),
        count("of the same mistakes in other words are named", SAME_MISTAKE, lambda r: bool(r.named)),
        count("exploits gain, leak and harm nothing", EXPLOIT, lambda r: r.right),
    ]
    return [figure for figure in figures if figure.of]


def as_table(rows: list[Row]) -> Table:
    """One table for the terminal."""
    table = Table("", "question", "what", "judged", "named", box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(_tick(row.holds), row.question, f"{row.kind}: {row.what}", row.found, _named(row))
    return table


def as_markdown(assignment: str, rows: list[Row]) -> str:
    """The figures and the table as a page for docs/."""
    lines = [
        f"# Self-test of {assignment}",
        "",
        "Made by `autograder selftest` with `--out`. Do not edit by hand.",
        "",
        "| | |",
        "|---|---:|",
    ]
    lines += [f"| {figure.what} | {figure.good} of {figure.of} |" for figure in summarise(rows)]
    lines += ["", "| question | what | judged | named | as it should be |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.question} | {row.kind}: {row.what} | {row.found} | {_named(row)} | {'yes' if row.holds else 'NO'} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _tick(holds: bool) -> str:
    return "[green]✓[/]" if holds else "[bold red]✗ WRONG[/]"


def _named(row: Row) -> str:
    return "the same on these data" if row.alike else {None: "", True: "right", False: "wrong"}[row.named]
