"""The bank of misconceptions: wrong answers that students really write, by question.

A new one is an entry in its question's module; `autograder selftest` then proves that it loses points where it says,
and that the feedback names it.
"""

from autograder.judge.banks import Misconception
from autograder.misconceptions.batch_cosine import BATCH_COSINE
from autograder.misconceptions.best_alpha import BEST_ALPHA
from autograder.misconceptions.cosine import COSINE
from autograder.misconceptions.hybrid import HYBRID
from autograder.misconceptions.normalize import NORMALIZE
from autograder.misconceptions.recall import RECALL
from autograder.misconceptions.semantic import SEMANTIC

MISCONCEPTIONS: dict[str, tuple[Misconception, ...]] = {
    "cosine": COSINE,
    "batch_cosine": BATCH_COSINE,
    "recall": RECALL,
    "semantic": SEMANTIC,
    "normalize": NORMALIZE,
    "hybrid": HYBRID,
    "best_alpha": BEST_ALPHA,
}


def find(question: str, misconception: str | None) -> Misconception | None:
    """The misconception with this id, or None."""
    return next((m for m in MISCONCEPTIONS.get(question, ()) if m.id == misconception), None)
