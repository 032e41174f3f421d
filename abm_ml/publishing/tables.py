"""The tables of a run: their exact columns, and what must hold of them before anyone may read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from abm_ml.errors import GateRefused
from abm_ml.reasons.rows import OTHER
from abm_ml.reasons.rows import REASONS as REASON_COLUMNS

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
REASONS = pa.schema([RUN_ID, *REASON_COLUMNS])
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

CLOSE_ENOUGH = 1e-9
JUDGED_FROM, MOST_ALIKE = 100, 0.99


@dataclass(frozen=True, slots=True)
class RunTables:
    """What a scoring job hands over, in any row and column order; `run_id` and `as_of` may be left out.

    `kpis` and `features` have one row per `account_id` and any further columns; `program_kpis` is the KPI report.
    """

    scores: pa.Table
    reasons: pa.Table
    kpis: pa.Table
    program_kpis: pa.Table
    features: pa.Table


def checked(tables: RunTables, *, run_id: str, as_of: dt.date) -> RunTables:
    """The tables as they are stored: complete, in order, every row marked with its run.

    Raises:
        GateRefused: what they say cannot be right: a gap, a probability outside its bounds, a doubled or missing score,
            reasons that do not add up, scores that are all alike. Nothing has been written by then.
    """
    marks = {"run_id": pa.scalar(run_id, pa.string()), "as_of": pa.scalar(as_of, pa.date32())}
    scores = _shaped("scores", _marked("scores", tables.scores, marks), SCORES, ["account_id", "label"])
    reasons = _marked("reasons", tables.reasons, {"run_id": marks["run_id"]})
    reasons = _shaped("reasons", reasons, REASONS, ["account_id", "label", "rank"])
    if not len(scores):
        raise GateRefused("Run not published: scores has no rows, so there is nobody to score. Check the date.")
    _check_keys("scores", scores, ["account_id", "label"])
    _check_bounds(scores)
    _check_spread(scores)
    _check_reasons(scores, reasons)
    return RunTables(
        scores,
        reasons,
        kpis=_by_account("kpis", tables.kpis, marks),
        program_kpis=_shaped("program_kpis", _marked("program_kpis", tables.program_kpis, marks), PROGRAM_KPIS, ORDER),
        features=_by_account("features", tables.features, marks),
    )


def _marked(name: str, table: pa.Table, marks: Mapping[str, pa.Scalar]) -> pa.Table:
    """The table with its marks in front; a row that already bears another mark belongs to another run."""
    for place, (column, mark) in enumerate(marks.items()):
        if column in table.column_names:
            present = pc.unique(_cast(name, table[column], pa.field(column, mark.type))).to_pylist()
            if present not in ([], [mark.as_py()]):
                raise GateRefused(f"Run not published: {name}, column '{column}' holds {present[0]}, expected {mark}.")
            table = table.drop_columns([column])
        table = table.add_column(place, pa.field(column, mark.type, nullable=False), pa.repeat(mark, len(table)))
    return table


def _shaped(name: str, table: pa.Table, schema: pa.Schema, order: list[str]) -> pa.Table:
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
    return _ordered(pa.table(columns, schema=schema), order)


def _by_account(name: str, table: pa.Table, marks: Mapping[str, pa.Scalar]) -> pa.Table:
    if "account_id" not in table.column_names:
        raise GateRefused(f"Run not published: {name} lacks account_id. Expected one row per account.")
    marked = _marked(name, table, {"run_id": marks["run_id"]})
    for field in marked.schema:
        required = field.with_nullable(nullable=field.name != "account_id")
        _check_gaps(name, required, marked[field.name])
    ordered = _ordered(marked.replace_schema_metadata(None), ["account_id"])
    _check_keys(name, ordered, ["account_id"])
    return ordered


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


def _ordered(table: pa.Table, keys: list[str]) -> pa.Table:
    return table.sort_by([(key, "ascending") for key in keys]).combine_chunks()


def _check_keys(name: str, table: pa.Table, keys: list[str]) -> None:
    twice = np.flatnonzero(~_starts(table, keys))
    if len(twice):
        row = table.slice(int(twice[0]), 1).select(keys).to_pylist()[0]
        where = ", ".join(str(value) for value in row.values())
        raise GateRefused(f"Run not published: {name} has {len(twice):,} rows twice (first: {where}).")


def _starts(table: pa.Table, keys: list[str]) -> NDArray[np.bool_]:
    """Where a new key begins in a table ordered by it."""
    new = np.ones(len(table), dtype=bool)
    if len(table) > 1:
        earlier, later = table.slice(0, len(table) - 1), table.slice(1)
        new[1:] = np.logical_or.reduce([pc.not_equal(earlier[key], later[key]).to_numpy() for key in keys])
    return new


def _check_bounds(scores: pa.Table) -> None:
    low, probability, high, base = (
        scores[name].to_numpy() for name in ("low", "probability", "high", "base_probability")
    )
    wrong = np.flatnonzero(
        ~((low >= 0) & (low <= probability) & (probability <= high) & (high <= 1) & (base >= 0) & (base <= 1))
    )
    if len(wrong):
        row = int(wrong[0])
        raise GateRefused(
            f"Run not published: {len(wrong):,} scores break 0 <= low <= probability <= high <= 1 (first: account "
            f"{scores['account_id'][row]}, {low[row]:g} <= {probability[row]:g} <= {high[row]:g}, base {base[row]:g})."
        )


def _check_spread(scores: pa.Table) -> None:
    for label in pc.unique(scores["label"]).to_pylist():
        probability = scores.filter(pc.equal(scores["label"], label))["probability"].to_numpy()
        _, counts = np.unique(probability, return_counts=True)
        if len(probability) >= JUDGED_FROM and counts.max() > MOST_ALIKE * len(probability):
            raise GateRefused(
                f"Run not published: {counts.max():,} of {len(probability):,} '{label}' scores are the same number. "
                "A model that tells no accounts apart is degenerate; train it on more or other data."
            )


def _check_reasons(scores: pa.Table, reasons: pa.Table) -> None:
    starts = np.flatnonzero(_starts(reasons, ["account_id", "label"]))
    spoken = reasons.take(starts)
    same = [spoken[key].combine_chunks().equals(scores[key].combine_chunks()) for key in ("account_id", "label")]
    if not all(same):
        raise GateRefused(
            f"Run not published: {len(scores):,} scores, but reasons for {len(starts):,} (or for others)."
        )
    ends = np.append(starts[1:], len(reasons))
    size = ends - starts
    rank = reasons["rank"].to_numpy()
    if not np.array_equal(rank, np.arange(len(reasons)) - np.repeat(starts, size) + 1):
        raise GateRefused("Run not published: the ranks of an account's reasons are not 1, 2, 3, ... for every score.")
    if not pc.all(pc.equal(reasons.take(ends - 1)["feature"], OTHER)).as_py():
        raise GateRefused(f"Run not published: the last reason of a score is not always '{OTHER}', the rest.")
    total = np.add.reduceat(reasons["points"].to_numpy(), starts) + scores["base_probability"].to_numpy()
    off = np.abs(total - scores["probability"].to_numpy())
    if off.max() > CLOSE_ENOUGH:
        row = int(off.argmax())
        account, label = scores["account_id"][row], scores["label"][row]
        raise GateRefused(
            f"Run not published: the reasons of {account} ({label}) miss its probability by {off[row]:.1e}."
        )
