"""What if? A company's scenarios, worked out for the accounts that matter most, by the same engine and models."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from abm_ml.features import supposed_table
from abm_ml.jobs.scorer import Scorer
from abm_ml.jobs.scoring import Scoring
from abm_ml.reasons.rows import WHAT_IF
from abm_ml.reasons.what_if import AS_IT_IS, is_inside, supposed

ACCOUNTS_AT_ONCE = 10_000


def what_if_parts(scoring: Scoring, numbers: pa.Table) -> Iterator[pa.Table]:
    """WHAT_IF of the accounts that were chosen, part by part; `numbers` are NUMBERS of all scores.

    Of how many accounts that is decides the configuration; memory stays that of a part.
    """
    workspace = scoring.workspace
    config = workspace.config.what_if
    if "engagements" not in workspace.company.tables or not config.scenarios:
        return
    chosen = chosen_accounts(numbers, config.accounts)
    starts = range(0, len(chosen), ACCOUNTS_AT_ONCE)
    advance = workspace.progress("Working out scenarios", len(starts))
    for start in starts:
        advance(f"accounts from {start + 1:,} on")
        mine = chosen.slice(start, ACCOUNTS_AT_ONCE)
        yield _told(scoring, numbers.filter(pc.is_in(numbers["account_id"], mine)), mine)


def chosen_accounts(numbers: pa.Table, most: int | str) -> pa.Array:
    """The accounts that are worth the price, in their order: per label so many, those of the highest expected value.

    Where nothing is at stake, those of the highest probability.
    """
    if most == "all":
        return pc.unique(numbers["account_id"])
    frame = numbers.select(["account_id", "label", "probability", "at_stake"]).to_pandas()
    frame["value"] = (frame["probability"] * frame["at_stake"]).fillna(0.0)
    ranked = frame.sort_values(["label", "value", "probability", "account_id"], ascending=[True, False, False, True])
    return pa.array(sorted(set(ranked.groupby("label").head(int(most))["account_id"])), pa.string())


def _told(scoring: Scoring, numbers: pa.Table, accounts: pa.Array) -> pa.Table:
    """WHAT_IF of some accounts, whose numbers these are."""
    frame = _supposed(scoring, accounts)
    parts = [WHAT_IF.empty_table()]
    for scorer in scoring.scorers:
        asked = numbers.filter(pc.equal(numbers["label"], scorer.label))
        if len(asked):
            parts.append(_by_label(scoring, scorer, asked, frame))
    return pa.concat_tables(parts).sort_by([(name, "ascending") for name in ("account_id", "label", "place")])


def _supposed(scoring: Scoring, accounts: pa.Array) -> pd.DataFrame:
    """The features of accounts by scenario (its number) and account_id."""
    workspace = scoring.workspace
    engine, terms = workspace.engine, workspace.terms
    dates = pa.repeat(pa.scalar(scoring.as_of, pa.timestamp("us")), len(accounts))
    mine = engine.register(pa.table({"account_id": accounts, "as_of": dates}))
    scenarios = list(workspace.config.what_if.scenarios.values())
    made = supposed(workspace.company.tables, mine, scenarios, window_days=terms.engagement.window_days, engine=engine)
    actual = scoring.accounts.features.between(accounts[0].as_py(), accounts[-1].as_py())
    rows = supposed_table(actual, made.tables, terms, made.copies, engine)
    return engine.compute(rows).to_pandas().set_index(["scenario", "account_id"]).sort_index()


def _by_label(scoring: Scoring, scorer: Scorer, asked: pa.Table, frame: pd.DataFrame) -> pa.Table:
    """What a label's model says of the accounts that it asks about, scenario by scenario."""
    accounts, classifier = asked["account_id"].to_pandas(), scorer.classifier
    own = classifier.encode(frame.loc[AS_IT_IS].loc[accounts])
    parts = []
    for place, (name, scenario) in enumerate(scoring.workspace.config.what_if.scenarios.items(), 1):
        if scenario.labels and scorer.label not in scenario.labels:
            continue
        rows = frame.loc[place].loc[accounts]
        inside = is_inside(classifier.features_, own, classifier.encode(rows))
        probability = classifier.calibrator_.calibrate(classifier.margin(rows))
        parts.append(
            pd.DataFrame(
                {
                    "account_id": accounts,
                    "label": scorer.label,
                    "place": place,
                    "scenario": name,
                    "text": scenario.text,
                    "probability_without": asked["probability"].to_pandas(),
                    "probability_with": np.where(inside, probability, np.nan),
                    "inside": inside,
                }
            )
        )
    told = pd.concat(parts) if parts else WHAT_IF.empty_table().to_pandas()
    return pa.Table.from_pandas(told, schema=WHAT_IF, preserve_index=False)
