"""What features read: the company's tables as rows of accounts, with what belongs to a row already beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from abm_ml.catalogue import Catalogue
from abm_ml.tables import Tables, Terms
from abm_ml.tables.money import in_currency, with_rate
from abm_ml.tables.stage_changes import numbered
from abm_ml.timeline import MICROS_PER_DAY, Facts, days_between, facts_of, micros

DAYS_PER_YEAR = 365.25

Cut = Callable[[ir.Table], ir.Table]


def as_known(rows: ir.Table) -> ir.Table:
    """Nothing is made of a row but what it says."""
    return rows


@dataclass(frozen=True, kw_only=True)
class FactSource:
    """One kind of rows: the tables it needs, how it is put together, and what is made of a row as it is known."""

    name: str
    needs: tuple[str, ...]
    build: Callable[[Tables, Terms], Facts]
    after_cut: Cut = as_known


FACTS: Catalogue[FactSource] = Catalogue("kind of rows")


def fact_source(
    name: str, *needs: str, after_cut: Cut = as_known
) -> Callable[[Callable[[Tables, Terms], Facts]], None]:
    """Takes the decorated function, which puts one kind of rows together, into the list of what features read."""

    def register(build: Callable[[Tables, Terms], Facts]) -> None:
        FACTS.add(FactSource(name=name, needs=needs or (name,), build=build, after_cut=after_cut))

    return register


@fact_source("accounts")
def _accounts(tables: Tables, terms: Terms) -> Facts:
    facts = facts_of(tables, "accounts")
    rows = facts.rows
    # The flag says how it is today, only the dates say how it was.
    begun = rows.program_from
    if "in_program" in terms.fixed.get("accounts", ()):
        begun = ibis.coalesce(begun, rows.in_program.ifelse(rows.created_at, None))
    rows = rows.mutate(program_begun=begun, program_ended=rows.program_to)
    rows = _beside_daughters(rows, tables)
    logged = _logged(tables, "accounts")
    rows = rows.drop(*[name.partition(".")[2] for name in unusable(tables, terms) if name.startswith("accounts.")])
    return Facts(
        name="accounts",
        rows=rows,
        known_from={"program_begun": "program_begun", "program_ended": "program_ended"},
        key="account_id",
        changes=_changes(tables, "account_changes"),
        changing=tuple(name for name in (*_FIRMOGRAPHICS, *tables.custom("accounts")) if name in logged),
        order=("account_id",),
    )


def _beside_daughters(rows: ir.Table, tables: Tables) -> ir.Table:
    """Accounts with whether any account ever belongs to them: most have no relatives, and nobody has to look."""
    named = [rows.select(_parent=rows.parent_account_id)]
    if (log := _changes(tables, "account_changes")) is not None:
        named.append(log.filter(log.column == "parent_account_id").select(_parent=log.value))
    parents = ibis.union(*named, distinct=True) if len(named) > 1 else named[0].distinct()
    joined = rows.left_join(parents, rows.account_id == parents["_parent"])
    return joined.mutate(is_parent=joined["_parent"].notnull()).drop("_parent")


_FIRMOGRAPHICS = (
    "domain", "industry", "country", "employees", "annual_revenue", "founded_year", "technologies", "tier",
    "parent_account_id", "owner_id", "territory",
)  # fmt: skip


@fact_source("engagements")
def _engagements(tables: Tables, terms: Terms) -> Facts:
    facts = facts_of(tables, "engagements")
    rows = facts.rows.mutate(
        points=_looked_up(facts.rows.kind, terms.engagement.points_by_kind),
        channel_class=facts.rows.channel.cases(*terms.engagement.class_by_channel.items(), else_=None),
        day=facts.rows.happened_at.date(),
    )
    rows = _beside_contact(rows, tables)
    rows = _beside_content(rows, tables)
    late = dict.fromkeys(("is_key", "seniority", "buying_role", "role"), "contact_created_at")
    late["contact_left_at"] = "contact_left_known_at"
    return Facts(name="engagements", rows=rows, known_from=late, order=("engagement_id",))


@fact_source("contacts")
def _contacts(tables: Tables, _terms: Terms) -> Facts:
    return facts_of(tables, "contacts")


@fact_source("departures", "contacts")
def _departures(tables: Tables, _terms: Terms) -> Facts:
    contacts = tables["contacts"]
    gone = contacts.filter(contacts.left_at.notnull())
    gone = gone.mutate(happened_at=gone.left_at, known_at=ibis.greatest(gone.left_at, gone.created_at))
    return Facts(name="departures", rows=gone, order=("contact_id",))


@fact_source("stages", "stage_changes")
def _stages(tables: Tables, terms: Terms) -> Facts:
    rows = numbered(facts_of(tables, "stage_changes").rows, terms)
    # One number holds both, so that the stage entered last is the largest: the instant, then the stage.
    entered = micros(rows.happened_at) * _STAGES + rows.stage_number.cast("int64")
    before = entered.max().over(known_before(rows, "account_id", order=("stage_number", "opportunity_id")))
    since = micros(rows.happened_at) - before // _STAGES
    rows = rows.mutate(
        stage_before=(since >= 0).ifelse(before % _STAGES, None),
        days_before=(since >= 0).ifelse(since / MICROS_PER_DAY, None),
    )
    # A same-instant tie keeps the highest stage; two deals may enter it in one nightly load.
    return Facts(name="stages", rows=rows, order=("stage_number", "opportunity_id"))


_STAGES = 1_000  # more than any funnel has


def known_before(rows: ir.Table, *group: str, order: tuple[str, ...]) -> Any:
    """The rows that were known when a row became known, itself left out: what came before it, as one knew it then."""
    return ibis.window(
        group_by=group,
        order_by=[ibis.greatest(rows.happened_at, rows.known_at), rows.happened_at, *[rows[name] for name in order]],
        preceding=(None, 1),
    )


def _in_reporting_currency(rows: ir.Table) -> ir.Table:
    return rows.mutate(amount=rows.amount * rows.rate)


@fact_source("deals", "opportunities", after_cut=_in_reporting_currency)
def _deals(tables: Tables, terms: Terms) -> Facts:
    facts = facts_of(tables, "opportunities")
    rows = with_rate(facts.rows, at="opened_at", tables=tables, terms=terms)
    late = [name.partition(".")[2] for name in unusable(tables, terms) if name.startswith("opportunities.")]
    logged = _logged(tables, "opportunities")
    return Facts(
        name="deals",
        rows=rows,
        # Nobody wrote down when these changed, so before the close today's value may be news from the future.
        known_from={**facts.known_from, **dict.fromkeys(late, "closed_at")},
        key="opportunity_id",
        changes=_changes(tables, "opportunity_changes"),
        changing=tuple(name for name in ("amount", *tables.custom("opportunities")) if name in logged),
        order=("opportunity_id",),
    )


@fact_source("closings", "opportunities", after_cut=_in_reporting_currency)
def _closings(tables: Tables, terms: Terms) -> Facts:
    rows = with_rate(tables["opportunities"], at="opened_at", tables=tables, terms=terms)
    changes = _changes(tables, "opportunity_changes")
    closed = rows.filter(rows.closed_at.notnull())
    first = (closed.first_contact_at <= closed.closed_at).ifelse(closed.first_contact_at, closed.opened_at)
    closed = closed.mutate(
        happened_at=closed.closed_at,
        known_at=ibis.greatest(closed.closed_at, closed.opened_at),
        cycle_days=days_between(first, closed.closed_at),
    )
    return Facts(
        name="closings",
        rows=closed,
        key="opportunity_id",
        changes=changes,
        changing=("amount",) if "amount" in _logged(tables, "opportunities") else (),
        order=("opportunity_id",),
    )


@fact_source("contracts")
def _contracts(tables: Tables, terms: Terms) -> Facts:
    facts = facts_of(tables, "contracts")
    rows = in_currency(facts.rows, "total_value", at="started_at", tables=tables, terms=terms)
    years = days_between(rows.started_at, rows.ends_at) / DAYS_PER_YEAR
    rows = rows.mutate(
        term_years=years, value_per_year=rows.total_value / (years > 0).ifelse(years, None), ended_at=rows.ends_at
    )
    rows = rows.drop(*[name.partition(".")[2] for name in unusable(tables, terms) if name.startswith("contracts.")])
    known_from = {**facts.known_from, "ended_at": "ends_at"}
    return Facts(name="contracts", rows=rows, known_from=known_from, order=("contract_id",))


@fact_source("orders")
def _orders(tables: Tables, terms: Terms) -> Facts:
    facts = facts_of(tables, "orders")
    rows = in_currency(facts.rows, "amount", at="happened_at", tables=tables, terms=terms)
    rows = rows.mutate(
        is_credit=rows.kind == "credit", day=rows.happened_at.date(), month=rows.happened_at.truncate("M")
    )
    # Only real orders make a rhythm; a credit note is none.
    before = rows.happened_at.max().over(known_before(rows, "account_id", "is_credit", order=("order_id",)))
    gap = days_between(before, rows.happened_at)
    rows = rows.mutate(gap_days=(gap >= 0).ifelse(gap, None))
    return Facts(name="orders", rows=rows, order=("order_id",))


@fact_source("surveys")
def _surveys(tables: Tables, _terms: Terms) -> Facts:
    return facts_of(tables, "surveys")


_CHANGE_LOGS = {"accounts": "account_changes", "opportunities": "opportunity_changes"}


def unusable(tables: Tables, terms: Terms) -> tuple[str, ...]:
    """Columns (`table.column`) of which nobody knows how they were on a past date, so that no feature reads them.

    Custom columns, and the amount of open deals, are read only where the configuration says that they never change
    (`fixed`) or a table of changes names them. Custom columns of contacts are not read yet.
    """
    open_to_change = {name: tables.custom(name) for name in ("accounts", "opportunities", "contracts")}
    if "opportunities" in tables:
        open_to_change["opportunities"] = ("amount", *open_to_change["opportunities"])
    settled = {name: {*terms.fixed.get(name, ()), *_logged(tables, name)} for name in open_to_change}
    unsettled = [
        f"{name}.{column}"
        for name, columns in open_to_change.items()
        for column in columns
        if column not in settled[name]
    ]
    return (*unsettled, *(f"contacts.{column}" for column in tables.custom("contacts")))


def _logged(tables: Tables, name: str) -> frozenset[str]:
    """The columns of a table of whose changes there is a record."""
    log = _CHANGE_LOGS.get(name)
    if log is None or log not in tables:
        return frozenset()
    return frozenset(tables[log].select("column").distinct().to_pyarrow()["column"].to_pylist())


def _changes(tables: Tables, name: str) -> ir.Table | None:
    return tables[name] if name in tables else None  # noqa: SIM401 - `get` would raise, as `tables[name]` does


def _looked_up(value: ir.StringValue, numbers: dict[str, float]) -> ir.FloatingValue:
    return value.cases(*[(name, float(number)) for name, number in numbers.items()], else_=0.0)


def _beside_contact(rows: ir.Table, tables: Tables) -> ir.Table:
    if "contacts" not in tables:
        text, flag, time = ibis.null("string"), ibis.null("boolean"), ibis.null("timestamp(6)")
        people = {"is_key": flag, "seniority": text, "buying_role": text, "role": text}
        times = ("contact_created_at", "contact_left_at", "contact_left_known_at")
        return rows.mutate(**people, **dict.fromkeys(times, time))
    contacts = tables["contacts"]
    people = contacts.select(
        "is_key", "seniority", "buying_role", "role",
        _person=contacts.contact_id, _employer=contacts.account_id,
        contact_created_at=contacts.created_at, contact_left_at=contacts.left_at,
        contact_left_known_at=ibis.greatest(contacts.left_at, contacts.created_at),
    )  # fmt: skip
    # Of the same account: a person of another company who came along is nobody of this one's buying group.
    same = [rows.contact_id == people["_person"], rows.account_id == people["_employer"]]
    return rows.left_join(people, same).drop("_person", "_employer")


def _beside_content(rows: ir.Table, tables: Tables) -> ir.Table:
    if "contents" not in tables:
        return rows.mutate(funnel_level=ibis.null("string"), gated=ibis.null("boolean"))
    contents = tables["contents"]
    pieces = contents.select("funnel_level", "gated", _piece=contents.content_id)
    return rows.left_join(pieces, rows.content_id == pieces["_piece"]).drop("_piece")
