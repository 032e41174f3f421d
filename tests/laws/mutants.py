"""Planted faults: a module of ours with a comparison turned, `<` into `<=` or `>=` into `>`, or another text."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Collection

from abm_ml import timeline

_TURNED: dict[type[ast.cmpop], ast.cmpop] = {ast.Lt: ast.LtE(), ast.GtE: ast.Gt(), ast.LtE: ast.Lt(), ast.Gt: ast.GtE()}


def _turned(
    module: types.ModuleType, function: str, about: str, chosen: Collection[int] = ()
) -> tuple[list[str], types.ModuleType]:
    """A copy of a module in which the chosen comparisons of a function are turned; all of its comparisons."""
    tree = ast.parse(inspect.getsource(module))
    body = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    found = [
        node
        for node in ast.walk(body)
        if isinstance(node, ast.Compare) and type(node.ops[0]) in _TURNED and about in ast.unparse(node)
    ]
    for number in chosen:
        found[number].ops = [_TURNED[type(found[number].ops[0])]]
    return [ast.unparse(node) for node in found], _module(module, tree)


def _module(module: types.ModuleType, tree: ast.Module) -> types.ModuleType:
    """The module that a changed source makes; its functions are not compiled by numba."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = []
    mutant = types.ModuleType(module.__name__)
    exec(compile(tree, "mutant", "exec"), mutant.__dict__)  # noqa: S102 - our own source with a sign turned
    return mutant


def turned_one_by_one(
    *functions: str, module: types.ModuleType = timeline, about: str = "as_of"
) -> dict[str, types.ModuleType]:
    """One faulty module per comparison in these functions that speaks of `about`."""
    faults = {}
    for function in functions:
        for number in range(len(_turned(module, function, about)[0])):
            texts, mutant = _turned(module, function, about, (number,))
            faults[f"{function}: {texts[number]}"] = mutant
    return faults


def rewritten(module: types.ModuleType, old: str = "", new: str = "") -> types.ModuleType:
    """A module with one text of its source replaced, in plain Python; without a text as it is."""
    source = inspect.getsource(module)
    assert not old or source.count(old) == 1, f"{old!r} should stand once in {module.__name__}"
    return _module(module, ast.parse(source.replace(old, new) if old else source))
