"""Flat tables: a ready-made table of rows with their answers, as a training set like any other."""

from abm_ml.flat.reading import read_table, typed
from abm_ml.flat.roles import LabelColumn, Roles, SplitConfig
from abm_ml.flat.rows import FlatRows, feature_columns, rows_to_score, training_rows

__all__ = [
    "FlatRows",
    "LabelColumn",
    "Roles",
    "SplitConfig",
    "feature_columns",
    "read_table",
    "rows_to_score",
    "training_rows",
    "typed",
]
