"""The benchmark of the models: what may be known, who is on which side, and how differences are judged."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from tests.studies.slices import own_modules


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    """The benchmark's own modules."""
    with own_modules("bench-models", "sets") as first:
        yield first


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["ibm", "seller_churn_early", "telco", "olist_leads"])
def test_cut_keeps_the_traps_out(name: str, bench: ModuleType) -> None:
    """No row is on both sides, groups stay together, no feature is an id, the answer, or known only afterwards."""
    if not bench.DATA.is_dir():
        pytest.skip("ABM_ML_DATA names no folder")
    split = bench.TABLES[name].split(1)
    assert list(split.train.columns) == list(split.test.columns)
    late = {*bench.IBM_CLOSING, "Opportunity Amount USD", "last_month_active_quarter", "n_months_active_quarter"}
    assert not set(split.train) & {*late, "Opportunity Number", "seller_id", "customerID", "mql_id", "won_date"}
    if name == "ibm":
        assert not set(split.groups[0]) & set(split.groups[1])
    if split.time is not None:
        assert split.time[0].max() < split.time[1].min()
    again = bench.TABLES[name].split(1)
    assert again.test.equals(split.test)
    assert set(split.answers[1]) == {0, 1}


def test_differences_are_paired(bench: ModuleType) -> None:
    """The same answers differ by exactly nothing; a better ranking is told as better, with an interval around it."""
    figures = importlib.import_module("figures")
    random = np.random.default_rng(1)
    happened = [(random.random(400) < 0.3).astype(int) for _ in range(2)]
    groups = [np.repeat(np.arange(200), 2), None]
    noise = [random.normal(size=400) for _ in happened]
    good = [1 / (1 + np.exp(-(2 * y - 1 + each))) for y, each in zip(happened, noise, strict=True)]
    poor = [1 / (1 + np.exp(-(0.3 * y + each))) for y, each in zip(happened, noise, strict=True)]
    judge = figures.Judge(happened, groups)
    more = judge.figures(good) - judge.figures(poor)
    assert (judge.figures(good) - judge.figures(good)).abs().to_numpy().max() == 0.0
    low, high = figures.interval(more["AUC"])
    assert 0 < low < more["AUC"].iloc[0] < high
    assert len(more) == figures.DRAWS + 1


def test_calibration_error_is_the_gap(bench: ModuleType) -> None:
    """Probabilities that are 0.2 too high everywhere are wrong by 0.2."""
    figures = importlib.import_module("figures")
    happened = np.tile([0, 0, 0, 0, 1], 100)
    assert figures.calibration_error(happened, np.full(500, 0.4), np.ones((1, 500))) == pytest.approx(0.2)


def test_figures_are_scikit_learns(bench: ModuleType) -> None:
    """AUC, average precision and Brier score of weighted rows with ties are scikit-learn's."""
    figures = importlib.import_module("figures")
    random = np.random.default_rng(3)
    happened, said = random.integers(0, 2, 300), random.integers(0, 40, 300) / 40
    weights = random.integers(0, 4, (5, 300)).astype(float)
    theirs = {"AUC": roc_auc_score, "PR AUC": average_precision_score, "Brier": brier_score_loss}
    for name, figure in theirs.items():
        wanted = [figure(happened, said, sample_weight=weight) for weight in weights]
        np.testing.assert_allclose(figures.FIGURES[name](happened, said, weights), wanted, rtol=1e-12)


def test_what_the_readme_shows(bench: ModuleType, tmp_path: Path) -> None:
    """Between the marks: ours beside the best of the others, and a line per method, or why it failed."""
    judged, shown, contest = (importlib.import_module(name) for name in ("run", "shown", "contest"))
    random = np.random.default_rng(1)
    answers = pd.Series(random.integers(0, 2, 300))
    cuts = [(1, SimpleNamespace(answers=(None, answers), groups=None))]
    said = {"ours_tuned": 0.6 * answers + 0.4 * random.random(300), "logistic": random.random(300)}
    runs = [contest.Run(method=name, seed=1, probability=np.asarray(p), seconds=1.0) for name, p in said.items()]
    runs.append(contest.Run(method="flaml_automl", seed=1, failed="out of memory"))
    rows = judged.judged("telco", runs, cuts)
    file = tmp_path / "README.md"
    file.write_text("before\n<!-- run -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    shown.in_readme(rows, file, said="today")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| Telco churn | 0.836 | 1.0000 |" in text
    assert "(logistic regression)" in text
    assert "| FLAML 2.7 | out of memory |" in text
    assert (tmp_path / "differences.png").is_file()
    shown.on_terminal(rows)
