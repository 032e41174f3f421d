"""AutoGluon with the preset best_quality."""

from autogluon_tabular import run

run("best_quality")
