"""Where this benchmark works, and the environments of its rivals there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))  # where environment.py lies: a study is a folder, not a package

from environment import environment as made  # noqa: E402 - found by the path above

WORKSPACE = HERE.parents[1] / "workspace" / "bench-engine"


def environment(name: str, packages: Sequence[str]) -> Path:
    """The Python of a rival's environment; see environment.py."""
    return made(WORKSPACE / "envs" / name, packages)
