"""Promoting: a version becomes the champion that scores, if its gate allows."""

from __future__ import annotations

from dataclasses import dataclass

from abm_ml.errors import GateRefused, NotReady
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS
from abm_ml.modelling.registry import ModelVersion, Registry


@dataclass(frozen=True)
class PromoteResult:
    """Which version scores from now on, and which one did before."""

    champion: ModelVersion
    before: ModelVersion | None


def promote(workspace: Workspace, label: str, version: int | None = None) -> PromoteResult:
    """Makes a version of a label's model (default: the newest) its champion.

    Raises:
        NotReady: the label has no such version.
        GateRefused: its gate said Not ready.
    """
    registry = Registry(workspace.config.tracking, workspace.folder)
    versions = {each.version: each for each in registry.versions(LABELS[label].name)}
    chosen = versions.get(max(versions, default=0) if version is None else version)
    if chosen is None:
        wanted = "version" if version is None else f"version {version}"
        there = ", ".join(map(str, versions)) or "none"
        raise NotReady(f"The model {label} has no {wanted} (there are: {there}). Run abm-ml train {label}.")
    if chosen.gate == "Not ready":
        raise GateRefused(f"The gate said Not ready of {chosen.name}; its card says why. Train on more or other data.")
    before = registry.holder(label, "champion")
    registry.set_champion(label, chosen.version)
    return PromoteResult(chosen, before)
