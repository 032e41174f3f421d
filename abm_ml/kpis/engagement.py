"""KPIs of engagement: how much an account engages, and which level that is."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.kpis.base import Period, kpi
from abm_ml.timeline import SPINE, facts_of, known, within


def _scores(period: Period) -> ir.Table:
    rows = known(facts_of(period.tables, "engagements"), period.dates)
    points = [(kind, float(points)) for kind, points in period.terms.engagement.points_by_kind.items()]
    rows = rows.filter(within(rows, period.days)).mutate(points=rows.kind.cases(*points, else_=0.0))
    scores = rows.group_by(list(SPINE)).aggregate(value=rows.points.cast("decimal(38, 6)").sum().cast("float64"))
    joined = period.dates.select(*SPINE).left_join(scores, list(SPINE)).drop("account_id_right", "as_of_right")
    return joined.mutate(value=joined.value.fill_null(0.0))


@kpi(
    formula="sum of the points of every engagement in the period",
    unit="points",
    needs=("engagements",),
    better="higher",
    family="engagement",
    three_r="relationship",
    if_none=0.0,
)
def engagement_score(period: Period) -> ir.Table:
    """Account engagement score: the points of everything the account did in the period."""
    return _scores(period)


@kpi(
    formula="the highest level whose points the engagement score reaches; cold below the first",
    unit="level",
    needs=("engagements",),
    better="higher",
    family="engagement",
    three_r="relationship",
    if_none="cold",
)
def engagement_level(period: Period) -> ir.Table:
    """Engagement level: cold, warm, hot or red hot, by the configured points."""
    scores = _scores(period)
    falling = sorted(period.terms.engagement.levels.items(), key=lambda level: -level[1])
    reached = [(scores.value >= points, name) for name, points in falling]
    return scores.mutate(value=ibis.cases(*reached, else_="cold"))
