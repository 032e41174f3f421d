"""Money in one currency: each amount at the rate of its own date."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.engines import Engine
from abm_ml.errors import SourceError
from abm_ml.tables.base import TABLES, Tables
from abm_ml.tables.terms import Terms

# Sums of decimals do not depend on the order of rows; 6 places keep a millionth of any currency.
MONEY = "decimal(38, 6)"
_AMOUNTS = {
    "opportunities": "amount",
    "contracts": "total_value",
    "orders": "amount",
    "costs": "amount",
}


def with_rate(rows: ir.Table, *, at: str, tables: Tables, terms: Terms) -> ir.Table:
    """The rows with `rate`: what one unit of their currency was worth at the time in column `at`.

    It is the last rate of or before that time, and null where there is none; `refuse_missing_rates` finds these.
    """
    own = rows.currency.isnull() | (rows.currency == terms.currency)
    if "rates" not in tables:
        return rows.mutate(rate=own.ifelse(1.0, None).cast("float64"))
    spans = _spans(tables["rates"])
    joined = rows.left_join(
        spans, [rows.currency == spans["_currency"], rows[at] >= spans["_from"], rows[at] < spans["_until"]]
    )
    own = joined.currency.isnull() | (joined.currency == terms.currency)
    return joined.mutate(rate=own.ifelse(1.0, joined["_rate"])).drop("_currency", "_from", "_until", "_rate")


def in_currency(rows: ir.Table, amount: str, *, at: str, tables: Tables, terms: Terms) -> ir.Table:
    """The rows with `amount` in the reporting currency."""
    rated = with_rate(rows, at=at, tables=tables, terms=terms)
    return rated.mutate(**{amount: rated[amount] * rated.rate}).drop("rate")


def refuse_missing_rates(tables: Tables, terms: Terms, engine: Engine) -> None:
    """Raises SourceError naming table, currency and date of the first amount without an exchange rate."""
    for name, amount in _AMOUNTS.items():
        if name not in tables:
            continue
        when = str(TABLES[name].happened_at)
        rows = _with_amount(tables, name, amount)
        rated = with_rate(rows, at=when, tables=tables, terms=terms)
        missing = rated.filter(rated.rate.isnull()).select("currency", day=rated[when])
        found = engine.compute(missing.order_by("day", "currency").limit(1)).to_pylist()
        if found:
            raise SourceError(
                f"Table {name}: there is no rate for {found[0]['currency']} on {found[0]['day']:%Y-%m-%d} into "
                f"{terms.currency}. Add one to the table rates, or set `currency` in the configuration."
            )


def _with_amount(tables: Tables, name: str, amount: str) -> ir.Table:
    """The rows that have an amount, or get one by a change."""
    rows = tables[name]
    if name != "opportunities" or "opportunity_changes" not in tables:
        return rows.filter(rows[amount].notnull())
    changes = tables["opportunity_changes"].filter(lambda row: row["column"] == amount)
    return rows.filter(rows[amount].notnull() | rows.opportunity_id.isin(changes.opportunity_id))


def _spans(rates: ir.Table) -> ir.Table:
    following = rates.day.lead().over(ibis.window(group_by="currency", order_by="day"))
    return rates.select(
        _currency=rates.currency,
        _from=rates.day,
        _until=ibis.coalesce(following, ibis.timestamp("2200-01-01")),
        _rate=rates.rate,
    )
