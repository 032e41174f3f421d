"""The tables of a run: their exact columns, and the form in which a part of one is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from abm_ml.errors import GateRefused
from abm_ml.reasons import rows

RUN_ID = pa.field("run_id", pa.string(), nullable=False)
SCORES = pa.schema(
    [
        RUN_ID,
        pa.field("as_of", pa.date32(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("eligible", pa.bool_(), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
        pa.field("low", pa.float64(), nullable=False),
        pa.field("high", pa.float64(), nullable=False),
        pa.field("base_probability", pa.float64(), nullable=False),
        pa.field("percentile", pa.float64(), nullable=False),
        pa.field("grade", pa.string(), nullable=False),
        pa.field("rung", pa.string(), nullable=False),
        pa.field("model", pa.string()),
        pa.field("expected_value", pa.float64()),
        pa.field("currency", pa.string()),
        pa.field("rule_score", pa.float64()),
        pa.field("rule_level", pa.string()),
        pa.field("agreement", pa.string()),
        pa.field("holdout", pa.bool_(), nullable=False),
    ]
)
REASONS, CHANGES, WHAT_IF = (pa.schema([RUN_ID, *told]) for told in (rows.REASONS, rows.CHANGES, rows.WHAT_IF))
PROGRAM_KPIS = pa.schema(
    [
        RUN_ID,
        SCORES.field("as_of"),
        pa.field("name", pa.string(), nullable=False),
        pa.field("measure", pa.string(), nullable=False),
        pa.field("part", pa.string()),
        pa.field("period_from", pa.timestamp("us")),
        pa.field("period_to", pa.timestamp("us")),
        pa.field("cut", pa.string(), nullable=False),
        *[pa.field(name, pa.float64()) for name in ("value", "low", "high", "of")],
        pa.field("unit", pa.string(), nullable=False),
        pa.field("goal", pa.float64()),
        pa.field("met", pa.bool_()),
        *[pa.field(name, pa.string(), nullable=False) for name in ("better", "family", "three_r")],
        pa.field("note", pa.string()),
    ]
)
ORDER = ["name", "cut", "period_from", "part", "measure"]
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "grade": ("A", "B", "C", "D"),
    "rung": ("lightgbm", "logistic", "rate", "rules"),
    "agreement": ("agree", "rule_higher", "model_higher"),
    "group": ("engagement", "penetration", "firmographic", "pipeline", "clients"),
}

Part = tuple[str, pa.Table]
Marks = Mapping[str, pa.Scalar]


@dataclass(frozen=True, slots=True)
class RunTables:
    """All tables of a run at once, in any row and column order; `run_id` and `as_of` may be left out.

    `kpis` and `features` have one row per `account_id` and any further columns; `program_kpis` is the KPI report.
    `changes` and `what_if` may be missing.
    """

    scores: pa.Table
    reasons: pa.Table
    kpis: pa.Table
    program_kpis: pa.Table
    features: pa.Table
    changes: pa.Table | None = None
    what_if: pa.Table | None = None

    def __iter__(self) -> Iterator[Part]:
        """Each table that there is as one part."""
        tables = ((each.name, getattr(self, each.name)) for each in fields(self))
        return ((name, table) for name, table in tables if table is not None)


NAMES = tuple(each.name for each in fields(RunTables))
NOT_NEEDED = ("changes", "what_if")


def marked(name: str, table: pa.Table, marks: Marks) -> pa.Table:
    """The table with its marks in front; a row that already bears another mark belongs to another run."""
    for place, (column, mark) in enumerate(marks.items()):
        if column in table.column_names:
            present = pc.unique(_cast(name, table[column], pa.field(column, mark.type))).to_pylist()
            if present not in ([], [mark.as_py()]):
                raise GateRefused(f"Run not published: {name}, column '{column}' holds {present[0]}, expected {mark}.")
            table = table.drop_columns([column])
        table = table.add_column(place, pa.field(column, mark.type, nullable=False), pa.repeat(mark, len(table)))
    return table


def shaped(name: str, table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with exactly these columns, in this order, without a gap or a word that they do not allow."""
    missing = [column for column in schema.names if column not in table.column_names]
    foreign = [column for column in table.column_names if column not in schema.names]
    if missing or foreign or len(table.column_names) != len(schema):
        complaint = f"lacks {', '.join(missing)}" if missing else f"has columns too many ({', '.join(foreign)})"
        raise GateRefused(f"Run not published: {name} {complaint}. Expected: {', '.join(schema.names)}.")
    columns = [_cast(name, table[field.name], field) for field in schema]
    for field, column in zip(schema, columns, strict=True):
        _check_gaps(name, field, column)
        unknown = set(pc.unique(column).to_pylist()) - {*ALLOWED[field.name], None} if field.name in ALLOWED else ()
        if unknown:
            allowed = ", ".join(ALLOWED[field.name])
            raise GateRefused(
                f"Run not published: {name}, column '{field.name}' holds {min(unknown)!r}, not {allowed}."
            )
    return pa.table(columns, schema=schema)


def by_account(name: str, table: pa.Table) -> pa.Schema:
    """The columns of a table that has a row per account, and any others."""
    if "account_id" not in table.column_names:
        raise GateRefused(f"Run not published: {name} lacks account_id. Expected one row per account.")
    required = [field.with_nullable(field.name not in ("run_id", "account_id")) for field in table.schema]
    return pa.schema(required)


def ordered(table: pa.Table, keys: list[str]) -> pa.Table:
    """The rows by their keys; those that are in order already are not moved."""
    if not is_ordered(table, keys):
        table = table.sort_by([(key, "ascending") for key in keys])
    return table.combine_chunks()


def is_ordered(table: pa.Table, keys: list[str]) -> bool:
    """Whether no row stands before one with a smaller key; with an empty key there is no saying."""
    if any(table[key].null_count for key in keys):
        return False
    tied = np.ones(max(len(table) - 1, 0), dtype=bool)
    for key in keys:
        earlier, later = table[key].slice(0, len(tied)), table[key].slice(1)
        if (tied & pc.greater(earlier, later).to_numpy()).any():
            return False
        tied &= pc.equal(earlier, later).to_numpy()
    return True


def _cast(name: str, column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    try:
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise GateRefused(f"Run not published: {name}, column '{field.name}' is no {field.type} ({error}).") from error


def _check_gaps(name: str, field: pa.Field, column: pa.ChunkedArray) -> None:
    gaps = column.null_count
    if gaps and not field.nullable:
        raise GateRefused(
            f"Run not published: {name}, column '{field.name}' is empty in {gaps:,} of {len(column):,} rows."
        )
    if pa.types.is_floating(column.type):
        endless = len(column) - gaps - (pc.sum(pc.is_finite(column)).as_py() or 0)
        if endless:
            raise GateRefused(
                f"Run not published: {name}, column '{field.name}' is NaN or infinite in {endless:,} rows. "
                "What is not known is left empty."
            )
