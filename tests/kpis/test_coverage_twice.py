"""KPIs of coverage, calculated a second time in plain pandas on random companies."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given

from abm_ml.engines import Engine
from abm_ml.timeline import Period
from tests.kpis.company import TERMS, Frames, Known, companies, once
from tests.kpis.second import RANDOM, Keep, compare

ROLES = {"decision_maker", "influencer", "user", "champion"}
TALKS = {"call", "meeting", "email_reply"}


def over(part: float, whole: float) -> float | None:
    """One by the other; nothing of nothing."""
    return part / whole if whole else None


@once
def contacts(company: Known, period: Period) -> pd.DataFrame:
    """The contacts created before the period's end; one whose account came later is out of the program."""
    people = company.frames["contacts"]
    people = company.cuttable(people[people["created_at"] < period.end], period)
    there = people["account_id"].isin(company.accounts(period)["account_id"])
    return people.assign(
        program=people["program"].where(there, "out"),
        is_target=people["is_target"].eq(True),
        gone=people["left_at"].notna() & (people["left_at"] < period.end),
    )


@once
def met(company: Known, period: Period, *, which: str) -> set[str]:
    """The contacts who engaged, were covered by marketing, talked with sales, or met a content in the period."""
    did = company.placed("engagements", period)
    if which == "engaged":
        rows = did[did["kind"].map(TERMS.engagement.points_by_kind).fillna(0) > 0]
    elif which == "covered":
        rows = did[did["side"] == "marketing"]
    elif which == "talked":
        rows = talks(did)
    else:
        rows = did[did["content_id"].notna()]
    return set(rows["contact_id"].dropna())


def talks(did: pd.DataFrame) -> pd.DataFrame:
    """The two-way sales contacts."""
    return did[(did["side"] == "sales") & did["kind"].isin(TALKS)]


def targets(company: Known, period: Period, keep: Keep) -> list[str]:
    """The ids of the target accounts."""
    rows = keep(company.accounts(period))
    return [account for account, wanted in zip(rows["account_id"], rows["is_target"], strict=True) if wanted is True]


def content_exposure(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K15: contacts of target accounts who met a content, by all of them."""
    people = keep(contacts(company, period))
    people = people[people["is_target"]]
    return {"value": over(people["contact_id"].isin(met(company, period, which="content")).sum(), len(people))}


def penetration_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K26: engaged key contacts by key contacts, and the mean of the accounts' own rates."""
    people = keep(contacts(company, period))
    people = people[people["is_key"].astype(bool)]
    engaged = people["contact_id"].isin(met(company, period, which="engaged"))
    rates = [engaged[rows].mean() for rows in people.groupby("account_id").groups.values()]
    return {"value": over(engaged.sum(), len(people)), "account_mean": over(sum(rates), len(rates))}


def sales_penetration(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K27: of the contacts covered by marketing those who talked with sales."""
    people = set(keep(contacts(company, period))["contact_id"])
    covered = people & met(company, period, which="covered")
    return {"value": over(len(covered & met(company, period, which="talked")), len(covered))}


def coverage(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K28: filled fields by fields, of accounts and their contacts."""
    people = keep(contacts(company, period))[["role", "seniority", "buying_role"]]
    ids = list(keep(company.accounts(period))["account_id"])
    names = ("domain", "industry", "country", "employees", "annual_revenue", "technologies")
    own = [company.attribute(account, name, period.end) for account in ids for name in names]
    filled = sum(value not in (None, "") for value in own) + int(people.notna().sum().sum())
    return {"value": over(filled, len(own) + people.size)}


def contacts_per_account(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K29: contacts of target accounts by target accounts."""
    wanted = targets(company, period, keep)
    people = contacts(company, period)
    return {"value": over(people["account_id"].isin(wanted).sum(), len(wanted))}


def buying_group_coverage(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K30: known roles by four per target account, of the contacts who are still there."""
    wanted = targets(company, period, keep)
    people = contacts(company, period)
    people = people[~people["gone"] & people["account_id"].isin(wanted)]
    roles = people[people["buying_role"].isin(ROLES)].drop_duplicates(["account_id", "buying_role"])
    levels = [len(set(group["seniority"].dropna())) for _, group in people.groupby("account_id")]
    return {
        "value": over(len(roles), 4 * len(wanted)), "levels": over(sum(levels), len(levels)),
        "champions": (people["buying_role"] == "champion").sum(),
        "blockers": (people["buying_role"] == "blocker").sum(),
    }  # fmt: skip


def multi_threading(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K31: different contacts who talked with sales, and per account with one."""
    rows = talks(keep(company.placed("engagements", period)))
    rows = rows[rows["contact_id"].notna()]
    people = len(set(rows["contact_id"]))
    return {"value": people, "per_account": over(people, len(set(rows["account_id"])))}


def sales_conversations(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K32: calls, meetings and replies on the sales side."""
    return {"value": len(talks(keep(company.placed("engagements", period))))}


def target_candidates(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K34: accounts on the site that are no targets and fit."""
    did = company.placed("engagements", period)
    visitors = set(did.loc[did["kind"] == "web_visit", "account_id"])
    rows = keep(company.accounts(period))
    records = zip(rows["account_id"], rows["is_target"], rows["in_tam"], strict=True)
    return {"value": sum(a in visitors and wanted is not True and fits is True for a, wanted, fits in records)}


def precision(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K35: of the accounts that marketing reached those that are targets."""
    did = keep(company.placed("engagements", period))
    reached = set(did.loc[did["side"] == "marketing", "account_id"])
    return {"value": over(len(reached & set(targets(company, period, lambda rows: rows))), len(reached))}


def relevance(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K36: of the target accounts those that engaged."""
    did = company.placed("engagements", period)
    engaged = set(did.loc[did["kind"].map(TERMS.engagement.points_by_kind).fillna(0) > 0, "account_id"])
    wanted = set(targets(company, period, keep))
    return {"value": over(len(wanted & engaged), len(wanted))}


ORACLES = {
    oracle.__name__: oracle
    for oracle in (
        content_exposure, penetration_rate, sales_penetration, coverage, contacts_per_account, buying_group_coverage,
        multi_threading, sales_conversations, target_candidates, precision, relevance,
    )
}  # fmt: skip


@RANDOM
@given(frames=companies())
def test_coverage(frames: Frames, tiny: Any, engine: Engine) -> None:
    """Every KPI of the family says what plain pandas says, of all accounts and by cut."""
    compare(ORACLES, frames, tiny, engine)
