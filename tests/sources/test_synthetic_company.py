"""The synthetic company keeps the tables' rules, is the same for the same seed, and its truth is true."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from abm_ml.sources.synthetic import Simulation, SyntheticCompany, laws, simulate, write_company
from abm_ml.sources.synthetic.truth import chances_of_place, losses
from abm_ml.tables import IN_WORDS, TABLES, Terms

ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}
HORIZONS = {"progression": 90, "win": 90, "churn": 180}
ENDS = pd.Timestamp("2026-06-30")
Frames = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    """A company of 3,000 accounts; its seed is not the one that the demo uses."""
    return simulate(SyntheticCompany(accounts=3000, seed=11))


@pytest.fixture(scope="module")
def frames(simulation: Simulation) -> Frames:
    """Its tables in pandas, the stages as numbers beside."""
    tables = {name: table.to_pandas() for name, table in simulation.tables.items()}
    funnel = Terms().funnel
    return tables | {"stages": tables["stage_changes"].assign(number=lambda rows: rows.stage.map(funnel.index))}


@pytest.fixture(scope="module")
def snapshots(simulation: Simulation, frames: Frames) -> pd.DataFrame:
    """The truth of every snapshot whose horizon is over, with what came of it according to the tables."""
    true = simulation.truth.to_pandas()
    until = true.as_of + pd.to_timedelta(true.label.map(HORIZONS), unit="D")
    true = true[until <= ENDS].reset_index(drop=True)
    outcomes = {"progression": progressed, "win": won, "churn": lost}
    parts = [rows.assign(happened=outcomes[str(label)](rows, frames)) for label, rows in true.groupby("label")]
    return pd.concat(parts)


def progressed(rows: pd.DataFrame, frames: Frames) -> pd.Series:
    """A later stage than the latest one is entered within 90 days."""
    moves = rows[["account_id", "as_of"]].reset_index().merge(frames["stages"], on="account_id")
    before = moves[moves.happened_at < moves.as_of].sort_values("happened_at").groupby("index").number.last()
    now = before.reindex(rows.index, fill_value=-1)
    inside = (moves.happened_at >= moves.as_of) & (moves.happened_at < moves.as_of + pd.Timedelta(days=90))
    later = moves[inside & (moves.number > moves["index"].map(now))]
    return pd.Series(rows.index.isin(later["index"]), index=rows.index)


def won(rows: pd.DataFrame, frames: Frames) -> pd.Series:
    """A deal of the account is won within 90 days."""
    deals = frames["opportunities"].query("outcome == 'won'")
    pairs = rows[["account_id", "as_of"]].reset_index().merge(deals, on="account_id")
    inside = (pairs.closed_at >= pairs.as_of) & (pairs.closed_at < pairs.as_of + pd.Timedelta(days=90))
    return pd.Series(rows.index.isin(pairs[inside]["index"]), index=rows.index)


def lost(rows: pd.DataFrame, frames: Frames) -> pd.Series:
    """No contract runs 180 days later."""
    later = rows[["account_id", "as_of"]].assign(as_of=rows.as_of + pd.Timedelta(days=180))
    return ~running(later, frames["contracts"])


def running(rows: pd.DataFrame, contracts: pd.DataFrame) -> pd.Series:
    """Whether a contract of the account runs at `as_of`."""
    pairs = rows.reset_index().merge(contracts, on="account_id")
    runs = (pairs.started_at < pairs.as_of) & (pairs.ends_at >= pairs.as_of) & ~(pairs.cancelled_at < pairs.as_of)
    return pd.Series(rows.index.isin(pairs[runs]["index"]), index=rows.index)


def area(happened: pd.Series, score: pd.Series) -> float:
    """The area under the ROC curve: how often a case scores higher than a non-case."""
    ranks, cases = score.rank(), happened.sum()
    return float((ranks[happened].sum() - cases * (cases + 1) / 2) / (cases * (len(happened) - cases)))


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two companies of one seed are equal byte by byte, and another seed makes another company."""
    sums = []
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        write_company(SyntheticCompany(accounts=150, seed=seed), tmp_path / name / "tables")
        files = sorted((tmp_path / name).rglob("*.parquet"))
        sums.append({file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files})
    assert sums[0] == sums[1]
    assert sums[0]["engagements.parquet"] != sums[2]["engagements.parquet"]


