"""KPIs of engagement, calculated a second time in plain Python on random companies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from abm_ml.engines import Engine
from abm_ml.timeline import Period
from tests.kpis.company import TERMS, Frames, Known, companies, company, once
from tests.kpis.second import RANDOM, Keep, compare

UNKNOWN = "unknown"


def _rate(above: float, below: float) -> float | None:
    return above / below if below else None


def _rows(company: Known, period: Period, keep: Keep) -> list[Any]:
    """The engagements of a period with their points, as records."""
    rows = keep(company.placed("engagements", period))
    points = rows["kind"].map(TERMS.engagement.points_by_kind).fillna(0.0)
    return list(rows.assign(points=points).itertuples())


def _kinds(rows: Iterable[Any]) -> Counter[str]:
    return Counter(row.kind for row in rows)


def _wanted(rows: Iterable[Any]) -> list[Any]:
    return [row for row in rows if row.is_target is True]


def _mixed(weights: dict[str, float]) -> dict[str, Any]:
    whole = sum(weights.values())
    return {"value": {part: _rate(weight, whole) for part, weight in weights.items()}}


def engagement_score(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K01: the sum of points."""
    return {"value": sum(row.points for row in _rows(company, period, keep))}


@once
def _telling(company: Known) -> set[Any]:
    """The campaigns of which a delivery is told, ever; None is the one of e-mails without a campaign."""
    rows = company.frames["engagements"]
    named = rows.loc[rows["kind"] == "email_delivered", "campaign_id"]
    return {_name(campaign) for campaign in named}


def _name(campaign: Any) -> str | None:
    return campaign if isinstance(campaign, str) else None


def _mails(company: Known, period: Period, keep: Keep) -> list[tuple[Any, set[str]]]:
    """The campaign and kinds of e-mail events of each contact in it; the first says whether it was in the program."""
    rows = company.placed("engagements", period).sort_values("happened_at", kind="stable")
    rows = rows[rows["kind"].str.startswith("email_") & rows["contact_id"].notna()]
    keys = rows[["account_id", "contact_id", "campaign_id"]].fillna("").agg("|".join, axis=1) if len(rows) else []
    rows = rows.assign(key=keys)
    kinds = {key: set(pair["kind"]) for key, pair in rows.groupby("key")}
    firsts = keep(rows.drop_duplicates("key"))
    return [(campaign, kinds[key]) for campaign, key in zip(firsts["campaign_id"], firsts["key"], strict=True)]


def _mail_counts(company: Known, period: Period, keep: Keep) -> Counter[str]:
    telling = _telling(company)
    counts: Counter[str] = Counter()
    for campaign, kinds in _mails(company, period, keep):
        told = _name(campaign) in telling
        counts.update(kinds - {"email_delivered"})
        counts["email_delivered"] += (
            "email_delivered" in kinds if told else "email_sent" in kinds and "email_bounced" not in kinds
        )
    return counts


def email_open_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K03: opened by delivered."""
    counts = _mail_counts(company, period, keep)
    return {"value": _rate(counts["email_open"], counts["email_delivered"])}


def email_click_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K04: clicked by delivered and by opened."""
    counts = _mail_counts(company, period, keep)
    clicked = counts["email_click"]
    return {"value": _rate(clicked, counts["email_delivered"]), "per_open": _rate(clicked, counts["email_open"])}


def email_response_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K05: replied by delivered."""
    counts = _mail_counts(company, period, keep)
    return {"value": _rate(counts["email_reply"], counts["email_delivered"])}


def visit_depth(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K11: pages by visits that tell them."""
    rows = _rows(company, period, keep)
    visits = [row for row in rows if row.kind == "web_visit"]
    pages = [row.quantity for row in visits if pd.notna(row.quantity)]
    lengths = [row.seconds for row in visits if pd.notna(row.seconds)]
    contents = company.frames.get("contents", pd.DataFrame(columns=["content_id", "personalised"]))
    personal = {row.content_id for row in contents.itertuples() if row.personalised}
    read = [row for row in rows if isinstance(row.content_id, str) and pd.notna(row.seconds)]
    return {
        "value": _rate(sum(pages), len(pages)),
        "visits": len(visits),
        "seconds_per_visit": _rate(sum(lengths), len(lengths)),
        "downloads": _kinds(rows)["content_download"],
        "channels": len({row.channel for row in rows if row.points > 0}),
        "content_seconds": sum(row.seconds for row in read),
        "personalised_seconds": sum(row.seconds for row in read if row.content_id in personal),
    }


