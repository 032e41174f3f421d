"""Configuration: strict values read from YAML; an error names the file, the line and the key."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from abm_ml.errors import ConfigError, UnknownName, did_you_mean


class Strict(BaseModel):
    """A record of configuration: frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


def _in_utc(moment: dt.datetime) -> dt.datetime:
    return moment if moment.tzinfo is None else moment.astimezone(dt.UTC).replace(tzinfo=None)


UtcTime = Annotated[dt.datetime, AfterValidator(_in_utc)]
"""A time as abm_ml keeps it: in UTC, without zone. One with a zone is converted; one without is in UTC already."""

S = TypeVar("S", bound=Strict)
KeyPath = tuple[Hashable, ...]

_SECRET_WORDS = ("password", "passwd", "secret", "token", "api_key", "apikey", "private_key", "credential")
_SECRET_IN_ADDRESS = re.compile(
    r"://[^/?#\s]*:[^/?#\s]*@|[?&;](password|passwd|pwd|secret|token|api_?key)=", re.IGNORECASE
)


def read_config(path: Path, model: type[S]) -> S:
    """The configuration in a YAML file.

    Raises:
        ConfigError: no such file, no valid YAML, a key that stands twice or is unknown, a wrong value, or a literal
            secret.
    """
    text = _read_text(path)
    try:
        values = yaml.safe_load(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line}: this is not valid YAML ({getattr(error, 'problem', error)}).") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: a configuration is a list of `key: value` lines; this file holds none.")
    lines = _lines(node, path)
    _refuse_secrets(values, (), path, lines)
    return parse_config(values, model, where=str(path), lines=lines)


def parse_config(
    values: Mapping[str, Any], model: type[S], *, where: str, lines: Mapping[KeyPath, int] | None = None
) -> S:
    """The configuration in values already read; `where` names their origin in errors."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problems = [_problem(item, model, values, _Places(where, lines or {})) for item in error.errors()]
        raise ConfigError(" ".join(problems)) from error
    except UnknownName as error:
        raise ConfigError(f"{where}: {error}") from error


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such configuration file. Name one with --config.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: this file cannot be read as UTF-8 text ({error}).") from error


@dataclass(frozen=True)
class _Places:
    """Where the keys of a configuration stand."""

    where: str
    lines: Mapping[KeyPath, int]

    def of(self, path: KeyPath) -> str:
        """The line of a key or, where it is missing, of the nearest key above it."""
        line = next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), None)
        return f"{self.where}, line {line}" if line else self.where


def _problem(item: Any, model: type[BaseModel], values: Any, places: _Places) -> str:
    """One sentence or two on what pydantic found wrong."""
    path = _as_written(item["loc"], values)
    kind, details = item["type"], item.get("ctx", {})
    if kind in ("missing", "union_tag_not_found"):
        path += (item["loc"][-1] if kind == "missing" else _unquoted(details["discriminator"]),)
    if kind == "union_tag_invalid":
        path += (_unquoted(details["discriminator"]),)
    key, place = _dotted(path), places.of(path)
    if kind == "extra_forbidden":
        return f"{place}: no key is called '{key}'. {did_you_mean(str(path[-1]), _siblings(model, item['loc']))}"
    if kind == "missing":
        return f"{place}: the key '{key}' is missing."
    allowed = re.findall(r"'([^']*)'", str(details.get("expected_tags", details.get("expected", ""))))
    if kind == "union_tag_not_found":
        return f"{place}: the key '{key}' is missing. There is: {', '.join(_kinds(model, item['loc']))}."
    if kind in ("union_tag_invalid", "literal_error") and allowed:
        found = details.get("tag", item.get("input"))
        return f"{place}, key '{key}': {_shown(found)} is not known. {did_you_mean(str(found), allowed)}"
    message = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
    found = "" if isinstance(item.get("input"), (Mapping, BaseModel)) else f" (found: {_shown(item.get('input'))})"
    sentence = message if message.endswith("?") else f"{message}{found}."
    return f"{place}, key '{key}': {sentence}" if path else f"{place}: {sentence}"


def _as_written(location: Sequence[Any], values: Any) -> KeyPath:
    """The part of pydantic's path that stands in the file: without the kinds of unions, and what is missing."""
    path: list[Hashable] = []
    for part in location:
        inside = isinstance(values, Mapping) and part in values
        if inside or (isinstance(values, Sequence) and isinstance(part, int) and part < len(values)):
            path.append(part)
            values = values[part]
    return tuple(path)


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))


def _unquoted(name: str) -> str:
    return name.strip("'")


def _kinds(model: type[BaseModel], location: Sequence[Any]) -> list[str]:
    """The kinds that a union may be of."""
    return sorted(tag for each in _models_at(model, location) for tag in _tags(each))


def _siblings(model: type[BaseModel], location: Sequence[Any]) -> list[str]:
    """The keys allowed beside the last one of a path."""
    return sorted({name for each in _models_at(model, location[:-1]) for name in each.model_fields})


def _models_at(model: type[BaseModel], location: Sequence[Any]) -> list[type[BaseModel]]:
    """The models that a path leads to, through nested models, unions and mappings."""
    candidates: list[type[BaseModel]] = [model]
    for part in location:
        deeper = [nested for each in candidates for nested in _models_under(each, part)]
        candidates = deeper or [each for each in candidates if part in _tags(each)] or candidates
    return candidates


def _tags(model: type[BaseModel]) -> list[str]:
    literals = [field.annotation for field in model.model_fields.values() if get_origin(field.annotation) is Literal]
    return [tag for literal in literals for tag in get_args(literal)]


def _models_under(model: type[BaseModel], part: Any) -> list[type[BaseModel]]:
    field = model.model_fields.get(str(part))
    return _nested(field.annotation) if field else []


def _nested(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [each for argument in getattr(annotation, "__args__", ()) for each in _nested(argument)]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _lines(node: yaml.Node | None, where: Path, path: KeyPath = ()) -> dict[KeyPath, int]:
    """The line of every key, and of every item of a list.

    Raises:
        ConfigError: a key stands twice; YAML would take the last one in silence.
    """
    found: dict[KeyPath, int] = {}
    items: list[tuple[Any, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        items = [(key.value, key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        items = [(number, value, value) for number, value in enumerate(node.value)]
    for name, start, value in items:
        here, line = (*path, name), start.start_mark.line + 1
        if here in found:
            raise ConfigError(f"{where}, line {line}: the key '{_dotted(here)}' stands in line {found[here]} already.")
        found[here] = line
        found |= _lines(value, where, here)
    return found


def _refuse_secrets(values: Any, path: KeyPath, where: Path, lines: Mapping[KeyPath, int]) -> None:
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        here = (*path, key)
        name = str(key).casefold()
        place = f"{_Places(str(where), lines).of(here)}, key '{_dotted(here)}'"
        if any(word in name for word in _SECRET_WORDS) and not name.endswith("_env"):
            raise ConfigError(
                f"{place}: a secret never stands in a configuration. Put it in an environment variable and name that "
                f"in '{key}_env'."
            )
        if isinstance(value, str) and _SECRET_IN_ADDRESS.search(value):
            raise ConfigError(
                f"{place}: this address holds a password. Put the address in an environment variable and name that in "
                f"'{key}_env'."
            )
        _refuse_secrets(value, here, where, lines)
