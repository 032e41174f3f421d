"""A wholesaler's invoices (Online Retail II) as orders, credit notes and products bought."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from abm_ml.sources import FrameSource

DATA = Path(os.environ.get("ABM_ML_DATA") or Path(__file__).parents[2] / "../shared/data")

_TEXT = {"invoice": "str", "stock_code": "str", "customer_id": "str", "country": "str"}
# Products have five digits and perhaps a letter, or belong to these series; every other code is carriage, postage,
# a fee, a discount, a voucher, a test or a correction by hand.
_PRODUCT = r"(?:\d{5}|DCGS|SP\d|PADS)"
_CANCELLED_WITHIN = pd.Timedelta(minutes=60)


class WholesaleOrders(FrameSource):
    """Each customer is an account, each invoice an order, each product on an invoice an engagement.

    `part` keeps that share of the customers, always the same ones. `left_out` says, once the tables were read, how
    many rows each rule left out.
    """

    def __init__(self, folder: Path = DATA / "wholesale_orders", *, part: float = 1.0) -> None:
        self.folder = folder
        self.part = part
        self.left_out: Mapping[str, int] = {}

    def frames(self) -> dict[str, pd.DataFrame]:
        """Accounts, orders and engagements."""
        lines = _lines(self.folder)
        known = lines[lines["account_id"].notna()]
        known = known[known["account_id"].map(lambda customer: zlib.crc32(customer.encode()) < self.part * 2**32)]
        invoices = _invoices(known)
        undone, empty = _cancelled_at_once(invoices), invoices["pence"] == 0
        orders = invoices[~undone & ~empty]
        booked = known[known["order_id"].isin(orders["order_id"])]
        countries = booked.drop_duplicates(["account_id", "country"])
        is_product = booked["product"].str.match(_PRODUCT)
        self.left_out = {
            "lines without customer": int(lines["account_id"].isna().sum()),
            "invoices over nothing": int(empty.sum()),
            "invoices and their credit notes, cancelled within the hour": int(undone.sum()),
            "lines that are no product (their money stays in the order)": int((~is_product).sum()),
            "second countries of customers (the first one holds)": int(countries["account_id"].duplicated().sum()),
        }
        return {
            "accounts": _accounts(orders),
            "orders": _orders(orders),
            "engagements": _engagements(booked[is_product]),
        }


def _lines(folder: Path) -> pd.DataFrame:
    """The lines of all invoices, in the order of the files."""
    files = [folder / f"lines_part{part}of2.csv.gz" for part in (1, 2)]
    # Only an empty cell is empty: `NA` would be a country.
    parts = [pd.read_csv(file, dtype=_TEXT, keep_default_na=False, na_values=[""]) for file in files]
    lines = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(
        {
            "order_id": lines["invoice"],
            "account_id": lines["customer_id"],
            "country": lines["country"],
            "product": lines["stock_code"].str.upper(),
            "units": lines["quantity"],
            "pence": (lines["quantity"] * lines["price"] * 100).round().astype("int64"),
            "happened_at": _utc(lines["invoice_date"]),
        }
    )


def _utc(text: pd.Series) -> pd.Series:
    """The till's clock shows UK time; no invoice falls into the hours when the clocks change."""
    local = pd.to_datetime(text, format="ISO8601")
    return local.dt.tz_localize("Europe/London").dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")


def _invoices(known: pd.DataFrame) -> pd.DataFrame:
    """One row per invoice. Where the till took minutes to write one, it is known from its last line on."""
    invoices = known.groupby("order_id", as_index=False).agg(
        account_id=("account_id", "first"),
        country=("country", "first"),
        happened_at=("happened_at", "min"),
        known_at=("happened_at", "max"),
        pence=("pence", "sum"),
    )
    # The number of a credit note begins with C; bad debt (A) has no customer and is out already.
    invoices["is_credit"] = invoices["order_id"].str.startswith("C")
    # Sums of whole pence are exact, so an invoice and its credit note find each other.
    return invoices.assign(amount=invoices["pence"] / 100).sort_values(["happened_at", "order_id"], ignore_index=True)


def _cancelled_at_once(invoices: pd.DataFrame) -> pd.Series:
    """Invoices typed wrongly and undone: a credit note over the whole sum within the hour takes both out.

    This uses nothing that a midnight snapshot could not know: nobody invoices in the last hour of a day.
    """
    notes = invoices[invoices["is_credit"]].assign(pence=lambda rows: -rows["pence"])
    matched = pd.merge_asof(
        notes,
        invoices.loc[~invoices["is_credit"], ["account_id", "pence", "happened_at", "order_id"]],
        on="happened_at",
        by=["account_id", "pence"],
        suffixes=("", "_undone"),
        tolerance=_CANCELLED_WITHIN,
    )
    # Each note undoes one invoice, and each invoice is undone once.
    matched = matched.dropna(subset=["order_id_undone"]).drop_duplicates("order_id_undone")
    return invoices["order_id"].isin([*matched["order_id"], *matched["order_id_undone"]])


def _accounts(orders: pd.DataFrame) -> pd.DataFrame:
    # Thirteen customers moved or order for two countries: the first country is the one known from the start.
    first = orders.drop_duplicates("account_id")
    return pd.DataFrame(
        {
            "account_id": first["account_id"],
            "name": "Customer " + first["account_id"],
            "country": first["country"],
            "is_target": False,
            "in_program": False,
            # The first invoice in the files; who bought before 2009-12-01 is older than this says.
            "created_at": first["happened_at"],
        }
    )


def _orders(orders: pd.DataFrame) -> pd.DataFrame:
    repeated = orders[~orders["is_credit"]].duplicated("account_id").reindex(orders.index)
    kind = repeated.map({False: "new", True: "renewal"}).where(~orders["is_credit"], "credit")
    return pd.DataFrame(
        {
            "order_id": orders["order_id"],
            "account_id": orders["account_id"],
            "happened_at": orders["happened_at"],
            "known_at": orders["known_at"],
            "amount": orders["amount"],
            "currency": "GBP",
            "kind": kind,
        }
    )


def _engagements(lines: pd.DataFrame) -> pd.DataFrame:
    """A product bought or returned, once per invoice: the units tell size, the products tell breadth."""
    rows = lines.groupby(["order_id", "product"], as_index=False).agg(
        account_id=("account_id", "first"), happened_at=("happened_at", "max"), units=("units", "sum")
    )
    returned = rows["order_id"].str.startswith("C")
    return pd.DataFrame(
        {
            "engagement_id": rows["order_id"] + "-" + rows["product"],
            "account_id": rows["account_id"],
            "happened_at": rows["happened_at"],
            "known_at": rows["happened_at"],
            "kind": returned.map({False: "product_bought", True: "product_returned"}),
            # A mail-order house: how an order came in is not recorded.
            "channel": "mail",
            "side": "inbound",
            "content_id": rows["product"],
            "quantity": rows["units"].where(~returned, -rows["units"]).astype("float64"),
        }
    )
