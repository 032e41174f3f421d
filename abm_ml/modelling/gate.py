"""Whether a model may ship, in one word, with every number that the word rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from abm_ml.modelling.evaluation import Comparison, Evaluation

Word = Literal["Ready", "OK", "Not ready"]

FEWEST_EVENTS = 40
FEWEST_TRAINING_EVENTS = 100  # with fewer, a logistic regression is the most that the data carries
OK_AUC = 0.65
READY_AUC = 0.70
SUSPECT_AUC = 0.95
READY_CALIBRATION_ERROR = 0.05
READY_LIFT, READY_LIFT_SHARE = 2.0, 0.9
MOST_LIFT = 10.0


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
    evaluation: Evaluation, comparisons: Sequence[Comparison] = (), *, training_events: int | None = None
) -> Verdict:
    """The word that a model's held-out figures earn.

    OK: enough events (40 of the rarer class held out and, where `training_events` says how many, 100 in training), an
    AUC of at least 0.65, and every baseline's AUC below it. Ready: the same with certainty (the lower 90 % bounds), the
    probabilities true within 0.05, a top decile worth calling, and no AUC so good (above 0.95) that it asks for a
    review of leaks first.
    """
    checks = (*_for_ok(evaluation, comparisons, training_events), *_for_ready(evaluation, comparisons))
    failed = {check.for_word for check in checks if not check.passed}
    word: Word = "Not ready" if "OK" in failed else "OK" if "Ready" in failed else "Ready"
    return Verdict(word, checks)


def needed_lift(base_rate: float) -> float:
    """The top-decile lift that Ready asks for: 2, or 0.9 of the most that the base rate allows if that is less."""
    return min(READY_LIFT, READY_LIFT_SHARE * min(MOST_LIFT, 1.0 / base_rate))


def _for_ok(evaluation: Evaluation, comparisons: Sequence[Comparison], training_events: int | None) -> list[Check]:
    held_out = min(evaluation.positives, evaluation.rows - evaluation.positives)
    checks = [_at_least("held-out events of the rarer class", held_out, FEWEST_EVENTS, "OK")]
    if training_events is not None:
        checks.append(_at_least("training events of the rarer class", training_events, FEWEST_TRAINING_EVENTS, "OK"))
    checks.append(_at_least("AUC", evaluation.roc_auc.value, OK_AUC, "OK"))
    return checks + [_above(f"AUC above {c.baseline}", c.difference.value, "OK") for c in comparisons]


def _for_ready(evaluation: Evaluation, comparisons: Sequence[Comparison]) -> list[Check]:
    error, auc = evaluation.calibration_error.value, evaluation.roc_auc
    lift, enough_lift = evaluation.top_decile_lift.value, needed_lift(evaluation.base_rate.value)
    return [
        _at_least("AUC, lower 90 % bound", auc.low, READY_AUC, "Ready"),
        _at_most("calibration error", error, READY_CALIBRATION_ERROR),
        _at_least("top-decile lift", lift, enough_lift, "Ready"),
        *(_above(f"AUC above {c.baseline}, lower 90 % bound", c.difference.low, "Ready") for c in comparisons),
        _at_most("AUC without a leak review", auc.value, SUSPECT_AUC),
    ]


def _at_least(name: str, value: float, limit: float, word: Word) -> Check:
    return Check(name, value, f">= {limit:g}", value >= limit, word)


def _above(name: str, value: float, word: Word) -> Check:
    return Check(name, value, "> 0", value > 0, word)


def _at_most(name: str, value: float, limit: float) -> Check:
    return Check(name, value, f"<= {limit:g}", value <= limit, "Ready")
