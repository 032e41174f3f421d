"""Unknown words are accepted, counted and reported, each with what becomes of its rows."""

from __future__ import annotations

from collections.abc import Callable

from abm_ml.engines import Engine
from abm_ml.tables import Engagement, Tables, Terms
from abm_ml.tables.unknown_terms import unknown_terms


def engagement(number: int, kind: str, channel: str = "email") -> dict[str, object]:
    """Something that account a did."""
    return {
        "engagement_id": str(number),
        "account_id": "a",
        "happened_at": "2025-01-01",
        "kind": kind,
        "channel": channel,
        "side": "inbound",
    }


def test_unknown_words_are_counted(tiny: Callable[..., Tables], engine: Engine) -> None:
    """The most frequent one first, with the nearest known word where one is near."""
    kinds = ["webinr_attended"] * 3 + ["xyz", "email_open", "own_kind"]
    company = tiny({"engagements": [engagement(n, kind) for n, kind in enumerate(kinds)]})
    terms = Terms(engagement=Engagement(points={"own_kind": 2}))
    assert [str(term) for term in unknown_terms(company, terms, engine)] == [
        "engagements: 3 rows of kind 'webinr_attended': worth 0 points (did you mean 'webinar_attended'?)",
        "engagements: 1 row of kind 'xyz': worth 0 points",
    ]


def test_channels_and_stages_are_looked_at_too(tiny: Callable[..., Tables], engine: Engine) -> None:
    """A channel of no class, a stage outside of the funnel."""
    stage = {"account_id": "a", "stage": "Decision", "happened_at": "2025-01-01"}
    company = tiny({"engagements": [engagement(1, "call", "fax")], "stage_changes": [stage]})
    found = [
        (term.table, term.column, term.value, term.rows, term.nearest)
        for term in unknown_terms(company, Terms(), engine)
    ]
    assert found == [
        ("engagements", "channel", "fax", 1, None),
        ("stage_changes", "stage", "Decision", 1, "decision"),
    ]


def test_known_words_are_not_mentioned(tiny: Callable[..., Tables], engine: Engine) -> None:
    """Nor are tables that the company does not have."""
    assert unknown_terms(tiny({"engagements": [engagement(1, "call", "phone")]}), Terms(), engine) == ()


def test_a_column_of_rubbish_stays_short(tiny: Callable[..., Tables], engine: Engine) -> None:
    """Ten words per column are enough to see what is wrong."""
    company = tiny({"engagements": [engagement(n, f"k{n:02d}") for n in range(30)]})
    assert [term.value for term in unknown_terms(company, Terms(), engine)] == [f"k{n:02d}" for n in range(10)]
