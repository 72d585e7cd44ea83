"""Homework mode: the helpers that a homework asks for are withheld while its notebook runs."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

# For each assignment: helper -> the function of the student's own that takes its place.
STUDENT_WRITES = {
    "hw4": {
        "cosine_similarity": "cosine_similarity",
        "batch_cosine_similarity": "batch_cosine_similarity",
        "cosine_similarity_matrix": "batch_cosine_similarity",
        "calculate_recall": "recall_at_k",
        "semantic_search": "semantic_search",
        "normalize_scores": "normalize_scores",
        "fuse_scores": "hybrid_search",
        "hybrid_search": "hybrid_search",
        "sweep_alpha": "alpha_table",
    },
}

_MODULES = ("helpers.similarity", "helpers.hybrid", "helpers.evaluation")  # where these can be imported from
_withheld: dict[str, str] = {}  # helper -> the sentence that says why it is not there


class _WithholdingModule(ModuleType):
    """A module of helpers that keeps what is withheld from the notebook, and from nobody else.

    Only code that runs in the notebook itself (`__main__`) is refused: the other helpers, and the packages
    that use them, go on working.
    """

    def __getattribute__(self, name: str):
        if name in _withheld:
            if sys._getframe(1).f_globals.get("__name__") == "__main__":
                # An import replaces the text of any AttributeError by its own, so this is the one way to be heard.
                raise ImportError(_withheld[name])
        return super().__getattribute__(name)


def withhold(assignment: str = "hw4") -> None:
    """Hide the helpers that the student writes in this assignment, for the rest of this kernel.

    From then on ``from helpers import cosine_similarity`` and ``helpers.cosine_similarity`` both raise
    ImportError, with a sentence that says what to do. Names that the notebook imported before are not taken
    away again. Calling it twice changes nothing.

    Parameters
    ----------
    assignment : str

    Raises
    ------
    ValueError
        If no such assignment withholds anything.
    """
    if assignment not in STUDENT_WRITES:
        raise ValueError(
            f"There is no assignment {assignment!r} with helpers to withhold; choose from {', '.join(STUDENT_WRITES)}."
        )
    number = assignment.removeprefix("hw")
    for name, own in STUDENT_WRITES[assignment].items():
        _withheld[name] = (
            f"{name} is what you write yourself in homework {number}, so helpers keeps its own version "
            f"back. Write {own} in its answer cell, run the cell, and use yours."
        )
    package: Any = sys.modules[__package__]
    package.__all__ = [name for name in package.__all__ if name not in _withheld]
    for module in (package, *map(import_module, _MODULES)):
        module.__class__ = _WithholdingModule
