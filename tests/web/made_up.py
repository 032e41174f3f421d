"""A made-up run as the store gives it: accounts with names in several scripts, hostile ones, and every kind of gap."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from abm_ml.web.access import Freshness
from abm_ml.web.program_records import KpiDefinition, ModelShown, ProgramKpi
from abm_ml.web.records import (
    AccountKpi,
    AccountPage,
    ChangePart,
    Choices,
    Deal,
    Event,
    GroupCell,
    HistoryPoint,
    ListRow,
    Reason,
    Relative,
    RunInfo,
    ScoreRow,
    Viewer,
    WhatIf,
)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title><svg onload=alert(1)>",
    "{{7*7}} ${7*7} ';alert(1)//",
    "Acme\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "=1+1",
    "华东科技有限公司",
    "شركة النور للتقنية",
    "Nordwerk\r\nGmbH",
    "-",
)
CARD = "# Model card\n\n**OK.** <script>alert(1)</script>\n\n| a |\n| --- |\n| [x](javascript:alert(1)) |\n"
AS_OF = dt.date(2026, 6, 30)
RUN = RunInfo(
    run_id="2026-06-30-e4534ffba59f",
    as_of=AS_OF,
    previous_run_id="2026-06-23-2c15e1bdf2ea",
    previous_as_of=dt.date(2026, 6, 23),
    newest_event=dt.date(2026, 6, 29),
    currency="EUR",
    funnel=("awareness", "consideration", "evaluation", "decision"),
    grades={"A": 0.5, "B": 0.25, "C": 0.1},
    levels={"warm": 20, "hot": 50, "red_hot": 100},
    window_days=90,
    what_if_accounts=None,
)
SELLER = Viewer(name="anna", role="seller", owners=("S01",))
CONTEXT: dict[str, Any] = {
    "viewer": SELLER,
    "csrf": "t0ken",
    "run": RUN,
    "signed_in": True,
    "loopback": False,
    "freshness": Freshness(1, False, None),
}


def score(label: str, probability: float, **changed: Any) -> ScoreRow:
    """A score with an interval around it."""
    grade = next((name for name, cut in RUN.grades.items() if probability >= cut), "D")
    usual = ScoreRow(
        label=label,
        probability=probability,
        low=max(0.0, probability - 0.04),
        high=min(1.0, probability + 0.05),
        base_probability=0.184,
        percentile=0.887,
        grade=grade,
        rung="lightgbm",
        model=f"{label}/7",
        word="Ready",
        expected_value=probability * 80_000 if label != "progression" else None,
        change=0.0344,
        enough=True,
        rule_score=71.0,
        rule_level="hot",
        agreement="agree",
        first_reason="2 meetings in the last 30 days; typical is 0",
        moved_by="New activity: 2 meetings since then",
    )
    return replace(usual, **changed)


def row(name: str = "Nordwerk GmbH", **changed: Any) -> ListRow:
    """An account of the list, with two scores."""
    usual = ListRow(
        account_id="A000009",
        name=name,
        domain="nordwerk7.example",
        industry="Software",
        country="DE",
        tier="1",
        owner_id="S01",
        owner_name="Anna Okafor",
        lifecycle="prospect",
        stage="evaluation",
        engagement_level="hot",
        engagement_points=71.0,
        penetration=0.4,
        penetration_goal=0.6,
        expected_value=35_560.0,
        biggest_change=0.0344,
        lead_label="win",
        first_reason="2 meetings in the last 30 days; typical is 0",
        scores={"win": score("win", 0.4445), "progression": score("progression", 0.3121, change=-0.021)},
    )
    return replace(usual, **changed)


def rows() -> tuple[ListRow, ...]:
    """A list: an ordinary account, hostile ones, and one of which little is known."""
    churn = {"churn": score("churn", 0.0712, change=None, agreement="model_higher")}
    client = row("Vero data AG", account_id="A1", lifecycle="client", stage=None, scores=churn, lead_label="churn")
    bare = row(
        "Quiet Ltd",
        account_id="A2",
        industry=None,
        country=None,
        tier=None,
        lifecycle="target",
        stage=None,
        engagement_level=None,
        engagement_points=None,
        penetration=None,
        penetration_goal=None,
        expected_value=None,
        biggest_change=None,
        lead_label="progression",
        first_reason=None,
        scores={"progression": score("progression", 0.004, low=0.001, high=0.71, enough=False, change=None)},
    )
    strange = [
        row(name, account_id=f"H{place}", industry=name, first_reason=f"Industry {name}; typical is Software")
        for place, name in enumerate(HOSTILE)
    ]
    return (row(), client, bare, *strange)


def reasons(total: float) -> tuple[Reason, ...]:
    """Reasons that add up to a total."""
    texts = (
        ("meetings_held", "engagement", 0.121, True, "2 meetings in the last 30 days; typical is 0 (+12.1 points)."),
        ("executives", "penetration", 0.0642, True, "3 people of the C-level engaged; typical is 1 (+6.4 points)."),
        ("champions_known", "penetration", -0.0430, True, "No champions at the account; typical is 1 (-4.3 points)."),
        ("deal_age", "pipeline", -0.0311, False, "Deal open for 210 days; typical is 94 (-3.1 points)."),
        ("industry", "firmographic", 0.0208, False, f"Industry {HOSTILE[0]}; typical is Software (+2.1 points)."),
        ("country", "firmographic", 0.0004, False, "Country DE, as is typical (under 0.1 points up)."),
    )
    found = [
        Reason(rank=rank, feature=name, group=group, points=points, controllable=own, text=text)
        for rank, (name, group, points, own, text) in enumerate(texts, start=1)
    ]
    rest = total - sum(each.points for each in found)
    last = Reason(
        rank=len(found) + 1,
        feature="other",
        group=None,
        points=rest,
        controllable=False,
        text="Everything else together (+0.1 points).",
    )
    return (*found, last)


def changes() -> tuple[ChangePart, ...]:
    """The parts of a change of 0.0344."""
    parts = (
        ("new_activity", 0.0491, "New activity: 1 meeting, 3 web visits"),
        ("time_passed", -0.0122, "Time passed: the deal is a week older"),
        ("model_changed", 0.0, "The model is the same"),
        ("calibration_changed", -0.0025, "The calibration changed"),
    )
    return tuple(ChangePart(part=part, points=points, text=text) for part, points, text in parts)


def history(label: str) -> tuple[HistoryPoint, ...]:
    """Eight weekly scores, the last two of another model."""
    found = []
    for week, probability in enumerate((0.21, 0.24, 0.23, 0.31, 0.35, 0.38, 0.4101, 0.4445)):
        when = AS_OF - dt.timedelta(weeks=7 - week)
        found.append(
            HistoryPoint(
                run_id=f"{when}-000000000000",
                as_of=when,
                probability=probability,
                low=probability - 0.05,
                high=probability + 0.06,
                grade="B",
                model=f"{label}/{7 if week > 5 else 6}",
            )
        )
    return tuple(found)


def what_ifs() -> tuple[WhatIf, ...]:
    """A scenario that helps, one that does nothing, and one that was never seen."""
    told = (("a meeting with a key contact", 0.5312), ("a support ticket closed", 0.4445), ("five more engaged", None))
    return tuple(
        WhatIf(label="win", scenario=text, text=text, without=0.4445, with_=with_, inside=with_ is not None)
        for text, with_ in told
    )


def events() -> tuple[Event, ...]:
    """What happened: engagements, a stage entered, a deal opened."""
    empty: dict[str, Any] = {"channel": None, "side": None, "role": None, "seniority": None, "detail": None}
    money: dict[str, Any] = {"amount": None, "currency": None}

    def at(days: int, kind: str, **known: Any) -> Event:
        when = dt.datetime(2026, 6, 29, 9) - dt.timedelta(days=days)
        return Event(**{**empty, **money, "happened_at": when, "kind": kind, **known})

    visits = [at(3, "web_visit", channel="web", side="inbound", role="user", seniority="staff") for _ in range(4)]
    return (
        at(1, "meeting", channel="in_person", side="sales", role="decision_maker", seniority="c_level"),
        *visits,
        at(5, "stage_entered", detail="evaluation"),
        at(9, "deal_opened", detail="new", amount=80_000.0, currency="EUR"),
        *(at(11 + day, HOSTILE[day % 3], side="marketing", seniority="manager") for day in range(20)),
    )


def account(name: str = "Nordwerk GmbH") -> AccountPage:
    """An account with everything."""
    facts = row(name, scores={"win": score("win", 0.4445), "progression": score("progression", 0.3121)})
    kpi = {"unit": "share", "family": "coverage", "better": "higher"}
    return AccountPage(
        facts=facts,
        website="https://nordwerk7.example/",
        employees=1240,
        annual_revenue=93_000_000.0,
        territory="West",
        scores=tuple(facts.scores.values()),
        reasons={each.label: reasons(each.probability - 0.184) for each in facts.scores.values()},
        changes={"win": changes()},
        what_if=what_ifs(),
        history={"win": history("win"), "progression": history("progression")[-1:]},
        kpis=(
            AccountKpi(name="penetration_rate", title="Penetration rate", value=0.4, goal=0.6, met=False, **kpi),
            AccountKpi(name="coverage", title="Coverage", value=0.85, goal=0.5, met=True, **kpi),
            AccountKpi(name="relevance", title="Relevance", value=0.71, goal=None, met=None, **kpi),
        ),
        buying_group=(
            GroupCell(role="decision_maker", seniority="c_level", known=2, engaged=1, key_people=1),
            GroupCell(role="decision_maker", seniority="director", known=1, engaged=0, key_people=0),
            GroupCell(role="user", seniority="staff", known=5, engaged=3, key_people=0),
            GroupCell(role="", seniority="", known=2, engaged=0, key_people=0),
        ),
        timeline=events(),
        deals=(
            Deal(
                opportunity_id="O77",
                kind="new",
                stage="evaluation",
                opened_at=dt.date(2026, 6, 20),
                amount=80_000.0,
                currency="EUR",
            ),
        ),
        family=(Relative(account_id="A77/x y", name=HOSTILE[7], relation="parent"),),
    )


def choices() -> Choices:
    """What the filters offer."""
    return Choices(
        owners=(("S01", "Anna Okafor"), ("S02", "Mei Tanaka")),
        tiers=("1", "2", "3"),
        industries=("Software", "Retail", HOSTILE[0], HOSTILE[6]),
        stages=RUN.funnel,
        lifecycles=("client", "prospect", "target"),
        grades=("A", "B", "C", "D"),
        levels=("cold", "warm", "hot", "red_hot"),
        agreements=("agree", "rule_higher", "model_higher"),
    )


def models() -> tuple[ModelShown, ...]:
    """A model per label."""
    questions = {
        "win": "An account with an open opportunity wins one within the horizon.",
        "progression": "A target or prospect moves to a later stage within the horizon.",
        "churn": "A client is lost within the horizon.",
    }
    figures: dict[str, Any] = {
        "roc_auc": {"value": 0.781, "low": 0.752, "high": 0.811},
        "calibration_error": {"value": 0.027, "low": 0.014, "high": 0.043},
        "top_decile_lift": {"value": 2.553, "low": 2.143, "high": 3.051},
        "rows": 1279,
        "accounts": 355,
        "positives": 235,
        "calibration": [
            {"said": said, "happened": happened, "low": max(0, happened - 0.05), "high": happened + 0.06, "rows": 128}
            for said, happened in ((0.02, 0.01), (0.07, 0.06), (0.16, 0.17), (0.28, 0.33), (0.45, 0.41))
        ],
        "lift": [
            {"tenth": 1, "rate": 0.47, "lift": 2.55, "rows": 128},
            {"tenth": 2, "rate": 0.2, "lift": 1.1, "rows": 128},
        ],
        "backtest": [
            {"as_of": f"2026-0{month}-01", "rows": 213, "positives": 40, "said": 0.18, "happened": 0.19, "auc": auc}
            for month, auc in ((1, 0.75), (2, None), (3, 0.79))
        ],
        "drift": {
            "judged": 13,
            "found": [
                {
                    "feature": "probability",
                    "text": None,
                    "index": 0.4,
                    "level": "large",
                    "bin": "over 0.8",
                    "then": 0.1,
                    "now": 0.3,
                },
                {
                    "feature": "country",
                    "text": "The country.",
                    "index": 0.12,
                    "level": "watch",
                    "bin": HOSTILE[0],
                    "then": 0.0,
                    "now": 0.004,
                },
            ],
        },
        "mistakes": [
            {"kind": kind, "as_of": "2026-01-01", "probability": 0.04, "text": HOSTILE[0]}
            for kind in ("missed", "in_vain")
        ],
        "comparisons": [{"baseline": "engagement score", "auc": 0.72, "difference": 0.06, "low": 0.029, "high": 0.094}],
    }
    return tuple(
        ModelShown(
            label=label,
            question=question,
            yes="wins",
            no="accounts without a win",
            wanted=label != "churn",
            horizon_days=180 if label == "churn" else 90,
            model=f"{label}/7",
            rung="lightgbm",
            word="Ready" if label == "win" else "OK" if label == "churn" else "Not ready",
            trained_as_of=dt.date(2026, 6, 1),
            base_probability=0.184,
            card=CARD,
            figures=figures if label == "win" else {},
        )
        for label, question in questions.items()
    )


def definitions() -> tuple[KpiDefinition, ...]:
    """Two KPIs with values, and one that is not available."""
    facts = {"formula": "won / closed", "three_r": "revenue", "example": "4 of 10", "reference": "", "unit": "share"}
    return tuple(
        KpiDefinition(
            name=name,
            place=place,
            title=title,
            definition=f"{title}: a share.",
            better=better,
            family=family,
            why=why,
            **facts,
        )
        for place, (name, title, family, better, why) in enumerate(
            (
                ("win_rate", "Win rate", "pipeline", "higher", None),
                ("churn_rate", "Churn rate", "retention", "lower", None),
                ("nps", "NPS", "retention", "higher", "no surveys"),
            )
        )
    )


def program() -> tuple[ProgramKpi, ...]:
    """A report of four quarters, the last one not over."""
    found = []
    begins = [dt.date(2025, 7, 1), dt.date(2025, 10, 1), dt.date(2026, 1, 1), dt.date(2026, 4, 1), dt.date(2026, 6, 30)]

    def kpi(place: int, name: str, cut: str, value: float | None, **known: Any) -> ProgramKpi:
        usual: dict[str, Any] = {
            "measure": "value", "part": None, "low": None, "high": None, "of": 100.0, "unit": "share", "goal": None,
            "met": None, "better": "higher", "family": "pipeline", "three_r": "revenue", "note": None,
        }  # fmt: skip
        period = {"period_from": begins[place], "period_to": begins[place + 1]}
        return ProgramKpi(**{**usual, **period, "name": name, "cut": cut, "value": value, **known})

    for place in range(4):
        found.append(kpi(place, "win_rate", "all", 0.40 + place / 50, low=0.38, high=0.46, goal=0.5, met=False))
        found.append(kpi(place, "win_rate", "program=in", 0.52, goal=0.5, met=True))
        found.append(kpi(place, "win_rate", "program=out", 0.33))
        churned = 0.08 - place / 100
        found.append(kpi(place, "churn_rate", "all", churned, better="lower", family="retention", goal=0.08, met=True))
        for stage, share in zip(RUN.funnel, (0.4, 0.2, 0.1, None), strict=True):
            found.append(kpi(place, "progression_rate", "all", share, part=stage, of=200.0))
    return tuple(found)
