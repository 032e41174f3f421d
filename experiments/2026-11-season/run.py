"""How often is chance taken for a season, and what does a season bring that was found? See the README."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from abm_ml.modelling.inputs import Calendar, Feature, Prepared
from abm_ml.modelling.season import season_of
from abm_ml.modelling.solving import straightened

Floats = np.ndarray
World = Callable[[np.random.Generator, int], Floats]  # the level of each month, in log-odds
ACCOUNTS, HORIZON, LATER = 300, 3, 6  # an outcome is an event within three months; six months test
FEATURES = tuple(Feature(name, "number") for name in ("days_to_quarter_end", "month_cosine", "month_sine"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--dates", type=int, nargs="*", default=[8, 10, 12, 18, 24])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as a list of records")
    asked = parser.parse_args()
    cases = [(name, dates) for name in WORLDS for dates in asked.dates]
    rows = [told(name, dates, asked.seeds) for name, dates in track(cases, "worlds", console=Console(stderr=True))]
    show(rows)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def told(world: str, dates: int, seeds: int) -> dict[str, Any]:
    """Of how many companies a season is taken, and by how much it lowers the log loss of later dates."""
    found = [gained(WORLDS[world], dates, seed) for seed in range(seeds)]
    taken = [gain for gain in found if gain is not None]
    return {
        "world": world,
        "dates": dates,
        "taken": len(taken) / seeds,
        "gain where taken": float(np.mean(taken)) if taken else None,
        "gain over all": float(np.sum(taken)) / seeds,
    }


def gained(world: World, dates: int, seed: int) -> float | None:
    """What the season that some months teach brings on six months one horizon later; None where none is taken."""
    random = np.random.default_rng(seed)
    months = dates + HORIZON + LATER
    need, shift = random.normal(size=ACCOUNTS), world(random, months + HORIZON)
    chance = 1.0 / (1.0 + np.exp(2.5 - need - shift[:, None]))
    shows = random.random(chance.shape) < chance
    happened = np.stack([shows[month : month + HORIZON].any(axis=0) for month in range(months)])
    margin = np.tile(need, (months, 1))
    season, _ = season_of(margin[:dates].ravel(), rows_of(happened[:dates]), directions={}, seed=seed)
    if season is None or season.sums is None:
        return None
    moved = margin + np.repeat(season.sums.margin(calendar(months)), ACCOUNTS).reshape(margin.shape)
    without, beside = (log_loss(each, happened, dates) for each in (margin, moved))
    return without - beside


def log_loss(margin: Floats, happened: Floats, dates: int) -> float:
    """The log loss of the later months, level and slope being those of the first `dates`."""
    known, truth = margin[:dates].ravel(), happened[:dates].ravel()
    level, slope = straightened(known, truth, np.ones(len(known)))
    line = level + slope * margin[dates + HORIZON :]
    return float((np.logaddexp(0.0, line) - happened[dates + HORIZON :] * line).mean())


def rows_of(happened: Floats) -> Prepared:
    """The accounts of some months in a row, as the classifier hands them on."""
    months = len(happened)
    date = np.repeat(np.arange(months), ACCOUNTS)
    dated = Calendar(places=np.arange(len(FEATURES)), matrix=np.repeat(calendar(months), ACCOUNTS, axis=0), date=date)
    return Prepared(
        matrix=np.full((len(date), len(FEATURES)), np.nan),
        y=happened.ravel().astype(np.int64),
        weight=np.ones(len(date)),
        time=np.zeros(len(date), dtype=np.int64),
        groups=np.tile(np.arange(ACCOUNTS), months),
        features=FEATURES,
        rows=np.arange(len(date)),
        calendar=dated,
    )


def calendar(months: int) -> Floats:
    """What the catalogue says of each month: days to the quarter's end, cosine and sine of the month."""
    month = np.arange(months)
    angle = 2.0 * np.pi * month / 12.0
    return np.column_stack([30.0 * (3 - month % 3), np.cos(angle), np.sin(angle)])


def swing(size: float) -> World:
    """A level that swings with the year, from a random month on, and a little chance."""

    def world(random: np.random.Generator, months: int) -> Floats:
        angle = 2.0 * np.pi * (np.arange(months) / 12.0 + random.random())
        return size * np.sin(angle) + 0.15 * random.normal(size=months)

    return world


def chance(random: np.random.Generator, months: int) -> Floats:
    """Each month has a level of its own."""
    return 0.5 * random.normal(size=months)


def lasting(random: np.random.Generator, months: int) -> Floats:
    """A month keeps 0.7 of the level before."""
    level = 0.5 * random.normal(size=months)
    for month in range(1, months):
        level[month] = 0.7 * level[month - 1] + 0.714 * level[month]
    return level


def walk(random: np.random.Generator, months: int) -> Floats:
    """The level goes where it will."""
    return np.cumsum(0.25 * random.normal(size=months))


WORLDS: Mapping[str, World] = {
    "no month differs": lambda _, months: np.zeros(months),
    "months differ by chance": chance,
    "what differs lasts": lasting,
    "the level wanders off": walk,
    "a weak season (0.3)": swing(0.3),
    "a season (0.9)": swing(0.9),
}


def show(rows: list[dict[str, Any]]) -> None:
    table = Table("world", "dates", "season taken", "log loss lower where taken", "over all")
    for row in rows:
        where = "" if row["gain where taken"] is None else f"{row['gain where taken']:+.4f}"
        table.add_row(row["world"], str(row["dates"]), f"{row['taken']:.0%}", where, f"{row['gain over all']:+.4f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
