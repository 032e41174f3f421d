"""The trees of a model as their leaves see them, cut into parts that are few enough decisions to tabulate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Split:
    """A question of a tree: to the left go values up to the threshold, or those among the categories.

    `missing` is what LightGBM takes for missing at this split: "None", "Zero" (zeros and gaps) or "NaN".
    """

    feature: int
    threshold: float
    categories: tuple[int, ...] | None
    missing: str
    default_left: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: the split (by its number in the tree), its feature, the side and its share of the rows."""

    split: int
    feature: int
    left: bool
    share: float


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a leaf adds to the log-odds, and the steps from the root down to it."""

    value: float
    path: tuple[Step, ...]

    @property
    def features(self) -> tuple[int, ...]:
        """The different features that are asked on the way, the first one first."""
        return tuple(dict.fromkeys(step.feature for step in self.path))

    @property
    def expected(self) -> float:
        """What the leaf adds to the mean of all rows that taught the tree."""
        reached = self.value
        for step in self.path:
            reached *= step.share
        return reached


@dataclass(frozen=True, slots=True)
class Player:
    """One feature of a leaf: a row meets its conditions if `key & mask == met`, and `share` of the training rows do."""

    feature: int
    mask: int
    met: int
    share: float


@dataclass(frozen=True, slots=True)
class Part:
    """Some leaves of a tree whose contributions depend on a few yes-or-no answers of a row, the bits of its key.

    The leaves hang below one inner node, `depth` steps from the root. There is a bit for each feature asked above that
    node: does the row meet all its conditions? And one for each split below: does the row go left?
    """

    depth: int
    leaves: tuple[Leaf, ...]

    @property
    def features(self) -> tuple[int, ...]:
        """The different features that decide about the part."""
        return tuple(dict.fromkeys(feature for leaf in self.leaves for feature in leaf.features))

    @property
    def width(self) -> int:
        """How many bits the part's keys have."""
        return len(self._above()) + len(self._below())

    def conditions(self) -> list[tuple[int, bool, int]]:
        """What makes the key: a split, the answer that it wants, and the bit that another answer clears."""
        above, below = self._above(), self._below()
        shared = [(step.split, step.left, above[step.feature]) for step in self.leaves[0].path[: self.depth]]
        return shared + [(split, True, bit) for split, bit in below.items()]

    def players(self, leaf: Leaf) -> tuple[Player, ...]:
        """The features that decide about one of the part's leaves."""
        above, below = self._above(), self._below()
        found: dict[int, Player] = {}
        for place, step in enumerate(leaf.path):
            bit, is_set = (below[step.split], step.left) if place >= self.depth else (above[step.feature], True)
            so_far = found.get(step.feature, Player(step.feature, 0, 0, 1.0))
            found[step.feature] = Player(
                step.feature, so_far.mask | 1 << bit, so_far.met | is_set << bit, so_far.share * step.share
            )
        return tuple(found.values())

    def _above(self) -> dict[int, int]:
        asked = dict.fromkeys(step.feature for step in self.leaves[0].path[: self.depth])
        return {feature: bit for bit, feature in enumerate(asked)}

    def _below(self) -> dict[int, int]:
        asked = dict.fromkeys(step.split for leaf in self.leaves for step in leaf.path[self.depth :])
        return {split: bit for bit, split in enumerate(asked, start=len(self._above()))}


@dataclass(frozen=True, slots=True)
class Tree:
    """The splits of a tree by number, and its leaves from left to right."""

    splits: tuple[Split, ...]
    leaves: tuple[Leaf, ...]


def trees_of(dump: Mapping[str, Any]) -> tuple[Tree, ...] | None:
    """The trees of LightGBM's `dump_model()`; None where a model is more than a sum of constant leaves."""
    if dump["num_tree_per_iteration"] != 1 or dump.get("average_output"):
        return None
    trees = tuple(_tree(each["tree_structure"]) for each in dump["tree_info"])
    return None if any(tree is None for tree in trees) else tuple(tree for tree in trees if tree)


def parts_of(tree: Tree, width: int) -> tuple[Part, ...]:
    """A tree's leaves in parts of at most `width` bits each; a leaf that needs more stands alone.

    From the leaves upwards, what hangs below a node stays together as long as it fits.
    """
    if not tree.splits:
        return ()
    closed, rest = _cut(tree.leaves, 0, width)
    return (*closed, rest) if rest else tuple(closed)


def _tree(root: Mapping[str, Any]) -> Tree | None:
    splits: list[Split] = []
    leaves: list[Leaf] = []
    ahead: list[tuple[Mapping[str, Any], tuple[Step, ...]]] = [(root, ())]
    while ahead:
        node, path = ahead.pop()
        if "split_feature" in node:
            ahead += _children(node, path, len(splits))
            splits.append(_split(node))
        elif "leaf_coeff" in node:
            return None
        else:
            leaves.append(Leaf(float(node["leaf_value"]), path))
    return Tree(tuple(splits), tuple(leaves))


def _children(
    node: Mapping[str, Any], path: tuple[Step, ...], number: int
) -> Iterator[tuple[Mapping[str, Any], tuple[Step, ...]]]:
    """Both children, the left one last, with their paths; nobody's share of nobody is a half."""
    for side in ("right_child", "left_child"):
        share = _rows(node[side]) / _rows(node) if _rows(node) else 0.5
        yield node[side], (*path, Step(number, int(node["split_feature"]), side == "left_child", share))


def _rows(node: Mapping[str, Any]) -> int:
    return int(node["internal_count" if "split_feature" in node else "leaf_count"])


def _split(node: Mapping[str, Any]) -> Split:
    by_category = node["decision_type"] == "=="
    return Split(
        feature=int(node["split_feature"]),
        threshold=0.0 if by_category else float(node["threshold"]),
        categories=tuple(int(code) for code in str(node["threshold"]).split("||") if code) if by_category else None,
        missing=str(node["missing_type"]),
        default_left=bool(node["default_left"]),
    )


def _cut(leaves: Sequence[Leaf], depth: int, width: int) -> tuple[list[Part], Part | None]:
    """The finished parts among the leaves below a node, and the unfinished one that may grow further up."""
    if len(leaves[0].path) == depth:
        alone = Part(depth, tuple(leaves))
        return ([], alone) if alone.width <= width else ([alone], None)
    closed: list[Part] = []
    growing: list[Part] = []
    for left in (True, False):
        finished, rest = _cut([leaf for leaf in leaves if leaf.path[depth].left is left], depth + 1, width)
        closed += finished
        growing += [rest] if rest else []
    growing.sort(key=lambda part: part.width)
    while growing:
        both = Part(depth, tuple(leaf for part in growing for leaf in part.leaves))
        if both.width <= width:
            return closed, both
        closed.append(growing.pop())
    return closed, None