def ad_engagement_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K12: clicks by impressions of target accounts."""
    ads = [row for row in _wanted(_rows(company, period, keep)) if row.kind in ("ad_impression", "ad_click")]
    rates: dict[str | None, float | None] = {}
    names = {row.campaign_id if isinstance(row.campaign_id, str) else UNKNOWN for row in ads}
    for part in (None, *names):
        kinds = _kinds(row for row in ads if part in (None, row.campaign_id) or _unnamed(part, row.campaign_id))
        rates[part] = _rate(kinds["ad_click"], kinds["ad_impression"])
    return {"value": rates}


def _unnamed(part: str | None, name: Any) -> bool:
    return part == UNKNOWN and not isinstance(name, str)


def content_performance(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K13: views and downloads, in all and by content."""
    rows = [row for row in _rows(company, period, keep) if isinstance(row.content_id, str)]
    measures: dict[str, Any] = {}
    telling = _telling(company)
    for part in (None, *{row.content_id for row in rows}):
        mine = [row for row in rows if part in (None, row.content_id)]
        read = [row for row in mine if row.kind in ("content_view", "content_download")]
        kinds = _kinds(mine)
        offered = sum(kinds[kind] for kind in ("email_delivered", "ad_impression", "mailing_sent", "event_invited"))
        silent = [row for row in mine if _name(row.campaign_id) not in telling]
        offered += _kinds(silent)["email_sent"]
        people = {row.contact_id for row in read if isinstance(row.contact_id, str)}
        numbers = {
            "value": len(read), "views": kinds["content_view"], "downloads": kinds["content_download"],
            "people_per_account": _rate(len(people), len({row.account_id for row in read})),
            "consumption_rate": _rate(len(read), offered),
        }  # fmt: skip
        for name, number in numbers.items():
            measures.setdefault(name, {})[part] = number
    return measures


def content_conversion_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K14: visitors who went on by visitors; where they stood is told by their first visit."""
    rows = company.placed("engagements", period)
    rows = rows.assign(who=rows["contact_id"].fillna("nobody"))
    visits = rows[rows["kind"].isin(("web_visit", "content_view"))].sort_values("happened_at", kind="stable")
    firsts = keep(visits.drop_duplicates(["account_id", "who"]))
    steps = rows[rows["kind"].isin(("content_download", "form_fill", "demo_request"))]
    converted = 0
    for first in firsts.itertuples():
        after = (steps["account_id"] == first.account_id) & (steps["who"] == first.who)
        converted += bool((after & (steps["happened_at"] >= first.happened_at)).any())
    return {"value": _rate(converted, len(firsts))}


def funnel_level_mix(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K16: engagements by the level of their content; contents that are not listed weigh nothing."""
    levels = dict(company.frames["contents"][["content_id", "funnel_level"]].itertuples(index=False))
    weights: dict[str, float] = {}
    for row in _rows(company, period, keep):
        if isinstance(row.content_id, str):
            level = levels.get(row.content_id, UNKNOWN)
            weights[level] = weights.get(level, 0) + (row.points > 0 and level != UNKNOWN)
    return _mixed(weights)


def social_engagement(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K17: shares and comments of target accounts."""
    kinds = _kinds(_wanted(_rows(company, period, keep)))
    return {"value": kinds["social_share"] + kinds["social_comment"]}


def event_participation(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K18: attended by invited."""
    kinds = _kinds(_rows(company, period, keep))
    attended = kinds["event_attended"] + kinds["webinar_attended"]
    return {"value": _rate(attended, kinds["event_invited"]), "attended": attended}


def traffic_source_mix(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K19: visits of target accounts by source."""
    visits = [row for row in _wanted(_rows(company, period, keep)) if row.kind == "web_visit"]
    return _mixed(Counter(row.traffic_source if isinstance(row.traffic_source, str) else UNKNOWN for row in visits))


def digital_physical_mix(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K22: engagements by class of channel."""
    weights: dict[str, float] = {}
    for row in _rows(company, period, keep):
        part = TERMS.engagement.class_by_channel.get(row.channel, UNKNOWN)
        weights[part] = weights.get(part, 0) + (row.points > 0)
    return _mixed(weights)


def survey_response_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K24: answered by sent."""
    sent = keep(company.placed("surveys", period, "sent_at"))
    return {"value": _rate(sent["answered_at"].notna().sum(), len(sent))}


ORACLES = {
    oracle.__name__: oracle
    for oracle in (
        engagement_score, email_open_rate, email_click_rate, email_response_rate, visit_depth, ad_engagement_rate,
        content_performance, content_conversion_rate, funnel_level_mix, social_engagement, event_participation,
        traffic_source_mix, digital_physical_mix, survey_response_rate,
    )
}  # fmt: skip


@RANDOM
@given(frames=companies())
def test_engagement(frames: Frames, tiny: Any, engine: Engine) -> None:
    """Every KPI of the family says what plain Python says, of all accounts and by cut."""
    compare(ORACLES, frames, tiny, engine)


@pytest.mark.parametrize("untold", [[], ["k0"], ["k0", "k1"], [None], [None, "k0", "k1"]])
def test_engagement_of_busy_accounts(untold: list[Any], tiny: Any, engine: Engine) -> None:
    """With many engagements nearly every rate has a value; also where nobody tells what campaigns delivered."""
    few = ("contacts", "opportunities", "stage_changes", "contracts", "orders", "costs", "account_changes")
    rows = dict.fromkeys(few, 20) | {"contents": 2, "surveys": 60, "engagements": 400}
    frames = company(np.random.default_rng(50), 3, rows)
    did = frames["engagements"]
    silent = (did["kind"] == "email_delivered") & did["campaign_id"].isin(untold)
    frames["engagements"] = did[~silent].reset_index(drop=True)
    compare(ORACLES, frames, tiny, engine)
