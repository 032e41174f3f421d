"""Worked examples of the account KPIs, with the numbers of the catalogue, and their laws."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from abm_ml.engines import Engine
from abm_ml.kpis import KPIS, account_kpis
from abm_ml.tables import Tables, Terms
from abm_ml.timeline import spine

AS_OF = dt.datetime(2026, 6, 30)


def _account(name: str) -> dict[str, Any]:
    return {"account_id": name, "is_target": True, "in_program": True, "created_at": "2024-01-01"}


def _did(account: str, kind: str, *, day: str = "2026-06-01", contact: str | None = None) -> dict[str, Any]:
    return {
        "account_id": account, "contact_id": contact, "happened_at": day, "kind": kind, "channel": "web",
        "side": "marketing",
    }  # fmt: skip


def _key_people(account: str, count: int) -> list[dict[str, Any]]:
    return [
        {"contact_id": f"{account}{n}", "account_id": account, "is_key": True, "created_at": "2024-01-01"}
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def tables(tiny: Any) -> Tables:
    """Acme does the catalogue's example, six of wide's key people engage, quiet does nothing, late comes too late."""
    did = [_did("acme", "email_open")] * 4 + [_did("acme", "content_download")] * 2 + [_did("acme", "demo_request")]
    did += [_did("wide", "web_visit", contact=f"wide{n}") for n in range(6)]
    did += [_did("wide", "email_sent", contact="wide9"), _did("wide", "meeting", day="2026-03-31", contact="wide8")]
    did += [_did("late", "demo_request", day="2026-06-30")]
    rows = [{"engagement_id": str(n), **row} for n, row in enumerate(did)]
    contacts = _key_people("wide", 15) + _key_people("quiet", 2)
    accounts = [_account(name) for name in ("acme", "wide", "quiet", "late")]
    built: Tables = tiny({"accounts": accounts, "contacts": contacts, "engagements": rows})
    return built


@pytest.fixture(scope="module")
def kpis(tables: Tables, engine: Engine) -> pd.DataFrame:
    """The KPIs of every account on 2026-06-30."""
    found = account_kpis(tables, Terms(), spine(tables, [AS_OF], engine), engine)
    return engine.compute(found).to_pandas().set_index("account_id")


def test_engagement_score(kpis: pd.DataFrame) -> None:
    """K01: 4 opens + 2 downloads + 1 demo = 20; what happens on the day itself does not count yet."""
    assert kpis["engagement_score"].to_dict() == {"acme": 20, "wide": 6, "quiet": 0, "late": 0}


def test_engagement_level(kpis: pd.DataFrame) -> None:
    """K02: 20 points are warm, the first level; below it an account is cold."""
    assert kpis["engagement_level"].to_dict() == {"acme": "warm", "wide": "cold", "quiet": "cold", "late": "cold"}


def test_penetration_rate(kpis: pd.DataFrame) -> None:
    """K26: 6 of 15 key contacts engaged are 40 %; none engaged is 0; no key contacts is no rate."""
    rates = kpis["penetration_rate"]
    assert rates["wide"] == pytest.approx(0.40)
    assert rates["quiet"] == 0
    assert rates[["acme", "late"]].isna().all()


def test_a_kpi_without_its_table_is_empty(tables: Tables, engine: Engine) -> None:
    """Without contacts there is no penetration rate, and the other KPIs still run."""
    without = Tables({name: tables[name] for name in ("accounts", "engagements")})
    found = engine.compute(account_kpis(without, Terms(), spine(without, [AS_OF], engine), engine)).to_pandas()
    assert found["penetration_rate"].isna().all()
    assert found["engagement_score"].sum() == 26


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
def test_every_kpi_says_what_it_is(kpi: Any) -> None:
    """A KPI has a definition, a formula and a unit in words, and needs tables."""
    assert all((kpi.definition, kpi.formula, kpi.unit, kpi.needs))
