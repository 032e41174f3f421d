"""Every KPI: the catalogue is complete, each has its words, its worked example and its second calculation."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from abm_ml.kpis import CUTS, GRAINS, KPIS, cuts_of
from abm_ml.tables import TABLES

HERE = Path(__file__).parent
NAMES = [
    "engagement_score", "engagement_level", "email_open_rate", "email_click_rate", "email_response_rate",
    "site_visit_reach", "awareness_rate", "awareness_surge", "engaged_account_rate", "engagement_growth",
    "visit_depth", "ad_engagement_rate", "content_performance", "content_conversion_rate", "content_exposure",
    "funnel_level_mix", "social_engagement", "event_participation", "traffic_source_mix",
    "channels_before_purchase", "marketing_qualified_accounts", "digital_physical_mix", "repeat_engagement_rate",
    "survey_response_rate", "reputation_index", "penetration_rate", "sales_penetration", "coverage",
    "contacts_per_account", "buying_group_coverage", "multi_threading", "sales_conversations", "target_accounts",
    "target_candidates", "precision", "relevance", "tam", "obtainable_revenue", "progression_rate",
    "accounts_entering_pipeline", "influenced_accounts", "influenced_pipeline", "win_rate", "win_rate_lift",
    "interaction_conversion_rate", "average_deal_size", "deal_size_lift", "sales_cycle_length",
    "sales_cycle_saved", "pipeline_velocity", "time_in_stage", "revenue_growth", "clv", "acv", "cac", "cac_full",
    "program_cost", "roi", "clv_to_cac", "churn_rate", "churn_reduction", "retention_rate", "upsell_rate",
    "upsell_revenue_rate", "cross_sell_rate", "installed_base_growth", "nps", "csat", "advocacy_rate",
    "tactic_effectiveness", "goal_attainment",
]  # fmt: skip
FAMILIES = {"engagement", "coverage", "pipeline", "revenue", "retention", "steering"}


def test_all_71_are_there() -> None:
    """The 71 KPIs of the catalogue stand under their names, in the order of their ids."""
    ordered = sorted((kpi for kpi in KPIS if kpi.id.startswith("K")), key=lambda kpi: kpi.id)
    assert [(kpi.id, kpi.name) for kpi in ordered] == [(f"K{n:02}", name) for n, name in enumerate(NAMES, 1)]


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
def test_every_kpi_says_what_it_is(kpi: Any) -> None:
    """Definition, formula, unit and example in words; a family and one of the three Rs; tables and cuts that exist."""
    assert all((kpi.definition.endswith((".", ":")), kpi.formula, kpi.unit, kpi.example))
    assert kpi.family in FAMILIES
    assert kpi.three_r in ("reputation", "relationship", "revenue")
    assert kpi.better in ("higher", "lower")
    assert set(cuts_of(kpi)) <= set(CUTS)
    for need in kpi.needs:
        table, _, column = need.partition(".")
        assert all(option in TABLES for option in table.split("|"))
        assert not column or column in TABLES[table].names


@pytest.mark.parametrize("grain", GRAINS, ids=lambda grain: grain.name)
def test_every_grain_is_defined(grain: Any) -> None:
    """What one row is, in words; and cuts that exist."""
    assert grain.definition.endswith(".")
    assert set(grain.cuts) <= set(CUTS)


def test_every_kpi_has_a_worked_example() -> None:
    """A test of its name in a file of worked examples."""
    tests = {
        node.name.removeprefix("test_")
        for file in HERE.glob("test_worked_*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert set(KPIS.names) <= tests


def test_every_kpi_is_calculated_twice() -> None:
    """An oracle of each in plain pandas, in the table of a test that runs it on random companies."""
    named: set[str] = {"goal_attainment"}  # its goals come from a configuration, so it has a test of its own
    for file in HERE.glob("test_*_twice.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ORACLES":
                inside = list(ast.walk(node.value))
                named |= {each.id for each in inside if isinstance(each, ast.Name)}
                named |= {str(each.value) for each in inside if isinstance(each, ast.Constant)}
    assert set(NAMES) <= named
