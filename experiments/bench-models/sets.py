"""The public tables, cut as DATA.md says: what may be known at the time, rows that belong together on one side."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

DATA = Path(os.environ.get("ABM_ML_DATA") or Path(__file__).parents[2] / "../shared/data")
TEST_SHARE = 0.2

# Measured when a deal closes: they leak how it ended.
IBM_CLOSING = (
    "Elapsed Days In Sales Stage",
    "Sales Stage Change Count",
    "Total Days Identified Through Closing",
    "Total Days Identified Through Qualified",
    "Ratio Days Identified To Total Days",
    "Ratio Days Validated To Total Days",
    "Ratio Days Qualified To Total Days",
)
LEADS_FROM, LEADS_TESTED, LEADS_UNTIL, LEAD_DAYS = "2018-01-01", "2018-04-01", "2018-06-01", 90


@dataclass(frozen=True, kw_only=True)
class Split:
    """Rows that train and rows that test: the features, the answers (0 or 1), and the group and time of each row.

    `others` are the same rows with features of featuretools, for the rivals; `monotone` is what ours promise.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    answers: tuple[pd.Series[int], pd.Series[int]]
    groups: tuple[pd.Series[str], pd.Series[str]] | None = None
    time: tuple[pd.Series[pd.Timestamp], pd.Series[pd.Timestamp]] | None = None
    others: tuple[pd.DataFrame, pd.DataFrame] | None = None
    monotone: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A public table: `split` cuts it for a seed (not where it is `fixed`); `plain` is DATA.md's AUC of LightGBM."""

    title: str
    split: Callable[[int], Split]
    tested: str
    fixed: bool = False
    plain: float | None = None


def ibm(seed: int) -> Split:
    """Deals as they were entered: no closing columns, the size band instead of the amount, numbers kept together."""
    rows = pd.read_csv(DATA / "ibm_win_loss" / "WA_Fn-UseC_-Sales-Win-Loss.csv.gz", keep_default_na=False)
    number = rows.pop("Opportunity Number").astype(str)
    won = (rows.pop("Opportunity Result") == "Won").astype(int)
    known = rows.drop(columns=[*IBM_CLOSING, "Opportunity Amount USD"])
    ((train, test),) = GroupShuffleSplit(1, test_size=TEST_SHARE, random_state=seed).split(known, won, number)
    return _cut(known, won, train, test, groups=number)


def seller_churn(_seed: int) -> Split:
    """Sellers at each quarter's end: those before 2018Q1 train, 2018Q1 tests."""
    return _sellers([])


def seller_churn_early(_seed: int) -> Split:
    """The same without what is known only when the quarter has ended."""
    return _sellers(["last_month_active_quarter", "n_months_active_quarter"])


def _sellers(late: list[str]) -> Split:
    rows = pd.read_csv(DATA / "olist_seller_churn" / "seller_quarters.csv")
    quarter = pd.PeriodIndex(rows["seller_active_quarter"], freq="Q").to_timestamp(how="end").normalize()
    when = pd.Series(quarter, index=rows.index)
    names = ["seller_active_quarter", "seller_id", "is_churn", "year", "quarter", *late]
    train, test = np.flatnonzero(when < "2018-01-01"), np.flatnonzero(when >= "2018-01-01")
    churned = rows["is_churn"].astype(int)
    return _cut(rows.drop(columns=names), churned, train, test, groups=rows["seller_id"], time=when)


def telco(seed: int) -> Split:
    """Customers of a telephone company; the eleven without charges are new."""
    rows = pd.read_csv(DATA / "telco_churn" / "WA_Fn-UseC_-Telco-Customer-Churn.csv").drop(columns="customerID")
    churned = (rows.pop("Churn") == "Yes").astype(int)
    rows["TotalCharges"] = pd.to_numeric(rows["TotalCharges"], errors="coerce").fillna(0.0)
    train, test = train_test_split(np.arange(len(rows)), test_size=TEST_SHARE, random_state=seed, stratify=churned)
    return _cut(rows, churned, np.sort(train), np.sort(test))


def olist_leads(_seed: int) -> Split:
    """Leads of January to March 2018 train, of April and May test (as DATA.md does: without a gap)."""
    folder = DATA / "olist_funnel"
    leads = pd.read_csv(folder / "olist_marketing_qualified_leads_dataset.csv", parse_dates=["first_contact_date"])
    deals = pd.read_csv(folder / "olist_closed_deals_dataset.csv", parse_dates=["won_date"])[["mql_id", "won_date"]]
    rows = leads.merge(deals, on="mql_id", how="left", validate="one_to_one")
    contacted = rows["first_contact_date"]
    rows = rows[(contacted >= LEADS_FROM) & (contacted < LEADS_UNTIL)].sort_values("first_contact_date", kind="stable")
    rows = rows[~(rows["won_date"] < rows["first_contact_date"])].reset_index(drop=True)  # one date of it is wrong
    won = (rows["won_date"] < rows["first_contact_date"] + pd.Timedelta(days=LEAD_DAYS)).astype(int)
    when = rows["first_contact_date"]
    known = pd.DataFrame(
        {
            "origin": rows["origin"].fillna("unknown"),
            "landing_page_id": rows["landing_page_id"],
            "weekday": when.dt.day_name(),
            "day_of_month": when.dt.day,
        }
    )
    train, test = np.flatnonzero(when < LEADS_TESTED), np.flatnonzero(when >= LEADS_TESTED)
    return _cut(known, won, train, test, time=when)


def _cut(
    rows: pd.DataFrame,
    answers: pd.Series[int],
    train: np.ndarray,
    test: np.ndarray,
    *,
    groups: pd.Series[str] | None = None,
    time: pd.Series[pd.Timestamp] | None = None,
) -> Split:
    def both(column: pd.Series) -> tuple[pd.Series, pd.Series]:
        first, second = (column.iloc[places].reset_index(drop=True) for places in (train, test))
        return first, second

    parts = [rows.iloc[places].reset_index(drop=True) for places in (train, test)]
    return Split(
        train=parts[0],
        test=parts[1],
        answers=both(answers),
        groups=None if groups is None else both(groups),
        time=None if time is None else both(time),
    )


TABLES = {
    "ibm": Table(title="IBM win-loss, at entry", split=ibm, plain=0.778, tested="a fifth of the opportunity numbers"),
    "seller_churn": Table(title="Olist seller churn", split=seller_churn, fixed=True, plain=0.821, tested="2018Q1"),
    "seller_churn_early": Table(
        title="Olist seller churn, early", split=seller_churn_early, fixed=True, tested="2018Q1"
    ),
    "telco": Table(title="Telco churn", split=telco, plain=0.836, tested="a fifth"),
    "olist_leads": Table(
        title="Olist funnel", split=olist_leads, fixed=True, plain=0.652, tested="leads of April and May 2018"
    ),
}
