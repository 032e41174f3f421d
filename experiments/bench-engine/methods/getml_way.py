"""getML FastProp: up to 200 features of its own making over windows that it is given, so only its time is compared.

Its engine is a process of its own, whose CPU time and memory count. FastProp chooses its features by a target; it gets
one that is made before the clock starts: has the account an event within 30 days of the snapshot?
"""

from __future__ import annotations

import atexit
import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path

import getml
import pandas as pd
from asked import POINTS, THREADS, WINDOWS, Work
from getml.data import DataFrame, DataModel, Roles

CATEGORIES = ("contact_id", "kind", "channel")
AHEAD = dt.timedelta(days=30)
_TICKS = os.sysconf("SC_CLK_TCK")


def steps(work: Work) -> Iterator[None]:
    if not getml.engine.is_monitor_alive():
        getml.engine.launch(launch_browser=False, home_directory=str(work.out.parent.resolve()), quiet=True)
        atexit.register(getml.engine.shutdown)
    getml.set_project("bench")
    rows = population(work)
    yield
    events = pd.read_parquet(work.log / "events.parquet")
    events = events.assign(points=events["kind"].map(POINTS).astype("float64"))
    learned(rows, events.astype(dict.fromkeys(CATEGORIES, str))).to_parquet(work.out / "rows.parquet")
    yield
    getml.project.delete()


def learned(rows: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """What FastProp makes of the events for each account and snapshot."""
    known = Roles(join_key=["account_id"], time_stamp=["as_of"], target=["target"])
    population = DataFrame.from_pandas(rows, "population", known)
    told = Roles(
        join_key=["account_id"], time_stamp=["happened_at"], categorical=list(CATEGORIES), numerical=["points"]
    )
    windows = [DataFrame.from_pandas(events, "events", told)] * len(WINDOWS)
    loss = getml.feature_learning.loss_functions.CrossEntropyLoss
    learner = getml.feature_learning.FastProp(loss_function=loss, num_threads=THREADS)
    pipeline = getml.Pipeline(data_model=data_model(population, windows[0]), feature_learners=[learner])
    pipeline.fit(population, windows, check=False)
    return pipeline.transform(population, windows, df_name="features").to_pandas()


def data_model(population: DataFrame, events: DataFrame) -> DataModel:
    """The events joined to the population once per window."""
    model = DataModel(population.to_placeholder("population"))
    for days in WINDOWS:
        window = events.to_placeholder(f"events_{days}d")
        model.add(window)
        model.population.join(
            window, on="account_id", time_stamps=("as_of", "happened_at"), memory=getml.data.time.days(days)
        )
    return model


def population(work: Work) -> pd.DataFrame:
    """All accounts at all snapshots with a target."""
    accounts = pd.read_parquet(work.log / "accounts.parquet")
    events = pd.read_parquet(work.log / "events.parquet", columns=["account_id", "happened_at"])
    parts = []
    for as_of in work.snapshots:
        soon = events["account_id"][events["happened_at"].between(as_of, as_of + AHEAD, inclusive="left")]
        parts.append(accounts.assign(as_of=as_of, target=accounts["account_id"].isin(soon).astype("float64")))
    return pd.concat(parts, ignore_index=True)


def cpu_seconds() -> float:
    """The CPU time of this process and of those that it started; the sum of ended children has no engine."""
    return sum(sum(map(int, _stat(process)[11:15])) for process in _family()) / _TICKS


def peak() -> float:
    """The most memory that this process and the engine's have held, in GiB."""
    held = [(process / "status").read_text().partition("VmHWM:")[2].split() for process in _family()]
    return sum(int(each[0]) for each in held if each) / 1024**2


def _family() -> list[Path]:
    """This process and all that come from it, as folders of /proc."""
    parents = {process: int(_stat(process)[1]) for process in Path("/proc").glob("[0-9]*") if _stat(process)}
    family = [Path(f"/proc/{os.getpid()}")]
    for member in family:
        family += [process for process, parent in parents.items() if parent == int(member.name)]
    return family


def _stat(process: Path) -> list[str]:
    """The fields of its stat after the name in brackets; none where it has just ended."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
