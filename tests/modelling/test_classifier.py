"""The learner's laws: same data, same model; what cannot be learned is refused; what is shown adds up."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from abm_ml.errors import ConfigError, GateRefused, SourceError
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.folds import plan_of

NOT_OURS = {
    "check_sample_weight_equivalence_on_dense_data": "folds and leaves count rows: a row twice is no row of weight 2"
}
SMALL = {"rung": "lightgbm", "max_trees": 60, "learning_rate": 0.1}


def company(accounts=150, snapshots=6, seed=0):
    """Snapshots of accounts: numbers with gaps, a flag, a text, a column that never varies."""
    random = np.random.default_rng(seed)
    rows = accounts * snapshots
    account = np.tile(np.arange(accounts), snapshots)
    frame = pd.DataFrame({f"n{i}": random.normal(size=rows) for i in range(4)})
    frame.loc[random.random(rows) < 0.2, "n1"] = np.nan
    frame["met"] = random.random(rows) < 0.5
    frame["industry"] = random.choice(["Steel", "Banks", "Food [EU]{x}:", None], rows)
    frame["constant"] = 1.0
    log_odds = 1.2 * frame["n0"] + 1.5 * (frame["industry"] == "Steel") + 0.8 * frame["met"] - 1.5
    y = (random.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(int).to_numpy()
    time = pd.Timestamp("2024-01-01") + pd.to_timedelta(30 * np.repeat(np.arange(snapshots), accounts), unit="D")
    return frame, y, {"time": time.to_numpy(), "groups": account}


@pytest.fixture(scope="module")
def fitted():
    """A model, and what it learned from."""
    frame, y, facts = company()
    return AccountClassifier(**SMALL).fit(frame, y, **facts), frame, y, facts


@parametrize_with_checks([AccountClassifier(max_trees=60)], expected_failed_checks=lambda _: NOT_OURS)
def test_scikit_learn(estimator, check):
    """The estimator does what scikit-learn's tools expect of one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        check(estimator)


def test_learns(fitted):
    """What drives the label is found: held-out AUC well above a coin's."""
    model, *_ = fitted
    frame, y, _ = company(seed=1)
    assert roc_auc_score(y, model.predict_proba(frame)[:, 1]) > 0.75


@pytest.mark.parametrize("facts", ["time and groups", "groups", "none"])
def test_row_and_column_order(facts):
    """Shuffled rows and columns give the same trees, calibrator and features."""
    frame, y, known = company(accounts=60)
    known = {name: known[name] for name in known if name in facts}
    order = np.random.default_rng(3).permutation(len(y))
    first = AccountClassifier(**SMALL).fit(frame, y, **known)
    shuffled = {name: values[order] for name, values in known.items()}
    again = AccountClassifier(**SMALL).fit(frame.iloc[order, ::-1], y[order], **shuffled)
    one, other = first.to_state(), again.to_state()
    assert (one.trees, one.calibrator, one.features) == (other.trees, other.calibrator, other.features)


@pytest.mark.parametrize("threads", [2, 4])
def test_threads(fitted, threads):
    """The number of threads changes nothing, to the byte."""
    _, frame, y, facts = fitted
    one, more = (AccountClassifier(max_trees=6, num_threads=n).fit(frame, y, **facts) for n in (1, threads))
    assert more.to_state() == one.to_state()
    assert (more.predict_proba(frame) == one.predict_proba(frame)).all()


def test_state_round_trip(fitted):
    """A classifier read back from its state scores and explains bit for bit as before."""
    model, frame, *_ = fitted
    again = AccountClassifier.from_state(model.to_state())
    assert (again.predict_proba(frame) == model.predict_proba(frame)).all()
    pd.testing.assert_frame_equal(again.contributions(frame), model.contributions(frame), check_exact=True)


def test_batches(fitted):
    """A row scores the same alone and among others."""
    model, frame, *_ = fitted
    alone = [model.margin(frame.iloc[[row]])[0] for row in range(5)]
    assert alone == list(model.margin(frame)[:5])


def test_contributions_add_up(fitted):
    """Base probability plus all contributions is the calibrated probability, to 1e-9, for every row."""
    model, frame, *_ = fitted
    total = model.base_probability_ + model.contributions(frame).sum(axis=1)
    np.testing.assert_allclose(total, model.predict_proba(frame)[:, 1], rtol=0, atol=1e-9)


