"""abm_ml's portable plan."""

from __future__ import annotations

from collections.abc import Iterator

from asked import Work
from methods.ours import steps_of

from abm_ml.features import portable


def steps(work: Work) -> Iterator[None]:
    return steps_of(portable.measured, work)
