"""Loops over arrays as machine code: numba compiles them when they are first called, and keeps that on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """The loop as machine code, which lets other threads run beside it."""
    try:
        return cast("Loop", numba.njit(cache=True, nogil=True)(loop))
    except RuntimeError:  # neither the package's folder nor the user's can be written: compiled anew in each process
        return cast("Loop", numba.njit(nogil=True)(loop))
