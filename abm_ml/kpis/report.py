"""The KPI report: what was measured as one long table with goals, and as one wide table by account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from abm_ml.errors import ConfigError, UnknownName, did_you_mean
from abm_ml.kpis.base import CUTS, KPIS, VALUE, Kpi, cuts_of
from abm_ml.kpis.build import NUMBERS, Keys, Measured, Measuring, column_of, missing_for
from abm_ml.kpis.goals import (
    ALL,
    ATTAINMENT,
    SHOWN,
    WITHOUT_GOALS,
    Goals,
    attained,
    compared,
    cuts_with_goals,
    in_order,
)
from abm_ml.kpis.seen import Seen

COLUMNS = (
    "name", "measure", "part", "period_from", "period_to", "cut", "value", "low", "high", "of", "unit", "goal", "met",
    "better", "family", "three_r", "note",
)  # fmt: skip


@dataclass(frozen=True)
class KpiReport:
    """A KPI report.

    `rows` has COLUMNS, then one column per cut that was asked for (empty where a row is not cut by it). `measure` is
    `value`, or what else the KPI tells; `part` is empty, or one of the parts that it is computed for; `cut` is `all`
    or, e.g., `tier=1, industry=Software`; `of` is the count that the value rests on; `note` says why a KPI has none.
    """

    rows: pd.DataFrame
    kpis: tuple[Kpi, ...]
    unavailable: dict[str, str]


def kpi_report(
    measuring: Measuring, kpis: Sequence[Kpi], cuts: Sequence[Keys] = (), goals: Goals | None = None
) -> KpiReport:
    """The KPIs of all accounts and by each of the cuts (a cut names one or more columns, which are crossed).

    What a KPI cannot be cut by is said in its note; a KPI whose table is missing is listed as not available. With
    goal_attainment all goals are measured and shown, whatever else is asked for.
    """
    seen, goals = measuring.seen, goals or {}
    asked = tuple(kpi for kpi in kpis if kpi.name != ATTAINMENT)
    judged = tuple(KPIS[name] for name in goals) if len(asked) < len(kpis) else ()
    measured = tuple(dict.fromkeys((*asked, *judged)))
    every = tuple(dict.fromkeys((*cuts, *(cuts_with_goals(goals) if judged else ()))))
    unavailable = {kpi.name: f"not available: {why}" for kpi in measured if (why := missing_for(kpi, seen))}
    frames = [_long(found, seen) for found in measuring.by(((), *every), measured)]
    silent = {kpi.name for kpi in measured}.difference(*[frame["name"] for frame in frames], unavailable)
    notes = unavailable | dict.fromkeys(silent, "nothing happened in these periods")
    frames.append(_notes(asked, cuts, notes))
    columns = [cut for cut in CUTS if any(cut in keys for keys in every)]
    rows = compared(_stacked(frames, [*COLUMNS, *columns]), goals)
    if len(asked) < len(kpis):
        rows = attained(rows, goals, seen.engine)
        if not goals:
            unavailable[ATTAINMENT] = WITHOUT_GOALS
    rows = _asked(rows, kpis, cuts)
    return KpiReport(_in_order(rows, seen.terms.funnel), tuple(kpis), unavailable)


def _asked(rows: pd.DataFrame, kpis: Sequence[Kpi], cuts: Sequence[Keys]) -> pd.DataFrame:
    """The rows that were asked for, and those with a goal."""
    shown = [cut for cut in CUTS if any(cut in keys for keys in cuts)]
    columns = [cut for cut in CUTS if cut in rows.columns]
    made = [tuple(cut for cut, value in zip(columns, cells, strict=True) if isinstance(value, str))
            for cells in rows[columns].itertuples(index=False)]  # fmt: skip
    wanted = {frozenset(keys) for keys in ((), *cuts)}
    fits = pd.Series([frozenset(keys) in wanted for keys in made], index=rows.index, dtype="bool")
    kept = rows[rows["name"].isin([kpi.name for kpi in kpis]) & (fits | rows["goal"].notna())]
    unused = [cut for cut in columns if cut not in shown and kept[cut].isna().all()]
    return kept.drop(columns=unused)


def _in_order(rows: pd.DataFrame, funnel: Sequence[str]) -> pd.DataFrame:
    """The rows by KPI, cut and period; a whole before its parts, stages as in the funnel, the value before the rest."""
    ids = {kpi.name: kpi.id for kpi in KPIS}
    places = {stage: f"{place:02}" for place, stage in enumerate(funnel)}
    keys = {
        "_id": rows["name"].map(ids),
        "_part": [places.get(part, part) if isinstance(part, str) else "" for part in rows["part"]],
        "_measure": rows["measure"].where(rows["measure"] != VALUE, ""),
    }
    ordered = rows.assign(**keys).sort_values(["_id", "cut", "period_from", "_part", "_measure"], ignore_index=True)
    return ordered.drop(columns=list(keys))


def account_table(measuring: Measuring) -> pd.DataFrame:
    """account_id and one column per KPI that accounts have: the wide table of the last period, sorted by account_id.

    A KPI whose tables the company does not have is null for every account.
    """
    rows = account_rows(measuring).order_by("account_id")
    return rounded(measuring.seen.engine.compute(rows).to_pandas())


def account_rows(measuring: Measuring) -> ir.Table:
    """The rows of `account_table` as an expression, in no promised order and not yet `rounded`."""
    seen = measuring.seen
    kpis = [kpi for kpi in KPIS if kpi.whole and "account" in cuts_of(kpi) and kpi.name != ATTAINMENT]
    last = len(seen.periods) - 1
    known = seen.standing.filter(seen.standing.period == last)
    nothing = {kpi.name: ibis.null("float64") for kpi in kpis}
    wide = known.select("account_id", **nothing).limit(0)
    for measured in measuring.by((("account",),), kpis):
        if measured.each is None:
            table = measured.table
            values = {kpi.name: table[column_of(kpi.name, VALUE, VALUE)].cast("float64") for kpi in measured.kpis}
            rows = table.filter(table.period == last).select(account_id="account", **(nothing | values))
            wide = rows.semi_join(known, "account_id")
    return wide


def rounded(accounts: pd.DataFrame) -> pd.DataFrame:
    """The KPIs of accounts to 12 digits: variances over threads differ in the last bits, what is published does not."""
    kpis = [name for name in accounts.columns if name in KPIS]
    return accounts.assign(**{name: _rounded(accounts[name], digits=12) for name in kpis})


def parse_cuts(texts: Sequence[str]) -> tuple[Keys, ...]:
    """`tier` or `tier,industry` (crossed) as names of cuts.

    Raises:
        UnknownName: there is no such cut.
    """
    cuts = [tuple(name.strip() for name in text.split(",")) for text in texts]
    for name in (name for keys in cuts for name in keys):
        if name not in CUTS:
            raise UnknownName(f"Nothing can be cut by '{name}'. {did_you_mean(name, CUTS)}")
    return tuple(dict.fromkeys(in_order(keys) for keys in cuts))


def refuse_impossible_cuts(kpis: Sequence[Kpi], cuts: Sequence[Keys]) -> None:
    """Raises ConfigError naming the first KPI that was asked for by name and a cut that makes no sense for it."""
    for kpi in kpis:
        possible = cuts_of(kpi)
        for cut in (cut for keys in cuts for cut in keys if cut not in possible):
            raise ConfigError(
                f"The KPI {kpi.name} cannot be cut by {cut}. It can be cut by: {', '.join(possible) or 'nothing'}."
            )


def _long(measured: Measured, seen: Seen) -> pd.DataFrame:
    """One row per number that was measured."""
    keys = ["period", "cut", *measured.keys, *(["part"] if measured.each else [])]
    frame = seen.engine.compute(measured.table.order_by(keys)).to_pandas()
    blocks = [_block(frame[_fits(frame, kpi, measured)], keys, kpi, measured) for kpi in measured.kpis]
    rows = pd.concat(blocks, ignore_index=True)
    begins, ends = ([getattr(each, side) for each in seen.periods] for side in ("begin", "end"))
    rows["period_from"] = pd.to_datetime(rows["period"].map(dict(enumerate(begins))))
    rows["period_to"] = pd.to_datetime(rows["period"].map(dict(enumerate(ends))))
    texts = pd.Series(ALL, index=rows.index, dtype="str")
    for place, cut in enumerate(measured.cuts):
        mine = rows.loc[rows["cut"] == place, list(cut)]
        named = [name + "=" + mine[name] for name in cut]
        if named:
            texts[mine.index] = named[0].str.cat(named[1:], sep=", ") if named[1:] else named[0]
        others = [name for name in measured.keys if name not in cut]
        rows.loc[mine.index, others] = None
    # Variances over threads differ in the last bits; what is published does not.
    values = _rounded(rows["value"], digits=12)
    rows = rows.assign(
        low=values - _rounded(rows["value"] - rows["low"], digits=9),
        high=values + _rounded(rows["high"] - rows["value"], digits=9),
        value=values,
    )
    return rows.assign(cut=texts).drop(columns="period")


def _fits(frame: pd.DataFrame, kpi: Kpi, measured: Measured) -> pd.Series[bool]:
    """The rows whose cut makes sense for a KPI."""
    possible = set(cuts_of(kpi))
    return frame["cut"].isin([place for place, cut in enumerate(measured.cuts) if set(cut) <= possible])


def _block(frame: pd.DataFrame, keys: Sequence[str], kpi: Kpi, measured: Measured) -> pd.DataFrame:
    """The numbers of one KPI: a row per period, cut, part and measure."""
    blocks = []
    for (name, measure), unit in measured.units.items():
        if name == kpi.name:
            numbers = {number: frame.get(column_of(name, measure, number), np.nan) for number in NUMBERS}
            facts = {fact: getattr(kpi, fact) for fact in ("better", "family", "three_r")}
            blocks.append(frame[keys].assign(name=name, measure=measure, unit=unit, **facts, **numbers))
    return pd.concat(blocks, ignore_index=True)


def _stacked(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """The frames below each other, with all columns and their types, whatever is empty."""
    times, numbers = ("period_from", "period_to"), (*NUMBERS, "goal")
    types = dict.fromkeys(columns, "str") | dict.fromkeys(times, "datetime64[us]")
    types |= dict.fromkeys(numbers, "float64") | {"met": "boolean"}
    return pd.concat([frame.reindex(columns=columns).astype(types) for frame in frames], ignore_index=True)


def _rounded(numbers: pd.Series[float], *, digits: int) -> pd.Series[float]:
    """Numbers to so many significant digits."""
    values = numbers.astype("float64")
    magnitude = np.floor(np.log10(values.abs().where(values != 0, 1.0)))
    scale = np.power(10.0, digits - 1 - magnitude)
    return (values * scale).round() / scale


def _notes(kpis: Sequence[Kpi], cuts: Sequence[Keys], notes: Mapping[str, str]) -> pd.DataFrame:
    """A row without a value per KPI that has none, and per cut that makes no sense for a KPI."""
    records = [{"name": kpi.name, "cut": ALL, "note": notes[kpi.name]} for kpi in kpis if kpi.name in notes]
    for kpi in kpis:
        for keys in cuts:
            refused = [cut for cut in keys if cut not in cuts_of(kpi)]
            if refused and kpi.name not in notes:
                text = f"not available: cannot be cut by {', '.join(refused)}"
                records.append({"name": kpi.name, "cut": ", ".join(keys), "note": text})
    rows = pd.DataFrame(records, columns=["name", "cut", "note"])
    known = {kpi.name: kpi for kpi in kpis}
    facts = {fact: [getattr(known[name], fact) for name in rows["name"]] for fact in SHOWN}
    return rows.assign(measure=VALUE, **facts)
