"""Puts the tables of a run into the README, with machine and versions."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from tables import Row, as_markdown

PACKAGES = ("duckdb", "ibis-framework", "lightgbm", "numba", "numpy", "pandas", "pyarrow", "shap")
PICTURE = "cpu.png"
_BETWEEN = re.compile(r"(?<=<!-- run -->\n).*(?=<!-- end -->)", re.DOTALL)


def rewrite(file: Path, shown: Mapping[str, Sequence[Row]], date: str) -> None:
    """Replaces what stands between the README's two marks; shows the picture that lies beside it."""
    tables = [f"**{title}**\n\n{as_markdown(rows)}\n" for title, rows in shown.items()]
    picture = file.with_name(PICTURE)
    pictures = [f"![CPU seconds of each method]({picture.name})\n"] if picture.exists() else []
    body = "\n".join([f"{date}, {machine()}.\n", *pictures, *tables])
    text = file.read_text(encoding="utf-8")
    file.write_text(_BETWEEN.sub(lambda _match: f"\n{body}\n", text), encoding="utf-8")


def machine() -> str:
    """Processor, cores and memory, Python and the packages that decide."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    name = cpu.group(1) if cpu else platform.machine()
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, {packages}"
