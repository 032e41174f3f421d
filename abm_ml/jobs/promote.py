"""Promoting: a version becomes the champion that scores, if its gate, the champion and the canary allow."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from abm_ml.errors import GateRefused, IntegrityError, NotReady
from abm_ml.jobs.canary import Canary, try_out
from abm_ml.jobs.champions import Throne, entry_of, throne
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS
from abm_ml.modelling.audit import approvals
from abm_ml.modelling.commands import training
from abm_ml.modelling.registry import ModelVersion
from abm_ml.publishing.storage import lock_workspace


@dataclass(frozen=True)
class PromoteResult:
    """Which version scores from now on, which one did before, and what was seen of it on trial."""

    champion: ModelVersion
    before: ModelVersion | None
    canary: Canary


def promote(
    workspace: Workspace, label: str, version: int | None = None, *, as_of: dt.datetime | None = None
) -> PromoteResult:
    """Makes a version of a label's model (default: the newest) its champion.

    It is tried out on the accounts of `as_of` (default: the configured date). Every promotion and every refusal of one
    is written to the audit trail.

    Raises:
        NotReady: the label has no such version.
        GateRefused: its gate said Not ready, it is worse than the champion, or it failed on trial.
        IntegrityError: a byte of it differs, or it reads features that are not there.
        LockHeld: another job is promoting or publishing.
    """
    with lock_workspace(workspace.folder):
        seat = throne(workspace)
        chosen = asked_version(seat, LABELS[label].name, version)
        before = seat.registry.holder(label, "champion")
        try:
            reason = worth(seat, chosen, workspace.config.promotion.worse_by)
            canary = try_out(workspace, chosen, before, workspace.as_of(as_of))
        except (GateRefused, IntegrityError) as refusal:
            seat.refuse(chosen, action="promote", reason=str(refusal))
            raise
        seat.trail.add(entry_of(chosen, "canary", before=before, after=before, reason=str(canary)))
        seat.crown(chosen, action="promote", reason=reason)
    return PromoteResult(chosen, before, canary)


def asked_version(seat: Throne, label: str, version: int | None) -> ModelVersion:
    """The version of a model that was asked for, by default the newest; raises NotReady where there is none."""
    versions = {each.version: each for each in seat.registry.versions(label)}
    chosen = versions.get(max(versions, default=0) if version is None else version)
    if chosen is None:
        wanted = "version" if version is None else f"version {version}"
        there = ", ".join(map(str, versions)) or "none"
        raise NotReady(f"The model {label} has no {wanted} (there are: {there}). Run {training(label)}.")
    return chosen


def worth(seat: Throne, chosen: ModelVersion, worse_by: float) -> str:
    """Why a version may become champion; `worse_by` is how much worse than the one there is it may be.

    Raises:
        GateRefused: it may not.
    """
    if chosen.gate == "Not ready":
        raise GateRefused(f"The gate said Not ready of {chosen.name}; its card says why. Train on more or other data.")
    held = approvals(seat.trail.entries(), chosen.label)
    if (chosen.version, chosen.sha256) in [(each.version, each.sha256) for each in held]:
        return f"{chosen.gate}; it was approved before"
    # An alias that was moved by hand approves nothing: the rival is the champion that a command made.
    champion = seat.registry.holder(chosen.label, "champion")
    rival = f"{chosen.label}/{held[-1].version}" if held else champion.name if champion else None
    if rival in (None, chosen.name):
        return f"{chosen.gate}; no champion was approved before"
    if chosen.against is None or chosen.against.champion != rival:
        raise GateRefused(
            f"{chosen.name} was not set beside {rival}, which is champion. Train again: {training(chosen.label)}."
        )
    if not chosen.against.allows(worse_by):
        raise GateRefused(f"{chosen.name} is worse: {chosen.against}, and its lower bound may be -{worse_by:g}.")
    return f"{chosen.gate}; {chosen.against}"
