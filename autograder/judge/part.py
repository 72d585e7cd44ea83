"""As much of a homework's kernel part as one request needs. A student's code can read and call all that is sent."""

import ast
from collections.abc import Iterable
from functools import lru_cache


class NotSeparable(ValueError):
    """`stand_ins` of a kernel part does not end in a dict of names, so that no single one can be sent."""


@lru_cache(maxsize=64)
def part_for(text: str, stand_ins: frozenset[str] = frozenset()) -> str:
    """The text of a kernel.py with the stand-ins of these names, and without what only others need.

    Raises NotSeparable unless its `stand_ins` ends in `return {"name": function, ...}`.
    """
    module, wanted = ast.parse(text), {"set_up", "make"}
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name == "stand_ins":
            if stand_ins:
                _keep(node, stand_ins)
                wanted.add("stand_ins")
    return ast.unparse(ast.Module(_needed(module.body, wanted), []))


def _keep(function: ast.FunctionDef, names: frozenset[str]) -> None:
    """Leave in a function that returns a dict only what these entries of it need."""
    last = function.body[-1]
    if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Dict):
        raise NotSeparable
    kept: dict[str, ast.expr] = {}
    for key, value in zip(last.value.keys, last.value.values):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            raise NotSeparable
        if key.value in names:
            kept[key.value] = value
    last.value = ast.Dict([ast.Constant(name) for name in kept], list(kept.values()))
    function.body = [*_needed(function.body[:-1], _read(last)), last]


def _needed(body: list[ast.stmt], wanted: Iterable[str]) -> list[ast.stmt]:
    """Those statements, in their order, that the wanted names need, directly or through others."""
    open_names = set(wanted)
    known: set[str] = set()
    while open_names:
        known |= open_names
        needed = [node for node in body if _bound(node) & known]
        open_names = set().union(*map(_read, needed)) - known if needed else set()
    kept = [node for node in body if _bound(node) & known]
    for node in kept:
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [alias for alias in node.names if _bound_by(alias) in known]
    return kept


def _bound(node: ast.stmt) -> set[str]:
    """The names that a statement gives a value to."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return set(map(_bound_by, node.names))
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _bound_by(alias: ast.alias) -> str:
    return alias.asname or alias.name.split(".")[0]


def _read(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
