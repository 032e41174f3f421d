"""How a study is run on a small slice of its data, and how its source is found."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"


def source_module(study: str) -> Any:
    """A study's `source.py`; each study has one, so it is found by its file and not by its name."""
    spec = importlib.util.spec_from_file_location(f"{study}-source", EXPERIMENTS / study / "source.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answered(study: str, *, part: float, folder: Path, data: Path) -> list[dict[str, Any]]:
    """The table of a study, by the command that its README names; its workspace is `here` in the folder."""
    options = ["--part", str(part), "--workspace", folder / "here", "--json", folder / "table.json"]
    command = [sys.executable, EXPERIMENTS / study / "run.py", *options]
    environment = {**os.environ, "ABM_ML_DATA": str(data)}
    ran = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads((folder / "table.json").read_text())
