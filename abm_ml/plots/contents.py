"""What a page is made from: the rows of a report with its periods, titles and what each KPI means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from abm_ml.plots.overview import UNCLEAR, moves_of
from abm_ml.plots.periods import Span, before, current, spans_of
from abm_ml.wording import format_number, format_short, title_of

if TYPE_CHECKING:
    from abm_ml.kpis.base import Kpi


@dataclass(frozen=True)
class Contents:
    """The rows of a report, ready to be told."""

    rows: pd.DataFrame
    currency: str
    definitions: Mapping[str, Kpi] | Mapping[str, str]

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The periods."""
        return spans_of(self.rows)

    @cached_property
    def span(self) -> Span | None:
        """The period that the page speaks of: the last one that is over, or as good as over."""
        return current(self.spans)

    @cached_property
    def earlier(self) -> Span | None:
        """The period that it is compared with."""
        return before(self.span, self.spans)

    @cached_property
    def moves(self) -> pd.DataFrame:
        """How each KPI moved since the period before, by name."""
        return moves_of(self.rows).set_index("name")

    @cached_property
    def headlines(self) -> pd.DataFrame:
        """Each KPI's own value for all accounts, in every period."""
        rows = self.rows
        whole = (rows["cut"] == "all") & (rows["measure"] == "value") & rows["part"].isna()
        return rows[whole & rows["period_from"].notna()].sort_values("period_from", kind="stable")

    @cached_property
    def latest(self) -> pd.DataFrame:
        """Each KPI's own value for all accounts in the period that the page speaks of, by name."""
        begin = self.span.begin if self.span else None
        return self.headlines[self.headlines["period_from"] == begin].set_index("name")

    def title(self, name: str) -> str:
        """A KPI's title."""
        return title_of(name, self.definition(name))

    def definition(self, name: str) -> str:
        """What a KPI is, in one line; empty where nobody says."""
        known = self.definitions.get(name, "")
        return known if isinstance(known, str) else known.definition

    def facts(self, name: str) -> list[tuple[str, str]]:
        """What else is said of a KPI."""
        known = self.definitions.get(name, "")
        if isinstance(known, str):
            return []
        return [("Formula", known.formula), ("Example", known.example), ("Vendors claim", known.reference)]

    def value(self, name: str) -> str:
        """A KPI's latest value for all accounts in few letters; empty where it has none."""
        if name not in self.latest.index or pd.isna(self.latest.loc[name, "value"]):
            return ""
        row = self.latest.loc[name]
        return format_short(row["value"], row["unit"], self.currency)

    def change(self, name: str) -> tuple[str, str]:
        """By how much it changed since the period before, and whether that is better or worse (empty: not clear)."""
        if name not in self.moves.index:
            return "", ""
        row = self.moves.loc[name]
        gap = row["value"] - row["earlier"]
        if row["unit"] in ("share", "percentage points"):
            size = format_number(abs(gap), "percentage points", "")
        elif row["unit"] in ("points", "index", "level", "ratio") or row["earlier"] <= 0:
            size = format_short(abs(gap), row["unit"], self.currency)
        else:
            size = format_number(abs(gap) / row["earlier"], "share", "")
        sign = "▲ " if gap > 0 else "▼ " if gap < 0 else ""
        return (f"{sign}{size}" if gap else "no change"), "" if row["move"] == UNCLEAR else str(row["move"])

    def course(self, name: str) -> list[float]:
        """Its values for all accounts over the periods, up to the one that the page speaks of."""
        mine = self.headlines[self.headlines["name"] == name].set_index("period_from")["value"]
        shown = [span for span in self.spans if self.span and span.end <= self.span.end]
        return [float(mine.get(span.begin, float("nan"))) for span in shown]
