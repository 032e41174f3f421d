"""What training and scoring ask the data alike: who is asked about at each date, and what was known of them."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

import abm_ml.features
import abm_ml.standing
from abm_ml import timeline
from abm_ml.catalogue import fingerprint
from abm_ml.errors import SourceError
from abm_ml.features import (
    DERIVED,
    FEATURES,
    FeatureColumn,
    FeatureTable,
    feature_set,
    feature_table,
)
from abm_ml.features.facts import FACTS
from abm_ml.jobs.progress import Advance
from abm_ml.jobs.scorer import asks
from abm_ml.jobs.workspace import Workspace
from abm_ml.kpis import rule_scores
from abm_ml.kpis.joins import beside
from abm_ml.labels import LABELS, Label, eligible, standing
from abm_ml.tables import Terms, money, stage_changes
from abm_ml.timeline import SPINE


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts of one date that at least one label asks about, with what was known of them.

    `rows` has account_id, every feature, what the rule says (RULE), and whether each label `asks`; `parts` are the same
    rows in parts of neighbouring accounts, in the order of account_id. `beside` is `rows` without the features, and
    `features` has those of every account.
    """

    columns: tuple[FeatureColumn, ...]
    rows: ir.Table
    parts: tuple[ir.Table, ...]
    beside: ir.Table
    features: FeatureTable


@dataclass(frozen=True)
class Population:
    """The accounts of some dates: whom each label asks about, their features, and what the rule says of them.

    `features` and `rule` (engagement_score, engagement_level) hold the rows that at least one label asks about, sorted
    by as_of and account_id.
    """

    asked: Mapping[str, ir.Table]
    columns: tuple[FeatureColumn, ...]
    features: pd.DataFrame
    rule: pd.DataFrame


def possible_labels(workspace: Workspace, names: Sequence[str]) -> tuple[tuple[Label, ...], tuple[str, ...]]:
    """The labels asked for (none named: all configured) that the company's tables allow, and the names of the others.

    Raises:
        SourceError: the tables allow none of them.
    """
    asked = [LABELS[name] for name in names or workspace.config.labels]
    possible = tuple(label for label in asked if any(need in workspace.company.tables for need in label.needs))
    if not possible:
        needed = sorted({need for label in asked for need in label.needs})
        raise SourceError(
            f"The tables allow none of the labels {', '.join(label.name for label in asked)}: there is none of the "
            f"tables {', '.join(needed)}."
        )
    return possible, tuple(label.name for label in asked if label not in possible)


def accounts_at(workspace: Workspace, labels: Sequence[Label], as_of: dt.datetime) -> Accounts:
    """Whom the labels ask about on a date, with features and the rule's scores as known then; nothing of it in memory.

    Features are computed over all accounts, for what is typical of others is part of some, and kept for those asked.
    """
    engine, tables, terms = workspace.engine, workspace.company.tables, workspace.terms
    advance = workspace.progress("Computing features", len(FACTS))
    spine = workspace.spine((as_of,))
    asked = _asked_by(workspace, labels, spine)
    flags = reduce(_with_flag, asked.items(), _any_of(list(asked.values())))
    told = engine.store(beside(flags, rule_scores(tables, terms, spine), SPINE))
    features = _features(workspace, spine, advance)
    return Accounts(
        columns=feature_set(tables, terms).columns,
        rows=_with_features(told, features.rows),
        parts=tuple(_with_features(told, part) for part in features.parts),
        beside=told.drop("as_of"),
        features=features,
    )


def population(workspace: Workspace, labels: Sequence[Label], dates: Sequence[dt.datetime]) -> Population:
    """Who the labels ask about at each date, with features and the rule's scores as known then.

    Features are computed over all accounts, for what is typical of others is part of some, and kept for those asked.
    """
    engine, tables, terms = workspace.engine, workspace.company.tables, workspace.terms
    spine = workspace.spine(tuple(dates))
    asked = _asked_by(workspace, labels, spine)
    anyone = engine.store(_any_of(list(asked.values())))
    advance = workspace.progress("Computing features", len(FACTS) + 1)
    features = _features(workspace, spine, advance)
    advance("rule")
    rule = rule_scores(tables, terms, spine)
    frames = [
        engine.compute(rows.semi_join(anyone, list(SPINE)).order_by(["as_of", "account_id"])).to_pandas()
        for rows in (features.rows, rule)
    ]
    return Population(asked, feature_set(tables, terms).columns, frames[0], frames[1])


def features_at(workspace: Workspace, as_of: dt.datetime | None = None) -> pd.DataFrame:
    """account_id, as_of and every feature of every account known at a date (default: the configured one)."""
    spine = workspace.spine((workspace.as_of(as_of),))
    features = _features(workspace, spine, workspace.progress("Computing features", len(FACTS)))
    return workspace.engine.compute(features.rows.order_by(list(SPINE))).to_pandas()


def rule_ranking(label: Label, engagement_score: pd.Series[float]) -> pd.Series[float]:
    """How the rule ranks accounts: the more engagement the likelier what is wanted, and the less what is not.

    Where no engagement is recorded it ranks all alike.
    """
    points = engagement_score.astype("float64").fillna(0.0)
    return points if label.wanted else -points


def percentile(values: Any) -> pd.Series[float]:
    """The share of the scored accounts that lie below, ties at their middle: 0 to 1."""
    ranks = pd.Series(np.asarray(values)).rank(method="average")
    return (ranks - 0.5) / max(len(ranks), 1)


def definitions_hash(terms: Terms) -> str:
    """A fingerprint of what every feature and label means to this company."""
    return fingerprint(_definitions(), terms.model_dump(mode="json", include=set(Terms.model_fields)))


@cache
def _definitions() -> str:
    names = [module.name for module in pkgutil.iter_modules(abm_ml.features.__path__, "abm_ml.features.")]
    code = [importlib.import_module(name) for name in sorted(names)]
    return fingerprint(*FEATURES, *DERIVED, *FACTS, *LABELS, *code, timeline, abm_ml.standing, money, stage_changes)


def _features(workspace: Workspace, spine: ir.Table, advance: Advance) -> FeatureTable:
    return feature_table(workspace.company.tables, workspace.terms, spine, workspace.engine, progress=advance)


def _asked_by(workspace: Workspace, labels: Sequence[Label], spine: ir.Table) -> dict[str, ir.Table]:
    """The accounts and dates that each label asks about."""
    who = workspace.engine.store(standing(workspace.company.tables, workspace.terms, spine))
    newest = {label.name: workspace.config.question(label).opened_within_days for label in labels}
    return {
        label.name: eligible(label, workspace.terms, who, opened_within_days=newest[label.name]) for label in labels
    }


def _any_of(parts: Sequence[ir.Table]) -> ir.Table:
    keys = [part.select(*SPINE) for part in parts]
    return reduce(lambda left, right: left.union(right), keys).distinct()


def _with_flag(rows: ir.Table, asked: tuple[str, ir.Table]) -> ir.Table:
    """The rows with a column that says whether a label asks about them."""
    label, theirs = asked
    joined = beside(rows, theirs.select(*SPINE, _asked=ibis.literal(True)), SPINE)
    return joined.mutate(**{asks(label): joined["_asked"].fill_null(False)}).drop("_asked")


def _with_features(told: ir.Table, features: ir.Table) -> ir.Table:
    """The features of the accounts that somebody asks about, with what is told of them."""
    return features.inner_join(told, list(SPINE)).drop("as_of")
