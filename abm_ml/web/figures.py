"""The pictures of a model, from its figures; None where the run holds nothing to draw."""

from __future__ import annotations

import datetime as dt

from markupsafe import Markup

from abm_ml.web import formats
from abm_ml.web.pictures.lines import Frame, Mark, line_chart
from abm_ml.web.pictures.reliability import Bin, reliability
from abm_ml.web.program_records import ModelShown
from abm_ml.web.texts import said, texts


def reliability_picture(model: ModelShown) -> Markup | None:
    """Whether its probabilities came true on test dates."""
    bins = [Bin(**{name: each[name] for name in Bin.__slots__}) for each in model.figures.get("calibration", ())]
    if not bins:
        return None
    words = texts()["models"]
    title = f"{said('labels', model.label)}: {words['calibration']}"
    return reliability(bins, title=title, across=words["calibration_across"], up=words["calibration_up"])


def backtest_picture(model: ModelShown) -> Markup | None:
    """How well past models ranked, by the date of their scores."""
    marks = [_mark(each) for each in model.figures.get("backtest", ()) if each["auc"] is not None]
    if not marks:
        return None
    frame = Frame(marks[0].x, marks[-1].x, 0.4, 1.0, lambda value: f"{value:.1f}")
    title = f"{said('labels', model.label)}: {texts()['models']['backtest']}"
    return line_chart(marks, frame, step=0.1, title=title)


def _mark(each: dict[str, float | str | None]) -> Mark:
    when = dt.date.fromisoformat(str(each["as_of"])[:10])
    low, high = (None if (end := each.get(name)) is None else float(end) for name in ("low", "high"))
    auc = float(each["auc"] or 0.0)
    return Mark(when.toordinal(), auc, low, high, f"{formats.day(when)}: {auc:.3f}", formats.short_day(when))
