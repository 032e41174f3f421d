"""How good a score was on rows it never saw, each figure with the interval that the number of accounts allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm_ml.errors import GateRefused, SourceError

Floats = NDArray[np.float64]

DRAWS = 200
LEVELS = (0.05, 0.95)
BINS = 10
TOP = 0.1
SLICE_EVENTS = 30
SMALLEST = 1e-15


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure and its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How well probabilities ranked and how true they were; intervals by drawing whole accounts anew (bootstrap).

    `calibration_error`: mean gap between probability and event rate over ten bins of equally many rows (ECE).
    `top_decile_recall`: share of all events among the tenth of rows with the highest scores; `top_decile_lift`: their
    event rate against the base rate. Rows that tie at the border count in part. `events` is `rarer_events`.
    """

    roc_auc: Metric
    pr_auc: Metric
    brier: Metric
    log_loss: Metric
    calibration_error: Metric
    top_decile_lift: Metric
    top_decile_recall: Metric
    base_rate: Metric
    rows: int
    positives: int
    accounts: int
    events: int


@dataclass(frozen=True, slots=True)
class Slice:
    """The evaluation of the rows that share a value; None where fewer than 30 events of either class: not judged."""

    value: str
    rows: int
    positives: int
    evaluation: Evaluation | None

    @property
    def judged(self) -> bool:
        """Whether there were events enough to say anything."""
        return self.evaluation is not None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better the model ranks than something simpler on the same rows; `difference` is model minus baseline."""

    baseline: str
    baseline_auc: Metric
    difference: Metric


METRICS = (
    "roc_auc",
    "pr_auc",
    "brier",
    "log_loss",
    "calibration_error",
    "top_decile_lift",
    "top_decile_recall",
    "base_rate",
)


def evaluate(y: ArrayLike, p: ArrayLike, *, groups: ArrayLike | None = None, seed: int = 7) -> Evaluation:
    """Judge probabilities `p` by what happened, `y` (0 or 1); `groups` is the account of each row."""
    happened, probability, account = _checked(y, p, groups)
    if probability.min() < 0 or probability.max() > 1:
        raise SourceError(f"Probabilities lie between 0 and 1; found {probability.min():g} to {probability.max():g}.")
    sheet = _Sheet.of(happened, probability, account)
    values = sheet.figures(np.ones(len(happened)))
    draws = [sheet.figures(weight) for weight in _weights(account[sheet.order], happened[sheet.order], seed)]
    figures: dict[str, Any] = {name: _metric(name, values[name], [draw[name] for draw in draws]) for name in METRICS}
    return Evaluation(
        **figures,
        rows=len(happened),
        positives=int(happened.sum()),
        accounts=len(np.unique(account)),
        events=_rarer(happened, account),
    )


def rarer_events(y: ArrayLike, groups: ArrayLike | None = None) -> int:
    """The accounts of the rarer class, each counted once: a deal seen from three dates is three rows, but one win.

    Without `groups` every row is an account of its own. 0 where there is one class only.
    """
    happened = np.asarray(y, dtype=np.float64)
    return _rarer(happened, _accounts(happened, np.zeros(len(happened)), groups))


def evaluate_slices(
    y: ArrayLike, p: ArrayLike, *, by: ArrayLike, groups: ArrayLike | None = None, seed: int = 7
) -> tuple[Slice, ...]:
    """The evaluation of each value of a column, by name; no value is "missing"."""
    import pandas as pd

    happened, probability, account = _checked(y, p, groups)
    column = pd.Series(np.asarray(by, dtype=object))
    values = column.map(str).where(column.notna(), "missing").to_numpy()
    found = []
    for value in sorted(set(values)):
        chosen = values == value
        rows, positives = int(chosen.sum()), int(happened[chosen].sum())
        evaluation = None
        if min(positives, rows - positives) >= SLICE_EVENTS:
            evaluation = evaluate(happened[chosen], probability[chosen], groups=account[chosen], seed=seed)
        found.append(Slice(str(value), rows, positives, evaluation))
    return tuple(found)


def compare(
    y: ArrayLike, p: ArrayLike, *, baseline: str, score: ArrayLike, groups: ArrayLike | None = None, seed: int = 7
) -> Comparison:
    """Set a model against a baseline's `score` on the same rows and the same draws of accounts.

    Any ranking will do (a rule's points); one value for all, as the base rate gives, has an AUC of 0.5.
    """
    happened, probability, account = _checked(y, p, groups)
    _, other, _ = _checked(y, score, groups)
    model, rival = _Sheet.of(happened, probability, account), _Sheet.of(happened, other, account)
    ones = np.ones(len(happened))
    theirs, difference = rival.auc(ones), model.auc(ones) - rival.auc(ones)
    pairs = [(model.auc(w[model.order]), rival.auc(w[rival.order])) for w in _weights(account, happened, seed)]
    return Comparison(
        baseline,
        _metric("roc_auc", theirs, [b for _, b in pairs]),
        _metric("difference", difference, [a - b for a, b in pairs]),
    )


def differences(
    y: ArrayLike, p: ArrayLike, other: ArrayLike, *, groups: ArrayLike | None = None, seed: int = 7
) -> dict[str, Metric]:
    """Every metric of probabilities `p` minus that of `other`, on the same rows and the same draws of accounts."""
    happened, ours, account = _checked(y, p, groups)
    _, theirs, _ = _checked(y, other, groups)
    sheets = _Sheet.of(happened, ours, account), _Sheet.of(happened, theirs, account)
    pairs = [
        tuple(sheet.figures(weight[sheet.order]) for sheet in sheets)
        for weight in (np.ones(len(happened)), *_weights(account, happened, seed))
    ]
    gaps = {name: [first[name] - second[name] for first, second in pairs] for name in METRICS}
    return {name: _metric("difference", gap[0], gap[1:]) for name, gap in gaps.items()}


def evaluation_from(record: Mapping[str, Any]) -> Evaluation:
    """The evaluation that `dataclasses.asdict` wrote as plain values."""
    figures: dict[str, Any] = {name: Metric(**record[name]) for name in METRICS}
    return Evaluation(**{**record, **figures})


def comparison_from(record: Mapping[str, Any]) -> Comparison:
    """The comparison that `dataclasses.asdict` wrote as plain values."""
    return Comparison(record["baseline"], Metric(**record["baseline_auc"]), Metric(**record["difference"]))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Rows from the highest score to the lowest, sorted once; every draw only weighs them anew."""

    order: NDArray[np.intp]
    happened: Floats
    score: Floats
    ends: NDArray[np.intp]  # the last row of each run of equal scores
    bins: NDArray[np.intp]

    @classmethod
    def of(cls, happened: Floats, score: Floats, account: NDArray[np.intp]) -> _Sheet:
        order = np.lexsort((account, happened, -score))
        falling = score[order]
        ends = np.flatnonzero(np.append(np.diff(falling) != 0, True))
        run = np.searchsorted(ends, np.arange(len(score)))
        bins = (ends[run] * BINS) // len(score)  # equal scores share a bin
        return cls(order, happened[order], falling, ends, bins)

    def auc(self, weight: Floats) -> float:
        """The chance that a row with an event scores above one without; ties count half."""
        hits, misses = self._cumulated(weight)
        return float(np.trapezoid(hits, misses) / (hits[-1] * misses[-1]))

    def figures(self, weight: Floats) -> dict[str, float]:
        """Every metric of the rows under these weights."""
        hits, misses = self._cumulated(weight)
        total, events = hits[-1] + misses[-1], hits[-1]
        taken = hits + misses
        precision = hits[1:] / np.maximum(taken[1:], SMALLEST)
        recall = float(np.interp(TOP * total, taken, hits) / events)
        gap = np.bincount(self.bins, weights=weight * (self.score - self.happened), minlength=BINS)
        p = np.clip(self.score, SMALLEST, 1.0 - SMALLEST)
        surprise = np.where(self.happened > 0, -np.log(p), -np.log1p(-p))
        return {
            "roc_auc": float(np.trapezoid(hits, misses) / (hits[-1] * misses[-1])),
            "pr_auc": float((np.diff(hits) * precision).sum() / events),
            "brier": float((weight * (self.score - self.happened) ** 2).sum() / total),
            "log_loss": float((weight * surprise).sum() / total),
            "calibration_error": float(np.abs(gap).sum() / total),
            "top_decile_lift": recall / TOP,
            "top_decile_recall": recall,
            "base_rate": float(events / total),
        }

    def _cumulated(self, weight: Floats) -> tuple[Floats, Floats]:
        """Events and non-events from the top down to the end of each run of equal scores, starting at none."""
        hits = np.cumsum(weight * self.happened)[self.ends]
        misses = np.cumsum(weight * (1.0 - self.happened))[self.ends]
        return np.insert(hits, 0, 0.0), np.insert(misses, 0, 0.0)


def _checked(y: ArrayLike, p: ArrayLike, groups: ArrayLike | None) -> tuple[Floats, Floats, NDArray[np.intp]]:
    happened, score = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    owners = len(happened) if groups is None else len(np.asarray(groups))
    if not len(happened) == len(score) == owners:
        raise SourceError(f"{len(happened):,} labels, {len(score):,} scores and {owners:,} accounts: not one each.")
    if not np.isfinite(score).all():
        raise SourceError(f"{int((~np.isfinite(score)).sum()):,} of {len(score):,} scores are not finite numbers.")
    positives, negatives = int((happened == 1).sum()), int((happened == 0).sum())
    if positives + negatives < len(happened):
        raise SourceError(f"{len(happened) - positives - negatives:,} of {len(happened):,} labels are neither 0 nor 1.")
    if not positives or not negatives:
        raise GateRefused(f"Nothing to judge: label has {positives:,} positives and {negatives:,} negatives.")
    return happened, score, _accounts(happened, score, groups)


def _accounts(happened: Floats, score: Floats, groups: ArrayLike | None) -> NDArray[np.intp]:
    """Accounts as 0, 1, 2, ..., numbered alike in any order of the rows; each row its own where none are given."""
    if groups is not None:
        import pandas as pd

        return np.asarray(pd.factorize(pd.Series(np.asarray(groups)).astype(str), sort=True)[0], dtype=np.intp)
    account = np.empty(len(score), dtype=np.intp)
    account[np.lexsort((happened, score))] = np.arange(len(score))
    return account


def _rarer(happened: Floats, account: NDArray[np.intp]) -> int:
    return min(len(np.unique(account[happened == answer])) for answer in (0, 1))


def _weights(account: NDArray[np.intp], happened: Floats, seed: int) -> Iterator[Floats]:
    """How often each row is drawn, draw by draw; a draw without both classes says nothing and is left out."""
    random = np.random.default_rng(seed)
    accounts = int(account.max()) + 1
    for _ in range(DRAWS):
        weight = random.poisson(1.0, accounts).astype(np.float64)[account]
        if 0 < (weight * happened).sum() < weight.sum():
            yield weight


def _metric(name: str, value: float, draws: list[float]) -> Metric:
    """The value with the middle 90 % of its draws, never without the value itself."""
    drawn = np.array(draws or [value])
    if name == "calibration_error":
        # Redrawn noise adds to the gaps of the bins, so the draws lie too high by as much as their mean does.
        drawn = np.maximum(drawn - (drawn.mean() - value), 0.0)
    low, high = np.quantile(drawn, LEVELS)
    return Metric(float(value), min(float(low), float(value)), max(float(high), float(value)))
