"""Worked examples of the KPIs of engagement, with the numbers of the KPI catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from abm_ml.engines import Engine
from abm_ml.kpis import KPIS, Measuring, Seen, kpi_report
from abm_ml.tables import Terms
from abm_ml.timeline import Period

END = dt.datetime(2026, 7, 1)
QUARTER = Period.of(dt.datetime(2026, 4, 1), END)
Row = dict[str, Any]
# The numbers of a KPI by measure; of a part by (measure, part); of a cut by (measure, cut).
Report = Callable[..., dict[Any, float]]


def did(kind: str, account: str = "acme", day: str = "2026-05-01", **cells: Any) -> Row:
    """One engagement."""
    return {"kind": kind, "account_id": account, "happened_at": day, "channel": "web", "side": "marketing", **cells}


def each(kind: str, contacts: range, **cells: Any) -> list[Row]:
    """One engagement of each of some contacts, all in campaign k."""
    return [did(kind, contact_id=f"c{n}", **({"campaign_id": "k"} | cells)) for n in contacts]


def content(name: str, level: str = "top", **cells: Any) -> Row:
    """One content."""
    return {"content_id": name, "funnel_level": level, "gated": False, "personalised": False, **cells}


@pytest.fixture
def report(tiny: Any, engine: Engine) -> Report:
    """`report(name, engagements, surveys=...)`: acme is a target in the program since May, other is neither."""

    def measure(
        name: str, engagements: list[Row] | None = None, cut: str = "", **tables: list[Row]
    ) -> dict[Any, float]:
        born = {"created_at": "2024-01-01"}
        acme = {"account_id": "acme", "is_target": True, "in_program": True, "program_from": "2026-05-01", **born}
        other = {"account_id": "other", "is_target": False, "in_program": False, **born}
        if engagements is not None:
            tables["engagements"] = [{"engagement_id": str(n), **row} for n, row in enumerate(engagements)]
        company = tiny({"accounts": [acme, other], **tables})
        seen = Seen(company, Terms(), END, (QUARTER,), engine)
        rows = kpi_report(Measuring(seen), [KPIS[name]], [(cut,)] if cut else []).rows
        return {_key(row): row.value for row in rows.itertuples()}

    return measure


def _key(row: Any) -> Any:
    words = [row.measure, *([row.part] if isinstance(row.part, str) else []), *([row.cut] if row.cut != "all" else [])]
    return tuple(words) if len(words) > 1 else row.measure


def test_engagement_score(report: Report) -> None:
    """K01: 4 opens + 2 downloads + 1 demo = 20; what happens when the quarter ends does not count, nor does a mail."""
    rows = [did("email_open")] * 4 + [did("content_download")] * 2 + [did("demo_request", day="2026-04-01")]
    rows += [did("email_sent"), did("demo_request", day="2026-07-01"), did("demo_request", day="2026-03-31")]
    assert report("engagement_score", rows) == {"value": 20}
    assert report("engagement_score", [*rows, did("meeting", "other")], cut="account") == {
        "value": 30, ("value", "account=acme"): 20, ("value", "account=other"): 10,
    }  # fmt: skip


def test_engagement_score_by_program(report: Report) -> None:
    """K01: a touch on the day on which its account enters the program is inside, one of the day before is outside."""
    rows = [did("meeting"), did("email_open", day="2026-04-30")]
    assert report("engagement_score", rows, cut="program") == {
        "value": 11, ("value", "program=in"): 10, ("value", "program=out"): 1,
    }  # fmt: skip


def test_engagement_score_of_nothing(report: Report) -> None:
    """K01: nobody did anything: 0 points."""
    assert report("engagement_score", []) == {"value": 0}


def test_email_open_rate(report: Report) -> None:
    """K03: 8 of 40 delivered were opened: 20 %; a repeated open and one of nobody we know change nothing."""
    rows = each("email_delivered", range(40)) + each("email_open", range(8)) * 2 + [did("email_open", campaign_id="k")]
    assert report("email_open_rate", rows) == {"value": 0.20}


def test_email_open_rate_counts_campaigns_apart(report: Report) -> None:
    """K03: the same contact with two campaigns is two; e-mails without a campaign are one campaign."""
    rows = each("email_delivered", range(1)) + each("email_delivered", range(1), campaign_id="l")
    rows += each("email_delivered", range(1), campaign_id=None) * 2 + each("email_open", range(1), campaign_id=None)
    assert report("email_open_rate", rows, cut="campaign") == {
        "value": pytest.approx(1 / 3), ("value", "campaign=k"): 0, ("value", "campaign=l"): 0,
        ("value", "campaign=unknown"): 1,
    }  # fmt: skip


def test_email_open_rate_where_no_delivery_is_told(report: Report) -> None:
    """K03: a source without deliveries: 12 sent, 2 of them bounced, 2 opened: 20 %."""
    rows = each("email_sent", range(12)) + each("email_bounced", range(10, 12)) + each("email_open", range(2))
    assert report("email_open_rate", rows) == {"value": 0.20}
    told_before = [*rows, did("email_delivered", "other", day="2025-01-01", campaign_id="k")]
    assert pd.isna(report("email_open_rate", told_before)["value"])


def test_email_rates_where_one_campaign_tells_no_delivery(report: Report) -> None:
    """K03 to K05: campaign k tells that 10 were delivered; of l it is only known that 4 were sent and 1 acted."""
    told = each("email_delivered", range(10)) + each("email_open", range(1)) + each("email_sent", range(20))
    for kind, name in (("open", "open"), ("click", "click"), ("reply", "response")):
        rows = told + each("email_sent", range(4), campaign_id="l") + each(f"email_{kind}", range(1), campaign_id="l")
        found = report(f"email_{name}_rate", rows, cut="campaign")
        assert found["value", "campaign=l"] == 0.25
        assert found["value"] == pytest.approx((2 if kind == "open" else 1) / 14)
        # E-mails without a campaign are one campaign, too.
        unnamed = [row | {"campaign_id": None} if row["campaign_id"] == "l" else row for row in rows]
        assert report(f"email_{name}_rate", unnamed, cut="campaign")["value", "campaign=unknown"] == 0.25


def test_email_click_rate(report: Report) -> None:
    """K04: 1 click of 50 delivered is 2 %, and 10 % of the 10 opened."""
    rows = each("email_delivered", range(50)) + each("email_open", range(10)) + each("email_click", range(1)) * 3
    assert report("email_click_rate", rows) == {"value": 0.02, "per_open": 0.10}


def test_email_response_rate(report: Report) -> None:
    """K05: 2 of 40 answered: 5 %; nothing delivered: no rate."""
    rows = each("email_delivered", range(40)) + each("email_reply", range(2))
    assert report("email_response_rate", rows) == {"value": 0.05}
    assert pd.isna(report("email_response_rate", each("email_reply", range(2)))["value"])


def test_visit_depth(report: Report) -> None:
    """K11: visits of 2, 3 and 7 pages are 4 pages per visit; a visit without pages is a visit, but has no depth."""
    rows = [did("web_visit", quantity=pages, seconds=60) for pages in (2, 3, 7)] + [did("web_visit")]
    rows += [did("content_view", content_id="p", seconds=90), did("content_view", content_id="g", seconds=30)]
    rows += [did("content_download", content_id="g"), did("meeting", channel="in_person")]
    rows += [did("email_sent", channel="email")]
    assert report("visit_depth", rows, contents=[content("p", personalised=True), content("g")]) == {
        "value": 4, "visits": 4, "seconds_per_visit": 60, "downloads": 1, "channels": 2, "content_seconds": 120,
        "personalised_seconds": 90,
    }  # fmt: skip


def test_visit_depth_without_contents(report: Report) -> None:
    """K11: a company that lists no contents still has visits; without visits there is no depth."""
    found = report("visit_depth", [did("content_view", content_id="p", seconds=90)])
    assert pd.isna(found["value"])
    assert (found["content_seconds"], found["personalised_seconds"]) == (90, 0)


def test_ad_engagement_rate(report: Report) -> None:
    """K12: variant a 3 of 100, variant b 1 of 100, both 2 %; ads that others than targets see do not count."""
    rows = [did("ad_impression", campaign_id=name) for name in "ab" for _ in range(100)]
    rows += [did("ad_click", campaign_id="a")] * 3 + [did("ad_click", campaign_id="b"), did("ad_click", "other")]
    assert report("ad_engagement_rate", rows) == {"value": 0.02, ("value", "a"): 0.03, ("value", "b"): 0.01}


def test_content_performance(report: Report) -> None:
    """K13: 5 views + 3 downloads by 4 people of 2 accounts, offered 20 times: 8, 2 per account, 40 %."""
    rows = [did("content_view", contact_id=f"c{n}") for n in (1, 1, 2, 3, 3)]
    rows += [did("content_download", "other", contact_id="c4")] * 3
    rows += [did(kind) for kind in ("email_delivered", "ad_impression", "mailing_sent", "event_invited")] * 5
    guide = [row | {"content_id": "guide"} for row in rows]
    report_of_guide = {"value": 8, "views": 5, "downloads": 3, "people_per_account": 2, "consumption_rate": 0.40}
    expected: dict[Any, float] = {(measure, "guide"): value for measure, value in report_of_guide.items()}
    assert report("content_performance", [*guide, did("content_view")]) == expected | report_of_guide


def test_content_performance_by_content(report: Report) -> None:
    """K13: each content stands by itself; one that nobody was offered has no consumption rate."""
    rows = [
        did("content_view", content_id="a"),
        did("content_view", content_id="b"),
        did("mailing_sent", content_id="a"),
    ]
    found = report("content_performance", rows)
    assert (found["value"], found["value", "a"], found["value", "b"]) == (2, 1, 1)
    assert found["consumption_rate", "a"] == 1
    assert pd.isna(found["consumption_rate", "b"])


def test_content_performance_where_one_campaign_tells_no_delivery(report: Report) -> None:
    """K13: k tells 2 deliveries of 4 sent, l only that 3 were sent: 1 view of 5 offers is 20 %."""
    rows = each("email_sent", range(4)) + each("email_delivered", range(2))
    rows += each("email_sent", range(3), campaign_id="l")
    rows = [row | {"content_id": "guide"} for row in [*rows, did("content_view")]]
    assert report("content_performance", rows)["consumption_rate"] == 0.20


def test_content_conversion_rate(report: Report) -> None:
    """K14: 3 of 12 visitors take the next step: 25 %; a step before the visit is none, a step at once is one."""
    rows = each("web_visit", range(6)) + each("content_view", range(6, 11)) + [did("web_visit")] * 2
    rows += [*each("form_fill", range(1)), *each("content_download", range(1, 2), day="2026-06-30")]
    rows += [did("demo_request"), *each("form_fill", range(2, 3), day="2026-04-30"), *each("form_fill", range(11, 12))]
    assert report("content_conversion_rate", rows) == {"value": 0.25}


def test_funnel_level_mix(report: Report) -> None:
    """K16: 6 top, 3 middle, 1 bottom are 60, 30 and 10 %; what earns no points does not count."""
    levels = {"t": "top", "m": "middle", "b": "bottom"}
    rows = [did("content_view", content_id=name) for name in "ttttttmmmb"] + [did("email_sent", content_id="b")]
    found = report("funnel_level_mix", rows, contents=[content(name, level) for name, level in levels.items()])
    assert found == {("value", "top"): 0.6, ("value", "middle"): 0.3, ("value", "bottom"): 0.1}


def test_social_engagement(report: Report) -> None:
    """K17: 2 shares + 3 comments of target accounts are 5; others' do not count."""
    rows = [did("social_share")] * 2 + [did("social_comment")] * 3 + [did("social_share", "other"), did("web_visit")]
    assert report("social_engagement", rows) == {"value": 5}


