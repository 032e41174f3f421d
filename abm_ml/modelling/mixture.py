"""Trees and a logistic regression together: their log-odds averaged, and so are the reasons."""

from __future__ import annotations

from dataclasses import dataclass

from abm_ml.modelling.additive import Additive
from abm_ml.modelling.folds import Floats
from abm_ml.modelling.trees import Trees


@dataclass(frozen=True, slots=True)
class Mixture:
    """The weighted mean of the log-odds of trees (`share`, between 0 and 1) and of a sum over features (the rest)."""

    trees: Trees
    additive: Additive
    share: float

    @property
    def base_margin(self) -> float:
        """The log-odds before any feature speaks."""
        return self.share * self.trees.base_margin + (1.0 - self.share) * self.additive.base_margin

    def margin(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """The log-odds of encoded rows, shape (n,)."""
        return self.mean(self.trees.margin(matrix, threads=threads), self.additive.margin(matrix))

    def contributions(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """What each feature adds to the log-odds of encoded rows, shape (n, features)."""
        return self.mean(self.trees.contributions(matrix, threads=threads), self.additive.contributions(matrix))

    def mean(self, of_trees: Floats, of_additive: Floats) -> Floats:
        """The weighted mean of what both say."""
        return self.share * of_trees + (1.0 - self.share) * of_additive


Model = Additive | Trees | Mixture


def mixture(trees: Model, additive: Model, share: float) -> Mixture:
    """The mean of two models of the ladder, which must be trees and a sum."""
    if not isinstance(trees, Trees) or not isinstance(additive, Additive):
        raise TypeError(
            f"A mixture is of trees and a sum, not of {type(trees).__name__} and {type(additive).__name__}."
        )
    return Mixture(trees, additive, share)


def model_of(trees: str | None, additive: Additive | None, share: float) -> Model:
    """The model of these parts, trees being LightGBM's text; raises ValueError where there are none."""
    if trees is None:
        if additive is None:
            raise ValueError("neither trees nor sums")
        return additive
    return Trees(trees) if additive is None else Mixture(Trees(trees), additive, share)


def parts_of(model: Model) -> tuple[str | None, Additive | None, float]:
    """The parts of which `model_of` makes the model again."""
    if isinstance(model, Mixture):
        return model.trees.text, model.additive, model.share
    return (model.text, None, 1.0) if isinstance(model, Trees) else (None, model, 0.0)