def test_interval_holds_probability(fitted):
    """Low <= probability <= high, all strictly between 0 and 1."""
    model, frame, *_ = fitted
    (low, high), p = model.predict_interval(frame).T, model.predict_proba(frame)[:, 1]
    assert ((low > 0) & (low <= p) & (p <= high) & (high < 1)).all()


def test_columns_by_name(fitted):
    """Columns are found by name: their order and extra ones do not matter."""
    model, frame, *_ = fitted
    wider = frame.iloc[:, ::-1].assign(extra="x")
    assert (model.predict_proba(wider) == model.predict_proba(frame)).all()


def test_missing_column(fitted):
    """Columns that are missing are named."""
    model, frame, *_ = fitted
    with pytest.raises(SourceError, match=r"2 columns are missing \(industry, n0\)"):
        model.predict_proba(frame.drop(columns=["n0", "industry"]))


def test_unseen_category_is_missing(fitted):
    """A category that training never saw scores as no category at all."""
    model, frame, *_ = fitted
    unseen, none = frame.assign(industry="Quantum"), frame.assign(industry=None)
    assert (model.margin(unseen) == model.margin(none)).all()


def test_category_column_equals_text(fitted):
    """A pandas category column is read by its texts, whatever its codes are."""
    model, frame, *_ = fitted
    categories = frame.assign(
        industry=pd.Categorical(frame["industry"], categories=["Steel", "Food [EU]{x}:", "Banks"])
    )
    assert (model.margin(categories) == model.margin(frame)).all()


def test_dropped_and_typical(fitted):
    """Columns that never vary are listed; the others know what is typical."""
    model, frame, *_ = fitted
    assert model.dropped_features_ == ["constant"]
    typical = {feature.name: feature.typical for feature in model.features_}
    assert typical["n0"] == frame["n0"].median()
    assert typical["industry"] in set(frame["industry"])
    assert isinstance(typical["met"], bool)


def test_all_missing_column_is_dropped():
    """A column without any value teaches nothing."""
    frame, y, facts = company(accounts=40)
    assert "empty" in AccountClassifier(**SMALL).fit(frame.assign(empty=None), y, **facts).dropped_features_


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity(fitted, value):
    """Infinite cells are refused by column, in training and in scoring."""
    model, frame, y, _ = fitted
    broken = frame.assign(n2=frame["n2"].where(frame.index > 2, value))
    for reads in (model.predict_proba, lambda rows: AccountClassifier().fit(rows, y)):
        with pytest.raises(SourceError, match=r"n2 \(3 rows\)"):
            reads(broken)


def test_one_class():
    """A label of one class is refused with both counts; it is a gate's refusal, and a ValueError to scikit-learn."""
    frame, y, _ = company()
    for error in (GateRefused, ValueError):
        with pytest.raises(error, match="0 positives and 900 negatives"):
            AccountClassifier().fit(frame, y * 0)


@pytest.mark.parametrize(
    ("label", "message"), [(np.nan, "1 of 900 rows have none"), (2.0, r"3 classes: .* 2.0 \(1 rows\)")]
)
def test_strange_labels(label, message):
    """A missing label or a third class is refused with counts."""
    frame, y, _ = company()
    strange = y.astype(float)
    strange[0] = label
    with pytest.raises(SourceError, match=message):
        AccountClassifier().fit(frame, strange)


@pytest.mark.parametrize(("direction", "sign"), [("increasing", 1), ("decreasing", -1)])
def test_monotone(direction, sign):
    """With a direction stated, more of the feature never moves the margin the other way."""
    frame, y, facts = company()
    model = AccountClassifier(**SMALL, monotone={"n0": direction}).fit(frame, y, **facts)
    grid = pd.concat([frame.iloc[[0]]] * 50).assign(n0=np.linspace(-3, 3, 50))
    assert (sign * np.diff(model.margin(grid)) >= 0).all()


@pytest.mark.parametrize(
    ("monotone", "message"),
    [({"n_0": "increasing"}, "Did you mean 'n0'"), ({"n0": "up"}, "neither"), ({"industry": "increasing"}, "no order")],
)
def test_monotone_refused(monotone, message):
    """A direction needs a known column that has an order."""
    frame, y, _ = company(accounts=30)
    with pytest.raises(ConfigError, match=message):
        AccountClassifier(monotone=monotone).fit(frame, y)


def test_depth_is_bounded(fitted):
    """No path is longer than max_depth: the exact-reasons kernel counts on it."""
    model, *_ = fitted
    assert model.model_.booster.trees_to_dataframe()["node_depth"].max() <= 9


