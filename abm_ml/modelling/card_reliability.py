"""The part of a model card on single accounts and slices: how wide the intervals are, and whom the model misjudges."""

from __future__ import annotations

from abm_ml.modelling.calibration import Calibrator, Floats
from abm_ml.modelling.markdown import listed, table
from abm_ml.modelling.reliability import SliceReliability, worst

TITLE = "How sure is it of one account, and of each kind?"
MEANING = (
    "Low and high hold the account's own probability nine times in ten, if what nobody recorded knows as much beside "
    "the features as blocks of them know beside each other. No data can prove that: an account shows one outcome."
)
OFF = "**surely off**"


def reliability_lines(
    interval: Floats, calibrator: Calibrator, slices: tuple[SliceReliability, ...], *, widest: float
) -> list[str]:
    """The section's lines; `interval` holds low and high of the test rows, shape (n, 2), `widest` what is too wide."""
    said = listed((MEANING, _width(interval, calibrator, widest), _summary(slices)))
    if not slices:
        return said
    heads = ["", "value", "rows", "said", "happened", "happened minus said", ""]
    return [*said, "", *table(heads, [_line(each) for each in slices])]


def _width(interval: Floats, calibrator: Calibrator, widest: float) -> str:
    width = interval[:, 1] - interval[:, 0]
    wide = int((width > widest).sum())
    return (
        f"Half of the test rows have an interval narrower than {_median(width):.0%}. {wide:,} of {len(width):,} "
        f"({wide / max(len(width), 1):.1%}) have one wider than {widest:.0%}: of them it says that there is not enough "
        f"data to say. Unrecorded facts are taken to make up {calibrator.unseen:.1%} of the chance in an outcome."
    )


def _median(width: Floats) -> float:
    return float(sorted(width)[len(width) // 2]) if len(width) else 0.0


def _summary(slices: tuple[SliceReliability, ...]) -> str:
    furthest = worst(slices)
    if furthest is None:
        return "No slice has events enough to be judged."
    off = sum(each.off for each in slices)
    gap = f"{furthest.column} {furthest.value} ({100 * furthest.gap.value:+.1f} points)"
    return f"{len(slices)} slices have events enough to be judged; {off} of them are surely off. The widest gap: {gap}."


def _line(each: SliceReliability) -> list[object]:
    gap = f"{100 * each.gap.value:+.1f} ({100 * each.gap.low:+.1f} to {100 * each.gap.high:+.1f})"
    said = (f"{each.said:.1%}", f"{each.happened:.1%}")
    return [each.column, each.value, each.rows, *said, gap, OFF if each.off else ""]
