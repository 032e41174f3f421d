"""Are a method's columns those of the plain join? Whole numbers exactly, the others to 1e-9 of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
from asked import COLUMNS, THREADS, WHOLE

RELATIVE = 1e-9
MEMORY = "6GB"


@dataclass(frozen=True)
class Compared:
    """How many columns were compared, and in which how many cells differ; `rows` are those that only one side has."""

    columns: int
    different: dict[str, int]


def compared(folder: Path, reference: Path, accounts: str = "true") -> Compared:
    """Compares the shared columns of two folders, row by row. Missing is null or NaN.

    `accounts` is a condition on account_id that both sides are cut to.
    """
    mine, theirs = _rows(folder, accounts), _rows(reference, accounts)
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {THREADS}; SET memory_limit = '{MEMORY}'")
        connection.execute(f"SET temp_directory = '{folder}/spill'")
        there = {name for name, *_ in connection.execute(f"DESCRIBE {mine}").fetchall()}
        columns = [column for column in COLUMNS if column in there]
        lone = "count(*) FILTER (mine.account_id IS NULL OR theirs.account_id IS NULL)"
        counts = ", ".join([lone, *[f"count(*) FILTER ({_differ(column)})" for column in columns]])
        on = "mine.account_id = theirs.account_id AND mine.as_of = theirs.as_of"
        joined = f"({mine}) AS mine FULL JOIN ({theirs}) AS theirs ON {on}"
        counted = connection.execute(f"SELECT {counts} FROM {joined}").fetchone()  # noqa: S608 - names of this folder
    named = zip(("rows", *columns), counted or (), strict=True)
    return Compared(len(columns), {name: count for name, count in named if count})


def _rows(folder: Path, accounts: str) -> str:
    return f"FROM read_parquet('{folder}/*.parquet') WHERE {accounts}"


def _differ(column: str) -> str:
    mine, theirs = f"mine.{column}", f"theirs.{column}"
    if column in WHOLE:
        return f"{mine} IS DISTINCT FROM {theirs}"
    mine, theirs = (f"CASE WHEN isnan({each}) THEN NULL ELSE {each} END" for each in (mine, theirs))
    near = f"abs({mine} - {theirs}) <= {RELATIVE} * abs({theirs})"
    return f"NOT coalesce({near}, {mine} IS NULL AND {theirs} IS NULL)"
