"""What the page shows of an account besides scores: who it is, whom one knows there, what happened, what is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import ibis
import ibis.expr.types as ir

from abm_ml.jobs.stakes import known_rows
from abm_ml.jobs.workspace import Workspace
from abm_ml.kpis.joins import beside
from abm_ml.labels import standing
from abm_ml.tables import Tables
from abm_ml.timeline import SPINE, Facts, facts_of, known, newest, within

EVENTS = 200
_FACTS = (
    "name", "domain", "industry", "country", "employees", "annual_revenue", "tier", "owner_id", "territory",
    "parent_account_id", "in_program",
)  # fmt: skip
_EVENT = ("account_id", "happened_at", "kind", "channel", "side", "role", "seniority", "detail", "amount", "currency")


def account_facts(workspace: Workspace, spine: ir.Table) -> ir.Table:
    """account_id, facts as known at the spine's date, seller_name, territory, lifecycle and stage_number."""
    tables, terms = workspace.company.tables, workspace.terms
    rows = known_rows("accounts", tables, terms, spine)
    website = rows.website if "website" in rows.columns else ibis.null("string")
    facts = rows.select(*SPINE, *_FACTS, website=website)
    who = standing(tables, terms, spine).select(*SPINE, "lifecycle", "stage_number")
    return _with_seller(beside(facts, who, SPINE).drop("as_of"), tables)


def _with_seller(rows: ir.Table, tables: Tables) -> ir.Table:
    """The rows with their seller's name; where an account has no territory of its own, it is its seller's."""
    if "sellers" not in tables:
        return rows.mutate(seller_name=ibis.null("string"))
    sellers = sellers_of(tables).select("owner_id", seller_name="name", _territory="territory")
    joined = beside(rows, sellers, "owner_id")
    return joined.mutate(territory=ibis.coalesce(joined.territory, joined["_territory"])).drop("_territory")


def sellers_of(tables: Tables) -> ir.Table:
    """The sellers, each once, whatever the table says."""
    sellers = tables["sellers"]
    return sellers.group_by("owner_id").aggregate(
        name=sellers.name.max(), territory=sellers.territory.max(), capacity=sellers.capacity.max()
    )


def timeline_rows(workspace: Workspace, spine: ir.Table, *, most: int = EVENTS) -> ir.Table:
    """The newest events known of each account, the newest first (`place` from 1): one row each, and no names."""
    tables = workspace.company.tables
    parts = [make(tables, spine) for name, make in _EVENTS.items() if name in tables]
    if not parts:
        return _event(spine.mutate(happened_at=spine.as_of), kind="none").limit(0).mutate(place=ibis.literal(1))
    events = ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    # Of events at one moment all cells decide, so that the same rows stand in the same order every time.
    order = [ibis.desc(events.happened_at), *[events[name] for name in _EVENT[2:]]]
    place = ibis.row_number().over(ibis.window(group_by="account_id", order_by=order)) + 1
    return events.mutate(place=place).filter(lambda rows: rows.place <= most)


def buying_group(workspace: Workspace, spine: ir.Table) -> ir.Table:
    """Per account, role and seniority: the people known, those who engaged in the window, and those who are key."""
    tables, days = workspace.company.tables, workspace.terms.engagement.window_days
    people = known(facts_of(tables, "contacts"), spine)
    people = people.filter(people.left_at.isnull())
    if "engagements" in tables:
        acts = known(facts_of(tables, "engagements"), spine)
        acts = acts.filter(within(acts, days), acts.contact_id.notnull())
        active = acts.select("account_id", "contact_id", is_active=ibis.literal(True)).distinct()
        people = beside(people, active, ("account_id", "contact_id"))
    else:
        people = people.mutate(is_active=ibis.literal(False))
    people = people.mutate(
        role=ibis.coalesce(people.buying_role, people.role, ""), seniority=people.seniority.fill_null("")
    )
    return people.group_by("account_id", "role", "seniority").aggregate(
        known=people.count(),
        engaged=people.is_active.fill_null(False).sum().cast("int64"),
        key_people=people.is_key.sum().cast("int64"),
    )


