"""Worked examples of the KPIs of steering, with the numbers of the catalogue."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from abm_ml.engines import Engine
from abm_ml.kpis import KPIS, Measuring, Seen, kpi_report
from abm_ml.tables import Tables, Terms
from abm_ml.timeline import Period

BEGIN, END = dt.datetime(2026, 1, 1), dt.datetime(2026, 7, 1)
Rows = list[dict[str, Any]]


def measured(tables: Tables, engine: Engine) -> pd.DataFrame:
    """Tactic effectiveness by (tactic, measure)."""
    seen = Seen(tables, Terms(), END, (Period.of(BEGIN, END),), engine)
    rows = kpi_report(Measuring(seen), (KPIS["tactic_effectiveness"],)).rows
    return rows.set_index(["part", "measure"])


def accounts(name: str, count: int) -> Rows:
    """Accounts that have long been known."""
    return [
        {"account_id": f"{name}{n}", "is_target": True, "in_program": False, "created_at": "2020-01-01"}
        for n in range(count)
    ]


def touch(account: str, **cells: Any) -> dict[str, Any]:
    """An e-mail of marketing that was opened in February."""
    return {"engagement_id": f"{account} {sorted(cells.items())}", "account_id": account, "happened_at": "2026-02-01",
            "kind": "email_open", "channel": "email", "side": "marketing", **cells}  # fmt: skip


def won(account: str, closed: str = "2026-03-01") -> dict[str, Any]:
    """A deal that was won."""
    return {"opportunity_id": f"{account} {closed}", "account_id": account, "kind": "new", "opened_at": "2025-10-01",
            "closed_at": closed, "outcome": "won", "amount": 1.0}  # fmt: skip


def moved(account: str, stage: str, when: str) -> dict[str, Any]:
    """An account that entered a stage."""
    return {"account_id": account, "stage": stage, "happened_at": when}


def test_tactic_effectiveness(tiny: Any, engine: Engine) -> None:
    """K70: 12 of 40 touched won, 6 of 40 others: +15 points, by Newcombe (1998, method 10) from -3.4 to 32.4 points.

    What sales does, and a deal of another period, does not count.
    """
    deals = [won(f"t{n}") for n in range(12)] + [won(f"u{n}") for n in range(6)]
    deals += [won("t20", "2025-12-31"), won("u30", "2025-12-31")]
    touches = [touch(f"t{n}") for n in range(40)] + [touch("t0", kind="email_click")]
    touches += [touch("u0", side="sales"), touch("u1", happened_at="2025-12-31")]
    company = {"accounts": accounts("t", 40) + accounts("u", 40), "engagements": touches, "opportunities": deals}
    found = measured(tiny(company), engine)
    value = found.loc[("channel: email", "value")]
    assert value["value"] == pytest.approx(0.15)
    assert (value["low"], value["high"]) == pytest.approx((-0.0345, 0.3235), abs=1e-4)
    assert found["value"]["channel: email", "touched"] == 40
    assert found["value"]["channel: email", "win_rate_touched"] == pytest.approx(0.30)
    assert found["value"]["channel: email", "win_rate_untouched"] == pytest.approx(0.15)
    assert set(found.index.get_level_values("part")) == {"channel: email"}
    assert pd.isna(found["value"]["channel: email", "progression"])


def test_tactics_compare_within_a_stage(tiny: Any, engine: Engine) -> None:
    """K70: the untouched count with the stages of the touched; a stage without untouched accounts drops out.

    3 touched are in awareness and 1 in decision: of the others none of 2, and all of 2 won: 3/4 x 0 + 1/4 x 1 = 0.25.
    """
    moves = [moved(name, "awareness", "2025-05-01") for name in ("t0", "t1", "t2", "u0", "u1")]
    moves += [moved(name, "decision", "2025-05-01") for name in ("t3", "u2", "u3")] + [moved("t4", "evaluation", BEGIN)]
    moves += [moved("t4", "consideration", "2025-05-01")]
    touches = [touch(f"t{n}", content_id="guide") for n in range(5)]
    company = {"accounts": accounts("t", 5) + accounts("u", 4), "engagements": touches, "stage_changes": moves,
               "opportunities": [won(name) for name in ("t0", "t4", "u2", "u3")]}  # fmt: skip
    found = measured(tiny(company), engine)["value"]["content: guide"]
    assert found["touched"] == 5
    assert found["win_rate_touched"] == pytest.approx(1 / 4)
    assert found["win_rate_untouched"] == pytest.approx(1 / 4)
    assert found["value"] == pytest.approx(0)
    assert found["progression"] == 0


def test_tactics_that_move_accounts(tiny: Any, engine: Engine) -> None:
    """K70: 2 of 4 touched reach a later stage in the period and 1 of 4 others: +25 points. A step back is none."""
    moves = [moved(f"{name}{n}", "consideration", "2025-05-01") for name in "tu" for n in range(4)]
    moves += [moved(name, "decision", "2026-01-01") for name in ("t0", "t1", "u0")]
    moves += [moved("t2", "awareness", "2026-02-01"), moved("u1", "decision", "2026-07-01")]
    company = {"accounts": accounts("t", 4) + accounts("u", 4), "engagements": [touch(f"t{n}") for n in range(4)],
               "stage_changes": moves, "opportunities": [won("t0")]}  # fmt: skip
    assert measured(tiny(company), engine)["value"]["channel: email", "progression"] == pytest.approx(0.25)


def test_cost_per_engaged_account(tiny: Any, engine: Engine) -> None:
    """K70: a campaign of 300 with 2 engaged of 3 touched accounts cost 150 each; a channel has no costs of its own."""
    touches = [touch(f"t{n}", campaign_id="spring", kind="email_open" if n else "email_sent") for n in range(3)]
    costs = [{"cost_id": str(n), "happened_at": f"2026-0{n}-01", "program": "abm", "category": "campaign",
              "campaign_id": "spring", "amount": 100.0 * n, "currency": "EUR"} for n in (1, 2, 7)]  # fmt: skip
    company = {"accounts": accounts("t", 3), "engagements": touches, "costs": costs, "opportunities": [won("t0")]}
    found = measured(tiny(company), engine)["value"]
    assert found["campaign: spring", "cost_per_engaged_account"] == 150
    assert pd.isna(found["channel: email", "cost_per_engaged_account"])
    assert pd.isna(found["campaign: spring", "value"])


def test_goal_attainment(tiny: Any, engine: Engine) -> None:
    """K71: 7 of 10 goals that are met are 70 %; a goal whose KPI has no value is not met."""
    visits = [touch("t0", kind="demo_request")]
    goals = {"engagement_score": {f"tier={n}": 0.0 for n in range(7)} | {"all": 11.0, "tier=8": 0.0, "tier=9": 0.0}}
    who = [{**account, "tier": str(n)} for n, account in enumerate(accounts("t", 7))]
    seen = Seen(tiny({"accounts": who, "engagements": visits}), Terms(), END, (Period.of(BEGIN, END),), engine)
    kpis = (KPIS["engagement_score"], KPIS["goal_attainment"])
    rows = kpi_report(Measuring(seen), kpis, [("tier",)], goals).rows
    rows = rows[rows["name"] == "goal_attainment"].set_index("cut")["value"]
    assert rows["all"] == pytest.approx(0.70)
    assert (rows["tier=3"], rows["tier=8"]) == (1.0, 0.0)


def test_goals_come_from_the_configuration(tiny: Any, engine: Engine) -> None:
    """K71: the tables hold no goals, so measured by itself the KPI has no value, by no cut."""
    seen = Seen(tiny({"accounts": accounts("t", 2)}), Terms(), END, (Period.of(BEGIN, END),), engine)
    (measure,) = Measuring(seen).by((("account",),), [KPIS["goal_attainment"]])
    found = engine.compute(measure.table).to_pandas()
    assert found["goal_attainment|value|value"].isna().tolist() == [True, True]
