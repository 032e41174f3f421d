"""Estimates: a KPI's value with its 95 % interval and the number it rests on, as expressions over aggregated rows.

Nothing here divides by zero: a zero denominator gives null, never 0 and never an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from abm_ml.tables.money import MONEY

_Z = 1.959963984540054  # 97.5 % of a normal distribution
_FINE = "decimal(38, 12)"  # rates and days have more decimals than money; sums in any order are still the same
_FEWEST = 3  # values without which a mean has no interval


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number: `low` and `high` are its 95 % interval, `of` is the count it rests on.

    `empty` is its value where there are no rows at all (None: no value). `unit` differs from the KPI's where it is
    given. `mix` says that the value becomes its share of the sum over all parts.
    """

    value: Any
    low: Any = None
    high: Any = None
    of: Any = None
    empty: float | None = None
    unit: str | None = None
    mix: bool = False


def count(rows: ir.Value, *, where: Any = None, unit: str | None = None) -> Estimate:
    """How many rows meet a condition, or (of anything else) how many are not null; 0 where there are none."""
    if rows.type().is_boolean():
        rows = rows.ifelse(1, None)
    return Estimate(value=rows.count(where=where).cast("float64"), empty=0.0, unit=unit)


def distinct(ids: ir.Value, *, where: Any = None, unit: str | None = None) -> Estimate:
    """How many different ids there are; 0 where there are none."""
    return Estimate(value=ids.nunique(where=where).cast("float64"), empty=0.0, unit=unit)


def total(numbers: ir.Value, *, where: Any = None, unit: str | None = None) -> Estimate:
    """The sum; 0 where there are no rows. Sums of decimals do not depend on the order of rows."""
    value = numbers.cast(MONEY).sum(where=where).cast("float64").fill_null(0.0)
    return Estimate(value=value, empty=0.0, unit=unit)


def ratio(numerator: Any, denominator: Any, *, unit: str | None = None) -> Estimate:
    """One sum or count by another, which is `of`; null where the denominator is zero."""
    below = _number(denominator)
    return Estimate(value=_number(numerator) / below.nullif(0.0), of=below, unit=unit)


def share(part: Any, whole: Any, *, unit: str | None = None) -> Estimate:
    """The share of `whole` units that are `part` of it, with Wilson's interval (Wilson 1927); null of none."""
    k, n = _number(part), _number(whole).nullif(0.0)
    p, wide = k / n, n + _Z**2
    middle = (k + _Z**2 / 2) / wide
    # A numerator beyond its denominator is no share; a root of less than nothing would be an error.
    reach = _Z * ibis.greatest(k * (n - k) / n + _Z**2 / 4, 0.0).sqrt() / wide
    return Estimate(
        value=p,
        low=ibis.least(middle - reach, p),
        high=ibis.greatest(middle + reach, p),
        of=n.fill_null(0.0),
        unit=unit,
    )


def mean(numbers: ir.Value, *, where: Any = None, unit: str | None = None) -> Estimate:
    """The mean with Student's interval, from three values on; null of none."""
    n = numbers.count(where=where).cast("float64")
    value = numbers.cast(_FINE).sum(where=where).cast("float64") / n.nullif(0.0)
    reach = _student(n - 1) * (numbers.cast("float64").var(how="sample", where=where) / n.nullif(0.0)).sqrt()
    enough = n >= _FEWEST
    return Estimate(
        value=value, low=enough.ifelse(value - reach, None), high=enough.ifelse(value + reach, None), of=n, unit=unit
    )


def median(numbers: ir.Value, *, where: Any = None, unit: str | None = None) -> Estimate:
    """The middle value; null of none."""
    return Estimate(value=numbers.cast("float64").median(where=where), of=numbers.count(where=where), unit=unit)


def mix(amount: Estimate) -> Estimate:
    """The share of each part in the sum over all parts of a KPI that is computed for each of them."""
    return Estimate(value=amount.value, mix=True)


def difference(one: Estimate, other: Estimate, *, unit: str | None = None) -> Estimate:
    """One minus the other, with the interval that follows from theirs (MOVER: Newcombe 1998, Zou and Donner 2008)."""
    value = one.value - other.value
    low = high = None
    if one.low is not None and other.low is not None:
        low = value - ((one.value - one.low) ** 2 + (other.high - other.value) ** 2).sqrt()
        high = value + ((one.high - one.value) ** 2 + (other.value - other.low) ** 2).sqrt()
    return Estimate(value=value, low=low, high=high, of=_both(one, other), unit=unit)


def lift(one: Estimate, other: Estimate, *, unit: str | None = None) -> Estimate:
    """How much more one is than the other, relative to the other: one / other - 1; null where the other is zero.

    The interval follows from theirs for values above zero (MOVER-R: Donner and Zou 2012); it is left out where the
    other's interval reaches zero.
    """
    value = one.value / other.value.nullif(0.0) - 1
    low = high = None
    if one.low is not None and other.low is not None:
        a, b, product = one.value, other.value, one.value * other.value
        below = product**2 - one.low * other.high * (2 * a - one.low) * (2 * b - other.high)
        above = product**2 - one.high * other.low * (2 * a - one.high) * (2 * b - other.low)
        # Both denominators are positive exactly where the other's interval lies above zero and not twice as far out.
        under, over = other.high * (2 * b - other.high), other.low * (2 * b - other.low)
        fits = (other.low > 0) & (over > 0) & (above >= 0)
        root_low, root_high = ibis.greatest(below, 0.0).sqrt(), ibis.greatest(above, 0.0).sqrt()
        low = (fits & (under > 0)).ifelse((product - root_low) / under.nullif(0.0) - 1, None)
        high = fits.ifelse((product + root_high) / over.nullif(0.0) - 1, None)
    return Estimate(value=value, low=low, high=high, of=_both(one, other), unit=unit)


def growth(now: Estimate, before: Estimate, *, unit: str | None = None) -> Estimate:
    """How much more there is in one span than in the one before; null where that has nothing, or less."""
    return lift(now, Estimate(value=(before.value > 0).ifelse(before.value, None)), unit=unit)


def _both(one: Estimate, other: Estimate) -> Any:
    if one.of is None or other.of is None:
        return None
    return _number(one.of) + _number(other.of)


def _number(value: Any) -> Any:
    if isinstance(value, Estimate):
        value = value.value
    if isinstance(value, (int, float)):
        value = ibis.literal(float(value))
    return value.cast("float64")


def _student(freedom: Any) -> Any:
    """97.5 % of Student's distribution by its expansion (Abramowitz and Stegun 26.7.5); 0.8 % off at worst."""
    z, inverse = _Z, 1 / ibis.greatest(freedom, 1.0)
    terms = (
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (z**3 + z) / 4,
        z,
    )
    value: Any = terms[0]
    for term in terms[1:]:
        value = inverse * value + term
    return value
