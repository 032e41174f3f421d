"""How a plan looks in a terminal: what each seller covers and leaves, or the accounts of one seller in order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from abm_ml.terminal.text import line, row, table

if TYPE_CHECKING:
    from rich.console import Console

    from abm_ml.jobs.plan import PlanResult, SellerPlan
    from abm_ml.modelling.capacity import Load

_SELLERS_SHOWN, _ACCOUNTS_SHOWN = 40, 60


def plan_view(result: PlanResult, console: Console) -> None:
    """The sellers and what each leaves on the table; with one seller asked for, its accounts."""
    line(console, (f"Plan for {result.label} on {result.as_of:%Y-%m-%d}", "bold"), f", run {result.run_id}")
    if result.seller is None:
        _sellers(result, console)
        _total(result.total, result.unit, console)
        if result.caught > 0:
            caught = _amount(result.caught, result.unit)
            line(console, f"Freely shared within each territory, {caught} {result.unit} of it would be covered.")
    else:
        _accounts(result, console)
        _total(next(each.load for each in result.sellers if each.owner_id == result.seller), result.unit, console)
    _notes(result, console)
    if result.file:
        line(console, f"{len(result.rows):,} accounts are written to {result.file}.")


def _sellers(result: PlanResult, console: Console) -> None:
    numbers = ("accounts", "capacity", "taken", "expected", "covered", "left")
    listed = table(f"By seller, {result.unit}", ("seller", "territory", *numbers), right=numbers)
    for each in result.sellers[:_SELLERS_SHOWN]:
        row(listed, _who(each), each.territory, *_numbers(each, result.unit))
    console.print(listed)
    if len(result.sellers) > _SELLERS_SHOWN:
        line(console, f"... and {len(result.sellers) - _SELLERS_SHOWN:,} sellers more, who leave less.")


def _who(each: SellerPlan) -> str:
    return f"{each.owner_id} {each.name}".strip() if each.owner_id else "(no known seller)"


def _numbers(each: SellerPlan, unit: str) -> tuple[str, ...]:
    load = each.load
    counts = [f"{number:,}" for number in (load.accounts, load.capacity, load.worked)]
    return (*counts, *(_amount(value, unit) for value in (load.value, load.covered, load.left)))


def _amount(value: float, unit: str) -> str:
    """Money in whole units; what is counted with one decimal."""
    return f"{value:,.0f}" if unit.isupper() else f"{value:,.1f}"


def _accounts(result: PlanResult, console: Console) -> None:
    numbers = ("place", "probability", "expected")
    columns = ("place", "account", *numbers[1:], "taken")
    listed = table(f"The accounts of {result.seller}, {result.unit}", columns, right=numbers)
    for each in result.rows.head(_ACCOUNTS_SHOWN).itertuples():
        value = "unknown" if math.isnan(each.value) else _amount(each.value, result.unit)
        name = f"{each.name if isinstance(each.name, str) else ''} ({each.account_id})".strip()
        row(listed, str(each.place), name, f"{each.probability:.1%}", value, "yes" if each.worked else "")
    console.print(listed)


def _total(load: Load, unit: str, console: Console) -> None:
    covered, value = _amount(load.covered, unit), _amount(load.value, unit)
    told = f"{load.worked:,} of {load.accounts:,} accounts are taken: {covered} of {value} {unit} expected. "
    line(console, told, (f"Left on the table: {_amount(load.left, unit)} {unit}.", "bold"))


def _notes(result: PlanResult, console: Console) -> None:
    if result.cost is not None and result.pays_from is not None:
        line(
            console,
            f"A call costs {result.cost:,.0f} {result.unit}: accounts of which no more is expected are not taken. "
            f"At the median of what is at stake it pays from a probability of {result.pays_from:.1%} on.",
        )
    if result.unpriced:
        line(console, f"Of {result.unpriced:,} accounts nobody knows what is at stake; they come last.")
