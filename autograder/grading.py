"""One submission, from its bytes to its verdicts."""

from dataclasses import dataclass, field

from nbformat import NotebookNode

from autograder.cells import answered_question, tested_question, visible_tests
from autograder.homework import Homework
from autograder.intake import Submission
from autograder.judge import Request, Verdict, by_hand, draw_request, judge, refused
from autograder.questions import Question
from autograder.run import Limits, Run, run_notebook


@dataclass
class Graded:
    """A run notebook with its verdicts, one for every question in the notebook's order."""
    notebook: NotebookNode
    verdicts: list[Verdict]
    repairs: list[str] = field(default_factory=list)
    problem: str | None = None


def draw_requests(questions: tuple[Question, ...], homework: Homework, seed: int) -> dict[str, Request]:
    """What one run asks, by question id; questions marked by hand ask nothing."""
    return {q.id: draw_request(q, homework, seed) for q in questions if q.checks}


def run_submission(submission: Submission, requests: dict[str, Request], limits: Limits = Limits()) -> Run:
    """Run the clean notebook and gather evidence; needs no labels and no reference values."""
    answers = {answered_question(cell): cell.source for cell in submission.notebook.cells if answered_question(cell)}
    for cell in submission.notebook.cells:
        if tested_question(cell):
            cell.source = visible_tests(cell.source)
    return run_notebook(submission.notebook, {q: r.to_wire(answers.get(q)) for q, r in requests.items()}, limits)


def judge_run(run: Run, requests: dict[str, Request], questions: tuple[Question, ...], homework: Homework,
              repairs: list[str]) -> Graded:
    """The verdicts on a run. A question whose evidence never came gets the reason why the run ended."""
    verdicts, lost = [], []
    for question in questions:
        if not question.checks:
            verdicts.append(by_hand(question))
        elif question.id not in run.evidence and run.problem:
            verdicts.append(refused(question, run.problem))
        elif question.id in run.late:
            verdicts.append(refused(question, "Your code took too long to answer. Does a loop run longer than it has to?"))
        else:
            verdicts.append(judge(requests[question.id], run.evidence.get(question.id, []), homework, lost))
        if not (verdicts[-1].complete or verdicts[-1].waiting):
            lost.append(question.id)
    return Graded(run.notebook, verdicts, repairs, run.problem)


def grade_submission(submission: Submission, questions: tuple[Question, ...], homework: Homework, seed: int,
                     limits: Limits = Limits()) -> Graded:
    """Run and judge one clean notebook."""
    requests = draw_requests(questions, homework, seed)
    run = run_submission(submission, requests, limits)
    return judge_run(run, requests, questions, homework, submission.repairs)
