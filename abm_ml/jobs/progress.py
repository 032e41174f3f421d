"""How a job tells how far it is, without knowing who listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Advance = Callable[[str], None]


class Progress(Protocol):
    """Whoever listens: a progress bar in a terminal, or nobody."""

    def __call__(self, what: str, steps: int, /) -> Advance:
        """Begins a piece of work of so many steps; the answer is called with a name as each step begins."""
        ...


def silent(_what: str, _steps: int, /) -> Advance:
    """Nobody listens."""
    return lambda _step: None
