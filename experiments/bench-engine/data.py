"""The reference log: three years of events of accounts and their contacts, seeded, written as Parquet."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from asked import CHANNELS, KINDS
from numpy.typing import NDArray

SEED = 7
DAY = 86_400_000_000  # microseconds
BEGIN = int(np.datetime64("2023-01-01", "us").astype("int64"))
DAYS = 1096  # 2024 has a day more
BURST_DAYS, IN_BURST = 120, 0.4  # an account has one lively time in which it has this share of its events
AT_MIDNIGHT = 0.01
IN_USUAL_CHANNEL = 0.85
SHARES = (0.30, 0.08, 0.30, 0.05, 0.03, 0.06, 0.03, 0.02, 0.02, 0.01, 0.04, 0.06)  # of the kinds
USUAL = ("email", "email", "web", "web", "web", "web", "email", "event", "event", "web", "sales", "sales")
PER_FILE_WRITE = 1_000_000

EVENTS = pa.schema(
    [
        ("account_id", pa.int32()),
        ("contact_id", pa.int32()),
        ("happened_at", pa.timestamp("us")),
        ("kind", pa.dictionary(pa.int8(), pa.string())),
        ("channel", pa.dictionary(pa.int8(), pa.string())),
    ]
)


@dataclass(frozen=True)
class Size:
    """How large a log is."""

    accounts: int
    contacts: int
    events: int


SIZES = {
    "tiny": Size(50, 200, 2_000),
    "XXS": Size(1_000, 10_000, 100_000),
    "S": Size(10_000, 100_000, 1_000_000),
    "M": Size(100_000, 1_000_000, 10_000_000),
    "L": Size(1_000_000, 10_000_000, 100_000_000),
}


def write_log(folder: Path, size: Size) -> None:
    """Writes events.parquet, in the order of time, and accounts.parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    account_of = _accounts_of_contacts(random, size)
    contacts = _lively_contacts(random, size, account_of)
    times = _times(random, size, account_of[contacts])
    order = np.argsort(times, kind="stable")
    with pq.ParquetWriter(folder / "events.parquet", EVENTS, compression="zstd") as writer:
        for start in range(0, size.events, PER_FILE_WRITE):
            some = order[start : start + PER_FILE_WRITE]
            who = contacts[some]
            kinds, channels = _kinds_and_channels(random, len(some))
            columns = [account_of[who], who, pa.array(times[some], pa.timestamp("us")), kinds, channels]
            writer.write_batch(pa.record_batch(columns, schema=EVENTS), row_group_size=250_000)
    # Last, as a sign that the log is whole.
    pq.write_table(pa.table({"account_id": np.arange(size.accounts, dtype=np.int32)}), folder / "accounts.parquet")


def _accounts_of_contacts(random: np.random.Generator, size: Size) -> NDArray[np.int32]:
    """The account of each contact: everyone has one, and large accounts have many."""
    weights = random.lognormal(0.0, 1.0, size.accounts)
    more = random.choice(size.accounts, size.contacts - size.accounts, p=weights / weights.sum())
    return np.sort(np.concatenate([np.arange(size.accounts), more])).astype(np.int32)


def _lively_contacts(random: np.random.Generator, size: Size, account_of: NDArray[np.int32]) -> NDArray[np.int32]:
    """The contact of each event: how lively a contact is, is lognormal, times how lively its account is."""
    lively = random.lognormal(0.0, 1.5, size.contacts) * random.lognormal(0.0, 1.0, size.accounts)[account_of]
    until = np.cumsum(lively)
    return np.searchsorted(until, random.random(size.events) * until[-1]).astype(np.int32)


def _times(random: np.random.Generator, size: Size, accounts: NDArray[np.int32]) -> NDArray[np.int64]:
    """The time of each event in microseconds: some in its account's burst, some exactly at midnight."""
    bursts = random.integers(0, DAYS - BURST_DAYS, size.accounts)[accounts]
    days = random.random(size.events) * DAYS
    in_burst = random.random(size.events) < IN_BURST
    days[in_burst] = bursts[in_burst] + random.random(int(in_burst.sum())) * BURST_DAYS
    at_midnight = random.random(size.events) < AT_MIDNIGHT
    days[at_midnight] = np.floor(days[at_midnight])
    return BEGIN + (days * DAY).astype(np.int64)


def _kinds_and_channels(random: np.random.Generator, count: int) -> tuple[pa.Array, pa.Array]:
    usual = np.array([CHANNELS.index(channel) for channel in USUAL], dtype=np.int8)
    kinds = random.choice(len(KINDS), count, p=np.array(SHARES) / sum(SHARES)).astype(np.int8)
    anywhere = random.integers(0, len(CHANNELS), count, dtype=np.int8)
    channels = np.where(random.random(count) < IN_USUAL_CHANNEL, usual[kinds], anywhere)
    return pa.DictionaryArray.from_arrays(kinds, list(KINDS)), pa.DictionaryArray.from_arrays(channels, list(CHANNELS))


if __name__ == "__main__":
    # A process of its own: what it holds for a large log is no part of any measurement.
    write_log(Path(sys.argv[1]), SIZES[sys.argv[2]])
