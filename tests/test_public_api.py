"""The public face: the jobs and records that users call, each documented; none makes `import abm_ml` slow."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import abm_ml

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", abm_ml.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    """What is listed can be used, and says what it is."""
    assert inspect.getdoc(getattr(abm_ml, name))


def test_a_name_that_is_not_there() -> None:
    """Whoever mistypes a name is told which there are."""
    with pytest.raises(AttributeError, match=r"no 'scores'. It has: .*score"):
        _ = abm_ml.scores


def test_names_are_imported_when_first_used() -> None:
    """Importing abm_ml imports nothing that takes long; its names are offered all the same."""
    program = "import sys, abm_ml; assert 'score' in dir(abm_ml); print('pandas' in sys.modules, 'ibis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]


def test_no_name_is_also_a_module() -> None:
    """A name that a module bears, too, would turn into that module as soon as anything imports it."""
    modules = {module.name for module in pkgutil.iter_modules(abm_ml.__path__)}
    assert modules & set(abm_ml.__all__) == set()


def test_errors_are_one_family() -> None:
    """`except abm_ml.AbmError` catches whatever abm_ml refuses."""
    with pytest.raises(abm_ml.AbmError):
        abm_ml.open_workspace({"source": {"kind": "nothing"}})


def test_from_a_workspace_to_features(tmp_path: Path) -> None:
    """A workspace is opened by its values; features of a date are a frame, a row per account known then."""
    settings = {
        "workspace": str(tmp_path),
        "source": {"kind": "synthetic", "accounts": 30, "starts": "2026-01-01"},
        "engine": {"threads": 1},
    }
    with abm_ml.open_workspace(settings) as workspace:
        report = abm_ml.check(workspace)
        table = abm_ml.features_at(workspace)
    assert {each.table for each in report.tables} >= {"accounts", "engagements"}
    assert table["account_id"].is_unique
    assert table["as_of"].unique().tolist() == [pd.Timestamp("2026-06-30")]
    assert len(table.columns) > 90
