"""The model card: what a model answers, for whom, how well, from what, and where it must not be used."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from abm_ml.errors import StorageError
from abm_ml.modelling.bundle import Bundle
from abm_ml.modelling.card_calibration import calibration_lines
from abm_ml.modelling.card_dates import ends, how_it_was_tested, what_a_row_is
from abm_ml.modelling.card_features import feature_lines
from abm_ml.modelling.card_ladder import ladder_lines
from abm_ml.modelling.card_leaks import leak_lines
from abm_ml.modelling.commands import training
from abm_ml.modelling.evaluation import Evaluation, Metric, Slice, evaluate
from abm_ml.modelling.gate import Verdict
from abm_ml.modelling.ladder import WORDS as WORDS_OF_RUNGS
from abm_ml.modelling.markdown import cell, listed, names, table
from abm_ml.modelling.pictures import Floats, HeldOut, Strength
from abm_ml.modelling.training_record import Provenance
from abm_ml.training_set import TrainingSet

Sections = tuple[tuple[str, Sequence[str]], ...]

__all__ = ["CardFacts", "Provenance", "card_text", "write_card"]

RANKING = ("roc_auc", "pr_auc", "top_decile_lift", "top_decile_recall")  # what a score that is no probability can have
WORDS = {
    "roc_auc": "ROC AUC: how often the right one of two accounts scores higher",
    "pr_auc": "PR AUC: mean share of right calls, from the highest score down",
    "brier": "Brier score: squared error of the probabilities (lower is better)",
    "log_loss": "Log loss (lower is better)",
    "calibration_error": "Calibration error: mean gap between said and happened (lower is better)",
    "top_decile_lift": "Lift of the top tenth",
    "top_decile_recall": "Share of all events found in the top tenth",
}
USES = (
    "For: deciding which accounts to look at first, beside the rule-based score and what people know of the account.",
    "Not for: decisions about persons, credit, prices or contracts without a human.",
    "Not for: other companies' accounts, other horizons, or accounts that are not eligible.",
    "Reasons say what a score rests on. They are no proof that changing a fact would change the outcome.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """All that a card tells; `held_out` has the rows of `training.test` in their order.

    `population` says in words for whom the model is, `sha256` which stored model it is. `slices` are judged values by
    column, `sections` further parts with title and lines, `left_out` the custom columns that could not be used.
    """

    training: TrainingSet
    held_out: HeldOut
    bundle: Bundle
    sha256: str
    verdict: Verdict
    strengths: tuple[Strength, ...]
    provenance: Provenance
    slices: tuple[tuple[str, tuple[Slice, ...]], ...] = ()
    sections: Sections = ()
    left_out: tuple[str, ...] = ()
    population: str = ""


def write_card(folder: Path, card: CardFacts) -> Path:
    """Writes CARD.md into a label's folder (models/<label>); the same training gives the same bytes."""
    path = folder / "CARD.md"
    staging = folder / f"CARD.md.{os.getpid()}.partial"  # two trainings at once do not share it
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging.write_text(card_text(card), encoding="utf-8", newline="\n")
        staging.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: the model card could not be written ({error.strerror}).") from error
    return path


def card_text(card: CardFacts) -> str:
    """The card as Markdown; it names no clock time, so that it changes only when the model does."""
    parts: dict[str, Callable[[CardFacts], Iterable[str]]] = {
        "What it predicts, and for whom": _purpose,
        "Intended use": lambda _: listed(USES),
        "The data": _data,
        "How good it is": _quality,
        "Do its probabilities come true?": lambda card: calibration_lines(card.held_out),
        "Where it is better and worse": _slices,
        **{title: partial(_ready, lines=lines) for title, lines in card.sections},
        "What it looks at": lambda card: feature_lines(card.strengths, card.training.columns, card.bundle.state),
        "Does a column know the answer?": lambda card: leak_lines(card.training),
        "What was tried": lambda card: ladder_lines(card.bundle.state),
        "May it ship?": _gate,
        "Limits": _limits,
        "How it was trained": _origin,
    }
    name, word = card.training.label.name, card.verdict.word
    lines = [f"# Model card: {name}", "", f"**{word}.** Written by `{training(name)}`; do not edit by hand."]
    for title, part in parts.items():
        lines += ["", f"## {title}", "", *part(card)]
    return "\n".join(lines) + "\n"


def _purpose(card: CardFacts) -> list[str]:
    label, facts = card.training.label, card.bundle.facts
    horizon = f" The horizon is {card.training.horizon_days} days." if card.training.horizon_days else ""
    return listed(
        [
            f"Question: {label.definition}{horizon}",
            f"Asked of: {card.population or 'the accounts that the question names, on the date of the score.'}",
            "Answer: a calibrated probability between 0 and 1, with a 90 % interval and reasons.",
            f"Counted as yes: {label.yes}; as no: accounts {label.no}.",
            f"State of knowledge: everything known before {facts.trained_as_of[:10]}.",
        ]
    )


def _data(card: CardFacts) -> list[str]:
    rows, split = card.training, card.training.split
    gap = ["gap (not used)", len(split.gap), *ends(split.gap), "", "", "", ""]
    lines = [_part("training", split.train, rows.train), gap, _part("test", split.test, rows.test)]
    heads = ["part", "dates", "first", "last", "rows", "accounts", rows.label.yes, "share"]
    return [*table(heads, lines), "", what_a_row_is(rows)]


def _part(name: str, dates: Sequence[dt.datetime], rows: pd.DataFrame) -> list[object]:
    events, accounts = int(rows["label"].sum()), rows["account_id"].nunique()
    return [name, len(dates), *ends(dates), len(rows), accounts, events, f"{events / max(len(rows), 1):.1%}"]


