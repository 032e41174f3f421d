"""Which column of a table plays which part."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from abm_ml.config import Strict, UtcTime
from abm_ml.labels import LABELS
from abm_ml.leaks import LeakConfig

Answer = bool | int | float | str
By = Literal["time", "group", "random"]
_YES, _NO = frozenset({"yes", "true", "1", "1.0"}), frozenset({"no", "false", "0", "0.0"})


class LabelColumn(Strict):
    """The column with the answer, and which value of it means yes."""

    column: str
    positive: Answer = Field(description='the value that means yes, e.g. "Won"')
    negative: Answer | None = Field(default=None, description="the value that means no; default: the only other one")

    def says(self, cell: str) -> bool | None:
        """Whether a cell means yes; None where it is the value of neither side."""
        if _is(cell, self.positive):
            return True
        return False if self.negative is None or _is(cell, self.negative) else None


class SplitConfig(Strict):
    """Which rows test: the newest, or groups or rows that are drawn."""

    test_share: float = Field(default=0.2, gt=0, lt=1)
    by: By | None = Field(default=None, description="default: by time where there is one, else by group")
    apart: bool = Field(
        default=False, description="split by time: a group that tests does not train, nor a week that loses many"
    )
    seed: int = 7


class Roles(Strict):
    """What each column of a table is; a column with no part is a feature."""

    name: str = Field(description="what the model is called, e.g. telco_churn")
    label: LabelColumn
    id: str | None = Field(default=None, description="the column that names a row in the scores; default: its number")
    time: str | None = Field(default=None, description="when a row's features were known; splits by time")
    group: str | None = Field(default=None, description="rows of one group never teach and judge at once; default: id")
    weight: str | None = Field(default=None, description="how much a row counts in training")
    ban: tuple[str, ...] = Field(default=(), description="columns that are no features")
    horizon_days: int = Field(default=0, ge=0, description="how far the answer looks ahead: the gap before the test")
    as_of: UtcTime | None = Field(default=None, description="up to when the table knows; default: the newest time")
    wanted: bool = Field(default=True, description="false for what one hopes will not happen")
    split: SplitConfig = SplitConfig()
    leaks: LeakConfig = LeakConfig()

    @property
    def parts(self) -> dict[str, str]:
        """The key of the configuration and the column, for every part that is given out."""
        named = {"label": self.label.column, "id": self.id, "time": self.time, "group": self.group}
        return {key: column for key, column in (named | {"weight": self.weight}).items() if column is not None}

    @property
    def owner(self) -> str | None:
        """The column whose rows belong together."""
        return self.group or self.id

    @field_validator("name")
    @classmethod
    def _usable(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
            raise ValueError("a name is small letters, digits and _, and begins with a letter")
        if name in LABELS:
            raise ValueError("a workspace has a model of this name; take another")
        return name

    @model_validator(mode="after")
    def _fits(self) -> Self:
        needed = {"time": self.time, "group": self.owner}
        if self.split.by is not None and needed.get(self.split.by, "") is None:
            raise ValueError(f"split: by: {self.split.by} needs the key '{self.split.by}'")
        both = sorted({self.label.column, *self.ban} & {self.time, self.weight, self.owner, self.id})
        if both or self.label.column in self.ban:
            raise ValueError(f"the column '{(both or [self.label.column])[0]}' has two parts")
        return self


def _is(cell: str, value: Answer) -> bool:
    """Whether a cell holds a value; YAML reads Yes and No as true and false."""
    if isinstance(value, bool):
        return cell.casefold() in (_YES if value else _NO)
    return cell in {str(value), f"{value}.0"}
