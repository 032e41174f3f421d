"""The synthetic company: an honest, seeded world in which the true chance of every label is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from abm_ml.config import Strict
from abm_ml.sources.synthetic.activity import World, engagements, make_habits, scale_of
from abm_ml.sources.synthetic.columns import dice_for, plain
from abm_ml.sources.synthetic.deals import make_deals
from abm_ml.sources.synthetic.journeys import walk
from abm_ml.sources.synthetic.market import account_changes, accounts, make_market, sellers
from abm_ml.sources.synthetic.money import costs, joined_and_left, orders, rates
from abm_ml.sources.synthetic.opinions import contents, surveys
from abm_ml.sources.synthetic.people import contacts, make_people
from abm_ml.sources.synthetic.pipeline import contracts, opportunities, opportunity_changes, stage_changes
from abm_ml.sources.synthetic.truth import true_chances
from abm_ml.sources.synthetic.weeks import Weeks, weeks_between

__all__ = ["Simulation", "SyntheticCompany", "simulate", "write_company"]


class SyntheticCompany(Strict):
    """A company to be invented: how large, from when to when, and the seed from which all chance comes."""

    accounts: int = Field(default=2000, ge=1, le=999_999, description="how many accounts")
    seed: int = Field(default=7, ge=0, description="the same seed gives the same company, byte by byte")
    starts: date = Field(default=date(2023, 7, 1), description="from when on engagements are recorded")
    ends: date = Field(default=date(2026, 6, 30), description="the end of the data: nothing is known from then on")
    engagements_per_account: float = Field(default=100, gt=0, description="on average over the whole history")


@dataclass(frozen=True)
class Simulation:
    """An invented company: its canonical tables by name, and the true chance of each label at each snapshot.

    `truth` has account_id, as_of, label (progression, win, churn) and probability, one row per eligible account.
    """

    tables: Mapping[str, pa.Table]
    truth: pa.Table


def simulate(company: SyntheticCompany) -> Simulation:
    """The company with all its tables in memory."""
    tables, blocks, true = _made(company)
    every = {**tables, "engagements": pa.concat_tables([plain(block) for block in blocks])}
    return Simulation(tables={name: plain(table) for name, table in sorted(every.items())}, truth=plain(true))


def write_company(company: SyntheticCompany, folder: Path, truth_file: Path | None = None) -> None:
    """Writes each table to `<folder>/<table>.parquet`, and the truth beside the folder, where no source reads it.

    Engagements are written block by block, so that memory does not grow with their number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables, blocks, true = _made(company)
    for name, table in tables.items():
        _write(iter([table]), folder / f"{name}.parquet")
    _write(blocks, folder / "engagements.parquet")
    _write(iter([true]), truth_file or folder.parent / "truth.parquet")


def _write(parts: Iterator[pa.Table], file: Path) -> None:
    """One file with a row group per part; without the Arrow schema, so that coded text is read as plain text."""
    first = next(parts)
    with pq.ParquetWriter(file, first.schema, store_schema=False) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)


def _made(company: SyntheticCompany) -> tuple[dict[str, pa.Table], Iterator[pa.Table], pa.Table]:
    """All tables but engagements, the blocks of engagements, and the truth."""
    weeks = weeks_between(company.starts, company.ends)

    def dice(part: str) -> np.random.Generator:
        return dice_for(company.seed, part)

    market = make_market(company.accounts, weeks, dice("market"))
    journeys = walk(market, weeks, dice("journeys"))
    people = make_people(market, weeks, journeys, dice("people"))
    deals = make_deals(market, weeks, journeys, dice("deals"))
    program = joined_and_left(journeys, market, weeks)
    habits = make_habits(market.size, dice("habits"))
    tables = {
        "accounts": accounts(market, program, dice("accounts")),
        "account_changes": account_changes(market, program, weeks, dice("account_changes")),
        "contacts": contacts(people, market, dice("contacts")),
        "contents": contents(dice("contents")),
        "contracts": contracts(journeys, deals, market, weeks),
        "costs": costs(journeys, weeks, dice("costs")),
        "opportunities": opportunities(deals, market, dice("opportunities")),
        "opportunity_changes": opportunity_changes(deals, weeks, dice("opportunity_changes")),
        "orders": orders(journeys, deals, market, weeks, dice("orders")),
        "rates": rates(deals, weeks, dice("rates")),
        "sellers": sellers(market, dice("sellers")),
        "stage_changes": stage_changes(deals, market, weeks, journeys, dice("stage_changes")),
        "surveys": surveys(market, weeks, journeys, people, dice("surveys")),
    }
    world = World(
        seed=company.seed,
        market=market,
        weeks=weeks,
        journeys=journeys,
        people=people,
        habits=habits,
        scale=scale_of(journeys, weeks, habits, company.engagements_per_account),
    )
    return tables, engagements(world), true_chances(market, weeks, journeys)