def _quality(card: CardFacts) -> list[str]:
    found = card.bundle.facts.evaluation or _evaluated(card, card.held_out.probability)
    rule = None if card.held_out.rule is None else _evaluated(card, _as_ranks(card.held_out.rule))
    chance = _of_base_rate(found.base_rate.value)
    lines = []
    for name, words in WORDS.items():
        of_rule = _with_interval(getattr(rule, name)) if rule and name in RANKING else ""
        lines.append([words, _with_interval(getattr(found, name)), of_rule, f"{chance[name]:.3f}"])
    events = f"{found.positives:,} {card.training.label.yes}, base rate {_with_interval(found.base_rate)}"
    return [
        f"On the test dates, which trained nothing: {found.rows:,} rows, {found.accounts:,} accounts, {events}.",
        "In brackets: 90 % intervals, by drawing whole accounts anew.",
        "",
        *table(["figure", "this model", "rule-based score", "test base rate for all"], lines),
        *_compared(card),
    ]


def _compared(card: CardFacts) -> list[str]:
    lines = [
        [each.baseline, _with_interval(each.baseline_auc), _with_interval(each.difference)]
        for each in card.bundle.facts.comparisons
    ]
    return ["", *table(["compared with", "its AUC", "model's AUC minus its AUC"], lines)] if lines else []


def _evaluated(card: CardFacts, probability: Floats) -> Evaluation:
    accounts = card.training.test["account_id"].to_numpy()
    return evaluate(card.held_out.happened, probability, groups=accounts)


def _as_ranks(score: Floats) -> Floats:
    """A score in the same order between 0 and 1, so that it can be ranked beside probabilities."""
    return np.asarray(pd.Series(score).rank(pct=True), dtype=np.float64)


def _of_base_rate(rate: float) -> dict[str, float]:
    """The figures of one probability for all: the base rate itself."""
    surprise = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate)) if 0 < rate < 1 else 0.0
    return {
        "roc_auc": 0.5, "pr_auc": rate, "brier": rate * (1 - rate), "log_loss": float(surprise),
        "calibration_error": 0.0, "top_decile_lift": 1.0, "top_decile_recall": 0.1,
    }  # fmt: skip


def _ready(_card: CardFacts, lines: Sequence[str]) -> Sequence[str]:
    return lines


def _slices(card: CardFacts) -> list[str]:
    if not card.slices:
        return ["No slices were judged."]
    found = []
    for column, values in card.slices:
        lines = [[each.value, each.rows, each.positives, *_judged(each)] for each in values]
        heads = [column, "rows", card.training.label.yes, "ROC AUC", "calibration error"]
        found += [*table(heads, lines), ""]
    return found[:-1]


def _judged(part: Slice) -> tuple[str, str]:
    if part.evaluation is None:
        return "too few events to judge", ""
    return _with_interval(part.evaluation.roc_auc), _with_interval(part.evaluation.calibration_error)


def _gate(card: CardFacts) -> list[str]:
    lines = [
        [each.name, f"{each.value:,.4g}", each.needed, each.for_word, "yes" if each.passed else "**no**"]
        for each in card.verdict.checks
    ]
    return [f"**{card.verdict.word}**", "", *table(["check", "value", "needed", "for", "passed"], lines)]


def _limits(card: CardFacts) -> list[str]:
    state = card.bundle.state
    dropped = sorted(set(state.columns) - {feature.name for feature in state.features})
    unjudged = [f"{column} {each.value}" for column, values in card.slices for each in values if not each.judged]
    said = [
        "It knows the past of this company: a new market, product, funnel or way of recording asks for a new training.",
        "Its intervals hold the chance of which accounts were seen, not such changes.",
        *how_it_was_tested(card.training),
    ]
    if card.left_out:
        said.append(
            f"Custom columns left out, since nothing says how they were on past dates: {names(card.left_out)}. "
            "Declare them fixed from the start, or bring the table of their changes."
        )
    if dropped:
        said.append(f"Features left out, since they never varied in training ({len(dropped)}): {names(dropped)}.")
    if unjudged:
        said.append(f"Too few events to say how well it works for: {cell(', '.join(unjudged))}.")
    failed = [each.name for each in card.verdict.failed]
    if failed:
        said.append(f"Checks that it failed: {'; '.join(failed)}.")
    return listed(said)


def _origin(card: CardFacts) -> list[str]:
    facts, state = card.bundle.facts, card.bundle.state
    origin = [
        ["method", WORDS_OF_RUNGS[card.bundle.state.rung]],
        ["SHA-256 of the stored model's manifest", f"`{card.sha256}`"],
        ["fingerprint of the data", f"`{card.provenance.data}`"],
        ["fingerprint of the definitions", f"`{facts.definitions}`"],
        ["fingerprint of the configuration", f"`{card.provenance.config}`"],
        ["calibration", f"{state.calibrator.method}, on {state.calibrator.rows:,} rows that its trees had not seen"],
        *([name, version] for name, version in sorted(facts.versions.items())),
    ]
    settings = [[name, _setting(value)] for name, value in sorted(state.parameters.items())]
    return [*table(["origin", ""], origin), "", *table(["setting", "value"], settings)]


def _setting(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each}" for name, each in sorted(value.items())) or "none"
    return "default" if value is None else str(value)


def _with_interval(metric: Metric) -> str:
    return f"{metric.value:.3f} ({metric.low:.3f} to {metric.high:.3f})"
