"""Flat tables: a model for the rows of a ready-made table, by the way that a company's models go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from pydantic import Field

from abm_ml.catalogue import fingerprint
from abm_ml.config import parse_config, read_config
from abm_ml.errors import ConfigError, GateRefused, IntegrityError, StorageError
from abm_ml.flat import Roles, feature_columns, read_table, rows_to_score, training_rows, typed
from abm_ml.jobs.champions import Throne, is_approved
from abm_ml.jobs.grades import Grades, grades
from abm_ml.jobs.learn import judged
from abm_ml.jobs.model_config import LightGbmSettings, ModelConfig
from abm_ml.jobs.population import percentile
from abm_ml.jobs.progress import Progress, silent
from abm_ml.jobs.promote import asked_version, worth
from abm_ml.jobs.register import Origin, Trained, register
from abm_ml.modelling.audit import Caller, Entry, Trail
from abm_ml.modelling.card import Provenance, Sections
from abm_ml.modelling.classifier import AccountClassifier, RungChoice
from abm_ml.modelling.markdown import names
from abm_ml.modelling.promotion import PromotionConfig
from abm_ml.modelling.registry import ModelVersion, Registry, TrackingConfig
from abm_ml.publishing.sinks import refuse_ending, write_frame
from abm_ml.publishing.storage import lock_workspace
from abm_ml.reasons.phrases import explain

FRAME = "the frame"


class TableConfig(Roles):
    """A table's file: where its rows are, which column plays which part, and how its model learns."""

    table: Path | None = Field(default=None, description=".csv, .csv.gz or .parquet; from Python a frame will do")
    workspace: Path = Field(default=Path("workspace"), description="where the store of models is")
    models: Path = Field(default=Path("models"), description="a folder per model with its CARD.md")
    grades: Grades
    rung: RungChoice = "auto"
    lightgbm: LightGbmSettings = LightGbmSettings()
    threads: int = Field(default=2, ge=1)
    tracking: TrackingConfig = TrackingConfig()
    promotion: PromotionConfig = PromotionConfig()

    @property
    def meaning(self) -> str:
        """A fingerprint of what is asked."""
        return fingerprint(self.model_dump(mode="json", include={"name", "label", "horizon_days", "wanted"}))

    @property
    def learning(self) -> str:
        """A fingerprint of everything that changes what is learned."""
        places = {"table", "workspace", "models", "tracking", "threads", "grades", "promotion"}
        return fingerprint(self.model_dump(mode="json", exclude=places))


NOBODY = Caller()
Config: TypeAlias = TableConfig | Path | str | Mapping[str, object]
Rows: TypeAlias = "pd.DataFrame | Path | str | None"


@dataclass(frozen=True)
class TableTrained:
    """A model trained on a table, and the columns with dates, which are no features."""

    trained: Trained
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class TableScores:
    """The scores of a table's rows, their reasons in the same order, and the files that hold both.

    `scores` has id, probability, low, high, base_probability, percentile, grade, rung and model; `reasons` has id,
    rank, feature, value, typical, points and text, and a row's points plus its base add up to its probability.
    """

    model: str
    scores: pd.DataFrame
    reasons: pd.DataFrame
    files: tuple[Path, ...] = ()

    def reasons_of(self, place: int) -> pd.DataFrame:
        """The reasons of one row by its place; ids may occur twice."""
        return self.reasons[(self.reasons["rank"] == 1).cumsum() == place + 1]


@dataclass(frozen=True)
class TablePromoted:
    """Which version scores from now on, and which one did before."""

    champion: ModelVersion
    before: ModelVersion | None


def train_table(
    config: Config, data: Rows = None, *, caller: Caller = NOBODY, progress: Progress = silent
) -> TableTrained:
    """Trains a model on a table: calibrated, judged on rows held out, explained, registered; the first good one scores.

    `config` is a TableConfig, its values, or a YAML file; `data` is a frame or a file, instead of the one it names.

    Raises:
        ConfigError: a column that plays a part is not there.
        SourceError: the table cannot be read, or a cell of it.
        GateRefused: it is too small to learn from, or a column carries the outcome.
    """
    asked = table_config(config)
    table, where = _rows(asked, asked.table if data is None else data)
    trail, advance = _trail(asked, caller), progress(f"Training {asked.name}", 3)
    advance("learning")
    try:
        made = training_rows(asked, table, where=where)
        found = judged(made.rows, _model_config(asked), _classifier(asked))
    except GateRefused as refusal:
        trail.add(Entry(action="train", label=asked.name, done=False, reason=str(refusal)))
        raise
    origin = Origin(
        folder=_folder(asked),
        models=asked.models,
        tracking=asked.tracking,
        provenance=Provenance(data=_content(table), config=asked.learning),
        definitions=asked.meaning,
        until=made.until,
        trail=trail,
        worse_by=asked.promotion.worse_by,
    )
    return TableTrained(register(found, origin, advance, sections=_left_out(made.left_out)), made.left_out)


