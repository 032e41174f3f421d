"""Whether a model may ship, in one word, with every number that the word rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from abm_ml.modelling.evaluation import Comparison, Evaluation, Metric, Slice
from abm_ml.modelling.ladder import RUNGS

Word = Literal["Ready", "OK", "Not ready"]
Slices = Sequence[tuple[str, Sequence[Slice]]]
"""Judged values by column."""

RULE = "engagement score (rule)"
FEWEST_EVENTS = 40  # with fewer, no method is more than a guess
FEWEST_FOR_TREES = 100  # with fewer, a logistic regression is the most that the data carries
OK_AUC = 0.65
READY_AUC = 0.70
SUSPECT_AUC = 0.95
READY_CALIBRATION_ERROR = 0.05
READY_LIFT, READY_LIFT_SHARE = 2.0, 0.9
MOST_LIFT = 10.0
MOST_BELOW_THE_WHOLE = 0.10


@dataclass(frozen=True, slots=True)
class Check:
    """One number held against its limit; `for_word` is the word that needs it."""

    name: str
    value: float
    needed: str
    passed: bool
    for_word: Word


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ready, OK or Not ready, and the checks behind it in the order in which they were made."""

    word: Word
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that stand between this model and Ready."""
        return tuple(check for check in self.checks if not check.passed)


def judge(
    evaluation: Evaluation,
    comparisons: Sequence[Comparison] = (),
    *,
    training_events: int | None = None,
    rung: str = "lightgbm",
    slices: Slices = (),
) -> Verdict:
    """The word that a model's held-out figures earn.

    OK: events enough, counted by `rarer_events` (40 held out and, where `training_events` says how many, 40 in
    training, 100 for trees), an AUC of at least 0.65 and above every baseline's. Ready: the same with certainty (the
    lower 90 % bounds), probabilities true within 0.05, a top decile worth calling, no slice that is for certain more
    than 0.10 of AUC below the whole, and no AUC so good (above 0.95) that it asks for a review of leaks first.

    A baseline that is named like one of RUNGS is a lower rung of the ladder, and a simpler model of the same rows may
    come close: OK asks only that it is not better for certain, Ready that it is not better. Of `rung` "rules" the rule
    is no baseline: the model is the rule.
    """
    rivals = [each for each in comparisons if not (rung == "rules" and each.baseline == RULE)]
    checks = (*_of_events(evaluation, training_events, rung), *_for_ok(evaluation, rivals))
    checks += (*_for_ready(evaluation, rivals), *_of_slices(evaluation.roc_auc.value, slices))
    failed = {check.for_word for check in checks if not check.passed}
    word: Word = "Not ready" if "OK" in failed else "OK" if "Ready" in failed else "Ready"
    return Verdict(word, checks)


def needed_lift(base_rate: float) -> float:
    """The top-decile lift that Ready asks for: 2, or 0.9 of the most that the base rate allows if that is less."""
    return min(READY_LIFT, READY_LIFT_SHARE * min(MOST_LIFT, 1.0 / base_rate))


def _of_events(evaluation: Evaluation, training_events: int | None, rung: str) -> Iterator[Check]:
    yield _at_least("held-out events of the rarer class", evaluation.events, FEWEST_EVENTS, "OK")
    if training_events is not None:
        fewest = FEWEST_FOR_TREES if rung == "lightgbm" else FEWEST_EVENTS
        yield _at_least("training events of the rarer class", training_events, fewest, "OK")


def _for_ok(evaluation: Evaluation, rivals: Sequence[Comparison]) -> Iterator[Check]:
    yield _at_least("AUC", evaluation.roc_auc.value, OK_AUC, "OK")
    for each in rivals:
        if each.baseline in RUNGS:
            yield _at_least(f"AUC above {each.baseline}, upper 90 % bound", each.difference.high, 0, "OK")
        else:
            yield _above(f"AUC above {each.baseline}", each.difference.value, "OK")


def _for_ready(evaluation: Evaluation, rivals: Sequence[Comparison]) -> Iterator[Check]:
    error, auc = evaluation.calibration_error.value, evaluation.roc_auc
    lift, enough_lift = evaluation.top_decile_lift.value, needed_lift(evaluation.base_rate.value)
    yield _at_least("AUC, lower 90 % bound", auc.low, READY_AUC, "Ready")
    yield _at_most("calibration error", error, READY_CALIBRATION_ERROR)
    yield _at_least("top-decile lift", lift, enough_lift, "Ready")
    for each in rivals:
        if each.baseline in RUNGS:
            yield _at_least(f"AUC above {each.baseline}", each.difference.value, 0, "Ready")
        else:
            yield _above(f"AUC above {each.baseline}, lower 90 % bound", each.difference.low, "Ready")
    yield _at_most("AUC without a leak review", auc.value, SUSPECT_AUC)


def _of_slices(whole: float, slices: Slices) -> Iterator[Check]:
    """The slice that lies farthest below the whole, by its upper bound: of many slices one is always low by chance."""
    bounds = [(whole - auc.high, f"{column} {value}") for column, value, auc in _judged(slices)]
    if bounds:
        below, name = max(bounds)
        called = f"AUC of the whole above the upper 90 % bound of its worst slice ({name})"
        yield _at_most(called, below, MOST_BELOW_THE_WHOLE)


def _judged(slices: Slices) -> Iterator[tuple[str, str, Metric]]:
    for column, values in slices:
        for each in values:
            if each.evaluation is not None:
                yield column, each.value, each.evaluation.roc_auc


def _at_least(name: str, value: float, limit: float, word: Word) -> Check:
    return Check(name, value, f">= {limit:g}", value >= limit, word)


def _above(name: str, value: float, word: Word) -> Check:
    return Check(name, value, "> 0", value > 0, word)


def _at_most(name: str, value: float, limit: float) -> Check:
    return Check(name, value, f"<= {limit:g}", value <= limit, "Ready")
