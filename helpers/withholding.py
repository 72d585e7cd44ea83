"""Homework mode: the helpers that a homework asks for are withheld while its notebook runs."""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

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


def withhold(homework: str, written: Mapping[str, str]) -> None:
    """Hide the helpers that the student writes in a homework, for the rest of this kernel.

    From then on ``from helpers import cosine_similarity`` and ``helpers.cosine_similarity`` both raise
    ImportError, with a sentence that says what to do. Names that the notebook imported before are not taken
    away again. Calling it twice changes nothing.

    Parameters
    ----------
    homework : str
        Its name, such as "hw4".
    written : mapping
        helper -> the student's own function (or variable) that takes its place.

    Raises
    ------
    ValueError
        If helpers has no such name to withhold.
    """
    package: Any = sys.modules[__package__]
    unknown = [name for name in written if name not in package._MODULE_OF]
    if unknown:
        raise ValueError(f"helpers has no {unknown[0]!r} to withhold: correct the name.")
    number = homework.removeprefix("hw")
    for name, own in written.items():
        _withheld[name] = (
            f"{name} is what you write yourself in homework {number}, so helpers keeps its own version "
            f"back. Write {own} in its answer cell, run the cell, and use yours."
        )
    package.__all__ = [name for name in package.__all__ if name not in _withheld]
    # All modules of the public face: what is withheld is also a name of those that use it.
    modules = sorted(set(package._MODULE_OF.values()))
    for module in (package, *(import_module(f"{__package__}.{name}") for name in modules)):
        module.__class__ = _WithholdingModule
