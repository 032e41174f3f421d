"""Features: what is known of an account on a date, as numbers and categories."""

# isort: off
from abm_ml.features import (  # importing a file puts its definitions into the catalogue, in this order
    histories,
    engagement,
    penetration,
    firmographic,
    pipeline,
    clients,
    derived,
    momentum,
    depth,
    outreach,
    people,
    peers,
    relatives,
    calendar,
)

# isort: on
from abm_ml.features.base import DERIVED, FEATURES, Derived, Feature, Group
from abm_ml.features.build import (
    CHANGING,
    FeatureColumn,
    FeatureSet,
    FeatureTable,
    feature_set,
    feature_table,
    supposed_table,
)

__all__ = [
    "CHANGING",
    "DERIVED",
    "FEATURES",
    "Derived",
    "Feature",
    "FeatureColumn",
    "FeatureSet",
    "FeatureTable",
    "Group",
    "feature_set",
    "feature_table",
    "supposed_table",
]
