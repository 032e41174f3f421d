"""What periods are called, and which one a page speaks of."""

from __future__ import annotations

import pandas as pd

from abm_ml.plots.periods import before, current, spans_of, ticks


def periods(*pairs: tuple[str, str]) -> pd.DataFrame:
    """Rows of a report that have nothing but periods."""
    return pd.DataFrame(pairs, columns=["period_from", "period_to"]).astype("datetime64[us]")


def test_quarters_months_and_years_have_names() -> None:
    """The distance of the begins tells what periods are; days out of the calendar are told as days."""
    quarters = spans_of(periods(("2025-01-01", "2025-04-01"), ("2025-04-01", "2025-07-01")))
    months = spans_of(periods(("2025-01-01", "2025-02-01"), ("2025-02-01", "2025-03-01")))
    years = spans_of(periods(("2024-01-01", "2025-01-01"), ("2025-01-01", "2026-01-01")))
    days = spans_of(periods(("2025-06-30", "2026-06-30")))
    assert [span.label for span in (*quarters, *months, *years, *days)] == [
        "2025 Q1", "2025 Q2", "Jan 2025", "Feb 2025", "2024", "2025", "30 Jun 2025 to 29 Jun 2026",
    ]  # fmt: skip


def test_a_period_that_is_not_over_says_so() -> None:
    """The page speaks of the last whole period; one that lacks a day or two counts as whole, but is marked."""
    spans = spans_of(periods(("2025-01-01", "2025-04-01"), ("2025-04-01", "2025-07-01"), ("2025-07-01", "2025-08-01")))
    assert [span.over for span in spans] == [True, True, False]
    assert spans[-1].told == "2025 Q3 (not over: up to 31 Jul)"
    assert (current(spans), before(current(spans), spans)) == (spans[1], spans[0])
    nearly = spans_of(periods(("2026-01-01", "2026-04-01"), ("2026-04-01", "2026-06-30")))
    assert current(nearly) == nearly[-1]
    assert not nearly[-1].over


def test_one_unfinished_period_is_all_there_is() -> None:
    """A single period is told whether or not it is over; of none there is none."""
    spans = spans_of(periods(("2026-04-01", "2026-05-15")))
    assert current(spans) == spans[0]
    assert (current(()), before(None, spans)) == (None, None)


def test_ticks_are_few_and_name_the_year_once() -> None:
    """At most nine labels, the last always among them; an unfinished period carries a third line."""
    begins = pd.date_range("2024-01-01", periods=24, freq="MS")
    frame = pd.DataFrame({"period_from": begins, "period_to": [*begins[1:], pd.Timestamp("2025-12-20")]})
    shown = ticks(spans_of(frame))
    assert len(shown["ticktext"]) <= 9
    assert (shown["tickvals"][-1], shown["ticktext"][-1]) == ("Dec 2025", "Dec<br> <br>so far")
    assert sum("2024" in text for text in shown["ticktext"]) == 1
