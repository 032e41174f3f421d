"""Grains of the market: what each account has bought, and what it may still buy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from abm_ml.kpis.base import grain
from abm_ml.kpis.grains.money import years_between
from abm_ml.kpis.joins import beside
from abm_ml.kpis.seen import Seen
from abm_ml.tables.money import MONEY

# For how many years ahead it is told what can be obtained.
HORIZONS = (1, 2, 3)
TRACKED = ("target", "prospect", "client")
# Below so many, a tier's own rate says less than that of all accounts.
_FEWEST = 10
_YEAR_DAYS = 365
_KEYS = ("account_id", "period")
_CONTRACT_SUMS = ("acv_running", "running", "acv_ever", "ever", "held", "kept")
_DEAL_SUMS = ("open_amount", "won", "closed", "won_amount", "sized", "newly_won")
_SALE_SUMS = ("revenue", "sales")


@grain(needs=())
def market(seen: Seen) -> ir.Table:
    """One account when a period ended: what it has bought by then, and what it may bring within 1, 2 and 3 years."""
    rows = seen.engine.store(_counted(seen))
    rows = _with_rates(rows)
    rows = _with_model(rows, seen)
    worth = {}
    for years in HORIZONS:
        worth[f"rules_{years}"] = _expected(rows, rows.wins, rows.stays, years)
        model_stays = ibis.coalesce(rows.model_stays, rows.stays)
        worth[f"worth_{years}"] = _expected(rows, ibis.coalesce(rows.model_wins, rows.wins), model_stays, years)
    # Without deals and without contracts nothing is known, which is not nothing.
    told = "opportunities" in seen or "contracts" in seen
    worth = {name: value if told else ibis.null("float64") for name, value in worth.items()}
    bought = ("acv_running", "running", "acv_ever", "ever", "revenue", "sales")
    return rows.select(*_KEYS, "program", "in_tam", "lifecycle_end", *bought, **worth)


def _counted(seen: Seen) -> ir.Table:
    """Every account and period with what was counted of it; 0 where there is nothing."""
    found = [_contracts(seen), _deals(seen), _sales(seen)]
    keys = [seen.standing.select(*_KEYS), *(rows.select(*_KEYS) for rows in found if rows is not None)]
    rows = ibis.union(*keys, distinct=True) if len(keys) > 1 else keys[0]
    rows = seen.with_standing(rows, "in_tam", "lifecycle_end", program="in_program", segment="tier")
    for each, sums in zip(found, (_CONTRACT_SUMS, _DEAL_SUMS, _SALE_SUMS), strict=True):
        if each is None:
            rows = rows.mutate(**dict.fromkeys(sums, ibis.literal(0.0)))
        else:
            rows = beside(rows, each, _KEYS)
            rows = rows.mutate(**{name: rows[name].fill_null(0.0) for name in sums})
    asked = rows.lifecycle_end.isin(("target", "client")).fill_null(False)
    return rows.mutate(asked=asked.cast("float64"), segment=rows.segment.fill_null("unknown"))


def _before_ends(rows: ir.Table, time: str, seen: Seen) -> ir.Table:
    """Every row once per period before whose end its `time` lies, with `end` and `year_ago`, a year before it."""
    pairs = rows.cross_join(seen.spans.select("period", "end"))
    pairs = pairs.filter(pairs[time] < pairs.end)
    return pairs.mutate(year_ago=pairs.end - ibis.interval(days=_YEAR_DAYS))


def _contracts(seen: Seen) -> ir.Table | None:
    """Per account and period: yearly values and numbers of running and of all contracts, and who stayed a year."""
    if "contracts" not in seen:
        return None
    rows = _before_ends(seen.tables["contracts"], "started_at", seen)
    running, ran = _running(rows, rows.end), _running(rows, rows.year_ago)
    rows = rows.mutate(acv=rows.total_value / years_between(rows.started_at, rows.ends_at).nullif(0.0))
    found = rows.group_by(_KEYS).aggregate(
        acv_running=_sum(rows.acv, running),
        running=rows.acv.count(where=running).cast("float64"),
        acv_ever=_sum(rows.acv),
        ever=rows.acv.count().cast("float64"),
        held=ran.any().cast("float64"),
        kept=(ran.any() & running.any()).cast("float64"),
    )
    return found.select(*_KEYS, *_CONTRACT_SUMS)


def _running(rows: ir.Table, when: Any) -> ir.BooleanValue:
    uncancelled = rows.cancelled_at.isnull() | (rows.cancelled_at >= when)
    return (rows.started_at < when) & (rows.ends_at >= when) & uncancelled


def _deals(seen: Seen) -> ir.Table | None:
    """Per account and period: what is open, what was won and lost, and what was newly won in the last year."""
    if "opportunities" not in seen:
        return None
    rows = _before_ends(seen.tables["opportunities"], "opened_at", seen)
    is_closed = (rows.closed_at < rows.end).fill_null(False)
    is_won = is_closed & (rows.outcome == "won").fill_null(False)
    is_new = is_won & (rows.kind == "new") & (rows.closed_at >= rows.year_ago)
    found = rows.group_by(_KEYS).aggregate(
        open_amount=_sum(rows.amount, ~is_closed),
        won=is_won.sum().cast("float64"),
        closed=(is_closed & rows.outcome.notnull()).sum().cast("float64"),
        won_amount=_sum(rows.amount, is_won),
        sized=rows.amount.count(where=is_won).cast("float64"),
        newly_won=is_new.sum().cast("float64"),
    )
    return found.select(*_KEYS, *_DEAL_SUMS)


def _sales(seen: Seen) -> ir.Table | None:
    """Per account and period: revenue ever, and the number of orders that it came from (without orders: won deals)."""
    if "orders" not in seen:
        deals = _deals(seen)
        return None if deals is None else deals.select(*_KEYS, revenue="won_amount", sales="sized")
    rows = _before_ends(seen.tables["orders"], "happened_at", seen)
    sales = (rows.kind != "credit").sum().cast("float64")
    return rows.group_by(_KEYS).aggregate(revenue=_sum(rows.amount), sales=sales)


def _with_rates(rows: ir.Table) -> ir.Table:
    """The rows with what usually happens in their segment: wins, stays, new deals a year and the size of a deal."""
    names = ("won", "closed", "kept", "held", "newly_won", "asked", "won_amount", "sized")
    sums = rows.group_by("period", "segment").aggregate(**{name: _sum(rows[name]) for name in names})
    rates = sums.select(
        "period",
        "segment",
        wins=_rate(sums, "won", "closed").fill_null(0.0),
        stays=_rate(sums, "kept", "held").fill_null(1.0),
        comes=_rate(sums, "newly_won", "asked").fill_null(0.0),
        size=_rate(sums, "won_amount", "sized").fill_null(0.0),
    )
    return beside(rows, rates, ("period", "segment"))


def _rate(sums: ir.Table, part: str, whole: str) -> ir.FloatingValue:
    """One sum by another: the segment's own where it rests on enough, else that of all; null of none."""
    enough = sums[whole] >= _FEWEST
    everybody = ibis.window(group_by="period")
    above, below = (enough.ifelse(sums[name], _sum(sums[name]).over(everybody)) for name in (part, whole))
    rate: ir.FloatingValue = above / below.nullif(0.0)
    return rate


