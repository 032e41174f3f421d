"""Planted faults: the timeline with comparisons with `as_of` turned from `<` into `<=`, or from `>=` into `>`."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Collection

from abm_ml import timeline

_TURNED: dict[type[ast.cmpop], ast.cmpop] = {ast.Lt: ast.LtE(), ast.GtE: ast.Gt()}


def _turned(function: str, chosen: Collection[int]) -> tuple[list[str], types.ModuleType]:
    """A copy of the timeline in which the chosen comparisons of a function are turned; all of its comparisons."""
    tree = ast.parse(inspect.getsource(timeline))
    body = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    found = [
        node
        for node in ast.walk(body)
        if isinstance(node, ast.Compare) and type(node.ops[0]) in _TURNED and "as_of" in ast.unparse(node)
    ]
    for number in chosen:
        found[number].ops = [_TURNED[type(found[number].ops[0])]]
    module = types.ModuleType(timeline.__name__)
    exec(compile(tree, "mutant", "exec"), module.__dict__)  # noqa: S102 - our own source with a sign turned
    return [ast.unparse(node) for node in found], module


def turned_one_by_one(*functions: str) -> dict[str, types.ModuleType]:
    """One faulty timeline per comparison in these functions."""
    faults = {}
    for function in functions:
        for number in range(len(_turned(function, ())[0])):
            texts, module = _turned(function, (number,))
            faults[f"{function}: {texts[number]}"] = module
    return faults


def turned_together(*functions: str) -> dict[str, types.ModuleType]:
    """One faulty timeline per function, with all of its comparisons turned."""
    return {name: _turned(name, range(len(_turned(name, ())[0])))[1] for name in functions}
