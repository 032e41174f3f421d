"""KPIs: what account-based marketing measures by rule, beside the predicted scores."""

from abm_ml.kpis import engagement, coverage  # isort: skip  # importing a family puts its KPIs into the catalogue
from abm_ml.kpis.base import KPIS, Kpi, Period
from abm_ml.kpis.build import account_kpis

__all__ = ["KPIS", "Kpi", "Period", "account_kpis"]
