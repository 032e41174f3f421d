"""The season: what tells only the date shifts the level of all, where dates that did not teach it confirm it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abm_ml.errors import ConfigError, IntegrityError
from abm_ml.modelling.bundle import Bundle, ModelFacts, load_bundle, save_bundle
from abm_ml.modelling.card_ladder import season_lines
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.inputs import calendar_of
from abm_ml.modelling.season import FEWEST_DATES, season_from, season_of
from tests.modelling.prepared import place

ACCOUNTS, DATES = 150, 24
RUNGS = ("logistic", "lightgbm")


def year(swing: float, *, dates: int = DATES, first: int = 0, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, dict]:
    """Accounts at dates a month apart, whose log-odds swing with the year by so much; `need` is what each has."""
    random = np.random.default_rng(seed)
    date = np.repeat(np.arange(first, first + dates), ACCOUNTS)
    angle = 2.0 * np.pi * date / 12.0
    frame = pd.DataFrame({"need": random.normal(size=len(date)), "idle": random.normal(size=len(date))})
    frame["month_sine"], frame["month_cosine"] = np.sin(angle), np.cos(angle)
    frame["quarter"] = (date % 12 // 3).astype(str)
    happened = random.random(len(date)) < 1.0 / (1.0 + np.exp(1.0 - frame["need"] - swing * np.sin(angle)))
    return frame, happened.to_numpy().astype(int), {"time": date, "groups": np.tile(np.arange(ACCOUNTS), dates)}


@pytest.fixture(scope="module", params=RUNGS)
def seasonal(request: pytest.FixtureRequest) -> AccountClassifier:
    """A model of accounts that win in spring and not in autumn."""
    frame, happened, known = year(1.0)
    return AccountClassifier(rung=request.param, max_trees=60).fit(frame, happened, **known)


def test_a_season_is_found_and_holds_in_the_next_year(seasonal: AccountClassifier) -> None:
    """In a year that it has not seen, the model's level follows the year's, month by month."""
    assert seasonal.season_ is not None
    assert seasonal.season_.gain is not None
    assert seasonal.season_.gain.low > 0.01
    assert seasonal.season_.columns == ("month_cosine", "month_sine", "quarter")
    frame, happened, known = year(1.0, dates=12, first=24, seed=1)
    here, happened_here, _ = year(1.0)
    assert abs(seasonal.predict_proba(here)[:, 1].mean() - happened_here.mean()) < 0.003
    said = pd.Series(seasonal.predict_proba(frame)[:, 1]).groupby(known["time"]).mean()
    came = pd.Series(happened).groupby(known["time"]).mean()
    assert came.max() - came.min() > 0.25
    assert abs(said - came).max() < 0.13
    assert np.corrcoef(said, came)[0, 1] > 0.9


def test_reasons_name_the_season(seasonal: AccountClassifier) -> None:
    """What the date adds is told by its own columns; with it, reasons add up to the probability."""
    frame, _, _ = year(1.0, dates=12, seed=2)
    parts = seasonal.contributions(frame)
    said = seasonal.predict_proba(frame)[:, 1]
    np.testing.assert_allclose(parts.sum(axis=1) + seasonal.base_probability_, said, atol=1e-9)
    spring = frame["month_sine"] > 0.9
    assert parts.loc[spring, "month_sine"].min() > 0.05


def test_a_stored_season_says_the_same(seasonal: AccountClassifier) -> None:
    """As plain JSON and back."""
    frame, _, _ = year(1.0, dates=3)
    again = AccountClassifier.from_state(seasonal.to_state())
    np.testing.assert_array_equal(again.predict_proba(frame), seasonal.predict_proba(frame))
    assert seasonal.season_ is not None
    assert season_from(json.loads(json.dumps(dataclasses.asdict(seasonal.season_)))) == seasonal.season_
    assert season_from(None) is None


@pytest.mark.parametrize("seed", range(5))
def test_chance_is_no_season(seed: int) -> None:
    """Dates whose levels differ by chance only: no season is taken, and the date changes no score."""
    frame, happened, known = year(0.0, seed=seed)
    model = AccountClassifier(rung="logistic").fit(frame, happened, **known)
    assert model.season_ is not None
    assert model.season_.sums is None
    later = frame.assign(month_sine=1.0, month_cosine=0.0, quarter="3")
    np.testing.assert_array_equal(model.predict_proba(later), model.predict_proba(frame))


def test_a_level_of_its_own_per_date_is_no_season() -> None:
    """Each date has a level drawn by chance, far apart: what the dates taught does not hold on others."""
    frame, _, known = year(0.0)
    random = np.random.default_rng(5)
    level = random.normal(size=DATES)[known["time"]]
    happened = random.random(len(frame)) < 1.0 / (1.0 + np.exp(1.0 - frame["need"] - level))
    model = AccountClassifier(rung="logistic").fit(frame, happened.to_numpy().astype(int), **known)
    assert model.season_ is not None
    assert model.season_.sums is None


def test_few_dates_have_no_season() -> None:
    """Fewer than eight dates cannot confirm each other; the columns are not read at all."""
    frame, happened, known = year(1.0, dates=FEWEST_DATES - 1)
    model = AccountClassifier(rung="logistic").fit(frame, happened, **known)
    assert model.season_ is not None
    assert (model.season_.dates, model.season_.gain, model.season_.sums) == (FEWEST_DATES - 1, None, None)


def test_a_date_counts_as_one_row() -> None:
    """However many rows a date has: one date apart, of which there are 40 times as many rows, is not the season."""
    frame, happened, known = year(0.0)
    odd = known["time"] == 3
    happened = np.where(odd, np.random.default_rng(1).random(len(happened)) < 0.9, happened).astype(int)
    rows = np.concatenate([np.flatnonzero(~odd), np.repeat(np.flatnonzero(odd), 40)])
    many = {name: values[rows] for name, values in known.items()}
    model = AccountClassifier(rung="logistic").fit(frame.iloc[rows], happened[rows], **many)
    assert model.season_ is not None
    assert model.season_.sums is None


def test_more_accounts_make_no_date_surer() -> None:
    """The same accounts five times over: the dates are as many as before, and so the season says the same as surely."""
    found, widths = [], []
    for times in (1, 5):
        frame, happened, known = year(1.0, dates=12)
        rows = np.tile(np.arange(len(frame)), times)
        own = known["groups"][rows] + ACCOUNTS * np.repeat(np.arange(times), len(frame))
        prepared = AccountClassifier().prepared(frame.iloc[rows], happened[rows], time=known["time"][rows], groups=own)
        need = prepared.matrix[:, place(prepared, "need")]
        season, moved = season_of(need, prepared, directions={}, seed=7)
        assert season is not None
        assert season.sums is not None
        assert season.gain is not None
        found.append(np.concatenate([term.adds for term in season.sums.terms]))
        widths.append(season.gain.high - season.gain.low)
        assert np.corrcoef(moved - need, np.sin(2.0 * np.pi * prepared.calendar.date / 12.0))[0, 1] > 0.9
    np.testing.assert_allclose(found[0], found[1], atol=0.01)
    np.testing.assert_allclose(widths[0], widths[1], rtol=0.2)


def test_the_order_of_rows_changes_nothing() -> None:
    """Rows that are alike but for their date come in any order."""
    frame, happened, known = year(1.0, dates=12)
    frame = frame[["month_sine", "quarter"]].assign(big=known["groups"] % 2 == 0)
    mixed = np.random.default_rng(3).permutation(len(frame))
    models = [
        AccountClassifier(rung="logistic").fit(
            frame.iloc[order], happened[order], time=known["time"][order], groups=known["groups"][order] % 2
        )
        for order in (np.arange(len(frame)), mixed)
    ]
    one, other = (model.predict_proba(frame)[:, 1] for model in models)
    np.testing.assert_array_equal(one, other)


def test_promised_directions_hold() -> None:
    """Where the season says the opposite of what a column promises, it says nothing by it."""
    frame, happened, known = year(1.0)
    frame = frame.drop(columns=["month_cosine", "quarter"])
    model = AccountClassifier(rung="logistic", monotone={"month_sine": "decreasing"}).fit(frame, happened, **known)
    low, high = (model.predict_proba(frame.assign(month_sine=sine))[:, 1].mean() for sine in (-1.0, 1.0))
    assert high <= low


def test_newest_dates_know_no_season() -> None:
    """Where the newest dates alone calibrate, they span no year: columns of the date are read like any other."""
    frame, happened, known = year(1.0)
    assert AccountClassifier(rung="logistic", calibrate_on="newest").fit(frame, happened, **known).season_ is None


def test_cells_stand_beside_a_season() -> None:
    """A cell of its own and the season add up; a column that tells only the date makes no cells."""
    frame, happened, known = year(1.0)
    frame["tier"] = np.where(known["groups"] % 2 == 0, "A", "B")
    happened = np.where((frame["tier"] == "A") & (frame["idle"] > 1.0), 1, happened)
    model = AccountClassifier(rung="logistic", segments=["tier"]).fit(frame, happened, **known)
    assert model.season_ is not None
    assert model.season_.sums is not None
    assert any(cell.sums for cell in model.cells_)
    said = model.predict_proba(frame)[:, 1]
    np.testing.assert_allclose(model.contributions(frame).sum(axis=1) + model.base_probability_, said, atol=1e-9)
    assert abs(said.mean() - happened.mean()) < 0.005
    with pytest.raises(ConfigError, match="'quarter' is no category or flag that varies within a date"):
        AccountClassifier(rung="logistic", segments=["quarter"]).fit(frame, happened, **known)


def test_the_rung_below_knows_the_season_too() -> None:
    """What a model is compared with does not lose for want of the season."""
    frame, happened, known = year(1.5)
    model = AccountClassifier(rule_column="need", max_trees=30).fit(frame, happened, **known)
    assert model.below_ is not None
    matrix = model.encode(frame.head(1).assign(month_sine=[1.0]))
    autumn = model.encode(frame.head(1).assign(month_sine=[-1.0]))
    assert model.below_[1].margin(matrix)[0] > model.below_[1].margin(autumn)[0] + 0.5


def rewritten(folder: Path, change: Callable[[dict], None]) -> Path:
    """A stored model whose model.json was changed, and whose manifest knows it."""
    other = shutil.copytree(folder, folder.with_name("rewritten"), dirs_exist_ok=True)
    record, manifest = (
        json.loads((other / name).read_text(encoding="utf-8")) for name in ("model.json", "manifest.json")
    )
    change(record)
    content = json.dumps(record).encode()
    (other / "model.json").write_bytes(content)
    manifest["files"]["model.json"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    (other / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return other


def test_a_stored_bundle_keeps_the_season(seasonal: AccountClassifier, tmp_path: Path) -> None:
    """Written to files and read back. A model of an earlier version has no such key; one that cannot be is refused."""
    facts = ModelFacts(
        label="win", horizon_days=30, definitions="f00d", trained_as_of="2026-01-01", training_dates=(), versions={}
    )
    save_bundle(tmp_path / "model", Bundle(seasonal.to_state(), facts))
    assert load_bundle(tmp_path / "model").state.season == seasonal.season_
    assert load_bundle(rewritten(tmp_path / "model", lambda record: record.pop("season"))).state.season is None
    with pytest.raises(IntegrityError, match="disagree on which features"):
        load_bundle(
            rewritten(tmp_path / "model", lambda record: record["season"]["sums"]["terms"][0].update(feature=99))
        )


def test_without_dates_there_is_no_season() -> None:
    """Without times, or accounts that come back, a row's date is its own: all columns are read like any other."""
    frame, happened, known = year(1.0, dates=FEWEST_DATES)
    assert AccountClassifier(rung="logistic").fit(frame, happened, groups=known["groups"]).season_ is None
    assert AccountClassifier(rung="logistic").fit(frame, happened, time=known["time"]).season_ is None
    leads = np.arange(len(frame))
    assert AccountClassifier(rung="logistic").fit(frame, happened, time=known["time"], groups=leads).season_ is None
    each = {"time": leads, "groups": known["groups"]}
    assert AccountClassifier(rung="logistic").fit(frame, happened, **each).season_ is None


