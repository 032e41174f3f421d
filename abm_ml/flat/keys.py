"""Whose row it is, what its answer is, when it was known and how much it counts; a cell that says none is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd

from abm_ml.errors import SourceError
from abm_ml.flat.roles import Roles

_SHOWN = 3
_KINDS = frozenset(  # of pandas' inferring; "mixed-integer" is whole numbers among text
    {"boolean", "categorical", "empty", "floating", "integer", "mixed-integer", "mixed-integer-float", "string"}
)


def with_keys(roles: Roles, table: pd.DataFrame, features: list[str], where: str) -> pd.DataFrame:
    """The features with account_id and label, and with as_of and sample_weight where there are any.

    Raises:
        SourceError: a cell cannot be read; names the first rows, counted from 1 without the heading.
    """
    rows = table[features].assign(account_id=ids(table, roles.owner, where), label=_answers(roles, table, where))
    if roles.time:
        rows["as_of"] = _times(table[roles.time], where)
    if roles.weight:
        rows["sample_weight"] = _weights(table[roles.weight], where)
    return rows


def ids(table: pd.DataFrame, name: str | None, where: str) -> pd.Series[Any]:
    """Whose row each is: the text of a column, or the row's number."""
    if name is None:
        return pd.Series([f"row {number}" for number in range(1, len(table) + 1)], index=table.index, dtype="str")
    _refuse(table[name].isna(), where, table[name], "a name for every row")
    return table[name].astype("str")


def refuse_features(table: pd.DataFrame, names: Iterable[str], where: str, *, numbers: Collection[str] = ()) -> None:
    """Raises SourceError for cells that no model reads, and for text in columns that were `numbers` in training."""
    for name in names:
        column = table[name]
        kind = pd.api.types.infer_dtype(column, skipna=True)
        if kind not in _KINDS:
            raise SourceError(
                f"{where}, column '{name}': its cells are of the kind '{kind}'. Write them as numbers, flags, dates or "
                "text, or ban the column."
            )
        if name in numbers and not pd.api.types.is_numeric_dtype(column):
            told = pd.to_numeric(column, errors="coerce")
            _refuse(told.isna() & column.notna(), where, column, "numbers, as in training")
        if pd.api.types.is_float_dtype(column):
            _refuse(np.isinf(column.fillna(0.0)), where, column, "finite numbers, or empty cells")


def _times(column: pd.Series[Any], where: str) -> pd.Series[Any]:
    moments = column
    if not pd.api.types.is_datetime64_any_dtype(column):
        moments = pd.to_datetime(column.astype("str"), format="ISO8601", errors="coerce")
    _refuse(moments.isna(), where, column, "a date like 2026-06-30")
    return moments.astype("datetime64[us]")


def _weights(column: pd.Series[Any], where: str) -> pd.Series[Any]:
    weight = pd.to_numeric(column, errors="coerce")
    _refuse(~(weight >= 0) | np.isinf(weight), where, column, "a number from 0 up")
    return weight.astype("float64")


def _answers(roles: Roles, table: pd.DataFrame, where: str) -> pd.Series[Any]:
    label = roles.label
    column = table[label.column]
    known = {cell: label.says(cell) for cell in column.dropna().astype("str").unique()}
    texts = column.astype("str").where(column.notna(), None)
    yes, no = (texts.isin([cell for cell, answer in known.items() if answer is side]) for side in (True, False))
    expected = f"'{label.positive}' for yes and "
    if label.negative is not None:
        expected += f"'{label.negative}' for no"
    else:
        expected += "one other value for no (with more than one, say which: negative)"
        no &= texts.isin(texts[no].mode().head(1))
    _refuse(~(yes | no), where, column, expected)
    if yes.all() or no.all():
        raise SourceError(f"{where}, column '{label.column}': every row says the same. Expected {expected}.")
    return yes.astype("int64")


def _refuse(wrong: pd.Series[Any], where: str, column: pd.Series[Any], expected: str) -> None:
    """Raises SourceError for cells that cannot be used."""
    places = np.flatnonzero(wrong.to_numpy(dtype=bool))
    if not len(places):
        return
    shown = ", ".join(f"row {place + 1}: {_cell(column.iloc[place])}" for place in places[:_SHOWN])
    more = ", ..." if len(places) > _SHOWN else ""
    raise SourceError(
        f"{where}, column '{column.name}': {len(places):,} of {len(column):,} cells cannot be used ({shown}{more}). "
        f"Expected {expected}."
    )


def _cell(value: Any) -> str:
    return "empty" if pd.isna(value) else repr(str(value)[:40])
