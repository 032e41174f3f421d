"""Planning: which accounts each seller works on, by expected value within capacity, and what is left on the table."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from abm_ml.errors import ConfigError, NotReady, UnknownName, did_you_mean
from abm_ml.jobs.stakes import KNOWN, known_rows
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS
from abm_ml.modelling.capacity import Load, assigned, caught_within_territories, load_of
from abm_ml.modelling.value import threshold_by_cost
from abm_ml.publishing.runs import PublishedRun, read_current
from abm_ml.publishing.sinks import refuse_ending, write_frame

COLUMNS = (
    "owner_id", "place", "worked", "account_id", "name", "territory", "probability", "low", "high", "grade", "value",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerPlan:
    """What one seller can work on; an empty `owner_id` stands for all accounts without a known seller."""

    owner_id: str
    name: str
    territory: str
    load: Load


@dataclass(frozen=True, kw_only=True)
class PlanResult:
    """Who works on what: every scored account of a label with its place in its seller's list (`rows`, see COLUMNS).

    `unit` is the currency of all values, or what is counted where a success has no price. `caught` is what a free hand
    within the territories would cover besides. `cost` is what a contact costs, `pays_from` the probability from which
    on it pays at the median of what is at stake; both are None where no cost is configured.
    """

    run_id: str
    as_of: dt.datetime
    label: str
    unit: str
    total: Load
    caught: float
    cost: float | None
    pays_from: float | None
    unpriced: int
    sellers: tuple[SellerPlan, ...]
    rows: pd.DataFrame
    seller: str | None = None
    file: Path | None = None


def plan(
    workspace: Workspace,
    label: str = "win",
    *,
    capacity: int | None = None,
    seller: str | None = None,
    out: Path | None = None,
) -> PlanResult:
    """Ranks the accounts of the published run for each seller by expected value, up to the seller's capacity.

    `capacity` replaces that of every seller; `seller` keeps only one's accounts in `rows`; `out` is a csv, parquet or
    xlsx file for these.

    Raises:
        NotReady: nothing has been published, or not for this label, or nobody says what the sellers' capacity is.
        UnknownName: there is no such label or seller.
        ConfigError: the capacity is negative, or the file's name ends otherwise.
    """
    if out is not None:
        refuse_ending(out)
    run = read_current(workspace.folder)
    accounts = _accounts(workspace, run, LABELS[label].name)
    sellers = _sellers(workspace, accounts, capacity)
    cost = workspace.config.cost_of_contact.get(label) if label in KNOWN else None
    rows = assigned(accounts, sellers, least=cost or 0.0)
    shown = rows[list(COLUMNS)] if seller is None else _of_seller(rows, sellers, seller)
    if out is not None:
        write_frame(shown, out)
    stakes = (rows["value"] / rows["probability"]).median()
    return PlanResult(
        run_id=run.run_id,
        as_of=run.as_of,
        label=label,
        unit=workspace.terms.currency if label in KNOWN else LABELS[label].yes,
        total=load_of(rows, sellers),
        caught=caught_within_territories(rows, sellers, least=cost or 0.0),
        cost=cost,
        pays_from=None if cost is None or pd.isna(stakes) else threshold_by_cost(cost, stakes),
        unpriced=int(rows["value"].isna().sum()),
        sellers=_plans(rows, sellers),
        rows=shown,
        seller=seller,
        file=out,
    )


def _accounts(workspace: Workspace, run: PublishedRun, label: str) -> pd.DataFrame:
    """The scored accounts with their owner and territory as known on the date, and the value to be expected of each."""
    scores = run.scores().to_pandas()
    scores = scores[scores["label"] == label]
    if scores.empty:
        raise NotReady(f"Run {run.run_id} holds no scores for {label}. Run `abm-ml score`, or plan another label.")
    tables, dates = workspace.company.tables, workspace.spine((run.as_of,))
    known = known_rows("accounts", tables, workspace.terms, dates).select("account_id", "name", "owner_id", "territory")
    rows = scores.merge(workspace.engine.compute(known).to_pandas(), on="account_id", how="left")
    return rows.assign(value=rows["expected_value"] if label in KNOWN else rows["probability"])


def _sellers(workspace: Workspace, accounts: pd.DataFrame, capacity: int | None) -> pd.DataFrame:
    """owner_id, name, territory and capacity of every seller; without the table, of every owner of an account."""
    if capacity is not None and capacity < 0:
        raise ConfigError(f"--capacity: a seller works on 0 or more accounts (found: {capacity}).")
    tables = workspace.company.tables
    if "sellers" in tables:
        sellers = tables["sellers"].select("owner_id", "name", "territory", "capacity")
        found: pd.DataFrame = workspace.engine.compute(sellers.order_by("owner_id")).to_pandas()
        return found if capacity is None else found.assign(capacity=capacity)
    if capacity is None:
        raise NotReady("There is no table sellers, so nobody says how many accounts a seller works on: add --capacity.")
    owners = sorted(accounts["owner_id"].dropna().unique())
    return pd.DataFrame({"owner_id": owners, "name": None, "territory": None, "capacity": capacity})


def _of_seller(rows: pd.DataFrame, sellers: pd.DataFrame, seller: str) -> pd.DataFrame:
    known = sellers["owner_id"][sellers["owner_id"].isin(rows["owner_id"])].tolist()
    if seller not in known:
        raise UnknownName(f"No seller with scored accounts is called '{seller}'. {did_you_mean(seller, known)}")
    return rows.loc[rows["owner_id"] == seller, list(COLUMNS)]


def _plans(rows: pd.DataFrame, sellers: pd.DataFrame) -> tuple[SellerPlan, ...]:
    """Every seller, whoever leaves the most on the table first, and last the accounts that have none."""
    plans = [
        SellerPlan(
            owner_id=str(each.owner_id),
            name=str(each.name_) if isinstance(each.name_, str) else "",
            territory=str(each.territory) if isinstance(each.territory, str) else "",
            load=load_of(rows[rows["owner_id"] == each.owner_id], sellers[sellers["owner_id"] == each.owner_id]),
        )
        for each in sellers.rename(columns={"name": "name_"}).itertuples()
    ]
    plans.sort(key=lambda plan: (-plan.load.left, plan.owner_id))
    nobodys = rows[~rows["owner_id"].isin(sellers["owner_id"])]
    if len(nobodys):
        plans.append(SellerPlan(owner_id="", name="", territory="", load=load_of(nobodys, sellers.head(0))))
    return tuple(plans)
