"""How much nobody recorded: what blocks of features know that the others do not, measured on public labels."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from run import PIPELINES, TABLES, groups_of, through_pipeline

import abm_ml
from abm_ml.modelling.calibration import Calibrator, fit_calibrator
from abm_ml.modelling.calibration.calibrator import log_odds_of
from abm_ml.modelling.folds import Plan, plan_of
from abm_ml.modelling.inputs import Prepared
from abm_ml.modelling.ladder import Climbed, Fit, Rung, climb
from abm_ml.modelling.rungs import Rungs, TreePlan, directions_of
from abm_ml.modelling.unseen import with_unseen

NAMES = ("telco", "seller_churn", "ibm", "loan_win", "loan_progression", "wholesale_churn")
BLOCKS = 5
LOOKED_AT = 3_000  # rows that show which columns go together
MOST_ROWS = 30_000
SHARES = np.geomspace(0.001, 0.5, 100)
LEVEL = 0.9
SEED = 7
Floats = np.ndarray
Row = dict[str, str | float]


@dataclass(frozen=True, kw_only=True)
class Blinded:
    """The margins that a model gives to rows unknown to it, and those if it may not use one block, and another."""

    whole: Floats
    without: tuple[Floats, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, help=f"of {', '.join([*TABLES, *PIPELINES])}")
    parser.add_argument("--json", type=Path, help="write the table as a list of records")
    asked = parser.parse_args()
    rows = list(map(found, asked.names))
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n")
    show(rows)


def found(name: str) -> Row:
    """What the blocks of a label's features tell: by variance, and by the interval that would hold it."""
    model, rows = taught(name)
    plan = plan_of(rows.y, rows.time, rows.groups, seed=SEED)
    ways = ways_of(model, rows, plan)
    high, low = (climb(some, rows, plan.judging, seed=SEED) for some in (ways, {"rate": ways["rate"]}))
    upper, lower = (calibrator_of(each, rows, plan) for each in (high, low))
    seen = [blinded(high, rows, fold) for fold in plan.judging[:2]]
    truths = [rehearsed(upper, each) for each in seen]
    rates = [low.best.fit(teach).margin(rows.matrix[judge]) for teach, judge in plan.judging[:2]]
    row: Row = {
        "set": name,
        "rung": high.best.rung,
        "events": rows.events,
        "untaught": round(upper.untaught, 3),
        "lost variance": _mean(lost(upper, each) for each in seen),
        "hidden": _mean(needed(upper, each.whole, true) for each, true in zip(seen, truths, strict=True)),
        "hidden from rates": _mean(needed(lower, each, true) for each, true in zip(rates, truths, strict=True)),
    }
    Console(stderr=True).print(row)
    return row


def taught(name: str) -> tuple[abm_ml.AccountClassifier, Prepared]:
    """A set's training rows, at most some thousands, and the classifier that would learn from them."""
    data = TABLES[name].split(0) if name in TABLES else through_pipeline(name)
    some = np.random.default_rng(0).permutation(len(data.train))[:MOST_ROWS]
    model = abm_ml.AccountClassifier(monotone=data.monotone, seed=SEED)
    answers = data.answers[0].to_numpy()[some]
    return model, model.prepared(data.train.iloc[some], answers, groups=groups_of(data)[some])


def ways_of(model: abm_ml.AccountClassifier, rows: Prepared, plan: Plan) -> Mapping[Rung, Callable[[], Fit]]:
    """The rungs that the classifier would try."""
    directions = directions_of(model.monotone, model.features_, model.columns_)
    trees = TreePlan(model.tree_settings(rows), most=model.max_trees, patience=model.patience, bags=model.bags)
    return Rungs(
        rows=rows, plan=plan, directions=directions, rule=model.rule_column, rule_direction=1, trees=trees, seed=SEED
    ).ways()


def calibrator_of(climbed: Climbed, rows: Prepared, plan: Plan) -> Calibrator:
    """The calibrator of what was climbed to, which knows of nothing hidden yet."""
    judged = rows.some(climbed.rows)
    calibrator = fit_calibrator(climbed.best.margin, judged.y, groups=judged.groups)
    return replace(with_unseen(calibrator, climbed.best, rows, plan.judging), unseen=0.0)


