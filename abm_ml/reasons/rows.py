"""The columns of reasons, changes and scenarios; no import but Arrow's: readers of runs need nothing else."""

from __future__ import annotations

import pyarrow as pa

OTHER = "other"
REASONS = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),
        pa.field("feature", pa.string(), nullable=False),
        pa.field("group", pa.string()),
        pa.field("value", pa.string()),
        pa.field("typical", pa.string()),
        pa.field("points", pa.float64(), nullable=False),
        pa.field("controllable", pa.bool_(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
    ]
)
_SCORE = [REASONS.field("account_id"), REASONS.field("label"), pa.field("place", pa.int32(), nullable=False)]
CHANGES = pa.schema(
    [
        *_SCORE,
        pa.field("part", pa.string(), nullable=False),
        pa.field("before", pa.float64(), nullable=False),
        pa.field("points", pa.float64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
    ]
)
WHAT_IF = pa.schema(
    [
        *_SCORE,
        pa.field("scenario", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("probability_without", pa.float64(), nullable=False),
        pa.field("probability_with", pa.float64()),
        pa.field("inside", pa.bool_(), nullable=False),
    ]
)
