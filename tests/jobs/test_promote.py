"""A model becomes champion by its gate, its comparison and a trial, and everything that is done can be taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from abm_ml.errors import GateRefused, IntegrityError, LockHeld, NotReady
from abm_ml.jobs import canary
from abm_ml.jobs import retrain as retrain_job
from abm_ml.jobs.champions import Throne, against_champion, approved, throne
from abm_ml.jobs.promote import promote
from abm_ml.jobs.retrain import Need, _at_first_sight
from abm_ml.jobs.rollback import rollback
from abm_ml.jobs.score import score
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS
from abm_ml.modelling.audit import Caller, Entry
from abm_ml.modelling.bundle import load_bundle, save_bundle
from abm_ml.modelling.evaluation import Metric
from abm_ml.modelling.gate import Verdict
from abm_ml.modelling.promotion import Against
from abm_ml.modelling.registry import ModelVersion, TrainingRecord
from abm_ml.modelling.training_record import Provenance
from abm_ml.publishing.manifest import ModelUsed
from abm_ml.publishing.runs import Run, publish, read_current
from abm_ml.publishing.storage import lock_workspace
from abm_ml.publishing.tables import RunTables
from tests.cli.command import call
from tests.jobs.company import Served, copied, fingerprints, replaced

EQUAL = Against(champion="win/1", difference=Metric(0.0, -0.01, 0.01))
WORSE = Against(champion="win/1", difference=Metric(-0.01, -0.03, 0.01))
REFUSED: dict[str, tuple[str, Against | None, str]] = {
    "a gate that said no": ("Not ready", EQUAL, "Not ready of win/"),
    "a worse one": ("Ready", WORSE, "is worse: AUC -0.010"),
    "one that was never compared": ("Ready", None, "was not set beside win/1"),
    "one that was compared with another": ("Ready", replace(EQUAL, champion="win/9"), "was not set beside win/1"),
}


@pytest.fixture
def house(company: Served, tmp_path: Path) -> Served:
    """The small company's workspace, copied: each test may do with it what it likes."""
    return copied(company, tmp_path / "house")


@pytest.fixture
def home(house: Served, workspace: Workspace) -> Iterator[Workspace]:
    """The copy, opened; its tables are those of the original, which are read already."""
    with house.opened() as opened:
        opened.caller = Caller("ana", dt.datetime(2026, 6, 30))
        opened.__dict__ |= {"company": workspace.company, "engine": workspace.engine}
        yield opened
        for name in ("company", "engine"):
            opened.__dict__.pop(name)


def registered(seat: Throne, folder: Path, *, gate: str = "Ready", against: Against | None = EQUAL) -> ModelVersion:
    """One more version of win: the first one's model, told to be trained a day later."""
    first = seat.registry.versions("win")[0]
    bundle = seat.registry.bundle(first, folder)
    later = replace(bundle, facts=replace(bundle.facts, trained_as_of=f"2026-07-0{len(seat.registry.versions('win'))}"))
    place = folder / f"bundle-{later.facts.trained_as_of}"
    save_bundle(place, later)
    (folder / "CARD.md").write_text("# Model card: win\n")
    return seat.registry.record(
        TrainingRecord(
            bundle=place,
            card=folder / "CARD.md",
            pictures={},
            verdict=Verdict(gate, ()),
            provenance=Provenance(data="d", config="c"),
            against=against,
        )
    )


def published(house: Served, models: Mapping[str, ModelVersion]) -> None:
    """A run with the same tables as the first one, said to be scored by other models."""
    first = house.run
    used = {label: ModelUsed(version.name, version.sha256) for label, version in models.items()}
    facts = replace(first.manifest.facts, models={**first.manifest.facts.models, **used})
    tables = (first.scores(), first.reasons(), first.kpis(), first.program_kpis(), first.features())
    publish(house.folder, Run(facts, RunTables(*[table.drop_columns("run_id") for table in tables])))


