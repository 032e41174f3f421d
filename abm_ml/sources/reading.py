"""Reading a source: every row is accepted, merged with its double, or put into quarantine, and counted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir

from abm_ml.engines import Engine
from abm_ml.errors import SourceError, did_you_mean
from abm_ml.sources.base import Mapped, Source, Staged
from abm_ml.sources.doubles import MERGED, marked
from abm_ml.sources.header import refuse_missing
from abm_ml.sources.quarantine import BadRow, as_csv, in_order, write_quarantine
from abm_ml.tables import TABLES, Table, Tables
from abm_ml.tables.check import BROKEN, FILE, LINE, Finding, checked, rules


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """What became of the rows of one table: read = accepted + quarantined + merged."""

    table: str
    read: int
    accepted: int
    quarantined: int
    merged: int
    findings: tuple[Finding, ...]
    ignored_columns: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class Reading:
    """A company as read: its accepted tables, and the report on each."""

    tables: Tables
    reports: tuple[TableReport, ...]


def read_tables(
    source: Source, engine: Engine, *, staging: Path, quarantine: Path, progress: Callable[[str], None]
) -> Reading:
    """The accepted rows of every table of a source, and a quarantine file for each table that has bad ones.

    Raises:
        SourceError: a required table or column is missing, a file is empty, or a table has more bad rows than the
            source's `quarantine_limit` allows.
        IntegrityError: a file is damaged.
    """
    staged = source.stage(staging)
    if "accounts" not in staged:
        raise SourceError("The source has no table accounts (a company per row); nothing can be scored without it.")
    tables: dict[str, ir.Table] = {}
    reports = []
    for table in sorted((TABLES[name] for name in staged), key=_referenced_first):
        progress(table.name)
        rows = _read(table, source.mapped, staged[table.name], engine, tables)
        report, file = _report(rows), quarantine / f"{table.name}.csv"
        write_quarantine(file, (bad for number in range(len(rows.files)) for bad in _bad_rows(rows, number)))
        _refuse_too_many(report, source.mapped.quarantine_limit, file)
        accepted = rows.judged.filter(rows.judged[BROKEN].isnull())
        tables[table.name] = accepted.drop(FILE, LINE, BROKEN)
        reports.append(report)
    return Reading(Tables(tables), tuple(reports))


def _referenced_first(table: Table) -> tuple[int, str]:
    order = {"accounts": 0, "opportunities": 1}
    return order.get(table.name, 2), table.name


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """The rows of one table after the check: `judged` is stored, `raw` is each file as the source has it."""

    table: Table
    files: Sequence[Staged]
    raw: Sequence[ir.Table]
    judged: ir.Table
    engine: Engine
    ignored: tuple[str, ...]


def _read(
    table: Table, mapped: Mapped, files: Sequence[Staged], engine: Engine, others: Mapping[str, ir.Table]
) -> _Rows:
    table = table.with_custom(mapped.custom.get(table.name, {}))
    theirs = {name: mapped.columns.get(table.name, {}).get(name, name) for name in table.names}
    raw = [_raw(staged, number, engine) for number, staged in enumerate(files)]
    found = {name for rows in raw for name in rows.columns} - {FILE, LINE}
    for staged, rows in zip(files, raw, strict=True):
        names = [name for name in rows.columns if name not in (FILE, LINE)]
        refuse_missing(staged.origin, names, table, theirs)
    _refuse_undelivered(table, mapped, theirs, found, files[0].origin)
    judged = marked(engine.store(checked([_named(rows, theirs) for rows in raw], table, others)), table, engine)
    ignored = tuple(sorted(found - set(theirs.values())))
    return _Rows(table=table, files=files, raw=raw, judged=judged, engine=engine, ignored=ignored)


def _raw(staged: Staged, number: int, engine: Engine) -> ir.Table:
    """A file as it is, with its number and, unless it has them, with the numbers of its lines."""
    rows = engine.read_parquet([staged.file])
    line = rows[LINE] if LINE in rows.columns else rows["file_row_number"] + 1
    return rows.mutate(**{LINE: line.cast("int64"), FILE: ibis.literal(number, "int16")}).drop("file_row_number")


def _named(raw: ir.Table, theirs: Mapping[str, str]) -> ir.Table:
    return raw.select(FILE, LINE, **{ours: raw[name] for ours, name in theirs.items() if name in raw.columns})


def _report(rows: _Rows) -> TableReport:
    """The counts, and one finding per broken rule."""
    judged = rows.judged
    groups = judged.group_by([BROKEN, FILE]).aggregate(rows=judged.count(), line=judged[LINE].min())
    counts = rows.engine.compute(groups.order_by([BROKEN, FILE])).to_pylist()
    rejected = sum(len(staged.rejects) for staged in rows.files)
    total = sum(group["rows"] for group in counts)
    if total + rejected == 0:
        raise SourceError(
            f"{rows.files[0].origin}: this file is empty. It needs at least one row below the column names; leave the "
            "table out where there is none."
        )
    accepted = sum(group["rows"] for group in counts if group[BROKEN] is None)
    merged = sum(group["rows"] for group in counts if group[BROKEN] == MERGED)
    return TableReport(
        table=rows.table.name,
        read=total + rejected,
        accepted=accepted,
        quarantined=total - accepted - merged + rejected,
        merged=merged,
        findings=(*_rule_findings(rows, counts), *_reject_findings(rows)),
        ignored_columns=rows.ignored,
        sha256=_sha256([staged.file for staged in rows.files]),
    )


def _rule_findings(rows: _Rows, counts: Sequence[Mapping[str, int | None]]) -> Iterator[Finding]:
    for number, rule in enumerate(rules(rows.table)):
        groups = [group for group in counts if group[BROKEN] == number]
        if groups:
            first = rows.files[int(groups[0][FILE] or 0)].origin
            total, line = sum(int(group["rows"] or 0) for group in groups), int(groups[0]["line"] or 0)
            yield Finding(rows.table.name, rule.column, rule.reason, total, first, line)


def _reject_findings(rows: _Rows) -> Iterator[Finding]:
    for staged in rows.files:
        lines: dict[str, list[int]] = {}
        for reject in staged.rejects:
            lines.setdefault(reject.reason, []).append(reject.line)
        for reason, where in lines.items():
            yield Finding(rows.table.name, "", reason, len(where), staged.origin, where[0])


def _bad_rows(rows: _Rows, number: int) -> Iterator[BadRow]:
    """The bad rows of one file, and its lines that were no rows, by line."""
    staged, raw = rows.files[number], rows.raw[number]
    rejects = (BadRow(staged.origin, reject.line, "", reject.reason, reject.text) for reject in staged.rejects)
    return in_order(rejects, _refused_rows(rows, staged.origin, raw, number))


def _refused_rows(rows: _Rows, origin: str, raw: ir.Table, number: int) -> Iterator[BadRow]:
    mine = (rows.judged[FILE] == number) & (rows.judged[BROKEN] >= 0)
    bad = rows.judged.filter(mine).select(LINE, BROKEN)
    if not rows.engine.compute(bad.limit(1)).num_rows:
        return
    broken = rules(rows.table)
    for batch in rows.engine.compute(raw.drop(FILE).inner_join(bad, LINE).order_by(LINE)).to_batches():
        for row in batch.to_pylist():
            line, rule = row.pop(LINE), broken[row.pop(BROKEN)]
            yield BadRow(origin, line, rule.column, rule.reason, as_csv(row.values()))


def _refuse_undelivered(table: Table, mapped: Mapped, theirs: Mapping[str, str], found: set[str], origin: str) -> None:
    """Raises SourceError for a custom column that was announced and that no file of the table has."""
    for name in mapped.custom.get(table.name, {}):
        if theirs[name] not in found:
            hint = did_you_mean(theirs[name], sorted(found - set(TABLES[table.name].names)))
            raise SourceError(
                f"{origin}: there is no custom column '{theirs[name]}'. {hint} Or take it out of `custom`."
            )


def _refuse_too_many(report: TableReport, limit: float, quarantine: Path) -> None:
    if report.accepted and report.quarantined <= limit * report.read:
        return
    worst = max(report.findings, key=lambda finding: finding.rows)
    bearable = f"the limit is {limit:.0%}" if report.accepted else "none is left"
    raise SourceError(
        f"{worst}: {report.quarantined:,} of {report.read:,} rows of {report.table} were refused, and {bearable}. "
        f"See {quarantine} for each; mend the file, or raise quarantine_limit."
    )


def _sha256(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
