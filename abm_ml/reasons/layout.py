"""Trees laid out as plain arrays, which compiled loops read: splits, parts with their conditions, leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abm_ml.reasons.trees import Part, Split, Tree, parts_of

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Keys = NDArray[np.uint64]
Answers = NDArray[np.uint8]

BY_THRESHOLD, BY_THRESHOLD_OR_ZERO, BY_CATEGORY = 0, 1, 2
NO_TABLE = -1


class Splits(NamedTuple):
    """The splits of all trees; those of tree t are `first[t]` to `first[t + 1]`.

    `gap_left` says whether gaps go left, and zeros with them where `kind` is BY_THRESHOLD_OR_ZERO. Category c
    goes left at split s if `among[first_code[s] + 1 + c]` is 1; before its first category stands a 0 for all others.
    """

    first: Whole
    feature: Whole
    kind: NDArray[np.int8]
    threshold: Floats
    gap_left: Answers
    first_code: Whole
    among: Answers


class Parts(NamedTuple):
    """The parts of all trees; those of tree t are `first[t]` to `first[t + 1]`, and so on for what belongs to a part.

    A condition clears its `bit` of a key where a row's answer to `split` (its number in the tree) is not `wanted`.
    `table` is where the table of a part begins, or NO_TABLE.
    """

    first: Whole
    width: Whole
    table: Whole
    first_condition: Whole
    split: Whole
    wanted: Answers
    bit: NDArray[np.uint8]
    first_feature: Whole
    feature: Whole
    first_leaf: Whole


class Leaves(NamedTuple):
    """The leaves of all parts, each with its features: a row satisfies the conditions on one if `key & mask == met`.

    `place` is the feature's row of the table, or its column where there is no table; `share` is its share of the
    training rows.
    """

    value: Floats
    first: Whole
    place: Whole
    mask: Keys
    met: Keys
    share: Floats


@dataclass(frozen=True, slots=True)
class Layout:
    """All trees of a model as arrays; `features` are the columns that they read, and the arrays count among these."""

    features: Whole
    splits: Splits
    parts: Parts
    leaves: Leaves
    table_size: int


def layout_of(trees: Sequence[Tree], *, widest: int, table_bytes: int) -> Layout:
    """The arrays of some trees, with tables for keys of up to `widest` bits, or of fewer where they take too much."""
    cut, sizes = _cut(trees, widest)
    while widest and sum(sizes) * np.dtype(np.float64).itemsize > table_bytes:
        widest -= 1
        cut, sizes = _cut(trees, widest)
    features = sorted({split.feature for tree in trees for split in tree.splits})
    place = {feature: number for number, feature in enumerate(features)}
    tables = [start if size else NO_TABLE for start, size in zip(accumulate(sizes, initial=0), sizes, strict=False)]
    return Layout(
        features=np.array(features, dtype=np.int64),
        splits=_splits(trees, place),
        parts=_parts(cut, place, tables),
        leaves=_leaves(list(chain.from_iterable(cut)), place, tables),
        table_size=sum(sizes),
    )


def _cut(trees: Sequence[Tree], width: int) -> tuple[list[tuple[Part, ...]], list[int]]:
    """The parts of all trees, and how many numbers the table of each part takes; 0 where its keys are too wide."""
    cut = [parts_of(tree, width) for tree in trees]
    parts = chain.from_iterable(cut)
    return cut, [len(part.features) << part.width if part.width <= width else 0 for part in parts]


def _splits(trees: Sequence[Tree], place: Mapping[int, int]) -> Splits:
    splits = [split for tree in trees for split in tree.splits]
    among = [_among(split.categories or ()) for split in splits]
    return Splits(
        first=_starts(len(tree.splits) for tree in trees),
        feature=_whole(place[split.feature] for split in splits),
        kind=np.array([_kind(split) for split in splits], dtype=np.int8),
        threshold=np.array([split.threshold for split in splits], dtype=np.float64),
        gap_left=np.array([_gap_left(split) for split in splits], dtype=np.uint8),
        first_code=_starts(map(len, among)),
        among=np.concatenate([np.zeros(0, dtype=np.uint8), *among]),
    )


def _kind(split: Split) -> int:
    if split.categories is not None:
        return BY_CATEGORY
    return BY_THRESHOLD_OR_ZERO if split.missing == "Zero" else BY_THRESHOLD


def _gap_left(split: Split) -> bool:
    """Where a gap goes: its own way if the split knows gaps, else the way of a zero."""
    return split.threshold >= 0.0 if split.missing == "None" else split.default_left


def _among(categories: Sequence[int]) -> Answers:
    among = np.zeros(max(categories, default=0) + 2, dtype=np.uint8)
    among[np.array(categories, dtype=np.intp) + 1] = 1
    return among


def _parts(cut: Sequence[Sequence[Part]], place: Mapping[int, int], tables: Sequence[int]) -> Parts:
    parts = [part for tree in cut for part in tree]
    conditions = [part.conditions() for part in parts]
    each = list(chain.from_iterable(conditions))
    return Parts(
        first=_starts(map(len, cut)),
        width=_whole(part.width for part in parts),
        table=_whole(tables),
        first_condition=_starts(map(len, conditions)),
        split=_whole(split for split, _, _ in each),
        wanted=np.array([wanted for _, wanted, _ in each], dtype=np.uint8),
        bit=np.array([bit for _, _, bit in each], dtype=np.uint8),
        first_feature=_starts(len(part.features) for part in parts),
        feature=_whole(place[feature] for part in parts for feature in part.features),
        first_leaf=_starts(len(part.leaves) for part in parts),
    )


def _leaves(parts: Sequence[Part], place: Mapping[int, int], tables: Sequence[int]) -> Leaves:
    players, places = [], []
    for part, table in zip(parts, tables, strict=True):
        rows = place if table == NO_TABLE else {feature: row for row, feature in enumerate(part.features)}
        for leaf in part.leaves:
            players.append(part.players(leaf))
            places += [rows[player.feature] for player in players[-1]]
    each = list(chain.from_iterable(players))
    return Leaves(
        value=np.array([leaf.value for part in parts for leaf in part.leaves], dtype=np.float64),
        first=_starts(map(len, players)),
        place=_whole(places),
        mask=np.array([player.mask for player in each], dtype=np.uint64),
        met=np.array([player.met for player in each], dtype=np.uint64),
        share=np.array([player.share for player in each], dtype=np.float64),
    )


def _starts(lengths: Iterable[int]) -> Whole:
    return _whole(accumulate(lengths, initial=0))


def _whole(numbers: Iterable[int]) -> Whole:
    return np.array(list(numbers), dtype=np.int64)
