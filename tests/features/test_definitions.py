"""Writing a definition: what is refused when it is imported, and which definitions a company's tables allow."""

from __future__ import annotations

from typing import Any

import pytest

from abm_ml.errors import DefinitionError, UnknownName
from abm_ml.features import DERIVED, FEATURES, feature_set
from abm_ml.features.base import Family, count, decayed, derived
from abm_ml.tables import Terms
from tests.conftest import Build
from tests.worked.example import Example, account, did, order, person, rows_of

feature = Family("engagement", rows="engagements").feature


def define(function: Any = None, **facts: Any) -> None:
    """Writes a definition; by default a good one."""

    def yachts_seen(e: Any) -> Any:
        """Yachts seen at the account."""
        return e.kind == "yacht"

    common: dict[str, Any] = {"measure": count, "unit": "engagements", "reason": "{value:.0f} yachts"}
    feature(**(common | facts))(function or yachts_seen)


def undocumented(e: Any) -> Any:  # noqa: D103 - that is what is refused
    return e.kind == "yacht"


def meetings_held(e: Any) -> Any:
    """Meetings, once more."""
    return e.kind == "meeting"


def engagement_trend(e: Any) -> Any:
    """The trend, once more."""
    return e.points


@pytest.mark.parametrize(
    ("function", "facts", "message"),
    [
        (undocumented, {}, "has no docstring"),
        (meetings_held, {}, "'meetings_held' is defined twice"),
        (engagement_trend, {}, "'engagement_trend' is defined twice"),
        (None, {"unit": "yachts"}, "'yachts' is no known unit"),
        (None, {"measure": decayed}, "half_life belongs to a decayed measure"),
        (None, {"half_life": 30}, "half_life belongs to a decayed measure"),
    ],
)
def test_a_wrong_definition_is_refused(function: Any, facts: dict[str, Any], message: str) -> None:
    """A mistake is an error at import, and leaves the catalogue as it was."""
    names = FEATURES.names
    with pytest.raises(DefinitionError, match=message):
        define(function, **facts)
    assert FEATURES.names == names


def test_a_misspelt_fact_is_refused() -> None:
    """A typo in a fact is a TypeError at import."""
    with pytest.raises(TypeError, match="windos"):
        define(windos=(30,))


@pytest.mark.parametrize(("function", "unit"), [(meetings_held, "ratio"), (undocumented, "yachts")])
def test_a_wrong_derived_definition_is_refused(function: Any, unit: str) -> None:
    """A derived column has a name and a unit like any other."""
    names = DERIVED.names
    with pytest.raises(DefinitionError, match="defined twice, or"):
        derived("engagement", needs=(), unit=unit, reason="{value}")(function)
    assert DERIVED.names == names


def test_the_nearest_name_is_offered() -> None:
    """A misspelt name is answered by the right one."""
    with pytest.raises(UnknownName, match="Did you mean 'meetings_held'"):
        FEATURES["meeting_held"]


def test_a_table_that_is_absent_takes_its_features_along(tiny: Build) -> None:
    """Without orders there is no feature of orders, and no derived one that needs them."""
    rows = rows_of([Example("", "", [did(1), person("ann")], None)])
    without, with_orders = (
        feature_set(tiny(tables), Terms()).names
        for tables in (rows, rows | rows_of([Example("", "", [order(1)], None)]))
    )
    gone = set(with_orders) - set(without)
    assert {"orders_placed_90d", "mean_order_gap", "order_silence", "order_trend"} <= gone
    assert "penetration_rate" in without


def test_accounts_alone_are_enough(tiny: Build) -> None:
    """A company with nothing but accounts has its firmographic features, in the catalogue's order, and the calendar."""
    columns = feature_set(tiny(rows_of([Example("", "", [account()], None)])), Terms()).columns
    others = [column.name for column in columns if column.group != "firmographic"]
    assert others == ["month_sine", "month_cosine", "days_to_quarter_end"]
    assert [column.name for column in columns][:2] == ["industry", "country"]


def test_amounts_are_told_in_the_reporting_currency(tiny: Build) -> None:
    """A phrase with an amount names the currency that the amount was converted into; none is left without."""
    tables = tiny(rows_of([Example("", "", [account(), order(1)], None)]))
    phrases = {column.name: column.reason for column in feature_set(tables, Terms(currency="CHF")).columns}
    assert phrases["order_amount_90d"] == "orders worth {value:,.0f} CHF in {days} days"
    assert phrases["mean_order_amount"] == "{value:,.0f} CHF per order in a year"
    assert [phrase for phrase in phrases.values() if "{currency}" in phrase] == []
    of_money = [each for each in (*FEATURES, *DERIVED) if each.unit == "money" and not each.hidden]
    unnamed = {each.name for each in of_money if "{currency}" not in each.reason}
    assert unnamed == {"annual_revenue", "revenue_per_employee"}  # the tables do not say of which currency they are
