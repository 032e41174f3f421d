"""What a KPI report sees: a company as known at one date, its rows placed in periods, who each account was in each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from abm_ml import standing
from abm_ml.engines import Engine
from abm_ml.kpis.joins import beside
from abm_ml.tables import TABLES, Tables, Terms
from abm_ml.tables.money import in_currency
from abm_ml.timeline import Period, facts_of, known, looking_back, newest, placed

SIZE_BANDS = ((1, "1-9"), (10, "10-49"), (50, "50-249"), (250, "250-999"), (1000, "1000-4999"), (5000, "5000+"))
_AMOUNTS = {"contracts": "total_value", "orders": "amount", "costs": "amount"}
_CHANGING = ("tier", "industry", "employees", "country", "owner_id", "is_target", "in_tam")


@dataclass(frozen=True)
class Seen:
    """A company's rows for a KPI report, as known at `as_of`, over periods that do not overlap.

    `scores` are published probabilities (account_id, label, probability), None without a model; `churn_days` is the
    horizon of churn among them.
    """

    company: Tables
    terms: Terms
    as_of: dt.datetime
    periods: tuple[Period, ...]
    engine: Engine
    scores: ir.Table | None = None
    churn_days: int = 180

    @cached_property
    def tables(self) -> Tables:
        """The tables as known at `as_of`, with money in the reporting currency at the rate of each event's date."""
        seen = dict(looking_back(self.company, self.as_of))
        for name, amount in _AMOUNTS.items():
            if name in seen:
                when = str(TABLES[name].happened_at)
                seen[name] = in_currency(seen[name], amount, at=when, tables=self.company, terms=self.terms)
        if "opportunities" in seen:
            seen["opportunities"] = self._deals(seen["opportunities"])
        return Tables(seen)

    def _deals(self, deals: ir.Table) -> ir.Table:
        """The deals with their newest known amount; a closed one counts at the rate of its closing."""
        if "opportunity_changes" in self.company:
            deals = _newest_amount(deals, looking_back(self.company, self.as_of)["opportunity_changes"])
        deals = deals.mutate(priced_at=ibis.coalesce(deals.closed_at, deals.opened_at))
        return in_currency(deals, "amount", at="priced_at", tables=self.company, terms=self.terms)

    def __contains__(self, table: str) -> bool:
        """Whether the company has a table."""
        return table in self.company

    def says_nothing(self, table: str, column: str) -> bool:
        """Whether a table has rows, and none of them says anything in a column: the source does not have it."""
        if (table, column) not in self._silent:
            rows = self.company[table]
            found = self.engine.compute(rows.aggregate(rows=rows.count(), told=rows[column].count())).to_pylist()[0]
            self._silent[table, column] = found["rows"] > 0 and found["told"] == 0
        return self._silent[table, column]

    @cached_property
    def _silent(self) -> dict[tuple[str, str], bool]:
        return {}

    def placed(self, rows: ir.Table, time: str = "happened_at") -> ir.Table:
        """The rows whose `time` lies in a period, with `period`, its place."""
        return placed(rows, time, [(period.begin, period.end) for period in self.periods])

    def placed_before(self, rows: ir.Table, time: str = "happened_at") -> ir.Table:
        """The rows whose `time` lies in the span before a period, with `period`, the place of that later period."""
        parts = [placed(rows, time, [(each.begin_before, each.end_before)]) for each in self.periods]
        numbered = [part.mutate(period=ibis.literal(place, "int64")) for place, part in enumerate(parts)]
        return ibis.union(*numbered) if len(numbered) > 1 else numbered[0]

    @cached_property
    def spans(self) -> ir.Table:
        """One row per period: `period`, `begin`, `end`."""
        return self._times({"begin": [each.begin for each in self.periods], "end": [each.end for each in self.periods]})

    def _times(self, columns: dict[str, Sequence[dt.datetime]]) -> ir.Table:
        arrays = {name: pa.array(times, pa.timestamp("us")) for name, times in columns.items()}
        places = pa.array(range(len(self.periods)), pa.int64())
        return self.engine.register(pa.table({"period": places, **arrays}))

    def with_program(self, rows: ir.Table, at: str = "happened_at") -> ir.Table:
        """The rows with `program`: whether their account was in or out of the program at the time in column `at`."""
        joined = beside(rows, self.membership, "account_id")
        inside = (joined["_begun"] <= joined[at]) & (joined["_ended"].isnull() | (joined[at] < joined["_ended"]))
        program = inside.fill_null(False).ifelse("in", "out")
        return joined.mutate(program=program).drop("_begun", "_ended")

    @cached_property
    def membership(self) -> ir.Table:
        """account_id, and since and until when it is in the program (`_begun`, `_ended`).

        The dates of the program decide. An account marked as inside without any date is inside from its creation on;
        a date that lies ahead says that the mark does not hold yet.
        """
        dated = self.company["accounts"].select("account_id", _dated=self.company["accounts"].program_from.notnull())
        accounts = beside(self.tables["accounts"], dated, "account_id")
        marked = accounts.in_program & ~accounts["_dated"]
        begun = ibis.coalesce(accounts.program_from, marked.ifelse(accounts.created_at, None))
        return self.engine.store(accounts.select("account_id", _begun=begun, _ended=accounts.program_to))

    @cached_property
    def standing(self) -> ir.Table:
        """Who each account was in each period; one row per account and period from the account's creation on.

        account_id, period, created_at, the columns of the account cuts, is_target, in_tam, lifecycle_end (when the
        period ended), in_program (in or out when the period ended), in_program_begin (when it began).
        """
        ends = self._account_periods("end")
        facts = facts_of(self.tables, "accounts")
        if "account_changes" in self.tables:
            changes = self.tables["account_changes"]
            facts = replace(facts, key="account_id", changes=changes, changing=_CHANGING)
        rows = known(facts, ends)
        rows = rows.select(
            "account_id", "as_of", "created_at", "tier", "industry", "country", "is_target", "in_tam",
            owner=rows.owner_id, size_band=_band(rows.employees), cohort=_quarter(rows.program_from),
        )  # fmt: skip
        rows = rows.inner_join(ends, ["account_id", "as_of"])
        # Whoever enters at the very moment at which a period ends was not in the program in it; whoever leaves, was.
        rows = rows.mutate(last_moment=rows.as_of - ibis.interval(microseconds=1))
        rows = self.with_program(rows, at="last_moment").rename(in_program="program").drop("last_moment")
        rows = self._with_lifecycle(rows, "end", "lifecycle_end")
        rows = self._with_lifecycle(rows, "begin", "lifecycle")
        rows = self._with_stage(rows)
        rows = rows.inner_join(self.spans.select("period", "begin"), "period")
        rows = self.with_program(rows, at="begin").rename(in_program_begin="program")
        return self.engine.store(rows.drop("as_of", "begin"))

    def with_standing(self, rows: ir.Table, *columns: str, **renamed: str) -> ir.Table:
        """The rows with columns of `standing`; an account that came later is no target and out of the program."""
        who = self.standing.select("account_id", "period", *columns, **renamed)
        joined = beside(rows, who, ["account_id", "period"])
        nothing = {"is_target": False, "in_program": "out", "in_program_begin": "out"}
        names = {name: name for name in columns} | renamed
        return joined.mutate(
            **{name: joined[name].fill_null(nothing[source]) for name, source in names.items() if source in nothing}
        )

    def _account_periods(self, moment: str) -> ir.Table:
        """account_id, period, as_of: that moment of each period at which the account existed."""
        accounts = self.tables["accounts"].select("account_id", "created_at")
        pairs = accounts.cross_join(self.spans.select("period", as_of=self.spans[moment]))
        return pairs.filter(pairs.created_at < pairs.as_of).select("account_id", "period", "as_of")

    def _with_lifecycle(self, rows: ir.Table, moment: str, name: str) -> ir.Table:
        dates = self.engine.store(self._account_periods(moment))
        who = standing.lifecycle(self.tables, dates, self.terms.client_days)
        who = dates.inner_join(who, ["account_id", "as_of"]).select("account_id", "period", **{name: who.lifecycle})
        joined = beside(rows, who, ["account_id", "period"])
        return joined.mutate(**{name: joined[name].fill_null("none")})

    def _with_stage(self, rows: ir.Table) -> ir.Table:
        dates = self.engine.store(self._account_periods("begin"))
        last = standing.stage(self.tables, dates, self.terms)
        last = dates.inner_join(last, ["account_id", "as_of"]).select("account_id", "period", "stage_number")
        joined = beside(rows, last, ["account_id", "period"])
        names = [(float(place), name) for place, name in enumerate(self.terms.funnel, 1)]
        return joined.mutate(stage=joined.stage_number.cases(*names, else_=None)).drop("stage_number")


def _newest_amount(deals: ir.Table, changes: ir.Table) -> ir.Table:
    amounts = changes.filter(changes["column"] == "amount")
    last = newest(amounts, "opportunity_id", "value")
    last = last.select("opportunity_id", _changed=ibis.literal(True), _amount=last.value.try_cast("float64"))
    joined = beside(deals, last, "opportunity_id")
    amount = joined["_changed"].fill_null(False).ifelse(joined["_amount"], joined.amount)
    return joined.mutate(amount=amount).drop("_changed", "_amount")


def _band(employees: ir.IntegerValue) -> ir.StringValue:
    falling = [(employees >= floor, name) for floor, name in reversed(SIZE_BANDS)]
    return ibis.cases(*falling, else_=None)


def _quarter(time: ir.TimestampValue) -> ir.StringValue:
    return time.year().cast("string") + "Q" + time.quarter().cast("string")
