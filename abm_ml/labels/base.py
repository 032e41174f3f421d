"""What a label is: who is asked about, over which horizon, and what counts as having happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import ibis.expr.types as ir

from abm_ml.catalogue import Catalogue
from abm_ml.tables import Tables, Terms
from abm_ml.timeline import facts_of, hindsight, upcoming


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a label looks at: who each account was at each date, and what happened afterwards.

    `standing` has account_id, as_of, lifecycle and stage_number, for the accounts that are asked about.
    """

    tables: Tables
    terms: Terms
    standing: ir.Table
    horizon_days: int
    until: dt.datetime

    def rows(self, table: str) -> ir.Table:
        """The rows of a table that happened within the horizon, as known before `until`."""
        return upcoming(hindsight(facts_of(self.tables, table), self.until), self.standing, self.horizon_days)


@dataclass(frozen=True, kw_only=True)
class Label:
    """A question about the future of an account.

    `needs` lists the tables of which at least one must be there. `eligible` says of a row of standing (lifecycle,
    stage_number) whether the account is asked about; `last_stage` is the number of the funnel's last stage.
    `happened` gives the (account_id, as_of) at which the answer is yes. `outcome_columns` are what the answer is made
    of: no feature may carry such a name. `wanted` is false for what one hopes will not happen.
    """

    name: str
    definition: str
    horizon_days: int
    needs: tuple[str, ...]
    eligible: Callable[[ir.Table, float], ir.BooleanValue]
    happened: Callable[[Outlook], ir.Table]
    outcome_columns: tuple[str, ...]
    yes: str
    no: str
    wanted: bool = True


LABELS: Catalogue[Label] = Catalogue("label")
