"""The search for settings: never worse than the usual ones, the same every time, and no finished trial is lost."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from abm_ml.errors import ConfigError, LockHeld, NotReady
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.evaluation import Metric
from abm_ml.modelling.rolling import Rolling
from abm_ml.modelling.tuning import Search, Trial, Tuned, tune
from abm_ml.modelling.tuning.journal import opened
from abm_ml.modelling.tuning.space import SPACE

TRIALS = 7


def company(accounts: int = 80, snapshots: int = 6) -> tuple[pd.DataFrame, np.ndarray, dict[str, np.ndarray]]:
    """Snapshots of accounts with three numbers, of which one matters."""
    random = np.random.default_rng(1)
    rows = accounts * snapshots
    frame = pd.DataFrame(random.normal(size=(rows, 3)), columns=["a", "b", "c"])
    y = (random.random(rows) < 1 / (1 + np.exp(1.0 - 1.5 * frame["a"]))).astype(int).to_numpy()
    dates = pd.Timestamp("2024-01-01") + pd.to_timedelta(30 * np.repeat(np.arange(snapshots), accounts), unit="D")
    return frame, y, {"time": dates.to_numpy(), "groups": np.tile(np.arange(accounts), snapshots)}


def searched(file: Path | None = None, trials: int = TRIALS, **how: Any) -> Tuned:
    """A small search."""
    frame, y, facts = company()
    model = AccountClassifier(max_trees=25, patience=5)
    rolling = Rolling(gap=np.timedelta64(30, "D"))
    return tune(model, frame, y, **facts, search=Search(seconds=None, trials=trials, file=file, rolling=rolling, **how))


def of(tuned: Tuned) -> list[tuple[Any, ...]]:
    """What every trial tried and found; seconds are the machine's."""
    return [(dict(trial.settings), trial.losses, trial.auc, trial.trees, trial.pruned) for trial in tuned.trials]


@pytest.fixture(scope="module")
def tuned() -> Tuned:
    """A search in memory, without interruption."""
    return searched()


def test_the_usual_settings_come_first(tuned: Tuned) -> None:
    """The first trial is the model as it came, so the best is never worse on these folds."""
    usual = AccountClassifier().get_params()
    own = [name for name in SPACE if usual[name] is not None]
    assert {name: tuned.usual.settings[name] for name in own} == {name: usual[name] for name in own}
    assert tuned.best.loss <= tuned.usual.loss


def test_the_usual_settings_stay_unless_others_are_surely_better() -> None:
    """Of many trials one is the best by chance; it is taken only if its gain's whole interval lies above zero."""
    usual = Trial(number=0, settings={}, losses=(0.5,), auc=0.7, trees=9, seconds=1.0, pruned=False)
    chance = replace(usual, number=1, losses=(0.40,), gain=Metric(0.1, -0.01, 0.2))
    sure = replace(usual, number=2, losses=(0.45,), gain=Metric(0.05, 0.01, 0.09))
    assert Tuned(settings={}, trials=(usual, chance), resumed=0).best is usual
    assert Tuned(settings={}, trials=(usual, chance, sure), resumed=0).best is sure


def test_what_a_trial_gains(tuned: Tuned) -> None:
    """A finished trial tells how much lower its log loss is than that of the usual settings, with an interval."""
    assert tuned.usual.gain is None
    for trial in tuned.trials[1:]:
        if trial.pruned:
            assert trial.gain is None
        else:
            assert trial.gain.value == pytest.approx(tuned.usual.loss - trial.loss, abs=2e-6)
            assert trial.gain.low <= trial.gain.value <= trial.gain.high


def test_settings_are_the_classifiers(tuned: Tuned) -> None:
    """What is found can be handed to AccountClassifier as it is."""
    assert set(tuned.settings) == set(SPACE)
    AccountClassifier(**tuned.settings)


def test_usual_settings_stay_as_they_were() -> None:
    """Where nothing better is found, settings that the model leaves to the data stay so."""
    assert searched(trials=1).settings["min_child_samples"] is None


def test_the_same_search_finds_the_same(tuned: Tuned) -> None:
    """Same rows, same seed, same trials: in memory or in a file."""
    assert of(searched()) == of(tuned)


def test_another_seed_searches_elsewhere(tuned: Tuned) -> None:
    """The seed of the model leads the search beyond its fixed starts."""
    frame, y, facts = company()
    other = tune(AccountClassifier(max_trees=25, patience=5, seed=8), frame, y, **facts, search=Search(trials=6))
    assert other.trials[5].settings != tuned.trials[5].settings


def interrupted(file: Path, after: int) -> None:
    """A search that ends abruptly when so many trials are finished."""

    def stop(trial: Trial) -> None:
        if trial.number == after - 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searched(file, watch=stop)


def test_a_search_goes_on_where_it_was(tuned: Tuned, tmp_path: Path) -> None:
    """After a sudden end no finished trial is lost, and the trials are exactly those of an uninterrupted search."""
    file = tmp_path / "trials.journal"
    interrupted(file, after=5)
    with file.open("a") as journal:
        journal.write('{"op_code": 6, "worker')  # a line that was cut short
    (tmp_path / "trials.journal.lock").symlink_to(file)  # and Optuna's lock, which nobody will give back
    watched: list[Trial] = []
    resumed = searched(file, watch=watched.append)
    assert resumed.resumed == 5
    assert of(resumed) == of(tuned)
    assert resumed.settings == tuned.settings
    assert [trial.losses for trial in watched] == [trial.losses for trial in tuned.trials]


def test_a_trial_under_way_is_tried_again(tuned: Tuned, tmp_path: Path) -> None:
    """A trial that was left half done is given up; the next one tries the same settings."""
    file = tmp_path / "trials.journal"

    interrupted(file, after=6)
    first = file.read_bytes()
    begun = first[: first.rindex(b'"op_code":7')]  # the last trial lacks its last fold, and its end
    file.write_bytes(begun[: begun.rindex(b"\n") + 1])
    resumed = searched(file)
    assert resumed.resumed == 5
    assert of(resumed) == of(tuned)


def test_a_file_of_other_rows_is_another_search(tmp_path: Path) -> None:
    """Trials of other data or other fixed settings do not count."""
    file = tmp_path / "trials.journal"
    assert searched(file, trials=1).resumed == 0
    frame, y, facts = company()
    other = tune(AccountClassifier(max_trees=26), frame, y, **facts, search=Search(trials=1, file=file))
    assert (other.resumed, len(other.trials)) == (0, 1)


def test_one_search_at_a_time(tmp_path: Path) -> None:
    """Two searches cannot write to the same file at once."""
    file = tmp_path / "trials.journal"
    with opened(file, "one"), pytest.raises(LockHeld, match="another search"), opened(file, "two"):
        pass


def test_the_budget_counts_what_was_spent() -> None:
    """A trial begins only if the seconds left suffice for the longest one so far; the first one always does."""
    trial = Trial(number=0, settings={}, losses=(1.0,), auc=None, trees=1, seconds=4.0, pruned=False)
    search = Search(seconds=10.0)
    assert search.goes_on(())
    assert search.goes_on((trial,))
    assert not search.goes_on((trial, trial))
    assert not Search(seconds=None, trials=1).goes_on((trial,))


def test_a_search_without_a_budget() -> None:
    """Somebody has to say when it ends."""
    frame, y, facts = company()
    with pytest.raises(ConfigError, match="seconds, trials or both"):
        tune(AccountClassifier(), frame, y, **facts, search=Search(seconds=None))


def test_without_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, one line says what to install."""
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(NotReady, match=r"pip install 'abm-ml\[tune\]'"):
        searched()
