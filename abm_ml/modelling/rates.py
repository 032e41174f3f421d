"""The two lowest rungs, for those who have few events: the rule's score by itself, and the rates of segments."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from abm_ml.modelling.additive import Additive, Term, centred
from abm_ml.modelling.folds import Floats
from abm_ml.modelling.inputs import Feature, Prepared
from abm_ml.modelling.solving import solved

TENTHS = np.linspace(0.0, 1.0, 11)
FLATTEST = 0.01  # a rule that ranks the wrong way round is flattened, never turned over
MOST_SEGMENTS = 30  # more values than that are no segments but names
MOST_COLUMNS = 3
MOST_LOG_ODDS = 30.0


def fit_rules(rows: Prepared, *, feature: int, direction: int) -> Additive:
    """The rule's score alone: log-odds that rise (direction 1) or fall (-1) with the score's rank, gaps being 0 points.

    Ranks are read between the tenths of the training rows, so that few huge scores do not rule the line.
    """
    score = np.nan_to_num(rows.matrix[:, feature])
    at = np.unique(np.quantile(score, TENTHS))
    rank = (np.searchsorted(np.sort(score), at, side="left") + np.searchsorted(np.sort(score), at, side="right")) / 2.0
    rising = Term(feature, tuple(at), tuple(direction * rank / len(score)))
    rising = Term(feature, rising.at, rising.adds, missing=float(np.interp(0.0, rising.at, rising.adds)))
    base, slope = solved(rising.of(rows.matrix[:, feature])[:, None], rows.y, rows.weight, spread=1.0)
    return centred(float(base), [rising.times(max(float(slope), FLATTEST))], rows.matrix, rows.weight)


def fit_rates(rows: Prepared, *, apart: Iterable[str] = ()) -> Additive:
    """The event rate of all, and how those of segments differ from it, drawn towards it where rows are few.

    A segment is a value of a category or flag with at most 30 of them, but for those in `apart`. Column by column, the
    one that explains most comes first and the next explain what it left, three at most. The prior of each column is
    estimated from the data: a beta distribution whose variance is what the segments' rates vary beyond chance (method
    of moments: Kleinman 1973, doi 10.1080/01621459.1973.10481332). Snapshots of an account count as one.
    """
    share = 1.0 if rows.groups is None else len(np.unique(rows.groups)) / len(rows.y)
    weight = rows.weight / rows.weight.mean() * share
    rate = float(np.average(rows.y, weights=weight))
    base = float(np.log(rate / (1.0 - rate)))
    left = {place for place, each in enumerate(rows.features) if _segments(each) and each.name not in {*apart}}
    line = np.full(len(rows.y), base)
    terms: list[Term] = []
    while left and len(terms) < MOST_COLUMNS:
        found = {place: _differences(rows, place, line, weight) for place in sorted(left)}
        gain = {place: _gain(rows, term, line, weight) for place, term in found.items()}
        best = max(gain, key=lambda place: gain[place])
        if gain[best] <= 0.0:
            break
        terms.append(found[best])
        line = line + found[best].of(rows.matrix[:, best])
        left.remove(best)
    return centred(base, terms, rows.matrix, rows.weight)


def _segments(feature: Feature) -> bool:
    return feature.kind == "flag" or 0 < len(feature.categories) <= MOST_SEGMENTS


def _differences(rows: Prepared, place: int, line: Floats, weight: Floats) -> Term:
    """How the log-odds of a column's segments differ from what was expected; 0 where that is no more than chance."""
    values = max(len(rows.features[place].categories), 2)
    column = rows.matrix[:, place]
    segment = np.where(np.isnan(column), values, column).astype(np.intp)
    expected = 1.0 / (1.0 + np.exp(-np.clip(line, -MOST_LOG_ODDS, MOST_LOG_ODDS)))
    count, hoped, happened = (
        np.bincount(segment, weights=each, minlength=values + 1).astype(np.float64)
        for each in (weight, weight * expected, weight * rows.y)
    )
    at = tuple(np.arange(float(values)))
    strength = _prior(count, hoped, happened)
    if not np.isfinite(strength):
        return Term(place, at, (0.0,) * values)
    usual = hoped / np.maximum(count, 1e-12)
    drawn = (happened + strength * usual) / np.maximum(count + strength, 1e-12)
    differs = np.where(count > 0, _log_odds(drawn) - _log_odds(usual), 0.0)
    return Term(place, at, tuple(differs[:-1].tolist()), float(differs[-1]))


def _prior(count: Floats, hoped: Floats, happened: Floats) -> float:
    """How many rows the expectation is worth; infinite where the segments' rates differ no more than by chance."""
    total = count.sum()
    rate = hoped.sum() / total
    chance = rate * (1.0 - rate)
    there = count > 0
    spread = ((happened - hoped)[there] ** 2 / count[there]).sum() - chance * (there.sum() - 1)
    between = spread / (total - (count**2).sum() / total) if there.sum() > 1 else 0.0
    return max(chance / between - 1.0, 1.0) if between > 0.0 else np.inf


def _gain(rows: Prepared, term: Term, line: Floats, weight: Floats) -> float:
    """By how much the term raises the log likelihood of its rows."""
    after = line + term.of(rows.matrix[:, term.feature])
    return float((weight * (rows.y * (after - line) - np.logaddexp(0.0, after) + np.logaddexp(0.0, line))).sum())


def _log_odds(rate: Floats) -> Floats:
    clipped = np.clip(rate, 1e-9, 1.0 - 1e-9)
    return np.log(clipped / (1.0 - clipped))
