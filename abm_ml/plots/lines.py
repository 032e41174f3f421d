"""Which lines the tables of a page show: of very many cuts or parts the largest, and how many others there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from abm_ml.kpis.base import CUTS
from abm_ml.plots.periods import Span

_MOST = 10
_EVERYBODY = "all"


@dataclass
class Block:
    """The lines of one table: each has the rows of one measure, part and cut by the begin of their period."""

    kind: str
    left_out: int
    lines: dict[int, dict[pd.Timestamp, Any]] = field(default_factory=dict)

    @property
    def everybody(self) -> bool:
        """Whether it is the table of all accounts."""
        return self.kind == _EVERYBODY


def blocks_of(rows: pd.DataFrame, span: Span | None) -> dict[str, list[Block]]:
    """The tables of each KPI by its name: all accounts first, then one per kind of cut.

    For all accounts there is every measure and, of the parts, the value; for cuts there is the value.
    """
    shown = _shown(rows, span)
    found: dict[str, dict[str, Block]] = {}
    for row in shown.itertuples():
        blocks = found.setdefault(str(row.name), {})
        block = blocks.setdefault(str(row.kind), Block(str(row.kind), int(row.left_out)))
        block.lines.setdefault(int(row.line), {})[row.period_from] = row
    return {name: sorted(blocks.values(), key=lambda each: not each.everybody) for name, blocks in found.items()}


def _shown(rows: pd.DataFrame, span: Span | None) -> pd.DataFrame:
    """The rows to show with their `kind` of cut, their `line`, and how many lines of their table are `left_out`."""
    frame = _candidates(rows)
    frame["table"] = frame.groupby(["name", "kind"], sort=False).ngroup()
    frame["line"] = frame.groupby(["table", "measure", "part", "cut"], sort=False, dropna=False).ngroup()
    always = (frame["kind"] == _EVERYBODY) & frame["part"].isna()
    size = frame["of"].fillna(frame["value"].abs()).fillna(0.0)
    size = size.where(frame["period_from"] == span.begin, 0.0) if span else size
    frame["size"] = size.groupby(frame["line"]).transform("sum")
    lines = frame[~always].drop_duplicates("line")
    ranked = lines.sort_values("size", ascending=False, kind="stable")
    place = frame["line"].map(ranked.groupby("table").cumcount().set_axis(ranked["line"]))
    left_out = (lines["table"].value_counts() - _MOST).clip(lower=0)
    frame["left_out"] = frame["table"].map(left_out).fillna(0)
    # The KPI itself, what else it tells, then its parts: the largest first where some are left out.
    order = place.where(frame["left_out"] > 0, frame["line"]).where(~always, -1.0)
    order = order.where(~always | (frame["measure"] != "value"), -2.0)
    kept = order[always | (place < _MOST)]
    return frame.loc[kept.sort_values(kind="stable").index]


def _candidates(rows: pd.DataFrame) -> pd.DataFrame:
    everybody, whole = rows["cut"] == _EVERYBODY, rows["part"].isna()
    wanted = rows["period_from"].notna() & ((rows["measure"] == "value") | (everybody & whole))
    frame = rows[wanted]
    frame = frame.assign(kind=_kinds(frame["cut"]))
    has_whole = frame["part"].isna().groupby([frame["name"], frame["kind"]]).transform("any")
    return frame[(frame["kind"] == _EVERYBODY) | frame["part"].isna() | ~has_whole]


def _kinds(cuts: pd.Series[str]) -> pd.Series[str]:
    """By what rows are cut: `tier, industry` of `tier=1, industry=Software`."""
    names = {cut: _kind(cut) for cut in cuts.unique()}
    return cuts.map(names).astype("str")


def _kind(cut: str) -> str:
    return ", ".join(_cut_names(cut)) or cut


def _cut_names(cut: str) -> Iterator[str]:
    for pair in cut.split(", "):
        name, equals, _ = pair.partition("=")
        if equals and name in CUTS:
            yield name
