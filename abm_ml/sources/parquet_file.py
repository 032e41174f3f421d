"""Parquet files of a user: read once to the end with all checksums, so that no damage stays unseen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from abm_ml.errors import IntegrityError, StorageError
from abm_ml.sources.header import refuse_names

_READERS = 2


def verify_parquet(file: Path, origin: str) -> None:
    """Reads every page of a Parquet file; where it carries checksums, each of them has to fit.

    Raises:
        IntegrityError: the file is damaged, or no Parquet; the message names the column.
        SourceError: a column stands twice.
        StorageError: the file cannot be opened.
    """
    try:
        with file.open("rb"):
            names = pq.read_schema(file).names
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise StorageError(f"{file}: this file cannot be read ({error.strerror}).") from error
        raise IntegrityError(f"{origin}: this is no readable Parquet file ({_first_line(error)}).") from error
    refuse_names(origin, names)
    with ThreadPoolExecutor(_READERS) as readers:
        for _ in readers.map(lambda name: _verify_column(file, origin, name), names):
            pass


def _verify_column(file: Path, origin: str, name: str) -> None:
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            for group in range(parquet.num_row_groups):
                parquet.read_row_group(group, columns=[name], use_threads=False)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise IntegrityError(
            f"{origin}, column '{name}': the file is damaged ({_first_line(error)}). Write or copy it again."
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(". ")
