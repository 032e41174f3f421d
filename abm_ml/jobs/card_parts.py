"""Parts of a model card that take the company to write: who is served how well, and from when on a call pays."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow as pa

from abm_ml.jobs.experiment_history import experiment_sections
from abm_ml.jobs.learn import Judged
from abm_ml.jobs.register import held_out_of
from abm_ml.jobs.stakes import KNOWN, stakes_at
from abm_ml.jobs.workspace import Workspace
from abm_ml.modelling import card_fairness, card_value
from abm_ml.modelling.card import Sections
from abm_ml.modelling.card_fairness import fairness_lines
from abm_ml.modelling.card_value import Price, cut_off_lines
from abm_ml.modelling.fairness import Group, compare_groups
from abm_ml.modelling.segments import script_of, size_bands


def card_parts(workspace: Workspace, judged: Judged, until: dt.datetime) -> Sections:
    """Fairness and cut-offs of a model on its test rows, and what experiments found."""
    label, held_out = judged.rows.label, held_out_of(judged)
    price = _price(workspace, judged, until)
    return (
        (card_fairness.TITLE, fairness_lines(label, fairness(workspace, judged))),
        (card_value.TITLE, cut_off_lines(label, held_out, price)),
        *experiment_sections(workspace.folder, label.name),
    )


def fairness(workspace: Workspace, judged: Judged) -> dict[str, tuple[Group, ...]]:
    """How a model serves groups of the test rows: by country, size and the script of the account's name."""
    test = judged.rows.test
    rows = test[["account_id", "label"]].assign(probability=judged.probability)
    segments = {"script of the name": _scripts(workspace, test["account_id"])}
    if "employees" in test:
        segments = {"size": size_bands(test["employees"])} | segments
    if "country" in test:
        segments = {"country": test["country"]} | segments
    return {name: compare_groups(rows, by) for name, by in segments.items()}


def _scripts(workspace: Workspace, ids: pd.Series[str]) -> pd.Series[str]:
    """The script of each account's name."""
    asked = workspace.engine.register(pa.table({"account_id": pa.array(ids.unique(), pa.string())}))
    accounts = workspace.company.tables["accounts"].select("account_id", "name").semi_join(asked, "account_id")
    names = workspace.engine.compute(accounts).to_pandas().set_index("account_id")["name"]
    scripts = {account: script_of(name if isinstance(name, str) else None) for account, name in names.items()}
    return ids.map(scripts)


def _price(workspace: Workspace, judged: Judged, until: dt.datetime) -> Price | None:
    """What a call costs and a success is worth, at the median of the test rows; None where either is not known."""
    label = judged.rows.label.name
    cost = workspace.config.cost_of_contact.get(label)
    if cost is None or label not in KNOWN:
        return None
    value = float(stakes_at(workspace, until)[label].of(judged.rows.test).median())
    known = Price(cost_of_contact=cost, value_of_success=value, currency=workspace.terms.currency)
    return known if value > 0 else None
