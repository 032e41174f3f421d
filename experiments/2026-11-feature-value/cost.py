"""What features cost: CPU seconds to put each kind of rows together and to compute each new family."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import ibis.expr.types as ir

import abm_ml
from abm_ml.features import DERIVED, FEATURES, Derived, Feature, feature_set
from abm_ml.features.cells import Asked
from abm_ml.features.facts import FACTS
from abm_ml.features.finish import comparisons, completed
from abm_ml.features.local import measured
from abm_ml.timeline import scoring_dates

NEW = ("momentum", "depth", "outreach", "people", "repricings", "peers", "relatives", "calendar")
MONTHS = 12
TIMES = 2
Row = dict[str, Any]


def family_of(name: str) -> str:
    """The file that a feature is defined in; changes of amounts are a family of their own."""
    if name not in FEATURES and name not in DERIVED:
        return "own"
    each: Feature | Derived = FEATURES[name] if name in FEATURES else DERIVED[name]
    if getattr(each, "rows", "") == "repricings":
        return "repricings"
    return str(each.function.__module__).rpartition(".")[2]


def costs_of_rows(workspace: abm_ml.Workspace) -> list[Row]:
    """Per kind of rows: how many features read it, and CPU seconds to read it and compute them at 12 month starts."""
    chosen = feature_set(workspace.company.tables, workspace.terms)
    lines = []
    for source in FACTS:
        features = [each for each in chosen.features if each.rows == source.name]
        if features:
            told = sum(len(each.columns) for each in features if not each.hidden)
            seconds = _least(lambda features=features: _computed(workspace, features, ()))
            lines.append({"rows": source.name, "columns": told, "CPU seconds": round(seconds, 2)})
    return lines


def costs_of_families(workspace: abm_ml.Workspace) -> list[Row]:
    """Per new family: CPU seconds of the whole table with it, less those without it."""
    chosen = feature_set(workspace.company.tables, workspace.terms)
    whole = _least(lambda: _computed(workspace, chosen.features, chosen.derived))
    lines = [{"family": "all", "columns": len(chosen.columns), "CPU seconds": round(whole, 2)}]
    for family in NEW:
        features = [each for each in chosen.features if family_of(each.name) != family]
        derived = [each for each in chosen.derived if family_of(each.name) != family]
        told = sum(family_of(column.feature) == family for column in chosen.columns)
        less = _least(lambda features=features, derived=derived: _computed(workspace, features, derived))
        lines.append({"family": family, "columns": told, "CPU seconds": round(whole - less, 2)})
    return lines


def _computed(workspace: abm_ml.Workspace, features: Sequence[Feature], derived: Sequence[Derived]) -> None:
    tables, terms, engine = workspace.company.tables, workspace.terms, workspace.engine
    asked = []
    for source in FACTS:
        mine = tuple(each for each in features if each.rows == source.name)
        if mine:
            asked.append(Asked(source.build(tables, terms), mine, source.after_cut))
    until = workspace.as_of()
    dates = workspace.spine(scoring_dates(until.replace(year=until.year - 1), until, "month")[-MONTHS:])
    parts = measured(asked, dates, engine)
    table: ir.Table = parts[0]
    for part in parts[1:]:
        table = table.union(part)
    engine.release(engine.store(completed(table, derived, comparisons(table, derived, engine))))


def _least(work: Callable[[], None]) -> float:
    """The CPU seconds of some work, of all threads; the least of several times, since others use the machine, too."""
    seconds = []
    for _ in range(TIMES):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)
