"""Worked examples of the labels: who is asked about, and what the answer was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest

from abm_ml import timeline
from abm_ml.engines import Engine
from abm_ml.errors import SourceError
from abm_ml.labels import LABELS, Label, Outlook, eligible, outcomes, standing
from abm_ml.tables import Terms
from tests.conftest import Build
from tests.worked.example import AS_OF, Example, Row, account, contract, deal, entered, order, rows_of

YES, NO, NOT_ASKED = 1, 0, None
DAY = dt.timedelta(days=1)

# The funnel: 1 awareness, 2 consideration, 3 evaluation, 4 decision. A negative number of days lies ahead of the date.
PROGRESSION = [
    (YES, "to the next stage", [entered(9, "awareness"), entered(-20, "consideration")]),
    (YES, "skipping stages counts", [entered(9, "awareness"), entered(-20, "decision")]),
    (YES, "into the funnel's first stage", [entered(-20, "awareness")]),
    (YES, "on the date itself, the first moment of the horizon", [entered(9, "awareness"), entered(0, "decision")]),
    (YES, "on the last day", [entered(9, "awareness"), entered(-89, "decision")]),
    (NO, "one horizon after the date is too late", [entered(9, "awareness"), entered(-90, "decision")]),
    (NO, "moving back is none", [entered(9, "evaluation"), entered(-20, "awareness")]),
    (NO, "moving back and up again to where it was is none",
     [entered(9, "evaluation"), entered(-20, "awareness"), entered(-30, "evaluation")]),
    (NO, "a stage outside the funnel is none", [entered(9, "awareness"), entered(-20, "on hold")]),
    (NO, "nothing happens", [entered(9, "awareness")]),
    (NO, "known only at the end or later", [entered(9, "awareness"), entered(-20, "decision", known_at=-200)]),
    (YES, "known late, but known", [entered(9, "awareness"), entered(-20, "decision", known_at=-199)]),
    (NOT_ASKED, "the last stage is reached", [entered(9, "decision"), entered(-20, "decision")]),
    (NOT_ASKED, "a client has arrived", [contract("a", 100, -100), entered(9, "awareness"), entered(-20, "decision")]),
    (NOT_ASKED, "nobody wants it", [account(is_target=False), entered(9, "awareness"), entered(-20, "decision")]),
    (YES, "a prospect is asked about, too", [deal("a", 9), entered(9, "awareness"), entered(-20, "decision")]),
]  # fmt: skip
WIN = [
    (YES, "the open deal is won", [deal("a", 9, -20, "won")]),
    (NO, "the open deal is lost", [deal("a", 9, -20, "lost")]),
    (NO, "the open deal stays open", [deal("a", 9)]),
    (YES, "another deal, opened meanwhile, is won", [deal("a", 9), deal("b", -5, -20, "won")]),
    (YES, "on the date itself: that is the first moment of the horizon", [deal("a", 9, 0, "won")]),
    (YES, "on the last day", [deal("a", 9, -89, "won")]),
    (NO, "one horizon after the date is too late", [deal("a", 9, -90, "won")]),
    (NO, "an earlier win is past", [deal("a", 9), deal("b", 100, 50, "won")]),
    (YES, "both a win and a loss", [deal("a", 9, -20, "lost"), deal("b", 9, -30, "won")]),
    (NOT_ASKED, "no deal is open yet", [deal("a", 0, -20, "won")]),
    (NOT_ASKED, "its deals are closed", [deal("a", 9, 1, "won")]),
    (NOT_ASKED, "a client buys more", [contract("a", 100, -100), deal("a", 9, -20, "won")]),
]
CHURN = [
    (YES, "the contract ends and none follows", [contract("a", 300, -65)]),
    (NO, "the contract runs on", [contract("a", 300, -400)]),
    (NO, "the contract ends and another follows", [contract("a", 300, -65), contract("b", -65, -430)]),
    (NO, "another follows after a while, within the horizon", [contract("a", 300, -65), contract("b", -100, -430)]),
    (YES, "another follows, but after the horizon", [contract("a", 300, -65), contract("b", -181, -430)]),
    (NO, "it ends exactly one horizon after the date: a client to the last moment", [contract("a", 300, -180)]),
    (YES, "it ends a day before the horizon does", [contract("a", 300, -179)]),
    (YES, "the contract is cancelled", [contract("a", 300, -400, cancelled_at=-20)]),
    (YES, "the contract is cancelled on the date itself", [contract("a", 300, -400, cancelled_at=0)]),
    (NO, "the contract is cancelled one horizon later", [contract("a", 300, -400, cancelled_at=-180)]),
    (NO, "one of two contracts ends", [contract("a", 300, -65), contract("b", 300, -400)]),
    (YES, "lost, though a deal is open", [contract("a", 300, -65), deal("a", -90)]),
    (NOT_ASKED, "it is no client any more", [contract("a", 300, 1)]),
    (NOT_ASKED, "it is no client yet", [contract("a", 0, -365)]),
]
CHURN_BY_ORDERS = [
    (YES, "no order during the horizon", [order(9)]),
    (NO, "an order on the date itself", [order(9), order(0)]),
    (NO, "an order on the last day", [order(9), order(-179)]),
    (YES, "the next order comes one horizon later", [order(9), order(-180)]),
    (YES, "a credit note is no order", [order(9), order(-20, -1, "credit")]),
    (YES, "an order that nobody knows of by the end", [order(9), order(-20, known_at=-200)]),
    (NOT_ASKED, "the last order is longer ago than 180 days", [order(181), order(-20)]),
    (NOT_ASKED, "never ordered", [order(-20)]),
]
TABLES = [
    ("progression", PROGRESSION), ("win", WIN), ("churn", CHURN), ("churn", CHURN_BY_ORDERS),
]  # fmt: skip


def answers(name: str, rows: Sequence[Sequence[Row]], tiny: Build, engine: Engine) -> list[int | None]:
    """The answer for each account; None where it is not asked about."""
    label, terms = LABELS[name], Terms()
    tables = tiny(rows_of([Example("", "", each, None) for each in rows]))
    asked = eligible(label, terms, standing(tables, terms, timeline.spine(tables, [AS_OF], engine)))
    until = AS_OF + 200 * DAY
    answered = outcomes(
        label, Outlook(tables=tables, terms=terms, standing=asked, horizon_days=label.horizon_days, until=until)
    )
    found = {row["account_id"]: row["label"] for row in engine.compute(answered).to_pylist()}
    return [found.get(f"{number}.0") for number in range(len(rows))]


@pytest.mark.parametrize(("name", "examples"), TABLES, ids=["progression", "win", "churn", "churn by orders"])
def test_label(name: str, examples: list[tuple[int | None, str, list[Row]]], tiny: Build, engine: Engine) -> None:
    """Each example's answer follows from its rows."""
    found = answers(name, [rows for _, _, rows in examples], tiny, engine)
    assert {rule: answer for (_, rule, _), answer in zip(examples, found, strict=True)} == {
        rule: answer for answer, rule, _ in examples
    }


