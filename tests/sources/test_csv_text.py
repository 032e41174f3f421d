"""CSV as text: nothing is guessed, every line is a row, part of one or a reject, and every line number is right."""

from __future__ import annotations

import csv
import gzip
import io
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from abm_ml.errors import AbmError, SourceError, StorageError
from abm_ml.sources import csv_text
from abm_ml.sources.csv_text import Reject, stage_csv

Staged = tuple[list[list[str]], list[int], tuple[Reject, ...]]

CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
DAMAGE = st.tuples(
    st.floats(0, 1), st.sampled_from(['"', ",", "\n", "\r\n", "\0", ";", "x", '"\n"', ""]), st.booleans()
)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def staged(folder: Path, content: str | bytes, *, name: str = "accounts.csv", encoding: str = "utf-8-sig") -> Staged:
    """The rows of a file, their line numbers, and the lines that are none."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    rejects = stage_csv(folder / name, folder / "staged.parquet", encoding=encoding)
    table = pq.read_table(folder / "staged.parquet")
    columns = [table[column].to_pylist() for column in table.column_names]
    return [list(row) for row in zip(*columns[:-1], strict=True)], columns[-1], rejects


@pytest.mark.parametrize(
    ("body", "rows", "lines"),
    [
        ("1,a\n2,b\n", [["1", "a"], ["2", "b"]], [2, 3]),
        ("\n\n1,a\n\n2,b", [["1", "a"], ["2", "b"]], [4, 6]),
        ('1,"a\nb\n\nc"\n2,d\n', [["1", "a\nb\n\nc"], ["2", "d"]], [2, 6]),
        ('1,"a ""b"", c"\n2,""\n', [["1", 'a "b", c'], ["2", ""]], [2, 3]),
        ("1,a\r2,b\r\n3,c\n", [["1", "a"], ["2", "b"], ["3", "c"]], [2, 3, 4]),
        ("1,5'10\"\n2,b\n", [["1", "5'10\""], ["2", "b"]], [2, 3]),
        ("007,NA\n1E5, None \n", [["007", "NA"], ["1E5", " None "]], [2, 3]),
    ],
)
def test_rows_and_their_lines(body: str, rows: list[list[str]], lines: list[int], tmp_path: Path) -> None:
    """Blank lines are no rows; a quoted cell may hold line breaks; cells stay as they are written."""
    assert staged(tmp_path, "id,name\n" + body) == (rows, lines, ())


@pytest.mark.parametrize(
    ("body", "kept", "line", "reason"),
    [
        ("1,a\n3,30,99\n2,b\n", ["1", "2"], 3, "has 3 cells where the header has 2"),
        ("1,a\n4\n2,b\n", ["1", "2"], 3, "has 1 cell where the header has 2"),
        ('1,a\n2,"b\n3,c\n4,d\n', ["1", "3", "4"], 3, "opens a quote that is never closed"),
        ('1,a\n2,"b\n3,c\n4,"d\n5,e\n', ["1", "3", "5"], 3, "opens a quote that is never closed"),
        ('1,"a\nb"\n2,"x"y\n3,c\n', ["1", "3"], 4, "has a quote inside a cell"),
        ("1,a\n2,b\0\n3,c\n", ["1", "3"], 3, "holds a NUL byte"),
        (f"1,a\n2,{'x' * 200_000}\n3,c\n", ["1", "3"], 3, "has a cell of more than 131,072 characters"),
    ],
)
def test_a_line_that_is_no_row(body: str, kept: list[str], line: int, reason: str, tmp_path: Path) -> None:
    """It is named with its line and reason, and spoils no other line."""
    rows, _, rejects = staged(tmp_path, "id,name\n" + body)
    assert [row[0] for row in rows] == kept
    assert (rejects[0].line, rejects[0].reason) == (line, reason)
    assert rejects[0].text == re.split("\n", "id,name\n" + body)[line - 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "accounts.csv: this file is empty"),
        ("\n \n", "accounts.csv: this file is empty"),
        ("id;name\n1;a\n", "accounts.csv, line 1: one column found; this looks like a file with semicolons"),
        ("id\tname\n1\ta\n", "accounts.csv, line 1: one column found; this looks like a file with tabs"),
        ("id,name,id\n", "accounts.csv, line 1: the column 'id' stands in places 1 and 3"),
        ("id,name,ID\n", "accounts.csv, line 1: the columns 'id' and 'ID' differ only in capitals"),
        ("id,_line\n1,2\n", "accounts.csv, line 1: the column '_line' has a name that abm_ml uses itself"),
        ("id,name\n1,a,\n2,b,\n", "accounts.csv, line 2: the rows have 1 more cell than the header"),
        ("id,name\n1\n2\n", "accounts.csv, line 2: the rows have 1 fewer cell than the header"),
        ("id,name\n1,a\n2,株式\n".encode("cp932"), r"accounts.csv, line 3, byte 3 \(0x8a\): this is not utf-8"),
        ("id,name\n1,é\n".encode("latin-1"), r"accounts.csv, line 2, byte 3 \(0xe9\): this is not utf-8"),
    ],
)
def test_a_file_that_cannot_be_used(content: str | bytes, message: str, tmp_path: Path) -> None:
    """The error names the file, the line and what to do, in one line."""
    with pytest.raises(SourceError, match=message) as found:
        staged(tmp_path, content)
    assert "\n" not in str(found.value)
    assert found.value.exit_code == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    """A byte order mark says what a file is; otherwise the configuration does."""
    content = "id,name\n001,株式会社ソ\n".encode(encoding)
    rows, _, _ = staged(tmp_path, content, encoding="cp932" if encoding == "cp932" else "utf-8-sig")
    assert rows == [["001", "株式会社ソ"]]


def test_compressed_files_are_read(tmp_path: Path) -> None:
    """`.csv.gz` is CSV, also with a byte order mark inside."""
    content = gzip.compress("id,name\n001,é\n".encode("utf-16"))
    assert staged(tmp_path, content, name="accounts.csv.gz") == ([["001", "é"]], [2], ())


def test_columns_without_a_name_shift_nothing(tmp_path: Path) -> None:
    """Spreadsheets leave commas behind the last column, in the header too."""
    rows, _, rejects = staged(tmp_path, "id,name,\n1,a,\n2,b,\n")
    assert (rows, rejects) == ([["1", "a", ""], ["2", "b", ""]], ())
    assert pq.read_schema(tmp_path / "staged.parquet").names[:3] == ["id", "name", "(no name, place 3)"]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """Exit code 8: a matter of storage, not of data."""
    (tmp_path / "accounts.csv").mkdir()
    with pytest.raises(StorageError, match=r"accounts.csv: this cannot be read"):
        stage_csv(tmp_path / "accounts.csv", tmp_path / "staged.parquet")


@quick
@given(table=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8), at_once=st.integers(1, 60))
def test_what_a_spreadsheet_writes_is_read_back(table: list[list[str]], at_once: int, tmp_path: Path) -> None:
    """Any text survives, whatever the size of the blocks in which a file is read."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["a", "b", "c"], *table])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_text, "_CHARACTERS_AT_ONCE", at_once)
        rows, _, rejects = staged(tmp_path, text.getvalue())
    assert (rows, rejects) == (table, ())


