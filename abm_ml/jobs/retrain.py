"""Training again only where it is needed: no champion, an old one, or one that has become worse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from abm_ml.errors import GateRefused, IntegrityError
from abm_ml.jobs.champions import throne, usable
from abm_ml.jobs.population import possible_labels
from abm_ml.jobs.train import TrainResult, train
from abm_ml.jobs.training_sets import makers
from abm_ml.jobs.workspace import Workspace
from abm_ml.modelling.bundle import Bundle
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.evaluation import evaluate
from abm_ml.modelling.registry import ModelVersion
from abm_ml.training_set import TrainingSet


@dataclass(frozen=True)
class Need:
    """Whether a label has to be trained again, and why or why not; `champion` is a name like win/3."""

    label: str
    champion: str | None
    needed: bool
    why: str


@dataclass(frozen=True)
class RetrainResult:
    """What each label needed, and the training of those that needed one."""

    needs: tuple[Need, ...]
    train: TrainResult | None

    @property
    def refused(self) -> dict[str, str]:
        """The labels that needed a training and cannot be learned, with reasons."""
        return self.train.refused if self.train else {}


def retrain(workspace: Workspace, names: Sequence[str] = (), *, as_of: dt.datetime | None = None) -> RetrainResult:
    """Trains the labels (default: all configured) whose champion is missing, too old or too weak; see PromotionConfig.

    Raises:
        SourceError: the company's tables allow none of the labels.
        GateRefused: none of the labels that need it can be learned.
    """
    until = workspace.as_of(as_of)
    possible, _ = possible_labels(workspace, names)
    found = {label: _at_first_sight(workspace, label.name, until) for label in possible}
    doubtful = [label for label, each in found.items() if isinstance(each, _Champion)]
    past = dict(zip(doubtful, makers(workspace, doubtful, until) if doubtful else (), strict=True))
    least = workspace.config.promotion.auc_share
    needs = tuple(
        each if isinstance(each, Need) else _by_quality(each, past[label], least) for label, each in found.items()
    )
    again = [each.label for each in needs if each.needed]
    return RetrainResult(needs, train(workspace, again, as_of=until) if again else None)


@dataclass(frozen=True, slots=True)
class _Champion:
    """A champion that is there, usable and young enough."""

    version: ModelVersion
    bundle: Bundle


def _at_first_sight(workspace: Workspace, label: str, as_of: dt.datetime) -> Need | _Champion:
    """Whether a label has to be trained again, as far as that is known without looking at what happened since."""
    registry, oldest = throne(workspace).registry, workspace.config.promotion.oldest_days
    champion = registry.holder(label, "champion")
    if champion is None:
        return Need(label, None, needed=True, why="it has no champion")
    try:
        bundle = usable(workspace, champion, registry.bundle(champion, workspace.folder))
    except IntegrityError as error:
        return Need(label, champion.name, needed=True, why=str(error))
    age = (as_of - dt.datetime.fromisoformat(bundle.facts.trained_as_of)).days
    if age > oldest:
        return Need(label, champion.name, needed=True, why=f"it is {age} days old, more than {oldest}")
    return _Champion(champion, bundle)


def _by_quality(champion: _Champion, make: Callable[[], TrainingSet], share: float) -> Need:
    """Whether the champion ranks the accounts of today's test dates as well as it did those of its own."""
    version, then = champion.version, champion.bundle.facts.evaluation
    try:
        test = make().test
        score = AccountClassifier.from_state(champion.bundle.state).predict_proba(test)[:, 1]
        today = evaluate(test["label"], score, groups=test["account_id"]).roc_auc
    except GateRefused as refusal:
        return Need(version.label, version.name, needed=False, why=f"nobody knows how good it is today: {refusal}")
    least = share * (then.roc_auc.value if then else 0.0)
    told = f"its AUC on the newest test dates is {today.value:.3f} ({today.low:.3f} to {today.high:.3f})"
    needed = today.value < least
    why = f"{told}, {'below' if needed else 'not below'} {share:.0%} of what it was, {least:.3f}"
    return Need(version.label, version.name, needed=needed, why=why)
