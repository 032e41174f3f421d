"""Champions: which version of a model scores, who made it so, and what a newly trained one is worth beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from abm_ml.errors import IntegrityError
from abm_ml.features import feature_set
from abm_ml.jobs.learn import Judged
from abm_ml.jobs.population import definitions_hash
from abm_ml.jobs.workspace import Workspace
from abm_ml.modelling.audit import Action, Entry, Trail, approvals
from abm_ml.modelling.bundle import Bundle, ModelFacts
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.evaluation import compare
from abm_ml.modelling.gate import Verdict
from abm_ml.modelling.promotion import Against
from abm_ml.modelling.registry import Alias, ModelVersion, Registry


@dataclass(frozen=True, slots=True)
class Throne:
    """A place for champions: the registry that names them, and the trail that says who made them so."""

    registry: Registry
    trail: Trail

    def crown(self, version: ModelVersion, *, action: Action, reason: str) -> ModelVersion | None:
        """Makes a version the champion; returns the one before.

        The trail is written first: if it ends in between, the champion is not the approved one, and `score` says so.
        """
        with self.trail.writing() as write:
            before = self.registry.holder(version.label, "champion")
            write(entry_of(version, action, before=before, after=version, reason=reason))
            self.registry.set_champion(version.label, version.version)
        return before

    def refuse(self, version: ModelVersion, *, action: Action, reason: str) -> None:
        """Writes down that something was not done to a version; the champion stays."""
        now = self.registry.holder(version.label, "champion")
        self.trail.add(replace(entry_of(version, action, before=now, after=now, reason=reason), done=False))

    def place(self, version: ModelVersion, verdict: Verdict, worse_by: float) -> Alias | None:
        """What a newly trained version becomes: the first good one champion, else challenger where it is not worse."""
        with self.trail.writing() as write:
            before = self.registry.holder(version.label, "champion")
            alias, reason = _alias(version, verdict, before, worse_by)
            after = version if alias == "champion" else before
            write(entry_of(version, "train", before=before, after=after, reason=reason))
            if alias == "champion":
                self.registry.set_champion(version.label, version.version)
            elif alias == "challenger":
                self.registry.set_challenger(version.label, version.version)
        return alias


def throne(workspace: Workspace) -> Throne:
    """The registry and the trail of a workspace."""
    return Throne(Registry(workspace.config.tracking, workspace.folder), workspace.trail)


def entry_of(
    version: ModelVersion,
    action: Action,
    *,
    before: ModelVersion | None,
    after: ModelVersion | None,
    reason: str,
) -> Entry:
    """What was done to a version, as the trail keeps it."""
    return Entry(
        action=action,
        label=version.label,
        version=version.version,
        sha256=version.sha256,
        gate=version.gate,
        before=before.version if before else None,
        after=after.version if after else None,
        reason=reason,
    )


def approved(workspace: Workspace, label: str) -> ModelVersion:
    """The champion of a label, which a command of abm_ml made so.

    Raises:
        NotReady: there is none.
        IntegrityError: nobody approved it, for its alias was moved by hand, or its files are not those of then.
    """
    here = throne(workspace)
    champion = here.registry.champion(label)
    if not is_approved(here.trail.entries(), champion):
        raise IntegrityError(
            f"Model {champion.name} is champion in MLflow, but {here.trail.file} does not say who made it so. To "
            f"approve it, run abm-ml promote {label} {champion.version}; to go back, abm-ml rollback {label}."
        )
    return champion


def is_approved(entries: Sequence[Entry], champion: ModelVersion) -> bool:
    """Whether the newest approval of its label is of this version, with the bytes that it has."""
    held = approvals(entries, champion.label)
    return bool(held) and (held[-1].version, held[-1].sha256) == (champion.version, champion.sha256)


def usable(workspace: Workspace, version: ModelVersion, bundle: Bundle) -> Bundle:
    """The same model, if it reads what this company's tables give, as it is defined today.

    Raises:
        IntegrityError: it reads features that are not there, or that mean something else.
    """
    there = {column.name for column in feature_set(workspace.company.tables, workspace.terms).columns}
    missing = [feature.name for feature in bundle.state.features if feature.name not in there]
    if missing:
        raise IntegrityError(
            f"Model {version.name} reads {len(missing)} features that the company's tables do not give (first: "
            f"{missing[0]}). Bring the table back, or train again: abm-ml train {version.label}."
        )
    if bundle.facts.definitions != definitions_hash(workspace.terms):
        raise IntegrityError(
            f"Model {version.name} was trained with other definitions of its features. Train again: abm-ml train "
            f"{version.label}."
        )
    return bundle


def against_champion(registry: Registry, judged: Judged, *, definitions: str, beside: Path) -> Against | None:
    """A judged model beside the champion on the model's own test rows; None where there is no champion.

    `definitions` is what the model's features mean, `beside` a folder for the champion's files meanwhile.
    """
    champion = registry.holder(judged.rows.label.name, "champion")
    if champion is None:
        return None
    try:
        bundle = registry.bundle(champion, beside)
    except IntegrityError as error:
        return Against(champion=champion.name, why=str(error))
    why = _incomparable(bundle, judged, definitions)
    if why:
        return Against(champion=champion.name, why=why)
    test = judged.rows.test
    score = AccountClassifier.from_state(bundle.state).predict_proba(test)[:, 1]
    found = compare(test["label"], judged.probability, baseline=champion.name, score=score, groups=test["account_id"])
    return Against(champion=champion.name, difference=found.difference)


def _incomparable(bundle: Bundle, judged: Judged, definitions: str) -> str:
    """Why a champion cannot be judged on the test rows of another model; empty where it can."""
    facts, rows = bundle.facts, judged.rows
    missing = [feature.name for feature in bundle.state.features if feature.name not in rows.test]
    if facts.definitions != definitions:
        return "its features were defined otherwise."
    if missing:
        return f"it reads {len(missing)} features that are not there (first: {missing[0]})."
    if facts.horizon_days != rows.horizon_days:
        return f"it looks {facts.horizon_days} days ahead, not {rows.horizon_days}."
    return _knew_more(facts, judged)


def _knew_more(facts: ModelFacts, judged: Judged) -> str:
    dates = judged.rows.split.train
    if not dates or not facts.training_dates:
        return "without dates nobody knows whether it learned from the test rows."
    if facts.training_dates[-1] > dates[-1].isoformat():
        return f"it learned up to {facts.training_dates[-1][:10]}, which may be after the test begins."
    return ""


def _alias(
    version: ModelVersion, verdict: Verdict, champion: ModelVersion | None, worse_by: float
) -> tuple[Alias | None, str]:
    """What a version becomes, and why."""
    if verdict.word == "Not ready":
        failed = [
            f"{each.name} {each.value:.4g}, needed {each.needed}" for each in verdict.failed if each.for_word == "OK"
        ]
        return None, f"Not ready: {'; '.join(failed)}"
    if champion is None:
        return "champion", "the first one that may score"
    if version.against is None:
        return "challenger", f"{champion.name} became champion meanwhile"
    if not version.against.allows(worse_by):
        return None, f"{version.against}: the lower bound may be -{worse_by:g}"
    return "challenger", str(version.against)
