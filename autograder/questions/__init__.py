"""The questions of each homework, in the order of the notebook."""

from autograder.judge.question import Check, Question
from autograder.questions.measures import RECALL
from autograder.questions.searches import HYBRID, SEMANTIC
from autograder.questions.tuning import BEST_ALPHA, REFLECTION
from autograder.questions.vectors import BATCH_COSINE, COSINE, NORMALIZE

QUESTIONS = {
    "hw4": (COSINE, BATCH_COSINE, RECALL, SEMANTIC, NORMALIZE, HYBRID, BEST_ALPHA, REFLECTION),
}

__all__ = ["QUESTIONS", "Check", "Question"]
