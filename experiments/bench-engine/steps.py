"""What each step of a job takes: a progress that looks at the process's clocks and memory when a step begins."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from measure import Cost, cpu_seconds, peak


class Steps:
    """Hears of a job's steps; `costs` has what each of them took, by its name. Call `end` behind the last one.

    Each is told on stderr as it ends: a long job that is stopped has not run in vain.
    """

    def __init__(self) -> None:
        self.costs: dict[str, Cost] = {}
        self._begin("Opening")

    def __call__(self, what: str, _steps: int, /) -> Callable[[str], None]:
        """A step begins, and with it the one before ends."""
        self.end()
        self._begin(what)
        return lambda _step: None

    def end(self) -> None:
        """The last step is over."""
        cpu, wall = cpu_seconds() - self._cpu, time.perf_counter() - self._wall
        cost = self.costs[self._name] = Cost(cpu, wall, peak())
        told = f"{self._name}: {cost.cpu:.0f} CPU s, {cost.wall:.0f} s, {cost.peak:.2f} GiB"
        print(told, file=sys.stderr, flush=True)

    def _begin(self, name: str) -> None:
        self._name = name
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # Linux: the peak starts anew
        self._cpu, self._wall = cpu_seconds(), time.perf_counter()
