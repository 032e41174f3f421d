"""Training: from a company's tables to a calibrated, judged, explained and registered model per label."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from abm_ml.catalogue import fingerprint
from abm_ml.errors import GateRefused
from abm_ml.features.facts import unusable
from abm_ml.jobs.card_parts import card_parts
from abm_ml.jobs.learn import learn
from abm_ml.jobs.population import definitions_hash, possible_labels
from abm_ml.jobs.register import Origin, Trained, register
from abm_ml.jobs.training_sets import makers
from abm_ml.jobs.workspace import Workspace
from abm_ml.modelling.audit import Entry
from abm_ml.modelling.card import Provenance


@dataclass(frozen=True)
class TrainResult:
    """What a training produced, the labels that the tables do not allow, and those that were refused, with reasons."""

    as_of: dt.datetime
    trained: tuple[Trained, ...]
    left_out: tuple[str, ...]
    refused: dict[str, str]


def train(workspace: Workspace, names: Sequence[str] = (), *, as_of: dt.datetime | None = None) -> TrainResult:
    """Trains a model per label (default: all configured), registers it, and makes the first good one champion.

    A label that cannot be learned (one class only, too few snapshots, a feature that carries its outcome) does not keep
    the others from being trained.

    Raises:
        SourceError: the company's tables allow none of the labels.
        GateRefused: none of the labels can be learned.
    """
    until = workspace.as_of(as_of)
    possible, left_out = possible_labels(workspace, names)
    advance = workspace.progress("Training models", 3 * len(possible))
    trained, refused = [], {}
    for label, make in zip(possible, makers(workspace, possible, until), strict=True):
        try:
            advance(f"{label.name}: learning")
            judged = learn(workspace, make())
        except GateRefused as refusal:
            refused[label.name] = f"Model {label.name} was not trained: {refusal}"
            workspace.trail.add(Entry(action="train", label=label.name, done=False, reason=str(refusal)))
        else:
            parts = card_parts(workspace, judged, until)
            trained.append(register(judged, _origin(workspace, until), advance, sections=parts))
    if not trained:
        raise GateRefused("\n".join(refused.values()))
    return TrainResult(until, tuple(trained), left_out, refused)


def _origin(workspace: Workspace, until: dt.datetime) -> Origin:
    config = workspace.config
    return Origin(
        folder=workspace.folder,
        models=config.models,
        tracking=config.tracking,
        provenance=Provenance(data=fingerprint(workspace.company.hashes), config=workspace.config_hash),
        definitions=definitions_hash(workspace.terms),
        until=until,
        trail=workspace.trail,
        worse_by=config.promotion.worse_by,
        widest_interval=config.widest_interval,
        left_out=unusable(workspace.company.tables, config),
    )
