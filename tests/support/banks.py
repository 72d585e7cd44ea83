"""A homework's key as the repository has it, for tests that need no data, and what holds for the banks of every one."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from autograder.commands.selftest import judge_answers
from autograder.judge.homework import Homework
from autograder.judge.submission import draw_requests
from autograder.judge.verdict import Verdict


class Banks:
    """The questions of homework/<name>/, with their misconceptions and right answers by question."""

    def __init__(self, name: str) -> None:
        self.homework = Homework(Path(__file__).resolve().parents[2] / "homework" / name)
        self.questions = self.homework.questions
        self.judged = {question.id: question for question in self.homework.judged}
        self.misconceptions = {question.id: question.misconceptions for question in self.homework.judged}
        self.right_answers = {question.id: question.right_answers for question in self.homework.judged}

    def module_of_the_key(self, name: str) -> ModuleType:
        return import_module(f"{self.homework.key.__name__}.{name}")

    @property
    def mistakes(self) -> list[tuple]:
        """(question, misconception), all of them."""
        return [(question, m) for question, bank in self.misconceptions.items() for m in bank]

    @property
    def rights(self) -> list[tuple]:
        """(question, right answer), all of them."""
        return [(question, answer) for question, bank in self.right_answers.items() for answer in bank]

    def judge(self, homework: Homework, seed: int):
        """A function: the verdict on an answer to a question, in a notebook whose other answers are right."""
        requests = draw_requests(tuple(self.judged.values()), homework, seed=seed)

        def judged(question: str, source: str) -> Verdict:
            return judge_answers({question: source}, [self.judged[question]], requests, homework)[question]

        return judged

    def check_size(self) -> None:
        """At least 40 mistakes and 30 right answers, each mistake once."""
        every = self.mistakes
        assert set(self.misconceptions) == set(self.right_answers) == set(self.judged)
        assert len(every) >= 40 and len(self.rights) >= 30
        assert len({(q, m.id) for q, m in every}) == len({(q, m.source) for q, m in every}) == len(every)

    def check_feedback(self, giveaways: tuple[str, ...]) -> None:
        """Two short sentences that hold none of the solution's texts."""
        for question, m in self.mistakes:
            assert not m.title.endswith((".", "?", "!")) and m.hint.endswith((".", "?")), m.id
            assert len(m.feedback) <= 220 and question in m.loses, m.id
            assert not [text for text in giveaways if text in m.feedback], m.id


def check_named(judged, question: str, misconception) -> None:
    """The misconception, in all its words, loses points and is named."""
    for source in (misconception.source, *misconception.also):
        verdict = judged(question, source)
        assert not verdict.complete
        assert verdict.misconception == misconception.id and verdict.message == misconception.feedback


def name_of(parameter) -> str:
    """The id of a bank's entry, for pytest."""
    return getattr(parameter, "id", getattr(parameter, "title", parameter))
