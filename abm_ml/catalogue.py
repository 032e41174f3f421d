"""Catalogues: named sets of definitions, with a look-up that helps and a fingerprint."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import inspect
import json
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

from abm_ml.errors import DefinitionError, UnknownName, did_you_mean


class Definition(Protocol):
    """What a catalogue holds: a frozen record that knows its own name."""

    @property
    def name(self) -> str:
        """The name people type; unique within its catalogue."""
        ...


D = TypeVar("D", bound=Definition)


class Catalogue(Generic[D]):
    """A named set of definitions in the order in which they were written."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, D] = {}

    def add(self, entry: D) -> D:
        """Takes one more definition in.

        Raises:
            DefinitionError: there is already one of that name.
        """
        if entry.name in self._entries:
            raise DefinitionError(f"The {self.kind} '{entry.name}' is defined twice. Rename one of the two.")
        self._entries[entry.name] = entry
        return entry

    def __getitem__(self, name: str) -> D:
        """The definition of that name; raises UnknownName with the nearest name."""
        if name not in self._entries:
            raise UnknownName(f"No {self.kind} is called '{name}'. {did_you_mean(name, self._entries)}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[D]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of definition."""
        return tuple(self._entries)


def first_line(function: Callable[..., Any]) -> str:
    """The definition in words: the first line of a function's docstring.

    Raises:
        DefinitionError: there is no docstring.
    """
    if not function.__doc__ or not function.__doc__.strip():
        where = f"{function.__module__}.{function.__qualname__}"
        raise DefinitionError(f"{where} has no docstring. Its first line is the definition that people read.")
    return function.__doc__.strip().splitlines()[0]


def fingerprint(*definitions: Any) -> str:
    """A hash (64 hex digits) of what definitions mean: their facts and the code of their functions.

    The same in every process and on every machine: it reads source text without comments and layout, never `hash()`.
    """
    text = json.dumps([_canonical(definition) for definition in definitions], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _canonical(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    if inspect.ismodule(value) or callable(value):
        return _meaning(value)
    kind: Any = type(value)
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        # Its text would be an address in memory, another one in every process.
        raise DefinitionError(f"A {kind.__name__} has no text of its own, so no fingerprint. Use a dataclass.")
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _meaning(function: Any) -> Any:
    """The source of a module, or of a function and what it took along from where it was made."""
    if inspect.ismodule(function):
        return _source(function)
    code = getattr(function, "__code__", None)
    if code is None:
        return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__name__)}"
    cells = zip(code.co_freevars, getattr(function, "__closure__", None) or (), strict=True)
    taken = {name: cell.cell_contents for name, cell in cells if cell.cell_contents is not function}
    return [_source(function), _canonical(taken)] if taken else _source(function)


def _source(code: Callable[..., Any] | ModuleType) -> str:
    text = textwrap.dedent(inspect.getsource(code))
    try:
        return ast.unparse(ast.parse(text))
    except SyntaxError:  # a lambda in the middle of a longer statement
        return " ".join(text.split())
