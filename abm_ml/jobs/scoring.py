"""The scores of a date, part by part: what each account gets by itself, then what takes all of them together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from abm_ml.errors import GateRefused
from abm_ml.jobs.grades import grades
from abm_ml.jobs.population import Accounts, percentile, rule_ranking
from abm_ml.jobs.report_kpis import kpis_by_account
from abm_ml.jobs.scorer import RULE, Scorer, numbers_of, reasons_of, scored, scores_in
from abm_ml.jobs.workspace import Workspace
from abm_ml.kpis import rounded
from abm_ml.kpis.joins import beside
from abm_ml.labels import LABELS
from abm_ml.modelling.calibration import Floats
from abm_ml.publishing.tables import Part

PART_ROWS = 16_384
_FAR_APART = 0.5


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """What the scoring of a date starts from: the accounts asked about, and each label's model with its name."""

    workspace: Workspace
    as_of: dt.datetime
    accounts: Accounts
    scorers: tuple[Scorer, ...]
    names: Mapping[str, str]


def scores_of(scoring: Scoring) -> Generator[Part, None, pa.Table]:
    """Features, reasons and scores, part by part; nothing but NUMBERS, which it returns, is kept of all accounts."""
    found = []
    for features, mine in _scored_parts(scoring):
        yield "features", features
        yield "reasons", reasons_of(mine)
        found.append(numbers_of(mine))
    if not found:
        names = ", ".join(scoring.names)
        raise GateRefused(f"On {scoring.as_of:%Y-%m-%d} there is nobody to score: no account is eligible for {names}.")
    numbers = pa.concat_tables(found)
    for rows in _score_parts(scoring, numbers):
        yield "scores", rows
    return numbers


def _scored_parts(scoring: Scoring) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The features of some accounts, and what was scored of them."""
    engine, parts = scoring.workspace.engine, scoring.accounts.parts
    advance = scoring.workspace.progress("Scoring", len(parts))
    names = ["account_id", *(column.name for column in scoring.accounts.columns)]
    for number, part in enumerate(parts, 1):
        advance(f"part {number} of {len(parts)}")
        score = partial(scored, scorers=scoring.scorers, schema=part.schema().to_pyarrow())
        for rows in engine.map_batches(part.order_by("account_id"), score, PART_ROWS):
            if rows.num_rows:
                yield _without_nan(pa.Table.from_batches([rows.select(names)])), scores_in(rows)


def _without_nan(rows: pa.Table) -> pa.Table:
    """The rows in which what is not known is empty."""
    for place, field in enumerate(rows.schema):
        if pa.types.is_floating(field.type) and pc.any(pc.is_nan(rows[place])).as_py():
            known = pc.if_else(pc.is_nan(rows[place]), pa.scalar(None, field.type), rows[place])
            rows = rows.set_column(place, field, known)
    return rows


def _score_parts(scoring: Scoring, numbers: pa.Table) -> Iterator[pa.Table]:
    """The published rows of scores; where an account stands among the others takes all of them."""
    model, rule = _percentiles(numbers)
    for start in range(0, len(numbers), PART_ROWS):
        part = slice(start, start + PART_ROWS)
        yield _rows(scoring, numbers.slice(start, PART_ROWS).to_pandas(), model[part], rule[part])


def _percentiles(numbers: pa.Table) -> tuple[Floats, Floats]:
    """Where the model and the rule place each score among those of its label."""
    model, rule = np.empty(len(numbers)), np.empty(len(numbers))
    for label in pc.unique(numbers["label"]).to_pylist():
        mine = pc.equal(numbers["label"], label)
        rows = mine.to_numpy()
        points = numbers["engagement_score"].filter(mine).to_pandas()
        model[rows] = percentile(numbers["probability"].filter(mine))
        rule[rows] = percentile(rule_ranking(LABELS[label], points))
    return model, rule


def _rows(scoring: Scoring, found: pd.DataFrame, model: Floats, rule: Floats) -> pa.Table:
    workspace = scoring.workspace
    probability, stake = found["probability"], found["at_stake"]
    rungs = {scorer.label: scorer.classifier.rung_ for scorer in scoring.scorers}
    base = {scorer.label: scorer.classifier.base_probability_ for scorer in scoring.scorers}
    rows = pd.DataFrame(
        {
            "as_of": scoring.as_of.date(),
            "account_id": found["account_id"],
            "label": found["label"],
            "eligible": True,
            "probability": probability,
            "low": found["low"],
            "high": found["high"],
            "base_probability": found["label"].map(base),
            "percentile": model,
            "grade": grades(probability, workspace.config.grades),
            "rung": found["label"].map(rungs),
            "model": found["label"].map(dict(scoring.names)),
            "expected_value": (probability * stake).where(stake > 0),
            "currency": pd.Series(workspace.terms.currency, index=found.index).where(stake > 0, None),
            "rule_score": found["engagement_score"],
            "rule_level": found["engagement_level"],
            "agreement": _agreement(model, rule).where(found["engagement_score"].notna(), None),
            "holdout": False,
        }
    )
    return pa.Table.from_pandas(rows, preserve_index=False)


def _agreement(model: Floats, rule: Floats) -> pd.Series[str]:
    """Whether model and rule rank an account alike, or which of them ranks it far higher."""
    cases = [rule - model > _FAR_APART, model - rule > _FAR_APART]
    return pd.Series(np.select(cases, ["rule_higher", "model_higher"], "agree"))


def kpi_parts(scoring: Scoring, numbers: pa.Table, *, account_id: str | None = None) -> Iterator[pa.Table]:
    """What the rule says of every account asked about, with its KPIs; or of one of them only."""
    told = scoring.accounts.beside.select("account_id", *RULE)
    kpis = kpis_by_account(scoring.workspace, scoring.as_of, numbers).drop("engagement_score")
    table = beside(told, kpis, "account_id")
    if account_id is not None:
        table = table.filter(table.account_id == account_id)
    schema = table.schema().to_pyarrow()
    for batch in scoring.workspace.engine.batches(table.order_by("account_id"), PART_ROWS):
        frame = pa.Table.from_batches([batch]).cast(schema).to_pandas()
        frame = frame.assign(**dict(rounded(frame.drop(columns=list(RULE))).items()))
        yield pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
