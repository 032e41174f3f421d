"""The reference: every KPI, feature and label, printed from its record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from abm_ml.errors import UnknownName, did_you_mean
from abm_ml.features import DERIVED, FEATURES
from abm_ml.kpis import KPIS
from abm_ml.labels import LABELS


@dataclass(frozen=True)
class Reference:
    """One table of the reference: what it lists, its columns and its rows; the first cell of a row is a name."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def reference(kind: str) -> Reference:
    """The reference of kpis, features or labels.

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
    ]
    made: list[tuple[str, ...]] = [
        (each.name, each.group, each.definition, "derived", "", each.unit, "yes" if each.controllable else "")
        for each in DERIVED
    ]
    columns = ("feature", "group", "definition", "measure", "windows in days", "unit", "a seller can change it")
    return Reference("Features", columns, (*windowed, *made))


def _labels() -> Reference:
    rows = [(each.name, each.definition, f"{each.horizon_days} days", " or ".join(each.needs)) for each in LABELS]
    return Reference("Labels", ("label", "definition", "default horizon", "needs the table"), tuple(rows))


def _kpis() -> Reference:
    rows = [
        (each.name, each.family, each.definition, each.formula, each.unit, each.better, ", ".join(each.needs))
        for each in KPIS
    ]
    columns = ("KPI", "family", "definition", "formula", "unit", "better", "needs the tables")
    return Reference("KPIs", columns, tuple(rows))


REFERENCES: dict[str, Callable[[], Reference]] = {"features": _features, "kpis": _kpis, "labels": _labels}
