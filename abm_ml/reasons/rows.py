"""The columns of a reason; no import but Arrow's, so that readers of published runs need nothing else."""

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
