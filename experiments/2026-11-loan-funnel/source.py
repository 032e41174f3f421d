"""A bank's loan applications (BPI Challenge 2012) as a sales funnel: the event log as canonical tables."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from abm_ml.sources import FrameSource

DATA = Path(os.environ.get("ABM_ML_DATA") or Path(__file__).parents[2] / "../shared/data")

FUNNEL = ("submitted", "preaccepted", "accepted", "offer_sent", "sent_back", "activated")
_STAGES = dict(
    zip(("A_SUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "O_SENT", "O_SENT_BACK", "A_ACTIVATED"), FUNNEL, strict=True)
)
# A case ends once, by one of these; a case that has none is still open when the log ends.
_OUTCOMES = {"A_ACTIVATED": "won", "A_DECLINED": "lost", "A_CANCELLED": "lost"}
# What was done, as (kind, channel, side). The kinds are the log's own activities in English; files are judged at a
# desk, and everything else between bank and applicant goes by phone, by mail or through the web form.
_KINDS = {
    "A_SUBMITTED": ("form_fill", "web", "inbound"),
    "O_SENT": ("offer", "mail", "sales"),
    "O_CANCELLED": ("offer_withdrawn", "mail", "sales"),
    "O_SENT_BACK": ("offer_returned", "mail", "inbound"),
    "W_Afhandelen leads": ("lead_call", "phone", "sales"),
    "W_Completeren aanvraag": ("application_call", "phone", "sales"),
    "W_Nabellen offertes": ("offer_call", "phone", "sales"),
    "W_Nabellen incomplete dossiers": ("missing_papers_call", "phone", "sales"),
    "W_Valideren aanvraag": ("assessment", "desk", "sales"),
    "W_Beoordelen fraude": ("fraud_check", "desk", "sales"),
}
# Written by the same click as A_SUBMITTED or O_SENT, seconds apart.
_TRACES = ("A_PARTLYSUBMITTED", "A_FINALIZED", "O_SELECTED", "O_CREATED")
# These happen with the decision itself (within a millisecond): they are the label in other words.
_DECISIONS = ("A_REGISTERED", "A_APPROVED", "A_ACTIVATED", "A_DECLINED", "A_CANCELLED", "O_ACCEPTED", "O_DECLINED")


class LoanFunnel(FrameSource):
    """Each application is its own account and its own deal, because the log does not say who applied.

    `part` keeps that share of the cases, always the same ones. `left_out` says, once the tables were read, how many
    events each rule left out.
    """

    def __init__(self, folder: Path = DATA / "loan_funnel", *, part: float = 1.0) -> None:
        self.folder = folder
        self.part = part
        self.left_out: Mapping[str, int] = {}

    def frames(self) -> dict[str, pd.DataFrame]:
        """Accounts, deals, their owners, stages and engagements."""
        cases = _cases(self.folder, self.part)
        log = _log(self.folder, cases)
        endings = log[log["activity"].isin(_OUTCOMES)].set_index("account_id")
        # Ties to the millisecond keep the order of the log, so what comes after the ending is told by its place.
        ended = log["place"] > log["account_id"].map(endings["place"])
        live = log[~ended]
        stages, repeated = _stage_changes(live)
        self.left_out = {
            "events after the case had ended": int(ended.sum()),
            "events that are the decision itself (kept as the deal's outcome)": int(
                live["activity"].isin(_DECISIONS).sum()
            ),
            "work items planned or begun (each counts once, when completed)": int((live["step"] != "COMPLETE").sum()),
            "second traces of the same act": int(live["activity"].isin(_TRACES).sum()),
            "entries into the stage where the case already was": repeated,
            "amounts of 0 read as unknown": int((cases["amount"] == 0).sum()),
        }
        return {
            "accounts": _accounts(cases),
            "opportunities": _opportunities(cases, log, endings),
            "opportunity_changes": _owner_changes(live),
            "stage_changes": stages,
            "engagements": _engagements(live),
        }


def _cases(folder: Path, part: float) -> pd.DataFrame:
    cases = pd.read_csv(folder / "cases.csv.gz", dtype={"concept:name": "str"})
    cases = pd.DataFrame(
        {
            "account_id": cases["concept:name"],
            "created_at": _utc(cases["REG_DATE"]),
            "amount": cases["AMOUNT_REQ"].astype("float64"),
        }
    )
    return cases[cases["account_id"].map(lambda case: zlib.crc32(case.encode()) < part * 2**32)]


def _log(folder: Path, cases: pd.DataFrame) -> pd.DataFrame:
    """The events of these cases in the order of the log; `place` counts within the case."""
    log = pd.read_csv(folder / "events.csv.gz", dtype={"case_id": "str", "org:resource": "str"})
    log = log[log["case_id"].isin(cases["account_id"])]
    return pd.DataFrame(
        {
            "account_id": log["case_id"],
            "place": log["event_index"],
            "activity": log["concept:name"],
            "step": log["lifecycle:transition"],
            "person": log["org:resource"],
            "happened_at": _utc(log["time:timestamp"]),
        }
    ).sort_values(["account_id", "place"], ignore_index=True)


def _utc(text: pd.Series) -> pd.Series:
    """The log writes the offset with each time (it changes on 2011-10-30): nothing has to be assumed."""
    return pd.to_datetime(text, utc=True, format="ISO8601").dt.tz_localize(None).astype("datetime64[us]")


def _accounts(cases: pd.DataFrame) -> pd.DataFrame:
    # Nobody aims at an applicant: a case enters the population through its open deal alone.
    return pd.DataFrame(
        {
            "account_id": cases["account_id"],
            "name": "Application " + cases["account_id"],
            "is_target": False,
            "in_program": False,
            "created_at": cases["created_at"],
        }
    )


def _opportunities(cases: pd.DataFrame, log: pd.DataFrame, endings: pd.DataFrame) -> pd.DataFrame:
    """A deal opens when the bank preaccepts; 5,720 cases never came so far (58 % of them within a minute)."""
    opened = log[log["activity"] == "A_PREACCEPTED"].set_index("account_id")["happened_at"]
    deals = cases[cases["account_id"].isin(opened.index)]
    case = deals["account_id"]
    return pd.DataFrame(
        {
            "opportunity_id": case,
            "account_id": case,
            "kind": "new",
            "opened_at": case.map(opened),
            "first_contact_at": deals["created_at"],
            "closed_at": case.map(endings["happened_at"]),
            "outcome": case.map(endings["activity"].map(_OUTCOMES)),
            # Asked for in the web form, so it is known from the start; the granted amount is not in the log.
            "amount": deals["amount"].where(deals["amount"] > 0),
            "currency": "EUR",
        }
    )


def _owner_changes(live: pd.DataFrame) -> pd.DataFrame:
    """Who works on a deal is no contact of the applicant but its owner; it changes with each other person."""
    worked = live[live["person"].notna()]
    deals = worked.loc[worked["activity"] == "A_PREACCEPTED", ["account_id", "place"]].set_index("account_id")["place"]
    worked = worked[worked["place"] >= worked["account_id"].map(deals)]
    handed = worked[worked["person"] != worked.groupby("account_id")["person"].shift()]
    # Two people at the same instant: the later line holds.
    handed = handed.drop_duplicates(["account_id", "happened_at"], keep="last")
    return pd.DataFrame(
        {
            "opportunity_id": handed["account_id"],
            "column": "owner_id",
            "value": handed["person"],
            "happened_at": handed["happened_at"],
            "known_at": handed["happened_at"],
        }
    )


def _stage_changes(live: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The stages that cases entered, and how many entries changed nothing."""
    entries = live[live["activity"].isin(_STAGES)].assign(stage=lambda rows: rows["activity"].map(_STAGES))
    rank = entries["stage"].map(FUNNEL.index)
    # Two stages within the same millisecond: the higher one holds.
    entries = entries.assign(rank=rank).sort_values(["account_id", "happened_at", "rank"])
    entries = entries.drop_duplicates(["account_id", "happened_at"], keep="last")
    # A second offer is an engagement, not a move; an offer after papers came back is a move back.
    moved = entries["stage"] != entries.groupby("account_id")["stage"].shift()
    changes = entries[moved]
    # The deal does not exist before the bank preaccepts: the first stage is the account's alone.
    deal = changes["account_id"].where(changes["stage"] != FUNNEL[0])
    return (
        pd.DataFrame(
            {
                "account_id": changes["account_id"],
                "opportunity_id": deal,
                "stage": changes["stage"],
                "happened_at": changes["happened_at"],
                "known_at": changes["happened_at"],
            }
        ),
        len(rank) - len(changes),
    )


def _engagements(live: pd.DataFrame) -> pd.DataFrame:
    """What was done on a case: forms, calls, offers, assessments."""
    # A work item is planned, begun and completed: it counts once, when it is done and its length is known.
    steps = live[live["step"].isin(["START", "COMPLETE"])]
    before = steps.groupby(["account_id", "activity"])[["step", "happened_at"]].shift()
    seconds = (steps["happened_at"] - before["happened_at"]).dt.total_seconds().where(before["step"] == "START")
    done = live[live["activity"].isin(_KINDS) & (live["step"] == "COMPLETE")]
    kinds = pd.DataFrame.from_dict(_KINDS, orient="index", columns=["kind", "channel", "side"]).loc[done["activity"]]
    return pd.DataFrame(
        {
            "engagement_id": done["account_id"] + "-" + done["place"].astype("str"),
            "account_id": done["account_id"],
            "happened_at": done["happened_at"],
            "known_at": done["happened_at"],
            **{column: kinds[column].to_numpy() for column in kinds},
            "seconds": seconds.reindex(done.index),
        }
    )