def test_what_is_written_is_what_is_simulated(tmp_path: Path) -> None:
    """The files hold the tables as they are in memory, with plain text; the truth lies outside of their folder."""
    company = SyntheticCompany(accounts=60, seed=5)
    write_company(company, tmp_path / "tables")
    made = simulate(company)
    assert {file.stem for file in (tmp_path / "tables").iterdir()} == set(made.tables) == set(TABLES.names)
    assert all(
        pq.read_table(tmp_path / "tables" / f"{name}.parquet").equals(rows) for name, rows in made.tables.items()
    )
    assert pq.read_table(tmp_path / "truth.parquet").equals(made.truth)


@pytest.mark.parametrize("accounts", [1, 2, 9])
def test_a_small_company_is_a_company(accounts: int) -> None:
    """However few accounts there are, every table is there."""
    made = simulate(SyntheticCompany(accounts=accounts, ends=date(2024, 6, 15)))
    assert set(made.tables) == set(TABLES.names)
    assert len(made.tables["accounts"]) == accounts


@pytest.mark.parametrize("name", TABLES.names)
def test_columns_and_types(simulation: Simulation, name: str) -> None:
    """A table has exactly the canonical columns in their order, with their types."""
    schema = simulation.tables[name].schema
    assert schema.names == list(TABLES[name].names)
    wrong = [column.name for column in TABLES[name].columns if schema.field(column.name).type != ARROW[column.type]]
    assert not wrong, [IN_WORDS[TABLES[name][column].type] for column in wrong]


@pytest.mark.parametrize("name", TABLES.names)
def test_cells_keep_the_rules(simulation: Simulation, name: str) -> None:
    """Required cells are filled, allowed values and ranges are kept."""
    for column in TABLES[name].columns:
        cells = simulation.tables[name][column.name]
        assert not (column.required and cells.null_count), column.name
        assert not column.allowed or set(cells.drop_null().unique().to_pylist()) <= set(column.allowed), column.name
        assert column.minimum is None or pc.min(cells).as_py() >= column.minimum, column.name
        assert column.maximum is None or pc.max(cells).as_py() <= column.maximum, column.name


@pytest.mark.parametrize("name", TABLES.names)
def test_keys_and_references(frames: Frames, name: str) -> None:
    """Keys are unique, no two rows are wholly equal, and what a row points to is there."""
    rows, table = frames[name], TABLES[name]
    assert not rows.duplicated(list(table.key) or None).any()
    for column in table.columns:
        if column.references:
            owners = frames[column.references][TABLES[column.references].key[0]]
            assert rows[column.name].isin(owners).all(), column.name


@pytest.mark.parametrize(
    ("table", "column", "owner"),
    [
        ("engagements", "contact_id", "contacts"),
        ("engagements", "content_id", "contents"),
        ("surveys", "contact_id", "contacts"),
        ("stage_changes", "opportunity_id", "opportunities"),
        ("accounts", "owner_id", "sellers"),
        ("opportunities", "owner_id", "sellers"),
    ],
)
def test_optional_references(frames: Frames, table: str, column: str, owner: str) -> None:
    """Where a row names a contact, a content, a deal or a seller, there is one, and of the same account."""
    rows = frames[table].dropna(subset=[column])
    owners = frames[owner].set_index(column)
    assert len(rows)
    assert rows[column].isin(owners.index).all()
    if "account_id" in owners and table != "accounts":
        assert (rows[column].map(owners.account_id) == rows.account_id).all()


@pytest.mark.parametrize("name", [name for name in TABLES.names if TABLES[name].happened_at])
def test_nothing_is_known_early_or_after_the_end(frames: Frames, name: str) -> None:
    """A row is known when it happened or later, and before the data end."""
    rows, table = frames[name], TABLES[name]
    happened, known = rows[table.happened_at], rows[table.known_at]
    assert (known >= happened).all()
    assert known.max() < ENDS


