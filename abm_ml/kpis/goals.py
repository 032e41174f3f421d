"""Goals: what a company set itself per KPI and cut, and how much of it is met."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from abm_ml.engines import Engine
from abm_ml.errors import ConfigError, UnknownName, did_you_mean
from abm_ml.kpis.base import CUTS, KPIS, VALUE, cuts_of

Goals = Mapping[str, Mapping[str, float]]
ALL = "all"
ATTAINMENT = "goal_attainment"
WITHOUT_GOALS = "not available: needs goals in the configuration"
# What every row of a report says of its KPI.
SHOWN = ("unit", "better", "family", "three_r")


def check_goals(goals: Goals) -> None:
    """Raises UnknownName or ConfigError where a goal names no KPI, or a cut that the KPI does not have."""
    for name, by_cut in goals.items():
        if name == ATTAINMENT:
            raise ConfigError(f"The KPI {name} counts how many goals are met; it has no goal of its own.")
        for cut in by_cut:
            for key in _keys(cut):
                if key not in CUTS:
                    raise UnknownName(f"The goal of {name} for '{cut}': {did_you_mean(key, CUTS)}")
                if key not in cuts_of(KPIS[name]):
                    raise ConfigError(f"The goal of {name} for '{cut}': this KPI cannot be cut by {key}.")


def cuts_with_goals(goals: Goals) -> tuple[tuple[str, ...], ...]:
    """The cuts that have goals, beyond `all`."""
    keys = (_keys(cut) for by_cut in goals.values() for cut in by_cut)
    return tuple(dict.fromkeys(cut for cut in keys if cut))


def compared(rows: pd.DataFrame, goals: Goals) -> pd.DataFrame:
    """The rows with `goal` and `met` (null without a goal or a value) of each KPI's own value."""
    wanted = _wanted(goals)
    goal = pd.Series([wanted.get(key) for key in zip(rows["name"], rows["cut"], strict=True)], rows.index, "float64")
    goal = goal.where((rows["measure"] == VALUE) & rows["part"].isna())
    higher = rows["better"] == "higher"
    met = (rows["value"] >= goal).where(higher, rows["value"] <= goal).astype("boolean")
    return rows.assign(goal=goal, met=met.where(goal.notna() & rows["value"].notna(), pd.NA))


def attained(rows: pd.DataFrame, goals: Goals, engine: Engine) -> pd.DataFrame:
    """The rows with goal_attainment, per period over all goals and over those of each cut.

    A goal whose KPI has no value is not met. Without goals the KPI is not available.
    """
    kpi = KPIS[ATTAINMENT]
    facts = {"name": kpi.name, "measure": VALUE, **{fact: getattr(kpi, fact) for fact in SHOWN}}
    wanted = list(_wanted(goals))
    if not wanted:
        return pd.concat([rows, _frame([{**facts, "cut": ALL, "note": WITHOUT_GOALS}], rows)])
    spans = rows[["period_from", "period_to"]].dropna().drop_duplicates()
    every = spans.merge(pd.DataFrame(wanted, columns=["name", "cut"]), how="cross")
    measured = rows.loc[rows["goal"].notna(), ["name", "cut", "period_from", "met"]]
    every = every.merge(measured, on=["name", "cut", "period_from"], how="left")
    every["met"] = every["met"].fillna(False).astype(bool)
    found = pd.concat([every.assign(cut=ALL), every[every["cut"] != ALL]])
    table = engine.register(pa.Table.from_pandas(found, preserve_index=False))
    estimate = kpi.function(table)
    numbers = {name: value for name in ("value", "low", "high", "of") if (value := getattr(estimate, name)) is not None}
    shares = engine.compute(table.group_by("period_from", "period_to", "cut").aggregate(**numbers))
    return pd.concat([rows, _frame(shares.to_pandas().assign(**facts), rows)], ignore_index=True)


def _frame(found: Any, like: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(found).reindex(columns=like.columns)
    return frame.astype({name: kind for name, kind in like.dtypes.items() if frame[name].isna().all()})


def goals_by_account(accounts: pd.DataFrame, goals: Goals) -> list[dict[str, float]]:
    """Per account the goals that hold for it: of several for one KPI the one whose cut says most.

    `accounts` has a column per name of a cut; goals of cuts by which accounts are not told apart are left out.
    """
    found: list[dict[str, float]] = [{} for _ in range(len(accounts))]
    wanted = sorted(_wanted(goals).items(), key=lambda goal: len(_pairs(goal[0][1])))
    for (name, cut), goal in wanted:
        pairs = _pairs(cut)
        if pairs.keys() <= set(accounts.columns):
            fits = np.ones(len(accounts), dtype=bool)
            for key, value in pairs.items():
                fits &= (accounts[key].astype("str") == value).to_numpy(dtype=bool, na_value=False)
            for place in np.flatnonzero(fits):
                found[place][name] = goal
    return found


def in_order(keys: Collection[str]) -> tuple[str, ...]:
    """Names of cuts in their canonical order, so that tier,industry is industry,tier."""
    return tuple(sorted(dict.fromkeys(keys), key=[*CUTS, *keys].index))


def _pairs(cut: str) -> dict[str, str]:
    """A cut as written in the configuration: what each name of a cut is to be."""
    if cut == ALL:
        return {}
    pairs = (pair.partition("=") for pair in cut.split(","))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _keys(cut: str) -> tuple[str, ...]:
    return in_order(_pairs(cut))


def _written(cut: str) -> str:
    """A cut as the report writes it, however the configuration spells it."""
    pairs = _pairs(cut)
    return ", ".join(f"{name}={pairs[name]}" for name in in_order(pairs)) or ALL


def _wanted(goals: Goals) -> dict[tuple[str, str], float]:
    return {(name, _written(cut)): goal for name, by_cut in goals.items() for cut, goal in by_cut.items()}
