"""The trees: LightGBM's, grown the same every time, and read back from their own text. The one door to lightgbm."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm_ml.modelling.folds import Floats, Fold, Labels, Rows
from abm_ml.modelling.inputs import Feature

# Idle threads that spin cost more than they give where cores are shared: a fit of 28 s took 230 s beside other work.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


class Trees:
    """Gradient-boosted trees as read back from LightGBM's text, so that they score alike before and after storage.

    Hand over checked text only: a damaged one kills the process.
    """

    def __init__(self, text: str) -> None:
        import lightgbm as lgb

        self.text = text
        self.booster = lgb.Booster(model_str=text)
        anyone = np.full((1, self.booster.num_feature()), np.nan)
        self.base_margin = float(self._predicted(anyone, 1, pred_contrib=True)[0, -1])

    @property
    def count(self) -> int:
        """How many trees there are."""
        return int(self.booster.num_trees())

    def margin(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """The log-odds of encoded rows, shape (n,)."""
        if not len(matrix):
            return np.zeros(0)
        return self._predicted(matrix, threads, raw_score=True)

    def contributions(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """What each feature adds to the log-odds of encoded rows, shape (n, features): LightGBM's own TreeSHAP."""
        if not len(matrix):
            return np.zeros(matrix.shape)
        return self._predicted(matrix, threads, pred_contrib=True)[:, :-1]

    def _predicted(self, matrix: Floats, threads: int, **what: bool) -> Floats:
        return np.asarray(self.booster.predict(matrix, num_threads=threads, **what), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Grown:
    """Trees grown on one fold: the log loss on the judging rows after each tree, and their margins after so many."""

    losses: Floats
    margins: Callable[[int], Floats]


class BinnedRows:
    """Encoded rows, binned once, on which trees of different settings are grown."""

    def __init__(
        self, matrix: Floats, y: Labels, weight: Floats, features: Sequence[Feature], settings: Mapping[str, Any]
    ) -> None:
        import lightgbm as lgb

        coded = [place for place, feature in enumerate(features) if feature.kind == "category"]
        names = [f"f{place}" for place in range(len(features))]  # display names may hold what LightGBM refuses
        self._matrix = matrix
        self._table = lgb.Dataset(
            matrix, y, weight=weight, feature_name=names, categorical_feature=coded, params=dict(settings)
        )

    def counted(
        self, settings: Mapping[str, Any], folds: Sequence[Fold], *, most: int, patience: int
    ) -> tuple[int, list[Trees]]:
        """How many trees have the lowest log loss over all folds together, and so many of each fold's own trees."""
        import lightgbm as lgb

        stop = lgb.early_stopping(patience, verbose=False)
        curve: Any = lgb.cv(dict(settings), self._table, most, folds=folds, callbacks=[stop], return_cvbooster=True)
        count = int(np.argmin(curve["valid binary_logloss-mean"])) + 1
        return count, [Trees(_text(booster, count)) for booster in curve["cvbooster"].boosters]

    def trees(self, settings: Mapping[str, Any], count: int, rows: Rows, *, bags: int = 1) -> Trees:
        """So many trees, grown on some of the rows; `bags` times with other seeds, and their mean."""
        import lightgbm as lgb

        table = self._table if len(rows) == len(self._matrix) else self._table.subset(rows.tolist())
        seeds = [{**settings, "seed": settings["seed"] + bag} for bag in range(bags)]
        return Trees(mean_of([_text(lgb.train(each, table, count)) for each in seeds]))

    def grown(self, settings: Mapping[str, Any], fold: Fold, *, most: int, patience: int) -> Grown:
        """Trees grown on a fold's teaching rows until its judging rows gain no more."""
        import lightgbm as lgb

        teach, judge = fold
        curve: dict[str, Any] = {}
        watch: list[Callable[..., Any]] = [lgb.early_stopping(patience, verbose=False), lgb.record_evaluation(curve)]
        judging = self._table.subset(judge.tolist())
        teaching = self._table.subset(teach.tolist())
        booster = lgb.train(
            dict(settings), teaching, most, valid_sets=[judging], callbacks=watch, keep_training_booster=True
        )  # else it would come back without the trees after its own best one, though the other folds want them

        def margins(count: int) -> Floats:
            predicted = booster.predict(self._matrix[judge], raw_score=True, num_iteration=count)
            return np.asarray(predicted, dtype=np.float64)

        return Grown(np.asarray(curve["valid_0"]["binary_logloss"]), margins)


def mean_of(texts: Sequence[str]) -> str:
    """One model whose log-odds are the mean of several models': all their trees, each leaf divided by their number."""
    if len(texts) == 1:
        return texts[0]
    head, _, _ = texts[0].partition("\nTree=0\n")
    tail = texts[0][texts[0].index("\nend of trees") :]
    blocks = [block for text in texts for block in _blocks(text)]
    shares = [_divided(block, len(texts)) for block in blocks]
    numbered = [f"Tree={number}\n{block}" for number, block in enumerate(shares)]
    sizes = " ".join(str(len(block.encode())) for block in numbered)
    head = re.sub(r"\ntree_sizes=[\d ]*", f"\ntree_sizes={sizes}", head)
    return f"{head}\n{''.join(numbered)}{tail.lstrip(chr(10))}"


def _blocks(text: str) -> list[str]:
    """The text of each tree, without its number."""
    trees = text[: text.index("\nend of trees")] + "\n"
    return [block.partition("\n")[2] for block in re.split(r"(?m)^Tree=", trees)[1:]]


def _divided(block: str, by: int) -> str:
    """A tree whose leaves and inner values are a fraction of what they were."""

    def fraction(found: re.Match[str]) -> str:
        return found[1] + " ".join(repr(float(value) / by) for value in found[2].split())

    return re.sub(r"(?m)^((?:leaf|internal)_value=)(.*)$", fraction, block)


def _text(booster: Any, count: int | None = None) -> str:
    """The text of a booster, or of its first trees; the number of threads belongs to the machine."""
    return re.sub(r"\[num_threads: -?\d+\]", "[num_threads: 0]", booster.model_to_string(num_iteration=count))