@pytest.mark.parametrize(
    "name", ["account_changes", "contacts", "contracts", "engagements", "opportunities", "surveys"]
)
def test_nothing_happens_before_the_account_exists(frames: Frames, name: str) -> None:
    """An account is created before anything is told of it."""
    rows, happened = frames[name], TABLES[name].happened_at
    created = frames["accounts"].set_index("account_id").created_at
    assert (rows[happened] >= rows.account_id.map(created)).all()


def test_some_rows_arrive_late(frames: Frames) -> None:
    """Three to five in a hundred engagements reach the system minutes to weeks after they happened."""
    rows = frames["engagements"]
    late = (rows.known_at - rows.happened_at)[rows.known_at > rows.happened_at]
    assert 0.03 < len(late) / len(rows) < 0.05
    assert late.quantile(0.05) < pd.Timedelta(hours=2)
    assert late.quantile(0.95) > pd.Timedelta(days=5)


def test_nothing_hidden_is_in_a_table(simulation: Simulation) -> None:
    """No table has a column for what is hidden."""
    hidden = {"fit", "intent", "satisfaction", "probability", "courted", "chatty", "place", "label"}
    assert not hidden & {column for table in simulation.tables.values() for column in table.schema.names}


def test_names_in_many_scripts(frames: Frames) -> None:
    """Names come in Latin with accents, Chinese, Japanese, Arabic, Cyrillic and Greek, and some are hostile."""
    names = "".join(frames["accounts"].name)
    starts = {"accents": "ü", "chinese": "科", "japanese": "株", "arabic": "ش", "cyrillic": "ю", "greek": "λ"}
    assert not [script for script, letter in starts.items() if letter not in names]
    assert {"-", "<script>alert('abm')</script>"} <= set(frames["accounts"].name)
    assert "NA" in set(frames["accounts"].country)


def test_ids_and_domains(frames: Frames) -> None:
    """Ids are text with leading zeros; domains are unique and plain ASCII."""
    domains = frames["accounts"].domain.dropna()
    assert frames["accounts"].account_id.iloc[0] == "A000001"
    assert domains.is_unique
    assert domains.map(str.isascii).all()


def test_the_size_is_as_configured(frames: Frames) -> None:
    """There are as many accounts as asked for, and about as many engagements per account."""
    assert len(frames["accounts"]) == 3000
    assert len(frames["engagements"]) / 3000 == pytest.approx(100, rel=0.1)
    assert 5 <= len(frames["contacts"]) / 3000 <= 12


def test_kinds_and_channels_are_the_usual_ones(frames: Frames) -> None:
    """Every kind that has points by default occurs, and every channel that has a class."""
    engagement = Terms().engagement
    assert set(frames["engagements"].kind) == set(engagement.points_by_kind)
    assert set(frames["engagements"].channel) == set(engagement.class_by_channel)


@pytest.mark.parametrize(
    ("label", "low", "high"), [("progression", 0.10, 0.35), ("win", 0.10, 0.30), ("churn", 0.05, 0.20)]
)
def test_base_rates_are_like_real_ones(snapshots: pd.DataFrame, label: str, low: float, high: float) -> None:
    """Outcomes are as frequent as in real companies, with hundreds of them in the history."""
    rows = snapshots[snapshots.label == label]
    assert low < rows.happened.mean() < high
    assert rows.happened.sum() > 600


@pytest.mark.parametrize("label", HORIZONS)
def test_the_truth_is_calibrated(snapshots: pd.DataFrame, label: str) -> None:
    """In each fifth of the true chances, outcomes are as frequent as the chances say."""
    rows = snapshots[snapshots.label == label]
    fifth = pd.qcut(rows.probability.rank(method="first"), 5, labels=False)
    means = rows.groupby(fifth)[["probability", "happened"]].mean()
    assert (means.probability - means.happened).abs().max() < 0.05
    assert rows.probability.mean() == pytest.approx(rows.happened.mean(), abs=0.02)


@pytest.mark.parametrize("label", HORIZONS)
def test_even_the_truth_errs(snapshots: pd.DataFrame, label: str) -> None:
    """The best possible model has an AUC between .75 and .90."""
    rows = snapshots[snapshots.label == label]
    assert 0.75 < area(rows.happened, rows.probability) < 0.90


