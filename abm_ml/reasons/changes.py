"""Why a score changed since an earlier run: four parts, in probability points, that add up to the difference."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from abm_ml.reasons.contributions import Floats
from abm_ml.reasons.phrases import effects
from abm_ml.reasons.rows import CHANGES

Part = Literal["new_activity", "time_passed", "model_changed", "calibration_changed"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What some scores were on the way from the earlier run to this one; shape (n,) each, NaN where there was none.

    `before` is what was published then, `now` what is published now. `remodelled` is what the new model makes of the
    features of then, read off the old calibration, and `recalibrated` the same, read off the new one; where the model
    is the same both are `before`. `then` and `later` are what the model of now says of the rows that were known at the
    earlier date: of that date, and of the date of now.
    """

    before: Floats
    remodelled: Floats
    recalibrated: Floats
    then: Floats
    later: Floats
    now: Floats

    def part(self, rows: slice) -> Way:
        """Some of the scores."""
        return Way(**{name: getattr(self, name)[rows] for name in self.__slots__})

    @property
    def points(self) -> dict[Part, Floats]:
        """What each part adds. Time is what the rows known then make of the later date; activity is all that is left.

        So a row that was corrected since counts as activity: it became known.
        """
        time = self.later - self.then
        return {
            "new_activity": self.now - self.recalibrated - time,
            "time_passed": time,
            "model_changed": self.remodelled - self.before,
            "calibration_changed": self.recalibrated - self.remodelled,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """What lies between two scores of a label: the dates, the models' names, and what is known of the old one."""

    earlier: dt.date
    later: dt.date
    model_then: str
    model_now: str
    is_same: bool
    is_calibration_known: bool = True

    def words(self, part: Part) -> str:
        """What a part is, without its effect."""
        days = (self.later - self.earlier).days
        gone = "" if self.is_calibration_known else ", whose calibration is no longer known and is counted here"
        same = {
            "model_changed": f"The model is the same, {self.model_now}",
            "calibration_changed": "Its calibration is the same",
        }
        told: dict[Part, str] = {
            "new_activity": f"What became known since {self.earlier:%Y-%m-%d}",
            "time_passed": f"What was known then is {days} {'day' if days == 1 else 'days'} older",
            "model_changed": f"The model is now {self.model_now}, it was {self.model_then}{gone}",
            "calibration_changed": "The new model reads its margins off otherwise",
        }
        return same.get(part, told[part]) if self.is_same else told[part]


def changes(way: Way, accounts: pa.Array, labels: list[str], between: dict[str, Between]) -> pa.Table:
    """CHANGES of some scores, by account and label: four rows for each score that there was before.

    `accounts` and `labels` have one entry per score; `between` has each label that there is.
    """
    there = np.flatnonzero(~np.isnan(way.before))
    points = np.column_stack(list(way.points.values()))[there].ravel()
    names = np.array(labels, dtype=object)[there]
    words = {label: [each.words(part) for part in PARTS] for label, each in between.items()}
    told = pa.array([text for name in names for text in words[name]], pa.string())
    return pa.table(
        [
            accounts.take(pa.array(np.repeat(there, len(PARTS)))),
            pa.array(np.repeat(names, len(PARTS)), pa.string()),
            pa.array(np.tile(np.arange(1, len(PARTS) + 1), len(there)), pa.int32()),
            pa.array(list(PARTS) * len(there), pa.string()),
            pa.array(np.repeat(way.before[there], len(PARTS))),
            pa.array(points),
            pc.binary_join_element_wise(told, effects(points), ""),
        ],
        schema=CHANGES,
    )