def test_event_participation(report: Report) -> None:
    """K18: 6 attended of 24 invited: 25 %; who only registered did not attend."""
    rows = [did("event_invited")] * 24 + [did("event_attended")] * 4 + [did("webinar_attended")] * 2
    assert report("event_participation", [*rows, did("event_registered")]) == {"value": 0.25, "attended": 6}


def test_traffic_source_mix(report: Report) -> None:
    """K19: 20 % retargeting, 10 % e-mail, 3 % social, 10 % paid keywords and 57 % SEO sum to 100 %."""
    counts = {"retargeting": 20, "email": 10, "social": 3, "paid_keywords": 10, "seo": 57}
    rows = [did("web_visit", traffic_source=source) for source, count in counts.items() for _ in range(count)]
    found = report("traffic_source_mix", [*rows, did("web_visit", "other"), did("form_fill", traffic_source="seo")])
    assert found == {("value", source): count / 100 for source, count in counts.items()}
    assert sum(found.values()) == pytest.approx(1)


def test_traffic_source_mix_of_unknown_sources(report: Report) -> None:
    """K19: visits of which nobody knows the source are a part of their own."""
    rows = [did("web_visit"), did("web_visit", traffic_source="seo")]
    assert report("traffic_source_mix", rows) == {("value", "unknown"): 0.5, ("value", "seo"): 0.5}


