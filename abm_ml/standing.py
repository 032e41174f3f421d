"""Who an account was at a date: target, prospect, client or lost, and at which stage of the funnel."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

import ibis
import ibis.expr.types as ir

from abm_ml.tables import Tables, Terms
from abm_ml.tables.stage_changes import numbered
from abm_ml.timeline import SPINE, facts_of, hindsight, known, newest, within

Lifecycle = Literal["target", "prospect", "client", "lost", "none"]


def lifecycle(tables: Tables, dates: ir.Table, client_days: int, until: dt.datetime | None = None) -> ir.Table:
    """Who each account was at each date: account_id, as_of, lifecycle.

    client: has an active contract (without contracts: an order within `client_days`); prospect: has an open
    opportunity and is no client; lost: was a client; target: is wanted and none of these; else none.
    With `until` it is seen with hindsight: from all rows known before that time.
    """
    seen = _Seen(tables, dates, until)
    flags = dates.select(*SPINE)
    if "contracts" in tables:
        rows = seen.rows("contracts")
        running = (rows.ends_at >= rows.as_of) & rows.cancelled_at.isnull()
        flags = _flag(flags, rows, running=running, bought=rows.contract_id.notnull())
    elif "orders" in tables:
        rows = seen.rows("orders")
        real = rows.kind != "credit"
        flags = _flag(flags, rows, running=within(rows, client_days) & real, bought=real)
    else:
        flags = flags.mutate(running=ibis.literal(False), bought=ibis.literal(False))
    if "opportunities" in tables:
        rows = seen.rows("opportunities")
        flags = _flag(flags, rows, open=rows.closed_at.isnull())
    else:
        flags = flags.mutate(open=ibis.literal(False))
    flags = flags.inner_join(_wanted(seen), list(SPINE))
    flags = flags.drop(*[name for name in flags.columns if name.endswith("_right")])
    return flags.select(
        *SPINE,
        lifecycle=ibis.cases(
            (flags.running, "client"),
            (flags.open, "prospect"),
            (flags.bought, "lost"),
            (flags.is_target, "target"),
            else_="none",
        ),
    )


def stage(tables: Tables, dates: ir.Table, terms: Terms) -> ir.Table:
    """The stage each account had entered last at each date: account_id, as_of, stage_number (null: none yet)."""
    if "stage_changes" not in tables:
        return dates.select(*SPINE, stage_number=ibis.null("float64"))
    facts = facts_of(tables, "stage_changes")
    rows = known(replace(facts, rows=numbered(facts.rows, terms)), dates)
    last = newest(rows, *SPINE, "stage_number")
    joined = dates.select(*SPINE).left_join(last.select(*SPINE, "stage_number"), list(SPINE))
    return joined.drop("account_id_right", "as_of_right")


@dataclass(frozen=True)
class _Seen:
    """A company's rows as known at each date, or with hindsight from a later one."""

    tables: Tables
    dates: ir.Table
    until: dt.datetime | None

    def rows(self, name: str) -> ir.Table:
        facts = facts_of(self.tables, name)
        return known(hindsight(facts, self.until) if self.until else facts, self.dates)


def _wanted(seen: _Seen) -> ir.Table:
    """Whether each account was a target at each date, by the changes known then where they are recorded."""
    facts = facts_of(seen.tables, "accounts")
    if "account_changes" in seen.tables:
        changes = seen.tables["account_changes"]
        facts = replace(facts, key="account_id", changes=changes, changing=("is_target",))
    return known(facts, seen.dates).select(*SPINE, "is_target")


def _flag(spine_rows: ir.Table, rows: ir.Table, **conditions: ir.BooleanValue) -> ir.Table:
    found = rows.group_by(list(SPINE)).aggregate(**{name: value.any() for name, value in conditions.items()})
    joined = spine_rows.left_join(found, list(SPINE))
    joined = joined.drop("account_id_right", "as_of_right")
    return joined.mutate(**{name: joined[name].fill_null(False) for name in conditions})
