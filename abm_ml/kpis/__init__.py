"""KPIs: what account-based marketing measures by rule, beside the predicted scores."""

# Importing a family puts its KPIs into the catalogue, in the order of the KPI catalogue's chapters.
from abm_ml.kpis import grains, engagement, awareness, coverage, market, pipeline, revenue, retention, steering  # isort: skip
from abm_ml.kpis.base import CUTS, GRAINS, KPIS, PARTS, Kpi, cuts_of
from abm_ml.kpis.build import Measuring
from abm_ml.kpis.goals import check_goals
from abm_ml.kpis.report import (
    COLUMNS,
    KpiReport,
    account_rows,
    account_table,
    kpi_report,
    parse_cuts,
    refuse_impossible_cuts,
    rounded,
)
from abm_ml.kpis.rule import rule_scores
from abm_ml.kpis.seen import Seen

__all__ = [
    "COLUMNS",
    "CUTS",
    "GRAINS",
    "KPIS",
    "PARTS",
    "Kpi",
    "KpiReport",
    "Measuring",
    "Seen",
    "account_rows",
    "account_table",
    "check_goals",
    "cuts_of",
    "kpi_report",
    "parse_cuts",
    "refuse_impossible_cuts",
    "rounded",
    "rule_scores",
]
