"""The leak guard: what it catches, what it lets pass, and what it says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from abm_ml.errors import ConfigError, GateRefused
from abm_ml.leaks import Candidate, Finding, find_leaks, refuse_leaks
from abm_ml.leaks.names import is_outcome, is_process, words_of
from tests.studies.slices import EXPERIMENTS

SEEDS = range(10)
# Of DATA.md: measured at closing (seven), made exact at closing, with the deal itself counted in, and a number.
IBM_LEAKS = {
    "Elapsed Days In Sales Stage",
    "Sales Stage Change Count",
    "Total Days Identified Through Closing",
    "Total Days Identified Through Qualified",
    "Ratio Days Identified To Total Days",
    "Ratio Days Validated To Total Days",
    "Ratio Days Qualified To Total Days",
    "Opportunity Amount USD",
    "Revenue From Client Past Two Years",
    "Opportunity Number",
}


@pytest.fixture(scope="module")
def plants() -> ModuleType:
    """The study's table of deals with its leaks."""
    spec = importlib.util.spec_from_file_location("plants", EXPERIMENTS / "2026-11-leaks" / "plants.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows_with(name: str, values: object, label: object = np.repeat([0, 1], 50)) -> pd.DataFrame:
    """Rows of accounts of their own with their answers, half of them yes, and one column."""
    answers = np.asarray(label)
    accounts = [f"a{number}" for number in range(len(answers))]
    return pd.DataFrame({"account_id": accounts, "label": answers, name: values})


def found(rows: pd.DataFrame, name: str, **facts: bool) -> list[Finding]:
    """What the guard finds in one column, asked about wins."""
    return list(find_leaks([Candidate(name, **facts)], rows, label="win", forbidden=("won", "outcome", "loss_reason")))


def test_planted_leaks_are_caught(plants: ModuleType) -> None:
    """At least 19 of 20 columns that know the outcome are found, in every one of ten tables."""
    for seed in SEEDS:
        deals = plants.deals(seed)
        caught = [found(rows, name) for name, rows in (plants.planted(deals, leak, seed) for leak in plants.LEAKS)]
        assert len(caught) == 20
        assert sum(map(bool, caught)) >= 19, seed


@pytest.mark.parametrize("rows", [100, 400, 4000])
def test_honest_columns_pass(plants: ModuleType, rows: int) -> None:
    """At most one of twenty honest columns is flagged, in tables small and large."""
    for seed in SEEDS:
        deals = plants.deals(seed, rows)
        assert len(find_leaks([Candidate(name) for name in plants.HONEST], deals, label="win")) <= 1, seed


def test_shuffled_answers_flag_nothing(plants: ModuleType) -> None:
    """Where nothing can be known, nothing looks like a leak, however many columns are asked."""
    rng = np.random.default_rng(5)
    deals = plants.deals(1, 300)
    noise = pd.DataFrame(rng.normal(size=(300, 100)), index=deals.index).add_prefix("x")
    rows = pd.concat([deals.assign(label=rng.permutation(deals["label"])), noise], axis=1)
    assert find_leaks([Candidate(name) for name in (*plants.HONEST, *noise)], rows, label="win") == ()


@pytest.mark.shared_data
def test_ibm(shared_data: Path) -> None:
    """On a third of IBM's deals it names the seven columns measured at closing and the exact amount, no honest one."""
    (file,) = (shared_data / "ibm_win_loss").glob("*.csv.gz")
    deals = pd.read_csv(file, keep_default_na=False).sample(frac=1 / 3, random_state=3)
    deals["label"] = (deals["Opportunity Result"] == "Won").astype(int)
    deals["account_id"] = deals["Opportunity Number"].astype(str)
    columns = [Candidate(name) for name in deals.columns if name not in {"Opportunity Result", "label", "account_id"}]
    named = {each.column: each.test for each in find_leaks(columns, deals, label="Opportunity Result")}
    assert set(named) == IBM_LEAKS
    assert named["Opportunity Amount USD"] == "digits"


@pytest.mark.shared_data
def test_telco(shared_data: Path) -> None:
    """Telco's honest columns pass, though the best of them reach an AUC of 0.74 alone; its id does not."""
    (file,) = (shared_data / "telco_churn").glob("*.csv")
    people = pd.read_csv(file)
    people["label"], people["account_id"] = (people["Churn"] == "Yes").astype(int), people["customerID"]
    columns = [Candidate(name) for name in people.columns if name not in {"Churn", "label", "account_id"}]
    assert [each.column for each in find_leaks(columns, people, label="Churn")] == ["customerID"]


@pytest.mark.parametrize("name", ["win", "won", "outcome", "custom_outcome", "loss_reason"])
def test_a_column_named_like_the_outcome(name: str) -> None:
    """What is called like the answer is the answer, whatever it holds."""
    assert [each.test for each in found(rows_with(name, 1.0), name)] == ["name"]


@pytest.mark.parametrize("when_yes", [True, False])
def test_a_column_filled_only_after_the_outcome(*, when_yes: bool) -> None:
    """A cell that is filled just where the answer is yes (or just where it is no) gives it away."""
    values = np.where((np.arange(100) >= 50) == when_yes, 5.0, np.nan)
    assert [each.test for each in found(rows_with("signature_days", values), "signature_days", in_time=True)] == [
        "gaps"
    ]


@pytest.mark.parametrize("filled", ["some wins", "some losses", "wins and some others"])
def test_a_column_filled_late_in_part(filled: str) -> None:
    """Half of the wins, half of the losses (a loss reason), or all wins and some others: each gives answers away."""
    rng = np.random.default_rng(3)
    label = (rng.random(2000) < 0.2).astype(int)
    half = rng.random(2000) < 0.5
    there = {
        "some wins": (label == 1) & half,
        "some losses": (label == 0) & half,
        "wins and some others": (label == 1) | half,
    }
    rows = rows_with("note_days", np.where(there[filled], 5.0, np.nan), label)
    assert [each.test for each in found(rows, "note_days", in_time=True)] == ["gaps"]


@pytest.mark.parametrize(
    "values", [1.0, np.nan, np.where(np.arange(100) % 2, 5.0, np.nan), np.where(np.arange(100) >= 40, 5.0, np.nan)]
)
def test_honest_gaps_pass(values: object) -> None:
    """Always there, never there, half of the time there, or there somewhat more often: no leak."""
    assert not found(rows_with("days_since_demo", values), "days_since_demo", in_time=True)


def test_a_rare_coincidence_is_no_leak() -> None:
    """Fewer than 20 cells prove nothing."""
    assert not found(rows_with("rare", np.where(np.arange(100) >= 85, 5.0, np.nan)), "rare", in_time=True)


@pytest.mark.parametrize(
    "name",
    ["DealClosed", "is_won", "iswon", "churn_score", "ChurnDate", "closing_days", "renewed", "LOST_TO", "cancelled-at"],
)
def test_names_of_outcomes(name: str) -> None:
    """Words for how a case ends are found in any spelling: with capitals, hyphens, or joined."""
    assert is_outcome(name, "churn")


@pytest.mark.parametrize(
    "name", ["wonder", "window", "elapsed", "glossy", "enclosure_size", "targeting", "statue", "x"]
)
def test_names_of_other_things(name: str) -> None:
    """A word that only begins or sounds like an outcome is none."""
    assert not is_outcome(name, "churn")


def test_words_and_processes() -> None:
    """A name falls into its words; how long a case took is known when it has ended."""
    assert words_of("TotalDays_inStage-2") == ("total", "days", "in", "stage")
    assert is_process("Ratio Days Qualified To Total Days")
    assert not is_process("tenure_days_per_year")


def test_a_name_alone_is_no_leak(plants: ModuleType) -> None:
    """A column that says nothing of the answer may be called as it likes."""
    deals = plants.deals(2)
    rows = deals.assign(status=np.random.default_rng(1).choice(["a", "b"], len(deals)))
    assert not found(rows, "status")


def test_the_catalogue_s_own_names_pass(plants: ModuleType) -> None:
    """What the catalogue made from rows known on the date may be called won_deals or stage, and tell a lot."""
    rows = plants.deals(2).rename(columns={"visits_90d": "won_deals_365d"})
    assert [each.test for each in found(rows, "won_deals_365d")] == ["name"]
    assert not found(rows, "won_deals_365d", in_time=True)


def test_digits_of_a_quotient_pass(plants: ModuleType) -> None:
    """A quotient's decimals say what it was divided by, so nobody asks them."""
    name, rows = plants.planted(plants.deals(4), "a price in cents", 4)
    assert [each.test for each in found(rows, name)] == ["digits"]
    assert not found(rows, name, quotient=True)


def test_copied_rows(plants: ModuleType) -> None:
    """Rows that train and test word for word are found; rows that are alike by nature are not."""
    deals = plants.deals(3)
    train, test = deals.iloc[:3000], deals.iloc[3000:]
    columns = [Candidate(name) for name in plants.HONEST]
    copied = pd.concat([test, train.head(100)])
    assert [each.test for each in find_leaks(columns, train, copied, label="win")] == ["copies"]
    assert not find_leaks(columns, train, test, label="win")
    assert not find_leaks([Candidate("plan"), Candidate("is_partner")], train, copied, label="win")


def test_the_refusal_is_a_table(plants: ModuleType) -> None:
    """It names every suspect with test, figure and reason in a line of its own, and says what to do."""
    deals = plants.deals(0)
    rows = deals.assign(copy=deals["label"], **{"evil\nname": deals["label"] * 2.0})
    with pytest.raises(GateRefused) as refused:
        refuse_leaks([Candidate("copy"), Candidate("evil\nname")], rows, label="win")
    assert refused.value.exit_code == 4
    lines = str(refused.value).splitlines()
    assert [line.split("  ")[1] for line in lines[1:4]] == ["column", "copy", "evil name"]
    assert "AUC 1.000" in lines[2]
    assert "leaks: {accept: {column: reason}}" in lines[0]


def test_a_vouched_column_passes_with_its_reason(plants: ModuleType) -> None:
    """Who knows better says so by name; the finding stays on record, and another column is still refused."""
    deals = plants.deals(0)
    rows = deals.assign(copy=deals["label"], other=deals["label"])
    (kept,) = refuse_leaks([Candidate("copy")], rows, label="win", accept={"copy": "a rule sets it before"})
    assert (kept.column, kept.accepted) == ("copy", "a rule sets it before")
    with pytest.raises(GateRefused, match="'other' carries"):
        refuse_leaks([Candidate("copy"), Candidate("other")], rows, label="win", accept={"copy": "a rule sets it"})


def test_a_vouched_column_has_to_be_there(plants: ModuleType) -> None:
    """A misspelt name is offered the right one."""
    with pytest.raises(ConfigError, match="Did you mean 'visits_90d'"):
        refuse_leaks([Candidate("visits_90d")], plants.deals(0, 200), label="win", accept={"visits_90": "fine"})
