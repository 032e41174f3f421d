"""KPIs of coverage: how much of an account's buying group is reached."""

from __future__ import annotations

import ibis.expr.types as ir

from abm_ml.kpis.base import Period, kpi
from abm_ml.timeline import SPINE, facts_of, known, within


@kpi(
    formula="engaged key contacts / key contacts; engaged: at least one engagement with points > 0 in the period",
    unit="share",
    needs=("contacts", "engagements"),
    better="higher",
    family="coverage",
    three_r="relationship",
)
def penetration_rate(period: Period) -> ir.Table:
    """Account penetration rate: the share of the key contacts who engaged in the period; none without key contacts."""
    people = known(facts_of(period.tables, "contacts"), period.dates)
    people = people.filter(people.is_key)
    rows = known(facts_of(period.tables, "engagements"), period.dates)
    worth = [kind for kind, points in period.terms.engagement.points_by_kind.items() if points > 0]
    engaged = rows.filter(within(rows, period.days), rows.kind.isin(worth)).select(*SPINE, "contact_id").distinct()
    engaged = engaged.mutate(engaged=1)
    joined = people.select(*SPINE, "contact_id").left_join(engaged, [*SPINE, "contact_id"])
    return joined.group_by(list(SPINE)).aggregate(value=joined.engaged.count() / joined.contact_id.count())
