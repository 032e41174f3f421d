"""A workspace: one company's configuration, its tables once read, and the folder where results go."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

import ibis.expr.types as ir
from pydantic import Field, model_validator

from abm_ml.catalogue import fingerprint
from abm_ml.config import Strict, parse_config, read_config
from abm_ml.engines import DuckDbConfig, Engine, EngineConfig, open_engine
from abm_ml.errors import ConfigError, StorageError
from abm_ml.jobs.grades import Grades
from abm_ml.jobs.progress import Progress, silent
from abm_ml.kpis import KPIS, check_goals
from abm_ml.labels import LABELS, Label
from abm_ml.modelling.audit import Caller, Trail
from abm_ml.modelling.calibration import WIDEST
from abm_ml.modelling.promotion import PromotionConfig
from abm_ml.modelling.registry import TrackingConfig
from abm_ml.publishing.serving.config import PageConfig
from abm_ml.publishing.web_config import WebConfig
from abm_ml.reasons.scenarios import WhatIfConfig
from abm_ml.sources import (
    DatabaseConfig,
    DatabaseSource,
    FolderConfig,
    FolderSource,
    Reading,
    Source,
    SyntheticConfig,
    SyntheticSource,
    read_tables,
)
from abm_ml.tables import TABLES, Tables, Terms
from abm_ml.tables.money import refuse_missing_rates
from abm_ml.timeline import spine
from abm_ml.training_set import TrainingConfig

SourceConfig = Annotated[SyntheticConfig | FolderConfig | DatabaseConfig, Field(discriminator="kind")]


class Question(Strict):
    """How far ahead a label looks, and whether it asks about every eligible account or only about new deals."""

    horizon_days: int = Field(gt=0)
    opened_within_days: int | None = Field(default=None, gt=0, description="ask only where a deal is so new")


class WorkspaceConfig(Terms):
    """A workspace's configuration; every key has a default but `source`."""

    source: SourceConfig
    workspace: Path = Path("workspace")
    models: Path = Field(default=Path("models"), description="a folder per label: model.yaml and CARD.md")
    engine: EngineConfig = DuckDbConfig()
    as_of: dt.datetime | None = Field(default=None, description="the scoring date; the command line's --as-of wins")
    labels: dict[str, Question] = Field(default_factory=lambda: {label.name: _usual(label) for label in LABELS})
    training: TrainingConfig = TrainingConfig()
    grades: Grades
    goals: dict[str, dict[str, float]] = Field(default_factory=dict, description="per KPI: {cut: goal}")
    widest_interval: float = Field(default=WIDEST, gt=0, le=1, description="beyond it there is not enough data to say")
    page: PageConfig = PageConfig()
    what_if: WhatIfConfig = WhatIfConfig()
    tracking: TrackingConfig = TrackingConfig()
    promotion: PromotionConfig = PromotionConfig()
    cost_of_contact: dict[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="per label, in the reporting currency: what calling an account costs"
    )
    web: WebConfig = WebConfig()

    def question(self, label: Label) -> Question:
        """How a label is asked: as configured, else with its usual horizon."""
        return self.labels.get(label.name) or _usual(label)

    @model_validator(mode="after")
    def _names(self) -> Self:
        supposed = [name for scenario in self.what_if.scenarios.values() for name in scenario.labels]
        for name in (*self.labels, *self.cost_of_contact, *supposed):
            LABELS[name]
        for name in self.goals:
            KPIS[name]
        check_goals(self.goals)
        return self


def _usual(label: Label) -> Question:
    return Question(horizon_days=label.horizon_days)


@dataclass(frozen=True)
class Company:
    """A company as read: its tables, what became of each row, and the time its data covers."""

    reading: Reading
    engine: Engine
    begin: dt.datetime
    end: dt.datetime

    @property
    def tables(self) -> Tables:
        """The accepted tables."""
        return self.reading.tables

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of each table's files as read."""
        return {report.table: report.sha256 for report in self.reading.reports}


