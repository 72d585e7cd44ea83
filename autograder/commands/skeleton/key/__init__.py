"""The answer key of this homework: its questions, in the notebook's order."""

from .recall import RECALL

QUESTIONS = (RECALL,)
