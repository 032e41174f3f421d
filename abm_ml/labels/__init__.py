"""Labels: the questions about the future that models answer."""

# isort: off
from abm_ml.labels import (
    progression,
    win,
    churn,
)  # one name per label; its import puts it into the catalogue, in this order

# isort: on
from abm_ml.labels.base import LABELS, Label, Outlook
from abm_ml.labels.build import eligible, outcomes, standing

__all__ = ["LABELS", "Label", "Outlook", "eligible", "outcomes", "standing"]
