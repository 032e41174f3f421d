"""Rolling back: the champion before scores again, and the run that it published counts again."""

from __future__ import annotations

from dataclasses import dataclass

from abm_ml.errors import IntegrityError, NotReady
from abm_ml.jobs.champions import Throne, throne
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS
from abm_ml.modelling.audit import Approval, approvals, last_promoted
from abm_ml.modelling.registry import ModelVersion
from abm_ml.publishing.manifest import ModelUsed
from abm_ml.publishing.past import newest_run_of
from abm_ml.publishing.runs import point_to
from abm_ml.publishing.storage import lock_workspace


@dataclass(frozen=True)
class RollbackResult:
    """Which version scores again, which one did before, and the published run that counts again.

    `run_id` is None where no published run is of exactly the champions that there are now; the pointer then stays.
    """

    champion: ModelVersion
    before: ModelVersion | None
    run_id: str | None


def rollback(workspace: Workspace, label: str | None = None) -> RollbackResult:
    """Makes the champion before the present one of a label (default: the one promoted last) the champion again.

    A champion that nobody approved gives way to the one that was. The pointer goes to the newest published run of
    exactly the champions that there are then; other labels keep theirs. The files of model and run are checked before
    anything moves, and no table is read.

    Raises:
        NotReady: there is no champion to go back to, or the registry does not have it any more.
        IntegrityError: its model or its run is damaged.
        LockHeld: another job is promoting or publishing.
    """
    with lock_workspace(workspace.folder) as lock:
        seat = throne(workspace)
        name = LABELS[label].name if label else _last_label(seat)
        if name is None:
            raise NotReady("No champion took the place of another one: there is nothing to go back to.")
        target = _registered(seat, name, _target(seat, name))
        try:
            seat.registry.bundle(target, workspace.folder)
            run_id = newest_run_of(workspace.folder, _models_with(seat, target))
            # The pointer moves first: whatever ends this in between, the same command again completes it.
            if run_id:
                point_to(workspace.folder, run_id, lock=lock)
        except IntegrityError as refusal:
            seat.refuse(target, action="rollback", reason=str(refusal))
            raise
        reason = f"run {run_id} counts again" if run_id else "no run of these champions is published"
        before = seat.crown(target, action="rollback", reason=reason)
    return RollbackResult(target, before, run_id)


def _last_label(seat: Throne) -> str | None:
    """The company's label that was promoted last; models of ready-made tables may share the trail."""
    return last_promoted([entry for entry in seat.trail.entries() if entry.label in LABELS])


def _target(seat: Throne, label: str) -> Approval:
    """The approved champion where another one sits in its place, else the one before it."""
    held = approvals(seat.trail.entries(), label)
    sitting = seat.registry.holder(label, "champion")
    if held and (sitting is None or (sitting.version, sitting.sha256) != (held[-1].version, held[-1].sha256)):
        return held[-1]
    if len(held) < 2:
        raise NotReady(f"The model {label} had no champion before the present one: there is nothing to go back to.")
    return held[-2]


def _registered(seat: Throne, label: str, approval: Approval) -> ModelVersion:
    """The version that was approved, as the registry has it."""
    found = next((each for each in seat.registry.versions(label) if each.version == approval.version), None)
    if found is None:
        raise NotReady(f"{label}/{approval.version} is not registered any more. Train again: abm-ml train {label}.")
    if found.sha256 != approval.sha256:
        raise IntegrityError(f"{found.name} is registered with another SHA-256 than {seat.trail.file} approved.")
    return found


def _models_with(seat: Throne, target: ModelVersion) -> dict[str, ModelUsed]:
    """The champion of every label, once `target` is one."""
    champions = {label.name: seat.registry.holder(label.name, "champion") for label in LABELS}
    champions[target.label] = target
    return {label: ModelUsed(each.name, each.sha256) for label, each in champions.items() if each}
