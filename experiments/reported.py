"""What a benchmark puts into its README: the machine it ran on, and its tables between two marks."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

_BETWEEN = re.compile(r"(?<=<!-- run -->\n).*(?=<!-- end -->)", re.DOTALL)


def rewrite(file: Path, body: str) -> None:
    """Replaces what stands between the README's two marks."""
    text = file.read_text(encoding="utf-8")
    file.write_text(_BETWEEN.sub(lambda _match: f"\n{body}\n", text), encoding="utf-8")


def machine(packages: Sequence[str]) -> str:
    """Processor, cores and memory, Python and the packages that decide."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    name = cpu.group(1) if cpu else platform.machine()
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, {versions}"
