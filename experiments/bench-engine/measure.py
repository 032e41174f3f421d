"""What one method needs for one piece of work: run.py starts this in a process, and an environment, of its own.

A method is a module of `methods` with a generator `steps(work)`: up to its first `yield` it prepares, up to the second
one it is measured (it reads the log, computes, writes), after that it may keep or release what it has.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType

from asked import Work, snapshots


@dataclass(frozen=True)
class Cost:
    """What a run took: CPU seconds (user and system, all threads and children), seconds by the clock, peak in GiB."""

    cpu: float
    wall: float
    peak: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("method")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--warm", type=Path, required=True, help="a small log to warm up with: imports, compilation")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--snapshots", required=True)
    parser.add_argument("--memory")
    parser.add_argument("--result", type=Path, required=True)
    asked = parser.parse_args()
    module = importlib.import_module(f"methods.{asked.method}")
    work = Work(log=asked.log, snapshots=snapshots(asked.snapshots), out=asked.out, memory=asked.memory)
    run(module, replace(work, log=asked.warm))
    asked.result.write_text(json.dumps(asdict(run(module, work))), encoding="utf-8")


def run(module: ModuleType, work: Work) -> Cost:
    """One run, with nothing in its folder from the one before."""
    shutil.rmtree(work.out, ignore_errors=True)
    work.spill.mkdir(parents=True)
    steps = module.steps(work)
    next(steps)
    # A method whose work is done by a process of its own says what that one used.
    used, held = getattr(module, "cpu_seconds", cpu_seconds), getattr(module, "peak", peak)
    gc.collect()
    cpu, wall = used(), time.perf_counter()
    next(steps)
    cost = Cost(used() - cpu, time.perf_counter() - wall, held())
    for _ in steps:
        pass
    return cost


def cpu_seconds() -> float:
    """The CPU time of this process and of its children so far."""
    return sum(os.times()[:4])


def peak() -> float:
    """The most memory that this process has held, in GiB (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024**2


if __name__ == "__main__":
    main()