def test_there_and_back(house: Served, home: Workspace, tmp_path: Path) -> None:
    """A promoted challenger scores; after the rollback the run before counts again, byte by byte, and is the same."""
    challenger = registered(throne(home), tmp_path)
    before = fingerprints(house.folder / "runs" / house.scored.run_id)
    promoted = promote(home, "win")
    assert (promoted.champion.name, promoted.before and promoted.before.name) == ("win/2", "win/1")
    assert promoted.canary.champion_mean == promoted.canary.mean
    published(house, {"win": promoted.champion})
    assert read_current(house.folder).run_id != house.scored.run_id
    back = rollback(home)
    assert (back.champion.name, back.before, back.run_id) == ("win/1", challenger, house.scored.run_id)
    assert read_current(house.folder).run_id == house.scored.run_id
    assert fingerprints(house.folder / "runs" / house.scored.run_id) == before
    assert score(home).already_published
    told = [(each.action, each.before, each.after, each.who) for each in home.trail.entries() if each.who == "ana"]
    assert told == [("canary", 1, 1, "ana"), ("promote", 1, 2, "ana"), ("rollback", 2, 1, "ana")]
    assert throne(home).registry.holder("win", "challenger") is None


@pytest.mark.parametrize("name", REFUSED)
def test_refused(home: Workspace, tmp_path: Path, name: str) -> None:
    """A version that may not take the champion's place leaves it where it is, and the trail says why."""
    gate, against, words = REFUSED[name]
    registered(throne(home), tmp_path, gate=gate, against=against)
    with pytest.raises(GateRefused, match=words):
        promote(home, "win")
    assert approved(home, "win").name == "win/1"
    last = home.trail.entries()[-1]
    assert (last.action, last.version, last.done, last.after) == ("promote", 2, False, 1)
    assert words in last.reason


def test_only_one_at_a_time(home: Workspace) -> None:
    """While another job publishes or promotes, nobody moves a champion, or asks who it is in order to publish."""
    throne(home).registry.client.delete_registered_model_alias("churn", "champion")
    with lock_workspace(home.folder):
        for job in (promote, rollback):
            with pytest.raises(LockHeld):
                job(home, "win")
        with pytest.raises(LockHeld):
            score(home)


def test_an_alias_moved_by_hand(house: Served, home: Workspace, tmp_path: Path) -> None:
    """A champion that no command made does not score, is not approved without being compared, and gives way."""
    registered(throne(home), tmp_path, against=WORSE)
    throne(home).registry.set_champion("win", 2)
    with pytest.raises(IntegrityError, match=r"win/2 is champion in MLflow.*abm-ml promote win 2.*abm-ml rollback win"):
        score(home)
    told = [each for each in home.trail.entries() if (each.action, each.who) == ("score", "ana")]
    assert [(each.label, each.version, each.done) for each in told] == [
        (label, 2 if label == "win" else 1, False) for label in ("progression", "win", "churn")
    ]
    with pytest.raises(GateRefused, match="win/2 is worse"):
        promote(home, "win", 2)
    assert rollback(home, "win").champion.name == "win/1"
    assert approved(home, "win").name == "win/1"