def open_deals(workspace: Workspace, spine: ir.Table) -> ir.Table:
    """The deals that are open on the date, with their amount as known then and the stage that they entered last."""
    tables = workspace.company.tables
    deals = known(deal_facts(tables), spine)
    deals = deals.filter(deals.closed_at.isnull())
    stages = _stage_of_deal(tables, spine)
    rows = deals.mutate(stage=ibis.null("string")) if stages is None else beside(deals, stages, "opportunity_id")
    return rows.select(
        "account_id", "opportunity_id", "kind", "opened_at", "amount", "currency", "stage", "owner_id"
    )  # fmt: skip


def deal_facts(tables: Tables) -> Facts:
    """Deals with the changes of their amount, where there is a record of them."""
    facts = facts_of(tables, "opportunities")
    if "opportunity_changes" in tables:
        changes = tables["opportunity_changes"]
        return replace(facts, key="opportunity_id", changes=changes, changing=("amount",))
    return facts


def _stage_of_deal(tables: Tables, spine: ir.Table) -> ir.Table | None:
    if "stage_changes" not in tables:
        return None
    moves = known(facts_of(tables, "stage_changes"), spine)
    moves = moves.filter(moves.opportunity_id.notnull())
    return newest(moves, "opportunity_id", "stage").select("opportunity_id", "stage")


def _event(rows: ir.Table, *, kind: str | ir.Value, **cells: ir.Value) -> ir.Table:
    """Rows as events; cells that are not named are empty."""
    types = {"amount": "float64"}
    empty = {name: ibis.null(types.get(name, "string")) for name in _EVENT[3:]}
    told = {**empty, **cells, "kind": ibis.literal(kind) if isinstance(kind, str) else kind}
    return rows.select("account_id", "happened_at", **told).select(*_EVENT)


def _engagements(tables: Tables, spine: ir.Table) -> ir.Table:
    rows = known(facts_of(tables, "engagements"), spine)
    seen = {name: rows[name] for name in ("channel", "side")}
    if "contacts" not in tables:
        return _event(rows, kind=rows.kind, **seen)
    people = known(facts_of(tables, "contacts"), spine)
    role = ibis.coalesce(people.buying_role, people.role)
    people = people.select("account_id", "contact_id", "seniority", role=role)
    rows = beside(rows, people, ("account_id", "contact_id"))
    return _event(rows, kind=rows.kind, role=rows.role, seniority=rows.seniority, **seen)


def _stages(tables: Tables, spine: ir.Table) -> ir.Table:
    rows = known(facts_of(tables, "stage_changes"), spine)
    return _event(rows, kind="stage_entered", detail=rows.stage)


def _deals(tables: Tables, spine: ir.Table) -> ir.Table:
    rows = known(deal_facts(tables), spine)
    about = {"detail": rows.kind, "amount": rows.amount, "currency": rows.currency}
    opened = _event(rows, kind="deal_opened", **about)
    closed = rows.filter(rows.closed_at.notnull()).mutate(happened_at=rows.closed_at)
    ending = ibis.cases((closed.outcome == "won", "deal_won"), else_="deal_lost")
    told = {"detail": closed.kind, "amount": closed.amount, "currency": closed.currency}
    return opened.union(_event(closed, kind=ending, **told))


def _contracts(tables: Tables, spine: ir.Table) -> ir.Table:
    rows = known(facts_of(tables, "contracts"), spine)
    begun = _event(rows, kind="contract_started", amount=rows.total_value, currency=rows.currency)
    ended = rows.filter(rows.cancelled_at.notnull()).mutate(happened_at=rows.cancelled_at)
    return begun.union(_event(ended, kind="contract_cancelled"))


def _orders(tables: Tables, spine: ir.Table) -> ir.Table:
    rows = known(facts_of(tables, "orders"), spine)
    return _event(rows, kind="order", detail=rows.kind, amount=rows.amount, currency=rows.currency)


def _surveys(tables: Tables, spine: ir.Table) -> ir.Table:
    rows = known(facts_of(tables, "surveys"), spine)
    rows = rows.filter(rows.answered_at.notnull()).mutate(happened_at=rows.answered_at)
    score = rows.score.round().cast("int64").cast("string")
    return _event(rows, kind="survey_answered", detail=ibis.coalesce(rows.kind + " " + score, rows.kind))


_EVENTS: Mapping[str, Callable[[Tables, ir.Table], ir.Table]] = {
    "engagements": _engagements,
    "stage_changes": _stages,
    "opportunities": _deals,
    "contracts": _contracts,
    "orders": _orders,
    "surveys": _surveys,
}
