"""Environments of their own for packages that do not live with abm_ml's: made once, by a benchmark's own command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_UV = (sys.executable, "-m", "uv")


def environment(folder: Path, packages: Sequence[str]) -> Path:
    """The Python of an environment with these packages in a folder, made where it is not there yet.

    Packages come from wherever pip or uv is set up to look on this machine.

    Raises:
        subprocess.CalledProcessError: a package cannot be installed here; its `stderr` says why.
    """
    python, wanted = folder / "bin" / "python", "\n".join(packages)
    made = folder / "packages.txt"
    if made.exists() and made.read_text(encoding="utf-8") == wanted:
        return python
    _run(*_UV, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
    _run(*_UV, "pip", "install", "--quiet", "--python", str(python), *packages)
    made.write_text(wanted, encoding="utf-8")
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - uv with the names of a benchmark