def blinded(climbed: Climbed, rows: Prepared, fold: tuple[Floats, Floats]) -> Blinded:
    """What models that learned from the teaching rows of a fold say of its judging rows."""
    teach, judge = fold[0], rows.matrix[fold[1]]
    fit = climbed.best.fit
    return Blinded(
        whole=fit(teach).margin(judge),
        without=tuple(fit(teach, block).margin(judge) for block in blocks_of(rows.matrix)),
    )


def lost(calibrator: Calibrator, seen: Blinded) -> float:
    """The jackknife's estimate of the variance that as many blocks more would add, as a share of p (1 - p).

    Each block is taken for one draw among all that could have been recorded; then the sum of what is lost without
    each, times (k - 1) / k, estimates what is lost without all that was not drawn (as in Burnham and Overton, 1978,
    doi 10.1093/biomet/65.3.625, who count unseen species by those seen once).
    """
    p = calibrator.calibrate(seen.whole)
    each = [((calibrator.calibrate(less) - p) ** 2).mean() for less in seen.without]
    return float(sum(each) * _unseen_per_block(seen) / (p * (1.0 - p)).mean())


def needed(calibrator: Calibrator, margin: Floats, truths: Floats) -> float:
    """The share `unseen` at which the interval of each margin holds nine of ten of its truths (log-odds).

    A spread of the truths' variance would be too wide: most rows differ by little and a few by much.
    """
    wide = (share for share in SHARES if _held(replace(calibrator, unseen=share), margin, truths) >= LEVEL)
    return float(next(wide, SHARES[-1]))


def rehearsed(calibrator: Calibrator, seen: Blinded) -> Floats:
    """The log-odds that each row might have, were as much hidden as the blocks know: shape (32, n).

    What is hidden from a row is played by its own blocks: each moves the log-odds by as much as it is found to move
    them, up or down, in every combination; together by as much as the jackknife says.
    """
    line = calibrator.log_odds(seen.whole)
    moves = np.stack([line - calibrator.log_odds(less) for less in seen.without])
    signs = np.array(list(product((-1.0, 1.0), repeat=len(moves))))
    return line + np.sqrt(_unseen_per_block(seen)) * np.einsum("sb,bn->sn", signs, moves)


def _held(calibrator: Calibrator, margin: Floats, truths: Floats) -> float:
    low, high = log_odds_of(calibrator.interval(margin)).T
    return float(((low <= truths) & (truths <= high)).mean())


def _mean(shares: Iterator[float]) -> float:
    return round(float(np.mean(list(shares))), 3)


def _unseen_per_block(seen: Blinded) -> float:
    return (len(seen.without) - 1) / len(seen.without)


def blocks_of(matrix: Floats) -> list[Floats]:
    """The columns in at most five blocks that go together: Ward's clusters of their rank correlations, gaps lowest."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform
    from scipy.stats import rankdata

    some = matrix[np.linspace(0, len(matrix) - 1, min(len(matrix), LOOKED_AT)).astype(np.intp)]
    rank = pd.DataFrame(rankdata(np.where(np.isnan(some), -np.inf, some), axis=0))
    apart = (1.0 - rank.corr().abs().fillna(0.0)).to_numpy().clip(0.0)
    np.fill_diagonal(apart, 0.0)
    cluster = fcluster(linkage(squareform(apart, checks=False), "ward"), BLOCKS, criterion="maxclust")
    return [np.flatnonzero(cluster == number) for number in np.unique(cluster)]


def show(rows: list[Row]) -> None:
    """A line per set, and the geometric mean of what is hidden."""
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=120).print(table)
    for column in ("hidden", "hidden from rates"):
        mean = np.exp(np.mean([np.log(row[column]) for row in rows]))
        Console().print(f"geometric mean of '{column}': {mean:.3f}")


if __name__ == "__main__":
    main()
