"""Money: each amount in one currency, at the rate of its own date."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from abm_ml.engines import Engine
from abm_ml.errors import SourceError
from abm_ml.tables import Tables, Terms
from abm_ml.tables.money import in_currency, refuse_missing_rates

RATES = [
    {"currency": "USD", "day": "2025-01-01", "rate": 0.9},
    {"currency": "USD", "day": "2025-02-01", "rate": 0.8},
]


def order(number: int, day: str, currency: str, amount: float = 100.0) -> dict[str, object]:
    """An order of account a."""
    return {
        "order_id": str(number),
        "account_id": "a",
        "happened_at": day,
        "amount": amount,
        "currency": currency,
        "kind": "new",
    }


def test_an_amount_takes_the_last_rate_before_it(tiny: Callable[..., Tables], engine: Engine) -> None:
    """A rate holds from its own day on until the next one; the reporting currency needs none."""
    days = ("2025-01-01T00:00", "2025-01-31T23:59", "2025-02-01T00:00", "2030-01-01T00:00")
    orders = [order(n, day, "USD") for n, day in enumerate(days)] + [order(9, "2020-01-01T00:00", "EUR")]
    company = tiny({"orders": orders, "rates": RATES})
    rows = in_currency(company["orders"], "amount", at="happened_at", tables=company, terms=Terms())
    amounts = engine.compute(rows.order_by("order_id"))["amount"].to_pylist()
    assert amounts == pytest.approx([90, 90, 80, 80, 100])


@pytest.mark.parametrize(
    ("orders", "rates", "message"),
    [
        ([order(1, "2024-12-31", "USD")], RATES, "Table orders: there is no rate for USD on 2024-12-31 into EUR"),
        ([order(1, "2025-03-01", "JPY")], RATES, "Table orders: there is no rate for JPY on 2025-03-01 into EUR"),
        ([order(1, "2025-03-01", "eur")], None, "Table orders: there is no rate for eur on 2025-03-01 into EUR"),
    ],
)
def test_a_missing_rate_is_refused(
    orders: list[dict[str, object]], rates: object, message: str, tiny: Callable[..., Tables], engine: Engine
) -> None:
    """The message names table, currency and date: amounts of two currencies are never summed."""
    company = tiny({"orders": orders, **({"rates": rates} if rates else {})})
    with pytest.raises(SourceError, match=message):
        refuse_missing_rates(company, Terms(), engine)


def test_known_rates_are_not_refused(tiny: Callable[..., Tables], engine: Engine) -> None:
    """Amounts with a rate, in the reporting currency, or in an unnamed one, which is the reporting currency."""
    company = tiny({"orders": [order(1, "2025-01-01", "USD"), order(2, "2000-01-01", "EUR")], "rates": RATES})
    refuse_missing_rates(company, Terms(), engine)
    assert "rates" in company
