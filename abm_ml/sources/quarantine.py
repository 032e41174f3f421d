"""Quarantine: the file of a table's rows that break a rule, with line, column, reason and the row as it was."""

from __future__ import annotations

import csv
import heapq
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path


@dataclass(frozen=True)
class BadRow:
    """A row that is not used: where it stands, what is wrong with it, and its text."""

    file: str
    line: int
    column: str
    reason: str
    row: str


def write_quarantine(file: Path, rows: Iterable[BadRow]) -> None:
    """Writes bad rows as CSV that only its owner may read; where there are none, no file is left."""
    file.unlink(missing_ok=True)
    bad = iter(rows)
    first = next(bad, None)
    if first is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
    ) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["file", "line", "column", "reason", "row"])
        writer.writerow(astuple(first))
        writer.writerows(astuple(row) for row in bad)


def in_order(*rows: Iterable[BadRow]) -> Iterator[BadRow]:
    """Bad rows of one file, from several lists that each are in the order of lines, in that order."""
    return heapq.merge(*rows, key=lambda row: row.line)


def as_csv(cells: Iterable[object]) -> str:
    """The cells of a row as one line of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["" if cell is None else cell for cell in cells])
    return line.getvalue()
