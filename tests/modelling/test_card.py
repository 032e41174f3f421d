"""The model card says what a reviewer asks, from the training alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest

from abm_ml.errors import StorageError
from abm_ml.features import FeatureColumn
from abm_ml.features.base import FEATURES
from abm_ml.features.build import FeatureSet
from abm_ml.labels import LABELS
from abm_ml.modelling.bundle import Bundle, ModelFacts
from abm_ml.modelling.card import CardFacts, Provenance, card_text, write_card
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.evaluation import compare, evaluate, evaluate_slices
from abm_ml.modelling.gate import judge
from abm_ml.modelling.markdown import cell
from abm_ml.modelling.pictures import HeldOut, strengths_of
from abm_ml.training_set import Split, TrainingSet

OWN = FeatureColumn(
    name="custom_plan|b", feature="custom_plan|b", group="firmographic", days=None, kind="category", unit="category",
    reason="plan|b: {value}", controllable=False, monotone=None,
)  # fmt: skip
COLUMNS = (*FeatureSet((FEATURES["engagements"],), (), "EUR").columns[:2], OWN)


def rows(dates: list[dt.datetime], seed: int) -> pd.DataFrame:
    """Sixty accounts on each date; the first feature tells who wins."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame([(f"a{n:02}", date) for date in dates for n in range(60)], columns=["account_id", "as_of"])
    frame[COLUMNS[0].name] = random.poisson(3, len(frame)).astype(float)
    frame[COLUMNS[1].name] = 1.0
    frame[OWN.name] = random.choice(["x", "y"], len(frame))
    frame["label"] = (random.random(len(frame)) < frame[COLUMNS[0].name] / 12).astype(int)
    return frame


@pytest.fixture(scope="module")
def facts() -> CardFacts:
    """What a small training tells."""
    months = [dt.datetime(2025, month, 1) for month in range(1, 11)]
    split = Split(train=tuple(months[:6]), gap=tuple(months[6:8]), test=tuple(months[8:]))
    train, test = rows(months[:6], 1), rows(months[8:], 2)
    training = TrainingSet(
        label=LABELS["win"], horizon_days=90, columns=COLUMNS, split=split, train=train, test=test
    )  # fmt: skip
    model = AccountClassifier(max_trees=20).fit(train[training.names], train["label"])
    p, y, accounts = model.predict_proba(test[training.names])[:, 1], test["label"].to_numpy(), test["account_id"]
    rule = test[COLUMNS[0].name].to_numpy()
    found = evaluate(y, p, groups=accounts)
    compared = (compare(y, p, baseline="engagement score (rule)", score=rule, groups=accounts),)
    origin = ModelFacts(
        label="win", horizon_days=90, definitions="f00d", trained_as_of="2025-12-30T00:00:00",
        training_dates=tuple(date.isoformat() for date in months[:6]), versions={"lightgbm": "4.7.0"},
        evaluation=found, comparisons=compared,
    )  # fmt: skip
    return CardFacts(
        training=training,
        held_out=HeldOut(label=training.label, happened=y.astype(float), probability=p, rule=rule),
        bundle=Bundle(model.to_state(), origin),
        sha256="ab" * 32,
        verdict=judge(found, compared),
        strengths=strengths_of(model.contributions(test[training.names]), COLUMNS),
        provenance=Provenance(data="da7a", config="c0f"),
        slices=(("plan", evaluate_slices(y, p, by=test[OWN.name], groups=accounts)),),
        left_out=("accounts.score",),
        population="prospects: accounts with an open opportunity",
    )


def section(text: str, title: str) -> str:
    """One chapter of a card."""
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_same_training_same_bytes(facts, tmp_path):
    """The card lies beside the model's configuration and changes only when the model does."""
    first, again = write_card(tmp_path / "win", facts), write_card(tmp_path / "again" / "win", facts)
    assert first == tmp_path / "win" / "CARD.md"
    assert first.read_bytes() == again.read_bytes() == card_text(facts).encode()
    assert [path.name for path in first.parent.iterdir()] == ["CARD.md"]


def test_purpose(facts):
    """Who is asked what, over which time, and what may be done with the answer."""
    text = card_text(facts)
    for said in (LABELS["win"].definition, "90 days", facts.population, "before 2025-12-30", "Not for:"):
        assert said in text


