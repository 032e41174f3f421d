"""How a study is run on a small slice of its data, and how its source is found."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"


def source_module(study: str) -> Any:
    """A study's `source.py`; each study has one, so it is found by its file and not by its name."""
    spec = importlib.util.spec_from_file_location(f"{study}-source", EXPERIMENTS / study / "source.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def own_modules(benchmark: str, first: str) -> Iterator[ModuleType]:
    """The module `first` of a benchmark; while it is open, the benchmark's modules are found beside its command."""
    folder = EXPERIMENTS / benchmark
    own = {file.stem for file in folder.iterdir()}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield importlib.import_module(first)
    for name in [name for name in sys.modules if name.partition(".")[0] in own]:
        del sys.modules[name]


def answered(study: str, *, part: float, folder: Path, data: Path) -> list[dict[str, Any]]:
    """The table of a study, by the command that its README names; its workspace is `here` in the folder."""
    options = ["--part", str(part), "--workspace", folder / "here", "--json", folder / "table.json"]
    command = [sys.executable, EXPERIMENTS / study / "run.py", *options]
    environment = {**os.environ, "ABM_ML_DATA": str(data)}
    ran = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads((folder / "table.json").read_text())
