"""The list as a file: what is seen, one row per account, numbers as numbers, and no text that a sheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from abm_ml.errors import NotReady
from abm_ml.publishing.cells import harmless, sheet_cell
from abm_ml.web.records import ListRow, RunInfo

KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FACTS = (
    "account_id", "name", "domain", "industry", "country", "tier", "owner_id", "owner_name", "lifecycle", "stage",
)  # fmt: skip
_OF_SCORES = ("probability", "low", "high", "grade", "change", "expected_value", "agreement", "model")
_LAST = ("expected_value", "engagement_level", "engagement_points", "penetration", "penetration_goal", "first_reason")
_OF_RUN = ("currency", "as_of", "run_id")

Table = Iterable[Sequence[Any]]


def written(rows: Iterable[ListRow], run: RunInfo, labels: Sequence[str], kind: str) -> bytes:
    """The rows as the bytes of a csv or xlsx file.

    Raises:
        NotReady: Excel files need a package that is not installed.
    """
    return _WRITERS[kind](table_of(rows, run, labels))


def file_name(run: RunInfo, kind: str) -> str:
    """What the file is called: accounts-2026-06-30.csv."""
    return f"accounts-{run.as_of.isoformat()}.{kind}"


def table_of(rows: Iterable[ListRow], run: RunInfo, labels: Sequence[str]) -> Iterator[list[Any]]:
    """The names of the columns, then a row per account: who it is, each score (win_probability ...), the run."""
    yield [*_FACTS, *(f"{label}_{name}" for label in labels for name in _OF_SCORES), *_LAST, *_OF_RUN]
    of_run = [run.currency, run.as_of.isoformat(), run.run_id]
    for row in rows:
        scores = [row.scores.get(label) for label in labels]
        cells = [
            *(getattr(row, name) for name in _FACTS),
            *(getattr(score, name) if score else None for score in scores for name in _OF_SCORES),
            *(getattr(row, name) for name in _LAST),
            *of_run,
        ]
        yield [harmless(cell) for cell in cells]


def _csv(table: Table) -> bytes:
    text = io.StringIO(newline="")
    # Every text is quoted: a carriage return within one would else begin a new row.
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC).writerows(table)
    # The mark at the beginning tells Excel that names in any script are UTF-8.
    return text.getvalue().encode("utf-8-sig")


def _xlsx(table: Table) -> bytes:
    try:
        import openpyxl
    except ImportError as error:
        raise NotReady("Excel files need a package more: pip install 'abm-ml[web]'.") from error
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Accounts")
    for row in table:
        sheet.append([sheet_cell(sheet, cell) for cell in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


_WRITERS: Mapping[str, Callable[[Table], bytes]] = {"csv": _csv, "xlsx": _xlsx}
