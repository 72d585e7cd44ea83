"""What a class's marks say about the questions: how hard each is, how well it tells students apart, what went wrong.

Difficulty is the mean share of the points, from 0 (nobody earned any) to 1 (everybody earned all). Discrimination is
the corrected item-total correlation: Pearson's r between the points of one question and those of all others, so that
a question is not correlated with itself (Henrysson, "Correction of item-total correlations in item analysis",
Psychometrika 28, 1963). Near 0, who is strong in the rest is not stronger here; below 0, look at the question first.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from autograder.gradebook.results import StudentResult
from autograder.judge.question import Question

ALL = "all questions"
BINS = 10
FEW = 20  # with fewer students, a correlation is mostly chance


@dataclass(frozen=True)
class Spread:
    """How the final marks of a class lie, in points: the middle, the quarters, the standard deviation (of the class
    itself, not of a population) and how many lie in each of BINS steps of the range; the last one holds its end."""

    mean: float
    median: float
    quarters: tuple[float, float]
    deviation: float
    bins: list[tuple[float, float, int]]


@dataclass(frozen=True)
class Item:
    """One question in one class; None where there is nothing to compute from. `marked` counts the students whose mark
    is known: one that waits for a reader is not."""

    question: Question
    marked: int
    mean: float | None
    share: float | None
    discrimination: float | None


@dataclass(frozen=True)
class Mistake:
    """A misconception and how many of the graded students have it."""

    question: str
    title: str
    students: int
    share: float


@dataclass(frozen=True)
class Change:
    """One mark that another run changed. Where only one of the two runs could grade the student, `question` is ALL, the
    mark is the sum of the automatic ones, and that of the other run is None."""

    student: str
    question: str
    before: float | None
    after: float | None
    message: str


def spread(results: list[StudentResult]) -> Spread | None:
    """Of the graded students' final marks; None where nobody is graded."""
    graded = [r for r in results if r.status == "graded"]
    if not graded:
        return None
    scores = np.array([r.score for r in graded])
    edges = np.linspace(0, max([*(r.max_score for r in graded), *scores, 1]), BINS + 1)
    counts = np.histogram(scores, edges)[0]
    low, middle, high = (float(value) for value in np.percentile(scores, [25, 50, 75]))
    bins = [(float(a), float(b), int(n)) for a, b, n in zip(edges, edges[1:], counts)]
    return Spread(float(scores.mean()), middle, (low, high), float(scores.std()), bins)


def items(results: list[StudentResult], questions: tuple[Question, ...]) -> list[Item]:
    """One item for each question, over the graded students; marks that wait for a reader are left out."""
    graded = [{q.id: q for q in r.questions} for r in results if r.status == "graded"]
    found = []
    for question in questions:
        marked = [student for student in graded if question.id in student and not student[question.id].waiting]
        own = np.array([student[question.id].score for student in marked], dtype=float)
        rest = np.array([sum(q.score for q in student.values()) for student in marked], dtype=float) - own
        mean = float(own.mean()) if len(own) else None
        found.append(
            Item(question, len(own), mean, None if mean is None else mean / question.points, _correlation(own, rest))
        )
    return found


def _correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def mistakes(results: list[StudentResult], questions: tuple[Question, ...]) -> list[Mistake]:
    """The misconceptions in the class, the most frequent first."""
    graded = [r for r in results if r.status == "graded"]
    titles = {(q.id, m.id): m.title for q in questions for m in q.misconceptions}
    counts = Counter((q.id, q.misconception) for r in graded for q in r.questions if q.misconception)
    found = []
    for (question, name), students in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        title = titles.get((question, name), name)
        found.append(Mistake(question, title, students, students / len(graded)))
    return found


def changes(
    before: dict[str, StudentResult], results: list[StudentResult], questions: tuple[Question, ...]
) -> list[Change]:
    """The marks that the last run changed, for those who had been graded before. By-hand marks are no part of it."""
    automatic = [q.id for q in questions if q.checks]
    found = []
    for result in results:
        if result.student not in before:
            continue
        old, new = _marks(before[result.student], automatic), _marks(result, automatic)
        verdicts = {q.id: q for q in result.questions}
        if old and new:
            found += [
                Change(result.student, q, old.get(q), new.get(q), verdicts[q].message)
                for q in automatic
                if old.get(q) != new.get(q) and not verdicts[q].marked_by_hand
            ]
        elif old or new:
            then, now = (sum(marks.values()) if marks else None for marks in (old, new))
            found.append(Change(result.student, ALL, then, now, result.reason or "Graded now."))
    return found


def _marks(result: StudentResult, questions: list[str]) -> dict[str, float]:
    if result.status != "graded":
        return {}
    return {q.id: q.score for q in result.questions if q.id in questions}
