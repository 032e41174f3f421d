"""What models say of accounts, from their features alone: plain tables in and out, wherever they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from abm_ml.features import FeatureColumn
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.stakes import Stake
from abm_ml.publishing.tables import ordered
from abm_ml.reasons.phrases import explain
from abm_ml.reasons.rows import REASONS

_KEYS = ("account_id", "label")
_REASON = pa.struct([field for field in REASONS if field.name not in _KEYS])
_REASONS, _SCORES = "reasons", "scores"
NUMBERS = pa.schema(
    [
        pa.field("account_id", pa.string()),
        pa.field("label", pa.string()),
        *[pa.field(name, pa.float64()) for name in ("probability", "low", "high", "at_stake", "engagement_score")],
        pa.field("engagement_level", pa.string()),
    ]
)
SCORED = NUMBERS.append(pa.field(_REASONS, pa.list_(_REASON)))
RULE = ("engagement_score", "engagement_level")
MARGINS = pa.schema(
    [
        pa.field("account_id", pa.string()),
        pa.field("as_of", pa.timestamp("us")),
        pa.field("label", pa.string()),
        pa.field("margin", pa.float64()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """A label's model, and what it takes to word its reasons; `stake` is what a success is worth, if it has a price."""

    label: str
    classifier: AccountClassifier
    columns: tuple[FeatureColumn, ...]
    stake: Stake | None = None


def asks(label: str) -> str:
    """The column that says whether a label asks about an account."""
    return f"asked_{label}"


def scored(rows: pa.RecordBatch, *, scorers: Sequence[Scorer], schema: pa.Schema) -> pa.RecordBatch:
    """The rows, by account, with `scores` beside: per account the list of its SCORED, one per label that asks.

    `rows` has a row per account: account_id, the features, RULE, and per label whether it `asks`; `schema` is what they
    promise. Every account is scored by itself, so accounts may be dealt into batches, and batches to machines, in any
    way: `Engine.map_batches` runs this where the rows are.
    """
    table = ordered(pa.Table.from_batches([rows]).cast(schema), ["account_id"])
    frame = table.to_pandas()
    parts = [SCORED.empty_table()]
    for scorer in scorers:
        asked = frame[frame[asks(scorer.label)].to_numpy(dtype=bool)]
        if len(asked):
            parts.append(_scored_by(scorer, asked))
    found = ordered(pa.concat_tables(parts), list(_KEYS))
    place = pc.index_in(found["account_id"], table["account_id"].combine_chunks()).to_numpy()
    ends = np.cumsum(np.bincount(place, minlength=len(table)))
    nested = pa.StructArray.from_arrays([_whole(column) for column in found.columns], fields=list(SCORED))
    scores = pa.ListArray.from_arrays(pa.array(np.append(0, ends), pa.int32()), nested)
    columns = [*map(_whole, table.columns), scores]
    return pa.RecordBatch.from_arrays(columns, names=[*table.column_names, _SCORES])


def scores_in(rows: pa.RecordBatch) -> pa.Table:
    """SCORED of rows that were `scored`: a row per account and label that asks about it, by account and label."""
    told = rows.column(_SCORES).flatten()
    return pa.table([told.field(field.name) for field in SCORED], schema=SCORED)


def margins(rows: pa.RecordBatch, *, scorers: Sequence[Scorer], schema: pa.Schema) -> pa.RecordBatch:
    """MARGINS of the rows: what each label's model says of accounts and dates that it asks about, not yet calibrated.

    `rows` has account_id, as_of, the features, and per label whether it `asks`; `schema` is what they promise.
    """
    frame = pa.Table.from_batches([rows]).cast(schema).to_pandas()
    parts = [MARGINS.empty_table()]
    for scorer in scorers:
        asked = frame[frame[asks(scorer.label)].to_numpy(dtype=bool)]
        if len(asked):
            said = asked[["account_id", "as_of"]].assign(label=scorer.label, margin=scorer.classifier.margin(asked))
            parts.append(pa.Table.from_pandas(said, schema=MARGINS, preserve_index=False))
    found = pa.concat_tables(parts)
    return pa.RecordBatch.from_arrays([_whole(column) for column in found.columns], schema=MARGINS)


def _scored_by(scorer: Scorer, asked: pd.DataFrame) -> pa.Table:
    margin = scorer.classifier.margin(asked)
    interval = scorer.classifier.calibrator_.interval(margin)
    nothing = pd.Series(np.nan, index=asked.index)
    values = {
        "account_id": asked["account_id"],
        "label": pa.repeat(scorer.label, len(asked)),
        "probability": scorer.classifier.calibrator_.calibrate(margin),
        "low": interval[:, 0],
        "high": interval[:, 1],
        "at_stake": scorer.stake.of(asked) if scorer.stake else nothing,
        **{name: asked[name] for name in RULE},
    }
    columns = [
        value if isinstance(value, pa.Array) else pa.array(value, field.type, from_pandas=True)
        for value, field in zip(values.values(), NUMBERS, strict=True)
    ]
    reasons = explain(scorer.classifier, asked, label=scorer.label, columns=scorer.columns)
    return pa.table([*columns, _nested(reasons)], schema=SCORED)


def _nested(reasons: pa.Table) -> pa.Array:
    """Per account the list of its reasons."""
    rows = reasons.combine_chunks()
    starts = np.flatnonzero(rows["rank"].to_numpy() == 1)
    told = [_whole(rows[field.name]) for field in _REASON]
    offsets = pa.array(np.append(starts, len(rows)), pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(told, fields=list(_REASON)))


def numbers_of(found: pa.Table) -> pa.Table:
    """NUMBERS of what was scored: all but the reasons."""
    return found.select(NUMBERS.names)


def reasons_of(found: pa.Table) -> pa.Table:
    """The reasons of what was scored, a row each, by account, label and rank."""
    nested = _whole(found[_REASONS])
    whose = nested.value_parent_indices()
    told = nested.flatten()
    keys = [_whole(found[key]).take(whose) for key in _KEYS]
    return pa.table([*keys, *[told.field(field.name) for field in _REASON]], schema=REASONS)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    chunks = column.combine_chunks()
    return pa.concat_arrays(chunks.chunks) if isinstance(chunks, pa.ChunkedArray) else chunks
