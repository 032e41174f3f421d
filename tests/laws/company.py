"""A random company, full of ties, late rows and events exactly on boundaries; and what may become of its future.

It speaks of tables only through their records, so a new column or table is covered on birth.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from abm_ml.tables import TABLES, Column
from abm_ml.tables.terms import DEFAULT_CHANNELS, DEFAULT_POINTS

Frames = dict[str, pd.DataFrame]

BEGIN, END = pd.Timestamp("2023-07-01"), pd.Timestamp("2025-12-31")
DATES = tuple(dt.datetime(2024 + (month - 1) // 12, (month - 1) % 12 + 1, 1) for month in range(3, 26, 2))
CUSTOM = {
    "accounts": {"segment": "text"},
    "opportunities": {"probability": "number"},
    "contracts": {"seats": "integer"},
}
FUNNEL = ("awareness", "consideration", "evaluation", "decision")
SIZES = {
    "account_changes": 150, "contacts": 240, "engagements": 2500, "contents": 20, "opportunities": 150,
    "opportunity_changes": 200, "stage_changes": 250, "contracts": 60, "orders": 500, "surveys": 150,
}  # fmt: skip
WORDS = {
    "kind": {"engagements": (*DEFAULT_POINTS, "own_kind")}, "stage": {"stage_changes": FUNNEL},
    "channel": {"engagements": tuple(DEFAULT_CHANNELS)}, "industry": {"accounts": ("steel", "glass")},
    "currency": dict.fromkeys(TABLES.names, ("EUR", "USD")), "technologies": {"accounts": ("a;b", "c")},
    "column": {"account_changes": ("employees", "industry", "segment"), "opportunity_changes": ("amount",)},
    "value": {"account_changes": ("10", "20", "glass"), "opportunity_changes": ("100", "250.5")},
}  # fmt: skip

# What changes until a deal closes, where no table says when.
UNLOGGED = {"amount": "closed_at", "probability": "closed_at"}


def random_company(seed: int, accounts: int = 60) -> Frames:
    """All tables that features read, filled at random within their rules; the account `quiet` has no other rows."""
    rng = np.random.default_rng(seed)
    frames = {"accounts": _rows("accounts", accounts, rng), "rates": _rates()}
    frames["accounts"]["program_to"] = frames["accounts"]["program_to"].where(frames["accounts"]["in_program"], pd.NaT)
    frames["accounts"].loc[0, ["account_id", "created_at"]] = ["quiet", BEGIN]
    for name, size in SIZES.items():
        frames[name] = _rows(name, size, rng)
        for column in TABLES[name].columns:
            if column.references:
                owners = frames[column.references][TABLES[column.references].key[0]]
                frames[name][column.name] = rng.choice(owners[owners != "quiet"], size)
    frames["engagements"]["contact_id"] = _colleagues(frames["engagements"]["account_id"], frames["contacts"], rng)
    frames["engagements"]["content_id"] = rng.choice([*frames["contents"]["content_id"], None], 2500)
    frames["stage_changes"]["opportunity_id"] = rng.choice(frames["opportunities"]["opportunity_id"], 250)
    return {
        name: rows if name in {"accounts", "rates"} else _with_twins(rows, name, rng) for name, rows in frames.items()
    }


def _colleagues(accounts: pd.Series, contacts: pd.DataFrame, rng: np.random.Generator) -> list[str | None]:
    """Somebody of the same account, now and then nobody, or somebody of another one."""
    people = {name: list(group) for name, group in contacts.groupby("account_id")["contact_id"]}
    anyone = list(contacts["contact_id"])
    return [
        None if chance < 0.1 else rng.choice(people.get(name, anyone) if chance < 0.9 else anyone)
        for name, chance in zip(accounts, rng.random(len(accounts)), strict=True)
    ]


def _with_twins(rows: pd.DataFrame, name: str, rng: np.random.Generator) -> pd.DataFrame:
    """Some rows twice, at the same time, under another key: two deals may enter a stage in one nightly load."""
    twins = rows.sample(frac=0.3, random_state=rng)
    key = (*TABLES[name].key, "opportunity_id")[0]
    if key in rows:
        twins[key] = "twin " + twins[key]
    return pd.concat([rows, twins], ignore_index=True).drop_duplicates()


def _rates() -> pd.DataFrame:
    days = [BEGIN - pd.Timedelta(days=4000), *map(pd.Timestamp, DATES)]
    return pd.DataFrame({"currency": "USD", "day": days, "rate": np.linspace(0.5, 1.1, len(days))})


def _rows(name: str, size: int, rng: np.random.Generator) -> pd.DataFrame:
    table = TABLES[name].with_custom(CUSTOM.get(name, {}))
    frame = pd.DataFrame({column.name: _cells(name, column, size, rng) for column in table.columns})
    if table.key:
        frame[table.key[0]] = [f"{name} {number}" for number in range(size)]
    if "known_at" in frame:
        late = pd.to_timedelta(rng.choice([0, 0, 0, 3600, 86400 * 40], size), unit="s")
        frame["known_at"] = frame["happened_at"] + late
    return frame


def _cells(table: str, column: Column, size: int, rng: np.random.Generator) -> object:
    if column.type == "timestamp":
        return pd.Series(times(size, rng)).where((rng.random(size) < 0.7) | column.required)
    if column.type == "boolean":
        return rng.random(size) < 0.5
    if column.type == "number":
        return pd.Series(rng.integers(0, 10, size) + rng.choice([0, 0.1, 1 / 3], size)).where(rng.random(size) < 0.9)
    if column.type == "integer":
        return pd.Series(rng.integers(1, 5, size) + (column.minimum or 0), dtype="Int64")
    words = column.allowed or WORDS.get(column.name, {}).get(table, ("x", "y", "z"))
    return rng.choice(words if column.required else [*words, None], size)


def times(size: int, rng: np.random.Generator) -> pd.Series:
    """Times at random; half of them exactly at a scoring date, or exactly where one of its windows begins."""
    anywhere = BEGIN + pd.to_timedelta(rng.integers(0, (END - BEGIN) // pd.Timedelta(hours=1), size), unit="h")
    dates = pd.DatetimeIndex(rng.choice(pd.DatetimeIndex(DATES), size))
    edges = dates - pd.to_timedelta(rng.choice([0, 0, 7, 30, 90, 180], size), unit="D")
    return pd.Series(np.where(rng.random(size) < 0.5, edges, anywhere)).astype("datetime64[us]")


def known_at(frame: pd.DataFrame, name: str) -> pd.Series:
    """When a row was both past and known."""
    table = TABLES[name]
    return frame[[str(table.happened_at), str(table.known_at)]].max(axis=1)


def ended(frames: Mapping[str, pd.DataFrame], as_of: dt.datetime) -> Frames:
    """The company as it looked at a date: no later row, and every cell that fills in later still empty."""
    result = {}
    for name, frame in frames.items():
        timed = TABLES[name].happened_at is not None
        result[name] = frame[known_at(frame, name) < as_of].copy() if timed else frame.copy()
        for column in TABLES[name].columns:
            if column.known_from:
                later = ~(frame[column.known_from] < as_of)
                result[name][column.name] = result[name][column.name].mask(later)
    accounts, before = result["accounts"], frames["accounts"].loc[result["accounts"].index]
    accounts["in_program"] |= before["program_to"].notna()
    accounts["in_program"] &= ~(before["program_from"] >= as_of)
    return result


def scrambled(frames: Mapping[str, pd.DataFrame], as_of: dt.datetime, seed: int = 0) -> Frames:
    """The company with another future: later rows deleted, changed and added, later cells filled otherwise."""
    rng = np.random.default_rng((seed, as_of.year, as_of.month))
    result = {}
    for name, frame in frames.items():
        table, rows = TABLES[name], frame
        if table.happened_at is not None:
            rows = _other_cells(frame, name, as_of, rng, {} if "opportunity_changes" in frames else UNLOGGED)
            late, fate = ~(known_at(frame, name) < as_of), rng.random(len(frame))
            changed = _later(rows[late & (fate > 0.6)], name, as_of, rng)
            added = _later(rows.sample(frac=0.3, random_state=rng), name, as_of, rng)
            for key in table.key[:1]:
                added[key] = [f"new {name} {number}" for number in range(len(added))]
            rows = pd.concat([rows[~late | (fate < 0.3)], changed, added], ignore_index=True)
        result[name] = rows.drop_duplicates(list(table.key) or None)
    return result


def _later(rows: pd.DataFrame, name: str, as_of: dt.datetime, rng: np.random.Generator) -> pd.DataFrame:
    """The rows with their cells mixed, happening or becoming known at the date or later."""
    table = TABLES[name]
    mixed = {column: _mixed(rows[column], rng) for column in rows.columns if column not in table.key}
    rows = rows.assign(**mixed)
    then = _at_or_after(rows.index, as_of, rng)
    rows[str(table.known_at)] = then
    if table.known_at != table.happened_at:
        before = rows[str(table.happened_at)]
        rows[str(table.happened_at)] = before.where((before < then) & (rng.random(len(rows)) < 0.5), then)
    return rows


def _other_cells(
    old: pd.DataFrame, name: str, as_of: dt.datetime, rng: np.random.Generator, unlogged: Mapping[str, str]
) -> pd.DataFrame:
    """The rows with other values in cells that are not yet filled at the date, and other times from then on."""
    rows = old.copy()
    known_from = {column.name: column.known_from for column in TABLES[name].columns if column.known_from}
    known_from |= {cell: since for cell, since in unlogged.items() if cell in old.columns and since in old.columns}
    later = {since: ~(old[since] < as_of) for since in known_from.values()}
    if name == "accounts":  # who is inside from the creation on is not let in once more
        later["program_from"] &= ~(old["in_program"] & old["program_from"].isna())
    for cell, since in known_from.items():
        values = _mixed(old[cell], rng)
        if cell == since:
            values = _at_or_after(old.index, as_of, rng).where(rng.random(len(rows)) < 0.7)
        rows[cell] = old[cell].where(~later[since], values)
    if name == "accounts":  # only who is inside can leave, and the flag says how it is in the end
        inside = (old["in_program"] & old["program_from"].isna()) | rows["program_from"].notna()
        rows["program_to"] = rows["program_to"].where(inside)
        rows["in_program"] = inside & rows["program_to"].isna()
    return rows


def _mixed(cells: pd.Series, rng: np.random.Generator) -> pd.Series:
    return cells.take(rng.permutation(len(cells))).set_axis(cells.index)


def _at_or_after(index: pd.Index, as_of: dt.datetime, rng: np.random.Generator) -> pd.Series:
    delay = pd.to_timedelta(rng.choice([0, 0, 1, 86400, 86400 * 100], len(index)), unit="s")
    return pd.Series(pd.Timestamp(as_of) + delay, index=index).astype("datetime64[us]")
