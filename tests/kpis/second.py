"""The second calculation: a KPI's oracle in plain pandas against the report, for all accounts and by cut."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, Phase, settings

from abm_ml.engines import Engine
from abm_ml.kpis import KPIS, Measuring, Seen, cuts_of, kpi_report
from abm_ml.timeline import Period
from tests.kpis.company import AS_OF, PERIODS, TERMS, Frames, Known

# A cut of rows: what the oracle must keep, e.g. rows[rows["tier"] == "1"].
Keep = Callable[[pd.DataFrame], pd.DataFrame]
# {measure: value} of all rows, or {measure: {part: value}} where the KPI is computed for each part.
Oracle = Callable[[Known, Period, Keep], Mapping[str, Any]]
CUTS = ("tier", "program", "lifecycle")
# Shrinking a company takes minutes and tells nothing: the message names the KPI, the cut and both numbers.
RANDOM = settings(
    max_examples=5, deadline=None, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck)
)


def compare(
    oracles: Mapping[str, Oracle], frames: Frames, tiny: Any, engine: Engine, *, scores: Any = None,
    cuts: Sequence[str] = CUTS,
) -> None:  # fmt: skip
    """Asserts that the report and the oracles say the same, in every period, of all accounts and by cut."""
    seen = Seen(tiny(frames), TERMS, AS_OF, PERIODS, engine, scores)
    kpis = tuple(KPIS[name] for name in oracles)
    found = kpi_report(Measuring(seen), kpis, [(cut,) for cut in cuts])
    report, company = found.rows, Known(frames)
    for kpi in (kpi for kpi in kpis if kpi.name not in found.unavailable):
        mine = report[report["name"] == kpi.name]
        possible = [cut for cut in cuts if cut in cuts_of(kpi)]
        for period in PERIODS:
            here = mine[mine["period_from"] == period.begin]
            _same(kpi.name, here[here["cut"] == "all"], oracles[kpi.name](company, period, lambda rows: rows))
            for cut in possible:
                for value in sorted(set(here[cut].dropna())):
                    expected = oracles[kpi.name](company, period, _keeping(cut, value))
                    _same(f"{kpi.name} {cut}={value}", here[here["cut"] == f"{cut}={value}"], expected)


def _keeping(cut: str, value: str) -> Keep:
    return lambda rows: rows[rows[cut].fillna("unknown").astype("str") == value]


def _same(what: str, rows: pd.DataFrame, expected: Mapping[str, Any]) -> None:
    found = {
        (row.measure, row.part if isinstance(row.part, str) else None): None if pd.isna(row.value) else row.value
        for row in rows.itertuples()
    }
    wanted: dict[tuple[str, str | None], Any] = {}
    for measure, value in expected.items():
        if isinstance(value, Mapping):
            wanted |= {(measure, part): number for part, number in value.items()}
        else:
            wanted[measure, None] = value
    for key in {*found, *wanted}:
        mine, theirs = found.get(key), wanted.get(key)
        theirs = None if theirs is None or pd.isna(theirs) else float(theirs)
        if mine is None or theirs is None:
            assert mine == theirs, f"{what} {key}: the report says {mine}, the second calculation {theirs}"
        else:
            assert math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=1e-9), f"{what} {key}: {mine} against {theirs}"