def test_data(facts):
    """Training, gap and test with their dates, rows and events."""
    lines = section(card_text(facts), "The data").splitlines()
    events = [facts.training.train["label"].sum(), facts.training.test["label"].sum()]
    assert f"| training | 6 | 2025-01-01 | 2025-06-01 | 360 | 60 | {events[0]} | {events[0] / 360:.1%} |" in lines
    assert "| gap (not used) | 2 | 2025-07-01 | 2025-08-01 |  |  |  |  |" in lines
    assert f"| test | 2 | 2025-09-01 | 2025-10-01 | 120 | 60 | {events[1]} | {events[1] / 120:.1%} |" in lines


def test_quality_stands_beside_rule_and_base_rate(facts):
    """Every figure has its interval and what simpler scores reach on the same rows."""
    found, (rule,) = facts.bundle.facts.evaluation, facts.bundle.facts.comparisons
    auc, theirs = found.roc_auc, rule.baseline_auc
    line = next(each for each in card_text(facts).splitlines() if each.startswith("| ROC AUC"))
    assert f"{auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f}) | {theirs.value:.3f} " in line
    assert line.endswith("| 0.500 |")
    assert f"| {rule.difference.value:.3f} (" in section(card_text(facts), "How good it is")


def test_features_have_definitions(facts):
    """The strongest features say what they are; a company's own one, too, and none breaks the table."""
    text = section(card_text(facts), "What it looks at")
    assert f"{FEATURES['engagements'].definition} ({COLUMNS[0].days} days)" in text
    assert "The company's own: plan\\|b: … |" in text


def test_tables_are_whole(facts):
    """Every table has as many cells in each line as it has heads."""
    for block in re.findall(r"(?:^\|.*\n)+", card_text(facts), flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_verdict_shows_its_numbers(facts):
    """The gate's word and every check behind it."""
    text = section(card_text(facts), "May it ship?")
    assert f"**{facts.verdict.word}**" in text
    assert all(f"| {check.name} | {check.value:,.4g} | {check.needed} |" in text for check in facts.verdict.checks)


def test_limits(facts):
    """What was left out, what never varied, and what could not be judged."""
    text = section(card_text(facts), "Limits")
    assert "`accounts.score`" in text
    assert f"never varied in training (1): `{COLUMNS[1].name}`" in text
    assert "overlap" not in text


def test_dates_that_lost_their_accounts_are_named(facts):
    """The card names the training dates that gave so many accounts to the test that they were left out."""
    assert "Left out of training" not in card_text(facts)
    split = facts.training.split
    shorter = dataclasses.replace(split, train=split.train[:3], thinned=split.train[3:])
    training = dataclasses.replace(facts.training, split=shorter)
    told = card_text(dataclasses.replace(facts, training=training))
    assert "Left out of training (3, from 2025-04-01 to 2025-06-01): dates of which over a tenth" in told


def test_columns_of_the_date_are_named(facts):
    """The card names the columns that were left out because they tell nothing but the date."""
    assert "what tells only the date" not in card_text(facts)
    training = dataclasses.replace(facts.training, of_the_date=("month_sine", "season"))
    text = card_text(dataclasses.replace(facts, training=training))
    assert "what tells only the date is left out" in text
    assert "(month_sine, season)" in text


def test_overlap_is_owned_up_to(facts):
    """Without a gap of one horizon the card warns that its figures flatter."""
    near = Split(train=facts.training.split.gap, gap=(), test=facts.training.split.test)
    training = dataclasses.replace(facts.training, split=near)
    assert "**Training and test overlap**" in card_text(dataclasses.replace(facts, training=training))


def test_origin(facts):
    """Fingerprints, settings and versions: enough to make the model again."""
    text = section(card_text(facts), "How it was trained")
    for line in ("| lightgbm | 4.7.0 |", "| seed | 7 |", "`da7a`", "`f00d`", "`c0f`", "ab" * 32):
        assert line in text


def test_no_clock(facts):
    """A card names dates of the data, never a time of day."""
    assert re.findall(r"\d\d:\d\d", card_text(facts)) == []


def test_a_folder_that_cannot_be_written(facts, tmp_path):
    """A file where the folder should be is named."""
    (tmp_path / "win").write_text("")
    with pytest.raises(StorageError, match=r"CARD\.md: the model card could not be written"):
        write_card(tmp_path / "win", facts)


def test_names_cannot_break_the_page():
    """What a company calls its columns stays text."""
    assert cell("a|b <img src=x>\nc") == "a\\|b &lt;img src=x> c"
    assert cell("<= 0.05") == "<= 0.05"
    assert cell(12345) == "12,345"
