"""Cells: how a value as a source has it becomes a value of a column's type, or nothing where it is none."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.tables.base import IBIS_TYPES, Column

_WHOLE_NUMBER = r"^[+-]?[0-9]{1,18}(\.0*)?$"
_NO_FRACTION = r"\.0*$"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
_TIME = rf"^{_DAY}([T ]{_CLOCK}(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)?)?$"
_BOOLEANS = {"true": True, "t": True, "yes": True, "1": True, "false": False, "f": False, "no": False, "0": False}
# A floating-point number holds every whole number up to here; beyond, two different ids would become one.
_EXACT = 2**53


def cell(raw: ir.Table, column: Column) -> ir.Value:
    """The value of a column in its canonical type; null where the source has none or one that is not of the type."""
    nothing = ibis.null(IBIS_TYPES[column.type])
    if column.name not in raw.columns:
        return nothing
    value = raw[column.name]
    if _is_text(value):
        return _from_text(value.cast("string"), column)
    convert = {
        "text": _text,
        "integer": _integer,
        "number": _number,
        "boolean": _boolean,
        "timestamp": _timestamp,
    }[column.type]
    converted = convert(value)
    return nothing if converted is None else converted


def stated(raw: ir.Table, column: Column) -> ir.BooleanValue:
    """Whether the source says something in a cell that may be no value of the type; white space says nothing."""
    never = ibis.literal(False)
    if column.name not in raw.columns:
        return never
    value = raw[column.name]
    if _is_text(value):
        return never if column.type == "text" else value.cast("string").strip() != ""
    return never if value.type() == ibis.dtype(IBIS_TYPES[column.type]) else value.notnull()


def _is_text(value: ir.Value) -> bool:
    return bool(value.type().is_string() or value.type().is_json())


def _from_text(value: ir.StringValue, column: Column) -> ir.Value:
    if column.type == "text":
        # Trimming every cell of ten million rows takes seconds; few begin with white space.
        begins_blank = value.startswith(" ") | value.startswith("\t")
        return ibis.cases((value == "", None), (begins_blank & (value.strip() == ""), None), else_=value)
    trimmed = value.strip()
    if column.type == "boolean":
        return trimmed.lower().cases(*_BOOLEANS.items())
    if column.type == "timestamp":
        return trimmed.re_search(_TIME).ifelse(trimmed, None).try_cast("timestamp('UTC', 6)").cast("timestamp(6)")
    if column.type == "integer":
        return trimmed.re_search(_WHOLE_NUMBER).ifelse(trimmed.re_replace(_NO_FRACTION, ""), None).try_cast("int64")
    return trimmed.re_search(_NUMBER).ifelse(trimmed, None).try_cast("float64")


def _text(value: ir.Value) -> ir.Value | None:
    kind = value.type()
    if kind.is_floating():
        # pandas turns whole numbers with gaps into floating point: 123.0 is the id 123.
        whole = (value == value.floor()) & (value.abs() <= _EXACT)
        return ibis.cases((value.isnan(), None), (whole, value.try_cast("int64").cast("string")), else_=_plain(value))
    return _plain(value) if kind.is_primitive() or kind.is_decimal() or kind.is_temporal() or kind.is_uuid() else None


def _plain(value: ir.Value) -> ir.Value:
    return value.cast("string")


def _integer(value: ir.Value) -> ir.Value | None:
    kind = value.type()
    if kind.is_integer():
        return value.try_cast("int64")
    if kind.is_floating() or kind.is_decimal():
        return (value == value.round()).ifelse(value, None).try_cast("int64")
    return None


def _number(value: ir.Value) -> ir.Value | None:
    return value.try_cast("float64") if value.type().is_numeric() and not value.type().is_boolean() else None


def _boolean(value: ir.Value) -> ir.Value | None:
    if value.type().is_boolean():
        return value
    return value.cases((1, True), (0, False)) if value.type().is_numeric() else None


def _timestamp(value: ir.Value) -> ir.Value | None:
    kind = value.type()
    if kind.is_timestamp() and kind.timezone:
        return value.try_cast("timestamp('UTC', 6)").cast("timestamp(6)")
    return value.try_cast("timestamp(6)") if kind.is_timestamp() or kind.is_date() else None
