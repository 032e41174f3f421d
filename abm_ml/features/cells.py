"""Cells: what each feature's function says of each row as it was known, evaluated once, before any window."""

from __future__ import annotations

from dataclasses import dataclass

from abm_ml.features.base import Feature
from abm_ml.features.facts import Cut, as_known
from abm_ml.timeline import Facts


@dataclass(frozen=True)
class Asked:
    """One kind of rows, the features that are asked of it, and what is made of a row as it is known."""

    facts: Facts
    features: tuple[Feature, ...]
    after_cut: Cut = as_known