def test_who_is_eligible(simulation: Simulation, frames: Frames) -> None:
    """Churn is told of accounts with a running contract, win of the others with an open deal."""
    true = simulation.truth.to_pandas()
    every = frames["accounts"][["account_id"]].merge(pd.DataFrame({"as_of": true.as_of.unique()}), how="cross")
    client = running(every, frames["contracts"])
    pairs = every.reset_index().merge(frames["opportunities"], on="account_id")
    still_open = (pairs.opened_at < pairs.as_of) & ~(pairs.closed_at < pairs.as_of)
    prospect = ~client & every.index.isin(pairs[still_open]["index"])
    for label, eligible in (("churn", client), ("win", prospect)):
        told = true[true.label == label][["account_id", "as_of"]]
        assert set(map(tuple, told.to_numpy())) == set(map(tuple, every[eligible].to_numpy()))


def test_who_may_progress(simulation: Simulation, frames: Frames) -> None:
    """Progression is told of targets and prospects only, and never in the last stage."""
    true = simulation.truth.to_pandas().query("label == 'progression'").reset_index(drop=True)
    moves = true.reset_index().merge(frames["stages"], on="account_id").query("happened_at < as_of")
    assert moves.sort_values("happened_at").groupby("index").number.last().max() == len(Terms().funnel) - 2
    assert not running(true, frames["contracts"]).any()


def test_the_truth_is_told_up_to_the_end(simulation: Simulation) -> None:
    """There is a snapshot at every month's start, from half a year of history on, and at the end of the data."""
    days = pd.Series(simulation.truth["as_of"].unique().to_pandas()).sort_values()
    assert days.iloc[-1] == ENDS
    assert list(days.iloc[:-1]) == list(pd.date_range("2024-01-01", "2026-06-01", freq="MS"))


def test_no_steps_no_chance() -> None:
    """With no step to come nothing can happen, and each further step can only add to a chance."""
    wins = chances_of_place(laws.laws(), np.arange(laws.PLACES) == laws.CLIENT, 13)
    leaving = losses(laws.laws(), 26).by_cancelling
    for chances in (wins, leaving):
        assert not chances[0].any()
        assert (np.diff(chances, axis=0) >= -1e-12).all()
        assert chances.max() < 1


def test_a_lapsing_contract_is_the_greater_risk() -> None:
    """Who has to renew within the horizon is lost more often than who can only cancel."""
    chances = losses(laws.laws(), 26)
    assert (chances.by_lapsing[26, 13] > chances.by_cancelling[26]).all()


def test_laws_are_chances() -> None:
    """Every row of a table of chances is positive and adds up to one."""
    rules = laws.laws()
    for table in (rules.program, rules.champion, rules.intent, rules.place, rules.satisfaction):
        assert table.min() >= 0
        assert np.allclose(table.sum(axis=-1), 1)


def champions(rows: pd.DataFrame, contacts: pd.DataFrame) -> pd.Series:
    """Whether a champion is there at `as_of`."""
    group = contacts[contacts.buying_role == "champion"]
    pairs = rows[["account_id", "as_of"]].reset_index().merge(group, on="account_id")
    there = (pairs.created_at < pairs.as_of) & ~(pairs.left_at < pairs.as_of)
    return pd.Series(rows.index.isin(pairs[there]["index"]), index=rows.index)


@pytest.mark.parametrize(("label", "factor"), [("churn", 1.2), ("win", 0.6), ("progression", 0.8)])
def test_a_champion_matters(snapshots: pd.DataFrame, frames: Frames, label: str, factor: float) -> None:
    """Without a champion clients leave more often, deals are won more seldom and accounts move more slowly."""
    rows = snapshots[snapshots.label == label]
    there = champions(rows, frames["contacts"])
    ratio = rows.happened[~there].mean() / rows.happened[there].mean()
    assert ratio > factor if factor > 1 else ratio < factor


