"""Laws of the house: they hold for every file, a new one too."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from inspect import ismodule
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "abm_ml").rglob("*.py"))
CLOCKS = {"now", "today", "utcnow", "time_ns"}
# Brackets keep the patterns from finding themselves.
ADDRESS = re.compile(
    r"pypi[.]org|pythonhosted[.]|npmjs[.]|debian[.]org|(?:index|find)-(?:url|links)\b.*[:]//", re.IGNORECASE
)
MACHINE = re.compile(r"/(?:work|root|farm|opt)/|/tmp/(?:notes|bash_jobs)|[A-Z]:\\Users")


def lines_of_repository() -> Iterator[tuple[str, str]]:
    """Every line of every text file that git keeps or would keep, with its place."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listing.splitlines():
        path = ROOT / name
        if not path.is_file() or b"\0" in (content := path.read_bytes()):
            continue
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
            yield f"{name}:{number}", line


def pinned(lock: str) -> dict[str, str]:
    """Each package of a lock file with its version."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), flags=re.MULTILINE))


def clock_readings(path: Path) -> list[str]:
    """Where a file asks the clock for the date or the time of day."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    named = [(call, call.func) for call in calls if isinstance(call.func, ast.Attribute)]
    return [
        f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(name)}"
        for call, name in named
        if name.attr in CLOCKS or ast.unparse(name) == "time.time"
    ]


def test_files_are_short() -> None:
    """No file of the package is longer than 300 lines."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_repository_names_no_machine_and_no_registry() -> None:
    """What is committed works anywhere: no path of one machine, no address of a package registry."""
    assert [place for place, line in lines_of_repository() if MACHINE.search(line) or ADDRESS.search(line)] == []


def test_public_face() -> None:
    """What `abm_ml` shows is exactly its `__all__`, each name once."""
    face = importlib.import_module("abm_ml")
    visible = {name for name in dir(face) if not name.startswith("_") and not ismodule(getattr(face, name))}
    visible -= {"annotations", "TYPE_CHECKING"}
    listed = [name for name in face.__all__ if not name.startswith("_")]
    assert sorted(listed) == sorted(visible)


def test_examples_in_docstrings_run() -> None:
    """An example that a reader may copy from a docstring gives what it says."""
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES if ">>> " in path.read_text()]
    tried = {name: doctest.testmod(importlib.import_module(name.removesuffix(".__init__"))) for name in names}
    assert {name: outcome for name, outcome in tried.items() if outcome.failed} == {}


def test_public_face_is_sorted() -> None:
    """Constants, then classes, then functions, each by the alphabet (the order that ruff writes)."""
    names = list(importlib.import_module("abm_ml").__all__)
    assert names == sorted(names, key=lambda name: (0 if name.isupper() else 1 if name[0].isupper() else 2, name))


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_by_hash_and_name_no_address(lock: str) -> None:
    """A lock holds versions and hashes, nothing else: no option, no address, no path."""
    text = (ROOT / lock).read_text()
    line = re.compile(r"[a-z0-9-]+==\S+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [entry for entry in text.splitlines() if not line.fullmatch(entry)] == []
    assert all("--hash=" in entry for entry in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE) if entry)


def test_dev_lock_holds_the_core_lock() -> None:
    """Tests run on the versions that users get."""
    assert pinned("requirements.lock").items() <= pinned("requirements-dev.lock").items()


def test_locks_are_up_to_date() -> None:
    """Every dependency of pyproject.toml is pinned within its range (else: `make lock`)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    core, dev = pinned("requirements.lock"), pinned("requirements-dev.lock")
    wanted = [(core, line) for line in project["dependencies"]] + [
        (dev, line) for line in extras["dev"] + extras["excel"] + extras["tune"]
    ]
    asked = [(lock, Requirement(line)) for lock, line in wanted]
    assert [str(need) for lock, need in asked if not need.specifier.contains(lock.get(need.name, "0"))] == []


def test_dependencies_have_floors() -> None:
    """Without a floor the resolver takes very old versions in silence."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    assert [line for line in lines if ">=" not in line] == []


def test_ignored_rules_have_reasons() -> None:
    """Every rule of ruff that is switched off says why on its line, in pyproject.toml and in the code."""
    in_config = re.compile(r'pyproject\.toml:\d+\s+"[A-Z]+\d*",\s*(?:#(.*))?')
    in_code = re.compile(r".*# (?:noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\])(.*)")
    rows = [f"{place} {line}" for place, line in lines_of_repository() if not place.startswith("tests/house/")]
    silenced = [(row, found[1] or "") for row in rows if (found := in_config.fullmatch(row) or in_code.fullmatch(row))]
    assert [row for row, reason in silenced if len(re.findall(r"\w+", reason)) < 2] == []


def test_nothing_asks_the_clock() -> None:
    """Time is an argument: below the doors nothing asks for the date or the time of day."""
    doors = (ROOT / "abm_ml" / "door.py", ROOT / "abm_ml" / "web")
    below = [path for path in MODULES if not any(path.is_relative_to(door) for door in doors)]
    assert [reading for path in below for reading in clock_readings(path)] == []


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """The verdict of import-linter on the package in a folder."""
    program = (
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None, no_cache=True))"
    )
    return subprocess.run([sys.executable, "-c", program], cwd=folder, check=False, capture_output=True, text=True)


def test_floors_and_single_doors_hold() -> None:
    """Lower floors never import higher ones; lightgbm, shap and mlflow come in through one module each."""
    verdict = lint_imports(ROOT)
    assert verdict.returncode == 0, verdict.stdout


@pytest.mark.parametrize(
    "stray", ["import lightgbm", "import shap", "import mlflow", "import abm_ml.labels", "import abm_ml.jobs"]
)
def test_floors_and_single_doors_catch_a_stray_import(tmp_path: Path, stray: str) -> None:
    """A new module is covered on birth, and an import inside a function counts."""
    shutil.copytree(ROOT / "abm_ml", tmp_path / "abm_ml", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "abm_ml" / "kpis" / "stray.py").write_text(f"def stray():\n    {stray}\n")
    assert "abm_ml.kpis.stray -> " in lint_imports(tmp_path).stdout


def test_the_command_opens_without_slow_libraries() -> None:
    """`abm-ml --help` answers at once: what takes long to import waits until a job needs it."""
    slow = {"ibis", "lightgbm", "matplotlib", "mlflow", "numba", "pandas", "shap", "sklearn"}
    program = "import sys, abm_ml.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr
    assert slow & set(loaded.stdout.split()) == set()
