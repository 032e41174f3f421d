"""A plan: what is at stake as known on the date, and the published accounts dealt out to sellers with little time."""

from __future__ import annotations

import pandas as pd
import pytest

from abm_ml import timeline
from abm_ml.engines import Engine
from abm_ml.errors import NotReady, UnknownName
from abm_ml.jobs.plan import plan
from abm_ml.jobs.stakes import won_deals
from abm_ml.jobs.workspace import Workspace
from abm_ml.tables import Terms
from tests.cli.command import call
from tests.conftest import Build
from tests.jobs.company import Served
from tests.worked.example import AS_OF, RATES, Example, account, deal, repriced, rows_of

pytestmark = pytest.mark.usefixtures("at_hand")


def test_wins_as_known_on_the_date(tiny: Build, engine: Engine) -> None:
    """Won before the date, at the amount last known by then and the rate of the opening: 0.5 EUR per USD back then."""
    rows = [
        account(industry="software", employees=40),
        deal("a", 300, 200, "won", amount=1000.0, currency="EUR"),
        deal("b", 300, 200, "won", amount=1000.0, currency="USD"),
        deal("c", 300, 200, "won", amount=1000.0, currency="EUR"),
        repriced("c", 700.0, 210),
        repriced("c", 9.0, -10),
        deal("d", 300, 200, "lost", amount=1000.0, currency="EUR"),
        deal("e", 300, -20, "won", amount=1000.0, currency="EUR"),
    ]
    tables = tiny({**rows_of([Example("", "", rows, None)]), "rates": RATES})
    found = engine.compute(won_deals(tables, Terms(), timeline.spine(tables, [AS_OF], engine))).to_pandas()
    assert sorted(found["amount"]) == [500.0, 700.0, 1000.0]
    assert set(found["industry"]) == {"software"}
    assert set(found["employees"]) == {40}


def test_every_account_is_somewhere(workspace: Workspace, company: Served) -> None:
    """With time for two each, nobody gets more, and what is covered and what is left are all that was published."""
    found = plan(workspace, capacity=2)
    scores = company.run.scores().to_pandas()
    published = scores.loc[scores["label"] == "win", "expected_value"].sum()
    assert found.total.value == pytest.approx(published)
    assert found.total.left > 0
    assert found.rows["account_id"].is_unique
    assert len(found.rows) == (scores["label"] == "win").sum() == sum(each.load.accounts for each in found.sellers)
    assert found.rows.groupby("owner_id")["worked"].sum().max() == 2
    assert sum(each.load.covered for each in found.sellers) == pytest.approx(found.total.covered)
    assert sum(each.load.left for each in found.sellers) == pytest.approx(found.total.left)
    assert 0 <= found.caught <= found.total.left


def test_every_win_has_a_price(company: Served) -> None:
    """Where no amount is known, a win of the segment is what is expected; a move to the next stage has no price."""
    scores = company.run.scores().to_pandas()
    known = scores["expected_value"].notna().groupby(scores["label"]).mean()
    assert known["win"] == 1.0
    assert known["progression"] == 0.0


def test_a_dear_call_is_not_made(company: Served) -> None:
    """With a cost of contact only accounts are taken of which more is expected."""
    with company.opened(cost_of_contact={"win": 1000}) as workspace:
        found = plan(workspace)
    taken = found.rows.loc[found.rows["worked"], "value"]
    assert taken.min() > 1000
    assert found.pays_from
    assert 0 < found.pays_from < 1


def test_what_has_no_price_is_counted(workspace: Workspace) -> None:
    """Progressions are planned by how many are to be expected."""
    found = plan(workspace, "progression", capacity=3)
    assert found.unit == "progressions"
    assert found.total.value == pytest.approx(found.rows["probability"].sum())


def test_one_seller_and_a_file(company: Served, workspace: Workspace, tmp_path) -> None:
    """A seller's own list in order, on the screen and in a file; a seller that is not there is told the nearest."""
    name = plan(workspace, capacity=1).sellers[0].owner_id
    file = tmp_path / "list.csv"
    answer = call("plan", "-c", company.config, "--seller", name, "--capacity", 1, "--out", file)
    assert answer.code == 0, answer.err
    rows = pd.read_csv(file)
    assert set(rows["owner_id"]) == {name}
    assert rows["value"].is_monotonic_decreasing
    assert rows["worked"].tolist() == [True] + [False] * (len(rows) - 1)
    assert f"1 of {len(rows)} accounts are taken" in answer.out
    with pytest.raises(UnknownName, match=f"Did you mean '{name}'"):
        plan(workspace, seller=f"{name}0")


def test_the_sellers_on_the_screen(company: Served) -> None:
    """Every seller with accounts, capacity and what is left; machines get the same as JSON."""
    told = call("plan", "-c", company.config, "--capacity", 2)
    assert "Left on the table:" in told.out
    assert "(no known seller)" in told.out or "S0001" in told.out
    assert call("plan", "-c", company.config, "--json").json["total"]["worked"] > 0


def test_a_label_that_was_not_scored(workspace: Workspace, company: Served) -> None:
    """Without scores of a label there is nothing to plan; the message says what to run."""
    with (
        company.opened(workspace=str(company.folder / "nowhere")) as empty,
        pytest.raises(NotReady, match="abm-ml score"),
    ):
        plan(empty)
