"""The part of a model card that shows whether its probabilities come true: a table and a drawing, tenth by tenth."""

from __future__ import annotations

from abm_ml.modelling.markdown import table
from abm_ml.modelling.pictures import Bin, HeldOut, reliability

WIDTH = 40
LEGEND = (
    "Drawn, from 0 to {top:.0%}: `●` what happened, `├──┤` its 90 % interval, `│` what was said; "
    "a `│` within the interval is a promise kept."
)


def calibration_lines(held_out: HeldOut) -> list[str]:
    """What was said against what happened, in tenths of the test rows."""
    bins = reliability(held_out.happened, held_out.probability)
    top = max(max(each.high, each.said) for each in bins)
    lines = [
        [
            f"{each.said:.1%}",
            f"{each.happened:.1%}",
            f"{each.low:.1%} to {each.high:.1%}",
            each.rows,
            f"`{drawn(each, top)}`",
        ]
        for each in bins
    ]
    return [*table(["said", "happened", "90 % interval", "rows", ""], lines), "", LEGEND.format(top=top)]


def drawn(each: Bin, top: float) -> str:
    """A tenth of the rows on a line from 0 to `top`: the interval, what happened, and what was said."""
    cells = ["·"] * WIDTH
    low, high, said, happened = (_place(share, top) for share in (each.low, each.high, each.said, each.happened))
    cells[low : high + 1] = "─" * (high + 1 - low)
    cells[low], cells[high] = "├", "┤"
    cells[said] = "│"
    cells[happened] = "●"
    return "".join(cells)


def _place(share: float, top: float) -> int:
    return round(share / top * (WIDTH - 1)) if top > 0 else 0
