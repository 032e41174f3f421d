"""What features read: the company's tables as rows of accounts, with what belongs to a row already beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from abm_ml.catalogue import Catalogue
from abm_ml.tables import Tables, Terms
from abm_ml.tables.money import in_currency, with_rate
from abm_ml.tables.stage_changes import numbered
from abm_ml.timeline import SPINE, Facts, facts_of

Cut = Callable[[ir.Table], ir.Table]


def _as_cut(rows: ir.Table) -> ir.Table:
    return rows


@dataclass(frozen=True, kw_only=True)
class FactSource:
    """One kind of rows: the tables it needs, how it is put together, and what is added after the cut in time."""

    name: str
    needs: tuple[str, ...]
    build: Callable[[Tables, Terms], Facts]
    after_cut: Cut = _as_cut


FACTS: Catalogue[FactSource] = Catalogue("kind of rows")


def _facts(name: str, *needs: str, after_cut: Cut = _as_cut) -> Callable[[Callable[[Tables, Terms], Facts]], None]:
    def register(build: Callable[[Tables, Terms], Facts]) -> None:
        FACTS.add(FactSource(name=name, needs=needs or (name,), build=build, after_cut=after_cut))

    return register


@_facts("accounts")
def _accounts(tables: Tables, terms: Terms) -> Facts:
    facts = facts_of(tables, "accounts")
    rows = facts.rows
    # The flag says how it is today; the dates say how it was. Without dates an account is in from its creation on.
    ever = rows.in_program | rows.program_to.notnull()
    begun = ibis.coalesce(rows.program_from, ever.ifelse(rows.created_at, None))
    rows = rows.mutate(program_begun=begun, program_ended=rows.program_to)
    own = _usable_custom(tables, terms, "accounts", "account_changes")
    rows = rows.drop(*[name for name in tables.custom("accounts") if name not in own])
    return Facts(
        name="accounts",
        rows=rows,
        known_from={"program_begun": "program_begun", "program_ended": "program_ended"},
        key="account_id",
        changes=_changes(tables, "account_changes"),
        changing=(*_FIRMOGRAPHICS, *own) if "account_changes" in tables else (),
        order=("account_id",),
    )


_FIRMOGRAPHICS = (
    "industry", "country", "employees", "annual_revenue", "founded_year", "technologies", "tier", "parent_account_id",
    "owner_id", "territory",
)  # fmt: skip


@_facts("engagements")
def _engagements(tables: Tables, terms: Terms) -> Facts:
    facts = facts_of(tables, "engagements")
    rows = facts.rows.mutate(
        points=_looked_up(facts.rows.kind, terms.engagement.points_by_kind),
        channel_class=facts.rows.channel.cases(*terms.engagement.class_by_channel.items(), else_="digital"),
        day=facts.rows.happened_at.date(),
    )
    rows = _beside_contact(rows, tables)
    rows = _beside_content(rows, tables)
    late = dict.fromkeys(("is_key", "seniority", "buying_role", "role"), "contact_created_at")
    late["contact_left_at"] = "contact_left_known_at"
    return Facts(name="engagements", rows=rows, known_from=late, order=("engagement_id",))


@_facts("contacts")
def _contacts(tables: Tables, _terms: Terms) -> Facts:
    return facts_of(tables, "contacts")


@_facts("departures", "contacts")
def _departures(tables: Tables, _terms: Terms) -> Facts:
    contacts = tables["contacts"]
    gone = contacts.filter(contacts.left_at.notnull())
    gone = gone.mutate(happened_at=gone.left_at, known_at=ibis.greatest(gone.left_at, gone.created_at))
    return Facts(name="departures", rows=gone, order=("contact_id",))


def _with_previous_stage(rows: ir.Table) -> ir.Table:
    earlier = ibis.window(group_by=list(SPINE), order_by=["happened_at", "known_at", "stage_number", "opportunity_id"])
    before = rows.stage_number.lag().over(earlier)
    since = rows.happened_at.lag().over(earlier)
    return rows.mutate(
        stage_before=before, days_before=(rows.happened_at.epoch_seconds() - since.epoch_seconds()) / 86_400
    )


@_facts("stages", "stage_changes", after_cut=_with_previous_stage)
def _stages(tables: Tables, terms: Terms) -> Facts:
    rows = numbered(facts_of(tables, "stage_changes").rows, terms)
    # A same-instant tie keeps the highest stage; two deals may enter it in one nightly load.
    return Facts(name="stages", rows=rows, order=("stage_number", "opportunity_id"))


def _in_reporting_currency(rows: ir.Table) -> ir.Table:
    return rows.mutate(amount=rows.amount * rows.rate)


@_facts("deals", "opportunities", after_cut=_in_reporting_currency)
def _deals(tables: Tables, terms: Terms) -> Facts:
    facts = facts_of(tables, "opportunities")
    rows = with_rate(facts.rows, at="opened_at", tables=tables, terms=terms)
    known_from = dict(facts.known_from)
    changes = _changes(tables, "opportunity_changes")
    fixed = terms.fixed.get("opportunities", ())
    if changes is None:
        # Nobody wrote down when it changed, so before the close today's value may be news from the future.
        late = [name for name in ("amount", *tables.custom("opportunities")) if name not in fixed]
        known_from |= dict.fromkeys(late, "closed_at")
    return Facts(
        name="deals",
        rows=rows,
        known_from=known_from,
        key="opportunity_id",
        changes=changes,
        changing=("amount", *tables.custom("opportunities")) if changes is not None else (),
        order=("opportunity_id",),
    )


@_facts("closings", "opportunities", after_cut=_in_reporting_currency)
def _closings(tables: Tables, terms: Terms) -> Facts:
    rows = with_rate(tables["opportunities"], at="opened_at", tables=tables, terms=terms)
    changes = _changes(tables, "opportunity_changes")
    closed = rows.filter(rows.closed_at.notnull())
    first = (closed.first_contact_at <= closed.closed_at).ifelse(closed.first_contact_at, closed.opened_at)
    closed = closed.mutate(
        happened_at=closed.closed_at,
        known_at=ibis.greatest(closed.closed_at, closed.opened_at),
        cycle_days=(closed.closed_at.epoch_seconds() - first.epoch_seconds()) / 86_400,
    )
    return Facts(
        name="closings",
        rows=closed,
        key="opportunity_id",
        changes=changes,
        changing=("amount",) if changes is not None else (),
        order=("opportunity_id",),
    )


def _with_first_start(rows: ir.Table) -> ir.Table:
    return rows.mutate(first_started_at=rows.started_at.min().over(ibis.window(group_by=list(SPINE))))


@_facts("contracts", after_cut=_with_first_start)
def _contracts(tables: Tables, terms: Terms) -> Facts:
    facts = facts_of(tables, "contracts")
    rows = in_currency(facts.rows, "total_value", at="started_at", tables=tables, terms=terms)
    years = (rows.ends_at.epoch_seconds() - rows.started_at.epoch_seconds()) / (365.25 * 86_400)
    rows = rows.mutate(term_years=years, value_per_year=rows.total_value / (years > 0).ifelse(years, None))
    own = _usable_custom(tables, terms, "contracts", None)
    rows = rows.drop(*[name for name in tables.custom("contracts") if name not in own])
    return Facts(name="contracts", rows=rows, known_from=facts.known_from, order=("contract_id",))


def _with_gaps(rows: ir.Table) -> ir.Table:
    """Only real orders make a rhythm; a credit note is none."""
    alike = [*SPINE, "is_credit"]
    since = rows.happened_at.lag().over(ibis.window(group_by=alike, order_by=["happened_at", "known_at", "order_id"]))
    return rows.mutate(
        gap_days=(rows.happened_at.epoch_seconds() - since.epoch_seconds()) / 86_400,
        first_at=rows.happened_at.min().over(ibis.window(group_by=alike)),
    )


@_facts("orders", after_cut=_with_gaps)
def _orders(tables: Tables, terms: Terms) -> Facts:
    facts = facts_of(tables, "orders")
    rows = in_currency(facts.rows, "amount", at="happened_at", tables=tables, terms=terms)
    rows = rows.mutate(
        is_credit=rows.kind == "credit", day=rows.happened_at.date(), month=rows.happened_at.truncate("M")
    )
    return Facts(name="orders", rows=rows, order=("order_id",))


@_facts("surveys")
def _surveys(tables: Tables, _terms: Terms) -> Facts:
    return facts_of(tables, "surveys")


def unusable_custom(tables: Tables, terms: Terms) -> tuple[str, ...]:
    """Custom columns that no feature reads: nobody said that they never change, and no table says when they did."""
    changes = {"accounts": "account_changes", "contracts": None}
    return tuple(
        f"{name}.{column}"
        for name, log in changes.items()
        for column in tables.custom(name)
        if column not in _usable_custom(tables, terms, name, log)
    )


def _usable_custom(tables: Tables, terms: Terms, name: str, changes: str | None) -> tuple[str, ...]:
    logged = changes is not None and changes in tables
    return tuple(column for column in tables.custom(name) if logged or column in terms.fixed.get(name, ()))


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
        _person=contacts.contact_id, contact_created_at=contacts.created_at, contact_left_at=contacts.left_at,
        contact_left_known_at=ibis.greatest(contacts.left_at, contacts.created_at),
    )  # fmt: skip
    return rows.left_join(people, rows.contact_id == people["_person"]).drop("_person")


def _beside_content(rows: ir.Table, tables: Tables) -> ir.Table:
    if "contents" not in tables:
        return rows.mutate(funnel_level=ibis.null("string"), gated=ibis.null("boolean"))
    contents = tables["contents"]
    pieces = contents.select("funnel_level", "gated", _piece=contents.content_id)
    return rows.left_join(pieces, rows.content_id == pieces["_piece"]).drop("_piece")
