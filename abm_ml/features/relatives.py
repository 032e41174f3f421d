"""Relatives: what the parent and the sisters of an account do, and how much its seller has to do besides."""

from __future__ import annotations

from typing import Any

import ibis

from abm_ml.features.base import Family, derived, latest, ratio
from abm_ml.tables.money import MONEY

feature = Family("firmographic", rows="accounts").feature


@feature(measure=latest, kind="category", unit="category")
def family(a: Any) -> Any:
    """The account's parent, or itself where others belong to it: whoever shares it is a relative."""
    return ibis.coalesce(a.parent_account_id, a.is_parent.ifelse(a.account_id, None))


@feature(measure=latest, kind="category", unit="category")
def seller(a: Any) -> Any:
    """The account's owner in sales."""
    return a.owner_id


@derived("engagement", among=("family",), needs=("engagement_score_90d",), unit="points")
def score_of_family(others: Any) -> Any:
    """Engagement score over 90 days of the account and its relatives."""
    return others.engagement_score_90d.cast(MONEY).sum()


@derived("pipeline", among=("family",), needs=("open_deals",), unit="deals")
def deals_of_family(others: Any) -> Any:
    """Open deals of the account and its relatives."""
    return others.open_deals.cast("int64").sum()


@derived("clients", among=("family",), needs=("days_to_renewal",), unit="accounts")
def clients_of_family(others: Any) -> Any:
    """The account and its relatives, as far as they have a running contract."""
    return (others.days_to_renewal > 0).cast("int64").sum()


@derived(
    "engagement",
    needs=("engagement_score_90d", "score_of_family"),
    unit="points",
    reason="its parent and sister companies have an engagement score of {value:.0f} points over 90 days",
    of_others=True,
)
def relatives_score(f: Any) -> Any:
    """Engagement score over 90 days of the account's parent and of the others that belong to it."""
    return (f.score_of_family - f.engagement_score_90d.cast(MONEY)).fill_null(0)


@derived(
    "pipeline",
    needs=("open_deals", "deals_of_family"),
    unit="deals",
    reason="{value:.0f} open deals with its parent and sister companies",
    of_others=True,
)
def relatives_deals(f: Any) -> Any:
    """Open deals of the account's parent and of the others that belong to it."""
    return (f.deals_of_family - f.open_deals).fill_null(0)


@derived(
    "clients",
    needs=("days_to_renewal", "clients_of_family"),
    unit="yes/no",
    reason="its parent or a sister company is a client: {value:.0f}",
    of_others=True,
)
def relative_is_client(f: Any) -> Any:
    """Whether the account's parent, or another that belongs to it, has a running contract: 1 yes, 0 no."""
    own = (f.days_to_renewal > 0).fill_null(False).cast("int64")
    return (f.clients_of_family.fill_null(0) > own).cast("int8")


@derived(
    "firmographic",
    among=("seller",),
    needs=(),
    unit="accounts",
    reason="its seller has {value:.0f} accounts",
)
def seller_accounts(others: Any) -> Any:
    """Accounts that the account's seller owns on the date; missing without a seller."""
    return others.count()


@derived(
    "pipeline",
    among=("seller",),
    needs=("open_deals",),
    unit="deals",
    reason="its seller has {value:.0f} deals open",
)
def seller_deals(others: Any) -> Any:
    """Open deals of all accounts of the account's seller; missing without a seller."""
    return others.open_deals.cast("int64").sum()


@derived(
    "pipeline",
    needs=("open_deals", "seller_deals"),
    unit="share",
    reason="{value:.0%} of its seller's open deals are with it",
)
def seller_focus(f: Any) -> Any:
    """Share of its seller's open deals that are with the account; missing without any."""
    return ratio(f.open_deals, f.seller_deals)
