"""Do the KPIs say the same of foreign data as plain SQL over the same files? The README holds the answer."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

STUDY = Path(__file__).resolve().parent
WORKSPACE = STUDY.parents[1] / "workspace" / "kpis-on-foreign-data"
sys.path.append(str(STUDY))  # a study is a folder, not a package

from source import DATA, MavenCrm, SellerHealth  # noqa: E402 - found by the path above

import abm_ml  # noqa: E402 - sorted behind the one above
from abm_ml import terminal  # noqa: E402 - the same
from abm_ml.jobs.report_kpis import KpiResult  # noqa: E402 - the same
from abm_ml.kpis import KPIS, parse_cuts  # noqa: E402 - the same
from abm_ml.timeline import Calendar  # noqa: E402 - the same

ALLOWED = 1e-9
KEYS = ["name", "measure", "part", "cut", "period_from"]
Row = dict[str, str | int | float | None]


@dataclass(frozen=True)
class Foreign:
    """Foreign data: `name` is that of its configuration and of the SQL that calculates its KPIs a second time."""

    name: str
    folder: str
    source: type[MavenCrm | SellerHealth]
    every: Calendar
    cuts: tuple[str, ...]

    def only(self, cuts: Sequence[str] | None) -> Foreign:
        """The same by fewer cuts (None: all)."""
        return self if cuts is None else replace(self, cuts=tuple(cut for cut in self.cuts if cut in cuts))


SETS = (
    Foreign(
        name="maven",
        folder="maven_crm",
        source=MavenCrm,
        every="quarter",
        cuts=(
            "account",
            "industry",
            "size_band",
            "country",
            "owner",
            "stage",
            "lifecycle",
            "program",
            "industry,size_band",
        ),
    ),
    Foreign(
        name="sellerhealth",
        folder="sellerhealth",
        source=SellerHealth,
        every="month",
        cuts=("account", "country", "lifecycle", "program"),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=[each.name for each in SETS], help="only this data set")
    parser.add_argument("--as-of", type=dt.datetime.fromisoformat, metavar="DAY", help="as known when this day began")
    parser.add_argument("--by", action="append", metavar="CUT", help="only by this cut (may be repeated)")
    parser.add_argument("--workspace", type=Path, default=WORKSPACE, metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables as a list of records")
    asked = parser.parse_args()
    sets = [each.only(asked.by) for each in SETS if asked.data in (None, each.name)]
    rows = [row for each in sets for row in answered(each, asked.workspace / each.name, asked.as_of)]
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if wrong := [row for row in rows if row["verdict"] != "equal"]:
        raise SystemExit(f"{len(wrong)} KPIs differ from the second calculation, or have none.")


def answered(foreign: Foreign, here: Path, as_of: dt.datetime | None = None) -> list[Row]:
    """A line per KPI: how many rows were compared, and by how much they differ at most."""
    source = foreign.source(DATA / foreign.folder)
    with abm_ml.open_workspace(STUDY / f"{foreign.name}.yaml", workspace=here, source=source) as workspace:
        report = reported(workspace, foreign, as_of)
    second = calculated(STUDY / f"{foreign.name}.sql", source.folder, report.as_of)
    second = second[second["cut"].map(_keys).isin({(), *parse_cuts(foreign.cuts)})]
    silent = set(_silent(report)) - {*second["name"], "goal_attainment"}
    apart = {*silent, *report.unavailable, "goal_attainment"}
    rows = [{"data": foreign.name, **compared(name, report.rows, second)} for name in KPIS.names if name not in apart]
    show(foreign.name, rows)
    print(f"Tell nothing: {_listed(silent)}")
    for why in dict.fromkeys(report.unavailable.values()):
        print(f"{why.capitalize()}: {_listed([name for name, each in report.unavailable.items() if each == why])}")
    return rows


def reported(workspace: abm_ml.Workspace, foreign: Foreign, as_of: dt.datetime | None) -> KpiResult:
    """What abm_ml says: every KPI that there is, of all accounts and by each cut."""
    terminal.show(abm_ml.check(workspace), json=False)
    for rule, count in workspace.source.left_out.items():
        print(f"Handled: {count:>7,} {rule}")
    begin = workspace.company.begin
    return abm_ml.report_kpis(
        workspace, abm_ml.KpiQuestion(by=foreign.cuts, period=foreign.every, begin=begin, as_of=as_of)
    )


def calculated(script: Path, folder: Path, as_of: dt.datetime) -> pd.DataFrame:
    """What plain SQL says: the rows of each view that is called like a KPI."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute("SET file_search_path = $folder", {"folder": str(folder)})
        connection.execute("SET VARIABLE as_of = $as_of::TIMESTAMP", {"as_of": as_of})
        connection.execute(script.read_text(encoding="utf-8"))
        views = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        found = [_long(name, connection.table(name).df()) for (name,) in views if name in KPIS]
    return pd.concat(found, ignore_index=True)


def _long(name: str, view: pd.DataFrame) -> pd.DataFrame:
    keys = [key for key in ("period_from", "cut", "part") if key in view.columns]
    rows = view.melt(keys, var_name="measure", value_name="second").assign(name=name)
    return rows.assign(part=rows["part"].fillna("") if "part" in rows else "", second=rows["second"].astype("float64"))


def _keys(cut: str) -> tuple[str, ...]:
    """By what a row is cut: `all` by nothing."""
    return () if cut == "all" else tuple(pair.partition("=")[0] for pair in cut.split(", "))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _silent(report: KpiResult) -> Sequence[str]:
    """The KPIs that tell nothing at all, in no measure: nobody is in a program, or nobody was asked."""
    tells = report.rows["value"].fillna(0.0).ne(0.0).groupby(report.rows["name"]).any()
    return [name for name in tells.index[~tells] if name not in report.unavailable]


def compared(name: str, rows: pd.DataFrame, second: pd.DataFrame) -> Row:
    """One KPI's rows beside those of the second calculation: both must have the same ones, and values in the same."""
    mine = rows[(rows["name"] == name) & rows["period_from"].notna()]
    mine = mine.assign(part=mine["part"].fillna(""))[[*KEYS, "value"]]
    both = mine.merge(second[second["name"] == name], on=KEYS, how="outer", indicator=True, validate="one_to_one")
    alone = (both["_merge"] != "both") | (both["value"].isna() != both["second"].isna())
    size = both[["value", "second"]].abs().max(axis="columns")
    away = ((both["value"] - both["second"]).abs() / size.where(size > 0, 1.0)).fillna(0.0)
    largest = float(away.max()) if len(both) else np.nan
    equal = not alone.any() and largest <= ALLOWED
    if not equal:
        print(both[alone | (away > ALLOWED)].head(8).to_string())
    return {
        "KPI": name,
        "measures": mine["measure"].nunique(),
        "rows": len(both),
        "with a value": int(both["value"].notna().sum()),
        "only one has it": int(alone.sum()),
        "largest difference": largest,
        "verdict": "equal" if equal else "different" if name in set(second["name"]) else "no second calculation",
    }


def show(title: str, rows: Sequence[Row]) -> None:
    table = Table(*[head for head in rows[0] if head != "data"], title=title)
    for row in rows:
        cells = {**row, "largest difference": f"{row['largest difference']:.1e}"}
        table.add_row(
            *[f"{cell:,}" if isinstance(cell, int) else str(cell) for key, cell in cells.items() if key != "data"]
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
