"""Contents: the pieces of content that people read, watch or download."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

CONTENTS = TABLES.add(
    Table(
        name="contents",
        row="a piece of content",
        key=("content_id",),
        columns=(
            Column(name="content_id", required=True),
            Column(name="title"),
            Column(name="funnel_level", required=True, allowed=("top", "middle", "bottom")),
            Column(name="gated", type="boolean", required=True),
            Column(name="personalised", type="boolean", required=True),
        ),
    )
)
