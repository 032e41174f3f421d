"""A CRM's accounts and deals (Maven), and a marketplace's sellers, orders and reviews (sellerhealth)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from abm_ml.sources import FrameSource, Mapped

DATA = Path(os.environ.get("ABM_ML_DATA") or Path(__file__).parents[2] / "../shared/data")

FUNNEL = ("engaging", "won")
# How the files spell what they spell otherwise elsewhere.
_SECTORS = {"technolgy": "technology"}
_COUNTRIES = {"Philipines": "Philippines"}
_PRODUCTS = {"GTXPro": "GTX Pro"}
# The table of sellers asks how many accounts each can work on, and the files do not say.
_CAPACITY = 100


class MavenCrm(FrameSource):
    """85 accounts, their deals, and the agents who work on them.

    `left_out` says, once the tables were read, how often each rule was needed. Deals without account or date of
    opening are handed on as they are: the check puts them into quarantine.
    """

    # 1,425 open deals have no account, 163 more were never engaged: 18 % of the deals.
    mapped = Mapped(quarantine_limit=0.2)

    def __init__(self, folder: Path = DATA / "maven_crm") -> None:
        self.folder = folder
        self.left_out: Mapping[str, int] = {}

    def frames(self) -> dict[str, pd.DataFrame]:
        """Accounts, deals with their amounts as they became known, stages and agents."""
        companies, products = _text(self.folder / "accounts.csv"), _text(self.folder / "products.csv")
        agents, deals = _text(self.folder / "sales_teams.csv"), _deals(self.folder, products)
        begun = deals.dropna(subset=["account", "engaged_at"]).sort_values("engaged_at", kind="stable")
        self.left_out = {**_odd_deals(deals, begun), **_odd_companies(companies, begun, agents)}
        return {
            "accounts": _accounts(companies, begun, agents),
            "opportunities": _opportunities(deals),
            "opportunity_changes": _amounts(deals),
            "stage_changes": _stage_changes(begun),
            "sellers": _sellers(agents),
        }


class SellerHealth(FrameSource):
    """220 sellers of a marketplace as accounts: what they sold, and how their buyers liked it.

    `left_out` says, once the tables were read, how often each rule was needed.
    """

    def __init__(self, folder: Path = DATA / "sellerhealth") -> None:
        self.folder = folder
        self.left_out: Mapping[str, int] = {}

    def frames(self) -> dict[str, pd.DataFrame]:
        """Accounts, orders and surveys."""
        sales = self._sales()
        cancelled = sales["order_status"] != "delivered"
        reviews = self._table("order_reviews").merge(sales, on="order_id", validate="one_to_one")
        first = sales.sort_values("bought_at", kind="stable").drop_duplicates("seller_id")
        delivered = sales[~cancelled].sort_values(["bought_at", "order_id"], ignore_index=True)
        self.left_out = {
            "cancelled orders (their money never came)": int(cancelled.sum()),
            "reviews of cancelled orders (kept: the buyer is a buyer)": int(
                reviews["order_status"].ne("delivered").sum()
            ),
            "orders without a review (nobody says that one was asked for)": len(sales) - len(reviews),
            "sellers whose first order was cancelled": int(first["order_status"].ne("delivered").sum()),
        }
        return {"accounts": self._accounts(first), "orders": _orders(delivered), "surveys": _surveys(reviews)}

    def _sales(self) -> pd.DataFrame:
        """Each order with its seller: here every order has one item, and so one seller."""
        items = self._table("order_items")[["order_id", "seller_id", "price"]]
        sales = self._table("orders").merge(items, on="order_id", validate="one_to_one")
        return sales.assign(bought_at=_time(sales["order_purchase_timestamp"]), amount=sales["price"].astype("float64"))

    def _table(self, name: str) -> pd.DataFrame:
        return _text(self.folder / f"olist_{name}_dataset.csv.gz")

    def _accounts(self, first: pd.DataFrame) -> pd.DataFrame:
        sellers = self._table("sellers").merge(first[["seller_id", "bought_at"]], on="seller_id", validate="one_to_one")
        return pd.DataFrame(
            {
                "account_id": sellers["seller_id"],
                "name": "Seller " + sellers["seller_id"].str[:8],
                # All of them are Brazilian, so the country is told by state, as ISO 3166-2 does.
                "country": "BR-" + sellers["seller_state"],
                "territory": sellers["seller_state"],
                "is_target": True,
                "in_program": False,
                "created_at": sellers["bought_at"],
            }
        )


def _text(file: Path) -> pd.DataFrame:
    # Only an empty cell is empty.
    return pd.read_csv(file, dtype="str", keep_default_na=False, na_values=[""])


def _time(text: pd.Series) -> pd.Series:
    """The files give no zone: their times are taken as they stand."""
    return pd.to_datetime(text).astype("datetime64[us]")


def _deals(folder: Path, products: pd.DataFrame) -> pd.DataFrame:
    deals = _text(folder / "sales_pipeline.csv")
    product = deals["product"].replace(_PRODUCTS)
    prices = products.set_index("product")["sales_price"].astype("float64")
    return deals.assign(
        respelled=product != deals["product"],
        product=product,
        list_price=product.map(prices),
        engaged_at=_time(deals["engage_date"]),
        closed_at=_time(deals["close_date"]),
        outcome=deals["deal_stage"].map({"Won": "won", "Lost": "lost"}),
        value=deals["close_value"].astype("float64"),
    )


def _odd_deals(deals: pd.DataFrame, begun: pd.DataFrame) -> dict[str, int]:
    nobody, undated = deals["account"].isna(), deals["engaged_at"].isna()
    lost_for_nothing = (deals["outcome"] == "lost") & (deals["value"] == 0)
    agents = begun.drop_duplicates(["account", "sales_agent"]).value_counts("account")
    return {
        "open deals without account (quarantined)": int(nobody.sum()),
        "of these only prospected": int((nobody & undated).sum()),
        "deals only prospected, so without a date (quarantined)": int(undated.sum()),
        "lost deals with a value of 0 (they keep the list price)": int(lost_for_nothing.sum()),
        "open deals without a value (list price)": int(deals["outcome"].isna().sum()),
        "deals of a product spelled otherwise (GTXPro)": int(deals["respelled"].sum()),
        "accounts that more than one agent worked on (the first owns it)": int((agents > 1).sum()),
    }


def _odd_companies(companies: pd.DataFrame, begun: pd.DataFrame, agents: pd.DataFrame) -> dict[str, int]:
    parents = companies["subsidiary_of"].dropna()
    children = companies.loc[parents.index, "account"]
    first = begun.drop_duplicates("account").set_index("account")["engaged_at"].dt.year
    founded = companies.set_index("account")["year_established"].astype("int64").reindex(first.index)
    return {
        "sectors spelled otherwise (technolgy)": int(companies["sector"].isin(_SECTORS).sum()),
        "countries spelled otherwise (Philipines)": int(companies["office_location"].isin(_COUNTRIES).sum()),
        "subsidiaries": len(parents),
        "their parents": parents.nunique(),
        "parents that are no accounts": int((~parents.isin(companies["account"])).sum()),
        "subsidiaries of a subsidiary": int(parents.isin(children).sum()),
        "accounts founded after the year of their first deal (kept)": int((founded > first).sum()),
        "agents without a deal": int((~agents["sales_agent"].isin(begun["sales_agent"])).sum()),
    }


def _accounts(companies: pd.DataFrame, begun: pd.DataFrame, agents: pd.DataFrame) -> pd.DataFrame:
    # No account has an owner in the files: it is whose deal engaged it first, which later deals cannot change.
    first = begun.drop_duplicates("account")[["account", "sales_agent", "engaged_at"]]
    rows = companies.merge(first, on="account", how="left").merge(agents, on="sales_agent", how="left")
    return pd.DataFrame(
        {
            "account_id": rows["account"],
            "name": rows["account"],
            "industry": rows["sector"].replace(_SECTORS),
            "country": rows["office_location"].replace(_COUNTRIES),
            "employees": rows["employees"].astype("int64"),
            "annual_revenue": rows["revenue"].astype("float64") * 1e6,
            "founded_year": rows["year_established"].astype("int64"),
            "owner_id": rows["sales_agent"],
            "territory": rows["regional_office"],
            "parent_account_id": rows["subsidiary_of"],
            # The file of accounts is the list of those that are worked on; of a program it knows nothing.
            "is_target": True,
            "in_tam": True,
            "in_program": False,
            "created_at": rows["engaged_at"],
        }
    )


def _opportunities(deals: pd.DataFrame) -> pd.DataFrame:
    """Deals as they were at opening, at list price; what a won one was closed at is a change."""
    return pd.DataFrame(
        {
            "opportunity_id": deals["opportunity_id"],
            "account_id": deals["account"],
            # The files do not tell new business from repeated.
            "kind": "new",
            "opened_at": deals["engaged_at"],
            "closed_at": deals["closed_at"],
            "outcome": deals["outcome"],
            "amount": deals["list_price"],
            "currency": "USD",
            "owner_id": deals["sales_agent"],
        }
    )


def _amounts(deals: pd.DataFrame) -> pd.DataFrame:
    """The value of a won deal, known when it closed."""
    won = deals[deals["outcome"] == "won"]
    return pd.DataFrame(
        {
            "opportunity_id": won["opportunity_id"],
            "column": "amount",
            "value": won["value"].astype("str"),
            "happened_at": won["closed_at"],
            "known_at": won["closed_at"],
        }
    )


def _stage_changes(begun: pd.DataFrame) -> pd.DataFrame:
    """Engaging and won, which the files date; when a deal was first prospected they do not say."""
    won_at = begun["closed_at"].where(begun["outcome"] == "won")
    entered = begun[["opportunity_id", "account", "engaged_at"]].assign(won_at=won_at)
    entered = entered.set_axis(["opportunity_id", "account_id", *FUNNEL], axis="columns")
    rows = entered.melt(["opportunity_id", "account_id"], var_name="stage", value_name="happened_at")
    rows = rows.dropna(subset=["happened_at"])
    return rows.assign(known_at=rows["happened_at"])


def _sellers(agents: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "owner_id": agents["sales_agent"],
            "name": agents["sales_agent"],
            "territory": agents["regional_office"],
            "capacity": _CAPACITY,
        }
    )


def _orders(sales: pd.DataFrame) -> pd.DataFrame:
    """Price without freight, which goes to the carrier."""
    repeated = sales.duplicated("seller_id")
    return pd.DataFrame(
        {
            "order_id": sales["order_id"],
            "account_id": sales["seller_id"],
            "happened_at": sales["bought_at"],
            "known_at": sales["bought_at"],
            "amount": sales["amount"],
            "currency": "BRL",
            "kind": repeated.map({False: "new", True: "renewal"}),
        }
    )


def _surveys(reviews: pd.DataFrame) -> pd.DataFrame:
    """One to five stars are 2 to 10 points of satisfaction."""
    return pd.DataFrame(
        {
            "survey_id": reviews["review_id"],
            "account_id": reviews["seller_id"],
            "sent_at": _time(reviews["review_creation_date"]),
            "answered_at": _time(reviews["review_answer_timestamp"]),
            "kind": "csat",
            "score": reviews["review_score"].astype("float64") * 2,
        }
    )
