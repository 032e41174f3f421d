"""Blocks of CSV that are well-formed to the last quote, parsed at once; other blocks need the careful reader."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.csv as pa_csv

_BESIDE_QUOTES = {",", "\r", "\n", ""}


def parsed(lines: Sequence[str], first: int, header: Sequence[str]) -> tuple[list[pa.Array], pa.Array] | None:
    """The columns of a block of lines, all text, and the number of each row's line; `first` is that of the first line.

    None where a quote, a NUL byte, a line break inside a cell, a very long line or a row of another length asks for a
    careful reader.
    """
    text = "".join(lines)
    too_long = max(map(len, lines)) > csv.field_size_limit()
    if too_long or "\0" in text or ('"' in text and not _quotes_are_plain(text)):
        return None
    numbers = [number for number, line in enumerate(lines, first) if line.strip("\r\n")]
    encoded = text.encode()
    if not numbers:
        return [pa.array([], pa.string())] * len(header), pa.array([], pa.int64())
    try:
        rows = pa_csv.read_csv(
            pa.BufferReader(encoded),
            read_options=pa_csv.ReadOptions(column_names=header, use_threads=False, block_size=len(encoded) + 1),
            parse_options=pa_csv.ParseOptions(newlines_in_values=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    if rows.num_rows != len(numbers):
        return None
    return [column.combine_chunks() for column in rows.columns], pa.array(numbers, pa.int64())


def _quotes_are_plain(text: str) -> bool:
    """Whether every quote belongs to a cell that is quoted as a whole, on one line."""
    pieces = text.split('"')
    outside, inside = pieces[::2], "".join(pieces[1::2])
    # An empty piece between two quotes is a quote inside a quoted cell, written twice.
    return (
        len(pieces) % 2 == 1
        and "\n" not in inside
        and "\r" not in inside
        and {piece[:1] for piece in outside[1:]} <= _BESIDE_QUOTES
        and {piece[-1:] for piece in outside[:-1]} <= _BESIDE_QUOTES
    )
