"""Fairness: whether a score serves every group of accounts alike, with the interval that the number of accounts allows.

What is compared is what a team does with the score: it calls the tenth of the accounts with the highest probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm_ml.modelling.evaluation import DRAWS, LEVELS, SLICE_EVENTS, TOP, Metric, evaluate

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

WIDEST_GAP = 0.10  # of equal opportunity: what is found of one group's events, less what is found of the others'
MISSING, TOGETHER = "missing", "all smaller groups together"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How a score serves one group, each with its 90 % interval.

    `auc`: how often of two of its accounts the right one scores higher. `observed_expected`: its events over the sum of
    its probabilities; 1 is exactly right. `selected`: the share of its rows in the top tenth of all rows, and
    `selection_ratio` that share over the one of all other rows (demographic parity is 1). `found`: the share of its
    events in that top tenth, and `gap` that share less the one of all others' events (equal opportunity is 0; Hardt,
    Price and Srebro 2016).
    """

    auc: Metric
    observed_expected: Metric
    selected: Metric
    selection_ratio: Metric
    found: Metric
    gap: Metric

    @property
    def apart(self) -> bool:
        """Whether its chance of being found surely differs by more than 0.10: the whole interval lies beyond."""
        return self.gap.low > WIDEST_GAP or self.gap.high < -WIDEST_GAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rows that share a value; `parity` is None where fewer than 30 events of either class say nothing."""

    value: str
    rows: int
    positives: int
    share_of_events: float
    share_of_selected: float
    parity: Parity | None


def compare_groups(rows: pd.DataFrame, by: pd.Series[str]) -> tuple[Group, ...]:
    """How a score serves each value of `by`, the largest group first; no value is "missing".

    `rows` has label (0 or 1), probability and account_id; intervals come from drawing whole accounts anew. Groups with
    too few events are judged together, as the last one, where together they have enough: else nobody would ask after
    them.
    """
    values = by.astype(object).where(by.notna(), MISSING).map(str)
    few = [str(name) for name, mine in rows.groupby(values) if not _enough(mine)]
    alone = ~values.isin(few)
    together = values.where(alone, TOGETHER) if len(few) > 1 and alone.any() else values
    whole = rows.assign(selected=top_share(rows["probability"].to_numpy(dtype=np.float64), TOP))
    found = [_group(whole, name, values == name, None) for name in few]
    for name, parity in _parities(whole, together).items():
        found.append(_group(whole, name, together == name, parity))
    return tuple(sorted(found, key=lambda group: (group.value == TOGETHER, -group.rows, group.value)))


def _enough(rows: pd.DataFrame) -> bool:
    return bool(min(rows["label"].sum(), (1 - rows["label"]).sum()) >= SLICE_EVENTS)


def _group(rows: pd.DataFrame, name: str, mine: pd.Series[bool], parity: Parity | None) -> Group:
    return Group(
        value=name,
        rows=int(mine.sum()),
        positives=int(rows["label"][mine].sum()),
        share_of_events=float(rows["label"][mine].sum() / rows["label"].sum()),
        share_of_selected=float(rows["selected"][mine].sum() / rows["selected"].sum()),
        parity=parity,
    )


def _parities(rows: pd.DataFrame, values: pd.Series[str]) -> dict[str, Parity]:
    """The figures of each group that has events enough."""
    codes, names = pd.factorize(values, sort=True)
    sums = _Sums(np.asarray(codes, dtype=np.intp), rows)
    figures = _figures(sums.totals(np.ones(len(rows))))
    draws = [_figures(sums.totals(weight)) for weight in _weights(rows["account_id"])]
    found = {}
    for code, name in enumerate(names):
        mine = rows[codes == code]
        if _enough(mine):
            auc = evaluate(mine["label"], mine["probability"], groups=mine["account_id"]).roc_auc
            found[str(name)] = Parity(auc=auc, **{key: _metric(figures[key], draws, key, code) for key in figures})
    return found


class _Sums:
    """What is added up per group of rows with label, probability and selected (how much of a row is called)."""

    def __init__(self, codes: Codes, rows: pd.DataFrame) -> None:
        self.codes = codes
        self.happened, self.said, self.selected = (
            rows[name].to_numpy(dtype=np.float64) for name in ("label", "probability", "selected")
        )

    def totals(self, weight: Floats) -> Mapping[str, Floats]:
        """Sums per group under the weights of a draw: rows, events, expected events, selected rows, found events."""
        parts = {
            "rows": weight,
            "events": weight * self.happened,
            "expected": weight * self.said,
            "selected": weight * self.selected,
            "found": weight * self.selected * self.happened,
        }
        return {name: np.bincount(self.codes, weights=part).astype(np.float64) for name, part in parts.items()}


def top_share(score: Floats, share: float) -> Floats:
    """How much of each row lies in the best-scored share of all rows: 1, 0, or a part where rows tie at the border."""
    places = share * len(score)
    ranked = pd.Series(-score).rank(method="min").to_numpy() - 1.0  # rows that score higher
    ties = pd.Series(score).groupby(score).transform("size").to_numpy()
    return np.asarray(np.clip((places - ranked) / ties, 0.0, 1.0), dtype=np.float64)


def _figures(totals: Mapping[str, Floats]) -> dict[str, Floats]:
    others = {name: part.sum() - part for name, part in totals.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        selected, found = totals["selected"] / totals["rows"], totals["found"] / totals["events"]
        return {
            "observed_expected": totals["events"] / totals["expected"],
            "selected": selected,
            "selection_ratio": selected / (others["selected"] / others["rows"]),
            "found": found,
            "gap": found - others["found"] / others["events"],
        }


def _weights(accounts: pd.Series[str], seed: int = 7) -> Iterator[Floats]:
    """How often each row is drawn, draw by draw: whole accounts at once."""
    random = np.random.default_rng(seed)
    codes, names = pd.factorize(accounts, sort=True)
    for _ in range(DRAWS):
        yield random.poisson(1.0, len(names)).astype(np.float64)[codes]


def _metric(values: Floats, draws: list[dict[str, Floats]], key: str, code: int) -> Metric:
    """The value with the middle 90 % of its draws; a draw in which the group, or all others, are missing says none."""
    drawn = np.array([draw[key][code] for draw in draws])
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, LEVELS) if len(drawn) else (values[code], values[code])
    return Metric(float(values[code]), float(low), float(high))
