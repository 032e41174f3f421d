"""KPIs of awareness: which accounts notice us, engage, and how that grows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm_ml.kpis.base import ACCOUNT_CUTS, kpi
from abm_ml.kpis.estimates import Estimate, count, distinct, mean, mix, ratio, share, total

_SURGE_VISITS = 5
_SURGE_TIMES = 3
_BASELINE_WEEKS = 4


@kpi(
    id="K02",
    formula="share of accounts on each level; level: the highest whose points (engagement.levels) the account's "
    "points of the last engagement.window_days before the period's end reach, cold below the first "
    "(by default warm 20, hot 50, red_hot 100 points in 90 days)",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="1 of 4 accounts has 50 points: 25% are hot",
    each="level",
    whole=False,
)
def engagement_level(accounts: Any) -> Estimate:
    """Engagement tier: how the accounts spread over the levels that their points reach."""
    return mix(count(accounts.account_id))


@kpi(
    id="K06",
    formula="target accounts with at least 1 web visit in the period / target accounts; three_months: of the target "
    "accounts whose first 90 days in the program ended in the period, those with a visit in these 90 days",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="reputation",
    example="7 of 25 target accounts visited = 28%",
    reference="28% after 3 months of ABM",
)
def site_visit_reach(accounts: Any) -> Mapping[str, Estimate]:
    """Target-account site-visit reach: the share of target accounts with at least one web visit in the period."""
    ripe = accounts.is_target & accounts.first_days_over
    return {
        "value": share((accounts.is_target & (accounts.visits > 0)).sum(), accounts.is_target.sum()),
        "three_months": share((ripe & (accounts.first_visits > 0)).sum(), ripe.sum()),
    }


@kpi(
    id="K07",
    formula="target accounts with any email open, web visit or ad impression in the period / target accounts",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="reputation",
    example="60 of 120 target accounts = 50%",
)
def awareness_rate(accounts: Any) -> Estimate:
    """Awareness rate: the share of target accounts that are aware: any open, web visit or ad impression."""
    return share((accounts.is_target & accounts.aware).sum(), accounts.is_target.sum())


@kpi(
    id="K08",
    formula="web visits of the last 7 days before the period's end / mean of the four weeks before; flagged: accounts "
    "with at least 5 visits in these 7 days and at least 3 times their own mean",
    unit="ratio",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="reputation",
    example="30 visits against a mean of 10 = 3.0 times",
)
def awareness_surge(accounts: Any) -> Mapping[str, Estimate]:
    """Awareness surge: web visits of the last 7 days / mean of the four weeks before."""
    week, four_weeks = accounts.visits_7, accounts.visits_28
    flagged = (week >= _SURGE_VISITS) & (week * _BASELINE_WEEKS >= _SURGE_TIMES * four_weeks)
    return {
        "value": ratio(week.sum(), four_weeks.sum() / _BASELINE_WEEKS),
        "flagged": count(flagged, unit="accounts"),
    }


@kpi(
    id="K09",
    formula="engaged target accounts / target accounts; engaged: in the period an open, click, reply, ad click, form "
    "fill, download, event, meeting or demo request, or at least two web visits",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="30 of 120 target accounts = 25%",
)
def engaged_account_rate(accounts: Any) -> Estimate:
    """Engaged target accounts rate: the share of target accounts that engaged, by more than a single web visit."""
    return share((accounts.is_target & accounts.engaged).sum(), accounts.is_target.sum())


@kpi(
    id="K10",
    formula="points of the last engagement.window_days before the period's end / points of as many days before the "
    "account entered the program; sums over the accounts inside the program when the period ended, without those "
    "whose entry has no date",
    unit="ratio",
    better="higher",
    needs=("engagements", "accounts.program_from"),
    family="engagement",
    three_r="relationship",
    example="40 points now, 20 points when the program began = 2.0 times",
    reference="2.0 times within 6 months",
    cuts=ACCOUNT_CUTS,
)
def engagement_growth(accounts: Any) -> Estimate:
    """Engagement growth: the points of the program's accounts now, by their points when they entered the program."""
    inside = accounts.started
    return ratio(total(accounts.score, where=inside), total(accounts.score_start, where=inside))


@kpi(
    id="K21",
    formula="count of target accounts with at least the points of the level hot (else of the second-highest level, or "
    "the only one) in the last engagement.window_days before the period's end; share: of all target accounts",
    unit="accounts",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="2 of 8 target accounts have 50 points or more: 2 accounts, 25%",
)
def marketing_qualified_accounts(accounts: Any) -> Mapping[str, Estimate]:
    """Marketing-qualified accounts: how many target accounts are hot by their points."""
    qualified = accounts.is_target & accounts.qualified
    return {"value": count(qualified), "share": share(qualified.sum(), accounts.is_target.sum(), unit="share")}


@kpi(
    id="K23",
    formula="accounts with engagements (points > 0) in at least 2 different weeks of the period / accounts with any; "
    "weeks are blocks of 7 days from the period's begin",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="3 of 12 active accounts came back in another week = 25%",
)
def repeat_engagement_rate(accounts: Any) -> Estimate:
    """Repeat engagement rate: the share of the accounts that engaged which did so in two or more different weeks."""
    return share(accounts.repeated.sum(), accounts.active.sum())


@kpi(
    id="K25",
    formula="mean over accounts of the mean of their parts: brand (mean score of brand surveys answered in the "
    "period), social (shares and comments), events (events and webinars attended), visits (web visits of people never "
    "seen visiting before the period); each minus its mean, by its standard deviation over all accounts and periods "
    "of the report",
    unit="index",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="reputation",
    example="two accounts, one with 2 shares, one without any: +1 and -1 in social, 0 in the mean",
)
def reputation_index(reputation: Any) -> Mapping[str, Estimate]:
    """Reputation index: brand surveys, social, events and new visitors, each standardised; 0 is this report's mean."""
    return {
        "value": mean(reputation["index"]),
        "brand": mean(reputation.brand),
        "social": mean(reputation.social),
        "events": mean(reputation.events),
        "visits": mean(reputation.visits),
    }


@kpi(
    id="K33",
    formula="count of target accounts when the period ended; per_seller: those that have an owner / distinct owners",
    unit="accounts",
    better="higher",
    needs=("accounts.is_target",),
    family="coverage",
    three_r="relationship",
    example="120 target accounts of 2 salespeople: 120, and 60 each",
    reference="100 or fewer per salesperson",
)
def target_accounts(accounts: Any) -> Mapping[str, Estimate]:
    """Number of target accounts, and how many there are per salesperson."""
    targets = accounts.is_target
    return {
        "value": count(targets),
        "per_seller": ratio(count(targets & accounts.owner.notnull()), distinct(accounts.owner, where=targets)),
    }


@kpi(
    id="K41",
    formula="engaged accounts in the addressable market (in_tam) / accounts in the addressable market",
    unit="share",
    better="higher",
    needs=("accounts.in_tam", "engagements"),
    family="pipeline",
    three_r="relationship",
    example="60 of 500 accounts = 12%",
)
def influenced_accounts(accounts: Any) -> Estimate:
    """Influenced pipeline (accounts): the share of the accounts in the addressable market that engaged."""
    return share((accounts.in_tam & accounts.engaged).sum(), accounts.in_tam.sum())
