"""KPIs of coverage, calculated a second time in plain pandas on random companies."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from abm_ml.engines import Engine
from abm_ml.timeline import Period
from tests.kpis.company import TERMS, Frames, Known, companies
from tests.kpis.second import RANDOM, Keep, compare


def penetration_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K26: engaged key contacts by key contacts."""
    people = company.frames["contacts"]
    people = keep(company.cuttable(people[(people["created_at"] < period.end) & people["is_key"].astype(bool)], period))
    did = company.placed("engagements", period)
    points = did["kind"].map(TERMS.engagement.points_by_kind).fillna(0)
    engaged = set(did.loc[points > 0, "contact_id"].dropna())
    reached = people["contact_id"].isin(engaged).sum()
    return {"value": reached / len(people) if len(people) else None}


ORACLES = {"penetration_rate": penetration_rate}


@RANDOM
@given(frames=companies())
def test_coverage(frames: Frames, tiny: Any, engine: Engine) -> None:
    """Every KPI of the family says what plain pandas says, of all accounts and by cut."""
    compare(ORACLES, frames, tiny, engine)
