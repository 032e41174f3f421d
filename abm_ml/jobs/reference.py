"""The reference: every KPI, feature, label and table, printed from its record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from abm_ml.errors import UnknownName, did_you_mean
from abm_ml.features import DERIVED, FEATURES
from abm_ml.kpis import KPIS, cuts_of
from abm_ml.kpis.base import EITHER, Part, grain_of, made_of
from abm_ml.labels import LABELS
from abm_ml.tables import TABLES, Column, Table


@dataclass(frozen=True)
class Reference:
    """One table of the reference: what it lists, its columns and its rows; the first cell of a row is a name.

    `brief` says how many of its columns a terminal shows.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    brief: int = 7


def reference(kind: str) -> Reference:
    """The reference of kpis, features, labels or tables.

    Raises:
        UnknownName: there is no such reference.
    """
    if kind not in REFERENCES:
        raise UnknownName(f"No catalogue is called '{kind}'. {did_you_mean(kind, REFERENCES)}")
    return REFERENCES[kind]()


def as_markdown(table: Reference) -> str:
    """The reference as a page of Markdown."""
    lines = [
        f"# {table.title}",
        "",
        "Generated from the records by `make docs`; not edited by hand.",
        "",
        _line(table.columns),
        _line(["---"] * len(table.columns)),
        *[_line((f"`{name}`", *rest)) for name, *rest in table.rows],
    ]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _features() -> Reference:
    windowed: list[tuple[str, ...]] = [
        (
            each.name,
            each.group,
            each.definition,
            each.measure.name,
            ", ".join(str(days) for days in each.windows) or "ever",
            each.unit,
            "yes" if each.controllable else "",
        )
        for each in FEATURES
        if not each.hidden
    ]
    made: list[tuple[str, ...]] = [
        (each.name, each.group, each.definition, "derived", "", each.unit, "yes" if each.controllable else "")
        for each in DERIVED
        if not each.hidden
    ]
    columns = ("feature", "group", "definition", "measure", "windows in days", "unit", "a seller can change it")
    return Reference("Features", columns, (*windowed, *made))


def _labels() -> Reference:
    rows = [(each.name, each.definition, f"{each.horizon_days} days", " or ".join(each.needs)) for each in LABELS]
    return Reference("Labels", ("label", "definition", "default horizon", "needs the table"), tuple(rows))


def _kpis() -> Reference:
    rows = [
        (
            each.name,
            each.id,
            each.family,
            each.three_r,
            each.unit,
            each.better,
            each.definition,
            each.formula,
            ", ".join(_needs(each)).replace(EITHER, " or ") or "goals",
            ", ".join(cuts_of(each)) or "nothing",
            each.example,
            each.reference,
        )
        for each in sorted(KPIS, key=lambda kpi: kpi.id)
    ]
    columns = (
        "KPI", "id", "family", "R", "unit", "better", "definition", "formula", "needs", "can be cut by",
        "worked example", "what vendors claim",
    )  # fmt: skip
    return Reference("KPIs", columns, tuple(rows))


def _needs(what: Part) -> tuple[str, ...]:
    """The tables and columns without which a KPI is not available, with those of what it is made of."""
    rows = grain_of(what)
    inherited = [need for each in made_of(what) for need in _needs(each)]
    return tuple(dict.fromkeys((*what.needs, *(rows.needs if rows else ()), *inherited)))


def _tables() -> Reference:
    rows: list[tuple[str, ...]] = []
    for table in TABLES:
        rows.append((table.name, "table", _needed(table), _of_table(table)))
        for column in table.columns:
            cells = (f"{table.name}.{column.name}", column.type, _needed(column), _of_column(table, column))
            rows.append(cells)
    return Reference("Tables", ("table and column", "type", "needed", "what it holds"), tuple(rows))


def _needed(what: Table | Column) -> str:
    return "required" if what.required else "optional"


def _of_table(table: Table) -> str:
    """What one row is, what identifies it, and since when it counts."""
    said = [f"one row is {table.row}", f"identified by {' and '.join(table.key) or 'all its columns'}"]
    times = dict.fromkeys(name for name in (table.happened_at, table.known_at) if name)
    said.append(f"counts for dates after {' and '.join(times)}" if times else "without time")
    return "; ".join([*said, "takes columns of your own"] if table.custom else said)


def _of_column(table: Table, column: Column) -> str:
    """Which values a cell may have, what it points to, and from when it is known."""
    said = ["unique"] if table.key == (column.name,) else []
    said += [f"one of {', '.join(column.allowed)}"] if column.allowed else []
    said += [f"a row of {column.references}"] if column.references else []
    if column.minimum is not None:
        said.append(f"{column.minimum:g} or more" if column.maximum is None else f"from {column.minimum:g}")
    said += [f"to {column.maximum:g}"] if column.maximum is not None else []
    if column.known_from == column.name:
        said.append("not known before that time")
    elif column.known_from:
        said.append(f"not known before {column.known_from}")
    return "; ".join(said).replace("; to ", " to ")


REFERENCES: dict[str, Callable[[], Reference]] = {
    "features": _features,
    "kpis": _kpis,
    "labels": _labels,
    "tables": _tables,
}
