"""The pictures of account-based marketing, drawn from the rows of a KPI report.

Each takes `KpiReport.rows` and gives a Plotly figure; where the rows hold nothing to draw it raises NothingToDraw,
and where Plotly is not installed it raises NotReady.
"""

from abm_ml.plots.canvas import NothingToDraw
from abm_ml.plots.clients import retention_curve
from abm_ml.plots.costs import cac_and_roi
from abm_ml.plots.coverage import penetration
from abm_ml.plots.deals import program_comparison, velocity
from abm_ml.plots.effects import tactics
from abm_ml.plots.engagement import channel_mix, engagement_trend
from abm_ml.plots.overview import three_rs
from abm_ml.plots.stages import funnel

__all__ = [
    "NothingToDraw",
    "cac_and_roi",
    "channel_mix",
    "engagement_trend",
    "funnel",
    "penetration",
    "program_comparison",
    "retention_curve",
    "tactics",
    "three_rs",
    "velocity",
]
