"""What CONTRIBUTING.md shows can be done as it is shown."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = [
    (file, body)
    for block in re.findall(r"```diff\n(.*?)```", TEXT, re.DOTALL)
    for file, body in re.findall(r"^\+\+\+ b/(\S+)\n((?:(?!--- )[-+ ].*\n)*)", block, re.MULTILINE)
]
SHOWN = ("referrals", "webinar_guests", "expansion")


def changes(diff: str) -> Iterator[tuple[str, str]]:
    """The places that a diff changes: the text before and after; a place ends where added lines end."""
    for old, new in re.findall(r"((?:[- ].*\n)*)((?:\+.*\n)+)", diff):
        lines = old.splitlines(keepends=True)
        kept = [line[1:] for line in lines if line[0] == " "]
        added = [line[1:] for line in new.splitlines(keepends=True)]
        yield "".join(line[1:] for line in lines), "".join(kept + added)


def applied(text: str, diff: str) -> str:
    """The text with a diff; each place that it names must be there once."""
    for old, new in changes(diff):
        assert not old or ("\n" + text).count("\n" + old) == 1, f"CONTRIBUTING.md changes what is not there:\n{old}"
        text = ("\n" + text).replace("\n" + old, "\n" + new)[1:] if old else text + new
    return text


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its tests with everything that CONTRIBUTING.md adds."""
    folder = tmp_path_factory.mktemp("contributed")
    for name in ("abm_ml", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, diff in FILES:
        file = folder / name
        file.write_text(applied(file.read_text(encoding="utf-8") if file.exists() else "", diff), encoding="utf-8")
    return folder


def test_something_of_each_kind_is_shown() -> None:
    """A feature, a KPI and a label, each with its example; only the label needs a new file."""
    folders = [Path(name).parts[:2] for name, _ in FILES]
    assert folders == [
        ("abm_ml", "features"), ("tests", "worked"), ("abm_ml", "kpis"), ("tests", "kpis"),
        ("abm_ml", "labels"), ("abm_ml", "labels"), ("tests", "labels"),
    ]  # fmt: skip
    assert [name for name, _ in FILES if not (ROOT / name).exists()] == ["abm_ml/labels/expansion.py"]


def test_what_is_shown_works(copy: Path) -> None:
    """The examples that the document brings pass in the copy, all of them."""
    files = [name for name, _ in FILES if name.startswith("tests/")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", " or ".join(SHOWN), *files]
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # The example, the KPI, and the label with its examples, what it needs and its words.
    assert "5 passed" in done.stdout


def test_what_is_shown_is_well_written(copy: Path) -> None:
    """The code of the document is as tidy as the package's."""
    files = [name for name, _ in FILES if name.startswith("abm_ml/")]
    for check in (("check", "--no-cache"), ("format", "--check", "--no-cache")):
        command = [sys.executable, "-m", "ruff", *check, *files]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