def score_table(config: Config, data: Rows, *, out: Path | str | None = None) -> TableScores:
    """Scores rows with the champion of a table's model; `out` names the file of the scores, beside it lie the reasons.

    Raises:
        ConfigError: the file's name ends otherwise.
        NotReady: there is no champion.
        SourceError: the rows cannot be read, or lack a column that the model needs.
        IntegrityError: the champion is not the one that was approved.
    """
    asked = table_config(config)
    table, where = _rows(asked, data)
    if out is not None:
        refuse_ending(Path(out))
    version, model = _champion(asked)
    needed = [feature.name for feature in model.features_]
    numbers = {feature.name for feature in model.features_ if feature.kind != "category"}
    rows = rows_to_score(asked, table, needed, where=where, numbers=numbers)
    scores = _scores(asked, rows, model).assign(rung=model.rung_, model=version.name)
    told = explain(model, rows, label=asked.name, columns=feature_columns(rows, needed)).to_pandas()
    reasons = told.drop(columns=["label", "group", "controllable"]).rename(columns={"account_id": "id"})
    files = () if out is None else _written(Path(out), scores, reasons)
    return TableScores(version.name, scores, reasons, files)


def promote_table(config: Config, version: int | None = None, *, caller: Caller = NOBODY) -> TablePromoted:
    """Makes a version of a table's model (default: the newest) its champion.

    Where the rows have no dates, nobody can say whether the champion learned from the new one's test rows: then the
    gate alone decides. Every promotion and every refusal of one is written to the audit trail.

    Raises:
        NotReady: there is no such version.
        GateRefused: its gate said Not ready, or it is worse than the champion, or was never set beside it.
        IntegrityError: a byte of it differs.
        LockHeld: another job is promoting.
    """
    asked = table_config(config)
    folder = _folder(asked)
    with lock_workspace(folder):
        seat = Throne(Registry(asked.tracking, folder), _trail(asked, caller))
        chosen = asked_version(seat, asked.name, version)
        try:
            reason = worth(seat, chosen, asked.promotion.worse_by)
            seat.registry.bundle(chosen, folder)
        except (GateRefused, IntegrityError) as refusal:
            seat.refuse(chosen, action="promote", reason=str(refusal))
            raise
        return TablePromoted(chosen, seat.crown(chosen, action="promote", reason=reason))


def table_config(config: Config) -> TableConfig:
    """A table's configuration, read and checked; paths in a file are as seen from where the command runs.

    Raises:
        ConfigError: a key is unknown, missing or wrong; names file, line and key.
    """
    if isinstance(config, TableConfig):
        return config
    if isinstance(config, Mapping):
        return parse_config(config, TableConfig, where="the table's configuration")
    return read_config(Path(config), TableConfig)


def _rows(asked: TableConfig, data: Rows) -> tuple[pd.DataFrame, str]:
    """The typed rows, and what messages call them."""
    text = {name for name in (asked.id, asked.owner, asked.label.column) if name}
    if data is None:
        raise ConfigError("Name the table: the key 'table', --data, or a frame.")
    if isinstance(data, pd.DataFrame):
        return typed(data, text=text), FRAME
    return read_table(Path(data), text=text), str(data)


def _model_config(asked: TableConfig) -> ModelConfig:
    return ModelConfig(
        label=asked.name,
        population=f"the rows of the table, of which {asked.label.column} is not known yet.",
        rung=asked.rung,
        lightgbm=asked.lightgbm,
        leaks=asked.leaks,
    )


def _classifier(asked: TableConfig) -> AccountClassifier:
    return AccountClassifier(**asked.lightgbm.model_dump(), rung=asked.rung, num_threads=asked.threads)


def _champion(asked: TableConfig) -> tuple[ModelVersion, AccountClassifier]:
    """The approved champion, every byte of it checked."""
    folder = _folder(asked)
    registry = Registry(asked.tracking, folder)
    version = registry.champion(asked.name)
    if not is_approved(_trail(asked, NOBODY).entries(), version):
        raise IntegrityError(
            f"Model {version.name} is champion, but nobody approved it. Train again: abm-ml table train."
        )
    bundle = registry.bundle(version, folder)
    if bundle.facts.definitions != asked.meaning:
        raise IntegrityError(f"Model {version.name} answers another question. Train again: abm-ml table train.")
    model = AccountClassifier.from_state(bundle.state)
    return version, model.set_params(num_threads=asked.threads)


def _scores(asked: TableConfig, rows: pd.DataFrame, model: AccountClassifier) -> pd.DataFrame:
    probability, interval = model.predict_proba(rows)[:, 1], model.predict_interval(rows)
    return pd.DataFrame(
        {
            "id": rows["account_id"].to_numpy(),
            "probability": probability,
            "low": interval[:, 0],
            "high": interval[:, 1],
            "base_probability": model.base_probability_,
            "percentile": np.asarray(percentile(probability)),
            "grade": grades(probability, asked.grades),
        }
    )


def _written(out: Path, scores: pd.DataFrame, reasons: pd.DataFrame) -> tuple[Path, ...]:
    beside = out.with_name(f"{out.stem}-reasons{out.suffix}")
    write_frame(scores, out)
    write_frame(reasons, beside)
    return out, beside


def _trail(asked: TableConfig, caller: Caller) -> Trail:
    return Trail(_folder(asked), caller=caller, key_env=asked.promotion.audit_key_env)


def _folder(asked: TableConfig) -> Path:
    try:
        asked.workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(f"{asked.workspace}: this folder cannot be written ({error.strerror}).") from error
    return asked.workspace


def _left_out(dates: tuple[str, ...]) -> Sections:
    """The card's part on columns with dates; none where there are none."""
    if not dates:
        return ()
    said = f"{names(dates)} hold dates: give the time column, or the days between, for a date alone is no feature."
    return (("Columns left out", [said]),)


def _content(table: pd.DataFrame) -> str:
    """A fingerprint of what the table holds."""
    hashed: Any = pd.util.hash_pandas_object(table, index=False)
    return fingerprint(list(map(str, table.columns)), str(int(hashed.sum())), len(table))
