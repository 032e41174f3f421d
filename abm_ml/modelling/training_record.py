"""What is kept of one training: its files, where they come from, and its settings and figures by name."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abm_ml.leaks import Finding, accepted_in_words
from abm_ml.modelling.bundle import Bundle
from abm_ml.modelling.evaluation import METRICS, Metric
from abm_ml.modelling.gate import Verdict
from abm_ml.modelling.promotion import Against

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEEDED = ("abm-ml", "lightgbm", "numpy", "pandas", "scikit-learn")  # what loads and serves a model
LONGEST_VALUE = 500  # MLflow refuses parameters of more than 6,000 characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a model comes from: fingerprints (hex) of the data it read and of the configuration it was trained with."""

    data: str
    config: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecord:
    """What one training leaves: the folder of its bundle, its card, its pictures by name, and what was said of it.

    `against` sets it beside the champion of the day, if there is one; `leaks` are columns that somebody vouches for.
    `figures` are further ones by name, beside those of the bundle; `tables` are lists of records by name.
    """

    bundle: Path
    card: Path
    pictures: Mapping[str, Figure]
    verdict: Verdict
    provenance: Provenance
    against: Against | None = None
    leaks: tuple[Finding, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def tags_of(training: TrainingRecord, bundle: Bundle, sha256: str) -> dict[str, str]:
    """Where a model comes from and what it is worth, in words and fingerprints."""
    facts = bundle.facts
    return {
        "label": facts.label,
        "as_of": facts.trained_as_of,
        "code": code_version(),
        "data": training.provenance.data,
        "definitions": facts.definitions,
        "config": training.provenance.config,
        "seed": str(bundle.state.parameters.get("seed", "")),
        "gate": training.verdict.word,
        "rung": bundle.state.rung,
        "sha256": sha256,
        **({"against": str(training.against)} if training.against else {}),
        **({"leaks_accepted": accepted_in_words(training.leaks)[:LONGEST_VALUE]} if training.leaks else {}),
    }


def figures_of(bundle: Bundle) -> dict[str, float]:
    """Every figure of a model by name, each with its _low and _high."""
    facts = bundle.facts
    values: dict[str, float] = {}
    if facts.evaluation is not None:
        for name in METRICS:
            values |= _named(name, getattr(facts.evaluation, name))
        values |= {name: getattr(facts.evaluation, name) for name in ("rows", "positives", "accounts", "events")}
    for each in facts.comparisons:
        baseline = re.sub(r"\W+", "_", each.baseline).strip("_")
        values |= _named(f"{baseline}_auc", each.baseline_auc) | _named(f"auc_above_{baseline}", each.difference)
    return values


def _named(name: str, metric: Metric) -> dict[str, float]:
    return {name: metric.value, f"{name}_low": metric.low, f"{name}_high": metric.high}


def settings_of(bundle: Bundle) -> dict[str, str]:
    """How a model was trained; long settings are cut, the bundle holds them whole."""
    settings = {
        **bundle.state.parameters,
        "features": len(bundle.state.features),
        "horizon_days": bundle.facts.horizon_days,
    }
    return {name: str(value)[:LONGEST_VALUE] for name, value in sorted(settings.items())}


def requirements() -> list[str]:
    """The packages that load and serve a model, with the versions that are installed."""
    return [f"{name}=={found}" for name in NEEDED if (found := _installed(name))]


def code_version() -> str:
    """The code's git commit, with "-dirty" if it was changed since; where there is no git, the package's version."""
    package = Path(__file__).resolve().parents[1]
    git = shutil.which("git")
    if git and (package.parent / ".git").exists():
        command = [git, "-C", str(package.parent), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        found = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - git, by its own path
        if found.returncode == 0:
            return found.stdout.strip()
    return _installed("abm-ml") or "unknown"


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