@quick
@given(
    table=st.lists(
        st.lists(st.sampled_from(["1", "", "NA", '"x, y"', '"say ""hi"""']), min_size=3, max_size=3), min_size=2
    ),
    damage=st.lists(DAMAGE, min_size=1, max_size=6),
    at_once=st.sampled_from([1, 30, 4_000_000]),
)
def test_damage_loses_no_line(
    table: list[list[str]], damage: list[tuple[float, str, bool]], at_once: int, tmp_path: Path
) -> None:
    """Whatever is typed into a file or deleted from it: each line is one row, part of one row, one reject, or blank."""
    body = "".join(",".join(row) + "\n" for row in table)
    for place, typed, delete in damage:
        at = int(place * len(body))
        body = body[:at] + typed + body[at + delete :]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_text, "_CHARACTERS_AT_ONCE", at_once)
        try:
            rows, numbers, rejects = staged(tmp_path, "a,b,c\n" + body)
        except AbmError as refused:
            assume(not refused)
    used = [
        line
        for number, row in zip(numbers, rows, strict=True)
        for line in range(number, number + 1 + sum(len(re.findall("\r\n?|\n", cell)) for cell in row))
    ] + [reject.line for reject in rejects]
    lines = re.split("\r\n?|\n", "a,b,c\n" + body)
    assert len(used) == len(set(used))
    assert all(not lines[number - 1] for number in set(range(2, len(lines) + 1)) - set(used))


@quick
@given(body=st.text(st.sampled_from('ab",\n\r'), max_size=40))
def test_blocks_change_nothing(body: str, tmp_path: Path) -> None:
    """A file gives the same rows, lines and rejects read at once and read line by line."""
    found = []
    for at_once in (1, 4_000_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_text, "_CHARACTERS_AT_ONCE", at_once)
            try:
                found.append(staged(tmp_path, "x,y\n1,2\n" + body))
            except SourceError as refused:
                found.append(str(refused))
    assert found[0] == found[1]
