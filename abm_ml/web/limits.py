"""Limits: a bucket per key that empties with use and fills with time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable

_MOST_KEYS = 20_000


class Buckets:
    """Token buckets: each key may use `burst` at once, and `per_second` in the long run."""

    def __init__(self, burst: float, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._rate = per_second
        self._clock = clock
        self._levels: dict[Hashable, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, key: Hashable, amount: float = 1.0) -> float:
        """Takes an amount; returns 0, or the seconds to wait where there is not enough left, and takes nothing."""
        with self._lock:
            now = self._clock()
            level = self._level(key, now)
            if level < amount:
                return (amount - level) / self._rate
            if len(self._levels) >= _MOST_KEYS:
                self._forget_the_full(now)
            self._levels[key] = (level - amount, now)
            return 0.0

    def give_back(self, key: Hashable, amount: float = 1.0) -> None:
        """Puts back what was not needed."""
        with self._lock:
            now = self._clock()
            self._levels[key] = (min(self._burst, self._level(key, now) + amount), now)

    def _level(self, key: Hashable, now: float) -> float:
        level, at = self._levels.get(key, (self._burst, now))
        return min(self._burst, level + (now - at) * self._rate)

    def _forget_the_full(self, now: float) -> None:
        self._levels = {key: kept for key, kept in self._levels.items() if self._level(key, now) < self._burst}
