"""The rule that ranks accounts beside the model: the engagement score and its level, as known at any dates."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.kpis.grains.touches import points_of
from abm_ml.kpis.joins import beside
from abm_ml.tables import Tables, Terms
from abm_ml.tables.money import MONEY
from abm_ml.timeline import SPINE, facts_of, known, within


def level_of(score: ir.NumericValue, terms: Terms) -> ir.StringValue:
    """The highest level whose points a score reaches; cold below the first."""
    falling = sorted(terms.engagement.levels.items(), key=lambda level: -level[1])
    return ibis.cases(*[(score >= points, name) for name, points in falling], else_="cold")


def rule_scores(tables: Tables, terms: Terms, dates: ir.Table) -> ir.Table:
    """account_id, as_of, engagement_score and engagement_level over the `window_days` before each date.

    Both are null where the company has no engagements.
    """
    if "engagements" not in tables:
        empty = {"engagement_score": ibis.null("float64"), "engagement_level": ibis.null("string")}
        return dates.select(*SPINE, **empty)
    rows = known(facts_of(tables, "engagements"), dates)
    rows = rows.filter(within(rows, terms.engagement.window_days))
    rows = rows.mutate(points=points_of(rows, terms))
    sums = rows.group_by(list(SPINE)).aggregate(engagement_score=rows.points.cast(MONEY).sum().cast("float64"))
    joined = beside(dates.select(*SPINE), sums, SPINE)
    joined = joined.mutate(engagement_score=joined.engagement_score.fill_null(0.0))
    return joined.mutate(engagement_level=level_of(joined.engagement_score, terms))
