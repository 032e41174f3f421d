"""Spark's SQL as Ibis writes it, corrected where it says something else than the same expression on DuckDB."""

from __future__ import annotations

import math
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

_BLANK = " \t\n\r"
_MORE_BLANK = (11, 12)  # \v and \f, which Spark's literals take for the letters v and f
_MICROSECONDS = sge.convert(1_000_000)


class _Compiler(PySparkCompiler):
    __slots__ = ()

    def visit_NonNullLiteral(self, op: ops.Literal, *, value: Any, dtype: Any) -> Any:
        if dtype.is_floating() and math.isfinite(value):
            return self.cast(sge.convert(float(value)), dtype)  # Spark takes 0.1 for a decimal
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_Strip(self, op: ops.Strip, *, arg: sge.Expression) -> Any:
        blank = self.f.concat(sge.convert(_BLANK), *[self.f.anon.chr(code) for code in _MORE_BLANK])
        return sge.Trim(this=arg, expression=blank)

    def visit_ExtractEpochSeconds(self, op: ops.ExtractEpochSeconds, *, arg: sge.Expression) -> Any:
        return sge.paren(self.cast(self.f.anon.unix_micros(arg), dt.float64) / self.cast(_MICROSECONDS, dt.float64))

    def visit_ExtractMicrosecond(self, op: ops.ExtractMicrosecond, *, arg: sge.Expression) -> Any:
        return self.cast(self.f.anon.pmod(self.f.anon.unix_micros(arg), _MICROSECONDS), op.dtype)

    def visit_Cast(self, op: ops.Cast, *, arg: sge.Expression, to: Any) -> Any:
        if op.arg.dtype.is_floating() and to.is_integer():
            arg = self.f.anon.rint(arg)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_IsNull(self, op: ops.IsNull, *, arg: sge.Expression) -> Any:
        return arg.is_(sge.Null())

    def visit_NotNull(self, op: ops.NotNull, *, arg: sge.Expression) -> Any:
        return arg.is_(sge.Not(this=sge.Null()))

    def visit_CountStar(self, op: ops.CountStar, *, arg: Any, where: sge.Expression | None) -> Any:
        if where is None:
            return super().visit_CountStar(op, arg=arg, where=where)
        return self.f.count(self.if_(where, 1, sge.Null()))

    def visit_Least(self, op: ops.Least, *, arg: Any) -> Any:
        return self.f.least(*arg) if len(arg) > 1 else arg[0]

    def visit_Greatest(self, op: ops.Greatest, *, arg: Any) -> Any:
        return self.f.greatest(*arg) if len(arg) > 1 else arg[0]

    def visit_Median(self, op: ops.Median, *, arg: sge.Expression, where: sge.Expression | None) -> Any:
        met = arg if where is None else self.if_(where, arg, sge.Null())
        return self.f.percentile(met, 0.5)


class _Backend(Backend):
    compiler = _Compiler()


def connect(session: Any) -> Backend:
    """Ibis on a Spark session, with the corrected SQL."""
    ibis.pyspark  # noqa: B018 - naming it registers the backend's options
    return _Backend().connect(session)