def test_digital_physical_mix(report: Report) -> None:
    """K22: 8 engagements by e-mail and web and 2 meetings are 80 % digital and 20 % physical."""
    rows = [did("email_open", channel="email")] * 5 + [did("web_visit")] * 3 + [did("meeting", channel="in_person")] * 2
    found = report("digital_physical_mix", [*rows, did("mailing_sent", channel="mail")])
    assert found == {("value", "digital"): 0.8, ("value", "physical"): 0.2}


def test_survey_response_rate(report: Report) -> None:
    """K24: 9 of 30 surveys of the quarter are answered: 30 %; an answer of this quarter to an old survey is none."""
    sent = {"account_id": "acme", "kind": "nps", "sent_at": "2026-05-01"}
    rows = [sent | {"answered_at": "2026-05-03" if n < 9 else None} for n in range(30)]
    rows += [sent | {"sent_at": "2026-03-01", "answered_at": "2026-05-01"}]
    rows = [{"survey_id": str(n), **row} for n, row in enumerate(rows)]
    assert report("survey_response_rate", surveys=rows) == {"value": 0.30}


def test_survey_response_rate_knows_no_later_answer(report: Report) -> None:
    """K24: an answer that comes when the report is made, or later, is not known; no survey, no rate."""
    sent = {"account_id": "acme", "kind": "nps", "sent_at": "2026-05-01", "survey_id": "1", "answered_at": "2026-07-01"}
    assert report("survey_response_rate", surveys=[sent]) == {"value": 0}
    assert pd.isna(report("survey_response_rate", surveys=[])["value"])
