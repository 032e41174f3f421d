"""The command as users call it, in this process: each start of its own would cost seconds."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest

from abm_ml.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command left behind: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer for machines; NaN and Infinity, which are no JSON, are refused."""
        return json.loads(self.out, parse_constant=pytest.fail)


def call(*arguments: object) -> Answer:
    """Calls `abm-ml` with arguments, where nothing is a terminal."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["abm-ml", *map(str, arguments)])
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
            patch.delenv(name, raising=False)
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Answer(code, out.getvalue(), err.getvalue())
