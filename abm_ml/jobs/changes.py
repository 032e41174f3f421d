"""Why scores changed since an earlier run: the old features and the old rows, through the models of today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from abm_ml import timeline
from abm_ml.errors import ConfigError, IntegrityError
from abm_ml.features import feature_table
from abm_ml.features.facts import FACTS
from abm_ml.jobs.champions import throne
from abm_ml.jobs.scorer import Scorer, margins
from abm_ml.jobs.scoring import PART_ROWS, Scoring
from abm_ml.modelling.calibration import Calibrator, Floats
from abm_ml.publishing.runs import PublishedRun
from abm_ml.reasons.changes import Between, Way, changes

_KEYS = ["account_id", "label"]


def change_parts(scoring: Scoring, earlier: PublishedRun, numbers: pa.Table) -> Iterator[pa.Table]:
    """CHANGES of the scores in `numbers` (account_id, label, probability; by these), part by part.

    Of all accounts only a few numbers are in memory at once.

    Raises:
        ConfigError: the run is not earlier.
    """
    if earlier.as_of >= scoring.as_of:
        raise ConfigError(
            f"Run {earlier.run_id} is not before {scoring.as_of:%Y-%m-%d}: changes are told since an earlier date."
        )
    models = {each.label: _model_then(scoring, earlier, each.label) for each in scoring.scorers}
    way, between = _way(scoring, earlier, numbers, models), _between(scoring, earlier, models)
    for start in range(0, len(numbers), PART_ROWS):
        rows = numbers.slice(start, PART_ROWS)
        accounts = rows["account_id"].combine_chunks()
        yield changes(way.part(slice(start, start + len(rows))), accounts, rows["label"].to_pylist(), between)


@dataclass(frozen=True, slots=True)
class _ModelThen:
    """A label's model of the earlier run: its name, its calibration if it is still known, and whether it still scores.

    Without a name the label was not scored then.
    """

    name: str
    calibrator: Calibrator | None
    is_same: bool


def _model_then(scoring: Scoring, earlier: PublishedRun, label: str) -> _ModelThen:
    used = earlier.manifest.facts.models.get(label)
    if used is None:
        return _ModelThen("", None, is_same=False)
    registry = throne(scoring.workspace).registry
    version = next((each for each in registry.versions(label) if each.sha256 == used.sha256), None)
    if version is not None and version.name == scoring.names[label]:
        return _ModelThen(used.id, None, is_same=True)
    with suppress(IntegrityError):
        if version is not None:
            bundle = registry.bundle(version, scoring.workspace.folder)
            return _ModelThen(used.id, bundle.state.calibrator, is_same=False)
    return _ModelThen(used.id, None, is_same=False)


def _way(scoring: Scoring, earlier: PublishedRun, numbers: pa.Table, models: Mapping[str, _ModelThen]) -> Way:
    before = _beside(numbers, earlier.scores(columns=(*_KEYS, "probability")), "probability")
    known = _margins(scoring, _known_then(scoring, earlier.as_of))
    then, later = (
        _beside(numbers, known.filter(pc.equal(known["as_of"], pa.scalar(date, pa.timestamp("us")))), "margin")
        for date in (earlier.as_of, scoring.as_of)
    )
    here = {each.label: each.classifier.calibrator_ for each in scoring.scorers}
    remodelled, recalibrated = before.copy(), before.copy()
    changed = tuple(each for each in scoring.scorers if models[each.label].name and not models[each.label].is_same)
    if changed:
        features = _features_of(scoring, earlier)
        margin = then if features is None else _beside(numbers, _margins(scoring, (features,), changed), "margin")
        there = {label: models[label].calibrator or here[label] for label in (each.label for each in changed)}
        remodelled = _calibrated(numbers, margin, there, otherwise=before)
        recalibrated = _calibrated(numbers, margin, {label: here[label] for label in there}, otherwise=before)
    return Way(
        before=before,
        remodelled=remodelled,
        recalibrated=recalibrated,
        then=_calibrated(numbers, then, here, otherwise=before),
        later=_calibrated(numbers, later, here, otherwise=before),
        now=numbers["probability"].to_numpy(),
    )


def _calibrated(
    numbers: pa.Table, margin: Floats, calibrators: Mapping[str, Calibrator], *, otherwise: Floats
) -> Floats:
    """The probability of each margin; `otherwise` where there is none, as where an account is dated otherwise today."""
    found = otherwise.copy()
    for label, calibrator in calibrators.items():
        mine = pc.equal(numbers["label"], label).to_numpy() & ~np.isnan(margin)
        found[mine] = calibrator.calibrate(margin[mine])
    return found


def _beside(numbers: pa.Table, told: pa.Table, column: str) -> Floats:
    """A column of another table for the scores in `numbers`; NaN where it has none."""
    found = np.full(len(numbers), np.nan)
    for label in pc.unique(numbers["label"]).to_pylist():
        mine = pc.equal(numbers["label"], label)
        theirs = told.filter(pc.equal(told["label"], label))
        place = pc.index_in(numbers["account_id"].filter(mine), theirs["account_id"].combine_chunks())
        values = theirs[column].combine_chunks().take(place.combine_chunks())
        found[mine.to_numpy()] = values.to_numpy(zero_copy_only=False)
    return found


def _margins(scoring: Scoring, parts: tuple[ir.Table, ...], scorers: tuple[Scorer, ...] | None = None) -> pa.Table:
    """What the models say of the features of accounts and dates, before calibration."""
    found = []
    for part in parts:
        say = partial(margins, scorers=scorers or scoring.scorers, schema=part.schema().to_pyarrow())
        found += list(scoring.workspace.engine.map_batches(part.order_by("account_id"), say, PART_ROWS))
    return pa.Table.from_batches(found)


def _known_then(scoring: Scoring, at: dt.datetime) -> tuple[ir.Table, ...]:
    """The features of the earlier date and of this one, from the rows that were known at the earlier date."""
    workspace = scoring.workspace
    engine, terms = workspace.engine, workspace.terms
    tables = timeline.known_then(workspace.company.tables, at)
    spine = timeline.spine(tables, (at, scoring.as_of), engine)
    advance = workspace.progress(f"What was known on {at:%Y-%m-%d}", len(FACTS))
    found = feature_table(tables, terms, spine, engine, progress=advance)
    return tuple(_asked_about(scoring, part) for part in found.parts)


def _features_of(scoring: Scoring, earlier: PublishedRun) -> ir.Table | None:
    """The features that the earlier run published; None where it has not all that the models read today."""
    rows = scoring.workspace.engine.read_parquet([earlier.folder / "features.parquet"])
    needed = {feature.name for each in scoring.scorers for feature in each.classifier.features_}
    if not needed.issubset(rows.columns):
        return None
    dated = rows.drop("file_row_number", "run_id").mutate(as_of=ibis.timestamp(earlier.as_of).cast("timestamp(6)"))
    return _asked_about(scoring, dated)


def _asked_about(scoring: Scoring, features: ir.Table) -> ir.Table:
    """The features of the accounts that the labels ask about today, with who is asked; unknown columns are empty."""
    types = scoring.accounts.rows.schema()
    names = [column.name for column in scoring.accounts.columns]
    empty = {name: ibis.null(types[name]) for name in names if name not in features.columns}
    rows = features.mutate(**empty).select(*timeline.SPINE, *names)
    return rows.inner_join(scoring.accounts.beside, "account_id")


def _between(scoring: Scoring, earlier: PublishedRun, models: Mapping[str, _ModelThen]) -> dict[str, Between]:
    return {
        label: Between(
            earlier=earlier.as_of.date(),
            later=scoring.as_of.date(),
            model_then=scoring.names[label] if then.is_same else then.name,
            model_now=scoring.names[label],
            is_same=then.is_same,
            is_calibration_known=then.calibrator is not None,
        )
        for label, then in models.items()
    }