def test_every_label_has_examples() -> None:
    """A new label comes with its own examples: of a yes, of a no, and of who is not asked."""
    shown = {(name, answer) for name, examples in TABLES for answer, _, _ in examples}
    assert shown == {(label.name, answer) for label in LABELS for answer in (YES, NO, NOT_ASKED)}


def test_scores_cannot_contradict(tiny: Build, engine: Engine) -> None:
    """No account is asked about winning and about churning, or about progressing and about churning."""
    every = [rows for _, examples in TABLES[:3] for _, _, rows in examples]
    asked = {name: answers(name, every, tiny, engine) for name in LABELS.names}
    clients = [number for number, answer in enumerate(asked["churn"]) if answer is not None]
    assert clients
    assert all(asked[name][number] is None for name in ("win", "progression") for number in clients)


def test_another_horizon(tiny: Build, engine: Engine) -> None:
    """The horizon is an argument: within 20 days a win of the 20th day does not count."""
    label, terms = LABELS["win"], Terms()
    tables = tiny(rows_of([Example("", "", [deal("a", 9, -20, "won")], None)]))
    asked = eligible(label, terms, standing(tables, terms, timeline.spine(tables, [AS_OF], engine)))
    for days, expected in ((20, 0), (21, 1)):
        answered = outcomes(
            label, Outlook(tables=tables, terms=terms, standing=asked, horizon_days=days, until=AS_OF + 90 * DAY)
        )
        assert engine.compute(answered)["label"].to_pylist() == [expected]


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.name)
def test_label_says_what_it_needs(label: Label, tiny: Build, engine: Engine) -> None:
    """Without the tables that a label is made of there is no answer, but an error that names them."""
    tables = tiny(rows_of([Example("", "", [], None)]))
    asked = standing(tables, Terms(), timeline.spine(tables, [AS_OF], engine))
    with pytest.raises(SourceError, match=f"{label.name} needs the table {label.needs[0]}"):
        outcomes(label, Outlook(tables=tables, terms=Terms(), standing=asked, horizon_days=90, until=AS_OF))


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.name)
def test_label_reads_well(label: Label) -> None:
    """A label is one sentence with a horizon, and knows the columns that give its answer away."""
    assert label.definition.endswith(".")
    assert label.horizon_days > 0
    assert label.outcome_columns
    assert label.yes
    assert label.no


@pytest.mark.parametrize(
    ("rows", "asked"), [([deal("a", 30)], 1), ([deal("a", 31)], 0), ([deal("a", 90), deal("b", 9)], 1)]
)
def test_only_new_deals(rows: list[Row], asked: int, tiny: Build, engine: Engine) -> None:
    """Who is asked may be narrowed to accounts whose newest open deal was opened within some days."""
    label, terms = LABELS["win"], Terms()
    tables = tiny(rows_of([Example("", "", rows, None)]))
    where = standing(tables, terms, timeline.spine(tables, [AS_OF], engine))
    found = eligible(label, terms, where, opened_within_days=30)
    assert engine.compute(found).num_rows == asked
