"""A random log for the plans: rows on every boundary, late, doubled, shuffled, of any size, with gaps everywhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

WINDOWS = (1, 7, 45, 365, 1000)
KINDS = tuple(f"kind {number}" for number in range(12))
CHANNELS = ("web", "mail", "phone", "fair", "letter")
MONTHS = tuple(dt.datetime(2024 + month // 12, month % 12 + 1, 1) for month in range(24))
INSTANTS = tuple(
    dt.datetime(2024, 2, 28, 23, 59, 59, 999_999) + dt.timedelta(days=days, microseconds=micros)
    for days in (0, 1, 8, 45, 46, 90, 365, 366, 410, 730)
    for micros in (0, 1, 3_600_000_000)
)

BEGIN, END = (np.datetime64(day, "us").astype(np.int64) for day in ("2021-01-01", "2026-03-01"))
DAY = 86_400_000_000
STARTS = np.array(["A", "a", "ä", "Ω", "日本 ", "😀", "", " ", "z' OR 1=1 --"])  # an id is any text
PEOPLE = np.array([f"{start}{number}" for start in STARTS for number in range(3)])


@dataclass(frozen=True)
class Log:
    """Arrow tables: rows of accounts, what changed about deals and accounts, and the dates that are asked about."""

    events: pa.Table
    deals: pa.Table
    deal_changes: pa.Table
    accounts: pa.Table
    account_changes: pa.Table
    dates: pa.Table

    def shuffled(self, seed: int) -> Log:
        """The same rows in another order."""
        rng = np.random.default_rng(seed)
        return Log(**{name: rows.take(rng.permutation(len(rows))) for name, rows in vars(self).items()})


def random_log(seed: int, *, accounts: int, events: int, dates: Sequence[dt.datetime] = ()) -> Log:
    """A log of so many accounts and events; each account is asked about at `dates`, or at instants of its own.

    An account may have no rows, and rows may belong to accounts that nobody asks about.
    """
    draw = _Draw(np.random.default_rng(seed), accounts, dates)
    rows = max(accounts, 4)
    deals, details = draw.deals(rows), draw.accounts()
    return Log(
        events=draw.events(events),
        deals=deals,
        deal_changes=draw.changes(deals, "deal_id", ("amount", "owner")),
        accounts=details,
        account_changes=draw.changes(details, "account_id", ("industry", "employees")),
        dates=draw.dates(),
    )


class _Draw:
    """Random rows of accounts, some of them bound to a boundary of a date that is asked about."""

    def __init__(self, rng: np.random.Generator, accounts: int, dates: Sequence[dt.datetime]) -> None:
        self.rng = rng
        self.ids = np.array([f"{start}{number}" for number, start in enumerate(rng.choice(STARTS, accounts))])
        self.created = rng.integers(BEGIN, END, accounts)
        activity = rng.lognormal(sigma=1.2, size=accounts) * (rng.random(accounts) > 0.1)
        self.activity = activity / activity.sum() if activity.any() else np.full(accounts, 1 / accounts)
        asked = self._at(dates) if dates else self._at_any_time()
        self.account, self.as_of = asked if len(asked[0]) else (self.ids[:1], np.array([END]))

    def _at(self, dates: Sequence[dt.datetime]) -> tuple[Any, Any]:
        days = np.array(dates, "datetime64[us]").astype(np.int64)
        account, day = np.repeat(np.arange(len(self.ids)), len(days)), np.tile(days, len(self.ids))
        there = (self.created[account] < day) & (self.rng.random(len(day)) < 0.95) & (account % 50 != 1)
        return self.ids[account[there]], day[there]

    def _at_any_time(self) -> tuple[Any, Any]:
        """Instants of each account's own: a microsecond or a window apart from one another, or far."""
        apart = self.rng.choice(
            [1, 2, *(days * DAY for days in WINDOWS), 45 * DAY + 1, 11 * DAY // 7], (len(self.ids), 8)
        )
        times = BEGIN + 400 * DAY + self.rng.integers(0, 400 * DAY, len(self.ids))[:, None] + apart.cumsum(axis=1)
        there = self.rng.random(times.shape) < 0.8
        return np.repeat(self.ids, 8)[there.ravel()], times.ravel()[there.ravel()]

    def dates(self) -> pa.Table:
        """The dates that are asked about; of some accounts no other table knows anything."""
        strangers = np.array(["nobody", "日", "~"])
        account, as_of = np.append(self.account, strangers), np.append(self.as_of, self.as_of[[0, 0, -1]])
        return pa.table({"account_id": account, "as_of": _stamps(as_of)})

    def events(self, size: int) -> pa.Table:
        """Rows with a cell of every type; 2 % stand there twice."""
        account, times = self._moments(size, 4)
        happened, known, filled, until = times.T
        rng = self.rng
        left = np.where(rng.random(size) < 0.5, filled, until)
        soon = happened + rng.choice([0, 0, 0, 3_600_000_000, 70 * DAY, -1], size)
        known = np.where(rng.random(size) < 0.8, soon, known)
        filled = np.where(rng.random(size) < 0.1, known, filled)
        rows = pa.table(
            {
                "account_id": account,
                "event_id": _numbered("e", size),
                "happened_at": _stamps(happened),
                "known_at": _stamps(known),
                "filled_at": self._gaps(_stamps(filled)),
                "left_at": self._gaps(_stamps(left)),
                "until": self._gaps(_stamps(until)),
                "day": self._gaps(_stamps(happened).cast(pa.date32(), safe=False)),
                "kind": self._gaps(pa.array(rng.choice(KINDS, size))),
                "channel": self._gaps(pa.array(rng.choice(CHANNELS, size))),
                "person": self._gaps(
                    pa.array(np.char.add(rng.choice(STARTS, size), rng.choice(["1", "2", "3"], size)))
                ),
                "thing": self._gaps(pa.array(rng.choice([-(2**62), -1, 0, 7, 2**53 + 1, 2**62], size))),
                "points": self._gaps(pa.array(rng.choice([0.0, 0.1, 1.0, 5.0, 20.0, -3.0], size))),
                "amount": self._gaps(pa.array(self._amounts(size))),
                "quantity": self._gaps(pa.array(rng.integers(-5, 1_000, size))),
                "flag": self._gaps(pa.array(rng.random(size) < 0.5)),
                "word": self._gaps(pa.array(rng.choice([*STARTS, "x", "y"], size))),
                "rank": self._gaps(pa.array(rng.choice([1.0, 2.0], size))),
            }
        )
        twice = rng.integers(0, size, size // 50) if size else np.arange(0)
        return rows.take(rng.permutation(np.append(np.arange(size), twice)))

    def deals(self, size: int) -> pa.Table:
        """Rows with a key, cells that fill in when they close, and a rate."""
        account, times = self._moments(size, 3)
        happened, known, closed = times.T
        rng = self.rng
        return pa.table(
            {
                "account_id": account,
                "deal_id": _numbered("d", size),
                "happened_at": _stamps(happened),
                "known_at": _stamps(np.maximum(happened, np.where(rng.random(size) < 0.5, known, happened))),
                "closed_at": self._gaps(_stamps(closed)),
                "won": self._gaps(pa.array(rng.random(size) < 0.5)),
                "amount": self._gaps(pa.array(self._amounts(size))),
                "rate": self._gaps(pa.array(rng.choice([1.0, 0.9, 1 / 3], size))),
                "owner": self._gaps(pa.array(rng.choice(STARTS, size))),
            }
        )

    def accounts(self) -> pa.Table:
        """One row per account, known when it was created."""
        rng, size = self.rng, len(self.ids)
        return pa.table(
            {
                "account_id": self.ids,
                "happened_at": _stamps(self.created),
                "known_at": _stamps(self.created),
                "industry": self._gaps(pa.array(rng.choice(["steel", "glas", "木"], size))),
                "employees": self._gaps(pa.array(rng.integers(1, 10**6, size))),
            }
        )

    def changes(self, rows: pa.Table, key: str, columns: Sequence[str]) -> pa.Table:
        """Later values as text, some of them empty, no number, or of keys that no row has."""
        rng, size = self.rng, len(rows)
        _, times = self._moments(size, 2)
        happened, known = times.T
        known = np.where(rng.random(size) < 0.5, np.maximum(known, happened), happened)
        texts = rng.choice(["10", "20", "200000", "-7", "no number", *STARTS], size)
        keys, names = rng.choice([*rows[key].to_pylist(), "unknown"], size), rng.choice([*columns, "else"], size)
        # Two at the same time about the same cell: the one told last counts, then the greater one.
        first = np.arange(size) - (np.arange(size) % 7 == 1)
        return pa.table(
            {
                key: keys[first],
                "column": names[first],
                "value": self._gaps(pa.array(texts)),
                "happened_at": _stamps(happened[first]),
                "known_at": _stamps(np.maximum(known, happened[first])),
            }
        )

    def _moments(self, size: int, count: int) -> tuple[Any, Any]:
        """Accounts of rows, and some times of each: a tenth on a boundary of a date asked about, some at once."""
        rng = self.rng
        bound = rng.integers(0, len(self.as_of), size)
        free = rng.random(size) < 0.7
        account = np.where(free, rng.choice(self.ids, size, p=self.activity), self.account[bound])
        begins = rng.choice([0, 0, *WINDOWS], (size, count)) * DAY
        edges = self.as_of[bound][:, None] - begins + rng.choice([-1, 0, 0, 1], (size, count))
        on_edge = rng.random((size, count)) < np.where(free, 0.02, 0.3)[:, None]
        times = np.where(on_edge, edges, rng.integers(BEGIN, END, (size, count)))
        at_once = np.maximum(np.arange(size) - (rng.random(size) < 0.05), 0)
        return account[at_once], times[at_once]

    def _amounts(self, size: int) -> Any:
        """Amounts of both signs, from a millionth to a hundred trillions."""
        powers = np.where(self.rng.random(size) < 0.01, self.rng.uniform(12, 14, size), self.rng.uniform(-6, 6, size))
        return 10.0**powers * self.rng.choice([1, 1, -1], size)

    def _gaps(self, cells: pa.Array) -> pa.Array:
        return pc.if_else(self.rng.random(len(cells)) < 0.9, cells, pa.scalar(None, cells.type))


def _stamps(micros: Any) -> pa.Array:
    return pa.array(micros, pa.timestamp("us"))


def _numbered(name: str, size: int) -> pa.Array:
    return pa.array([f"{name}{number}" for number in range(size)], pa.string())
