"""The store: reads a published run's serving.sqlite, and only the rows that its viewer may see."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Self, TypeVar

from abm_ml.publishing.manifest import damaged, read_manifest, verify
from abm_ml.web import statements
from abm_ml.web.database import Connections
from abm_ml.web.program_records import KpiDefinition, KpiQuery, ModelShown, ProgramKpi
from abm_ml.web.reading import record
from abm_ml.web.records import (
    MOST_EXPORTED,
    MOST_ROWS,
    AccountKpi,
    AccountPage,
    ChangePart,
    Choices,
    Deal,
    Event,
    GroupCell,
    HistoryPoint,
    ListPage,
    ListQuery,
    ListRow,
    NotFound,
    Reason,
    Relative,
    RunInfo,
    ScoreRow,
    Viewer,
    WhatIf,
)
from abm_ml.web.selection import ALL, Condition, among, asked, ordered, visible

SERVING, FORMAT = "serving.sqlite", 1
_CACHE_KIB = 16_384
_SCOPES_KEPT = 256
_ALL = -1  # SQLite's word for no limit
T = TypeVar("T")


class Store:
    """One run, opened read-only; every question names its viewer, and other viewers' rows do not exist for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = Connections(self._connect)
        self.choices = lru_cache(_SCOPES_KEPT)(self._choices)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The store of a run's folder.

        Raises:
            IntegrityError: there is none, it is not the one that was written, or it has another format.
        """
        manifest = read_manifest(folder)
        stored = manifest.files.get(SERVING)
        if stored is None:
            raise damaged(folder, f"it has no {SERVING}: an older version wrote it")
        verify(folder, replace(manifest, files={SERVING: stored}))
        store = cls(folder / SERVING)
        version = store._rows("pragma user_version")[0][0]
        if version != FORMAT:
            raise damaged(folder / SERVING, f"its format is {version}, expected {FORMAT}")
        return store

    def close(self) -> None:
        """Lets go of the file."""
        self._pool.close()

    @cached_property
    def run(self) -> RunInfo:
        """The run."""
        return record(RunInfo, self._rows(statements.RUN)[0])

    @cached_property
    def models(self) -> tuple[ModelShown, ...]:
        """The models of the run, in the order of the labels."""
        return self._records(ModelShown, statements.MODELS)

    @cached_property
    def kpi_definitions(self) -> tuple[KpiDefinition, ...]:
        """The KPIs of the catalogue, in its order."""
        return self._records(KpiDefinition, statements.KPI_DEFINITIONS)

    def accounts(self, viewer: Viewer, query: ListQuery) -> ListPage:
        """A page of the viewer's accounts; pages are numbered from 1 and hold at most MOST_ROWS."""
        capacity = self._capacity(viewer, query)
        wanted = self._wanted(viewer, query, capacity)
        size = min(query.size, MOST_ROWS)
        total = self._rows(statements.COUNT.format(condition=wanted.sql), *wanted.values)[0]["total"]
        rows = self._listed(wanted, ordered(query, wanted), size, (query.page - 1) * size)
        return ListPage(rows=rows, total=total, capacity=capacity)

    def export(self, viewer: Viewer, query: ListQuery) -> tuple[ListRow, ...]:
        """All rows of a query without paging, at most MOST_EXPORTED."""
        wanted = self._wanted(viewer, query, self._capacity(viewer, query))
        return self._listed(wanted, ordered(query, wanted), MOST_EXPORTED)

    def account(self, viewer: Viewer, account_id: str) -> AccountPage:
        """All of an account.

        Raises:
            NotFound: there is none for this viewer.
        """
        row = self._account(viewer, account_id)
        facts = self._with_scores([row])[0]
        parent, own = row["parent_account_id"], visible(viewer)
        relatives = statements.RELATIVES.format(condition=own.sql)
        return record(
            AccountPage,
            row,
            facts=facts,
            scores=tuple(facts.scores.values()),
            reasons=self._by_label(Reason, statements.REASONS, account_id),
            changes=self._by_label(ChangePart, statements.CHANGES, account_id),
            what_if=self._records(WhatIf, statements.WHAT_IF, account_id),
            history=self._by_label(HistoryPoint, statements.HISTORY, account_id),
            kpis=self._records(AccountKpi, statements.KPIS, account_id),
            buying_group=self._records(GroupCell, statements.BUYING_GROUP, account_id),
            timeline=self._records(Event, statements.TIMELINE, account_id),
            deals=self._records(Deal, statements.DEALS, account_id),
            family=self._records(Relative, relatives, parent, *own.values, account_id, *own.values),
        )

    def listed(self, viewer: Viewer, account_id: str) -> ListRow:
        """An account as the list shows it; raises NotFound like `account`."""
        return self._with_scores([self._account(viewer, account_id)])[0]

    def reasons(self, viewer: Viewer, account_id: str) -> Mapping[str, tuple[Reason, ...]]:
        """The reasons of an account's scores by label; raises NotFound like `account`."""
        self._account(viewer, account_id)
        return self._by_label(Reason, statements.REASONS, account_id)

    def history(self, viewer: Viewer, account_id: str) -> Mapping[str, tuple[HistoryPoint, ...]]:
        """The scores of an account in this run and those before, by label; raises NotFound like `account`."""
        self._account(viewer, account_id)
        return self._by_label(HistoryPoint, statements.HISTORY, account_id)

    def program(self, viewer: Viewer, cuts: Sequence[str]) -> tuple[ProgramKpi, ...]:
        """The KPI report by some cuts, and all of it that has a goal; see `kpis` for what is left out."""
        shown = among("cut", cuts)
        wanted = _impersonal(viewer) & Condition(f"{shown.sql} or {statements.WITH_GOAL}", shown.values)
        return self._program(wanted, _ALL, 0)

    def kpis(self, viewer: Viewer, query: KpiQuery) -> tuple[tuple[ProgramKpi, ...], int]:
        """A page of the KPI report, and how many rows it has in all.

        Who does not see all accounts gets no cut that names an owner, a territory or an account.
        """
        wanted = _impersonal(viewer)
        for column, value in (("name", query.name), ("cut", query.cut)):
            wanted &= among(column, [value]) if value else ALL
        total = self._rows(statements.PROGRAM_COUNT.format(condition=wanted.sql), *wanted.values)[0]["total"]
        return self._program(wanted, query.size, (query.page - 1) * query.size), total

    def _program(self, wanted: Condition, limit: int, offset: int) -> tuple[ProgramKpi, ...]:
        sql = statements.PROGRAM.format(condition=wanted.sql)
        return self._records(ProgramKpi, sql, *wanted.values, limit, offset)

    def _choices(self, viewer: Viewer) -> Choices:
        """What the viewer's accounts offer to the filters."""
        own = visible(viewer)

        def distinct(column: str) -> tuple[Any, ...]:
            sql = statements.DISTINCT.format(column=column, condition=own.sql)
            return tuple(row["value"] for row in self._rows(sql, *own.values))

        levels = ("cold", *self.run.levels)
        return Choices(
            owners=tuple((owner, name or owner) for owner, name in map(json.loads, sorted(distinct(statements.OWNER)))),
            tiers=tuple(sorted(distinct("a.tier"))),
            industries=tuple(sorted(distinct("a.industry"))),
            stages=tuple(stage for stage in self.run.funnel if stage in distinct("a.stage")),
            lifecycles=tuple(sorted(distinct("a.lifecycle"))),
            grades=(*self.run.grades, "D"),
            levels=tuple(sorted(distinct("a.engagement_level"), key=levels.index)),
            agreements=("agree", "rule_higher", "model_higher"),
        )

    def _wanted(self, viewer: Viewer, query: ListQuery, capacity: int | None) -> Condition:
        found = visible(viewer) & asked(query)
        if not query.capacity or capacity is None:
            return found
        base = visible(viewer) & asked(ListQuery(owner=query.owner))
        return found & Condition(statements.TOP.format(condition=base.sql), (*base.values, capacity))

    def _capacity(self, viewer: Viewer, query: ListQuery) -> int | None:
        """How many accounts the chosen owner, else the viewer's sellers together, can work on; None if nobody says."""
        if viewer.sees_all and len(query.owner) != 1:
            return None
        sellers = visible(viewer, owner="owner_id", territory="territory")
        if query.owner:
            sellers &= among("owner_id", query.owner)
        found = self._rows(statements.CAPACITY.format(condition=sellers.sql), *sellers.values)
        capacity: int | None = found[0]["capacity"]
        return capacity

    def _account(self, viewer: Viewer, account_id: str) -> sqlite3.Row:
        own = visible(viewer)
        found = self._rows(statements.ACCOUNT.format(condition=own.sql), account_id, *own.values)
        if not found:
            raise NotFound(account_id)
        return found[0]

    def _listed(self, wanted: Condition, order: str, limit: int, offset: int = 0) -> tuple[ListRow, ...]:
        sql = statements.IDS.format(condition=wanted.sql, order=order)
        page = [row["account_id"] for row in self._rows(sql, *wanted.values, limit, offset)]
        return self._with_scores(self._rows(statements.LIST, json.dumps(page)))

    def _with_scores(self, accounts: Sequence[sqlite3.Row]) -> tuple[ListRow, ...]:
        """Accounts that were found for the viewer, with their scores by label."""
        names = json.dumps([row["account_id"] for row in accounts])
        scores: dict[str, dict[str, ScoreRow]] = {}
        for row in self._rows(statements.SCORES, names):
            scores.setdefault(row["account_id"], {})[row["label"]] = record(ScoreRow, row)
        return tuple(record(ListRow, row, scores=scores.get(row["account_id"], {})) for row in accounts)

    def _by_label(self, kind: type[T], sql: str, account_id: str) -> dict[str, tuple[T, ...]]:
        return {
            label: tuple(record(kind, row) for row in rows)
            for label, rows in groupby(self._rows(sql, account_id), key=lambda row: str(row["label"]))
        }

    def _records(self, kind: type[T], sql: str, *values: Any) -> tuple[T, ...]:
        return tuple(record(kind, row) for row in self._rows(sql, *values))

    def _rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._pool.one() as connection:
            return connection.execute(sql, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        # The file never changes, so SQLite needs no locks; it is not mapped into memory, as a damaged disk would then
        # end the process instead of a request.
        address = f"{self._path.resolve().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(address, uri=True, check_same_thread=False, cached_statements=256)
        connection.row_factory = sqlite3.Row
        connection.execute(f"pragma cache_size = -{_CACHE_KIB}")
        return connection


def _impersonal(viewer: Viewer) -> Condition:
    return ALL if viewer.sees_all else Condition(statements.IMPERSONAL)
