"""What a report sees: membership by its dates, facts with their corrections, money as last known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from abm_ml.engines import Engine
from abm_ml.errors import SourceError
from abm_ml.kpis import KPIS, Measuring, Seen, kpi_report
from abm_ml.tables import Terms
from abm_ml.tables.money import refuse_missing_rates
from abm_ml.timeline import Period

BEGIN, END = dt.datetime(2026, 1, 1), dt.datetime(2026, 4, 1)
QUARTER = (Period.of(BEGIN, END),)


def _account(name: str = "a", **cells: Any) -> dict[str, Any]:
    return {"account_id": name, "is_target": True, "in_program": False, "created_at": "2025-01-01", **cells}


def _deal(**cells: Any) -> dict[str, Any]:
    return {
        "opportunity_id": "o", "account_id": "a", "kind": "new", "opened_at": "2026-01-05", "closed_at": "2026-02-01",
        "outcome": "won", "currency": "EUR", **cells,
    }  # fmt: skip


def _change(value: str, known_at: str, **cells: Any) -> dict[str, Any]:
    return {"value": value, "happened_at": "2026-01-10", "known_at": known_at, **cells}


def _value(tables: Any, engine: Engine, name: str, cut: str = "all") -> float:
    seen = Seen(tables, Terms(), END, QUARTER, engine)
    rows = kpi_report(Measuring(seen), (KPIS[name],), [] if cut == "all" else [(cut.partition("=")[0],)]).rows
    mine = rows[(rows["cut"] == cut) & (rows["measure"] == "value")]
    return float(mine["value"].iloc[0]) if len(mine) else 0.0


@pytest.mark.parametrize(
    ("cells", "inside"),
    [
        ({"in_program": True}, 1),
        ({"in_program": True, "program_from": "2026-03-31"}, 1),
        ({"in_program": True, "program_from": "2026-04-01"}, 0),
        ({"in_program": True, "program_from": "2026-08-01"}, 0),
        ({"program_from": "2025-06-01", "program_to": "2026-04-01"}, 1),
        ({"program_from": "2025-06-01", "program_to": "2026-03-31"}, 0),
    ],
)
def test_membership_when_a_period_ends(tiny: Any, engine: Engine, cells: dict[str, Any], inside: int) -> None:
    """Dates decide: who enters as the period ends, or later, is out; who leaves as it ends was in; undated is in."""
    tables = tiny({"accounts": [_account(**cells)]})
    assert _value(tables, engine, "target_accounts", "program=in") == inside


def test_a_correction_counts(tiny: Any, engine: Engine) -> None:
    """Of two values of one instant the one told last is right, be it the smaller one."""
    changes = [
        _change(value, known, opportunity_id="o", column="amount")
        for value, known in (("200", "2026-01-10"), ("150", "2026-01-20"))
    ]
    tables = tiny({"accounts": [_account()], "opportunities": [_deal(amount=100)], "opportunity_changes": changes})
    assert _value(tables, engine, "average_deal_size") == 150


def test_a_corrected_tier_counts(tiny: Any, engine: Engine) -> None:
    """The same of accounts: tier 3, corrected to 2."""
    changes = [
        _change(value, known, account_id="a", column="tier")
        for value, known in (("3", "2026-01-10"), ("2", "2026-01-20"))
    ]
    tables = tiny({"accounts": [_account(tier="1")], "account_changes": changes})
    assert _value(tables, engine, "target_accounts", "tier=2") == 1


def test_an_amount_that_arrives_later_needs_its_rate(tiny: Any, engine: Engine) -> None:
    """A deal whose amount is told by a change is missed by name where its currency has no rate."""
    changes = [_change("200", "2026-01-10", opportunity_id="o", column="amount")]
    deals = [_deal(amount=None, currency="USD")]
    tables = tiny({"accounts": [_account()], "opportunities": deals, "opportunity_changes": changes})
    with pytest.raises(SourceError, match="no rate for USD on 2026-01-05"):
        refuse_missing_rates(tables, Terms(), engine)


def test_the_program_is_that_of_the_date_of_the_event(tiny: Any, engine: Engine) -> None:
    """Each engagement counts where its account stood on its day."""
    days = pd.date_range("2026-01-10", "2026-03-10", freq="MS") + pd.Timedelta(days=9)
    touches = [
        {"engagement_id": str(n), "account_id": "a", "happened_at": day, "kind": "meeting", "channel": "in_person",
         "side": "sales"}
        for n, day in enumerate(days)
    ]  # fmt: skip
    tables = tiny({"accounts": [_account(program_from="2026-02-15")], "engagements": touches})
    assert _value(tables, engine, "engagement_score", "program=in") == 10 * (days >= "2026-02-15").sum()
    assert _value(tables, engine, "engagement_score", "program=out") == 10 * (days < "2026-02-15").sum()
