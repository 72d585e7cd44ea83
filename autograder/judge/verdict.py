"""What the judge says of one question."""

from dataclasses import asdict, dataclass

from autograder.judge.question import Question

BY_HAND = "Waits to be read and marked by hand."


@dataclass(frozen=True)
class CheckResult:
    """What became of one check: points earned, and the sentence where it failed."""

    id: str
    title: str
    points: float
    earned: float
    problem: str | None


@dataclass(frozen=True)
class Verdict:
    """Points and a sentence for one question.

    waiting: a reader still has to mark it; marked_by_hand: the score is a reader's, as the gradebook has it;
    automatic: what the judge gave, where a reader's mark stands in its place.
    """

    id: str
    score: float
    max_score: float
    message: str
    misconception: str | None = None
    checks: tuple[CheckResult, ...] = ()
    waiting: bool = False
    title: str = ""
    marked_by_hand: bool = False
    automatic: float | None = None

    @property
    def complete(self) -> bool:
        return self.score == self.max_score

    def to_json(self) -> dict:
        """The form of DESIGN §7, with the checks for the report."""
        return {
            "id": self.id,
            "title": self.title,
            "score": self.score,
            "max_score": self.max_score,
            "message": self.message,
            "misconception": self.misconception,
            "waiting": self.waiting,
            "marked_by_hand": self.marked_by_hand,
            "automatic": self.automatic,
            "checks": [asdict(c) for c in self.checks],
        }

    @classmethod
    def from_json(cls, kept: dict) -> "Verdict":
        """What `to_json` gave, read back; KeyError or TypeError where it is not that."""
        return cls(**kept | {"checks": tuple(CheckResult(**check) for check in kept["checks"])})


def refused(question: Question, sentence: str) -> Verdict:
    """No points, with the reason."""
    return Verdict(question.id, 0.0, float(question.points), sentence, title=question.title)


def by_hand(question: Question) -> Verdict:
    """A question that waits for a reader."""
    return Verdict(question.id, 0.0, float(question.points), BY_HAND, waiting=True, title=question.title)


def told_problems(verdict: Verdict) -> list[str | None]:
    """For each check the sentence to show with it: each problem once, and none that the verdict's own message tells."""
    told, shown = verdict.message, []
    for check in verdict.checks:
        if check.problem is None:
            shown.append(
                None if check.earned else "This holds, but earns points only together with the first property."
            )
        else:
            shown.append(None if check.problem in told else check.problem)
            told += f" {check.problem}"
    return shown
