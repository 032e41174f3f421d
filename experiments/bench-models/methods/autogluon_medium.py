"""AutoGluon with the preset medium_quality."""

from autogluon_tabular import run

run("medium_quality")
