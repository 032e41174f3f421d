"""The exact reasons of many rows at nearly the price of a prediction: Shapley values from tables.

What a leaf adds to a row's log-odds is a game of the features asked on its path. If only the features of a set S are
known, the leaf adds `value * product(o_j for j in S) * product(z_j for j not in S)`, where o_j is 1 if the row meets
all conditions on feature j, else 0, and z_j is the share of the training rows that meet them (path-dependent TreeSHAP,
Lundberg et al., 2020, doi 10.1038/s42256-019-0138-9). Its Shapley values are an integral along the diagonal of the
game's multilinear extension (Owen, 1972, doi 10.1287/mnsc.18.5.64):

    value * (o_i - z_i) * integral from 0 to 1 of product(z_j + (o_j - z_j) * t for j != i) dt

The integrand is a polynomial of a degree below d, the number of features, so that ceil(d / 2) points of Gauss and
Legendre give it exactly, and nothing cancels: all factors are positive.

A row comes in only through the o_j, and they are few. So all answers are worked out beforehand (FastTreeSHAP v2, Yang,
2021, arXiv 2109.09847), here not for each leaf but for each part of a tree that some bits decide (`trees.Part`): one
table has a row per feature and a column per key. Explaining a row is answering the splits, joining the answers to
keys, and adding up what the tables hold. Blocks of rows go through one tree after another, each step a plain loop over
neighbouring numbers. Parts that no table can hold, and those beyond the memory for tables, are worked out row by row.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from abm_ml.compiled import compiled
from abm_ml.reasons.layout import (
    BY_CATEGORY,
    BY_THRESHOLD_OR_ZERO,
    NO_TABLE,
    Answers,
    Floats,
    Keys,
    Layout,
    Leaves,
    Parts,
    Splits,
    Whole,
    layout_of,
)
from abm_ml.reasons.trees import Tree, trees_of

BLOCK_ROWS = 4_096
NEAR = 256
WIDEST = 11
WIDEST_KEY = 64
TABLE_BYTES = 256 * 2**20
MOST_CATEGORIES = 2**16
ZERO = float(np.float32(1e-35))  # LightGBM reads what is no larger than this as zero


class Rule(NamedTuple):
    """Rules of Gauss and Legendre on the way from 0 to 1: row n holds the n points and weights of a rule."""

    points: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class Kernel:
    """A model's trees, ready to explain rows of `width` columns: `base` is the mean log-odds of the training rows."""

    base: float
    width: int
    layout: Layout
    rule: Rule
    tables: Floats

    def contributions(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """What each column adds to the log-odds of each row, shape of `matrix`; with `base` they add up to the margin.

        Equal to LightGBM's `pred_contrib` but for rounding. Neither blocks nor threads change a bit of it; less than
        one thread means one per core.
        """
        found = np.zeros((len(matrix), self.width))

        def explain(start: int) -> None:
            rows, layout = slice(start, start + BLOCK_ROWS), self.layout
            columns = np.zeros((len(layout.features), len(matrix[rows])))
            added = np.zeros_like(columns)
            _turn(matrix[rows], layout.features, columns)
            _explain(columns, layout.splits, layout.parts, layout.leaves, self.tables, self.rule, added)
            _turn_back(added, layout.features, found[rows])

        with ThreadPoolExecutor(threads if threads > 0 else os.cpu_count()) as pool:
            for _ in pool.map(explain, range(0, len(matrix), BLOCK_ROWS)):
                pass
        return found


def kernel_of(dump: Mapping[str, Any], *, widest: int = WIDEST, table_bytes: int = TABLE_BYTES) -> Kernel | None:
    """The kernel of LightGBM's `dump_model()`; None for trees that it cannot explain.

    Those are linear and averaged trees, several outputs, paths that ask more than 64 features, and categories numbered
    beyond 65,535. The tables have keys of at most `widest` bits and take at most `table_bytes`.
    """
    trees = trees_of(dump)
    if trees is None or not all(map(_is_within, trees)):
        return None
    layout = layout_of(trees, widest=widest, table_bytes=table_bytes)
    tables, rule = np.zeros(layout.table_size), _rule(WIDEST_KEY // 2)
    _fill(layout.parts, layout.leaves, rule, tables)
    base = sum(leaf.expected for tree in trees for leaf in tree.leaves)
    return Kernel(base, int(dump["max_feature_idx"]) + 1, layout, rule, tables)


def _is_within(tree: Tree) -> bool:
    known = (max(split.categories or (0,)) < MOST_CATEGORIES for split in tree.splits)
    return all(known) and all(len(leaf.features) <= WIDEST_KEY for leaf in tree.leaves)


def _rule(most: int) -> Rule:
    rule = Rule(np.zeros((most + 1, most)), np.zeros((most + 1, most)))
    for number in range(1, most + 1):
        points, weights = np.polynomial.legendre.leggauss(number)
        rule.points[number, :number] = (points + 1.0) / 2.0
        rule.weights[number, :number] = weights / 2.0
    return rule


@compiled
def _turn(matrix: Floats, features: Whole, columns: Floats) -> None:
    """The columns that are read, one after another, as LightGBM reads them: what is all but zero is zero."""
    for row in range(matrix.shape[0]):
        for place in range(len(features)):
            value = matrix[row, features[place]]
            columns[place, row] = 0.0 if abs(value) <= ZERO else value


@compiled
def _turn_back(added: Floats, features: Whole, found: Floats) -> None:
    for row in range(found.shape[0]):
        for place in range(len(features)):
            found[row, features[place]] = added[place, row]


@compiled
def _explain(
    columns: Floats, splits: Splits, parts: Parts, leaves: Leaves, tables: Floats, rule: Rule, added: Floats
) -> None:
    """Adds to each feature what all trees add, tree after tree."""
    rows = columns.shape[1]
    answers = np.empty((_longest(splits.first), rows), dtype=np.uint8)
    keys, wide_keys = np.empty(rows, dtype=np.uint16), np.empty(rows, dtype=np.uint64)
    for tree in range(len(splits.first) - 1):
        start = splits.first[tree]
        for split in range(start, splits.first[tree + 1]):
            _answer(columns[splits.feature[split]], split, splits, answers[split - start])
        for part in range(parts.first[tree], parts.first[tree + 1]):
            if parts.table[part] == NO_TABLE:
                _join(answers, part, parts, wide_keys)
                _add_leaves(wide_keys, part, parts, leaves, rule, added)
            else:
                _join(answers, part, parts, keys)
                _add_table(keys, part, parts, tables, added)


@compiled
def _longest(first: Whole) -> int:
    longest = 0
    for place in range(len(first) - 1):
        longest = max(longest, first[place + 1] - first[place])
    return longest


@compiled
def _answer(column: Floats, split: int, splits: Splits, left: Answers) -> None:
    """Which rows go left at a split."""
    threshold, gap_left = splits.threshold[split], splits.gap_left[split] == 1
    if splits.kind[split] == BY_CATEGORY:
        among = splits.among[splits.first_code[split] : splits.first_code[split + 1]]
        for row in range(len(column)):
            value = column[row]
            left[row] = among[1 + np.int64(value if -1.0 < value < len(among) - 1 else -1.0)]
    elif splits.kind[split] == BY_THRESHOLD_OR_ZERO:
        for row in range(len(column)):
            value = column[row]
            is_gap = np.isnan(value) | (value == 0.0)
            left[row] = (is_gap & gap_left) | (~is_gap & (value <= threshold))
    else:
        for row in range(len(column)):
            value = column[row]
            left[row] = (np.isnan(value) & gap_left) | (value <= threshold)


@compiled
def _join(answers: Answers, part: int, parts: Parts, keys: NDArray[np.unsignedinteger[Any]]) -> None:
    """The keys of all rows: every bit is set whose conditions a row meets."""
    keys[:] = ~keys.dtype.type(0) >> keys.dtype.type(8 * keys.itemsize - parts.width[part])
    for condition in range(parts.first_condition[part], parts.first_condition[part + 1]):
        answer, wanted = answers[parts.split[condition]], parts.wanted[condition]
        bit = keys.dtype.type(parts.bit[condition])
        for row in range(len(keys)):
            keys[row] &= ~(keys.dtype.type(answer[row] ^ wanted) << bit)


@compiled
def _add_table(keys: NDArray[np.uint16], part: int, parts: Parts, tables: Floats, added: Floats) -> None:
    """Adds what the part's table holds for each row's key to the features of the part."""
    size = 1 << parts.width[part]
    first = parts.first_feature[part]
    for number in range(parts.first_feature[part + 1] - first):
        start = parts.table[part] + number * size
        table, total = tables[start : start + size], added[parts.feature[first + number]]
        for row in range(len(keys)):
            total[row] += table[keys[row]]


@compiled
def _fill(parts: Parts, leaves: Leaves, rule: Rule, tables: Floats) -> None:
    """Works out the tables: a part's leaves are explained to every key that there is."""
    for part in range(len(parts.table)):
        if parts.table[part] != NO_TABLE:
            size = 1 << parts.width[part]
            count = parts.first_feature[part + 1] - parts.first_feature[part]
            table = tables[parts.table[part] : parts.table[part] + count * size].reshape((count, size))
            _add_leaves(np.arange(size).astype(np.uint64), part, parts, leaves, rule, table)


@compiled
def _add_leaves(keys: Keys, part: int, parts: Parts, leaves: Leaves, rule: Rule, added: Floats) -> None:
    """Adds the Shapley values of all leaves of a part, a few keys at a time, so that these stay near the processor."""
    met, whole = np.empty((WIDEST_KEY, NEAR)), np.empty((WIDEST_KEY // 2, NEAR))
    for start in range(0, len(keys), NEAR):
        rows = slice(start, min(start + NEAR, len(keys)))
        for leaf in range(parts.first_leaf[part], parts.first_leaf[part + 1]):
            number = _multiply(keys[rows], leaf, leaves, rule, met, whole)
            _integrate(leaf, leaves, rule.points[number, :number], met, whole, added[:, rows])


@compiled
def _multiply(keys: Keys, leaf: int, leaves: Leaves, rule: Rule, met: Floats, whole: Floats) -> int:
    """Fills in which features of a leaf are met (o), and the product of all factors at each point of the rule."""
    first, rows = leaves.first[leaf], range(len(keys))
    features = leaves.first[leaf + 1] - first
    number: int = (features + 1) // 2
    for point in range(number):
        whole[point, :] = leaves.value[leaf] * rule.weights[number, point]
    for feature in range(features):
        mask, wanted, z = leaves.mask[first + feature], leaves.met[first + feature], leaves.share[first + feature]
        mine = met[feature]
        for row in rows:
            mine[row] = 1.0 if keys[row] & mask == wanted else 0.0
        for point in range(number):
            t, product = rule.points[number, point], whole[point]
            without = z * (1.0 - t)
            for row in rows:
                product[row] *= without + mine[row] * t
    return number


@compiled
def _integrate(leaf: int, leaves: Leaves, points: Floats, met: Floats, whole: Floats, added: Floats) -> None:
    """Adds a leaf's Shapley values from the products of all factors, of which each feature leaves out its own.

    With o = 1 that makes `whole * (1 - z) / (z + (1 - z) * t)`, and with o = 0 `-whole / (1 - t)` for every feature.
    """
    first, rows = leaves.first[leaf], range(added.shape[1])
    unmet, own = np.zeros(len(rows)), np.empty(len(rows))
    for point in range(len(points)):
        factor = 1.0 / (1.0 - points[point])
        for row in rows:
            unmet[row] -= whole[point, row] * factor
    for feature in range(leaves.first[leaf + 1] - first):
        z, mine, total = leaves.share[first + feature], met[feature], added[leaves.place[first + feature]]
        own[:] = 0.0
        for point in range(len(points)):
            factor = (1.0 - z) / (z + (1.0 - z) * points[point])
            for row in rows:
                own[row] += whole[point, row] * factor
        for row in rows:
            total[row] += mine[row] * own[row] + (1.0 - mine[row]) * unmet[row]