def used(rows: pd.DataFrame, engagements: pd.DataFrame, kind: str, days: tuple[int, int]) -> pd.Series:
    """How many engagements of a kind fall between so many days before `as_of`."""
    pairs = rows[["account_id", "as_of"]].reset_index().merge(engagements[engagements.kind == kind], on="account_id")
    age = (pairs.as_of - pairs.happened_at) / pd.Timedelta(days=1)
    return pairs[(age > days[0]) & (age <= days[1])].groupby("index").size().reindex(rows.index, fill_value=0)


def test_churn_is_announced(snapshots: pd.DataFrame, frames: Frames) -> None:
    """Before they leave, clients use the product less than they did, and have more trouble."""
    rows = snapshots[(snapshots.label == "churn") & (snapshots.as_of.dt.month == 1)]
    now, before = (used(rows, frames["engagements"], "product_use", days) for days in ((0, 90), (90, 360)))
    falls = rows.happened.groupby(now * 3 < before * 0.6).mean()
    assert falls[True] > 1.3 * falls[False]
    tickets = used(rows, frames["engagements"], "support_ticket", (0, 90))
    assert tickets[rows.happened].mean() > 1.3 * tickets[~rows.happened].mean()


def test_engagement_answers_to_intent(snapshots: pd.DataFrame, frames: Frames) -> None:
    """Accounts that are about to progress visit more, yet many that visit much do not progress."""
    rows = snapshots[(snapshots.label == "progression") & (snapshots.as_of.dt.month == 1)]
    visits = used(rows, frames["engagements"], "web_visit", (0, 90))
    assert 0.6 < area(rows.happened, visits) < 0.85


def test_the_program_reaches_out(frames: Frames) -> None:
    """About four in ten accounts are in the program in the end, and they receive more marketing than before."""
    accounts = frames["accounts"].set_index("account_id")
    joined = accounts.program_from.dropna()
    assert 0.3 < (accounts.program_from.notna() & accounts.program_to.isna()).mean() < 0.45
    sent = frames["engagements"].query(
        "kind in ['email_sent', 'ad_impression', 'mailing_sent'] and side == 'marketing'"
    )
    sent = sent[sent.account_id.isin(joined.index)]
    since = (sent.happened_at - sent.account_id.map(joined)) / pd.Timedelta(days=1)
    assert (since.between(0, 180)).sum() > 1.5 * (since.between(-180, 0)).sum()


def test_facts_of_accounts_are_those_of_their_creation(frames: Frames) -> None:
    """Nobody is in the program when created; joining it is a later change at `program_from`."""
    changes = frames["account_changes"].query("column == 'in_program' and value == 'true'").set_index("account_id")
    joined = frames["accounts"].set_index("account_id").program_from.dropna()
    assert not frames["accounts"].in_program.any()
    assert changes.happened_at.sort_index().equals(joined.sort_index().rename("happened_at"))


def test_renewals_leave_no_gap(frames: Frames) -> None:
    """A renewed contract is followed by one that starts when it ends; any other is not."""
    contracts = frames["contracts"].dropna(subset="renewed")
    starts = set(zip(frames["contracts"].account_id, frames["contracts"].started_at, strict=True))
    followed = [pair in starts for pair in zip(contracts.account_id, contracts.ends_at, strict=True)]
    assert (contracts.renewed.astype(bool) == followed).all()
    assert 0.5 < contracts.renewed.astype(bool).mean() < 0.95


def test_a_won_new_deal_makes_a_client(frames: Frames) -> None:
    """Every new deal that is won starts a contract at that moment."""
    deals = frames["opportunities"].query("kind == 'new' and outcome == 'won'")
    starts = set(zip(frames["contracts"].account_id, frames["contracts"].started_at, strict=True))
    assert all(pair in starts for pair in zip(deals.account_id, deals.closed_at, strict=True))


def test_money_in_two_currencies(frames: Frames) -> None:
    """Every amount has a rate on its day."""
    rates = set(zip(frames["rates"].currency, frames["rates"].day, strict=True))
    for name, when in (
        ("orders", "happened_at"),
        ("costs", "happened_at"),
        ("contracts", "started_at"),
        ("opportunities", "opened_at"),
    ):
        rows = frames[name]
        assert set(rows.currency) == {"EUR", "USD"}
        assert set(zip(rows.currency, rows[when].dt.normalize(), strict=True)) <= rates
