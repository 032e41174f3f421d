"""CSV read as text, and only as text: ids keep their zeros, a country may be `NA`, every row keeps its line number."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from abm_ml.errors import IntegrityError, SourceError, StorageError
from abm_ml.sources.csv_blocks import parsed
from abm_ml.sources.header import refuse_names
from abm_ml.tables.check import LINE

_CHARACTERS_AT_ONCE = 4_000_000
_LINES_PER_RECORD = 200
_OTHER_DELIMITERS = {";": "semicolon", "\t": "tab", "|": "vertical bar"}
_WIDE = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Reject:
    """A line that is no row: where it stands, what is wrong, and its text."""

    line: int
    reason: str
    text: str


@dataclass
class _Lines:
    """The records of a file: a record is a line, or several where a quoted cell holds line breaks."""

    stream: TextIO
    number: int = 0
    rejects: list[Reject] = field(default_factory=list)
    widths: set[int] = field(default_factory=set)
    waiting: list[str] = field(default_factory=list)

    def block(self) -> list[str]:
        """The next lines of the file, some millions of characters."""
        lines = self.waiting[::-1] + self.stream.readlines(_CHARACTERS_AT_ONCE)
        self.waiting = []
        return lines

    def records(self, width: int | None) -> Iterator[tuple[int, str]]:
        """Each record that is not empty, with the number of its first line.

        A quote that opens and never closes, or closes far away so that no row of `width` cells comes out, spoils its
        own line only: reading goes on with the line after it. Without lines that wait, it ends.
        """
        while self.waiting and (line := self._next()):
            start, record = self.number, line
            if '"' in line and line.count('"') % 2 and len(_cells(line)) != width:
                parts = self._quoted(line)
                record = "".join(parts)
                if record.count('"') % 2 or (width is not None and len(_cells(record)) != width):
                    self.reject(start, "opens a quote that is never closed", line)
                    self.waiting += reversed(parts[1:])
                    self.number = start
                    continue
            if record := record.strip("\r\n"):
                yield start, record

    def reject(self, number: int, reason: str, text: str, *, cells: int = 0) -> None:
        """Notes a line that is no row, and how many cells it has (0: none can be told)."""
        self.rejects.append(Reject(number, reason, text.rstrip("\r\n")))
        self.widths.add(cells)

    def _quoted(self, line: str) -> list[str]:
        parts, is_open = [line], True
        while is_open and len(parts) < _LINES_PER_RECORD and (following := self._next()):
            parts.append(following)
            is_open = is_open != bool(following.count('"') % 2)
        return parts

    def _next(self) -> str:
        line = self.waiting.pop() if self.waiting else self.stream.readline()
        self.number += bool(line)
        return line


def stage_csv(file: Path, target: Path, *, encoding: str = "utf-8-sig") -> tuple[Reject, ...]:
    """Writes the rows of a CSV file to Parquet, all cells as text, with their line numbers; returns what is no row.

    Raises:
        SourceError: the file is empty, has another delimiter, repeats a column, is not in that encoding, or none of
            its rows is as long as its header.
        IntegrityError: the file is a damaged gzip file.
        StorageError: the file cannot be read, or the target not written.
    """
    lines = None
    try:
        with _opened(file, encoding) as stream:
            lines = _Lines(stream)
            header = _header(file, lines)
            _write(file, target, header, lines)
            return tuple(sorted(lines.rejects, key=lambda reject: reject.line))
    except UnicodeError as error:
        raise SourceError(_not_encoded(file, encoding, lines.number if lines else 0)) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise IntegrityError(f"{file.name}: this is no complete gzip file ({error}). Copy it again.") from error
    except OSError as error:
        raise StorageError(f"{error.filename or file}: this cannot be read or written ({error.strerror}).") from error


def _bytes(file: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")


def _opened(file: Path, encoding: str) -> TextIO:
    with _bytes(file) as raw:
        wide = raw.read(2) in _WIDE
    return io.TextIOWrapper(_bytes(file), encoding="utf-16" if wide else encoding, newline="")


def _not_encoded(file: Path, encoding: str, lines_read: int) -> str:
    """The message on the first line that is not in the encoding."""
    place = f"after line {lines_read}"
    with _bytes(file) as raw:
        for number, line in enumerate(raw, 1):
            try:
                line.decode(encoding)
            except UnicodeError as error:
                start = getattr(error, "start", 0)
                place = f"line {number}, byte {start + 1} (0x{line[start]:02x})"
                break
    return (
        f"{file.name}, {place}: this is not {encoding.removesuffix('-sig')}. Save the file as UTF-8, or name its "
        "encoding in the configuration (source: encoding: cp932)."
    )


def _header(file: Path, lines: _Lines) -> list[str]:
    lines.waiting = [lines.stream.readline()]
    number, first = next(lines.records(None), (0, ""))
    names = [name.strip() for name in _cells(first.removeprefix("\ufeff"))]
    if not any(names):
        raise SourceError(f"{file.name}: this file is empty. It needs a line of column names and at least one row.")
    place = f"{file.name}, line {number}"
    if len(names) == 1:
        for delimiter, word in _OTHER_DELIMITERS.items():
            if delimiter in names[0]:
                raise SourceError(
                    f"{place}: one column found; this looks like a file with {word}s. "
                    "Save it with commas between the cells."
                )
    # Spreadsheets leave commas behind the last column: such columns are ignored, and reported as such.
    names = [name or f"(no name, place {place_in_row})" for place_in_row, name in enumerate(names, 1)]
    refuse_names(place, names)
    return names


def _write(file: Path, target: Path, header: list[str], lines: _Lines) -> None:
    schema = pa.schema([*[(name, pa.string()) for name in header], (LINE, pa.int64())])
    written = 0
    with pq.ParquetWriter(target, schema, compression="snappy") as writer:
        while block := lines.block():
            found = parsed(block, lines.number + 1, header)
            if found is None:
                lines.waiting = block[::-1]
                columns, numbers = _fitting(list(lines.records(len(header))), len(header), lines)
            else:
                columns, numbers = found
                lines.number += len(block)
            writer.write_batch(pa.record_batch([*columns, numbers], schema=schema))
            written += len(numbers)
    if not written and len(lines.widths) == 1:
        _refuse_width(f"{file.name}, line {lines.rejects[0].line}", next(iter(lines.widths)), len(header))


def _fitting(records: Sequence[tuple[int, str]], width: int, lines: _Lines) -> tuple[list[pa.Array], pa.Array]:
    """The columns of the records that are as long as the header, and their line numbers; the rest are rejects."""
    numbers, rows = [], []
    for number, text in records:
        row = _cells(text)
        if len(row) == width:
            numbers.append(number)
            rows.append(row)
        else:
            lines.reject(number, _misfit(text, len(row), width), text, cells=len(row))
    columns = zip(*rows, strict=True) if rows else [()] * width
    return [pa.array(column, pa.string()) for column in columns], pa.array(numbers, pa.int64())


def _refuse_width(place: str, found: int, expected: int) -> None:
    """Raises SourceError where every row has another number of cells than the header."""
    if found:
        more = f"{abs(found - expected)} {'more' if found > expected else 'fewer'}"
        cells = "cell" if abs(found - expected) == 1 else "cells"
        raise SourceError(
            f"{place}: the rows have {more} {cells} than the header. Name every column in line 1, and end no line with "
            "a comma too many."
        )


def _cells(record: str) -> list[str]:
    try:
        row = next(csv.reader([record], strict=True), [])
    except csv.Error:
        return []
    return [] if "\0" in record else row


def _misfit(text: str, found: int, expected: int) -> str:
    if found:
        return f"has {found} cell{'s' * (found > 1)} where the header has {expected}"
    if "\0" in text:
        return "holds a NUL byte"
    if len(text) > csv.field_size_limit():
        return f"has a cell of more than {csv.field_size_limit():,} characters"
    return "has a quote inside a cell"