class Workspace:
    """A company's configuration, and its tables, which are read once and kept until `close`."""

    def __init__(self, config: WorkspaceConfig, *, source: Source | None = None, progress: Progress = silent) -> None:
        self.config = config
        self.folder = config.workspace
        self.progress = progress
        self.source = source or _source(config)
        self.caller = Caller()

    @property
    def trail(self) -> Trail:
        """The audit trail: what `caller` does to models is written there."""
        return Trail(self.folder, caller=self.caller, key_env=self.config.promotion.audit_key_env)

    @property
    def terms(self) -> Terms:
        """The company's own terms."""
        return self.config

    @cached_property
    def engine(self) -> Engine:
        """The engine that computes for this workspace."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._spill = Path(tempfile.mkdtemp(prefix=".spill-", dir=self.folder))
        except OSError as error:
            raise StorageError(f"{self.folder}: this folder cannot be written ({error.strerror}).") from error
        return open_engine(self.config.engine, spill=self._spill)

    @cached_property
    def company(self) -> Company:
        """The company's tables, read and checked.

        Raises:
            SourceError: they cannot be used as they are.
        """
        engine = self.engine
        advance = self.progress("Reading tables", len(TABLES))
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=self.folder))
        try:
            reading = read_tables(
                self.source, engine, staging=staging, quarantine=self.folder / "quarantine", progress=advance
            )
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        refuse_missing_rates(reading.tables, self.terms, engine)
        begin, end = _covered(reading.tables, engine)
        return Company(reading, engine, begin, end)

    def as_of(self, asked: dt.datetime | None = None) -> dt.datetime:
        """The scoring date: the one asked for, else the configured one, else the day after the newest row.

        Raises:
            ConfigError: it is a time of day, or has a time zone; accounts are scored as known when a day begins in UTC.
        """
        date = asked or self.config.as_of or day_after(self.company.end)
        if date.tzinfo is not None or date.time() != dt.time():
            raise ConfigError(f"as_of: {date.isoformat()} is no day. Write it like 2026-06-30: the day begins in UTC.")
        return date

    def spine(self, dates: tuple[dt.datetime, ...]) -> ir.Table:
        """One row per account and date, from the account's creation on."""
        return spine(self.company.tables, dates, self.engine)

    @property
    def config_hash(self) -> str:
        """A hash of everything configured that changes results; where they are put does not."""
        elsewhere = {"workspace", "models", "tracking", "engine", "web"}
        unchanging = elsewhere | {"promotion", "cost_of_contact"}
        values = self.config.model_dump(mode="json", exclude=unchanging)
        return fingerprint(json.dumps(values, sort_keys=True))

    def close(self) -> None:
        """Lets go of the tables."""
        if "engine" in self.__dict__:
            self.engine.close()
            shutil.rmtree(self._spill, ignore_errors=True)
        self.__dict__.pop("engine", None)
        self.__dict__.pop("company", None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def open_workspace(
    config: Path | str | Mapping[str, object],
    *,
    workspace: Path | str | None = None,
    data: Path | str | None = None,
    source: Source | None = None,
    progress: Progress = silent,
) -> Workspace:
    """The workspace of a configuration: a YAML file, or its values.

    `workspace` overrides where results go; `data` is a folder of canonical tables to read instead of the configured
    source, up to its own end; `source` is one of one's own.

    Raises:
        ConfigError: the configuration is wrong; the message names file, line and key.
    """
    if isinstance(config, Mapping):
        parsed = parse_config(config, WorkspaceConfig, where="the configuration")
    else:
        parsed = read_config(Path(config), WorkspaceConfig)
    if workspace is not None:
        parsed = parsed.model_copy(update={"workspace": Path(workspace)})
    if data is not None:
        parsed = parsed.model_copy(update={"source": FolderConfig(kind="folder", path=Path(data)), "as_of": None})
    return Workspace(parsed, source=source, progress=progress)


def _source(config: WorkspaceConfig) -> Source:
    match config.source:
        case SyntheticConfig():
            return SyntheticSource(config.source, config.workspace)
        case FolderConfig():
            return FolderSource(config.source)
        case DatabaseConfig():
            return DatabaseSource(config.source)
    raise ConfigError(f"No source is of the kind '{config.source.kind}'.")


def day_after(moment: dt.datetime) -> dt.datetime:
    """The first instant of the next day: up to there a row of that moment is known."""
    return dt.datetime(moment.year, moment.month, moment.day) + dt.timedelta(days=1)


def _covered(tables: Tables, engine: Engine) -> tuple[dt.datetime, dt.datetime]:
    """From when on the data says what accounts did, and when its last row happened.

    It begins with the engagements where there are any: contracts and deals are often older than the log of what led to
    them, and dates before that log teach nothing.
    """
    spans = {
        name: engine.compute(rows.aggregate(first=rows[when].min(), last=rows[when].max())).to_pylist()[0]
        for name, rows in tables.items()
        if (when := TABLES[name].happened_at) and name not in ("contacts", "rates", "costs")
    }
    begun = spans.get("engagements") or min(spans.values(), key=lambda span: span["first"])
    # A renewal is signed long before it starts, so the last contract says nothing of how far the data reaches.
    reached = {name: span for name, span in spans.items() if name not in ("accounts", "contracts")} or spans
    return begun["first"], max(span["last"] for span in reached.values())
