"""A marketplace's marketing-qualified leads (Olist) and the deals they became."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from abm_ml.sources import FrameSource, Mapped

DATA = Path(os.environ.get("ABM_ML_DATA") or Path(__file__).parents[2] / "../shared/data")

FUNNEL = ("qualified", "won")


class OlistFunnel(FrameSource):
    """Each lead is an account with one deal, open from its first contact until it is won.

    `part` keeps that share of the leads, always the same ones. `left_out` says, once the tables were read, how many
    rows each rule left out.
    """

    # Where a lead came from is written down when it comes in and never changes.
    mapped = Mapped(custom={"accounts": {"origin": "text", "landing_page_id": "text"}})

    def __init__(self, folder: Path = DATA / "olist_funnel", *, part: float = 1.0) -> None:
        self.folder = folder
        self.part = part
        self.left_out: Mapping[str, int] = {}

    def frames(self) -> dict[str, pd.DataFrame]:
        """Accounts, deals, stages and the forms that leads filled in."""
        leads = _leads(self.folder)
        leads = leads[leads["mql_id"].map(lambda lead: zlib.crc32(lead.encode()) < self.part * 2**32)]
        # A deal that was won before the first contact has one wrong date, and nobody can say which.
        impossible = leads["won_at"] < leads["contacted_at"]
        self.left_out = {
            "deals won before the first contact": int(impossible.sum()),
            "leads without origin (left empty)": int(leads["origin"].isna().sum()),
        }
        deals = leads[~impossible]
        return {
            "accounts": _accounts(leads),
            "opportunities": _opportunities(deals),
            "stage_changes": _stage_changes(deals),
            "engagements": _engagements(leads),
        }


def _leads(folder: Path) -> pd.DataFrame:
    """The leads, each with the time its deal was won.

    Of the deals nothing else is taken: segment, type, profile, seller and revenue are filled in for winners only.
    """
    leads = _text(folder / "olist_marketing_qualified_leads_dataset.csv")
    deals = _text(folder / "olist_closed_deals_dataset.csv")[["mql_id", "won_date"]]
    leads = leads.merge(deals, on="mql_id", how="left", validate="one_to_one")
    # The files give no zone; Sao Paulo's days are taken as they stand, because first contacts have no hour at all.
    return leads.assign(
        contacted_at=pd.to_datetime(leads["first_contact_date"]).astype("datetime64[us]"),
        won_at=pd.to_datetime(leads["won_date"]).astype("datetime64[us]"),
    )


def _text(file: Path) -> pd.DataFrame:
    # Only an empty cell is empty: `unknown` is an origin of its own.
    return pd.read_csv(file, dtype="str", keep_default_na=False, na_values=[""])


def _accounts(leads: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": leads["mql_id"],
            "name": "Lead " + leads["mql_id"].str[:8],
            # A lead came by itself: it counts through its open deal, not because anybody aims at it.
            "is_target": False,
            "in_program": False,
            "created_at": leads["contacted_at"],
            "origin": leads["origin"],
            "landing_page_id": leads["landing_page_id"],
        }
    )


def _opportunities(leads: pd.DataFrame) -> pd.DataFrame:
    """Won, or still open: no lead is ever marked as lost, so one without a deal is censored."""
    return pd.DataFrame(
        {
            "opportunity_id": leads["mql_id"],
            "account_id": leads["mql_id"],
            "kind": "new",
            "opened_at": leads["contacted_at"],
            "first_contact_at": leads["contacted_at"],
            "closed_at": leads["won_at"],
            "outcome": leads["won_at"].notna().map({True: "won", False: None}),
        }
    )


def _stage_changes(leads: pd.DataFrame) -> pd.DataFrame:
    """The two stages that the files date: qualified when the lead came in, won when its deal was signed."""
    entered = leads[["mql_id", "contacted_at", "won_at"]].set_axis(["account_id", *FUNNEL], axis="columns")
    rows = entered.melt("account_id", var_name="stage", value_name="happened_at").dropna(subset=["happened_at"])
    return rows.assign(opportunity_id=rows["account_id"], known_at=rows["happened_at"])


def _engagements(leads: pd.DataFrame) -> pd.DataFrame:
    """The form on the landing page through which a lead came in: the one thing it is known to have done."""
    return pd.DataFrame(
        {
            "engagement_id": leads["mql_id"],
            "account_id": leads["mql_id"],
            "happened_at": leads["contacted_at"],
            "known_at": leads["contacted_at"],
            "kind": "form_fill",
            "channel": "web",
            "side": "inbound",
            "content_id": leads["landing_page_id"],
            "traffic_source": leads["origin"],
        }
    )