def test_what_tells_only_the_date() -> None:
    """A column that never differs within a date, gaps included; not where no other column would be left."""
    date = np.repeat(np.arange(3), 30)
    month, gaps = date * 1.0, np.where(date == 1, np.nan, 4.0)
    own = np.arange(90.0)
    sometimes = np.where(own == 89.0, 7.0, month)
    found = calendar_of(np.column_stack([own, month, gaps, sometimes]), date)
    assert found is not None
    assert found.places.tolist() == [1, 2]
    assert calendar_of(np.column_stack([month, gaps]), date) is None
    assert calendar_of(np.column_stack([own, sometimes]), date) is None
    assert calendar_of(np.column_stack([own, month])[::10], date[::10]) is None
    rare = np.where(date == 0, np.where(own < 2, 1.0, 0.0), 0.0)
    assert calendar_of(np.column_stack([own, rare])[1:], np.append(date[2:], 3)) is None  # by chance, not by the date


def test_the_card_says_what_became_of_the_season(seasonal: AccountClassifier) -> None:
    """Taken with its gain, or why not."""
    assert seasonal.season_ is not None
    assert "(month_cosine, month_sine, quarter)" in season_lines(seasonal.season_)[1]
    assert "They shift the level of all: log loss is lower by" in season_lines(seasonal.season_)[1]
    untaken = dataclasses.replace(seasonal.season_, sums=None)
    assert "not surely better" in season_lines(untaken)[1]
    assert "24 dates are too few" in season_lines(dataclasses.replace(untaken, gain=None))[1]
    assert season_lines(None) == []
