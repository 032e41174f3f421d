"""The header of a file: its column names, before any row is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from abm_ml.errors import SourceError, did_you_mean
from abm_ml.tables import Table
from abm_ml.tables.check import RESERVED


def refuse_names(place: str, names: Sequence[str]) -> None:
    """Raises SourceError where a column stands twice (capitals make no difference) or has a name that is reserved."""
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if name in RESERVED:
            raise SourceError(f"{place}: the column '{name}' has a name that abm_ml uses itself. Rename it.")
        if name.casefold() in first:
            other = first[name.casefold()]
            what = f"column '{name}'" if names[other - 1] == name else f"columns '{names[other - 1]}' and '{name}'"
            stands = "stands" if names[other - 1] == name else "differ only in capitals and stand"
            raise SourceError(f"{place}: the {what} {stands} in places {other} and {number}. Rename one of them.")
        first[name.casefold()] = number


def refuse_missing(place: str, names: Sequence[str], table: Table, theirs: Mapping[str, str]) -> None:
    """Raises SourceError naming every column that a table needs and a file lacks, with the nearest name it has.

    `theirs` is what the file calls each column; a column that the configuration maps is needed, too.
    """
    needed = [column.name for column in table.columns if column.required and column.name != "known_at"]
    needed += [name for name in table.names if theirs[name] != name and name not in needed]
    lacking = [theirs[name] for name in needed if theirs[name] not in names]
    if lacking:
        hints = " ".join(f"'{name}': {did_you_mean(name, names)}" for name in lacking)
        columns = "a column" if len(lacking) == 1 else f"{len(lacking)} columns"
        raise SourceError(
            f"{place}, line 1: the table {table.name} lacks {columns}. {hints} "
            "Rename it in the file, or map it in the configuration (source: columns)."
        )
