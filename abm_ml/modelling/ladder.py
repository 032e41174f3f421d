"""The ladder from rules to trees: as high as the events carry and held-out rows confirm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np

from abm_ml.errors import GateRefused
from abm_ml.modelling.evaluation import Metric
from abm_ml.modelling.folds import NOTHING, Floats, Fold, Labels, Rows
from abm_ml.modelling.inputs import Prepared
from abm_ml.modelling.mixture import Mixture, Model, mixture
from abm_ml.modelling.solving import straightened

Rung = Literal["rules", "rate", "logistic", "lightgbm"]
RUNGS: tuple[Rung, ...] = ("rules", "rate", "logistic", "lightgbm")  # from the lowest
WORDS: Mapping[str, str] = {
    "rules": "rule-based score",
    "rate": "segment rates",
    "logistic": "logistic regression",
    "lightgbm": "gradient-boosted trees",
}
NEEDED: Mapping[Rung, int] = {"rules": 0, "rate": 0, "logistic": 40, "lightgbm": 100}
DRAWS, LEVELS = 200, (0.05, 0.95)
# Which share of draws may say that a rung is no better. What people can check by hand is not left for a mere chance.
DOUBT: Mapping[Rung, float] = {"rules": 0.0, "rate": 0.25, "logistic": 0.25, "lightgbm": 0.5}
SHARES = (0.75, 0.5, 0.25)  # of the trees in their mean with the logistic regression
HALVES = 2


class Fit(Protocol):
    """A rung, ready to be fitted."""

    def __call__(self, some: Rows, without: Rows = NOTHING) -> Model:
        """The model that the rows at some places teach, without the use of the features at others."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What became of one rung: its figures on held-out rows, and why it was taken or not.

    `taken` is the rung that scores in the end. `gain` is how much lower its log loss is than that of the best rung
    below, with a 90 % interval. `share` is that of the trees, where they are averaged with a logistic regression.
    """

    rung: Rung
    taken: bool
    why: str
    log_loss: float | None = None
    roc_auc: float | None = None
    gain: Metric | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """The log-odds that a rung gave to rows of accounts that had not taught it, and how far off it was on each."""

    rung: Rung
    fit: Fit
    margin: Floats
    surprise: Floats
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbed:
    """The highest rung that convinced, the best one below it, the places of the judging rows, and what was tried."""

    best: HeldOut
    below: HeldOut | None
    rows: Rows
    steps: tuple[Step, ...]


def climb(ways: Mapping[Rung, Callable[[], Fit]], rows: Prepared, folds: Sequence[Fold], *, seed: int) -> Climbed:
    """From the lowest rung upwards, each held against the best one below it on rows that taught neither.

    `ways` prepare the rungs that may be tried. A rung needs the events of NEEDED, unless it is the only one. It is
    taken if its log loss is lower, and no larger share of draws of accounts than DOUBT says otherwise. Trees are
    averaged with the logistic regression, if there is one, in the share that judges best.

    Raises:
        GateRefused: there is nothing to climb.
    """
    held = _judged(folds)
    steps: list[Step] = []
    beaten: list[HeldOut] = []
    regression: HeldOut | None = None
    best: HeldOut | None = None
    for rung in (each for each in RUNGS if each in ways):
        if len(ways) > 1 and rows.events < NEEDED[rung]:
            steps.append(_not_tried(rung, rows.events))
            continue
        tried = _tried(rung, ways[rung](), rows, folds, seed=seed)
        if rung == "lightgbm" and regression:
            tried = _mixed(tried, regression, rows.some(held), seed=seed)
        regression = tried if rung == "logistic" else regression
        step = _step(tried, best, rows.some(held), seed=seed)
        steps.append(step)
        if step.taken:
            beaten += [best] if best else []
            best = tried
    if best is None:
        raise GateRefused("There is no rung to stand on: the rows have neither segments nor a rule's score.")
    if len(ways) == 1:
        steps = [replace(step, why="asked for") for step in steps]
    told = tuple(replace(step, taken=step.rung == best.rung) for step in steps)
    return Climbed(best=best, below=beaten[-1] if beaten else None, rows=held, steps=told)


def below_of(climbed: Climbed, model: Model, rows: Rows) -> tuple[Rung, Model] | None:
    """The best rung below the one that was taken, fitted to the same rows as the `model` of that."""
    below = climbed.below
    if below is None:
        return None
    if isinstance(model, Mixture) and below.rung == "logistic":
        return below.rung, model.additive
    return below.rung, below.fit(rows)


def step_from(record: Mapping[str, Any]) -> Step:
    """The step that `dataclasses.asdict` wrote as plain values."""
    gain = record["gain"]
    return Step(**{**record, "gain": None if gain is None else Metric(**gain)})


def _tried(rung: Rung, fit: Fit, rows: Prepared, folds: Sequence[Fold], *, seed: int) -> HeldOut:
    margin = np.empty(len(rows.y))
    for teach, judge in folds:
        margin[judge] = fit(teach).margin(rows.matrix[judge])
    held = _judged(folds)
    return HeldOut(
        rung=rung, fit=fit, margin=margin[held], surprise=_surprise(margin[held], rows.some(held), seed=seed)
    )


def _mixed(trees: HeldOut, regression: HeldOut, rows: Prepared, *, seed: int) -> HeldOut:
    """The trees, by themselves or averaged with the regression: in the share whose log loss is lowest."""

    def averaged(share: float) -> HeldOut:
        def fit(some: Rows, without: Rows = NOTHING) -> Model:
            return mixture(trees.fit(some, without), regression.fit(some, without), share)

        margin = share * trees.margin + (1.0 - share) * regression.margin
        surprise = _surprise(margin, rows, seed=seed)
        return HeldOut(rung=trees.rung, fit=fit, margin=margin, surprise=surprise, share=share)

    found = [trees, *map(averaged, SHARES)]
    return min(found, key=lambda each: float(np.average(each.surprise, weights=rows.weight)))


def _judged(folds: Sequence[Fold]) -> Rows:
    return np.sort(np.concatenate([judge for _, judge in folds]))


def _surprise(margin: Floats, rows: Prepared, *, seed: int) -> Floats:
    """The log loss of each row once the margins are calibrated, each half of the accounts by the other."""
    owner = np.arange(len(margin)) if rows.groups is None else rows.groups
    half = np.random.default_rng(seed).permutation(int(owner.max()) + 1)[owner] % HALVES
    line = margin.copy()
    for mine in range(HALVES):
        others = rows.some(np.flatnonzero(half != mine))
        if len(np.unique(others.y)) > 1:
            level, slope = straightened(margin[half != mine], others.y, others.weight)
            line[half == mine] = level + slope * margin[half == mine]
    return np.logaddexp(0.0, line) - rows.y * line


def _step(tried: HeldOut, best: HeldOut | None, rows: Prepared, *, seed: int) -> Step:
    from sklearn.metrics import roc_auc_score

    loss = float(np.average(tried.surprise, weights=rows.weight))
    auc = float(roc_auc_score(rows.y, tried.margin, sample_weight=rows.weight))
    if best is None:
        return Step(rung=tried.rung, taken=True, why="the simplest", log_loss=loss, roc_auc=auc)
    gain, doubt = gain_of(best.surprise - tried.surprise, rows.groups, rows.weight, seed=seed)
    taken = gain.value > 0.0 and doubt <= DOUBT[tried.rung]
    why = f"{'better' if taken else 'not better for sure' if gain.value > 0.0 else 'no better'} than {WORDS[best.rung]}"
    return Step(rung=tried.rung, taken=taken, why=why, log_loss=loss, roc_auc=auc, gain=gain, share=tried.share)


def gain_of(difference: Floats, groups: Labels | None, weight: Floats, *, seed: int) -> tuple[Metric, float]:
    """The mean difference with its 90 % interval, and the share of draws of accounts in which there is none."""
    owner = np.arange(len(difference)) if groups is None else np.unique(groups, return_inverse=True)[1]
    sums, counts = (np.bincount(owner, weights=each) for each in (weight * difference, weight))
    drawn = np.random.default_rng(seed).poisson(1.0, (DRAWS, len(sums))).astype(np.float64)
    means = np.einsum("da,a->d", drawn, sums) / np.maximum(np.einsum("da,a->d", drawn, counts), 1e-12)
    low, high = np.quantile(means, LEVELS)
    value = float(sums.sum() / counts.sum())
    return Metric(value, min(float(low), value), max(float(high), value)), float((means <= 0.0).mean())


def _not_tried(rung: Rung, events: int) -> Step:
    return Step(rung=rung, taken=False, why=f"not tried: {events:,} events, {NEEDED[rung]} needed")
