"""The part of a model card that says from which probability on a call is worth it: by capacity, and by cost."""

from __future__ import annotations

from dataclasses import dataclass

from abm_ml.labels import Label
from abm_ml.modelling.markdown import table
from abm_ml.modelling.pictures import HeldOut
from abm_ml.modelling.value import CutOff, cut_offs, threshold_by_capacity, threshold_by_cost

TITLE = "From which probability on is a call worth it?"
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a contact costs and what is at stake with an account at the median, in one currency."""

    cost_of_contact: float
    value_of_success: float
    currency: str


def cut_off_lines(label: Label, held_out: HeldOut, price: Price | None) -> list[str]:
    """What calling from a probability on would have brought on the test rows."""
    rows = len(held_out.probability)
    capacities = [int(share * rows) for share in SHARES]
    thresholds = {
        f"the best {share:.0%}": threshold_by_capacity(held_out.probability, capacity)
        for share, capacity in zip(SHARES, capacities, strict=True)
    }
    if price:
        pays = threshold_by_cost(price.cost_of_contact, price.value_of_success)
        thresholds["who pays for the call"] = pays
    thresholds["who is likelier than not"] = HALF
    found = cut_offs(held_out.happened, held_out.probability, list(thresholds.values()))
    lines = [_line(name, each) for name, each in zip(thresholds, found, strict=True)]
    heads = (
        "to call",
        "call where the probability is at least",
        "calls",
        f"of them {label.yes}",
        f"of all {label.yes}",
    )
    return [_said(price), "", *table(heads, lines)]


def _said(price: Price | None) -> str:
    said = "There is nothing special about 50 %: the cut-off follows from how many accounts can be called, or from "
    if price is None:
        return f"{said}what a call costs (`cost_of_contact` in the configuration)."
    cost, value = f"{price.cost_of_contact:,.0f} {price.currency}", f"{price.value_of_success:,.0f} {price.currency}"
    return f"{said}what a call costs: {cost}, with {value} at stake at the median. A call pays where p x value > cost."


def _line(name: str, each: CutOff) -> list[object]:
    if each.right is None or each.found is None:
        return [name, f"{each.probability:.1%}" if each.called else "", each.called, "", ""]
    return [name, f"{each.probability:.1%}", each.called, f"{each.right:.1%}", f"{each.found:.1%}"]
