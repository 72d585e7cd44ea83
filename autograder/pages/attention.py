"""Who needs a look by the instructor after a grading run, and why."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from autograder.gradebook.results import StudentResult
from autograder.intake.merge import OTHER_TEXT
from autograder.judge.judge import FOUND_AT_END

# In the order in which they are listed, with what to say of them.
NO_FILE, FAILED, TIMED_OUT, NOTED = "No file", "Not graded", "Timed out or ended early", "To be looked at"
UNKNOWN, LATE, REPAIRED, OUTSIDE = "Not on the roster", "Late", "Repaired", "Answered outside the answer cells"
WAITING = "Waits to be marked by hand"
BRIEF = {LATE, REPAIRED, WAITING}  # may hold most of a class, and hold nobody up
KINDS = (NO_FILE, FAILED, TIMED_OUT, NOTED, UNKNOWN, LATE, OUTSIDE, REPAIRED, WAITING)


@dataclass(frozen=True)
class Look:
    """One student and one reason to look; told: the details, in words or none."""

    kind: str
    result: StudentResult
    told: str = ""


def needs_attention(results: Iterable[StudentResult], no_file: Collection[str] = ()) -> dict[str, list[Look]]:
    """{kind: who, in the order of the results}, without the kinds that nobody falls under.

    no_file: the students of whom there is no notebook.
    """
    looks = [look for result in results for look in _looks(result, result.student not in no_file)]
    found = {kind: [look for look in looks if look.kind == kind] for kind in KINDS}
    return {kind: own for kind, own in found.items() if own}


def _looks(result: StudentResult, has_file: bool) -> Iterable[Look]:
    if result.status == "failed":
        yield Look(FAILED if has_file else NO_FILE, result, result.reason or "")
    if result.ended_by and result.status == "graded":
        yield Look(TIMED_OUT, result, result.problem or f"{result.ended_by} in one cell or answer")
    if result.notes:
        yield Look(NOTED, result, " ".join(result.notes))
    final = result.final
    if final and not final.on_roster:
        yield Look(UNKNOWN, result)
    if final and final.days_late and has_file:
        cost = f", which costs {result.penalty:g} points" if result.penalty else ""
        yield Look(LATE, result, f"{final.days_late} day{'s' if final.days_late > 1 else ''}{cost}")
    outside = [q.id for q in result.questions if FOUND_AT_END in q.message]
    outside += [repair.split()[1].removeprefix("answer_") for repair in result.repairs if repair.endswith(OTHER_TEXT)]
    if outside:
        yield Look(OUTSIDE, result, ", ".join(outside))
    if result.repairs:
        yield Look(REPAIRED, result, repairs_in_words(result.repairs))
    waiting = [q.id for q in result.questions if q.waiting]
    if waiting and result.status == "graded":
        yield Look(WAITING, result, ", ".join(waiting))


def repairs_in_words(repairs: Sequence[str]) -> str:
    """All repairs of one file in one line, with their number."""
    return f"{len(repairs)} repair{'s' if len(repairs) > 1 else ''}: {' '.join(repairs)}"
