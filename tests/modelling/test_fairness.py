"""Parity between groups: shares and gaps worked out by hand, and what certain favour looks like."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abm_ml.labels import LABELS
from abm_ml.modelling.card_fairness import fairness_lines
from abm_ml.modelling.fairness import TOGETHER, compare_groups, top_share


def scored(rows: int = 2_000, seed: int = 1) -> pd.DataFrame:
    """Accounts whose probabilities are true."""
    random = np.random.default_rng(seed)
    probability = random.beta(1, 3, rows)
    label = (random.random(rows) < probability).astype(int)
    return pd.DataFrame({"account_id": np.arange(rows).astype(str), "probability": probability, "label": label})


def test_shares_by_hand() -> None:
    """Of 200 rows 20 are called: those with 0.9. All are of group a, which holds 30 of 60 events, 20 of them called."""
    a = pd.DataFrame({"probability": [0.9] * 20 + [0.2] * 80, "label": [1] * 20 + [1] * 10 + [0] * 70, "by": "a"})
    b = pd.DataFrame({"probability": 0.2, "label": [1] * 30 + [0] * 70, "by": "b"})
    rows = pd.concat([a, b], ignore_index=True)
    rows["account_id"] = rows.index.astype(str)
    first, second = compare_groups(rows, rows["by"])
    assert (first.rows, first.positives, first.share_of_events, first.share_of_selected) == (100, 30, 0.5, 1.0)
    assert first.parity
    assert second.parity
    assert first.parity.selected.value == pytest.approx(0.2)
    assert first.parity.found.value == pytest.approx(20 / 30)
    assert first.parity.gap.value == pytest.approx(20 / 30 - 0.0)
    assert first.parity.observed_expected.value == pytest.approx(30 / (20 * 0.9 + 80 * 0.2))
    assert second.parity.selection_ratio.value == 0.0
    assert first.parity.apart
    assert second.parity.apart


def test_rows_at_the_border_count_in_part() -> None:
    """Three rows tie for the two places that are left."""
    assert top_share(np.array([0.9, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]), 0.3) == pytest.approx(
        [1, 2 / 3, 2 / 3, 2 / 3, 0, 0, 0, 0, 0, 0]
    )


def test_equal_groups_are_not_called_apart() -> None:
    """Where the group says nothing of chance or score, no gap is certain, and the intervals hold parity."""
    rows = scored()
    for group in compare_groups(rows, pd.Series(np.arange(len(rows)) % 2).map(str)):
        assert group.parity
        assert not group.parity.apart
        assert group.parity.observed_expected.low < 1.05
        assert group.parity.observed_expected.high > 0.95


def test_a_group_that_is_scored_down_is_found_out() -> None:
    """Half the probability for one group: it happens twice as often as said, and is called far too rarely."""
    rows = scored()
    group = pd.Series(np.where(np.arange(len(rows)) % 2, "held down", "as it is"))
    rows["probability"] = rows["probability"].where(group == "as it is", rows["probability"] / 2)
    parity = {each.value: each.parity for each in compare_groups(rows, group)}["held down"]
    assert parity
    assert parity.apart
    assert parity.observed_expected.low > 1.7
    assert parity.selection_ratio.high < 0.5


def test_few_events_are_said_so() -> None:
    """Fewer than 30 events of either class say nothing; an account without a value is "missing"."""
    rows = scored()
    by = pd.Series(np.where(np.arange(len(rows)) < 40, "few", "many")).where(np.arange(len(rows)) != 7)
    found = {each.value: each for each in compare_groups(rows, by)}
    assert [name for name, each in found.items() if each.parity is None] == ["few", "missing"]
    text = "\n".join(fairness_lines(LABELS["win"], {"size": tuple(found.values())}))
    assert f"few (39 rows, {found['few'].positives} wins)" in text
    assert "By size, 1 of 3 groups have events enough; none of them is surely apart by more than 0.10." in text


def test_small_groups_are_judged_together() -> None:
    """Eight groups of 25 rows are too few each; together they are one group, which stands last."""
    rows = scored(1_000)
    place = np.arange(1_000)
    found = compare_groups(rows, pd.Series(np.where(place < 200, place % 8, 99)).map(str))
    assert [group.value for group in found if group.parity] == ["99", TOGETHER]
    assert found[-1].value == TOGETHER
    assert found[-1].rows == 200
    assert len(found) == 10


def test_one_group_only_says_nothing() -> None:
    """Without others there is nobody to compare with."""
    groups = compare_groups(scored(), pd.Series(["DE"] * 2_000))
    assert "nothing can be said" in "\n".join(fairness_lines(LABELS["win"], {"country": groups}))