def test_weight_zero_is_absent():
    """A row of weight 0 is a row that is not there."""
    frame, y, facts = company(accounts=60)
    keep = np.random.default_rng(0).random(len(y)) < 0.7
    weighted = AccountClassifier(**SMALL).fit(frame, y, **facts, sample_weight=keep.astype(float))
    without = AccountClassifier(**SMALL).fit(frame[keep], y[keep], **{name: v[keep] for name, v in facts.items()})
    assert weighted.model_.text == without.model_.text


def _newest(**more):
    """A classifier that judges by time."""
    return AccountClassifier(**SMALL, calibrate_on="newest", **more)


def test_refit_uses_newest_rows():
    """Without refit the newest slice teaches no tree; with it, every row does."""
    frame, y, facts = company()
    trees = [_newest(refit=refit).fit(frame, y, **facts).model_ for refit in (True, False)]
    full, older = (each.booster.dump_model()["tree_info"][0]["tree_structure"]["internal_count"] for each in trees)
    assert older < full


def test_slices_follow_time():
    """Teaching rows are older than the rows they are judged on, and no account is on both sides."""
    _, y, facts = company()
    time = np.unique(facts["time"], return_inverse=True)[1]
    plan = plan_of(y, time, facts["groups"], seed=1)
    for teach, judge in (*plan.stopping, *plan.judging):
        assert time[teach].max() < time[judge].min()
        assert not np.isin(facts["groups"][teach], facts["groups"][judge]).any()
    judged = np.concatenate([judge for _, judge in plan.judging])
    assert sorted(judged) == list(np.flatnonzero(time == time.max()))


def test_folds_without_time():
    """Without time every row is judged once, by trees that saw nothing of its account."""
    _, y, facts = company()
    plan = plan_of(y, np.zeros(len(y), dtype=int), facts["groups"], seed=1)
    assert sorted(np.concatenate([judge for _, judge in plan.judging])) == list(range(len(y)))
    for teach, judge in plan.judging:
        assert not np.isin(facts["groups"][teach], facts["groups"][judge]).any()


def test_few_events_fall_back_to_folds():
    """Where no slice of time could hold 20 events, folds judge, and the model still trains."""
    frame, y, facts = company(accounts=40, snapshots=3)
    few = np.where(np.cumsum(y) <= 12, y, 0)
    model = AccountClassifier(**SMALL).fit(frame, few, **facts)
    assert (model.calibrator_.rows, model.calibrator_.events) == (120, 12)


def test_calibrated_on_drift():
    """Where the event rate moves, the newest slice sets the level of the probabilities."""
    frame, y, facts = company(accounts=1500, snapshots=8)
    random, late = np.random.default_rng(1), facts["time"] >= np.unique(facts["time"])[-3]
    y = np.where(late & (y == 0) & (random.random(len(y)) < 0.3), 1, y)
    last = facts["time"] == facts["time"].max()
    model = _newest().fit(frame[~last], y[~last], **{name: v[~last] for name, v in facts.items()})
    assert abs(model.predict_proba(frame[last])[:, 1].mean() - y[last].mean()) < 0.06


def test_date_column_refused():
    """A date is no feature; the message names the column."""
    frame, y, facts = company(accounts=30)
    with pytest.raises(SourceError, match="'signed' holds datetime64"):
        AccountClassifier().fit(frame.assign(signed=facts["time"]), y)


def test_calibrated_on_all_times():
    """Where the newest rows are out of season, `calibrate_on` all keeps the level of the whole history."""
    frame, y, facts = company(accounts=1000, snapshots=8)
    random, late = np.random.default_rng(1), facts["time"] >= np.unique(facts["time"])[-2]
    y = np.where(late & (y == 0) & (random.random(len(y)) < 0.5), 1, y)
    said = {on: AccountClassifier(**SMALL, calibrate_on=on).fit(frame, y, **facts).predict_proba(frame)[:, 1].mean()
            for on in ("newest", "all")}  # fmt: skip
    assert abs(said["all"] - y.mean()) < 0.02 < said["newest"] - y.mean()


def test_calibrate_on_unknown():
    """A word that nobody knows is refused."""
    frame, y, facts = company(accounts=30)
    with pytest.raises(ConfigError, match="'latest' is neither 'newest' nor 'all'"):
        AccountClassifier(calibrate_on="latest").fit(frame, y, **facts)
