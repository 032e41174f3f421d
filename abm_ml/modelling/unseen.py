"""What nobody recorded: how far the true probabilities of accounts that score alike lie apart.

One outcome per account cannot tell: without an assumption, an interval that holds the true probability must be as wide
as one that holds the outcome itself (Barber, 2020, doi 10.1214/20-EJS1749). The assumption here: what is not recorded
knows as much beside the features as blocks of them know beside each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from abm_ml.modelling.calibration import Calibrator, Floats
from abm_ml.modelling.folds import Fold, Labels, Rows
from abm_ml.modelling.inputs import Prepared
from abm_ml.modelling.ladder import Fit

BLOCKS = 5
LOOKED_AT = 3_000  # rows that show which columns go together
MOST_ROWS = 30_000
# The geometric mean of what the jackknife finds on six public labels, 0.05 to 0.21 (experiments/2026-11-calibration).
# They differ no more than five blocks let one expect by chance, so a single finding is not trusted far.
USUAL, TRUST = 0.1, 0.15
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Blinded:
    """What a model says of rows unknown to it, and what it says if it may not use one block of features, and another.

    All of them probabilities, with the weight of each row.
    """

    whole: Floats
    without: tuple[Floats, ...]
    weight: Floats

    @property
    def share(self) -> float:
        """The jackknife's estimate of the variance that unrecorded facts would add, as a share of p (1 - p).

        Each block is taken for one draw among all that could have been recorded; then the sum of what is lost without
        each, times (k - 1) / k, estimates what is lost without all that was not drawn (as in Burnham and Overton, 1978,
        doi 10.1093/biomet/65.3.625, who count unseen species by those seen once).
        """
        blocks = len(self.without)
        lost = sum(self._mean((less - self.whole) ** 2) for less in self.without)
        return lost * (blocks - 1) / blocks / self._mean(self.whole * (1.0 - self.whole))

    def _mean(self, values: Floats) -> float:
        return float(np.average(values, weights=self.weight))


def with_unseen(calibrator: Calibrator, fit: Fit, rows: Prepared, folds: Sequence[Fold]) -> Calibrator:
    """The calibrator that knows how far the true probabilities of accounts that score alike lie apart.

    A share estimated from five blocks is itself uncertain, so it is drawn most of the way (in logarithms) towards what
    is usual.
    """
    blocks = blocks_of(rows.matrix)
    share = blinded(calibrator, fit, rows, folds[0], blocks).share if len(blocks) > 1 else 0.0
    found = USUAL if share <= 0 else float(share**TRUST * USUAL ** (1.0 - TRUST))
    return replace(calibrator, unseen=found)


def blinded(calibrator: Calibrator, fit: Fit, rows: Prepared, fold: Fold, blocks: Sequence[Rows]) -> Blinded:
    """What models fitted on the teaching rows of a fold say of its judging rows: the whole one, and one per block."""
    teach, judge = _sample(fold[0], rows.groups), rows.matrix[fold[1]]
    return Blinded(
        whole=calibrator.calibrate(fit(teach).margin(judge)),
        without=tuple(calibrator.calibrate(fit(teach, block).margin(judge)) for block in blocks),
        weight=rows.weight[fold[1]],
    )


def blocks_of(matrix: Floats) -> list[Rows]:
    """The columns in at most five blocks that go together: Ward's clusters of their rank correlations, gaps lowest."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    columns = matrix.shape[1]
    if columns <= BLOCKS:
        return [np.array([place]) for place in range(columns)]
    apart = squareform(1.0 - _alike(matrix), checks=False)
    cluster = fcluster(linkage(apart, "ward"), BLOCKS, criterion="maxclust")
    return [np.flatnonzero(cluster == number) for number in np.unique(cluster)]


def _alike(matrix: Floats) -> Floats:
    """Absolute rank correlations of columns; by einsum, as a BLAS product may end differently with more threads."""
    from scipy.stats import rankdata

    some = matrix[np.linspace(0, len(matrix) - 1, min(len(matrix), LOOKED_AT)).astype(np.intp)]
    rank = rankdata(np.where(np.isnan(some), -np.inf, some), axis=0)
    centred = rank - rank.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    scaled = centred / np.where(length > 0, length, 1.0)
    alike = np.abs(np.einsum("ni,nj->ij", scaled, scaled))
    np.fill_diagonal(alike, 1.0)
    return np.asarray(np.minimum(alike, 1.0))


def _sample(teach: Rows, groups: Labels | None) -> Rows:
    """At most some thousands of rows, whole accounts at a time: six fits on them are enough to see a difference."""
    if len(teach) <= MOST_ROWS:
        return teach
    owner = np.arange(len(teach)) if groups is None else groups[teach]
    place = np.random.default_rng(SEED).permutation(int(owner.max()) + 1)[owner]
    return np.asarray(teach[place < np.sort(place)[MOST_ROWS - 1]])
