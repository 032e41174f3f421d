"""What if? An account with rows that did not happen, and what the model then says of it.

That is what accounts with such rows used to do: an association, no promise of what the rows would cause.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from abm_ml.engines import Engine
from abm_ml.modelling.inputs import Feature
from abm_ml.reasons.contributions import Floats
from abm_ml.reasons.scenarios import Person, Scenario
from abm_ml.tables import Tables
from abm_ml.timeline import SPINE, facts_of, known, within

AS_IT_IS = 0  # the number of the scenario that supposes nothing
NOBODY = -1
_ROWS = pa.schema(
    [
        *[pa.field(name, pa.int64()) for name in ("scenario", "number", "person", "turn")],
        *[pa.field(name, pa.string()) for name in ("kind", "channel", "side")],
        pa.field("happened_at", pa.timestamp("us")),
    ]
)
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """Some accounts, copied once per scenario, and once as they are.

    `copies` has copy (its own id), account_id, as_of and scenario (its number, from 1; AS_IT_IS supposes nothing); in
    `tables` the rows of engagements and contacts bear the ids of copies.
    """

    tables: Tables
    copies: ir.Table


def supposed(
    tables: Tables, spine: ir.Table, scenarios: Sequence[Scenario], *, window_days: int, engine: Engine
) -> Supposed:
    """The accounts of a spine (account_id, one as_of), each with the rows of each scenario added to a copy of its log.

    Who takes part in a row is chosen among those known at the account: first those who did not engage within
    `window_days`.
    """
    numbers = engine.register(pa.table({"scenario": pa.array(range(len(scenarios) + 1), pa.int64())}))
    copies = spine.select(*SPINE).cross_join(numbers)
    copies = engine.store(copies.mutate(copy=copies.account_id + "#" + copies.scenario.cast("string")))
    as_of = engine.compute(spine.aggregate(as_of=spine.as_of.max()))["as_of"][0].as_py()
    people = list(dict.fromkeys(row.person for each in scenarios for row in each.rows if row.person))
    added = copies.inner_join(engine.register(_rows(scenarios, people, as_of)), "scenario")
    changed: dict[str, ir.Table] = {}
    if "contacts" in tables:
        added = engine.store(_with_people(added, _candidates(tables, spine, people, window_days)))
        changed["contacts"] = _copied(tables["contacts"], copies).union(
            _shaped(_new_people(added.filter(added.is_new), people), tables["contacts"])
        )
    told = added.mutate(
        account_id=added.copy,
        engagement_id=added.copy + "/" + added.number.cast("string"),
        known_at=added.happened_at,
    )
    log = tables["engagements"]
    changed["engagements"] = _copied(log, copies).union(_shaped(told, log))
    return Supposed(tables=Tables({**tables, **changed}), copies=copies)


def is_inside(features: Sequence[Feature], own: Floats, others: Floats) -> NDArray[np.bool_]:
    """Whether rows as a model reads them move within what training saw, shape (n,); `own` are the same rows unmoved.

    What does not move may lie anywhere: the score as it is rests on it, too.
    """
    low, high = np.array([(feature.low, feature.high) for feature in features], dtype=np.float64).T
    moved = (others != own) & ~(np.isnan(others) & np.isnan(own))
    beyond: NDArray[np.bool_] = (moved & ((others < low) | (others > high))).any(axis=1)
    return ~beyond


def _rows(scenarios: Sequence[Scenario], people: Sequence[Person], as_of: dt.datetime) -> pa.Table:
    """The rows of every scenario: which kind of person takes part (its place in `people`), and the how manieth."""
    found: list[dict[str, object]] = []
    for scenario, each in enumerate(scenarios, 1):
        turns = dict.fromkeys(people, 0)
        for row in each.rows:
            for time in range(row.times):
                if row.person:
                    turns[row.person] += 1
                found.append(
                    {
                        "scenario": scenario,
                        "number": len(found),
                        "person": people.index(row.person) if row.person else NOBODY,
                        "turn": turns[row.person] if row.person else 0,
                        **row.model_dump(include={"kind", "channel", "side"}),
                        "happened_at": as_of - (row.days_ago + time) * _DAY,
                    }
                )
    return pa.Table.from_pylist(found, schema=_ROWS)


def _candidates(tables: Tables, spine: ir.Table, people: Sequence[Person], window_days: int) -> ir.Table:
    """For each kind of person those known at the account, by `turn`: first those who did not engage in the window."""
    contacts = known(facts_of(tables, "contacts"), spine)
    contacts = contacts.filter(contacts.left_at.isnull())
    acts = known(facts_of(tables, "engagements"), spine)
    active = acts.filter(within(acts, window_days)).select("account_id", "contact_id", _seen=True).distinct()
    joined = contacts.left_join(active, ["account_id", "contact_id"])
    joined = joined.mutate(is_active=joined["_seen"].fill_null(False))
    none = {name: ibis.literal(0, "int64") for name in ("person", "turn")}
    parts = [joined.select("account_id", "contact_id", **none).limit(0)]
    for number, person in enumerate(people):
        fits = [joined[name] == value for name, value in person.cells.items()]
        fits += [] if person.engaged is None else [joined.is_active == person.engaged]
        theirs = joined.filter(*fits) if fits else joined
        turn = ibis.row_number().over(ibis.window(group_by="account_id", order_by=["is_active", "contact_id"])) + 1
        parts.append(theirs.select("account_id", "contact_id", person=ibis.literal(number, "int64"), turn=turn))
    return ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]


def _with_people(added: ir.Table, candidates: ir.Table) -> ir.Table:
    """The rows with the person who takes part; where the account has nobody such, somebody new."""
    names = ("account_id", "person", "turn")
    joined = added.left_join(candidates, list(names))
    joined = joined.drop(*[name for each in names if (name := f"{each}_right") in joined.columns])
    is_new = (joined.person != NOBODY) & joined.contact_id.isnull()
    someone = joined.copy + "/new " + joined.number.cast("string")
    return joined.mutate(is_new=is_new, contact_id=is_new.ifelse(someone, joined.contact_id))


def _new_people(rows: ir.Table, people: Sequence[Person]) -> ir.Table:
    """The contacts that nobody knows yet, from the day before their row on."""

    def told(cell: str, kind: str) -> ir.Value:
        values = [(rows.person == n, p.cells[cell]) for n, p in enumerate(people) if cell in p.cells]
        return ibis.cases(*values, else_=None).cast(kind) if values else ibis.null(kind)

    return rows.mutate(
        account_id=rows.copy,
        created_at=rows.happened_at - ibis.interval(days=1),
        is_key=told("is_key", "boolean").fill_null(False),
        buying_role=told("buying_role", "string"),
        seniority=told("seniority", "string"),
    )


def _copied(table: ir.Table, copies: ir.Table) -> ir.Table:
    """The rows of the accounts, once for each of their copies."""
    joined = table.inner_join(copies.select("account_id", "copy"), "account_id")
    return joined.mutate(account_id=joined.copy).select(*table.columns)


def _shaped(rows: ir.Table, like: ir.Table) -> ir.Table:
    """The rows with the columns of a table; what nobody says is empty."""
    types = like.schema()
    return rows.select(
        **{
            name: rows[name].cast(kind) if name in rows.columns else ibis.null(kind)
            for name, kind in types.items()
        }
    )  # fmt: skip