def test_a_workspace_from_before_the_trail(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Champions of an older version have no approval: what to run is said, and running it approves them."""
    home.trail.file.unlink()
    monkeypatch.setattr("abm_ml.jobs.promote.try_out", lambda *_: "tried out")
    with pytest.raises(IntegrityError, match=r"abm-ml promote win 1\b"):
        approved(home, "win")
    assert promote(home, "win").before == approved(home, "win")


def test_other_bytes_under_the_same_name(home: Workspace) -> None:
    """A tag of the registry that was changed together with its files is noticed by what was approved."""
    throne(home).registry.client.set_model_version_tag("win", "1", "sha256", "0" * 64)
    with pytest.raises(IntegrityError, match="win/1 is champion in MLflow"):
        approved(home, "win")


def test_nothing_to_go_back_to(home: Workspace) -> None:
    """The first champion of a label has no one before it; models of ready-made tables are not the company's."""
    for version in (1, 2):
        home.trail.add(
            Entry(action="promote", label="telco", version=version, before=version - 1 or None, after=version)
        )
    with pytest.raises(NotReady, match="no champion before"):
        rollback(home, "win")
    with pytest.raises(NotReady, match="nothing to go back to"):
        rollback(home)


def moved_on(home: Workspace, folder: Path) -> None:
    """A second version becomes champion."""
    throne(home).crown(registered(throne(home), folder), action="promote", reason="a test")


@pytest.mark.parametrize("place", ["mlartifacts/win/**/bundle/calibrator.json", "runs/*/reasons.parquet"])
def test_no_way_back_to_damaged_files(house: Served, home: Workspace, tmp_path: Path, place: str) -> None:
    """A rollback to a damaged model or run is refused before anything moves."""
    first = throne(home).registry.versions("win")[0].run_id
    moved_on(home, tmp_path)
    (file,) = [path for path in house.folder.glob(place) if "runs/2026" in str(path) or first in str(path)]
    pointer = fingerprints(house.folder / "runs")["current.json"]
    with replaced(file, lambda content: content[:-1]), pytest.raises(IntegrityError):
        rollback(home, "win")
    assert approved(home, "win").name == "win/2"
    last = home.trail.entries()[-1]
    assert (last.action, last.version, last.done, last.after) == ("rollback", 1, False, 2)
    assert fingerprints(house.folder / "runs")["current.json"] == pointer


def test_no_run_of_these_champions(house: Served, home: Workspace, tmp_path: Path) -> None:
    """Where no run is of exactly the champions that there are, the pointer stays and the answer says what to run."""
    moved_on(home, tmp_path)
    earned = throne(home).registry.versions("win")[0].gate
    throne(home).registry.client.delete_registered_model_alias("churn", "champion")
    answer = call("rollback", "-c", house.config)
    assert (answer.code, answer.err) == (0, "")
    assert f"win/1 ({earned}) is the champion again; before it was win/2." in answer.out
    assert "run abm-ml score" in answer.out


def test_the_trail_for_people_and_machines(house: Served) -> None:
    """Every entry with its model and reason; only those of a label, if one is named."""
    told = call("audit", "win", "--json", "-c", house.config).json["entries"]
    assert [(each["action"], each["version"], each["after"]) for each in told[:1]] == [("train", 1, 1)]
    assert {each["label"] for each in told} == {"win"}
    assert "the first one that may score" in call("audit", "-c", house.config).out


GOOD = pd.DataFrame({"probability": [0.2, 0.3, 0.4], "low": 0.1, "high": 0.5, "told": [0.2, 0.3, 0.4]})
NONSENSE: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "nothing": (lambda told: told.assign(probability=np.nan), "3 of 3 scores are no probabilities"),
    "a gap": (lambda told: told.assign(low=np.nan), "3 of 3 scores are no probabilities"),
    "certainty": (lambda told: told.assign(probability=1.0, high=1.0, told=1.0), "3 of 3 scores are no probabilities"),
    "outside": (lambda told: told.assign(high=0.35), "1 of 3 scores lie outside their interval"),
    "reasons": (lambda told: told.assign(told=told["told"] + 1e-6), "the reasons of 3 of 3 scores do not add up"),
    "all alike": (
        lambda told: pd.concat([told.assign(probability=0.3, told=0.3)] * 40),
        "100% of 120 scores are the same",
    ),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_on_trial(name: str) -> None:
    """Scores that are no probabilities, have reasons that do not add up, or are all alike never reach anybody."""
    change, words = NONSENSE[name]
    version = ModelVersion(label="win", version=2, run_id="r", sha256="s", gate="OK")
    canary._refuse_nonsense(version, GOOD)
    with pytest.raises(GateRefused, match=words):
        canary._refuse_nonsense(version, change(GOOD))


@pytest.mark.parametrize(("mean", "passes"), [(0.30, True), (0.47, False), (0.17, False)])
def test_far_from_the_champion(
    home: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    mean: float,
    passes: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A model whose mean odds are more than twice the champion's, or less than half, is refused with both figures."""
    champion = throne(home).registry.champion("win")
    version = replace(champion, version=2)
    said = {"win/1": 0.30, "win/2": mean}
    monkeypatch.setattr(canary, "_some_accounts", lambda workspace, label, date: None)
    monkeypatch.setattr(
        canary,
        "_told_by",
        lambda workspace, version, rows: GOOD.assign(probability=said[version.name], told=said[version.name]),
    )
    if passes:
        assert canary.try_out(home, version, champion, home.as_of()).champion_mean == pytest.approx(0.3)
    else:
        with pytest.raises(GateRefused, match=r"the champion's 0\.300.*factor of 2"):
            canary.try_out(home, version, champion, home.as_of())


def judged(house: Served, **facts: Any) -> Any:
    """What is known of a judged challenger, as far as the champion is set beside it: the published win accounts."""
    rows = (
        house.run.scores().to_pandas().query("label == 'win'").merge(house.run.features().to_pandas(), on="account_id")
    )
    test = rows.assign(label=(np.arange(len(rows)) % 3 == 0).astype(int))
    split = SimpleNamespace(train=(dt.datetime(2025, 12, 1),), test=(dt.datetime(2026, 3, 1),))
    told = {"label": LABELS["win"], "horizon_days": 90, "split": split, "test": test} | facts
    return SimpleNamespace(rows=SimpleNamespace(**told), probability=rows["probability"])


def test_beside_the_champion(house: Served, home: Workspace, tmp_path: Path) -> None:
    """The champion scores the challenger's own test rows: one that says the same is equal, to the last digit."""
    registry = throne(home).registry
    bundle = load_bundle(house.model_file("win", "model.json").parent)
    definitions = bundle.facts.definitions
    found = against_champion(registry, judged(house), definitions=definitions, beside=tmp_path)
    assert found == Against(champion="win/1", difference=Metric(0.0, 0.0, 0.0))
    nobody = judged(house, label=SimpleNamespace(name="nobody"))
    assert against_champion(registry, nobody, definitions=definitions, beside=tmp_path) is None


INCOMPARABLE: dict[str, tuple[dict[str, Any], str, str]] = {
    "other definitions": ({}, "others", "defined otherwise"),
    "another horizon": ({"horizon_days": 30}, "", "looks 90 days ahead, not 30"),
    "features gone": ({"test": pd.DataFrame({"label": [0, 1]})}, "", "that are not there"),
    "a champion that knew more": (
        {"split": SimpleNamespace(train=(dt.datetime(2024, 1, 1),))}, "", "may be after the test begins"
    ),
    "no dates": ({"split": SimpleNamespace(train=())}, "", "nobody knows"),
}  # fmt: skip


@pytest.mark.parametrize("name", INCOMPARABLE)
def test_what_cannot_be_compared(house: Served, home: Workspace, tmp_path: Path, name: str) -> None:
    """A champion that reads, asks or knew something else is not judged on these rows, and it is said why."""
    facts, definitions, words = INCOMPARABLE[name]
    definitions = definitions or load_bundle(house.model_file("win", "model.json").parent).facts.definitions
    found = against_champion(throne(home).registry, judged(house, **facts), definitions=definitions, beside=tmp_path)
    assert found is not None
    assert found.difference is None
    assert words in found.why


@pytest.mark.parametrize(("winners", "trained"), [("the likely ones", None), ("the unlikely ones", ["win"])])
def test_what_happened_since(
    house: Served, home: Workspace, monkeypatch: pytest.MonkeyPatch, winners: str, trained: list[str] | None
) -> None:
    """A champion that ranks the newest test dates as well as its own stays; one far below 95 % of that does not."""
    told = judged(house)
    likely = told.probability.rank(pct=True) > 0.8
    test = told.rows.test.assign(label=(likely if winners == "the likely ones" else ~likely).astype(int))
    monkeypatch.setattr(retrain_job, "makers", lambda *_: [lambda: SimpleNamespace(test=test)])
    monkeypatch.setattr(retrain_job, "train", lambda workspace, names, **_: names)
    result = retrain_job.retrain(home, ["win"])
    assert result.train == trained
    assert ("not below 95% of what it was" in result.needs[0].why) is (trained is None)


def test_an_old_champion_is_trained_again(home: Workspace) -> None:
    """More than 90 days after its training a champion is too old, and a label without one needs one at once."""
    registry, day = throne(home).registry, dt.datetime(2026, 6, 30)
    assert not isinstance(_at_first_sight(home, "win", day + dt.timedelta(days=90)), Need)
    old = Need("win", "win/1", needed=True, why="it is 91 days old, more than 90")
    assert _at_first_sight(home, "win", day + dt.timedelta(days=91)) == old
    registry.client.delete_registered_model_alias("win", "champion")
    assert _at_first_sight(home, "win", day) == Need("win", None, needed=True, why="it has no champion")


def test_another_date_to_try_it_out(home: Workspace) -> None:
    """A version is tried out on the date that is named; where nobody is asked about, the refusal says what to do."""
    with pytest.raises(GateRefused, match=r"on \d{4}-\d\d-\d\d it asks about nobody.*--as-of"):
        promote(home, "win", as_of=dt.datetime(1999, 1, 1))
    assert promote(home, "win", as_of=home.as_of() - dt.timedelta(days=7)).canary.accounts > 0
