"""One submission, from its bytes to its verdicts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nbformat import NotebookNode

from autograder.course.cells import answered_question, grade_id, tested_question, visible_tests, with_own_cells
from autograder.inside.collector import AGAIN, CHECKS, END, OWN
from autograder.intake.merge import Submission
from autograder.judge.evidence import Failure, read_error
from autograder.judge.homework import Homework
from autograder.judge.judge import Request, draw_request, judge
from autograder.judge.question import Question
from autograder.judge.verdict import Verdict, by_hand, refused
from autograder.run.apart import run_notebook
from autograder.run.notebook import KILLED, OUTSIDE, Limits, Run, RunFailed, Settled

# What runs a clean notebook, here or elsewhere, with the requests for evidence: see `run_notebook`.
Runner = Callable[[NotebookNode, dict[str, str], Limits, Settled | None], Run]


@dataclass
class Graded:
    """A run notebook with its verdicts, one for every question in the notebook's order."""

    notebook: NotebookNode
    verdicts: list[Verdict]
    repairs: list[str] = field(default_factory=list)
    problem: str | None = None
    ended_by: str | None = None  # as in `Run`
    notes: list[str] = field(default_factory=list)  # for the instructor, when it is recorded


def draw_requests(questions: tuple[Question, ...], homework: Homework, seed: int) -> dict[str, Request]:
    """What one run asks, by question id; questions marked by hand ask nothing."""
    return {q.id: draw_request(q, homework, seed) for q in questions if q.checks}


class FullMarks:
    """The questions of one run whose own answers earn all points: they need no answers with the course's functions.

    Called with the evidence so far it judges, and keeps the verdicts, so that nothing is judged twice.
    """

    def __init__(self, requests: dict[str, Request], homework: Homework):
        self.requests, self.homework = requests, homework
        self.verdicts: dict[str, Verdict] = {}

    def __call__(self, evidence: dict[str, list[str]]) -> set[str]:
        for name, request in self.requests.items():
            if request.again and not request.is_rerun:
                verdict = judge(request, evidence.get(name, []), self.homework, end=evidence.get(END + name, []))
                if verdict.complete:
                    self.verdicts[name] = verdict
        return set(self.verdicts)


def run_submission(
    submission: Submission,
    requests: dict[str, Request],
    limits: Limits = Limits(),
    runner: Runner | None = None,
    settled: Settled | None = None,
) -> Run:
    """Run the clean notebook and gather evidence; needs no labels and no reference values.

    runner: what runs it (default: `run_notebook`, on this machine). settled: see `run_notebook`.
    """
    cells = {question: _answer_cells(submission.notebook, request) for question, request in requests.items()}
    wires = [request.to_wires(cells[question]) for question, request in requests.items()]
    # What no test cell asks is asked at the end, in this order: the course's functions come last, when nothing else is
    # asked any more that they could answer, and each question is asked before its own one is sent.
    wire = {name: text for kind in (OWN, END, AGAIN) for own in wires for name, text in own.items() if _is(kind, name)}
    if checks := next((request.checks for request in requests.values()), ""):
        wire[CHECKS] = checks
    for cell in submission.notebook.cells:
        if tested_question(cell):
            cell.source = visible_tests(cell.source)
    return (runner or run_notebook)(submission.notebook, wire, limits, settled)


def _is(kind: str, name: str) -> bool:
    return name.startswith(kind) if kind else "/" not in name


def _answer_cells(notebook: NotebookNode, request: Request) -> list[str]:
    """The code that answers a question, cell by cell: the answer cell, also where it stands in parts, and the student's
    own cells between the released ones around it.

    Where none of these so much as mentions what is asked for, the student's own cells further below that do.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" or grade_id(cell)]
    places = [i for i, cell in enumerate(cells) if answered_question(cell) == request.question.id]
    if not places:
        return []
    start, end = with_own_cells(cells, places[0], places[-1] + 1)
    answer = [cell.source for cell in cells[start:end] if cell.cell_type == "code"]
    asked = re.compile("|".join(rf"\b{re.escape(probe.read)}\b" for probe in request.asked() if probe.read) or "$.")
    if not any(asked.search(source) for source in answer):
        answer += [cell.source for cell in cells[end:] if not grade_id(cell) and asked.search(cell.source)]
    return answer


def judge_run(
    run: Run,
    requests: dict[str, Request],
    questions: tuple[Question, ...],
    homework: Homework,
    repairs: list[str],
    known: Mapping[str, Verdict] | None = None,
) -> Graded:
    """The verdicts on a run. A question whose evidence never came gets the reason why the run ended.

    known: the verdicts that were given while it ran, if any.
    """
    verdicts: list[Verdict] = []
    lost: list[str] = []
    unearned: list[str] = []
    stopped = _stopped(run.notebook)
    for question in questions:
        if known and question.id in known:
            verdicts.append(known[question.id])
        elif not question.checks:
            verdicts.append(by_hand(question))
        elif question.id not in run.evidence and run.problem:
            verdicts.append(refused(question, run.problem))
        elif question.id in run.late:
            verdicts.append(
                refused(question, "Your code took too long to answer. Does a loop run longer than it has to?")
            )
        else:
            verdicts.append(
                judge(
                    requests[question.id],
                    run.evidence.get(question.id, []),
                    homework,
                    lost,
                    stopped.get(question.id),
                    end=_in_time(run, END + question.id),
                    again=_in_time(run, AGAIN + question.id),
                    unearned=unearned,
                )
            )
        if not (verdicts[-1].complete or verdicts[-1].waiting):
            lost.append(question.id)
            if not verdicts[-1].score:
                unearned.append(question.id)
    return Graded(run.notebook, verdicts, repairs, run.problem, run.ended_by)


def _in_time(run: Run, name: str) -> list[str]:
    return [] if name in run.late else run.evidence.get(name, [])


def _stopped(notebook: NotebookNode) -> dict[str, Failure]:
    """{question id: the error that ended its answer cell}, for the cells that did not reach their end."""
    return {
        question: read_error(output.get("ename"), output.get("evalue"))
        for cell in notebook.cells
        if cell.cell_type == "code" and (question := answered_question(cell))
        for output in cell.get("outputs", ())
        if output.get("output_type") == "error"
    }


def grade_submission(
    submission: Submission, homework: Homework, seed: int, limits: Limits = Limits(), runner: Runner | None = None
) -> Graded:
    """Run and judge one clean notebook; what a limit or an accident ended is run once more.

    Raises RunFailed where the kernel was ended from outside both times: nothing is known about the work then.
    """
    requests = draw_requests(homework.questions, homework, seed)
    full_marks = FullMarks(requests, homework)
    run = run_submission(submission, requests, limits, runner, full_marks)
    if run.ended_by:
        full_marks = FullMarks(requests, homework)
        run = blameless(run_submission(submission, requests, limits, runner, full_marks))
    return judge_run(run, requests, homework.questions, homework, submission.repairs, full_marks.verdicts)


def blameless(run: Run) -> Run:
    """The same run; RunFailed where it says nothing about the student's work."""
    if run.ended_by == OUTSIDE:
        raise RunFailed(run.problem or KILLED)
    return run
