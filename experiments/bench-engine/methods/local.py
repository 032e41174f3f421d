"""abm_ml's local plan."""

from __future__ import annotations

from collections.abc import Iterator

from asked import Work
from methods.ours import steps_of

from abm_ml.features import local


def steps(work: Work) -> Iterator[None]:
    return steps_of(local.measured, work)
