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
    # The flag says how it is today, only the dates say how it was.
    begun = rows.program_from
    if "in_program" in terms.fixed.get("accounts", ()):
        begun = ibis.coalesce(begun, rows.in_program.ifelse(rows.created_at, None))
    rows = rows.mutate(program_begun=begun, program_ended=rows.program_to)
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


_FIRMOGRAPHICS = (
    "domain", "industry", "country", "employees", "annual_revenue", "founded_year", "technologies", "tier",
    "parent_account_id", "owner_id", "territory",
)  # fmt: skip


@_facts("engagements")
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
        changing=("amount",) if "amount" in _logged(tables, "opportunities") else (),
        order=("opportunity_id",),
    )


def _with_state(rows: ir.Table) -> ir.Table:
    return rows.mutate(
        first_started_at=rows.started_at.min().over(ibis.window(group_by=list(SPINE))),
        running=(rows.ends_at >= rows.as_of) & rows.cancelled_at.isnull(),
    )


@_facts("contracts", after_cut=_with_state)
def _contracts(tables: Tables, terms: Terms) -> Facts:
    facts = facts_of(tables, "contracts")
    rows = in_currency(facts.rows, "total_value", at="started_at", tables=tables, terms=terms)
    years = (rows.ends_at.epoch_seconds() - rows.started_at.epoch_seconds()) / (365.25 * 86_400)
    rows = rows.mutate(term_years=years, value_per_year=rows.total_value / (years > 0).ifelse(years, None))
    rows = rows.drop(*[name.partition(".")[2] for name in unusable(tables, terms) if name.startswith("contracts.")])
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
