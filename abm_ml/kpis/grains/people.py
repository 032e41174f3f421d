"""Grains of coverage: each account's people."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.kpis.base import grain
from abm_ml.kpis.grains.touches import points_of
from abm_ml.kpis.joins import beside
from abm_ml.kpis.seen import Seen

# The roles that a buying group needs, and the fields that make an account and a contact complete.
REQUIRED_ROLES = ("decision_maker", "influencer", "user", "champion")
ACCOUNT_FIELDS = ("domain", "industry", "country", "employees", "annual_revenue", "technologies")
CONTACT_FIELDS = ("role", "seniority", "buying_role")
_TWO_WAY = ("call", "meeting", "email_reply")
_KEYS = ("account_id", "period")
_REACHED = ("engaged_key_contacts", "exposed", "covered", "covered_and_reached")


def two_way(touches: ir.Table) -> ir.BooleanValue:
    """Whether a touch is a two-way sales contact: sales and the customer talked, met or wrote."""
    return (touches.side == "sales") & touches.kind.isin(_TWO_WAY)


@grain(needs=("contacts",))
def buying_groups(seen: Seen) -> ir.Table:
    """One account in a period: how many of its people are known, who they are, and how many were reached.

    People are the contacts created before the period's end. Those who left by then count, but not as `present`, nor
    in `roles`, `levels`, `champions` and `blockers`. `fields` are to be filled, `filled` are.
    """
    groups = _by_account(seen)
    own = _account_fields(seen)
    pairs = ibis.union(own.select(*_KEYS), groups.select(*_KEYS), distinct=True)
    rows = beside(beside(pairs, groups, _KEYS), own, _KEYS)
    counts = [name for name in (*groups.columns, *own.columns) if name not in pairs.columns]
    rows = rows.mutate(**{name: rows[name].fill_null(0) for name in counts})
    rows = rows.mutate(
        fields=rows.own_fields + len(CONTACT_FIELDS) * rows.contacts, filled=rows.own_filled + rows.contacts_filled
    ).drop("own_fields", "own_filled", "contacts_filled")
    return seen.with_standing(rows, "is_target", program="in_program")


def _by_account(seen: Seen) -> ir.Table:
    """The people of each account in a period; null where nothing was done with any of them."""
    people = _people(seen)
    here = people.filter(people.present, people.seniority.notnull())
    levels = here.select(*_KEYS, "seniority").distinct().group_by(*_KEYS).aggregate(levels=lambda row: row.count())
    groups = beside(_who(people), levels, _KEYS)
    if "engagements" not in seen:
        return groups.mutate(**dict.fromkeys(_REACHED, ibis.literal(0)))
    return beside(groups, _reached(seen), _KEYS)


def _people(seen: Seen) -> ir.Table:
    """One contact in a period before whose end it was created."""
    contacts = seen.tables["contacts"]
    # What does not change from period to period is computed once for all of them.
    contacts = seen.engine.store(
        contacts.select(
            "account_id", "is_key", "created_at", "left_at",
            filled=_number_filled([contacts[name] for name in CONTACT_FIELDS]),
            seniority=_says(contacts.seniority).ifelse(contacts.seniority, None),
            **{role: (contacts.buying_role == role).fill_null(False) for role in (*REQUIRED_ROLES, "blocker")},
        )
    )  # fmt: skip
    pairs = contacts.cross_join(seen.spans.select("period", "end"))
    pairs = pairs.filter(pairs.created_at < pairs.end)
    return pairs.mutate(present=~(pairs.left_at < pairs.end).fill_null(False)).drop("created_at", "left_at", "end")


def _who(people: ir.Table) -> ir.Table:
    here = people.present
    return people.group_by(*_KEYS).aggregate(
        contacts=people.count(),
        contacts_filled=people.filled.sum(),
        key_contacts=people.is_key.sum(),
        present=here.sum(),
        roles=sum((here & people[role]).any().cast("int64") for role in REQUIRED_ROLES),
        champions=(here & people.champion).sum(),
        blockers=(here & people.blocker).sum(),
    )


def _reached(seen: Seen) -> ir.Table:
    """How many people of each account engaged or were reached in a period before whose end they were created."""
    contacts = seen.tables["contacts"].select("contact_id", "account_id", "is_key", "created_at")
    rows = _by_contact(seen).inner_join(contacts, "contact_id").inner_join(seen.spans.select("period", "end"), "period")
    rows = rows.filter(rows.created_at < rows.end)
    numbers = (rows.is_key & rows.engaged, rows.exposed, rows.covered, rows.covered & rows.reached)
    return rows.group_by(*_KEYS).aggregate(**{name: each.sum() for name, each in zip(_REACHED, numbers, strict=True)})


def _by_contact(seen: Seen) -> ir.Table:
    touches = seen.tables["engagements"]
    rows = seen.placed(touches.filter(touches.contact_id.notnull()))
    return rows.group_by("contact_id", "period").aggregate(
        engaged=(points_of(rows, seen.terms) > 0).any(),
        exposed=rows.content_id.notnull().any(),
        covered=(rows.side == "marketing").any(),
        reached=two_way(rows).any(),
    )


def _account_fields(seen: Seen) -> ir.Table:
    """How many fields each account has to fill and has filled, as it stood when the period ended."""
    never_changed = seen.tables["accounts"].select("account_id", "domain", "annual_revenue", "technologies")
    # Who has employees has a size band; 0 of them stands for an unknown number.
    rows = seen.standing.select("account_id", "period", "industry", "country", employees="size_band")
    rows = beside(rows, never_changed, "account_id")
    return rows.select(
        "account_id",
        "period",
        own_fields=ibis.literal(len(ACCOUNT_FIELDS)),
        own_filled=_number_filled([rows[name] for name in ACCOUNT_FIELDS]),
    )


def _number_filled(fields: list[ir.Value]) -> ir.IntegerValue:
    number: ir.IntegerValue = ibis.literal(0)
    for field in fields:
        number += _says(field).ifelse(1, 0)
    return number


def _says(field: ir.Value) -> ir.BooleanValue:
    """Whether a field says something; white space says nothing."""
    return (field.cast("string").strip() != "").fill_null(False)
