"""Tuning: trial after trial on rolling folds, each led by those before it, until the budget is spent."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from abm_ml.errors import ConfigError
from abm_ml.modelling.evaluation import Metric
from abm_ml.modelling.rolling import Rolling, rolling_folds
from abm_ml.modelling.tuning.bench import Bench, Standing
from abm_ml.modelling.tuning.journal import opened, require_optuna
from abm_ml.modelling.tuning.space import starts

if TYPE_CHECKING:
    import optuna

    from abm_ml.modelling.classifier import AccountClassifier

SEEDS_APART = 100_003  # more trials than any search has


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Settings that were tried, and how well trees of them predicted rows that they had not seen.

    `losses` are the log losses over the first fold, the first two, and so on; a trial that was given up early
    (`pruned`) did not see them all. `gain` is how much lower the last one is than that of the usual settings, with a
    90 % interval; None for these, and where a trial was given up.
    """

    number: int
    settings: Mapping[str, Any]
    losses: tuple[float, ...]
    auc: float | None
    trees: int
    seconds: float
    pruned: bool
    gain: Metric | None = None

    @property
    def loss(self) -> float:
        """The log loss over all folds that it saw."""
        return self.losses[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """The best settings of a search, ready for AccountClassifier(**settings), and its trials; the first is the usual.

    `resumed` says how many trials were there already, from an earlier process.
    """

    settings: Mapping[str, Any]
    trials: tuple[Trial, ...]
    resumed: int

    @property
    def best(self) -> Trial:
        """The trial with the lowest loss of those that surely gain (the whole interval); the usual where none does."""
        return _best(self.trials)

    @property
    def usual(self) -> Trial:
        """The trial of the settings that the classifier came with."""
        return self.trials[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How long to search (whichever ends first), on which folds, and where trials are kept.

    With a `file`, a search that was killed goes on where it was: its finished trials count, in number and in seconds.
    `watch` is called with every finished trial, those of an earlier process too.
    """

    seconds: float | None = 300.0
    trials: int | None = None
    rolling: Rolling = field(default_factory=Rolling)
    file: Path | None = None
    watch: Callable[[Trial], None] = lambda _trial: None

    def goes_on(self, done: tuple[Trial, ...]) -> bool:
        """Whether the budget allows one more trial, as long as an unpruned one takes; the first one always is."""
        spent, longest = sum(trial.seconds for trial in done), max((trial.seconds for trial in done), default=0.0)
        enough_time = self.seconds is None or spent + longest <= self.seconds
        return not done or (enough_time and (self.trials is None or len(done) < self.trials))


def tune(
    model: AccountClassifier,
    X: Any,
    y: Any,
    *,
    time: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    search: Search | None = None,
) -> Tuned:
    """The settings whose trees predict later rows of other accounts best: the lowest log loss on rolling folds.

    Rows are encoded and binned once. Optuna's TPE proposes each trial, seeded by the model's seed and the number of
    trials before it; a trial is given up where it does worse than half of the others did on the same folds. The model's
    own settings are the first trial, and stay unless others are surely better: of many trials one is always the best,
    if only by chance. What they are worth on rows that nobody tuned on is another question: judge them there.

    Raises:
        ConfigError: the budget names neither seconds nor trials.
        NotReady: Optuna is not installed.
    """
    search = search or Search()
    if search.seconds is None and search.trials is None:
        raise ConfigError("tune: a budget is missing. Name seconds, trials or both (tune: {seconds: 300}).")
    require_optuna()
    model = clone(model)
    rows = model.prepared(X, y, time=time, groups=groups, sample_weight=sample_weight)
    dates = None if time is None else np.asarray(time)[rows.rows]
    bench = Bench(model, rows, rolling_folds(rows.y, dates, rows.groups, search.rolling))
    with opened(search.file, bench.name) as study:
        done = before = _finished(study)
        for trial in before:
            search.watch(trial)
        while search.goes_on(done):
            search.watch(_tried(study, bench, seed=model.seed * SEEDS_APART + len(done), before=done))
            done = _finished(study)
    return Tuned(settings=bench.classifier_settings(_best(done).settings), trials=done, resumed=len(before))


def _tried(study: optuna.Study, bench: Bench, *, seed: int, before: tuple[Trial, ...]) -> Trial:
    """One more trial, finished or given up."""
    import optuna

    begun = clock.perf_counter()
    first = starts(bench.usual)
    study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=len(first))
    if len(before) < len(first) and not study.get_trials(states=(optuna.trial.TrialState.WAITING,)):
        study.enqueue_trial(first[len(before)])
    asked = study.ask()
    settings = {name: where.suggested(asked, name) for name, where in bench.space.items()}
    under_way = bench.standings(settings) if before else bench.at_usual
    standings = _until_given_up(asked, under_way, before[0].losses if before else ())
    last, pruned = standings[-1], len(standings) < len(bench.folds)
    facts = {
        "losses": [each.loss for each in standings],
        "auc": None if pruned else bench.auc(last),
        "gain": asdict(bench.gain(last)) if before and not pruned else None,
        "trees": last.trees,
        "seconds": clock.perf_counter() - begun,
    }
    for name, value in facts.items():
        asked.set_user_attr(name, value)
    study.tell(asked, None if pruned else last.loss, optuna.trial.TrialState.PRUNED if pruned else None)
    return _trial(study.trials[asked.number])


def _until_given_up(asked: optuna.Trial, standings: Iterable[Standing], usual: Sequence[float]) -> list[Standing]:
    """How a trial stands after each fold, up to where it is given up; on every fold the usual settings are the bar."""
    seen: list[Standing] = []
    for fold, standing in enumerate(standings):
        seen.append(standing)
        asked.report(standing.loss - usual[fold] if usual else 0.0, fold)
        if usual and fold + 1 < len(usual) and asked.should_prune():
            break
    return seen


def _finished(study: optuna.Study) -> tuple[Trial, ...]:
    """The trials that were judged or given up for good, in their order."""
    from optuna.trial import TrialState

    return tuple(_trial(each) for each in study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED)))


def _trial(found: optuna.trial.FrozenTrial) -> Trial:
    facts = found.user_attrs
    return Trial(
        number=found.number,
        settings=found.params,
        losses=tuple(facts["losses"]),
        auc=facts["auc"],
        trees=facts["trees"],
        seconds=facts["seconds"],
        pruned=found.state.name == "PRUNED",
        gain=Metric(**facts["gain"]) if facts["gain"] else None,
    )


def _best(trials: tuple[Trial, ...]) -> Trial:
    sure = [trial for trial in trials if trial.gain and trial.gain.low > 0.0]
    return min(sure, key=lambda trial: trial.loss, default=trials[0])
