"""The KPI report: every KPI by period and cut, beside its goal; and the KPIs of every account beside the scores."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from abm_ml.catalogue import fingerprint
from abm_ml.errors import ConfigError, NotReady
from abm_ml.jobs.workspace import Workspace
from abm_ml.kpis import (
    COLUMNS,
    GRAINS,
    KPIS,
    Kpi,
    KpiReport,
    Measuring,
    Seen,
    account_rows,
    kpi_report,
    parse_cuts,
    refuse_impossible_cuts,
)
from abm_ml.kpis.goals import cuts_with_goals
from abm_ml.labels import LABELS
from abm_ml.publishing.runs import read_current
from abm_ml.publishing.sinks import SINKS, replace_file, write_frame
from abm_ml.tables import Terms
from abm_ml.timeline import Calendar, Period, calendar

_PAGE = ".html"
# How far back a report looks when nobody says: what fits beside each other on a page.
_DAYS_BACK: Mapping[Calendar | None, int] = {None: 365, "month": 365, "quarter": 2 * 365, "year": 5 * 365}
_SCORES_READ = ("account_id", "label", "probability")
# What is published with every run: enough for the page, and few enough to read.
_PUBLISHED_CUTS = (("tier",), ("program",), ("industry",))


@dataclass(frozen=True, kw_only=True)
class KpiQuestion:
    """Which KPIs (none named: all), by which cuts (`tier`, or crossed: `tier,industry`), over which periods.

    Without `period` there is one, from `begin` to `end` (default: the year before the date). `end` is the first day
    that no longer counts.
    """

    names: Sequence[str] = ()
    by: Sequence[str] = ()
    period: Calendar | None = None
    begin: dt.datetime | None = None
    end: dt.datetime | None = None
    as_of: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class KpiResult:
    """A KPI report: its long table (columns: `abm_ml.kpis.COLUMNS`, then the cuts), and what is not available."""

    as_of: dt.datetime
    currency: str
    named: bool
    rows: pd.DataFrame
    unavailable: Mapping[str, str]
    file: Path | None = None


def report_kpis(workspace: Workspace, question: KpiQuestion | None = None, *, out: Path | None = None) -> KpiResult:
    """The KPI report of a company, written to `out` (csv, parquet, xlsx or html) where it is given.

    Raises:
        UnknownName: there is no such KPI or cut.
        ConfigError: a cut makes no sense for a KPI asked for by name, or the periods are wrong.
        SourceError: an amount has no exchange rate on its date.
        NotReady: what writes the file is not installed.
    """
    asked = question or KpiQuestion()
    kpis = tuple(KPIS[name] for name in dict.fromkeys(asked.names)) or tuple(KPIS)
    cuts = parse_cuts(asked.by)
    if asked.names:
        refuse_impossible_cuts(kpis, cuts)
    if out is not None and out.suffix not in (*SINKS, _PAGE):
        raise ConfigError(f"{out}: files end in {', '.join((*SINKS, _PAGE))}.")
    as_of = workspace.as_of(asked.as_of)
    report = _report(workspace, as_of, _periods(workspace, asked, as_of), kpis, cuts)
    if out is not None and out.suffix == _PAGE:
        replace_file(out, page(report, as_of, workspace.terms).encode())
    elif out is not None:
        write_frame(report.rows, out)
    return KpiResult(
        as_of=as_of,
        currency=workspace.terms.currency,
        named=bool(asked.names),
        rows=report.rows,
        unavailable=report.unavailable,
        file=out,
    )


def program_report(workspace: Workspace, as_of: dt.datetime, scores: pa.Table | None) -> pd.DataFrame:
    """What a run publishes as program_kpis: all KPIs by quarter and by the cuts of the page and of the goals."""
    cuts = dict.fromkeys((*_PUBLISHED_CUTS, *cuts_with_goals(workspace.config.goals)))
    periods = _periods(workspace, KpiQuestion(period="quarter"), as_of)
    report = _report(workspace, as_of, periods, tuple(KPIS), tuple(cuts), scores)
    return report.rows[list(COLUMNS)]


def kpis_by_account(workspace: Workspace, as_of: dt.datetime, scores: pa.Table | None) -> ir.Table:
    """account_id and one column per KPI of an account, over the days that make an engagement level; not yet rounded."""
    days = workspace.terms.engagement.window_days
    seen = _seen(workspace, as_of, (Period.of(as_of - dt.timedelta(days=days), as_of),), scores)
    return account_rows(Measuring(seen, workspace.progress("KPIs by account", len(GRAINS))))


@cache
def kpi_definitions() -> str:
    """A fingerprint of what every KPI means: the code that computes them."""
    return fingerprint(*(module for name, module in sorted(sys.modules.items()) if name.startswith("abm_ml.kpis.")))


def page(report: KpiReport, as_of: dt.datetime, terms: Terms) -> str:
    """The report as one HTML page that needs no network."""
    from abm_ml.plots.page import kpi_page

    return kpi_page(
        report.rows,
        title="KPIs of account-based marketing",
        as_of=as_of,
        currency=terms.currency,
        definitions={kpi.name: kpi for kpi in report.kpis},
        unavailable=report.unavailable,
        stages=terms.funnel,
    )


def _report(
    workspace: Workspace,
    as_of: dt.datetime,
    periods: tuple[Period, ...],
    kpis: tuple[Kpi, ...],
    cuts: Sequence[tuple[str, ...]],
    scores: pa.Table | None = None,
) -> KpiReport:
    seen = _seen(workspace, as_of, periods, _published_scores(workspace, as_of) if scores is None else scores)
    advance = workspace.progress("Computing KPIs", len(GRAINS))
    return kpi_report(Measuring(seen, advance), kpis, cuts, workspace.config.goals)


def _seen(workspace: Workspace, as_of: dt.datetime, periods: tuple[Period, ...], scores: pa.Table | None) -> Seen:
    table = None if scores is None else workspace.engine.register(scores.select(list(_SCORES_READ)))
    horizon = workspace.config.question(LABELS["churn"]).horizon_days
    return Seen(workspace.company.tables, workspace.terms, as_of, periods, workspace.engine, table, horizon)


def _published_scores(workspace: Workspace, as_of: dt.datetime) -> pa.Table | None:
    """The scores of the published run, if it is of that very date: others would say what was not known, or is old."""
    try:
        run = read_current(workspace.folder)
    except NotReady:
        return None
    return run.scores(columns=_SCORES_READ) if run.as_of == as_of else None


def _periods(workspace: Workspace, asked: KpiQuestion, as_of: dt.datetime) -> tuple[Period, ...]:
    """The periods asked for; by default as many whole ones as a page shows, where the data reaches."""
    end = min(asked.end or as_of, as_of)
    begin = asked.begin or end - dt.timedelta(days=_DAYS_BACK[asked.period])
    if begin >= end:
        raise ConfigError(f"Nothing lies between {begin:%Y-%m-%d} (--from) and {end:%Y-%m-%d} (--to, --as-of).")
    if asked.period is None:
        return (Period.of(begin, end),)
    periods = calendar(asked.period, begin, end)
    if asked.begin:
        return periods
    shown = [each for each in periods if each.begin >= begin and each.end > workspace.company.begin]
    return tuple(shown) or periods[-1:]
