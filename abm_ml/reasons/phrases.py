"""The reasons of a score in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from abm_ml.errors import IntegrityError, did_you_mean
from abm_ml.features import FeatureColumn
from abm_ml.reasons.contributions import Contributions, Floats, contributions
from abm_ml.reasons.rows import OTHER, REASONS
from abm_ml.reasons.sentences import Sentence, Value, effect, plain
from abm_ml.reasons.strongest import Chosen, Places, strongest

if TYPE_CHECKING:
    from abm_ml.modelling.classifier import AccountClassifier

REST = "Everything else together"


@dataclass(frozen=True, slots=True)
class Wording:
    """How a model's columns are spoken of: a sentence each, and the windows of one feature together.

    `members` has a row per feature with the places of its columns, filled up with -1.
    """

    sentences: tuple[Sentence, ...]
    members: Places


def wording(columns: Iterable[FeatureColumn], typical: Mapping[str, Value]) -> Wording:
    """The wording of a model's columns, in the order in which it reads them; `typical` holds its columns' usual values.

    Raises:
        IntegrityError: the model reads a column that the catalogue does not define.
    """
    known = {column.name: column for column in columns}
    missing = [name for name in typical if name not in known]
    if missing:
        raise IntegrityError(
            f"Reasons: the model reads '{missing[0]}', which no feature defines. {did_you_mean(missing[0], known)}"
        )
    sentences = tuple(Sentence(known[name], value) for name, value in typical.items())
    windows: dict[str, list[int]] = {}
    for place, sentence in enumerate(sentences):
        windows.setdefault(sentence.column.feature, []).append(place)
    members = np.full((len(windows), max(map(len, windows.values()), default=0)), -1, dtype=np.intp)
    for number, places in enumerate(windows.values()):
        members[number, : len(places)] = places
    return Wording(sentences, members)


def explain(
    classifier: AccountClassifier, values: pd.DataFrame, *, label: str, columns: Iterable[FeatureColumn]
) -> pa.Table:
    """The reasons of every account in a feature frame (`account_id` beside the features), by account and rank."""
    words = wording(columns, {feature.name: feature.typical for feature in classifier.features_})
    blocks, start = [REASONS.empty_table()], 0
    for block in contributions(classifier, values):
        rows = values.iloc[start : start + len(block.points)]
        blocks.append(reasons_of(block, rows, label=label, wording=words))
        start += len(rows)
    return pa.concat_tables(blocks)


def reasons_of(block: Contributions, values: pd.DataFrame, *, label: str, wording: Wording) -> pa.Table:
    """The reasons of some accounts: for each up to five up, up to five down by strength, and the row `other` last.

    Windows of one feature are one reason: its points are their sum, its words those of the window that pulls most in
    the sum's direction. An account's points plus the base probability equal its probability to 1e-9.
    """
    chosen = strongest(block, wording.members)
    spoken = chosen.column >= 0
    values_shown, words = _told(chosen, values, wording)
    columns = [sentence.column for sentence in wording.sentences]
    typical = [_plain(sentence.column, sentence.typical) for sentence in wording.sentences]
    return pa.table(
        [
            pa.array(values["account_id"], pa.string()).take(pa.array(chosen.row)),
            pa.repeat(pa.scalar(label), len(chosen.row)),
            pa.array(chosen.rank, pa.int32()),
            _looked_up([column.feature for column in columns], chosen.column, otherwise=OTHER),
            _looked_up([column.group for column in columns], chosen.column, otherwise=None),
            values_shown,
            _looked_up(typical, chosen.column, otherwise=None),
            pa.array(chosen.points),
            pa.array(np.array([column.controllable for column in columns])[chosen.column] & spoken),
            pc.binary_join_element_wise(words, effects(chosen.points), ""),
        ],
        schema=REASONS,
    )


def _told(chosen: Chosen, values: pd.DataFrame, wording: Wording) -> tuple[pa.Array, pa.Array]:
    """The value and the words of each reason; what many accounts share is worded once."""
    shown: list[str | None] = [None]
    words = [REST]
    place = np.zeros(len(chosen.column), dtype=np.int64)
    order = np.argsort(chosen.column, kind="stable")
    present, starts = np.unique(chosen.column[order], return_index=True)
    for column, mine in zip(present, np.split(order, starts[1:]), strict=True):
        if column < 0:
            continue
        sentence = wording.sentences[column]
        codes, distinct = _distinct(values[sentence.column.name].iloc[chosen.row[mine]], sentence.column)
        place[mine] = codes + len(shown)
        shown += [_plain(sentence.column, value) for value in distinct]
        words += [sentence.words(value) for value in distinct]
    found = pa.array(place)
    return pa.array(shown, pa.string()).take(found), pa.array(words, pa.string()).take(found)


def _distinct(column: pd.Series, feature: FeatureColumn) -> tuple[Places, list[Any]]:
    """The different values of a column and which of them each row has; None is missing."""
    if feature.kind == "number":
        column = pd.Series(pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan))
    codes, distinct = pd.factorize(column)
    return np.where(codes < 0, len(distinct), codes).astype(np.intp), [*distinct.tolist(), None]


def _plain(column: FeatureColumn, value: Value) -> str | None:
    is_flag = column.unit == "yes/no" and isinstance(value, float) and not np.isnan(value)
    return plain(bool(value) if is_flag else value)


def _looked_up(texts: list[Any], places: Places, *, otherwise: str | None) -> pa.Array:
    """The text of each place; place -1 is the last one."""
    return pa.array([*texts, otherwise], pa.string()).take(pa.array(places % (len(texts) + 1)))


def effects(points: Floats) -> pa.Array:
    """The end of each sentence; there are few different ones, as it shows tenths of a point."""
    size = np.floor(np.abs(points) * 1000 + 0.5) / 1000
    tenths = np.sign(points) * np.where(size > 0, size, 0.0001)
    distinct, place = np.unique(tenths, return_inverse=True)
    return pa.array([f" ({effect(value)})." for value in distinct.tolist()], pa.string()).take(pa.array(place))