def _with_model(rows: ir.Table, seen: Seen) -> ir.Table:
    """The rows with the published probabilities of winning and of staying a year; of the last period only."""
    if seen.scores is None:
        return rows.mutate(model_wins=ibis.null("float64"), model_stays=ibis.null("float64"))
    scores = seen.scores
    found = scores.group_by("account_id").aggregate(
        model_wins=scores.probability.max(where=scores.label == "win"),
        _churns=scores.probability.max(where=scores.label == "churn"),
    )
    stays = (1.0 - found["_churns"]) ** (_YEAR_DAYS / seen.churn_days)
    last = ibis.literal(len(seen.periods) - 1, "int64")
    return beside(rows, found.select("account_id", "model_wins", model_stays=stays, period=last), _KEYS)


def _expected(rows: ir.Table, wins: Any, stays: Any, years: int) -> ir.FloatingValue:
    """The revenue to be expected of each account within so many years; 0 of an untracked one."""
    staying: Sequence[Any] = [stays**year for year in range(1, years + 1)]
    comes = (rows.lifecycle_end == "target").ifelse(rows.comes * rows.size * years, 0.0)
    worth = rows.open_amount * wins + rows.acv_running * sum(staying[1:], staying[0]) + comes
    tracked: ir.FloatingValue = rows.lifecycle_end.isin(TRACKED).fill_null(False).ifelse(worth, 0.0)
    return tracked


def _sum(numbers: ir.Value, where: Any = None) -> ir.FloatingValue:
    """A sum that does not depend on the order of rows."""
    found: ir.FloatingValue = numbers.cast(MONEY).sum(where=where).cast("float64")
    return found
