"""The tables of a run, as the README shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import environments  # noqa: F401 - it says where reported.py is found
from reported import machine, rewrite
from tables import Row, as_markdown

PACKAGES = ("duckdb", "ibis-framework", "lightgbm", "numba", "numpy", "pandas", "pyarrow", "shap")
PICTURE = "cpu.png"


def in_readme(file: Path, shown: Mapping[str, Sequence[Row]], date: str) -> None:
    """Puts the tables into the README, with date, machine and versions, and the picture that lies beside it."""
    tables = [f"**{title}**\n\n{as_markdown(rows)}\n" for title, rows in shown.items()]
    picture = file.with_name(PICTURE)
    pictures = [f"![CPU seconds of each method]({picture.name})\n"] if picture.exists() else []
    rewrite(file, "\n".join([f"{date}, {machine(PACKAGES)}.\n", *pictures, *tables]))
