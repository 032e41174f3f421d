"""A made-up report: every KPI of the catalogue over eight quarters, cut by tier, program and industries of any name."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace

import pandas as pd
import pytest

QUARTERS = pd.to_datetime([f"{year}-{month:02d}-01" for year in (2024, 2025) for month in (1, 4, 7, 10)])
AS_OF = pd.Timestamp("2025-11-15")
ENDS = [*QUARTERS[1:], AS_OF]
STAGES = ("awareness", "consideration", "evaluation", "decision")
SCRIPT = "<script>alert('x')</script>"
LINK = '<a href="javascript:alert(1)">Click</a> & "co"'
ARABIC = "شركة النور للتجارة"
CHINESE = "上海云科技有限公司"
TURNED = "abc\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe"
HOSTILE = (SCRIPT, LINK, ARABIC, CHINESE, TURNED, "</script><img src=x onerror=alert(1)>", "tier=1, program=in")

# family, name, R, unit, better and the first value; in the order of the KPI catalogue.
CATALOGUE = """
engagement | engagement_score | relationship | points | higher | 12000
engagement | engagement_level | relationship | share | higher | 0.2
engagement | email_open_rate | relationship | share | higher | 0.21
engagement | email_click_rate | relationship | share | higher | 0.021
engagement | email_response_rate | relationship | share | higher | 0.012
engagement | site_visit_reach | reputation | share | higher | 0.28
engagement | awareness_rate | reputation | share | higher | 0.5
engagement | awareness_surge | reputation | ratio | higher | 1.3
engagement | engaged_account_rate | relationship | share | higher | 0.25
engagement | engagement_growth | relationship | ratio | higher | 1.6
engagement | visit_depth | relationship | pages | higher | 3.4
engagement | ad_engagement_rate | reputation | share | higher | 0.011
engagement | content_performance | relationship | engagements | higher | 840
engagement | content_conversion_rate | relationship | share | higher | 0.08
engagement | content_exposure | reputation | share | higher | 0.45
engagement | funnel_level_mix | relationship | share | higher | 0.3
engagement | social_engagement | reputation | engagements | higher | 60
engagement | event_participation | relationship | share | higher | 0.3
engagement | traffic_source_mix | reputation | share | higher | 0.2
engagement | channels_before_purchase | relationship | channels | higher | 5.5
engagement | marketing_qualified_accounts | relationship | accounts | higher | 120
engagement | digital_physical_mix | relationship | share | higher | 0.6
engagement | repeat_engagement_rate | relationship | share | higher | 0.4
engagement | survey_response_rate | relationship | share | higher | 0.35
engagement | reputation_index | reputation | index | higher | 0.1
coverage | penetration_rate | relationship | share | higher | 0.38
coverage | sales_penetration | relationship | share | higher | 0.3
coverage | coverage | relationship | share | higher | 0.75
coverage | contacts_per_account | relationship | contacts | higher | 6.2
coverage | buying_group_coverage | relationship | share | higher | 0.5
coverage | multi_threading | relationship | contacts | higher | 1.4
coverage | sales_conversations | relationship | conversations | higher | 900
coverage | target_accounts | relationship | accounts | higher | 400
coverage | target_candidates | relationship | accounts | higher | 21
coverage | precision | relationship | share | higher | 0.4
coverage | relevance | relationship | share | higher | 0.5
coverage | tam | revenue | money | higher | 10000000
coverage | obtainable_revenue | revenue | money | higher | 2400000
pipeline | progression_rate | relationship | share | higher | 0.25
pipeline | accounts_entering_pipeline | revenue | accounts | higher | 30
pipeline | influenced_accounts | relationship | share | higher | 0.12
pipeline | influenced_pipeline | revenue | share | higher | 0.3
pipeline | win_rate | revenue | share | higher | 0.3
pipeline | win_rate_lift | revenue | share | higher | 0.25
pipeline | interaction_conversion_rate | relationship | share | higher | 0.1
pipeline | average_deal_size | revenue | money | higher | 50000
pipeline | deal_size_lift | revenue | share | higher | 0.2
pipeline | sales_cycle_length | revenue | days | lower | 60
pipeline | sales_cycle_saved | revenue | days | higher | 8
pipeline | pipeline_velocity | revenue | money per day | higher | 1000
pipeline | time_in_stage | revenue | days | lower | 30
revenue | revenue_growth | revenue | share | higher | 0.2
revenue | clv | revenue | money | higher | 100000
revenue | acv | revenue | money | higher | 100000
revenue | cac | revenue | money | lower | 25000
revenue | cac_full | revenue | money | lower | 30000
revenue | program_cost | revenue | money | lower | 100000
revenue | roi | revenue | share | higher | 0.5
revenue | clv_to_cac | revenue | ratio | higher | 4.0
retention | churn_rate | relationship | share | lower | 0.05
retention | churn_reduction | relationship | percentage points | higher | 0.03
retention | retention_rate | relationship | share | higher | 0.95
retention | upsell_rate | revenue | share | higher | 0.2
retention | upsell_revenue_rate | revenue | share | higher | 0.15
retention | cross_sell_rate | revenue | share | higher | 0.15
retention | installed_base_growth | revenue | share | higher | 0.1
retention | nps | reputation | points | higher | 30
retention | csat | relationship | share | higher | 0.8
retention | advocacy_rate | reputation | share | higher | 0.25
steering | tactic_effectiveness | revenue | percentage points | higher | 0.15
steering | goal_attainment | revenue | share | higher | 0.7
"""
UNAVAILABLE = ("survey_response_rate", "csat")
PARTS = {
    "progression_rate": STAGES[:3],
    "time_in_stage": STAGES,
    "traffic_source_mix": ("seo", "retargeting", "email", "paid_keywords", "social", "direct", "referral", "unknown"),
    "digital_physical_mix": ("digital", "physical", "unknown"),
    "funnel_level_mix": ("tofu", "mofu", "bofu"),
    "engagement_level": ("cold", "warm", "hot", "red_hot"),
    "content_performance": tuple(f"content {number} {SCRIPT}" for number in range(214)),
    "tactic_effectiveness": (*HOSTILE, *(f"campaign_{number}" for number in range(9))),
}
MIXES = ("traffic_source_mix", "digital_physical_mix", "funnel_level_mix", "engagement_level")
CUTS = {
    "tier": ("1", "2", "3"),
    "program": ("in", "out"),
    "industry": (*HOSTILE, "Software", "Banks", "Retail", "Energy", "Chemicals", "Trade"),
}
GOALS = {
    ("penetration_rate", "tier=1"): 0.6,
    ("penetration_rate", "tier=2"): 0.4,
    ("win_rate", "all"): 0.3,
    ("sales_cycle_length", "all"): 50.0,
    ("survey_response_rate", "all"): 0.5,
}


def _wave(*keys: object) -> float:
    """A number between 0.85 and 1.15 that is always the same for the same keys."""
    return 1 + 0.15 * math.sin(sum(ord(sign) for sign in "|".join(map(str, keys))))


def _line(name: str, unit: str, better: str, first: float, cut: str, part: str | None) -> Iterator[dict[str, object]]:
    """The numbers of one KPI, cut and part over the periods."""
    for place, (begin, end) in enumerate(zip(QUARTERS, ENDS, strict=True)):
        drift = 1 + (-0.02 if better == "lower" else 0.02) * place
        value = first * drift * _wave(name, cut, part, place) * (1.2 if cut == "program=in" else 1)
        if name in MIXES:
            value = _wave(name, part) / sum(_wave(name, each) for each in PARTS[name])
        if name == "tactic_effectiveness":
            value = 2 * (_wave(name, part) - 1)
        most = 1.0 if unit == "share" else math.inf
        yield {"period_from": begin, "period_to": end, "value": min(value, 0.97 * most), "most": most}


def _records() -> Iterator[dict[str, object]]:
    cuts = [("all", {})] + [(f"{cut}={value}", {cut: value}) for cut, values in CUTS.items() for value in values]
    for text in CATALOGUE.strip().splitlines():
        family, name, three_r, unit, better, first = text.split(" | ")
        facts = {"name": name, "unit": unit, "better": better, "family": family, "three_r": three_r}
        for cut, keys in cuts if name not in UNAVAILABLE else []:
            parts = [*([] if name in MIXES else [None]), *PARTS.get(name, ())]
            for part in parts if cut == "all" else parts[:3]:
                goal = GOALS.get((name, cut)) if part is None else None
                for numbers in _line(name, unit, better, float(first), cut, part):
                    yield facts | numbers | keys | {"measure": "value", "cut": cut, "part": part, "goal": goal}


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    """The rows of the made-up report, with the types that a report has."""
    frame = pd.DataFrame(_records()).assign(note=None)
    for name in ("name", "measure", "part", "cut", "unit", "better", "family", "three_r", "note", *CUTS):
        frame[name] = frame[name].astype("str")
    spread = (0.12 * frame["value"].abs()).where((frame["unit"] != "ratio") & ~frame["name"].isin(MIXES))
    frame["low"], frame["high"] = frame["value"] - spread, (frame["value"] + spread).clip(upper=frame.pop("most"))
    frame["of"] = 40.0 + frame["cut"].str.len() + frame["part"].str.len().fillna(4)
    frame["goal"] = frame["goal"].astype("float64")
    higher = frame["better"] == "higher"
    met = (frame["value"] >= frame["goal"]).where(higher, frame["value"] <= frame["goal"]).astype("boolean")
    frame["met"] = met.where(frame["goal"].notna(), pd.NA)
    return frame


@pytest.fixture(scope="session")
def definitions() -> dict[str, SimpleNamespace]:
    """What each KPI means, as the records of the catalogue say it."""
    return {
        name: SimpleNamespace(
            definition=f"{name.replace('_', ' ').capitalize()}: what people know as {name}.",
            formula="a / b",
            example="12 of 40 = 30%",
            reference="20%" if name == "email_open_rate" else "",
        )
        for name in (text.split(" | ")[1] for text in CATALOGUE.strip().splitlines())
    }


@pytest.fixture(scope="session")
def unavailable() -> dict[str, str]:
    """KPIs whose tables the company does not have."""
    return dict.fromkeys(UNAVAILABLE, "not available: needs table surveys")
